"""What admission decides by other objects: default classes, priorities, overhead, claims that grow, policies in CEL."""
from topics._common import *

CLASSES, PRIORITIES, RUNTIMES = "/apis/storage.k8s.io/v1/storageclasses", "/apis/scheduling.k8s.io/v1/priorityclasses", "/apis/node.k8s.io/v1/runtimeclasses"
INGRESS_CLASSES, INGRESSES = "/apis/networking.k8s.io/v1/ingressclasses", "/apis/networking.k8s.io/v1/namespaces/@NS@/ingresses"
POLICIES, BINDINGS = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies", "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings"
CLAIMS, PODS, MAPS, VOLUMES = NS + "/persistentvolumeclaims", NS + "/pods", NS + "/configmaps", "/api/v1/persistentvolumes"
EXPRESSIONS = ("object.data.k == 'v'", "has(object.data) && 'k' in object.data", "object.metadata.name.startsWith(params.data.prefix)", "request.operation != 'UPDATE' || object.data == oldObject.data", "namespaceObject.metadata.labels.team == 'a'",
               "object.data.absent == 'x'", "variables.n < 3", "1 +", "object.data.k", "authorizer.group('').resource('pods').namespace(object.metadata.namespace).check('get').allowed()", "size(object.data) < 2", "request.userInfo.username == 'jane'", "oldObject == null", "object.foo == 1")
YES = {"storageclass.kubernetes.io/is-default-class": "true"}


