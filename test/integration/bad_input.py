#!/usr/bin/env python3
"""Hostile and mistaken requests get upstream's code, reason and message, and change nothing.

The expected answers are upstream's own, in test/golden/bad_input.json; `bad_input.py --record KUBECONFIG` asks an upstream
apiserver again."""
import json
import os
import re
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
import skiff
from rest import Rest
from skiff import eq, test

GOLDEN = os.path.join(HERE, "..", "golden", "bad_input.json")
JSON, YAML = "application/json", "application/yaml"
NS = "/api/v1/namespaces/default/"


def pod(**spec):
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "bad"},
            "spec": {"automountServiceAccountToken": False, "containers": [{"name": "c", "image": "busybox:1"}], **spec}}


def config(name="bad", **more):
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, **more}


CASES = {
    "body is not JSON": ("POST", NS + "configmaps", b"{not json", JSON),
    "body ends early": ("POST", NS + "configmaps", b'{"apiVersion":"v1","kind":"ConfigMap"', JSON),
    "empty body": ("POST", NS + "configmaps", b"", JSON),
    "malformed YAML": ("POST", NS + "configmaps", b"apiVersion: v1\nkind: ConfigMap\n  metadata: [", YAML),
    "unknown content type": ("POST", NS + "configmaps", b"x", "application/x-nothing"),
    "another kind than the path's": ("POST", NS + "configmaps", pod(), JSON),
    "string where an object belongs": ("POST", NS + "pods", {**pod(), "spec": "x"}, JSON),
    "string where a number belongs": ("POST", NS + "pods", pod(terminationGracePeriodSeconds="soon"), JSON),
    "number where a string belongs": ("POST", NS + "configmaps", config(data={"a": 1}), JSON),
    "number too large": ("POST", NS + "pods", pod(priority=99999999999), JSON),
    "unknown field, strict": ("POST", NS + "pods?fieldValidation=Strict", pod(nodename="x"), JSON),
    "unknown nested field, strict": ("POST", NS + "pods?fieldValidation=Strict", pod(containers=[{"name": "c", "image": "i", "cmd": []}]), JSON),
    "duplicate field, strict": ("POST", NS + "configmaps?fieldValidation=Strict", b'{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"bad","name":"worse"}}', JSON),
    "wrong fieldValidation": ("POST", NS + "configmaps?fieldValidation=Loose", config(), JSON),
    "wrong dryRun": ("POST", NS + "configmaps?dryRun=Some", config(), JSON),
    "name with capitals": ("POST", NS + "configmaps", config("Bad_Name"), JSON),
    "no name": ("POST", NS + "configmaps", config(""), JSON),
    "name too long": ("POST", NS + "pods", {**pod(), "metadata": {"name": "x" * 254}}, JSON),
    "bad label": ("POST", NS + "configmaps", {**config(), "metadata": {"name": "bad", "labels": {"a b": "c d"}}}, JSON),
    "namespace differs from the path's": ("POST", NS + "configmaps", {**config(), "metadata": {"name": "bad", "namespace": "other"}}, JSON),
    "namespace does not exist": ("POST", "/api/v1/namespaces/nowhere/configmaps", config(), JSON),
    "pod without containers": ("POST", NS + "pods", pod(containers=[]), JSON),
    "container without a name": ("POST", NS + "pods", pod(containers=[{"image": "i"}]), JSON),
    "containers of the same name": ("POST", NS + "pods", pod(containers=[{"name": "c", "image": "i"}] * 2), JSON),
    "unknown restartPolicy": ("POST", NS + "pods", pod(restartPolicy="Sometimes"), JSON),
    "bad quantity": ("POST", NS + "pods", pod(containers=[{"name": "c", "image": "i", "resources": {"requests": {"cpu": "many"}}}]), JSON),
    "limit below request": ("POST", NS + "pods", pod(containers=[{"name": "c", "image": "i", "resources": {"requests": {"cpu": "2"}, "limits": {"cpu": "1"}}}]), JSON),
    "port out of range": ("POST", NS + "pods", pod(containers=[{"name": "c", "image": "i", "ports": [{"containerPort": 70000}]}]), JSON),
    "service without ports": ("POST", NS + "services", {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "bad"}, "spec": {}}, JSON),
    "deployment whose selector misses its labels": ("POST", "/apis/apps/v1/namespaces/default/deployments", {
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "bad"}, "spec": {"selector": {"matchLabels": {"a": "b"}},
        "template": {"metadata": {"labels": {"a": "c"}}, "spec": {"containers": [{"name": "c", "image": "i"}]}}}}, JSON),
    "resourceVersion on create": ("POST", NS + "configmaps", {**config(), "metadata": {"name": "bad", "resourceVersion": "5"}}, JSON),
    "conflicting resourceVersion": ("PUT", NS + "configmaps/there", {**config("there"), "metadata": {"name": "there", "resourceVersion": "1"}}, JSON),
    "malformed resourceVersion": ("PUT", NS + "configmaps/there", {**config("there"), "metadata": {"name": "there", "resourceVersion": "x"}}, JSON),
    "another uid": ("PUT", NS + "configmaps/there", {**config("there"), "metadata": {"name": "there", "uid": "00000000-0000-0000-0000-000000000000"}}, JSON),
    "name differs from the path's": ("PUT", NS + "configmaps/there", config("other"), JSON),
    "update of nothing": ("PUT", NS + "configmaps/nothing", config("nothing"), JSON),
    "already there": ("POST", NS + "configmaps", config("there"), JSON),
    "get of nothing": ("GET", NS + "configmaps/nothing", None, JSON),
    "delete of nothing": ("DELETE", NS + "configmaps/nothing", None, JSON),
    "delete with a wrong precondition": ("DELETE", NS + "configmaps/there", {"kind": "DeleteOptions", "apiVersion": "v1", "preconditions": {"uid": "x"}}, JSON),
    "no such resource": ("GET", NS + "nothings", None, JSON),
    "no such group": ("GET", "/apis/nothing.example/v1/things", None, JSON),
    "method not allowed": ("PATCH", NS + "pods", b"{}", "application/merge-patch+json"),
    "bad label selector": ("GET", NS + "pods?labelSelector=a%20%3D%3D%3D%20b", None, JSON),
    "bad field selector": ("GET", NS + "pods?fieldSelector=spec.nothing%3Dx", None, JSON),
    "bad limit": ("GET", NS + "pods?limit=many", None, JSON),
    "bad continue": ("GET", NS + "pods?continue=nonsense", None, JSON),
    "resourceVersion from the future": ("GET", NS + "pods?resourceVersion=x", None, JSON),
    "patch of an unknown kind": ("PATCH", NS + "configmaps/there", b"{}", "application/x-patch"),
    "JSON patch that is none": ("PATCH", NS + "configmaps/there", b'{"a":1}', "application/json-patch+json"),
    "JSON patch of a missing path": ("PATCH", NS + "configmaps/there", b'[{"op":"remove","path":"/data/nothing"}]', "application/json-patch+json"),
    "merge patch that is not an object": ("PATCH", NS + "configmaps/there", b"[1]", "application/merge-patch+json"),
    "deep nesting": ("POST", NS + "configmaps", b'{"a":' * 20000 + b"1" + b"}" * 20000, JSON),
    "deep nesting of arrays": ("POST", NS + "configmaps", b"[" * 100000, JSON),
    "too large a body": ("POST", NS + "configmaps", config(data={"a": "x" * (3 << 20)}), JSON),
    "too large an object": ("POST", NS + "configmaps", config(data={"a": "x" * 1100000}), JSON),
}


