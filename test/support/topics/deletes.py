"""Deletions of every form: propagation, finalizers, preconditions, grace, dry runs, collections, evictions, namespaces that go."""
from topics._common import *

POD = {"containers": [{"name": "c", "image": "x"}]}
COLLECTIONS = {NS + "/configmaps": ("v1", "ConfigMap", {}), NS + "/pods": ("v1", "Pod", {"spec": POD}),
               NS + "/services": ("v1", "Service", {"spec": {"ports": [{"port": 80}], "clusterIP": "None"}}),
               "/apis/apps/v1/namespaces/@NS@/replicasets": ("apps/v1", "ReplicaSet", {"spec": {"selector": {"matchLabels": {"app": "x"}}, "template": {"metadata": {"labels": {"app": "x"}}, "spec": POD}}}),
               "/apis/batch/v1/namespaces/@NS@/jobs": ("batch/v1", "Job", {"spec": {"template": {"spec": {**POD, "restartPolicy": "Never"}}}}),
               "/apis/policy/v1/namespaces/@NS@/poddisruptionbudgets": ("policy/v1", "PodDisruptionBudget", {"spec": {"minAvailable": 1, "selector": {"matchLabels": {"app": "x"}}}}),
               NS + "/persistentvolumeclaims": ("v1", "PersistentVolumeClaim", {"spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}}),
               "/apis/rbac.authorization.k8s.io/v1/namespaces/@NS@/rolebindings": ("rbac.authorization.k8s.io/v1", "RoleBinding", {"roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "r"}})}


def options(rng, key):
    out = {}
    for name, share, choices in (("propagationPolicy", 0.35, ("Foreground", "Background", "Orphan", "odd")), ("orphanDependents", 0.12, (True, False)),
                                 ("gracePeriodSeconds", 0.4, (0, 0, 1, 5, 30, 60, -1)), ("dryRun", 0.12, (["All"], ["All"], ["x"], [])),
                                 ("ignoreStoreReadErrorWithClusterBreakingPotential", 0.03, (True, False))):
        if rng.random() < share:
            out[name] = rng.choice(choices)
    if rng.random() < 0.3:
        out["preconditions"] = rng.choice(({"uid": "${%s:metadata.uid}" % key}, {"resourceVersion": "${%s:metadata.resourceVersion}" % key}, {"uid": "x"}, {"resourceVersion": "1"}, {"uid": ""},
                                           {"uid": "${%s:metadata.uid}" % key, "resourceVersion": "${%s:metadata.resourceVersion}" % key}, {}))
    if rng.random() < 0.04:
        out["bogus"] = 1
    if rng.random() < 0.1:
        out.update(rng.choice(({"apiVersion": "v1", "kind": "DeleteOptions"}, {"apiVersion": "policy/v1", "kind": "DeleteOptions"}, {"apiVersion": "v1", "kind": "Pod"}, {"apiVersion": "meta.k8s.io/v1", "kind": "DeleteOptions"})))
    return out


def asked(rng, path, out):
    """In the body, in the query, or both."""
    roll, parts = rng.random(), []
    for name in ("propagationPolicy", "gracePeriodSeconds", "orphanDependents", "dryRun"):
        if name in out and out[name] != [] and roll < 0.4:
            value = out.pop(name)
            parts.append("%s=%s" % (name, value[0] if isinstance(value, list) else str(value).lower() if isinstance(value, bool) else value))
    if rng.random() < 0.05:
        parts.append(rng.choice(("gracePeriodSeconds=x", "orphanDependents=x", "dryRun=x", "propagationPolicy=", "pretty=true", "timeout=1s")))
    return delete(path + query(*parts), out or None)


def created(rng, path, memory):
    api, kind, body = COLLECTIONS[path]
    meta = {"name": "@X@-" + rng.choice("abc"), "labels": {"app": rng.choice("xy")}}
    body = {**body, "metadata": meta}
    roll = rng.random()
    if roll < 0.4:
        meta["finalizers"] = rng.choice((["example.com/f"], ["example.com/f", "orphan"], ["foregroundDeletion"], ["orphan"], ["orphan", "foregroundDeletion"], ["nodot"]))
    if kind == "Pod":
        body["spec"] = {**body["spec"], **rng.choice(({}, {"nodeName": "n1"}, {"nodeName": "n1", "terminationGracePeriodSeconds": 0}, {"nodeName": "n1", "terminationGracePeriodSeconds": 5}))}
    if rng.random() < 0.12:
        meta.pop("name")
        meta["generateName"] = rng.choice(("g-", "G_", "", "g" * 70, "a.b-"))
    if rng.random() < 0.08:
        meta[rng.choice(("resourceVersion", "uid"))] = rng.choice(("5", "", "0", "x"))
    if rng.random() < 0.06:
        meta["deletionTimestamp"], meta["deletionGracePeriodSeconds"] = "2026-01-01T00:00:00Z", 5
    if rng.random() < 0.1:
        meta["ownerReferences"] = [{"apiVersion": "v1", "kind": "ConfigMap", "name": "@X@-a", "uid": "${%s/configmaps/@X@-a:metadata.uid}" % NS, **rng.choice(({}, {"blockOwnerDeletion": True}, {"controller": True}))}]
    if rng.random() < 0.05:
        meta["namespace"] = "other"
    return post(path + query(rng.choice(("", "", "", "dryRun=All"))), body)


def changed(rng, key):
    sets, drops = [], []
    for _ in range(rng.randint(1, 2)):
        sets.append(rng.choice(([["metadata", "finalizers"], []], [["metadata", "finalizers"], ["example.com/f"]], [["metadata", "finalizers"], ["example.com/g", "orphan"]], [["metadata", "labels", "app"], "z"], [["metadata", "deletionTimestamp"], "2030-01-01T00:00:00Z"],
                                [["metadata", "deletionGracePeriodSeconds"], 1], [["metadata", "uid"], "x"], [["metadata", "resourceVersion"], "1"], [["metadata", "resourceVersion"], "0"], [["metadata", "resourceVersion"], "x"], [["metadata", "name"], "other"], [["metadata", "namespace"], "other"],
                                [["metadata", "generation"], 9], [["metadata", "creationTimestamp"], None], [["metadata", "selfLink"], "/x"], [["metadata", "generateName"], "x-"], [["apiVersion"], "v9"], [["kind"], "Odd"])))
    if rng.random() < 0.2:
        drops.append(rng.choice((["metadata", "resourceVersion"], ["metadata", "uid"], ["metadata", "name"], ["metadata", "namespace"], ["metadata"], ["metadata", "deletionTimestamp"], ["kind"], ["apiVersion"])))
    return edit(key + rng.choice(("", "", "?dryRun=All", "/status")), key, sets, drops)


def evicted(rng, key):
    body = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": key.rsplit("/", 1)[1], "namespace": "@NS@"}}
    if rng.random() < 0.5:
        body["deleteOptions"] = options(rng, key)
        body["deleteOptions"].pop("bogus", None)
        for name in ("apiVersion", "kind"):
            body["deleteOptions"].pop(name, None)
    if rng.random() < 0.1:
        body["metadata"] = rng.choice(({}, {"name": "other"}, {"namespace": "other"}))
    if rng.random() < 0.1:
        body["apiVersion"] = rng.choice(("policy/v1beta1", "v1"))
    return post(key + "/eviction" + rng.choice(("", "", "?dryRun=All")), body)


def step(rng, memory):
    path = rng.choice(sorted(COLLECTIONS) + [NS + "/pods"] * 3)
    known = sorted(k for k in memory if k.startswith(path + "/@X@"))
    roll = rng.random()
    if not known or roll < 0.2:
        return created(rng, path, memory)
    key = rng.choice(known)
    if roll < 0.5:
        return asked(rng, key, options(rng, key))
    if roll < 0.55:
        chosen = rng.choice(("labelSelector=app%3Dx", "labelSelector=app%21%3Dx", "fieldSelector=metadata.name%3D@X@-a", "fieldSelector=odd%3D1", "labelSelector=(", "limit=1", "resourceVersion=0", "watch=1", "continue=x", ""))
        return asked(rng, path + query(chosen), options(rng, key)) if not chosen else {**delete(path + query(chosen)), **({"body": options(rng, key)} if rng.random() < 0.5 else {})}
    if roll < 0.68:
        return changed(rng, key)
    if roll < 0.76:
        return merge(key, {"metadata": rng.choice(({"finalizers": None}, {"finalizers": ["example.com/f"]}, {"deletionGracePeriodSeconds": 0}, {"deletionTimestamp": None}, {"resourceVersion": "1"}, {"uid": "x"}, {"ownerReferences": None}))})
    if roll < 0.86 and path.endswith("/pods"):
        return evicted(rng, key)
    if roll < 0.9 and path.endswith("/pods"):
        return post(rng.choice((key + "/binding", NS + "/bindings")), {"metadata": {"name": key.rsplit("/", 1)[1], **rng.choice(({}, {}, {"uid": "x"}, {"resourceVersion": "1"}, {"annotations": {"a": "b"}, "labels": {"l": "1"}}))},
                                       "target": rng.choice(({"kind": "Node", "name": "n1"}, {"name": "n2"}, {"kind": "Pod", "name": "n"}, {"kind": "Node", "name": ""}))})
    if roll < 0.93 and path.endswith(("/pods", "budgets")):
        status = {"phase": rng.choice(("Running", "Succeeded", "Failed")), "conditions": [{"type": "Ready", "status": rng.choice(("True", "False"))}]} if path.endswith("/pods") else \
            {"disruptionsAllowed": rng.choice((0, 1, -1)), "currentHealthy": 1, "desiredHealthy": 1, "expectedPods": rng.choice((0, 1)), "observedGeneration": rng.choice((0, 1, 5))}
        return merge(key + "/status", {"status": status})
    return get(rng.choice((key, path)), key="read")


def steps(rng, memory, count):
    yield from namespace()
    end = rng.random() < 0.5
    for number in range(count):
        if end and number == count * 2 // 3:
            yield from leaving(rng, memory)
        yield step(rng, memory)
    if not end:
        yield from leaving(rng, memory)
    yield get(NS, key="read")


def leaving(rng, memory):
    """The namespace goes: nothing new comes into it."""
    yield {**delete(NS + query(rng.choice(("", "propagationPolicy=Orphan", "gracePeriodSeconds=0"))), rng.choice((None, {"preconditions": {"uid": "${%s:metadata.uid}" % NS}}))), "key": NS}
    for path in rng.sample(sorted(COLLECTIONS), 3):
        yield created(rng, path, memory)
    yield apply(NS + "/configmaps/@X@-new?fieldManager=m", {"apiVersion": "v1", "kind": "ConfigMap", "data": {"a": "b"}})
    yield post("/api/v1/namespaces", {"metadata": {"name": "@NS@"}})
    yield merge(NS, {"metadata": {"labels": {"late": "1"}}})
    yield merge(NS, {"metadata": {"finalizers": rng.choice((None, ["example.com/f"]))}})
    yield {**put(NS + "/finalize", {"metadata": {"name": "@NS@", **rng.choice(({}, {"uid": "x"}, {"resourceVersion": "1"}))}, "spec": {"finalizers": rng.choice((["kubernetes"], ["example.com/x", "kubernetes"], ["bad"]))}}), "key": NS}
    yield delete(NS)
