"""The Kubernetes course: what a beginner types, in order, with one kubectl on a cluster of several nodes."""
import json
import os
import tempfile

from skiff import eq, run, test, until

TWO = """
apiVersion: v1
kind: Pod
metadata: {name: two}
spec:
  terminationGracePeriodSeconds: 1
  containers:
  - {name: web, image: "web:1"}
  - {name: side, image: "busybox:1", command: [sh, -c, "echo hello from side; exec sleep 3600"]}
"""

RC = """
apiVersion: v1
kind: ReplicationController
metadata: {name: rc}
spec:
  replicas: 2
  selector: {app: rc}
  template:
    metadata: {labels: {app: rc}}
    spec:
      terminationGracePeriodSeconds: 1
      containers: [{name: c, image: "web:1"}]
"""

RS = """
apiVersion: apps/v1
kind: ReplicaSet
metadata: {name: rs}
spec:
  replicas: 2
  selector: {matchLabels: {app: rs}}
  template:
    metadata: {labels: {app: rs}}
    spec:
      terminationGracePeriodSeconds: 1
      containers: [{name: c, image: "web:1"}]
"""


def manifest(text):
    f = tempfile.NamedTemporaryFile("w", suffix=".yaml", delete=False)
    f.write(text)
    f.close()
    return f.name


def phases(k, selector):
    return [p["status"]["phase"] for p in k.json("get", "pods", "-l", selector)["items"] if "deletionTimestamp" not in p["metadata"]]


def pods_ready(k, selector, count):
    items = [p for p in k.json("get", "pods", "-l", selector)["items"] if "deletionTimestamp" not in p["metadata"]]
    good = [p for p in items if any(c["type"] == "Ready" and c["status"] == "True" for c in p["status"].get("conditions", []))]
    return len(items) == count and len(good) == count and items


def gone(k, *args):
    return k("get", *args, "--ignore-not-found", "-o", "name").strip() == ""


