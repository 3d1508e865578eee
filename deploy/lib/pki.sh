# Certificates and kubeconfigs of a cluster, under $dir/pki. Everything is 0600 and made once.

# make_cert NAME SUBJECT SAN USAGE: a key and a certificate signed by the cluster's authority.
make_cert() {
  local name=$1 subject=$2 san=$3 usage=$4 p=$dir/pki
  [[ -s $p/$name.crt ]] && return
  openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$p/$name.key" -out "$p/$name.csr" \
    -subj "$subject" 2>/dev/null
  openssl x509 -req -in "$p/$name.csr" -CA "$p/ca.crt" -CAkey "$p/ca.key" -set_serial "0x$(openssl rand -hex 12)" \
    -days 3650 -out "$p/$name.crt.new" \
    -extfile <(printf 'basicConstraints=CA:FALSE\nkeyUsage=digitalSignature,keyEncipherment\nextendedKeyUsage=%s\n%s' \
      "$usage" "${san:+subjectAltName=$san}") 2>/dev/null
  mv "$p/$name.crt.new" "$p/$name.crt"; rm -f "$p/$name.csr"
}

make_authority() {
  local p=$dir/pki
  mkdir -p "$p"; chmod 700 "$p"
  if [[ ! -s $p/ca.crt ]]; then
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$p/ca.key" -out "$p/ca.crt.new" \
      -days 3650 -subj /CN=skiff-ca 2>/dev/null
    mv "$p/ca.crt.new" "$p/ca.crt"
  fi
  if [[ ! -s $p/sa.pub ]]; then
    openssl genrsa -out "$p/sa.key" 2048 2>/dev/null
    openssl rsa -in "$p/sa.key" -pubout -out "$p/sa.pub" 2>/dev/null
  fi
}

# make_kubeconfig FILE CERT SERVER GRPC: with everything embedded; GRPC is the internal door ("" for none).
make_kubeconfig() {
  local file=$1 cert=$2 server=$3 grpc=$4 p=$dir/pki
  cat >"$file.new" <<EOF
apiVersion: v1
kind: Config
current-context: skiff
clusters:
- name: skiff
  cluster:
    server: $server
    certificate-authority-data: $(base64 -w0 "$p/ca.crt")
${grpc:+    extensions:
    - name: skiff.dev/grpc
      extension:
        server: "$grpc"
}users:
- name: $cert
  user:
    client-certificate-data: $(base64 -w0 "$p/$cert.crt")
    client-key-data: $(base64 -w0 "$p/$cert.key")
contexts:
- name: skiff
  context: {cluster: skiff, user: $cert}
EOF
  chmod 600 "$file.new"; mv "$file.new" "$file"
}

make_pki() {
  local host=$1 i
  make_authority
  local san="DNS:localhost,DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc,DNS:kubernetes.default.svc.cluster.local,IP:127.0.0.1,IP:10.96.0.1"
  [[ $host == 127.0.0.1 ]] || san+=,IP:$host
  make_cert etcd /CN=etcd DNS:localhost,IP:127.0.0.1 serverAuth,clientAuth
  make_cert kube-apiserver /CN=kube-apiserver "$san" serverAuth
  make_cert apiserver-etcd-client /O=system:masters/CN=kube-apiserver-etcd-client "" clientAuth
  make_cert apiserver-kubelet-client /O=system:masters/CN=kube-apiserver-kubelet-client "" clientAuth
  make_cert admin /O=system:masters/CN=kubernetes-admin "" clientAuth
  make_cert kube-controller-manager /CN=system:kube-controller-manager DNS:localhost,IP:127.0.0.1 serverAuth,clientAuth
  make_cert kube-scheduler /CN=system:kube-scheduler DNS:localhost,IP:127.0.0.1 serverAuth,clientAuth
}

# make_node_pki NODE ADDRESS
make_node_pki() {
  make_cert "kubelet-$1" "/O=system:nodes/CN=system:node:$1" "DNS:$1,IP:$2,IP:127.0.0.1" serverAuth,clientAuth
  make_cert kube-proxy /CN=system:kube-proxy "" clientAuth
}
