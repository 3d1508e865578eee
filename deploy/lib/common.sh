# Shared by the deploy scripts: messages, settings of a cluster. Sourced, not run.
set -euo pipefail
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
bin=${SKIFF_BIN:-$top/build/bin}
components_of_control_plane=(etcdlite kube-apiserver kube-controller-manager kube-scheduler)

say() { printf '%s\n' "$*" >&2; }
die() { say "deploy/local: $*"; exit 1; }

# Shows what is going on when it takes long: `step TEXT` replaces the last step on a terminal.
step() {
  if [[ -t 2 ]]; then printf '\r\033[K%s ...' "$*" >&2; else say "$*"; fi
}
step_done() { if [[ -t 2 ]]; then printf '\r\033[K' >&2; fi; }

listens() { (exec 3<>"/dev/tcp/$1/$2") 2>/dev/null; } # HOST PORT

# wait_for SECONDS WHAT COMMAND...: polls until COMMAND succeeds.
wait_for() {
  local limit=$((SECONDS + $1)) what=$2; shift 2
  until "$@" >/dev/null 2>&1; do
    ((SECONDS < limit)) || return 1
    sleep 0.01
  done
}
