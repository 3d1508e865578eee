"""ResourceQuota and LimitRange: what is counted, refused and given back as objects come, change and go."""
from topics._common import *

QUOTAS, RANGES, PODS = NS + "/resourcequotas", NS + "/limitranges", NS + "/pods"
HARD = ({"pods": "2"}, {"requests.cpu": "1", "limits.cpu": "2"}, {"configmaps": "3", "secrets": "2"}, {"count/configmaps": "2"}, {"services": "2", "services.nodeports": "1", "services.loadbalancers": "1"},
        {"persistentvolumeclaims": "1", "requests.storage": "2Gi", "gold.storageclass.storage.k8s.io/requests.storage": "1Gi"}, {"cpu": "500m", "memory": "1Gi"}, {"requests.example.com/gpu": "1"}, {"count/deployments.apps": "1", "count/jobs.batch": "1"},
        {"pods": "x"}, {"odd": "1"}, {"pods": "-1"}, {"pods": "1.5"}, {"requests.ephemeral-storage": "1Gi"}, {"hugepages-2Mi": "1Mi"}, {"count/widgets.example.com": "1"}, {})
SCOPES = (["BestEffort"], ["NotBestEffort"], ["Terminating"], ["NotTerminating"], ["PriorityClass"], ["Odd"], ["BestEffort", "NotBestEffort"], ["CrossNamespacePodAffinity"])
SELECTORS = ({"matchExpressions": [{"scopeName": "PriorityClass", "operator": "In", "values": ["system-node-critical"]}]}, {"matchExpressions": [{"scopeName": "PriorityClass", "operator": "Exists"}]}, {"matchExpressions": [{"scopeName": "Terminating", "operator": "Exists"}]},
             {"matchExpressions": [{"scopeName": "PriorityClass", "operator": "In", "values": []}]}, {"matchExpressions": [{"scopeName": "BestEffort", "operator": "In", "values": ["x"]}]}, {"matchExpressions": [{"scopeName": "PriorityClass", "operator": "NotIn", "values": ["a"]}]})
AMOUNTS = {"cpu": ("100m", "500m", "1", "2", "3"), "memory": ("64Mi", "1Gi", "2Gi"), "example.com/gpu": ("1", "2"), "ephemeral-storage": ("1Gi", "2Gi")}


def amounts(rng):
    return {k: rng.choice(v) for k, v in AMOUNTS.items() if rng.random() < (0.5 if k in ("cpu", "memory") else 0.08)}


def pod(rng):
    containers = []
    for name in ("a", "b")[:rng.choice((1, 1, 2))]:
        resources = {}
        if rng.random() < 0.7:
            resources["requests"] = amounts(rng)
        if rng.random() < 0.6:
            resources["limits"] = amounts(rng)
        for gpu in ("example.com/gpu",):
            for kind in resources.values():
                if gpu in kind:
                    resources = {"limits": {**resources.get("limits", {}), gpu: kind[gpu]}, "requests": {**resources.get("requests", {}), gpu: kind[gpu]}}
                    break
        containers.append({"name": name, "image": "x", "resources": resources})
    spec = {"containers": containers}
    if rng.random() < 0.25:
        spec["initContainers"] = [{"name": "i", "image": "x", "resources": {"requests": amounts(rng)}, **({"restartPolicy": "Always"} if rng.random() < 0.5 else {})}]
    if rng.random() < 0.15:
        spec["activeDeadlineSeconds"] = 50
    if rng.random() < 0.12:
        spec["priorityClassName"] = rng.choice(("system-node-critical", "absent"))
    if rng.random() < 0.1:
        spec["resources"] = {"requests": amounts(rng), "limits": amounts(rng)}
    if rng.random() < 0.1:
        spec["overhead"] = {"cpu": "100m"}
    if rng.random() < 0.08:
        spec["affinity"] = {"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [{"topologyKey": "z", "namespaces": ["other"], "labelSelector": {"matchLabels": {"a": "b"}}}]}}
    if rng.random() < 0.1:
        spec["containers"][0]["image"] = rng.choice((" x", "x:1"))
    return {"metadata": {"name": "@X@-" + rng.choice("abcd")}, "spec": spec}


def limit(rng):
    item = {"type": rng.choice(("Container", "Container", "Pod", "PersistentVolumeClaim", "Odd"))}
    names = ("storage",) if item["type"] == "PersistentVolumeClaim" else ("cpu", "memory")
    amount = {"storage": ("1Gi", "2Gi", "500Mi"), "cpu": ("50m", "200m", "1", "2"), "memory": ("32Mi", "128Mi", "1Gi")}
    for member in rng.sample(("max", "min", "default", "defaultRequest", "maxLimitRequestRatio"), rng.randint(1, 3)):
        item[member] = {n: rng.choice(amount[n]) if member != "maxLimitRequestRatio" else rng.choice(("1", "2", "4", "0.5")) for n in names if rng.random() < 0.7}
    return {"metadata": {"name": "@X@-" + rng.choice("lm")}, "spec": {"limits": [item]}}


def other(rng):
    name = "@X@-" + rng.choice("abc")
    template = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "a", "image": "x"}]}}
    return rng.choice((post(NS + "/configmaps", {"metadata": {"name": name}}), post(NS + "/secrets", {"metadata": {"name": name}}),
                       post(NS + "/services", {"metadata": {"name": name}, "spec": {"ports": [{"port": 80}], "type": rng.choice(("ClusterIP", "NodePort", "LoadBalancer"))}}),
                       post(NS + "/persistentvolumeclaims", {"metadata": {"name": name}, "spec": {"accessModes": ["ReadWriteOnce"], **rng.choice(({}, {"storageClassName": "gold"})), "resources": {"requests": {"storage": rng.choice(("1Gi", "3Gi", "500Mi"))}}}}),
                       post("/apis/apps/v1/namespaces/@NS@/deployments", {"metadata": {"name": name}, "spec": {"selector": {"matchLabels": {"a": "b"}}, "template": template}}),
                       post("/apis/batch/v1/namespaces/@NS@/jobs", {"metadata": {"name": name}, "spec": {"template": {"spec": {**template["spec"], "restartPolicy": "Never"}}}})))


