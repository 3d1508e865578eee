# Certificates and kubeconfigs of a cluster, under $dir/pki, all made by one skiff-pki: its orders (src/pki/orders.h) are
# gathered here, a line each, members separated by tabs. Everything is 0600 and made once.

order() { local IFS=$'\t'; orders+="$*"$'\n'; }
carry_out_orders() { "$bin/skiff-pki" "$dir/pki" <<<"$orders"; orders=; }

# The key of service account tokens takes the longest: it is made while the store starts.
start_account_key() { orders=; order account sa; carry_out_orders & account_key=$!; }
await_account_key() { wait "$account_key" || die "no key for service account tokens"; }

# order_kubeconfig FILE CERT SERVER GRPC: with everything embedded; GRPC is the internal door ("" for none).
order_kubeconfig() { order kubeconfig "$1" "$2" "$3" "$4"; }

order_pki() { # HOST
  local san="DNS:localhost,DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc,DNS:kubernetes.default.svc.cluster.local,IP:127.0.0.1,IP:10.96.0.1"
  [[ $1 == 127.0.0.1 ]] || san+=,IP:$1
  orders=
  # Who the API server is for the API servers behind it, and whom it lets speak for others.
  order authority front-proxy-ca /CN=skiff-front-proxy-ca
  order certificate front-proxy-client /CN=front-proxy-client "" clientAuth
  order authority ca /CN=skiff-ca
  order certificate etcd /CN=etcd DNS:localhost,IP:127.0.0.1 serverAuth,clientAuth
  order certificate kube-apiserver /CN=kube-apiserver "$san" serverAuth
  order certificate apiserver-etcd-client /O=system:masters/CN=kube-apiserver-etcd-client "" clientAuth
  order certificate apiserver-kubelet-client /O=system:masters/CN=kube-apiserver-kubelet-client "" clientAuth
  order certificate admin /O=system:masters/CN=admin "" clientAuth
  order certificate kube-controller-manager /CN=system:kube-controller-manager DNS:localhost,IP:127.0.0.1 serverAuth,clientAuth
  order certificate kube-scheduler /CN=system:kube-scheduler DNS:localhost,IP:127.0.0.1 serverAuth,clientAuth
}

order_node_pki() { # NODE ADDRESS
  order certificate "kubelet-$1" "/O=system:nodes/CN=system:node:$1" "DNS:$1,IP:$2,IP:127.0.0.1" serverAuth,clientAuth
  order certificate kube-proxy /CN=system:kube-proxy "" clientAuth
}
