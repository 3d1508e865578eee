# Processes of a cluster, known by pid and start time: a recycled pid is never mistaken for ours.
# $dir/pids/COMPONENT holds "PID START"; $dir/commands/COMPONENT the command line for `restart`.

start_time() { # PID: clock ticks after boot; nothing when there is no such process
  local stat; { read -r stat <"/proc/$1/stat"; } 2>/dev/null || return 1
  stat=${stat##*) }; set -- $stat; [[ $1 != Z ]] || return 1; printf %s "${20}"
}

pid_of() { # COMPONENT: its pid when it runs
  local pid start
  read -r pid start 2>/dev/null <"$dir/pids/$1" || return 1
  [[ $(start_time "$pid") == "$start" ]] && printf %s "$pid"
}

# start COMPONENT COMMAND...: in the background, in its own session, output to logs/COMPONENT.log.
start() {
  local name=$1; shift
  pid_of "$name" >/dev/null && return
  [[ -d $dir/pids && -d $dir/commands && -d $dir/logs ]] || mkdir -p "$dir/pids" "$dir/commands" "$dir/logs"
  printf '%q ' "$@" >"$dir/commands/$name"
  setsid "$@" >>"$dir/logs/$name.log" 2>&1 </dev/null 9>&- &
  printf '%s %s\n' $! "$(start_time $! || true)" >"$dir/pids/$name"
  disown
}

# stop COMPONENT [SIGNAL]: TERM, and KILL after ten seconds; returns when the process is gone.
stop() {
  local name=$1 signal=${2:-TERM} pid
  if pid=$(pid_of "$name"); then
    kill "-$signal" "$pid" 2>/dev/null || true
    wait_for 10 "$name to end" not_running "$name" || { kill -KILL "$pid" 2>/dev/null || true; wait_for 10 "$name to end" not_running "$name"; }
  fi
  rm -f "$dir/pids/$name"
}
not_running() { ! pid_of "$1" >/dev/null; }

known_components() { ls "$dir/commands" 2>/dev/null | sort -V; }

rss_of() { awk '/^VmRSS/{print $2*1024}' "/proc/$1/status" 2>/dev/null || echo 0; }
