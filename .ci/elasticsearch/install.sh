#!/usr/bin/env bash
# Puts the server and our plugin where settings.sh says; does nothing where they are already.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/settings.sh"

stamp="$version $(cat "$here"/plugin/* | sha256sum | cut -d' ' -f1)"
[ "$(cat "$server/.installed" 2>/dev/null)" = "$stamp" ] && exit 0

missing=()
command -v javac >/dev/null || missing+=(openjdk-17-jdk-headless)
command -v mvn >/dev/null || missing+=(maven)
command -v unzip >/dev/null || missing+=(unzip)
command -v curl >/dev/null || missing+=(curl)
if [ ${#missing[@]} -gt 0 ]; then
  as_root=''
  [ "$(id -u)" = 0 ] || as_root=sudo
  $as_root apt-get update -qq
  $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi

# Made aside and moved into place whole: an interrupted install leaves nothing that looks complete.
mkdir -p "$cache"
work=$(mktemp -d "$cache/new.XXXXXX")
trap 'rm -rf "$work"' EXIT

mvn -B -q org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy \
  "-Dartifact=org.elasticsearch.distribution.integ-test-zip:elasticsearch:$version:zip" "-DoutputDirectory=$work"
zip=$work/elasticsearch-$version.zip
echo "$sha256  $zip" | sha256sum --check --quiet
unzip -q "$zip" -d "$work"
new=$work/elasticsearch-$version

folding=$new/plugins/onsale-folding
mkdir -p "$folding" "$work/classes"
javac --release 17 -nowarn -cp "$new/lib/*" -d "$work/classes" "$here"/plugin/*.java
jar --create --file "$folding/onsale-folding.jar" -C "$work/classes" .
sed "s/VERSION/$version/" "$here/plugin/plugin-descriptor.properties" >"$folding/plugin-descriptor.properties"

echo "$stamp" >"$new/.installed"
chmod -R a+rX "$new"
chmod a+rx "$cache"
rm -rf "$server"
mv "$new" "$server"
