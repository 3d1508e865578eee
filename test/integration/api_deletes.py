#!/usr/bin/env python3
"""Deletions answer and leave behind what upstream's do: options, preconditions, grace, finalizers, propagation, collections."""
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
import scenario as sc
from scenario import scenario

GOLDEN = os.path.join(HERE, "..", "golden", "api_deletes.json.gz")
CM = "/api/v1/namespaces/$NS/configmaps"
PODS = "/api/v1/namespaces/$NS/pods"
RC = "/api/v1/namespaces/$NS/replicationcontrollers"
JOBS = "/apis/batch/v1/namespaces/$NS/jobs"
DEPLOYMENTS = "/apis/apps/v1/namespaces/$NS/deployments"
MERGE = {"Content-Type": "application/merge-patch+json"}
ZERO = "00000000-0000-0000-0000-000000000000"


def config(name, finalizers=None, **labels):
    meta = {"name": name, "labels": labels}
    if finalizers:
        meta["finalizers"] = finalizers
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": {"k": name}}


def pod(name, node=None, grace=None, finalizers=None, **labels):
    p = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": labels}, "spec": {"schedulerName": "none", "containers": [{"name": "c", "image": "i"}]}}
    if node:
        p["spec"]["nodeName"] = node
    if grace is not None:
        p["spec"]["terminationGracePeriodSeconds"] = grace
    if finalizers:
        p["metadata"]["finalizers"] = finalizers
    return p


