#!/bin/sh
# Dumps the database of DATABASE_URL into FOLDER as onsale-<time>.dump, checks that the dump can be read, and removes dumps
# older than KEEP_DAYS (14). Postgres holds all that must last: Redis is rebuilt from it. Copy the folder to another machine.
#
#   backup.sh FOLDER
set -eu
folder=${1:?name a folder}
: "${DATABASE_URL:?is not set}"
umask 077
name=onsale-$(date -u +%Y%m%dT%H%M%SZ).dump
draft=$folder/.$name
trap 'rm -f "$draft"' EXIT
pg_dump --format=custom --no-owner --no-privileges --file="$draft" --dbname="$DATABASE_URL"
pg_restore --list "$draft" >/dev/null
mv "$draft" "$folder/$name"
find "$folder" -name 'onsale-*.dump' -mtime "+${KEEP_DAYS:-14}" -delete
echo "$folder/$name"
