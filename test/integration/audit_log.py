#!/usr/bin/env python3
"""What the audit log tells of requests of every kind, at every level; how it is set aside, batched and shortened.

The expected events are upstream's own, in test/golden/audit_log.json; `audit_log.py --policy FILE` writes the policy that
`audit_log.py --record KUBECONFIG LOG` asks an upstream apiserver with (--audit-policy-file=FILE --audit-log-path=LOG)."""
import json
import os
import re
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
import skiff
from ask import MERGE, Asker, obj, plain
from recorded import load, promise, save
from skiff import test, until

GOLDEN = os.path.join(HERE, "..", "golden", "audit_log.json")
POLICY = """apiVersion: audit.k8s.io/v1
kind: Policy
rules:
- {level: None, resources: [{group: "", resources: ["secrets"]}], verbs: ["get"]}
- {level: Metadata, resources: [{group: "", resources: ["secrets"]}]}
- {level: Request, resources: [{group: "", resources: ["serviceaccounts", "serviceaccounts/token"]}]}
- {level: Metadata, omitStages: ["RequestReceived"], nonResourceURLs: ["/healthz*", "/version"]}
- {level: RequestResponse, omitManagedFields: true, namespaces: ["audited"]}
- {level: RequestResponse}
"""
N, D, APPS = "/api/v1/namespaces/audited", "/api/v1/namespaces/default", "/apis/apps/v1/namespaces/audited"
TABLE, APPLY = "application/json;as=Table;g=meta.k8s.io;v=v1", "application/apply-patch+yaml"
ADMISSION = "admissionregistration.k8s.io"


def config_map(name, **data):
    return obj("v1", "ConfigMap", name, data=data)


def pod(name, **spec):
    return obj("v1", "Pod", name, spec={"containers": [{"name": "c", "image": "i"}], "automountServiceAccountToken": False, **spec})


