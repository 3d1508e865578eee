#!/usr/bin/env python3
"""The doors beside the plain objects: bindings, evictions, ephemeral containers, resizes, tokens, finalizers, approvals, and what
componentstatuses tell; with wrong requests of each.

The expected answers are upstream's own, in test/golden/subresource_doors.json; `subresource_doors.py --record KUBECONFIG` asks an
upstream apiserver that has no controllers."""
import base64
import json
import os
import re
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
import skiff
from ask import MERGE, Asker
from recorded import load, promise, save

GOLDEN = os.path.join(HERE, "..", "golden", "subresource_doors.json")
STRATEGIC = "application/strategic-merge-patch+json"
N, POLICY = "/api/v1/namespaces/doors", "/apis/policy/v1/namespaces/doors/poddisruptionbudgets"


class Door:
    """Asks by method and path; the answers are numbered, since the same is asked at different times."""
    def __init__(self, asker):
        self.asker, self.count = asker, 0

    def __call__(self, method, path, body=None, content_type=None, headers=None):
        body = body.encode() if isinstance(body, str) else body
        self.count += 1
        name = "%03d %s %s%s" % (self.count, method, path, "" if body is None else " " + (body.decode() if isinstance(body, bytes) else json.dumps(body)))
        self.asker.ask(name[:200], method, path, body, headers, content_type)


def pod(name, **spec):
    return {"metadata": {"name": name, "labels": {"app": name}}, "spec": {"containers": [{"name": "c", "image": "i"}], "automountServiceAccountToken": False, **spec}}


def components(d):
    C = "/api/v1/componentstatuses"
    for path in (C + "/nope", C + "?labelSelector=a%3Db", C + "?watch=1", C + "/etcd-0", C + "?fieldSelector=metadata.name%3Detcd-0"):
        d("GET", path)
    d("POST", C, {})
    d("DELETE", C + "/etcd-0")
    d("GET", "/api/v1/namespaces/default/componentstatuses")
    d("GET", C + "?fieldSelector=metadata.name%3Detcd-0", headers={"Accept": "application/json;as=Table;g=meta.k8s.io;v=v1"})


def bindings(d):
    def bind(name, target, **meta):
        return {"metadata": {"name": name, **meta}, "target": target}
    for name in "abcd":
        d("POST", N + "/pods", pod(name))
    d("POST", N + "/pods", pod("gated", schedulingGates=[{"name": "x.y/z"}]))
    for body in (bind("a", {"name": "n1"}), bind("a", {"name": "n2"}), bind("nope", {"name": "n1"}), bind("b", {}), bind("b", {"kind": "Pod", "name": "n1"}),
                 bind("", {"name": "n1"}), {}, bind("c", {"name": "n1"}, namespace="default"), {"kind": "Pod", "apiVersion": "v1"}, bind("gated", {"name": "n1"})):
        d("POST", N + "/bindings", body)
    d("POST", N + "/bindings?dryRun=All", bind("b", {"name": "n1"}))
    d("POST", N + "/bindings", bind("b", {"kind": "Node", "name": "n1", "apiVersion": "v1"}, annotations={"x": "y"}, labels={"l": "m"}))
    d("GET", N + "/pods/b")
    d("GET", N + "/bindings")
    d("PUT", N + "/bindings/a", {})
    d("POST", "/api/v1/bindings", bind("c", {"name": "n1"}))
    d("POST", N + "/bindings?fieldValidation=Strict", {**bind("c", {"name": "n1"}), "foo": 1})
    for name, body in (("c", bind("d", {"name": "n1"})), ("d", bind("", {"name": "n1"})), ("nope", bind("nope", {"name": "n1"})), ("d", bind("d", {"name": "n1", "kind": "Foo"})),
                       ("d", bind("d", {"name": ""})), ("d", bind("d", {"name": "n1"}, resourceVersion="1")), ("d", bind("d", {"name": "n1"}, uid="other")), ("d", bind("d", {"name": "n1"}, namespace="default"))):
        d("POST", "%s/pods/%s/binding" % (N, name), body)
    d("POST", N + "/bindings", bind("c", {"name": "n1"}, uid="other"))
    d("POST", N + "/pods/d/binding?dryRun=All", bind("d", {"name": "n1"}))
    d("GET", N + "/pods/c/binding")
    d("GET", N + "/pods/d")