def scrub(text):
    text = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "<uid>", text)
    text = re.sub(r"127\.0\.0\.1:\d+", "<server>", text)
    return text


def ask(rest, case):
    method, path, body, content_type = CASES[case]
    status, headers, data = rest(method, path, body, {"Content-Type": content_type, "Accept": JSON})
    out = {"status": status}
    try:
        answer = json.loads(data)
        out.update({k: answer.get(k) for k in ("kind", "reason", "message", "details", "code") if answer.get(k) is not None})
    except ValueError:
        out["text"] = data.decode("utf-8", "replace")[:500]
    return json.loads(scrub(json.dumps(out)))


def prepare(rest):
    rest("POST", NS + "configmaps", config("there", data={"a": "b"}))
    rest("POST", NS + "serviceaccounts", {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default"}})


if sys.argv[1:2] == ["--record"]:
    peer = Rest(sys.argv[2])
    prepare(peer)
    os.makedirs(os.path.dirname(GOLDEN), exist_ok=True)
    with open(GOLDEN, "w") as f:
        json.dump({case: ask(peer, case) for case in CASES}, f, indent=1, sort_keys=True)
        f.write("\n")
    sys.exit()

golden = json.load(open(GOLDEN))
with skiff.Cluster(nodes=0) as cluster:
    rest = Rest(cluster.conf)
    prepare(rest)
    listing = lambda: [(o["kind"], o["metadata"]["name"], o["metadata"]["resourceVersion"]) for kind in ("configmaps", "pods", "services")
                       for o in [{"kind": kind, **i} for i in json.loads(rest("GET", NS + kind)[2])["items"]]]
    # What controllers write by themselves is there before we look.
    skiff.until(lambda: rest("GET", NS + "configmaps/kube-root-ca.crt")[0] == 200, "kube-root-ca.crt in the namespace")
    before = listing()
    for case in CASES:
        @test("bad input, " + case)
        def _():
            eq(ask(rest, case), golden[case])

    @test("bad input changes nothing")
    def _():
        eq(listing(), before)

    @test("no credentials: resources are forbidden to system:anonymous, health is open")
    def _():
        nobody = Rest(cluster.conf, identity=False)
        status, _, body = nobody("GET", "/api/v1/pods")
        eq((status, json.loads(body)["reason"]), (403, "Forbidden"))
        assert 'User "system:anonymous" cannot list resource "pods"' in json.loads(body)["message"], body
        eq(nobody("GET", "/healthz")[0], 200)

    @test("a wrong bearer token is refused with 401")
    def _():
        status, _, body = Rest(cluster.conf, identity=False)("GET", "/api/v1/pods", headers={"Authorization": "Bearer nonsense"})
        answer = json.loads(body)
        eq((status, answer["reason"], answer["message"]), (401, "Unauthorized", "Unauthorized"))

    @test("an expired certificate and one of another authority are refused with 401")
    def _():
        with tempfile.TemporaryDirectory() as folder:
            def make(name, ca, key, days):
                sh = lambda *a: subprocess.run(a, check=True, capture_output=True, cwd=folder)
                sh("openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", name + ".key",
                   "-out", name + ".csr", "-subj", "/O=system:masters/CN=" + name)
                sh("openssl", "x509", "-req", "-in", name + ".csr", "-CA", ca, "-CAkey", key, "-set_serial", "7", "-days", days,
                   "-out", name + ".crt")
                return os.path.join(folder, name + ".crt"), os.path.join(folder, name + ".key")
            pki = os.path.join(cluster.dir, "pki")
            subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
                            "other.key", "-out", "other.crt", "-subj", "/CN=other"], check=True, capture_output=True, cwd=folder)
            for cert in (make("late", pki + "/ca.crt", pki + "/ca.key", "-1"), make("stranger", "other.crt", "other.key", "1")):
                status, _, body = Rest(cluster.conf, cert=cert)("GET", "/api/v1/pods")
                eq((status, json.loads(body)["reason"]), (401, "Unauthorized"))

skiff.finish()
