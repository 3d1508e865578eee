# Nodes as network namespaces on a bridge: $bridge has .1, node i has .(10+i) of $subnet.0/24.

network_up() {
  ip link show "$bridge" >/dev/null 2>&1 && return
  [[ -d /proc/sys/net/bridge ]] || modprobe br_netfilter 2>/dev/null || true
  ip link add "$bridge" type bridge
  ip addr add "$subnet.1/24" dev "$bridge"
  ip link set "$bridge" up
}

# node_network NODE INDEX: makes the node's namespace and its cable to the bridge.
node_network() {
  local node=$1 ns=$id-$1 address=$subnet.$((10 + $2)) cable=$id.$2
  ip netns list | grep -qw -- "$ns" && return
  ip netns add "$ns"
  ip link add "$cable" type veth peer name eth0 netns "$ns"
  ip link set "$cable" master "$bridge" up
  ip -n "$ns" link set lo up
  ip -n "$ns" addr add "$address/24" dev eth0
  ip -n "$ns" link set eth0 up
  ip -n "$ns" route add default via "$subnet.1"
  nsenter --net="/run/netns/$ns" sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward
    for f in /proc/sys/net/ipv4/conf/*/rp_filter; do echo 0 >$f; done'
}

node_network_down() {
  local ns=$id-$1
  ip netns list | grep -qw -- "$ns" || return 0
  ip netns del "$ns"
}

network_down() { ip link show "$bridge" >/dev/null 2>&1 && ip link del "$bridge" || true; }

# free_subnet: the first 10.89.N.0/24 that no interface has.
free_subnet() {
  local n taken; taken=$(ip -4 -o addr)
  for n in {1..250}; do
    grep -q " 10\.89\.$n\." <<<"$taken" || { printf 10.89.%s "$n"; return; }
  done
  die "no free network of 10.89.N.0/24 is left; stop another cluster first"
}