def evictions(d):
    def evict(name, **more):
        return {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name}, **more}

    def budget(name, app, **spec):
        return {"metadata": {"name": name}, "spec": {"selector": {"matchLabels": {"app": app}}, **spec}}

    def status(path, **members):
        d("PATCH", path + "/status", {"status": members}, MERGE)

    E = N + "/pods/%s/eviction"
    for name in ("e", "f", "g", "h", "k", "old"):
        d("POST", N + "/pods", pod(name))
    for body in (evict("x"), evict(""), evict("e", deleteOptions={"dryRun": ["All"]}), evict("e", deleteOptions={"preconditions": {"uid": "zzz"}}), evict("e", deleteOptions={"gracePeriodSeconds": -1, "dryRun": ["All"]}),
                 evict("e", deleteOptions={"dryRun": ["Foo"]}), {}):
        d("POST", E % "e", body)
    d("POST", E % "nope", evict("nope"))
    d("POST", E % "old", {"apiVersion": "policy/v1beta1", "kind": "Eviction", "metadata": {"name": "old"}})
    d("GET", E % "e")
    d("POST", POLICY, budget("f", "f", minAvailable=1))
    status(N + "/pods/f", phase="Running", conditions=[{"type": "Ready", "status": "True"}])
    d("POST", E % "f", evict("f"))
    status(POLICY + "/f", observedGeneration=1, disruptionsAllowed=0, currentHealthy=1, desiredHealthy=1, expectedPods=1)
    d("POST", E % "f", evict("f"))
    status(POLICY + "/f", disruptionsAllowed=1)
    d("POST", (E % "f") + "?dryRun=All", evict("f"))
    d("GET", POLICY + "/f")
    d("POST", E % "f", evict("f"))
    d("POST", POLICY, budget("g1", "g", minAvailable=1))
    d("POST", POLICY, budget("g2", "g", minAvailable=1))
    status(N + "/pods/g", phase="Running")
    d("POST", E % "g", evict("g"))
    status(N + "/pods/g", phase="Succeeded")
    d("POST", E % "g", evict("g"))
    d("POST", POLICY, budget("h", "h", maxUnavailable=0, unhealthyPodEvictionPolicy="AlwaysAllow"))
    status(N + "/pods/h", phase="Running")
    d("POST", E % "h", evict("h"))
    d("POST", POLICY, budget("k", "k", minAvailable=1))
    status(N + "/pods/k", phase="Running")
    status(POLICY + "/k", observedGeneration=1, disruptionsAllowed=0, currentHealthy=0, desiredHealthy=1, expectedPods=1)
    d("POST", E % "k", evict("k"))
    status(POLICY + "/k", currentHealthy=1)
    d("POST", E % "k", evict("k"))


def running_pods(d):
    def debug(*containers):
        return {"spec": {"ephemeralContainers": list(containers)}}

    def resources(**amounts):
        return {"spec": {"containers": [{"name": "c", "resources": amounts}]}}

    E, R = N + "/pods/ec/ephemeralcontainers", N + "/pods/rs/resize"
    d("POST", N + "/pods", pod("ec"))
    for body in (debug({"name": "dbg", "image": "x"}), debug({"name": "dbg", "image": "y"}), debug({"name": "c", "image": "y"}),
                 debug({"name": "d2", "image": "y", "ports": [{"containerPort": 1}], "resources": {"limits": {"cpu": "1"}}, "targetContainerName": "zz"}),
                 {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "new"}], "nodeName": "q"}}):
        d("PATCH", E, body, STRATEGIC)
    d("PATCH", E, {"spec": {"ephemeralContainers": None}}, MERGE)
    d("PUT", E, {"kind": "EphemeralContainers", "apiVersion": "v1", "metadata": {"name": "ec"}})
    d("POST", E, pod("ec"))
    d("PATCH", N + "/pods/ec", debug({"name": "zz", "image": "x"}), STRATEGIC)
    one = {"cpu": "1", "memory": "1Gi"}
    d("POST", N + "/pods", {"metadata": {"name": "rs"}, "spec": {"automountServiceAccountToken": False, "containers": [{"name": "c", "image": "i", "resources": {"requests": one, "limits": one}}]}})
    for body in (resources(requests={"cpu": "2"}, limits={"cpu": "2"}), resources(requests={"cpu": "3"}), resources(limits={"cpu": "4"}), {"spec": {"containers": [{"name": "c", "image": "new"}]}},
                 resources(requests={"ephemeral-storage": "1Gi"}), {"metadata": {"labels": {"q": "r"}}}, resources(requests={"cpu": "-1"}),
                 {"spec": {"containers": [{"name": "c", "resizePolicy": [{"resourceName": "cpu", "restartPolicy": "RestartContainer"}]}]}},
                 resources(requests={"memory": "512Mi"}, limits={"memory": "512Mi"}), {"spec": {"containers": [{"name": "other", "image": "x"}]}}):
        d("PATCH", R, body, STRATEGIC)
    d("PATCH", R, {"spec": {"containers": [{"name": "c", "resources": None}]}}, MERGE)
    d("PATCH", N + "/pods/ec/resize", resources(requests={"cpu": "1"}), STRATEGIC)
    d("POST", R, {})
    d("GET", R)
    d("PATCH", N + "/pods/nope/resize", resources(), STRATEGIC)


