# The command line of every component, and the order in which they start.
# Settings: $dir $id $port $nodes $members $apiservers $runtime $etcd_servers $host $subnet; extra flags in $dir/flags.

etcd_client_port() { if ((port == 6443)); then echo $((2379 + 10 * $1)); else echo $((port + 100 + 10 * $1)); fi; }
etcd_peer_port() { echo $(($(etcd_client_port "$1") + 1)); }
apiserver_port() { echo $((port + 2 * $1)); }
manager_port() { if ((port == 6443)); then echo 10257; else echo $((port + 57)); fi; }
scheduler_port() { if ((port == 6443)); then echo 10259; else echo $((port + 59)); fi; }

# extra COMPONENT: its flags after `--`, given for it ("kubelet-node-1.v=4") or its kind ("kubelet.v=4").
extra() {
  local line; [[ -f $dir/flags ]] || return 0
  while IFS= read -r line; do
    local who=${line%%.*} flag=${line#*.}
    [[ $1 == "$who" || $1 == "$who"-* ]] && printf -- '--%s\n' "$flag"
  done <"$dir/flags"
}

run_component() { # COMPONENT COMMAND...: start with its extra flags
  local name=$1 flags=(); shift
  [[ ! -s $dir/flags ]] || mapfile -t flags < <(extra "$name")
  [[ -x $1 || $1 != "$bin"/* ]] || die "$1 is missing; run cmake --build --preset release"
  start "$name" "$@" "${flags[@]}"
}

start_etcd() {
  local i cluster= peers
  [[ $etcd_servers ]] && return
  for ((i = 0; i < members; i++)); do cluster+=${cluster:+,}etcdlite-$i=https://127.0.0.1:$(etcd_peer_port $i); done
  for ((i = 0; i < members; i++)); do
    mkdir -p "$dir/data"
    run_component "etcdlite-$i" "$bin/etcdlite" --name="etcdlite-$i" --data-dir="$dir/data/etcdlite-$i" \
      --listen-client-urls="https://127.0.0.1:$(etcd_client_port $i)" \
      --advertise-client-urls="https://127.0.0.1:$(etcd_client_port $i)" \
      --listen-peer-urls="https://127.0.0.1:$(etcd_peer_port $i)" \
      --initial-advertise-peer-urls="https://127.0.0.1:$(etcd_peer_port $i)" --initial-cluster="$cluster" \
      --cert-file="$dir/pki/etcd.crt" --key-file="$dir/pki/etcd.key" --client-cert-auth --trusted-ca-file="$dir/pki/ca.crt" \
      --peer-cert-file="$dir/pki/etcd.crt" --peer-key-file="$dir/pki/etcd.key" --peer-client-cert-auth \
      --peer-trusted-ca-file="$dir/pki/ca.crt"
  done
}

etcd_endpoints() {
  local i out=
  if [[ $etcd_servers ]]; then printf %s "$etcd_servers"; return; fi
  for ((i = 0; i < members; i++)); do out+=${out:+,}https://127.0.0.1:$(etcd_client_port $i); done
  printf %s "$out"
}

start_apiservers() {
  local i p=$dir/pki tls=() modes=(--authorization-mode=Node,RBAC)
  # A file with the modes is instead of the flag.
  [[ $(extra kube-apiserver) != *--authorization-config=* ]] || modes=()
  # A plain http:// store takes no certificates.
  [[ $host != 127.0.0.1 ]] || tls=(--endpoint-reconciler-type=none)  # no pod could reach a loopback address
  # Service addresses are routed on nodes alone.
  [[ $host == 127.0.0.1 ]] || tls+=(--enable-aggregator-routing=true)
  [[ $(etcd_endpoints) == http://* ]] ||
    tls+=(--etcd-cafile="$p/ca.crt" --etcd-certfile="$p/apiserver-etcd-client.crt" --etcd-keyfile="$p/apiserver-etcd-client.key")
  for ((i = 0; i < apiservers; i++)); do
    run_component "kube-apiserver-$i" "$bin/kube-apiserver" --etcd-servers="$(etcd_endpoints)" "${tls[@]}" \
      --secure-port="$(apiserver_port $i)" --grpc-port="$(($(apiserver_port $i) + 1))" \
      --bind-address="$([[ $host == 127.0.0.1 ]] && echo 127.0.0.1 || echo 0.0.0.0)" --advertise-address="$host" \
      --client-ca-file="$p/ca.crt" --tls-cert-file="$p/kube-apiserver.crt" --tls-private-key-file="$p/kube-apiserver.key" \
      --service-account-key-file="$p/sa.pub" --service-account-signing-key-file="$p/sa.key" \
      --service-account-issuer=https://kubernetes.default.svc --service-cluster-ip-range=10.96.0.0/12 \
      --requestheader-client-ca-file="$p/front-proxy-ca.crt" --requestheader-allowed-names=front-proxy-client \
      --requestheader-username-headers=X-Remote-User --requestheader-group-headers=X-Remote-Group \
      --requestheader-extra-headers-prefix=X-Remote-Extra- \
      --proxy-client-cert-file="$p/front-proxy-client.crt" --proxy-client-key-file="$p/front-proxy-client.key" \
      --kubelet-client-certificate="$p/apiserver-kubelet-client.crt" --kubelet-client-key="$p/apiserver-kubelet-client.key" \
      --kubelet-certificate-authority="$p/ca.crt" "${modes[@]}" \
      --enable-admission-plugins=NodeRestriction
  done
}

start_controllers() {
  local p=$dir/pki
  run_component kube-controller-manager "$bin/kube-controller-manager" --kubeconfig="$dir/kube-controller-manager.conf" \
    --bind-address=127.0.0.1 --secure-port="$(manager_port)" --tls-cert-file="$p/kube-controller-manager.crt" \
    --tls-private-key-file="$p/kube-controller-manager.key" --root-ca-file="$p/ca.crt" --cluster-signing-cert-file="$p/ca.crt" --cluster-signing-key-file="$p/ca.key" \
    --service-account-private-key-file="$p/sa.key" \
    --allocate-node-cidrs=true --cluster-cidr=10.244.0.0/16 --service-cluster-ip-range=10.96.0.0/12
  run_component kube-scheduler "$bin/kube-scheduler" --kubeconfig="$dir/kube-scheduler.conf" --bind-address=127.0.0.1 \
    --secure-port="$(scheduler_port)" --tls-cert-file="$p/kube-scheduler.crt" \
    --tls-private-key-file="$p/kube-scheduler.key"
}

# A containerd of the node's own, in the node's network; the kubelet writes the CNI configuration that it reads.
start_containerd() { # INDEX
  local node=node-$1 state=$dir/nodes/node-$1
  mkdir -p "$state/cni/conf"
  cat >"$state/containerd.toml" <<EOF
version = 2
root = "$state/containerd"
state = "$state/containerd-state"
[grpc]
  address = "$state/containerd.sock"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "docker.io/library/pause:1"
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "$state/cni/conf"
EOF
  run_component "containerd-$node" nsenter "--net=/run/netns/$id-$node" containerd --config "$state/containerd.toml"
}

containerd_answers() { ctr --address "$dir/nodes/node-$1/containerd.sock" version; }

node_address() { printf %s "$subnet.$((10 + $1))"; }

start_node() { # INDEX
  local i=$1 node=node-$1 p=$dir/pki state address; state=$dir/nodes/$node address=$(node_address "$1")
  local enter=(nsenter "--net=/run/netns/$id-$node")
  mkdir -p "$state/manifests"
  if [[ $runtime == hollow ]]; then
    run_component "kubelet-$node" "${enter[@]}" "$bin/kubelet" --kubeconfig="$dir/kubelet-$node.conf" \
      --hostname-override="$node" --node-ip="$address" --root-dir="$state" --client-ca-file="$p/ca.crt" \
      --tls-cert-file="$p/kubelet-$node.crt" --tls-private-key-file="$p/kubelet-$node.key" --runtime=hollow
  else
    local engine=(--runtime=embedded)
    [[ $runtime == containerd ]] && engine=(--container-runtime-endpoint="unix://$state/containerd.sock")
    run_component "kubelet-$node" "${enter[@]}" "$bin/kubelet" --kubeconfig="$dir/kubelet-$node.conf" \
      --hostname-override="$node" --node-ip="$address" --root-dir="$state" --client-ca-file="$p/ca.crt" \
      --tls-cert-file="$p/kubelet-$node.crt" --tls-private-key-file="$p/kubelet-$node.key" "${engine[@]}" \
      --pod-manifest-path="$state/manifests" --cgroup-root="/$id/$node" --cluster-cidr=10.244.0.0/16 \
      --route-kubeconfig="$dir/kube-proxy-$node.conf"
  fi
  run_component "kube-proxy-$node" "${enter[@]}" "$bin/kube-proxy" --kubeconfig="$dir/kube-proxy-$node.conf" \
    --hostname-override="$node" --cluster-cidr=10.244.0.0/16
}