def policy(rng):
    validation = {"expression": rng.choice(EXPRESSIONS)}
    if rng.random() < 0.5:
        validation["message"] = rng.choice(("no", "", "a\nb"))
    if rng.random() < 0.3:
        validation["messageExpression"] = rng.choice(("'have ' + object.metadata.name", "object.data.absent", "1", "''", "string(size(object.data))"))
    if rng.random() < 0.3:
        validation["reason"] = rng.choice(("Forbidden", "Unauthorized", "RequestEntityTooLarge", "Invalid", "Odd"))
    rule = {"apiGroups": [""], "apiVersions": ["v1"], "operations": rng.choice((["CREATE"], ["CREATE", "UPDATE"], ["*"], ["DELETE"])), "resources": rng.choice((["configmaps"], ["configmaps", "pods"], ["*"], ["pods/eviction"]))}
    if rng.random() < 0.15:
        rule["resourceNames"] = ["@X@-a"]
    spec = {"failurePolicy": rng.choice(("Fail", "Ignore")), "matchConstraints": {"resourceRules": [rule], "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "@NS@"}}}, "validations": [validation]}
    if rng.random() < 0.3:
        spec["variables"] = [{"name": "n", "expression": rng.choice(("size(object.data)", "has(object.data) ? size(object.data) : 0", "1"))}]
    if rng.random() < 0.3:
        spec["matchConditions"] = [{"name": "m", "expression": rng.choice(("object.metadata.name != 'x'", "has(object.data)", "object.data.z == 'z'", "request.userInfo.username != 'jane'"))}]
    if rng.random() < 0.3:
        spec["auditAnnotations"] = [{"key": "k", "valueExpression": "'x'"}]
    if rng.random() < 0.3:
        spec["paramKind"] = {"apiVersion": "v1", "kind": "ConfigMap"}
    return {"metadata": {"name": "@X@-" + rng.choice("pq")}, "spec": spec}


def binding(rng):
    spec = {"policyName": "@X@-" + rng.choice("pq"), "validationActions": rng.choice((["Deny"], ["Deny"], ["Warn"], ["Audit"], ["Deny", "Audit"], ["Warn", "Audit"], ["Deny", "Warn"], []))}
    if rng.random() < 0.35:
        spec["paramRef"] = {**rng.choice(({"name": "@X@-params"}, {"selector": {"matchLabels": {"params": "yes"}}})), "parameterNotFoundAction": rng.choice(("Allow", "Deny")), **rng.choice(({}, {"namespace": "@NS@"}))}
    if rng.random() < 0.2:
        spec["matchResources"] = rng.choice(({"objectSelector": {"matchLabels": {"a": "b"}}}, {"resourceRules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["configmaps"]}]}))
    return {"metadata": {"name": "@X@-" + rng.choice("bc")}, "spec": spec}


def classes(rng):
    name = "@X@-" + rng.choice("ab")
    return rng.choice((
        lambda: post(CLASSES, {"metadata": {"name": name, "annotations": rng.choice((YES, {}))}, "provisioner": "example.com/p", **rng.choice(({}, {"allowVolumeExpansion": True}, {"volumeBindingMode": "WaitForFirstConsumer"}))}),
        lambda: post(PRIORITIES, {"metadata": {"name": name}, "value": rng.choice((10, 20, -5, 2000000001)), **rng.choice(({}, {"globalDefault": True}, {"preemptionPolicy": "Never"}))}),
        lambda: post(RUNTIMES, {"metadata": {"name": name}, "handler": "h", **rng.choice(({}, {"overhead": {"podFixed": {"cpu": "250m"}}}, {"scheduling": {"nodeSelector": {"a": "b"}, "tolerations": [{"key": "k", "operator": "Exists"}]}}))}),
        lambda: post(INGRESS_CLASSES, {"metadata": {"name": name, "annotations": rng.choice(({"ingressclass.kubernetes.io/is-default-class": "true"}, {}))}, "spec": {"controller": "example.com/c"}}),
        lambda: post(VOLUMES, {"metadata": {"name": name}, "spec": {"capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"], "hostPath": {"path": "/x"}, "storageClassName": name}})))()


def used(rng):
    name = "@X@-" + rng.choice("abc")
    spec = {"containers": [{"name": "c", "image": "x"}]}
    for share, more in ((0.35, {"priorityClassName": "@X@-" + rng.choice("ab")}), (0.15, {"priority": 10}), (0.3, {"runtimeClassName": "@X@-" + rng.choice("ab")}), (0.15, {"overhead": {"cpu": "250m"}}), (0.15, {"nodeSelector": {"a": "c"}}), (0.15, {"preemptionPolicy": "Never"}),
                        (0.2, {"tolerations": [{"key": "k", "operator": "Exists"}]}), (0.1, {"volumes": [{"name": "v", "persistentVolumeClaim": {"claimName": "@X@-a"}}]})):
        if rng.random() < share:
            spec.update(more)
    claim = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}, **rng.choice(({}, {}, {"storageClassName": "@X@-a"}, {"storageClassName": ""}, {"volumeName": "@X@-a"}))}
    return rng.choice((lambda: post(PODS, {"metadata": {"name": name}, "spec": spec}), lambda: post(CLAIMS, {"metadata": {"name": name}, "spec": claim}),
                       lambda: post(INGRESSES, {"metadata": {"name": name}, "spec": {"defaultBackend": {"service": {"name": "s", "port": {"number": 80}}}, **rng.choice(({}, {"ingressClassName": "@X@-a"}))}})))()


def maps(rng, memory):
    known = sorted(k for k in memory if k.startswith(MAPS + "/@X@"))
    name, data = "@X@-" + rng.choice("abc"), rng.choice(({"k": "v"}, {"k": "w"}, {"k": "v", "l": "1"}, {}, {"a": "1", "b": "2", "c": "3"}))
    who = {"headers": {"Impersonate-User": "jane", "Impersonate-Group": "system:masters"}} if rng.random() < 0.15 else {}
    dry = "?dryRun=All" if rng.random() < 0.15 else ""
    if not known or rng.random() < 0.5:
        return post(MAPS + dry, {"metadata": {"name": name, "labels": rng.choice(({}, {"a": "b"}))}, **({"data": data} if rng.random() < 0.85 else {})}, **who)
    key = rng.choice(known)
    return rng.choice((lambda: merge(key + dry, {"data": data}, **who), lambda: delete(key + dry, **who), lambda: apply(key + "?fieldManager=m&force=true", {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": key.rsplit("/", 1)[1]}, "data": data}, **who),
                       lambda: {"method": "PATCH", "path": key, "body": [{"op": "add", "path": "/data", "value": data}], "headers": {"Content-Type": "application/json-patch+json"}}))()




def steps(rng, memory, count):
    yield from namespace(labels={"team": rng.choice("ab")})
    if rng.random() < 0.55:
        yield from policies(rng, memory, count)
        return
    for _ in range(count):
        roll = rng.random()
        known = sorted(k for k in memory if "/@X@-" in k)
        if roll < 0.3:
            yield classes(rng)
        elif roll < 0.7 or not known:
            yield used(rng)
        elif roll < 0.78:
            yield delete(rng.choice(known) + rng.choice(("", "?gracePeriodSeconds=0")))
        elif roll < 0.9:
            key = rng.choice(known)
            if key.startswith(CLAIMS):
                yield merge(key + rng.choice(("", "/status")), rng.choice(({"spec": {"resources": {"requests": {"storage": rng.choice(("2Gi", "500Mi"))}}}}, {"spec": {"volumeName": "@X@-a"}}, {"status": {"phase": "Bound", "capacity": {"storage": "1Gi"}}}, {"spec": {"storageClassName": "@X@-a"}}, {"spec": {"volumeAttributesClassName": "x"}},
                                                                           {"status": {"allocatedResources": {"storage": "2Gi"}}}, {"metadata": {"finalizers": None}})))
            elif key.startswith(CLASSES):
                yield merge(key, rng.choice(({"allowVolumeExpansion": True}, {"metadata": {"annotations": YES}}, {"metadata": {"annotations": {k: None for k in YES}}}, {"provisioner": "x"}, {"reclaimPolicy": "Retain"})))
            elif key.startswith(PRIORITIES):
                yield merge(key, rng.choice(({"globalDefault": True}, {"globalDefault": False}, {"value": 7}, {"description": "d"}, {"preemptionPolicy": "Never"})))
            elif key.startswith(RUNTIMES):
                yield merge(key, rng.choice(({"handler": "x"}, {"overhead": {"podFixed": {"cpu": "1"}}}, {"scheduling": None})))
            else:
                yield merge(key, {"metadata": {"labels": {"a": "b"}, "finalizers": None}})
        else:
            yield get(rng.choice(known), rng.choice((None, TABLE)), key="read")
    for key in sorted(k for k in memory if "/@X@-" in k and "/namespaces/" not in k):
        yield delete(key)
        yield merge(key, {"metadata": {"finalizers": None}})


def policies(rng, memory, count):
    """Stored first; the last one refuses a name that nothing else has, so that it is known when all are in force."""
    yield post(MAPS, {"metadata": {"name": "@X@-params", "labels": {"params": "yes"}}, "data": {"prefix": "@X@"}})
    for _ in range(rng.randint(1, 3)):
        yield post(POLICIES, policy(rng))
    for _ in range(rng.randint(1, 3)):
        yield post(BINDINGS, binding(rng))
    rule = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["limitranges"]}
    gate = {"matchConstraints": {"resourceRules": [rule], "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "@NS@"}}}, "validations": [{"expression": "object.metadata.name != 'gate'", "message": "in force"}]}
    yield post(POLICIES, {"metadata": {"name": "zz-@X@"}, "spec": gate})
    yield post(BINDINGS, {"metadata": {"name": "zz-@X@"}, "spec": {"policyName": "zz-@X@", "validationActions": ["Deny"]}})
    yield {**post(NS + "/limitranges?dryRun=All", {"metadata": {"name": "gate"}, "spec": {"limits": []}}), "wait": "in force"}
    for _ in range(count):
        yield maps(rng, memory)
    for collection in (BINDINGS, POLICIES):
        for key in sorted(k for k in memory if k.startswith((collection + "/@X@", collection + "/zz-@X@"))):
            yield get(key, key="read")
            yield delete(key)
