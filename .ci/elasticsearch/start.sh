#!/usr/bin/env bash
# start.sh [port]: a fresh node on 127.0.0.1, ready to be asked when this returns; else the end of its log, and 1.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/settings.sh"
"$here/install.sh"

url=http://127.0.0.1:$port
if curl -s -o /dev/null "$url"; then
  echo "port $port is taken" >&2
  exit 1
fi

rm -rf "$run"
mkdir -p "$run"/{config,data,logs,tmp}
cp -r "$server"/config/. "$run/config/"
cat >"$run/config/elasticsearch.yml" <<YAML
cluster.name: onsale-ci-$port
discovery.type: single-node
network.host: 127.0.0.1
http.port: $port
# Any free one: a single node talks to nobody there.
transport.port: 0
path.data: $run/data
path.logs: $run/logs
xpack.security.enabled: false
# A disk that is nearly full must not make the tests' indices read-only.
cluster.routing.allocation.disk.threshold_enabled: false
YAML
# The stock garbage collector's log may take 2 GB.
sed -i '/Xlog:gc/d' "$run/config/jvm.options"

as=()
if [ "$(id -u)" = 0 ]; then
  chown -R "$unprivileged:$unprivileged" "$run"
  as=(setpriv "--reuid=$unprivileged" "--regid=$unprivileged" --clear-groups)
fi
failed() {
  tail -n 40 "$run/logs/console.log" >&2
  "$here/stop.sh" "$port"
  exit 1
}
java_home=$(dirname "$(dirname "$(readlink -f "$(command -v java)")")")
# With -d it comes back once the node has started or given up, and leaves it running.
(
  cd "$run"
  env -i PATH="$PATH" LANG=C.UTF-8 HOME="$run" ES_JAVA_HOME="$java_home" ES_PATH_CONF="$run/config" ES_TMPDIR="$run/tmp" \
    ES_JAVA_OPTS='-Xms512m -Xmx512m -XX:-AlwaysPreTouch -XX:-UseG1GC -XX:+UseSerialGC' \
    "${as[@]}" "$server/bin/elasticsearch" -d -p "$run/pid" >"$run/logs/console.log" 2>&1 </dev/null
) || failed
for _ in {1..120}; do
  if curl -sf -o /dev/null "$url/_cluster/health?wait_for_status=yellow&timeout=2s"; then
    echo "Elasticsearch $version on $url, pid $(cat "$run/pid")"
    exit 0
  fi
  sleep 0.25
done
failed
