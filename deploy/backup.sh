#!/bin/sh
# Dumps the database of DATABASE_URL into FOLDER as onsale-<time>.dump, checks that the dump can be read, and removes dumps
# older than KEEP_DAYS (14). Postgres holds all that must last: Redis is rebuilt from it. Copy the folder to another machine.
#
#   backup.sh FOLDER
set -eu
folder=${1:?name a folder}
: "${DATABASE_URL:?is not set}"
# The password stays out of the list of processes, where everybody on the machine could read it.
PGPASSWORD=$(printf %s "$DATABASE_URL" | sed -nE 's#^[a-z]+://[^:@/]+:([^@%]*)@.*#\1#p')
if [ -n "$PGPASSWORD" ]; then
  export PGPASSWORD
  DATABASE_URL=$(printf %s "$DATABASE_URL" | sed -E 's#^([a-z]+://[^:@/]+):[^@]*@#\1@#')
fi
umask 077
name=onsale-$(date -u +%Y%m%dT%H%M%SZ).dump
draft=$folder/.$name
trap 'rm -f "$draft"' EXIT
pg_dump --format=custom --no-owner --no-privileges --file="$draft" --dbname="$DATABASE_URL"
pg_restore --list "$draft" >/dev/null
mv "$draft" "$folder/$name"
find "$folder" -name 'onsale-*.dump' -mtime "+${KEEP_DAYS:-14}" -delete
echo "$folder/$name"
