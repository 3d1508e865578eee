#!/usr/bin/env python3
"""--admission-control-config-file sets PodSecurity and EventRateLimit as upstream's.

The expected answers are upstream's own, in test/golden/admission_config.json; `admission_config.py --record` asks upstream's apiserver
again, which it needs."""
import json
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
import skiff
from ask import MERGE, Asker, obj
from skiff import test, until
from upstream import ApiServer

GOLDEN = os.path.join(HERE, "..", "golden", "admission_config.json")
RECORD = sys.argv[1:2] == ["--record"]
CONFIG = {"apiVersion": "apiserver.config.k8s.io/v1", "kind": "AdmissionConfiguration", "plugins": [
    {"name": "PodSecurity", "configuration": {"apiVersion": "pod-security.admission.config.k8s.io/v1", "kind": "PodSecurityConfiguration",
     "defaults": {"enforce": "baseline", "enforce-version": "v1.30", "warn": "restricted", "audit": "restricted"},
     "exemptions": {"usernames": ["trusted"], "namespaces": ["free"], "runtimeClasses": ["sandbox"]}}},
    {"name": "EventRateLimit", "path": "limits.yaml"}]}
LIMITS = {"apiVersion": "eventratelimit.admission.k8s.io/v1alpha1", "kind": "Configuration", "limits": [{"type": "Namespace", "qps": 1, "burst": 3, "cacheSize": 10}]}
ACT = {"Impersonate-User": "trusted", "Impersonate-Group": "system:masters"}


def pod(name, **spec):
    return obj("v1", "Pod", name, None, spec={"automountServiceAccountToken": False, "containers": [{"name": "c", "image": "i"}], **spec})


def ask_all(a):
    for name, labels in (("plain", {}), ("free", {}), ("own", {"pod-security.kubernetes.io/enforce": "privileged"}), ("busy", {})):
        a.namespace(name, labels)
    a.set(obj("node.k8s.io/v1", "RuntimeClass", "sandbox", handler="h"))
    for ns in ("plain", "free", "own"):
        path = "/api/v1/namespaces/%s/pods?dryRun=All" % ns
        for name, spec in (("meek", {}), ("bold", {"hostNetwork": True}), ("sandboxed", {"hostNetwork": True, "runtimeClassName": "sandbox"})):
            a.ask("%s %s" % (ns, name), "POST", path, pod(name, **spec))
        a.ask("%s bold of a user that is exempt" % ns, "POST", path, pod("bold", hostNetwork=True), headers=ACT)
        a.ask("%s deployment" % ns, "POST", "/apis/apps/v1/namespaces/%s/deployments?dryRun=All" % ns, obj("apps/v1", "Deployment", "d", None, spec={
            "selector": {"matchLabels": {"a": "b"}}, "template": {"metadata": {"labels": {"a": "b"}}, "spec": pod("x", hostPID=True)["spec"]}}))
    for name, labels in (("free", {"pod-security.kubernetes.io/enforce": "restricted"}), ("free", {"pod-security.kubernetes.io/enforce": "privileged"}),
                         ("plain", {"pod-security.kubernetes.io/enforce": "restricted"})):
        a.ask("labels of %s: %s" % (name, list(labels.values())[0]), "PATCH", "/api/v1/namespaces/" + name, {"metadata": {"labels": labels}}, content_type=MERGE)
    for i in range(4):
        a.ask("event %d" % i, "POST", "/api/v1/namespaces/busy/events", obj("v1", "Event", "e%d" % i, "busy", involvedObject={"kind": "Pod", "namespace": "busy", "name": "p"}))


with skiff.Folder() as folder:
    path = os.path.join(folder, "admission.yaml")
    for name, body in (("admission.yaml", CONFIG), ("limits.yaml", LIMITS)):
        with open(os.path.join(folder, name), "w") as f:
            json.dump(body, f)
    plugins = "NodeRestriction,EventRateLimit"
    flags = ["kube-apiserver.admission-control-config-file=" + path, "kube-apiserver.enable-admission-plugins=" + plugins]
    with skiff.Cluster(nodes=0, flags=[] if RECORD else flags) as cluster:
        a = Asker(cluster.conf)
        for component in ("kube-controller-manager", "kube-scheduler"):
            cluster.local("kill", component)
        if RECORD:
            endpoint = cluster.env()["ETCDCTL_ENDPOINTS"]
            cluster.local("kill", "kube-apiserver-0")
            with ApiServer(cluster, endpoint, "--admission-control-config-file=" + path, "--enable-admission-plugins=" + plugins):
                until(a.ready, "upstream's is ready", 120)
                ask_all(a)
            with open(GOLDEN, "w") as f:
                json.dump(a.answers, f, indent=1, sort_keys=True)
                f.write("\n")
            sys.exit()
        ask_all(a)
        with open(GOLDEN) as f:
            golden = json.load(f)
        for part in ("plain", "free", "own", "labels", "event"):
            @test("upstream's answers: " + part)
            def _():
                wrong = ["%s: got %s, want %s" % (k, json.dumps(a.answers.get(k)), json.dumps(want)) for k, want in golden.items()
                         if k.startswith(part) and a.answers.get(k) != want]
                assert not wrong, "%d differ\n%s" % (len(wrong), "\n".join(wrong))

skiff.finish()
