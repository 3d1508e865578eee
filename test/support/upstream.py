"""Upstream's kube-apiserver on the store and with the certificates of one of our clusters, in the place of ours."""
import os
import subprocess

import skiff


def flags(cluster, etcd, *more):
    pki = os.path.join(cluster.dir, "pki")
    tls = ["--etcd-cafile=%s/ca.crt" % pki, "--etcd-certfile=%s/apiserver-etcd-client.crt" % pki, "--etcd-keyfile=%s/apiserver-etcd-client.key" % pki]
    return ["--etcd-servers=" + etcd, *(tls if etcd.startswith("https") else []), "--secure-port=%d" % cluster.port, "--bind-address=127.0.0.1",
            "--advertise-address=127.0.0.1", "--endpoint-reconciler-type=none", "--client-ca-file=%s/ca.crt" % pki,
            "--tls-cert-file=%s/kube-apiserver.crt" % pki, "--tls-private-key-file=%s/kube-apiserver.key" % pki, "--service-account-key-file=%s/sa.pub" % pki,
            "--service-account-signing-key-file=%s/sa.key" % pki, "--service-account-issuer=https://kubernetes.default.svc",
            "--service-cluster-ip-range=10.96.0.0/12", "--enable-admission-plugins=NodeRestriction",
            *([] if any(flag.startswith("--authorization-") for flag in more) else ["--authorization-mode=Node,RBAC"]), *more]


class ApiServer:
    """Runs for the `with` block; the cluster's own is to be dead."""
    def __init__(self, cluster, etcd, *more):
        self.cluster, self.flags = cluster, flags(cluster, etcd, *more)

    def __enter__(self):
        with open(os.path.join(self.cluster.dir, "logs", "upstream.log"), "w") as log:
            self.process = subprocess.Popen([skiff.peer("kube-apiserver"), *self.flags], stdout=log, stderr=log)
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()