TEMPLATE = {"metadata": {"labels": {"app": "a"}}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
OBJECTS = {
    CM: lambda name: config(name), PODS: lambda name: pod(name),
    RC: lambda name: {"apiVersion": "v1", "kind": "ReplicationController", "metadata": {"name": name}, "spec": {"replicas": 0, "template": TEMPLATE}},
    JOBS: lambda name: {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name}, "spec": {"suspend": True, "template": {"spec": {**TEMPLATE["spec"], "restartPolicy": "Never"}}}},
    DEPLOYMENTS: lambda name: {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": {"replicas": 0, "selector": {"matchLabels": {"app": "a"}}, "template": TEMPLATE}},
    "/api/v1/namespaces/$NS/services": lambda name: {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": {"ports": [{"port": 80}]}},
    "/api/v1/namespaces/$NS/secrets": lambda name: {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}},
    "/api/v1/namespaces/$NS/serviceaccounts": lambda name: {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name}},
    "/api/v1/namespaces/$NS/persistentvolumeclaims": lambda name: {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": name}, "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}},
    "/apis/apps/v1/namespaces/$NS/statefulsets": lambda name: {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": name}, "spec": {"replicas": 0, "serviceName": "s", "selector": {"matchLabels": {"app": "a"}}, "template": TEMPLATE}},
    "/apis/coordination.k8s.io/v1/namespaces/$NS/leases": lambda name: {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": name}, "spec": {}},
    "/api/v1/namespaces/$NS/events": lambda name: {"apiVersion": "v1", "kind": "Event", "metadata": {"name": name}, "involvedObject": {"namespace": "$NS", "name": "x"}, "reason": "r", "type": "Normal"},
}
OPTIONS = [
    None, {}, {"propagationPolicy": "Background"}, {"propagationPolicy": "Foreground"}, {"propagationPolicy": "Orphan"}, {"propagationPolicy": ""}, {"propagationPolicy": "Wrong"}, {"orphanDependents": True}, {"orphanDependents": False},
    {"orphanDependents": True, "propagationPolicy": "Orphan"}, {"gracePeriodSeconds": 0}, {"gracePeriodSeconds": 5}, {"gracePeriodSeconds": -1}, {"gracePeriodSeconds": 9223372036854775807}, {"preconditions": {"uid": ZERO}}, {"preconditions": {"resourceVersion": "1"}},
    {"preconditions": {"uid": ""}}, {"preconditions": {}}, {"preconditions": {"resourceVersion": "x"}}, {"dryRun": ["All"]}, {"dryRun": ["Some"]}, {"dryRun": []}, {"dryRun": ["All", "All"]}, {"dryRun": "All"}, {"dryRun": ["All"], "propagationPolicy": "Foreground"}, {"bogus": 1}, {"gracePeriodSeconds": "x"}, {"gracePeriodSeconds": 1.5},
    {"kind": "DeleteOptions", "apiVersion": "v1"}, {"kind": "DeleteOptions", "apiVersion": "apps/v1"}, {"kind": "DeleteOptions", "apiVersion": "bogus/v1"}, {"kind": "DeleteOptions"}, {"apiVersion": "v1"}, {"kind": "Pod", "apiVersion": "v1"}, {"kind": "DeleteOptions", "apiVersion": "meta.k8s.io/v1"},
    {"kind": "Status", "apiVersion": "v1"}, {"ignoreStoreReadErrorWithClusterBreakingPotential": True}, {"ignoreStoreReadErrorWithClusterBreakingPotential": False}, {"ignoreStoreReadErrorWithClusterBreakingPotential": True, "gracePeriodSeconds": 0}, b"[]", b"null", b"{", b"1", b'"x"', b" ",
]


def leaves(s, path, name):
    a = s.quiet("GET", path + "/" + name)
    if a.status == 404:
        return s.keep("left", None)
    meta = a.json()["metadata"]
    s.keep("left", {"meta": {k: meta.get(k) for k in ("deletionTimestamp", "deletionGracePeriodSeconds", "finalizers", "generation")},
                    "managers": [[m["manager"], m["operation"], m.get("fieldsV1")] for m in meta.get("managedFields", [])], "status": a.json().get("status")})


def each_option(path, options=OPTIONS):
    def ask(s):
        made = OBJECTS[path]
        for i, o in enumerate(options):
            name = "o%d" % i
            body = made(name)
            s.quiet("POST", path, {**body, **({"involvedObject": {"namespace": s.ns}} if body["kind"] == "Event" else {})})
            s("DELETE", path + "/" + name, o, note=str(o))
            leaves(s, path, name)
    return ask


for path in OBJECTS:
    short = path.split("/")[-1]
    scenario("delete options of " + short)(each_option(path, OPTIONS if short in ("configmaps", "pods", "deployments") else OPTIONS[:27]))


@scenario("options in the query")
def _(s):
    queries = ["", "propagationPolicy=Background", "propagationPolicy=Foreground", "propagationPolicy=Orphan", "propagationPolicy=", "propagationPolicy=orphan", "orphanDependents=true", "orphanDependents=false", "orphanDependents=x", "orphanDependents=", "orphanDependents=1", "gracePeriodSeconds=0", "gracePeriodSeconds=-1",
               "gracePeriodSeconds=x", "gracePeriodSeconds=", "gracePeriodSeconds=1.5", "gracePeriodSeconds=9999999999999999999", "dryRun=All", "dryRun=", "dryRun=all", "dryRun=All&dryRun=All", "dryRun=All&dryRun=x", "fieldManager=x", "fieldValidation=Strict", "fieldValidation=x", "pretty=1", "bogus=1",
               "preconditions.uid=x", "resourceVersion=1", "resourceVersion=x", "orphanDependents=true&propagationPolicy=Orphan", "labelSelector=a%20b", "fieldSelector=x", "limit=x", "timeout=x", "ignoreStoreReadErrorWithClusterBreakingPotential=true", "ignoreStoreReadErrorWithClusterBreakingPotential=x", "uid=x", "kind=x", "apiVersion=v1"]
    for i, q in enumerate(queries):
        name = "o%d" % i
        s.quiet("POST", CM, config(name))
        s("DELETE", CM + "/" + name + "?" + q)
        leaves(s, CM, name)
    for i, (q, body) in enumerate((("propagationPolicy=Foreground", {"propagationPolicy": "Orphan"}), ("propagationPolicy=Wrong", {}), ("dryRun=All", {}), ("dryRun=All", {"kind": "DeleteOptions", "apiVersion": "v1"}), ("dryRun=Wrong", {"dryRun": ["All"]}), ("gracePeriodSeconds=x", {}), ("dryRun=All", {"propagationPolicy": "Foreground"}))):
        name = "b%d" % i
        s.quiet("POST", CM, config(name))
        s("DELETE", CM + "/" + name + "?" + q, body, note=str(body))
        leaves(s, CM, name)


@scenario("bodies of other types")
def _(s):
    import base64
    for i, (ctype, body) in enumerate((("application/yaml", b"propagationPolicy: Foreground"), ("application/xml", b"<x/>"), ("application/json; charset=utf-8", b"{}"), ("text/plain", b"{}"), (None, b'{"propagationPolicy":"Foreground"}'), ("", b"{}"), ("application/vnd.kubernetes.protobuf", b"x"),
                                       ("application/vnd.kubernetes.protobuf", b"k8s\0\x0a\x13\x0a\x02v1\x12\x0dDeleteOptions\x12\x0c\x22\x0aForeground\x1a\x00\x22\x00"), ("application/vnd.kubernetes.protobuf", b"k8s\0"), ("application/xml", b""), ("application/cbor", b"{}"), ("application/merge-patch+json", b"{}"), ("application/yaml", b""))):
        name = "o%d" % i
        s.quiet("POST", CM, config(name))
        s("DELETE", CM + "/" + name, body, headers={"Content-Type": ctype}, note=repr(body))
        leaves(s, CM, name)


@scenario("finalizers hold objects until they are gone")
def _(s):
    for i, finalizers in enumerate((["example.com/a"], ["example.com/a", "example.com/b"], ["orphan"], ["foregroundDeletion"], ["orphan", "example.com/a"], ["foregroundDeletion", "example.com/a"], ["kubernetes"])):
        for j, options in enumerate((None, {"propagationPolicy": "Background"}, {"propagationPolicy": "Foreground"}, {"propagationPolicy": "Orphan"}, {"orphanDependents": False}, {"gracePeriodSeconds": 0}, {"gracePeriodSeconds": 10})):
            name = "o%d-%d" % (i, j)
            s.quiet("POST", CM, config(name, finalizers))
            s("DELETE", CM + "/" + name, options, note="%s %s" % (finalizers, options))
            leaves(s, CM, name)
            s("DELETE", CM + "/" + name, options, note="again %s %s" % (finalizers, options))
            leaves(s, CM, name)
            s("PATCH", CM + "/" + name, {"metadata": {"finalizers": ["example.com/late"]}}, headers=MERGE, note="adding one")
            s("PATCH", CM + "/" + name, {"metadata": {"finalizers": None}}, headers=MERGE, note="removing all")
            leaves(s, CM, name)
    s.quiet("POST", CM, config("back", ["example.com/a"]))
    s.quiet("DELETE", CM + "/back")
    s("PATCH", CM + "/back", {"metadata": {"deletionTimestamp": None}}, headers=MERGE)
    leaves(s, CM, "back")
    s("POST", CM, config("back"))
    s("PATCH", CM + "/back", {"metadata": {"finalizers": []}}, headers=MERGE)
    s("POST", CM, config("back"))


def bind_running(s, name):
    s.quiet("PATCH", PODS + "/" + name + "/status", {"status": {"phase": "Running"}}, MERGE)


@scenario("pods go gracefully")
def _(s):
    n = 0
    for node in (None, "n1"):
        for grace in (None, 0, 60):
            for phase in ("Pending", "Running", "Succeeded", "Failed"):
                for options in (None, {"gracePeriodSeconds": 0}, {"gracePeriodSeconds": 5}, {"gracePeriodSeconds": -1}, {"propagationPolicy": "Foreground"}, {"dryRun": ["All"]}):
                    if grace == 60 and phase in ("Succeeded", "Failed") and node is None:
                        continue
                    n += 1
                    name = "p%d" % n
                    s.quiet("POST", PODS, pod(name, node, grace))
                    if phase != "Pending":
                        s.quiet("PATCH", PODS + "/" + name + "/status", {"status": {"phase": phase}}, MERGE)
                    s("DELETE", PODS + "/" + name, options, note="%s %s %s %s" % (node, grace, phase, options),
                      show=lambda a: [a.json().get("kind"), a.json().get("message"), {k: sc.scrub(a.json().get("metadata", {}).get(k), k) for k in ("deletionTimestamp", "deletionGracePeriodSeconds", "finalizers", "generation")}, (a.json().get("status") or {}).get("phase") if isinstance(a.json().get("status"), dict) else a.json().get("status")])
                    leaves(s, PODS, name)


@scenario("pods deleted again and again")
def _(s):
    import time
    def seconds(a):
        import datetime
        m = a.json()["metadata"]
        if "deletionTimestamp" not in m:
            return sc.scrub(a.json())
        t = datetime.datetime.fromisoformat(m["deletionTimestamp"].replace("Z", "+00:00")).timestamp() - time.time()
        return [a.json()["kind"], round(t / 10) * 10, m.get("deletionGracePeriodSeconds"), m.get("finalizers"), m.get("generation")]
    for i, second in enumerate((None, {"gracePeriodSeconds": 0}, {"gracePeriodSeconds": 100}, {"gracePeriodSeconds": 300}, {"gracePeriodSeconds": 200}, {"gracePeriodSeconds": -1}, {"propagationPolicy": "Foreground"}, {"propagationPolicy": "Orphan"}, {"preconditions": {"uid": ZERO}}, {"dryRun": ["All"], "gracePeriodSeconds": 0}, {"dryRun": ["All"], "gracePeriodSeconds": 100})):
        name = "p%d" % i
        s.quiet("POST", PODS, pod(name, "n1", 200))
        s("DELETE", PODS + "/" + name, show=seconds)
        s("DELETE", PODS + "/" + name, second, show=seconds, note=str(second))
        leaves(s, PODS, name)
        s("DELETE", PODS + "/" + name, {"gracePeriodSeconds": 50}, show=seconds, note="50")
        leaves(s, PODS, name)
    for i, options in enumerate((None, {"gracePeriodSeconds": 0}, {"gracePeriodSeconds": 100})):
        name = "f%d" % i
        s.quiet("POST", PODS, pod(name, "n1", 200, ["example.com/a"]))
        s("DELETE", PODS + "/" + name, options, show=seconds, note=str(options))
        leaves(s, PODS, name)
        s("PATCH", PODS + "/" + name, {"metadata": {"finalizers": None}}, headers=MERGE, show=seconds)
        leaves(s, PODS, name)
        s("DELETE", PODS + "/" + name, {"gracePeriodSeconds": 0}, show=seconds, note="0")
        leaves(s, PODS, name)


@scenario("preconditions")
def _(s):
    for path, made in ((CM, config), (PODS, pod), (DEPLOYMENTS, OBJECTS[DEPLOYMENTS])):
        for i, what in enumerate(("uid", "resourceVersion", "both", "uid and wrong version", "version and wrong uid", "wrong uid", "wrong version", "0", "empty version")):
            name = "o%d" % i
            meta = s.quiet("POST", path, made(name)).json()["metadata"]
            p = {"uid": {"uid": meta["uid"]}, "resourceVersion": {"resourceVersion": meta["resourceVersion"]}, "both": {"uid": meta["uid"], "resourceVersion": meta["resourceVersion"]}, "uid and wrong version": {"uid": meta["uid"], "resourceVersion": "1"},
                 "version and wrong uid": {"uid": ZERO, "resourceVersion": meta["resourceVersion"]}, "wrong uid": {"uid": ZERO}, "wrong version": {"resourceVersion": "1"}, "0": {"resourceVersion": "0"}, "empty version": {"resourceVersion": ""}}[what]
            s("DELETE", path + "/" + name, {"preconditions": p}, note=what)
            leaves(s, path, name)


def left(s, path):
    s.keep("left", [[i["metadata"]["name"], bool(i["metadata"].get("deletionTimestamp")), i["metadata"].get("finalizers")] for i in s.quiet("GET", path).json()["items"]])


def brief(a):
    b = a.json()
    if "items" not in b:
        return sc.scrub(b)
    return [b["kind"], sc.scrub(b["metadata"]), [[i["metadata"]["name"], sorted(k for k in i["metadata"] if k not in ("labels", "managedFields", "name")), i["metadata"].get("finalizers")] for i in b["items"]]]


@scenario("collections")
def _(s):
    def fill():
        for i in range(5):
            s.quiet("POST", CM, config("c%d" % i, odd=str(i % 2)))
            s.quiet("PUT", CM + "/c%d" % i, config("c%d" % i, odd=str(i % 2)))
    for q, body in (("labelSelector=odd=1", None), ("fieldSelector=metadata.name=c2", None), ("limit=1", None), ("limit=2&labelSelector=odd=0", None), ("dryRun=All", None), ("", {"dryRun": ["All"]}), ("propagationPolicy=Foreground", None), ("", {"propagationPolicy": "Orphan"}), ("", {"preconditions": {"uid": ZERO}}),
                    ("", {"preconditions": {"resourceVersion": "1"}}), ("", {"gracePeriodSeconds": 0}), ("propagationPolicy=Wrong", None), ("labelSelector=a%20b", None), ("fieldSelector=x=y", None), ("limit=x", None), ("resourceVersion=0", None), ("resourceVersion=x", None), ("continue=x", None),
                    ("timeoutSeconds=1", None), ("timeoutSeconds=x", None), ("resourceVersionMatch=Exact", None), ("sendInitialEvents=true", None), ("watch=1", None), ("", {"bogus": 1}), ("", b"{"), ("", b"[]"), ("labelSelector=none=such", None), ("dryRun=x", None), ("gracePeriodSeconds=x", None), ("", {"kind": "Pod", "apiVersion": "v1"}), ("", {"kind": "DeleteOptions", "apiVersion": "v1"}), ("", None)):
        fill()
        s("DELETE", CM + "?" + q, body, show=brief, note=str(body))
        left(s, CM)
        for i in s.quiet("GET", CM).json()["items"]:
            s.quiet("PATCH", CM + "/" + i["metadata"]["name"], {"metadata": {"finalizers": None}}, MERGE)
    s("DELETE", CM, show=brief, note="of nothing")


@scenario("collections of pods and others")
def _(s):
    for i in range(4):
        s.quiet("POST", PODS, pod("p%d" % i, "n1" if i % 2 else None, odd=str(i % 2)))
    s("DELETE", PODS + "?labelSelector=odd=1", show=brief)
    left(s, PODS)
    s("DELETE", PODS + "?fieldSelector=spec.nodeName=n1", {"gracePeriodSeconds": 0}, show=brief)
    left(s, PODS)
    s("DELETE", PODS, show=brief)
    left(s, PODS)
    for path in ("/api/v1/namespaces/$NS/services", JOBS, RC, DEPLOYMENTS, "/apis/coordination.k8s.io/v1/namespaces/$NS/leases", "/api/v1/namespaces/$NS/serviceaccounts"):
        for n in ("a", "b"):
            s.quiet("POST", path, OBJECTS[path](n))
        s("DELETE", path, show=brief)
        left(s, path)
    for path in ("/api/v1/namespaces", "/api/v1/configmaps", "/api/v1/namespaces/$NS/nonsense", "/apis/apps/v1/deployments", "/api/v1/namespaces/$NS/pods/p0/status", "/api/v1/namespaces/$NS/bindings"):
        s("DELETE", path + "?labelSelector=no=such", show=brief)
    for accept in ("application/json;as=Table;g=meta.k8s.io;v=v1", "application/vnd.kubernetes.protobuf", "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1", "application/yaml", "application/xml"):
        s.quiet("POST", CM, config("x"))
        s("DELETE", CM, headers={"Accept": accept})
        left(s, CM)


@scenario("collections with finalizers")
def _(s):
    for i in range(3):
        s.quiet("POST", CM, config("c%d" % i, ["example.com/a"] if i else None))
    s("DELETE", CM, show=brief)
    left(s, CM)
    s("DELETE", CM, show=brief)
    left(s, CM)


@scenario("cluster kinds and namespaces")
def _(s):
    ns = s.ns + "-x"
    for i, options in enumerate((None, {"propagationPolicy": "Foreground"}, {"propagationPolicy": "Orphan"}, {"gracePeriodSeconds": 0}, {"gracePeriodSeconds": 5}, {"dryRun": ["All"]}, {"preconditions": {"uid": ZERO}}, {"preconditions": {"resourceVersion": "1"}}, {"propagationPolicy": "Background"}, {"orphanDependents": False})):
        name = "%s%d" % (ns, i)
        s.quiet("POST", "/api/v1/namespaces", {"metadata": {"name": name}})
        s("DELETE", "/api/v1/namespaces/" + name, options, note=str(options))
        leaves(s, "/api/v1/namespaces", name)
        s("DELETE", "/api/v1/namespaces/" + name, options, note="again")
        leaves(s, "/api/v1/namespaces", name)
        s("POST", "/api/v1/namespaces/%s/configmaps" % name, config("late"))
        s("PUT", "/api/v1/namespaces/%s/finalize" % name, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}, "spec": {}})
        leaves(s, "/api/v1/namespaces", name)
        s("DELETE", "/api/v1/namespaces/" + name, note="third")
        leaves(s, "/api/v1/namespaces", name)
    s("DELETE", "/api/v1/namespaces/default?dryRun=All")
    s("DELETE", "/api/v1/namespaces/kube-system")
    s("DELETE", "/api/v1/namespaces/default")
    s("DELETE", "/api/v1/namespaces/kube-public")
    s("DELETE", "/api/v1/namespaces/kube-node-lease?dryRun=All")
    for path, body in (("/api/v1/nodes", {"apiVersion": "v1", "kind": "Node"}), ("/api/v1/persistentvolumes", {"apiVersion": "v1", "kind": "PersistentVolume", "spec": {"capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"], "hostPath": {"path": "/x"}}}),
                       ("/apis/storage.k8s.io/v1/storageclasses", {"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "provisioner": "p"}), ("/apis/rbac.authorization.k8s.io/v1/clusterroles", {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole"}),
                       ("/apis/scheduling.k8s.io/v1/priorityclasses", {"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "value": 1}), ("/apis/networking.k8s.io/v1/servicecidrs", {"apiVersion": "networking.k8s.io/v1", "kind": "ServiceCIDR", "spec": {"cidrs": ["10.201.0.0/24"]}}),
                       ("/apis/node.k8s.io/v1/runtimeclasses", {"apiVersion": "node.k8s.io/v1", "kind": "RuntimeClass", "handler": "h"})):
        for i, options in enumerate((None, {"propagationPolicy": "Foreground"}, {"propagationPolicy": "Orphan"}, {"gracePeriodSeconds": 5}, {"dryRun": ["All"]})):
            name = "%s%d" % (ns, i)
            s.quiet("POST", path, {**body, "metadata": {"name": name}})
            s("DELETE", path + "/" + name, options, note=str(options))
            leaves(s, path, name)
            s.quiet("PATCH", path + "/" + name, {"metadata": {"finalizers": None}}, MERGE)
    s("DELETE", "/apis/scheduling.k8s.io/v1/priorityclasses/system-node-critical?dryRun=All")
    s("DELETE", "/apis/networking.k8s.io/v1/servicecidrs/kubernetes?dryRun=All")
    s("DELETE", "/apis/rbac.authorization.k8s.io/v1/clusterroles/cluster-admin?dryRun=All")
    s("DELETE", "/apis/flowcontrol.apiserver.k8s.io/v1/flowschemas/exempt?dryRun=All")


@scenario("evictions")
def _(s):
    for i, (node, phase, body) in enumerate(((None, "Pending", {}), ("n1", "Running", {}), ("n1", "Running", {"deleteOptions": {"gracePeriodSeconds": 0}}), ("n1", "Running", {"deleteOptions": {"dryRun": ["All"]}}), ("n1", "Running", {"deleteOptions": {"preconditions": {"uid": ZERO}}}), ("n1", "Succeeded", {}), ("n1", "Running", {"metadata": {"name": "other"}}), ("n1", "Running", {"deleteOptions": {"propagationPolicy": "Foreground"}}))):
        name = "p%d" % i
        s.quiet("POST", PODS, pod(name, node))
        if phase != "Pending":
            s.quiet("PATCH", PODS + "/" + name + "/status", {"status": {"phase": phase}}, MERGE)
        s("POST", PODS + "/" + name + "/eviction", {"apiVersion": "policy/v1", "kind": "Eviction", **{"metadata": {"name": name}}, **body}, note=str((node, phase, body)))
        leaves(s, PODS, name)
    s("POST", PODS + "/absent/eviction", {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": "absent"}})


@scenario("watches see deletions")
def _(s):
    rv = s.quiet("POST", CM, config("a", ["example.com/a"])).rv()
    s.quiet("DELETE", CM + "/a")
    s.quiet("PATCH", CM + "/a", {"metadata": {"finalizers": None}}, MERGE)
    s("GET", CM + "?watch=1&timeoutSeconds=1&resourceVersion=" + rv)
    rv = s.quiet("POST", PODS, pod("p", "n1", 30)).rv()
    s.quiet("DELETE", PODS + "/p")
    s.quiet("DELETE", PODS + "/p", {"gracePeriodSeconds": 0})
    s("GET", PODS + "?watch=1&timeoutSeconds=1&resourceVersion=" + rv)
    rv = s.quiet("POST", CM, config("b")).rv()
    s.quiet("DELETE", CM + "/b", {"propagationPolicy": "Foreground"})
    s("GET", CM + "?watch=1&timeoutSeconds=1&resourceVersion=" + rv)


if __name__ == "__main__":
    sc.main(GOLDEN)
