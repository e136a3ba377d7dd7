#!/usr/bin/env bash
# stop.sh [port]: ends the node that start.sh began on this port, by the pid it wrote, and removes its data.
set -uo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/settings.sh"

pid=$(cat "$run/pid" 2>/dev/null)
if [ -n "$pid" ] && kill "$pid" 2>/dev/null; then
  for _ in {1..80}; do
    kill -0 "$pid" 2>/dev/null || break
    sleep 0.25
  done
  kill -9 "$pid" 2>/dev/null
fi
rm -rf "$run"
