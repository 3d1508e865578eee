# Debian packages and the build: what a machine with only git, bash and apt is missing.

# install_packages LIST...: installs what the package lists name and dpkg does not have.
install_packages() {
  local seen=$top/build/.packages-$* status=/var/lib/dpkg/status
  # Nothing was installed or removed since all were found, and the lists are the same.
  [[ ! $seen -nt $status || -n $(find "$top/deploy/packages" -newer "$seen" -print -quit) ]] || return 0
  local list name missing=() wanted=()
  for list in "$@"; do
    while read -r name; do [[ -z $name || $name == \#* ]] || wanted+=("$name"); done <"$top/deploy/packages/$list.txt"
  done
  local have
  # It fails when there is one it has never heard of, as on a fresh machine.
  have=$(dpkg-query -W -f '${Package} ${db:Status-Status}\n' "${wanted[@]}" 2>/dev/null | awk '$2=="installed"{print $1}' || true)
  for name in "${wanted[@]}"; do grep -qxF -- "$name" <<<"$have" || missing+=("$name"); done
  if ((${#missing[@]} == 0)); then { mkdir -p "$top/build" && : >"$seen"; } 2>/dev/null; return 0; fi
  ((EUID == 0)) || die "these Debian packages are missing; install them as root: apt-get install ${missing[*]}"
  step "installing ${#missing[@]} Debian packages"
  local log; log=$(mktemp)
  if ! { apt-get update && DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get install -y --no-install-recommends "${missing[@]}"; } \
      >"$log" 2>&1 </dev/null; then
    tail -5 "$log" >&2; die "apt-get could not install: ${missing[*]} (all of its words: $log)"
  fi
  rm -f "$log"; step_done
}

# build_release daemons|all: brings build/bin (with `all` also tests and benchmarks) up to date; says so when it takes a while.
build_release() {
  [[ ${SKIFF_BIN:-} ]] && return
  local what=$1 stamp=$top/build/.built-$1 targets=()
  if [[ -f $stamp ]] &&
    [[ -z $(find "$top/src" "$top/proto" "$top/cmake" "$top/CMakeLists.txt" "$top/CMakePresets.json" -newer "$stamp" -print -quit) ]]; then
    return
  fi
  [[ $what == all ]] || targets=(--target etcdlite etcdctl kube-apiserver kube-controller-manager kube-scheduler skiff-pki kubelet
    kubelet-shim kube-proxy kubectl)
  install_packages build
  step "building (the first time takes some minutes)"
  mkdir -p "$top/build"
  local log=$top/build/build.log began; began=$(mktemp -p "$top/build")
  (cd "$top" && cmake --preset release >"$log" 2>&1 && cmake --build --preset release "${targets[@]}" >>"$log" 2>&1) || {
    grep -E '(error|Error):|FAILED' "$log" | head -20 >&2; die "the build failed; its log is $log"; }
  mv "$began" "$stamp"  # as old as the start: what changed meanwhile is built next time
  [[ $what == daemons ]] || cp -p "$stamp" "$top/build/.built-daemons"
  step_done
}