def step(rng, memory):
    roll = rng.random()
    dry = "?dryRun=All" if rng.random() < 0.1 else ""
    if roll < 0.16:
        spec = {"hard": {**rng.choice(HARD), **rng.choice(HARD[:6])}}
        if rng.random() < 0.25:
            spec["scopes"] = rng.choice(SCOPES)
            spec["hard"] = rng.choice(({"pods": "1"}, {"pods": "2", "requests.cpu": "1"}, spec["hard"]))
        if rng.random() < 0.15:
            spec["scopeSelector"] = rng.choice(SELECTORS)
            spec["hard"] = {"pods": "1"}
        return post(QUOTAS + dry, {"metadata": {"name": "@X@-" + rng.choice("qrs")}, "spec": spec})
    if roll < 0.24:
        return post(RANGES + dry, limit(rng))
    if roll < 0.44:
        return post(PODS + dry, pod(rng))
    if roll < 0.6:
        return other(rng)
    known = sorted(k for k in memory if k.startswith(("/api/v1/namespaces/@NS@/", "/apis/apps/v1/namespaces/@NS@/")) and "/@X@-" in k)
    if not known:
        return post(QUOTAS, {"metadata": {"name": "@X@-q"}, "spec": {"hard": {"pods": "1"}}})
    key = rng.choice(known)
    quotas = [k for k in known if k.startswith(QUOTAS)]
    if roll < 0.7 and quotas:  # counted by a controller elsewhere: here it is said what is used
        key = rng.choice(quotas)
        return merge(key + "/status", {"status": {"hard": memory[key].get("spec", {}).get("hard", {}), "used": rng.choice(({}, {k: "0" for k in memory[key].get("spec", {}).get("hard", {})}, {"pods": "1"}))}})
    if roll < 0.76:
        return delete(key + rng.choice(("?gracePeriodSeconds=0", "", "?dryRun=All")))
    if roll < 0.82 and key.startswith(NS + "/services/"):
        return merge(key, {"spec": {"type": rng.choice(("ClusterIP", "NodePort", "LoadBalancer"))}})
    if roll < 0.85 and "claims" in key:
        return merge(key, {"spec": {"resources": {"requests": {"storage": "4Gi"}}}})
    if roll < 0.88 and key.startswith(PODS):
        return merge(key + "/status", {"status": {"phase": rng.choice(("Running", "Succeeded"))}})
    if roll < 0.91 and key.startswith(PODS):
        return merge(key + "/resize", {"spec": {"containers": [{"name": "a", "resources": {"requests": amounts(rng)}}]}}, headers=STRATEGIC)
    if roll < 0.94 and quotas:
        return merge(rng.choice(quotas), {"spec": {"hard": rng.choice(HARD)}})
    return get(rng.choice((QUOTAS, RANGES, PODS, rng.choice(quotas or [QUOTAS]))), rng.choice((None, None, TABLE)), key="read")


def steps(rng, memory, count):
    yield from namespace()
    for _ in range(count):
        yield step(rng, memory)
    yield get(QUOTAS, key="read")
