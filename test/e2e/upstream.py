#!/usr/bin/env python3
"""Upstream's daemons in place of ours, where they are installed: each half against the other side's original."""
import os
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import skiff
from course import RS, manifest, pods_ready
from skiff import BIN, Cluster, Kubectl, eq, peer, run, test, until

for name in ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "etcd", "kubectl"):
    peer(name) or skiff.skip("upstream's %s is not installed" % name)


class Processes:
    """Daemons of a test; ended, by pid, with the block."""

    def __init__(self):
        self.running, self.dir = [], tempfile.mkdtemp(prefix="skiff-upstream-")

    def __enter__(self):
        return self

    def start(self, binary, *flags):
        log = open(os.path.join(self.dir, os.path.basename(binary) + ".log"), "w")
        self.running.append(subprocess.Popen([binary, *map(str, flags)], stdout=log, stderr=log, stdin=subprocess.DEVNULL))
        return self.running[-1]

    def __exit__(self, *_):
        for p in reversed(self.running):
            p.kill()
            p.wait()
        shutil.rmtree(self.dir, ignore_errors=True)


def course_without_nodes(k, who):
    """What of the course needs no node."""
    @test(who + ": objects are created, listed, changed, applied, described and deleted")
    def _():
        eq(k("create", "namespace", "course"), "namespace/course created\n")
        until(lambda: k("get", "sa", "default", "-n", "course", "--ignore-not-found", "-o", "name") or
              k("create", "serviceaccount", "default", "-n", "course"), "the service account")
        n = ("-n", "course")
        eq(k("run", "hello", "--image=busybox:1", *n), "pod/hello created\n")
        eq(k("get", "pods", *n).splitlines()[1].split()[:4], ["hello", "0/1", "Pending", "0"])
        assert "busybox:1" in k("describe", "pod", "hello", *n)
        eq(k("create", "-f", manifest(RS), *n), "replicaset.apps/rs created\n")
        eq(k("scale", "rs/rs", "--replicas=5", *n), "replicaset.apps/rs scaled\n")
        eq(k.path("{.spec.replicas}", "rs", "rs", *n), "5")
        eq(k("create", "deployment", "web", "--image=web:1", *n), "deployment.apps/web created\n")
        eq(k("set", "image", "deployment/web", "web=web:2", *n), "deployment.apps/web image updated\n")
        eq(k("expose", "deployment", "web", "--port=80", *n), "service/web exposed\n")
        eq(k("label", "pod", "hello", "a=b", *n), "pod/hello labeled\n")
        eq(k("get", "pods", "-l", "a=b", "-o", "name", *n), "pod/hello\n")
        config = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: conf}\ndata: {a: '%d'}\n"
        eq(k("apply", "-f", manifest(config % 1), *n), "configmap/conf created\n")
        eq(k("apply", "-f", manifest(config % 2), *n), "configmap/conf configured\n")
        eq(k("apply", "-f", manifest(config % 2), *n), "configmap/conf unchanged\n")
        eq(k("apply", "--server-side", "--force-conflicts", "-f", manifest(config % 3), *n), "configmap/conf serverside-applied\n")
        eq(k.path("{.data.a}", "configmap", "conf", *n), "3")
        assert "KIND:       Pod" in k("explain", "pod.spec")
        k("delete", "pod", "hello", "--force", "--grace-period=0", *n)
        k("delete", "rs,deployment,service,configmap", "--all", *n)
        eq(k("get", "rs,deployments,services", "-o", "name", *n), "")


