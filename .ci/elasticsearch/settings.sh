# Read by install.sh, start.sh and stop.sh. $1 is the port.
version=8.19.21
sha256=215d5f3dbf0609a149f6218a9e47b6ae2df34ebbff3c5754e35f15a5e5393c8a
unprivileged=65534

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
port=${1:-9200}
# Root gives way to another user, who can read neither /root nor a clone below it.
if [ "$(id -u)" = 0 ]; then cache=/var/cache/onsale-ci; else cache=${XDG_CACHE_HOME:-$HOME/.cache}/onsale-ci; fi
server=$cache/elasticsearch-$version
run=${TMPDIR:-/tmp}/onsale-elasticsearch-$port
