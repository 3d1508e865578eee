#!/usr/bin/env python3
"""Any process may die: containers, nodes, each daemon in the middle of a rollout. Timings are shortened by flags."""
import os
import signal
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import skiff
from course import manifest, pods_ready
from skiff import Cluster, eq, run, test, until

DEPLOYMENT = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: %(name)s}
spec:
  replicas: %(replicas)d
  selector: {matchLabels: {app: %(name)s}}
  template:
    metadata: {labels: {app: %(name)s}}
    spec:
      terminationGracePeriodSeconds: 0
      tolerations:
      - {key: node.kubernetes.io/unreachable, operator: Exists, effect: NoExecute, tolerationSeconds: 2}
      - {key: node.kubernetes.io/not-ready, operator: Exists, effect: NoExecute, tolerationSeconds: 2}
      containers: [{name: c, image: "%(image)s", command: [sh, -c, "exec sleep %(seconds)d"]}]
"""

FLAGS = ["kube-controller-manager.node-monitor-period=1s", "kube-controller-manager.node-monitor-grace-period=6s",
         "kubelet.node-status-update-frequency=1s"]


def pids_of(*words):
    """Processes of this machine whose command line is exactly these words."""
    wanted = "\0".join(words) + "\0"
    out = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            if open("/proc/%s/cmdline" % pid).read() == wanted:
                out.append(int(pid))
        except OSError:
            pass
    return out


def deploy(k, name, replicas=3, image="busybox:1", seconds=100000):
    k("apply", "-f", manifest(DEPLOYMENT % dict(name=name, replicas=replicas, image=image, seconds=seconds)))


with Cluster(nodes=3, members=3, flags=FLAGS) as cluster:
    k = cluster.kubectl

    @test("a killed container process is restarted and counted")
    def _():
        deploy(k, "victim", replicas=1, seconds=271828)
        until(lambda: pods_ready(k, "app=victim", 1), "the pod")
        pid = until(lambda: pids_of("sleep", "271828"), "its process")[0]
        os.kill(pid, signal.SIGKILL)
        def restarted():
            state = pods_ready(k, "app=victim", 1)[0]["status"]["containerStatuses"][0]
            return state["restartCount"] == 1 and state["lastState"]["terminated"]["exitCode"] == 137
        until(restarted, "the restart")
        assert pids_of("sleep", "271828") not in ([], [pid])

    @test("a deleted pod is replaced")
    def _():
        old = pods_ready(k, "app=victim", 1)[0]["metadata"]["name"]
        k("delete", "pod", old)
        new = until(lambda: pods_ready(k, "app=victim", 1), "the replacement")[0]["metadata"]["name"]
        assert new != old
        k("delete", "deployment", "victim")

    @test("a dead kubelet's node becomes Unknown and its pods are replaced elsewhere")
    def _():
        deploy(k, "moving", replicas=3, seconds=100001)
        until(lambda: pods_ready(k, "app=moving", 3), "three pods")
        cluster.local("kill", "kubelet-node-3")
        ready = lambda: k.path('{.status.conditions[?(@.type=="Ready")].status}', "node", "node-3")
        until(lambda: ready() == "Unknown", "node-3 Unknown", 30)
        assert "node.kubernetes.io/unreachable" in k.path("{.spec.taints[*].key}", "node", "node-3")
        def moved():
            items = [p for p in k.json("get", "pods", "-l", "app=moving")["items"] if "deletionTimestamp" not in p["metadata"]]
            return len(items) == 3 and all(p["spec"]["nodeName"] != "node-3" and p["status"]["phase"] == "Running" for p in items)
        until(moved, "pods on other nodes", 60)
        cluster.local("restart", "kubelet-node-3")
        until(lambda: ready() == "True", "node-3 Ready again", 60)
        until(lambda: not k.path("{.spec.taints[*].key}", "node", "node-3"), "its taints to go", 30)
        k("delete", "deployment", "moving")
        until(lambda: k("get", "pods", "-l", "app=moving", "-o", "name") == "", "the old pods to go", 60)

    for component in ["etcdlite-0", "kube-apiserver-0", "kube-scheduler", "kube-controller-manager", "kubelet-node-1", "kube-proxy-node-1"]:
        @test("kill -9 of %s in the middle of a rollout: it completes" % component)
        def _():
            name = "rolling-" + component.replace("-", "")[:20]
            deploy(k, name, seconds=100002)
            until(lambda: pods_ready(k, "app=" + name, 3), "three pods")
            deploy(k, name, image="busybox:2", seconds=100003)
            cluster.local("kill", component)
            cluster.local("restart", component)
            until(lambda: "successfully rolled out" in k("rollout", "status", "deployment/" + name, "--timeout=60s"), "the rollout", 120)
            def settled():
                items = pods_ready(k, "app=" + name, 3)
                return items and {p["spec"]["containers"][0]["image"] for p in items} == {"busybox:2"}
            until(settled, "the new pods alone", 60)
            k("delete", "deployment", name)

    @test("containers survive their kubelet: a restarted kubelet finds them again")
    def _():
        deploy(k, "steady", replicas=3, seconds=314159)
        until(lambda: pods_ready(k, "app=steady", 3), "three pods")
        before = sorted(pids_of("sleep", "314159"))
        for i in (1, 2, 3):
            cluster.local("kill", "kubelet-node-%d" % i)
            cluster.local("restart", "kubelet-node-%d" % i)
        def still():
            items = pods_ready(k, "app=steady", 3)
            return items and all(s["restartCount"] == 0 for p in items for s in p["status"]["containerStatuses"])
        until(still, "the same pods, Ready", 60)
        eq(sorted(pids_of("sleep", "314159")), before)

skiff.finish()