with Cluster(nodes=0) as cluster, Processes() as upstream:
    @test("upstream's scheduler and controllers on our apiserver run a Deployment on a hollow node")
    def _():
        for ours in ("kube-scheduler", "kube-controller-manager"):
            cluster.local("kill", ours)
        k = Kubectl(peer("kubectl"), cluster.conf)
        p = os.path.join(cluster.dir, "pki")
        plain = os.path.join(upstream.dir, "%s.conf")
        for name in ("kube-controller-manager", "kube-scheduler"):
            shutil.copy(os.path.join(cluster.dir, name + ".conf"), plain % name)
        upstream.start(peer("kube-controller-manager"), "--kubeconfig", plain % "kube-controller-manager",
                       "--service-account-private-key-file=%s/sa.key" % p, "--root-ca-file=%s/ca.crt" % p,
                       "--use-service-account-credentials=true", "--secure-port=%d" % (cluster.port + 301),
                       "--leader-elect-lease-duration=6s", "--leader-elect-renew-deadline=4s", "--leader-elect-retry-period=1s",
                       "--allocate-node-cidrs=true", "--cluster-cidr=10.244.0.0/16")
        upstream.start(peer("kube-scheduler"), "--kubeconfig", plain % "kube-scheduler", "--secure-port=%d" % (cluster.port + 302),
                       "--leader-elect-lease-duration=6s", "--leader-elect-renew-deadline=4s", "--leader-elect-retry-period=1s")
        upstream.start(os.path.join(BIN, "kubelet"), "--kubeconfig", cluster.conf, "--hostname-override=hollow-1", "--runtime=hollow",
                       "--root-dir", os.path.join(upstream.dir, "kubelet"), "--node-ip=127.0.0.1", "--port=0")
        until(lambda: "True" in k.path('{.status.conditions[?(@.type=="Ready")].status}', "node", "hollow-1"), "the hollow node", 60)
        k("create", "deployment", "web", "--image=web:1", "--replicas=3")
        assert "successfully rolled out" in k("rollout", "status", "deployment/web", "--timeout=120s")
        k("set", "image", "deployment/web", "web=web:2")
        assert "successfully rolled out" in k("rollout", "status", "deployment/web", "--timeout=120s")
        k("expose", "deployment", "web", "--port=80")
        until(lambda: len(k.path("{.items[0].endpoints[*].addresses[0]}", "endpointslices", "-l", "kubernetes.io/service-name=web").split()) == 3,
              "three endpoints", 60)
        k("delete", "deployment", "web")
        until(lambda: k("get", "pods", "-o", "name") == "", "the pods to be collected", 90)

with Processes() as upstream:
    port = 31990
    url = "http://127.0.0.1:%d" % port
    upstream.start(peer("etcd"), "--data-dir", os.path.join(upstream.dir, "etcd"), "--listen-client-urls", url, "--advertise-client-urls", url,
                   "--listen-peer-urls", "http://127.0.0.1:%d" % (port + 1), "--initial-advertise-peer-urls", "http://127.0.0.1:%d" % (port + 1),
                   "--initial-cluster", "default=http://127.0.0.1:%d" % (port + 1))
    until(lambda: run("curl", "-sf", url + "/health")[1], "etcd", 30)
    with Cluster(nodes=0, etcd_servers=url) as cluster:
        course_without_nodes(Kubectl(peer("kubectl"), cluster.conf), "our apiserver on upstream's etcd")

with Processes() as upstream:
    port = 31890
    url = "http://127.0.0.1:%d" % port
    upstream.start(os.path.join(BIN, "etcdlite"), "--name=default", "--data-dir", os.path.join(upstream.dir, "etcdlite"), "--listen-client-urls", url,
                   "--advertise-client-urls", url, "--listen-peer-urls", "http://127.0.0.1:%d" % (port + 1),
                   "--initial-advertise-peer-urls", "http://127.0.0.1:%d" % (port + 1), "--initial-cluster", "default=http://127.0.0.1:%d" % (port + 1))
    with Cluster(nodes=0, etcd_servers=url) as pki:  # for its certificates; its apiserver makes way for upstream's
        for component in pki.status():
            pki.local("kill", component)
        p = os.path.join(pki.dir, "pki")
        upstream.start(peer("kube-apiserver"), "--etcd-servers=" + url, "--secure-port=%d" % pki.port, "--bind-address=127.0.0.1",
                       "--advertise-address=127.0.0.1", "--endpoint-reconciler-type=none", "--client-ca-file=%s/ca.crt" % p,
                       "--tls-cert-file=%s/kube-apiserver.crt" % p, "--tls-private-key-file=%s/kube-apiserver.key" % p,
                       "--service-account-key-file=%s/sa.pub" % p, "--service-account-signing-key-file=%s/sa.key" % p,
                       "--service-account-issuer=https://kubernetes.default.svc", "--service-cluster-ip-range=10.96.0.0/12",
                       "--authorization-mode=Node,RBAC", "--allow-privileged=true")
        k = Kubectl(peer("kubectl"), pki.conf)
        until(lambda: k("get", "--raw", "/readyz") == "ok", "upstream's apiserver", 60)
        course_without_nodes(k, "upstream's apiserver on etcdlite, after ours on the same data")

skiff.finish()
