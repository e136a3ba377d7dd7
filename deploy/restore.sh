#!/bin/sh
# Restores DUMP into the database of DATABASE_URL, which must be empty, all or nothing. Afterwards: `npm run migrate`, an empty
# Redis (what it remembers is newer than the dump), and a start.
#
#   restore.sh DUMP
set -eu
dump=${1:?name a dump}
: "${DATABASE_URL:?is not set}"
# The password stays out of the list of processes, where everybody on the machine could read it.
PGPASSWORD=$(printf %s "$DATABASE_URL" | sed -nE 's#^[a-z]+://[^:@/]+:([^@%]*)@.*#\1#p')
if [ -n "$PGPASSWORD" ]; then
  export PGPASSWORD
  DATABASE_URL=$(printf %s "$DATABASE_URL" | sed -E 's#^([a-z]+://[^:@/]+):[^@]*@#\1@#')
fi
tables=$(psql --dbname="$DATABASE_URL" --no-psqlrc --tuples-only --no-align \
  --command="select count(*) from information_schema.tables where table_schema not in ('pg_catalog', 'information_schema')")
if [ "$tables" != 0 ]; then
  echo "The database of DATABASE_URL has $tables tables: restore into an empty one." >&2
  exit 1
fi
pg_restore --exit-on-error --single-transaction --no-owner --no-privileges --dbname="$DATABASE_URL" "$dump"
psql --dbname="$DATABASE_URL" --no-psqlrc --quiet --command='set client_min_messages = error' --command=analyze