def policies(a):
    """Policies that annotate, and that only record what they would refuse."""
    rule = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["configmaps"]}
    for name, spec, actions in (
            ("notes", {"validations": [{"expression": "true"}], "auditAnnotations": [{"key": "size", "valueExpression": "string(size(object.data))"}, {"key": "none", "valueExpression": "null"}]}, ["Deny"]),
            ("records", {"validations": [{"expression": "true"}, {"expression": "!has(object.data.bad)", "message": "bad data"}]}, ["Audit", "Warn"])):
        match = {"resourceRules": [rule], "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "audited"}}}
        a.send("POST", "/apis/%s/v1/validatingadmissionpolicies" % ADMISSION, obj(ADMISSION + "/v1", "ValidatingAdmissionPolicy", name, spec={"matchConstraints": match, **spec}))
        a.send("POST", "/apis/%s/v1/validatingadmissionpolicybindings" % ADMISSION, obj(ADMISSION + "/v1", "ValidatingAdmissionPolicyBinding", name, spec={"policyName": name, "validationActions": actions}))
    until(lambda: "bad data" in str(a.send("POST", N + "/configmaps?dryRun=All", config_map("probe", bad="1"))[1].get_all("Warning")), "the policies to be in force")


QUESTIONS = [
    ("create", "POST", N + "/configmaps", config_map("a", x="1")), ("create, recorded", "POST", N + "/configmaps", config_map("b", bad="1", more="2")),
    ("create, there already", "POST", N + "/configmaps", config_map("a")), ("create, dry run", "POST", N + "/configmaps?dryRun=All", config_map("d")), ("create, generated name", "POST", N + "/configmaps?dryRun=All", {"metadata": {"generateName": "g-"}, "data": {"a": "b"}}),
    ("create, no JSON", "POST", N + "/configmaps", b"{bad"), ("create, wrong type", "POST", N + "/configmaps", {"metadata": {"name": "w"}, "data": {"a": 1}}), ("create, elsewhere", "POST", N + "/configmaps", obj("v1", "ConfigMap", "o", "other")),
    ("create, unknown field", "POST", N + "/configmaps?fieldValidation=Strict", {**config_map("u"), "bogus": 1}),
    ("get", "GET", N + "/configmaps/a"), ("get, nothing there", "GET", N + "/configmaps/nope"), ("get, as a table", "GET", N + "/configmaps/a", None, {"Accept": TABLE}),
    ("get, owners told", "GET", D + "/configmaps/owned"), ("list", "GET", N + "/configmaps?limit=5&fieldSelector=metadata.name%3Da"), ("list, partial", "GET", N + "/configmaps?fieldSelector=metadata.name%3Da", None, {"Accept": "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"}),
    ("list, wrong selector", "GET", N + "/configmaps?labelSelector=a%3D%3D%3Db"), ("watch", "GET", N + "/configmaps?watch=1&timeoutSeconds=1&fieldSelector=metadata.name%3Da"),
    ("merge patch", "PATCH", N + "/configmaps/a", {"data": {"y": "2"}}, {}, MERGE), ("JSON patch", "PATCH", N + "/configmaps/a", b'[ {"op": "add", "path": "/data/z", "value": "<3>"} ]', {}, "application/json-patch+json"), ("patch of unknown type", "PATCH", N + "/configmaps/a", {}, {}, "application/foo"),
    ("apply", "PATCH", N + "/configmaps/s?fieldManager=me", config_map("s", k="v"), {}, APPLY), ("update", "PUT", N + "/configmaps/a", config_map("a", only="this")), ("update, other name", "PUT", N + "/configmaps/a", config_map("b")),
    ("update, old version", "PUT", N + "/configmaps/a", obj("v1", "ConfigMap", "a", metadata={"resourceVersion": "1"})),
    ("delete", "DELETE", N + "/configmaps/a", {"propagationPolicy": "Background"}), ("delete, again", "DELETE", N + "/configmaps/a"), ("delete, named options", "DELETE", N + "/configmaps/b", {"kind": "DeleteOptions", "apiVersion": "v1", "gracePeriodSeconds": 0}), ("delete, query", "DELETE", N + "/configmaps/s?propagationPolicy=Orphan"),
    ("delete collection", "DELETE", N + "/configmaps?labelSelector=a%3Db"),
    ("pod", "POST", N + "/pods?dryRun=All", pod("p")), ("pod, restricted", "POST", N + "/pods", pod("p", hostNetwork=True)), ("pod, invalid", "POST", N + "/pods", pod("p", restartPolicy="x")), ("pod status", "GET", N + "/pods/p/status"),
    ("scale", "PATCH", APPS + "/deployments/nope/scale", {"spec": {"replicas": 1}}, {}, MERGE), ("binding", "POST", N + "/pods/nope/binding", obj("v1", "Binding", "nope", target={"name": "n"})), ("eviction", "POST", N + "/pods/nope/eviction", obj("policy/v1", "Eviction", "nope")),
    ("secret, created", "POST", N + "/secrets?dryRun=All", obj("v1", "Secret", "s", stringData={"a": "b"})), ("secret, got", "GET", N + "/secrets/s"), ("secrets, listed", "GET", N + "/secrets?fieldSelector=metadata.name%3Dx"),
    ("account", "POST", N + "/serviceaccounts?dryRun=All", obj("v1", "ServiceAccount", "x")), ("token", "POST", N + "/serviceaccounts/nope/token", {"spec": {"audiences": ["x"]}}),
    ("review", "POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", {"spec": {"resourceAttributes": {"verb": "get", "resource": "pods"}}}),
    ("namespace", "GET", "/api/v1/namespaces/audited"), ("deprecated", "GET", N + "/endpoints?fieldSelector=metadata.name%3Dx"), ("cluster scope", "GET", "/apis/storage.k8s.io/v1/storageclasses?fieldSelector=metadata.name%3Dx"),
    ("healthz", "GET", "/healthz"), ("version", "GET", "/version"), ("no such path", "GET", "/nope"), ("no such resource", "GET", "/api/v1/nopes"), ("wrong method", "PATCH", "/version", {}, {}, MERGE),
    ("acting as another", "GET", N + "/configmaps", None, [("Impersonate-User", "bob"), ("Impersonate-Group", "g1"), ("Impersonate-Extra-Team", "x")]), ("from afar", "GET", N + "/configmaps/nope", None, {"X-Forwarded-For": "10.0.0.1, 10.0.0.2", "X-Real-Ip": "10.0.0.3"}),
    ("allowed by a role", "GET", "/openapi/v3", None, [("Impersonate-User", "bob")]), ("discovery", "GET", "/api", None, {"Accept": "application/json"}), ("bad time", "GET", N + "/configmaps?timeout=x"),
]


def ask_all(a):
    a.namespace("audited", {"pod-security.kubernetes.io/enforce": "baseline", "pod-security.kubernetes.io/audit": "restricted", "pod-security.kubernetes.io/audit-version": "v1.30"})
    a.send("DELETE", D + "/configmaps/owned")
    a.send("POST", D + "/configmaps", config_map("owned", k="v"), {"User-Agent": "probe/1"})
    policies(a)
    for name, method, path, body, headers, content_type, identity in ((*q, None, None, None, None)[:6] + (True,) for q in QUESTIONS):
        pairs = list(headers.items()) if isinstance(headers, dict) else list(headers or [])
        a.send(method, path, body, [*pairs, ("Audit-ID", "q " + name), ("User-Agent", "probe/1")], content_type, identity)
    a.send("GET", N + "/pods", None, {"Audit-ID": "q anonymous", "User-Agent": "probe/1"}, None, False)
    a.send("GET", N + "/pods", None, {"Audit-ID": "q wrong token", "User-Agent": "probe/1", "Authorization": "Bearer x"}, None, False)


SCRUB = re.compile(r"uid|Timestamp|resourceVersion|[tT]ime$")


def scrub(value):
    if isinstance(value, dict):
        return {k: "<>" if SCRUB.search(k) and isinstance(v, str) else scrub(v) for k, v in value.items() if not k.startswith("apiserver.latency")}
    if isinstance(value, str):
        return re.sub(r"\bg-[a-z0-9]{5}\b", "g-<x>", value)
    return [scrub(v) for v in value] if isinstance(value, list) else value


def events(log):
    """By question: what was told, in order."""
    told = {}
    for line in open(log):
        event = json.loads(line)
        if event["auditID"].startswith("q "):
            told.setdefault(event["auditID"][2:], []).append(plain(scrub(event)))
    return told


def all_told(log):
    until(lambda: "wrong token" in events(log), "the last question in the log", 20)
    until(lambda: len(events(log).get("watch", [])) >= 3, "the watch to be over", 20)
    return events(log)


if sys.argv[1:2] == ["--policy"]:
    open(sys.argv[2], "w").write(POLICY)
    sys.exit()
if sys.argv[1:2] == ["--record"]:
    ask_all(Asker(sys.argv[2]))
    save(GOLDEN, all_told(sys.argv[3]))
    sys.exit()

golden = load(GOLDEN)
with tempfile.TemporaryDirectory() as folder:
    policy, log = os.path.join(folder, "policy.yaml"), os.path.join(folder, "audit.log")
    open(policy, "w").write(POLICY)
    flags = {"audit-policy-file": policy, "audit-log-path": log}
    with skiff.Cluster(nodes=0, flags=["kube-apiserver.%s=%s" % f for f in flags.items()]) as cluster:
        ask_all(Asker(cluster.conf))
        promise(all_told(log), golden)

        @test("the daemons' own door is told of")
        def _():
            agents = {e["user"].get("username") for e in map(json.loads, open(log)) if e["stage"] == "ResponseComplete"}
            assert "system:kube-controller-manager" in agents, agents
    batched = {**flags, "audit-log-path": os.path.join(folder, "batched.log"), "audit-log-mode": "batch", "audit-log-batch-max-size": "50", "audit-log-batch-max-wait": "100ms", "audit-log-format": "legacy"}
    with skiff.Cluster(nodes=0, flags=["kube-apiserver.%s=%s" % f for f in batched.items()]) as cluster:
        @test("batches reach the log, in the old form")
        def _():
            Asker(cluster.conf).send("GET", "/version", None, {"Audit-ID": "old form"})
            line = until(lambda: [l for l in open(batched["audit-log-path"]) if '"old form"' in l], "the batch")[0]
            assert re.match(r'\S+Z AUDIT: id="old form" stage="ResponseComplete" ip="127.0.0.1" method="get" user="\S+" groups=".*" as="<self>" asgroups="<lookup>" user-agent="" namespace="<none>" uri="/version" response="200"$', line), line
skiff.finish()