def run_course(cluster, k, who):
    """All tests print as `WHO: promise`."""

    @test(who + ": a pod runs, is listed, described, logs, execs and goes")
    def _():
        out = k("run", "hello", "--image=busybox:1", "--restart=Never", "--", "sh", "-c", "echo hello world; exec sleep 3600")
        eq(out, "pod/hello created\n")
        k("wait", "--for=condition=Ready", "pod/hello", "--timeout=60s")
        lines = k("get", "pods", "hello").splitlines()
        eq(lines[0].split(), ["NAME", "READY", "STATUS", "RESTARTS", "AGE"])
        eq(lines[1].split()[:4], ["hello", "1/1", "Running", "0"])
        wide = k("get", "pod", "hello", "-o", "wide").splitlines()
        eq(wide[0].split(), ["NAME", "READY", "STATUS", "RESTARTS", "AGE", "IP", "NODE", "NOMINATED", "NODE", "READINESS", "GATES"])
        node, ip = wide[1].split()[6], wide[1].split()[5]
        assert node.startswith("node-") and ip.startswith("10.244."), wide
        said = k("describe", "pod", "hello")
        for words in ("Name:             hello", "Image:         busybox:1", "Successfully assigned default/hello to " + node,
                      'Container image "busybox:1" already present on machine', "Status:           Running"):
            assert words in said, words + " is not in\n" + said
        until(lambda: k("logs", "hello") == "hello world\n", "its log", 20)
        eq(k("exec", "hello", "--", "sh", "-c", "echo $((6*7)); hostname"), "42\nhello\n")
        code = k.full("exec", "hello", "--", "sh", "-c", "exit 7")
        eq(code[0], 7)
        eq(k("delete", "pod", "hello", "--grace-period=1"), 'pod "hello" deleted from default namespace\n')
        assert gone(k, "pod", "hello")

    @test(who + ": two containers of a pod share the network")
    def _():
        eq(k("create", "-f", manifest(TWO)), "pod/two created\n")
        k("wait", "--for=condition=Ready", "pod/two", "--timeout=60s")
        eq(k("exec", "two", "-c", "side", "--", "wget", "-qO-", "http://127.0.0.1/"), "two\n")
        eq(k("logs", "two", "-c", "side"), "hello from side\n")
        eq(k("get", "pod", "two").splitlines()[1].split()[1], "2/2")
        k("delete", "-f", manifest(TWO))

    @test(who + ": a ReplicationController keeps its pods")
    def _():
        eq(k("create", "-f", manifest(RC)), "replicationcontroller/rc created\n")
        until(lambda: pods_ready(k, "app=rc", 2), "two pods of rc")
        eq(k("get", "rc", "rc").splitlines()[0].split(), ["NAME", "DESIRED", "CURRENT", "READY", "AGE"])
        until(lambda: k("get", "rc", "rc").splitlines()[1].split()[:4] == ["rc", "2", "2", "2"], "rc's row")
        assert "SuccessfulCreate" in k("describe", "rc", "rc")
        k("delete", "rc", "rc")
        until(lambda: gone(k, "pods", "-l", "app=rc"), "its pods to go with it")

    @test(who + ": a ReplicaSet scales to five pods over the nodes")
    def _():
        eq(k("create", "-f", manifest(RS)), "replicaset.apps/rs created\n")
        until(lambda: pods_ready(k, "app=rs", 2), "two pods of rs")
        assert "Pods Status:  2 Running / 0 Waiting / 0 Succeeded / 0 Failed" in k("describe", "rs", "rs")
        eq(k("scale", "replicaset/rs", "--replicas=5"), "replicaset.apps/rs scaled\n")
        items = until(lambda: pods_ready(k, "app=rs", 5), "five pods of rs")
        assert len({p["spec"]["nodeName"] for p in items}) == cluster.nodes, [p["spec"]["nodeName"] for p in items]
        eq(k("get", "rs", "rs").splitlines()[0].split(), ["NAME", "DESIRED", "CURRENT", "READY", "AGE"])

    @test(who + ": an edited image reaches only new pods")
    def _():
        editor = manifest("#!/bin/sh\nsed -i 's/image: web:1/image: web:2/' \"$1\"\n")
        os.chmod(editor, 0o755)
        eq(k("edit", "replicaset/rs", env={"KUBE_EDITOR": editor}), "replicaset.apps/rs edited\n")
        before = k.json("get", "pods", "-l", "app=rs")["items"]
        eq({p["spec"]["containers"][0]["image"] for p in before}, {"web:1"})
        k("delete", "pod", before[0]["metadata"]["name"])
        def images():
            now = pods_ready(k, "app=rs", 5)
            return now and sorted(p["spec"]["containers"][0]["image"] for p in now) == ["web:1"] * 4 + ["web:2"]
        until(images, "the replacement with the new image")
        k("delete", "rs", "rs")
        until(lambda: gone(k, "pods", "-l", "app=rs"), "its pods to go with it")

    @test(who + ": a Deployment rolls out and back")
    def _():
        eq(k("create", "deployment", "web", "--image=web:1", "--replicas=3"), "deployment.apps/web created\n")
        assert 'deployment "web" successfully rolled out' in k("rollout", "status", "deployment/web", "--timeout=90s")
        eq(k("set", "image", "deployment/web", "web=web:2"), "deployment.apps/web image updated\n")
        assert 'deployment "web" successfully rolled out' in k("rollout", "status", "deployment/web", "--timeout=90s")
        until(lambda: {p["spec"]["containers"][0]["image"] for p in (pods_ready(k, "app=web", 3) or [])} == {"web:2"}, "web:2 everywhere")
        assert "NewReplicaSet:" in k("describe", "deployment", "web")
        eq(k("rollout", "undo", "deployment/web"), "deployment.apps/web rolled back\n")
        assert 'deployment "web" successfully rolled out' in k("rollout", "status", "deployment/web", "--timeout=90s")
        until(lambda: {p["spec"]["containers"][0]["image"] for p in (pods_ready(k, "app=web", 3) or [])} == {"web:1"}, "web:1 everywhere")

    @test(who + ": a service answers by ClusterIP from every node's pods and by NodePort, every endpoint")
    def _():
        eq(k("expose", "deployment", "web", "--port=80", "--type=NodePort"), "service/web exposed\n")
        names = {p["metadata"]["name"] for p in pods_ready(k, "app=web", 3)}
        service = k.json("get", "service", "web")
        ip, node_port = service["spec"]["clusterIP"], service["spec"]["ports"][0]["nodePort"]
        assert "Endpoints:" in k("describe", "service", "web")
        k("run", "client", "--image=busybox:1", "--restart=Never", "--", "sleep", "3600")
        k("wait", "--for=condition=Ready", "pod/client", "--timeout=60s")
        def all_answer(ask):
            seen = set()
            def once():
                for _ in range(10):
                    seen.add(ask().strip())
                return names <= seen
            until(once, "answers of all of %s, got %s" % (names, seen), 40)
            assert seen <= names | {""}, seen
        all_answer(lambda: k("exec", "client", "--", "wget", "-qO-", "http://%s/" % ip))
        node_ip = k.path("{.items[0].status.addresses[?(@.type==\"InternalIP\")].address}", "nodes")
        all_answer(lambda: run("curl", "-sm", "5", "http://%s:%s/" % (node_ip, node_port))[1])
        all_answer(lambda: cluster.on_node("node-2", "curl", "-sm", "5", "http://%s/" % ip))
        k("delete", "pod", "client", "--grace-period=1")

    @test(who + ": everything lives in the store, under /registry")
    def _():
        pod = k.path("{.items[0].metadata.name}", "pods", "-l", "app=web")
        out = run(os.path.join(os.environ.get("SKIFF_BIN", ""), "etcdctl") if os.environ.get("SKIFF_BIN") else
                  os.path.join(os.path.dirname(cluster.kubectl.binary), "etcdctl"),
                  "get", "/registry/pods/default/" + pod, "--print-value-only", env=cluster.env())[1]
        assert out.startswith("k8s\0"), out[:20]
        assert pod in out

    @test(who + ": deleting all leaves nothing to the garbage collector")
    def _():
        k("delete", "deployment,service", "web")
        until(lambda: gone(k, "pods,rs,deployments,rc", "--all-namespaces", "-l", "app=web"), "the deployment's leftovers to go", 60)
        until(lambda: gone(k, "pods"), "all pods to go", 60)