def tokens(d):
    T = N + "/serviceaccounts/default/token"

    def bound(**ref):
        return {"spec": {"boundObjectRef": ref}}
    for spec in ({"expirationSeconds": 10}, {"expirationSeconds": 2 ** 33}, {"audiences": ["x", "y"], "expirationSeconds": 3600}):
        d("POST", T, {"spec": spec})
    for ref in ({"kind": "Pod", "apiVersion": "v1", "name": "nope"}, {"kind": "Pod", "apiVersion": "v1", "name": "a", "uid": "zz"}, {"kind": "Foo", "apiVersion": "v1", "name": "a"},
                {"kind": "Secret", "apiVersion": "v1", "name": "a"}, {"kind": "Node", "apiVersion": "v1", "name": "a"}, {}, {"kind": "Pod", "apiVersion": "v1"}):
        d("POST", T, bound(**ref))
    d("POST", N + "/serviceaccounts/nope/token", {"spec": {}})
    d("GET", T)
    d("PUT", T, {"spec": {}})
    for body in ({"metadata": {"namespace": "other"}, "spec": {}}, {"kind": "Foo", "apiVersion": "v1"}, "{"):
        d("POST", T, body)


def finalizers(d):
    F = "/api/v1/namespaces/held/finalize"
    d("POST", "/api/v1/namespaces", {"metadata": {"name": "held", "finalizers": ["a.b/c"]}})
    for body in ({"metadata": {"name": "other"}, "spec": {"finalizers": []}}, {"metadata": {"name": "held"}, "spec": {"finalizers": ["bad", "x/y"]}}, {"metadata": {"name": "held", "resourceVersion": "1"}},
                 {"metadata": {"name": "held", "labels": {"new": "label"}, "finalizers": []}, "spec": {"finalizers": ["x.y/z"]}}):
        d("PUT", F, body)
    d("GET", F)
    d("POST", F, {})
    d("DELETE", F)
    d("PUT", "/api/v1/namespaces/nope/finalize", {"metadata": {"name": "nope"}})
    d("PUT", F + "?dryRun=All", {"metadata": {"name": "held"}, "spec": {"finalizers": ["kubernetes"]}})
    d("GET", "/api/v1/namespaces/held")
    d("DELETE", "/api/v1/namespaces/held")
    d("PUT", F, {"metadata": {"name": "held"}, "spec": {"finalizers": []}})
    d("GET", "/api/v1/namespaces/held")


def approvals(d):
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["openssl", "req", "-new", "-newkey", "rsa:2048", "-nodes", "-keyout", folder + "/key", "-subj", "/CN=x", "-out", folder + "/csr"], check=True, capture_output=True)
        request = base64.b64encode(open(folder + "/csr", "rb").read()).decode()
    C = "/apis/certificates.k8s.io/v1/certificatesigningrequests"
    spec = {"request": request, "signerName": "kubernetes.io/kube-apiserver-client", "usages": ["client auth"]}
    d("POST", C, {"metadata": {"name": "door"}, "spec": spec})
    A, yes = C + "/door/approval", {"type": "Approved", "status": "True", "reason": "r", "message": "m"}

    def says(*conditions, name="door"):
        return {"metadata": {"name": name}, "spec": spec, "status": {"conditions": list(conditions)}}
    for body in (says({"type": "Approved"}), says({"type": "Approved", "status": "False"}), says({"status": "True"}), says({"type": "Denied", "status": "True"}, yes), says(yes, yes), says(yes), says(),
                 says({"type": "Denied", "status": "True"}), {"metadata": {"name": "door"}, "spec": spec}):
        d("PUT", A, body)
    d("PATCH", A, {"status": {"conditions": [{**yes, "reason": "changed"}]}}, MERGE)
    d("PATCH", A, {"status": {"certificate": "Zm9v"}}, MERGE)
    d("POST", A, {})
    d("PUT", C + "/nope/approval", says(yes, name="nope"))
    d("PATCH", C + "/door/status", {"status": {"conditions": None}}, MERGE)
    d("PATCH", C + "/door/status", {"status": {"conditions": [yes, {"type": "Failed", "status": "True", "reason": "x"}]}}, MERGE)
    d("DELETE", C + "/door")


PARTS = {f.__name__: f for f in (components, bindings, evictions, running_pods, tokens, finalizers, approvals)}
NUMBERS = ((r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "<time>"), (r"meta: \d+", "meta: <n>"), (r"record \(\d+\)", "record (<n>)"), (r'"request": "[A-Za-z0-9+/=]{99,}"', '"request": "<request>"'), (r" \{.*LS0t.*", " <request>"))


def settle(value):
    text = json.dumps(value)
    for pattern, to in NUMBERS:
        text = re.sub(pattern, to, text)
    return json.loads(text)


def answers(conf, part):
    a = Asker(conf)
    a.namespace("doors")
    part(Door(a))
    return {re.sub(r" \{.*LS0t.*", " <request>", question): settle(answer) for question, answer in a.answers.items()}


if sys.argv[1:2] == ["--record"]:
    save(GOLDEN, {name: answers(sys.argv[2], part) for name, part in PARTS.items()})
    sys.exit()

golden = load(GOLDEN)
with skiff.Cluster(nodes=0) as cluster:
    for name in ("kube-scheduler", "kube-controller-manager"):  # nobody else has a say in these objects
        cluster.local("kill", name)
    for name, part in PARTS.items():
        promise(answers(cluster.conf, part), golden[name], name + ": ")
skiff.finish()
