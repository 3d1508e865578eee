"""Makes sequences of requests (sequences.py) from a seed: what happens next depends on what the server showed before.

Objects and values are those of the recorded requests (test/golden/parity): each stored kind, and every field that a recorded
request carried for it."""
import collections
import json
import os
import random
import re

import parity
from sequences import PATCHES, at, put

MANAGERS = ("", "alpha", "beta", "kubectl-client-side-apply", "kubectl")
# Served by controllers or one for the cluster: their names or fields are not ours to choose.
LEFT_OUT = {"Event", "APIService", "Namespace", "Endpoints"}
SUBRESOURCES = {"scale": {"Deployment", "ReplicaSet", "StatefulSet", "ReplicationController"}}
NO_STATUS = {"ConfigMap", "Secret", "ServiceAccount", "LimitRange", "PodTemplate", "Endpoints", "EndpointSlice", "ControllerRevision", "Lease", "Role",
             "RoleBinding", "ClusterRole", "ClusterRoleBinding", "StorageClass", "CSINode", "CSIDriver", "CSIStorageCapacity", "PriorityClass",
             "RuntimeClass", "IngressClass", "NetworkPolicy", "MutatingWebhookConfiguration", "ValidatingWebhookConfiguration", "VolumeAttributesClass",
             "ValidatingAdmissionPolicyBinding", "DeviceClass", "ResourceClaimTemplate", "ResourceSlice"}
ODD = (None, "", "x", "A_b", 0, -1, 1, 5, True, False, [], {}, ["x"], {"x": "y"}, "10Mi", "50%", "2026-01-02T03:04:05Z")
Kind = collections.namedtuple("Kind", "api kind collection namespaced body fields")


def walk(value, path=()):
    yield path, value
    if isinstance(value, dict):
        for key in value:
            yield from walk(value[key], path + (key,))
    elif isinstance(value, list):
        for i, item in enumerate(value[:3]):
            yield from walk(item, path + (i,))


def kinds():
    """Every stored kind with the fields that recorded requests gave it: [(path, value)]"""
    fields = collections.defaultdict(dict)
    for name in parity.names():
        for request, answer in parity.load(name):
            try:
                body = json.loads(request.body or "")
            except ValueError:
                continue
            if not isinstance(body, dict):
                continue
            m = re.match(r"(?:create|update)/((?:[^/]+/)?v\d)/(\w+)/", request.id)
            for path, value in walk(body):
                if m and path and path[0] not in ("apiVersion", "kind") and path not in (("metadata",), ("metadata", "name"), ("metadata", "namespace"), ("metadata", "managedFields"), ("metadata", "resourceVersion"), ("metadata", "uid")):
                    fields[m[1], m[2]].setdefault((path, json.dumps(value, sort_keys=True)), (list(path), value))
    out = []
    for line in open(os.path.join(parity.GOLDEN, "setup.jsonl")):
        collection, body = json.loads(line)
        if "kind" not in body or body["kind"] in LEFT_OUT | {"CustomResourceDefinition"}:
            continue
        out.append(Kind(body["apiVersion"], body["kind"], collection.replace("/parity/", "/@NS@/"), "/namespaces/" in collection, json.loads(json.dumps(body).replace('"parity"', '"@NS@"')),
                        sorted(fields[body["apiVersion"], body["kind"]].values(), key=json.dumps)))
    return out


class Maker:
    def __init__(self, seed, all_kinds, memory):
        self.rng, self.memory, self.kinds = random.Random(seed), memory, all_kinds
        self.focus = self.rng.sample(all_kinds, 3)
        self.finalized = set()

    def start(self):
        yield {"method": "POST", "path": "/api/v1/namespaces", "body": {"metadata": {"name": "@NS@", "labels": self.pick([{}, {"a": "b"}])}}}
        yield {"method": "POST", "path": "/api/v1/namespaces/@NS@/serviceaccounts", "body": {"metadata": {"name": "default"}}}

    def pick(self, choices):
        return self.rng.choice(list(choices))

    def chance(self, share):
        return self.rng.random() < share

    def name(self):
        return self.pick(("@X@-a", "@X@-b", "@X@-c"))

    def there(self, kind):
        return sorted(k for k in self.memory if k.startswith(kind.collection + "/"))

    def query(self, *more, write=True):
        q = [m for m in more if m]
        if write:
            if self.chance(0.12):
                q.append("dryRun=All")
            if self.chance(0.5):
                q.append("fieldValidation=" + self.pick(("Strict", "Warn", "Ignore")))
            manager = self.pick(MANAGERS)
            if manager and not any("fieldManager" in m for m in q):
                q.append("fieldManager=" + manager)
        return "?" + "&".join(q) if q else ""

    def fields(self, kind, shown):
        """A few changes: [path, value], of fields that were recorded, odd values, metadata."""
        out = []
        for _ in range(self.rng.randint(1, 3)):
            roll = self.rng.random()
            if roll < 0.3:
                out.append([["metadata", self.pick(("labels", "annotations")), self.pick(("a", "b", "example.com/c"))], self.pick(("1", "2", ""))])
            elif roll < 0.38:
                out.append(self.pick(([["metadata", "finalizers"], ["example.com/f"]], [["metadata", "finalizers"], []], [["metadata", "finalizers"], ["example.com/f", "example.com/g"]],
                                      [["metadata", "ownerReferences"], [{"apiVersion": "v1", "kind": "ConfigMap", "name": "o", "uid": "0b0c0d0e-0000-4000-8000-000000000001"}]],
                                      [["metadata", "generation"], 7], [["metadata", "generateName"], "g-"])))
            elif roll < 0.85 and kind.fields:
                out.append(self.pick(kind.fields))
            else:
                paths = [p for p, v in walk(shown) if len(p) > 1 and p[0] != "metadata"]
                if paths:
                    out.append([list(self.pick(paths)), self.pick(ODD)])
        return [c for c in out if c[0][0] != "metadata" or len(c[0]) > 1]

    def made(self, kind, changes, shown=None):
        body = json.loads(json.dumps(shown or kind.body))
        body["metadata"] = {**body.get("metadata", {})}
        for path, value in changes:
            put(body, path, json.loads(json.dumps(value)))
        return body

    def step(self):
        kind = self.pick(self.focus)
        there = self.there(kind)
        roll = self.rng.random()
        if not there or roll < 0.12:
            return self.create(kind)
        key = self.pick(there)
        for share, make in ((0.24, self.replace), (0.34, self.merge), (0.44, self.json), (0.54, self.strategic), (0.74, self.apply), (0.82, self.subresource),
                            (0.87, self.delete), (0.88, self.delete_all), (1, self.read)):
            if roll < share:
                return make(kind, key)
        return None

    def create(self, kind):
        body = self.made(kind, self.fields(kind, kind.body) if self.chance(0.6) else [])
        body["metadata"]["name"] = self.name()
        if self.chance(0.1):
            body["bogus"] = 1
        if self.chance(0.05):
            body["metadata"]["resourceVersion"] = "5"
        return {"method": "POST", "path": kind.collection + self.query(), "body": body}

    def replace(self, kind, key):
        shown = self.memory[key]
        edit = {"of": key, "set": self.fields(kind, shown), "drop": []}
        paths = [p for p, _ in walk(shown) if len(p) > 1 and p[:2] not in (("metadata", "name"), ("metadata", "namespace"))]
        if self.chance(0.4):
            edit["drop"].append(list(self.pick(paths)))
        if self.chance(0.3):
            edit["drop"].append(["metadata", "resourceVersion"])
        if self.chance(0.1):
            edit["drop"].append(["metadata", "managedFields"])
        if self.chance(0.1):
            edit["set"].append([["metadata", "managedFields"], []])
        if self.chance(0.1):
            edit["set"] = []
        if self.chance(0.08):
            edit["set"].append([["bogus"], 1])
        if self.chance(0.03):
            edit["set"].append([["metadata", "uid"], "0b0c0d0e-0000-4000-8000-000000000009"])
        return {"method": "PUT", "path": key + self.query(), "edit": edit}

    def patch(self, form, path, body):
        return {"method": "PATCH", "path": path, "body": body, "headers": {"Content-Type": PATCHES[form]}}

    def part(self, kind, key, nulls=0.3):
        body = {}
        for path, value in self.fields(kind, self.memory[key]):
            put(body, path, None if self.chance(nulls) else json.loads(json.dumps(value)))
        if self.chance(0.06):
            put(body, ["metadata", "resourceVersion"], self.pick(("1", "${%s:metadata.resourceVersion}" % key)))
        if self.chance(0.03):
            put(body, ["metadata", "uid"], self.pick(("0b0c0d0e-0000-4000-8000-000000000009", "${%s:metadata.uid}" % key)))
        if self.chance(0.05):
            body["bogus"] = {"a": 1}
        return body

    def merge(self, kind, key):
        return self.patch("merge", key + self.query(), self.part(kind, key))

    def strategic(self, kind, key):
        body = self.part(kind, key)
        shown = self.memory[key]
        lists = [p for p, v in walk(shown) if isinstance(v, list) and v and isinstance(v[0], dict) and p[0] != "metadata" and not any(isinstance(x, int) for x in p)]
        if lists and self.chance(0.5):
            path = list(self.pick(lists))
            item = at(shown, path)[0]
            name = next((k for k in ("name", "containerPort", "mountPath", "port", "key", "ip", "type", "uid") if k in item), None)
            if name:
                more = self.pick(({"$patch": "delete"}, {"$patch": "replace"}, {"bogus": 1}, {"image": "x"}, {"protocol": "UDP"}, {"$retainKeys": [name]}))
                put(body, path, [{name: item[name], **more}])
                if self.chance(0.3):  # an element that is not patched makes upstream panic
                    put(body, path[:-1] + ["$setElementOrder/" + path[-1]], [{name: item[name]}])
        if self.chance(0.1):
            body.setdefault("metadata", {})
            if isinstance(body["metadata"], dict):
                body["metadata"]["$deleteFromPrimitiveList/finalizers"] = ["example.com/f"]
        return self.patch("strategic", key + self.query(), body)

    def json(self, kind, key):
        shown, operations = self.memory[key], []
        def pointer(path):
            return "/" + "/".join(str(k).replace("~", "~0").replace("/", "~1") for k in path)
        paths = [p for p, _ in walk(shown) if len(p) > 1 or self.chance(0.2)]
        for _ in range(self.rng.randint(1, 3)):
            op = self.pick(("add", "add", "replace", "remove", "test", "copy", "move"))
            path, value = self.pick(self.fields(kind, shown) or [[["metadata", "labels"], {}]])
            old = self.pick(paths)
            if op in ("remove", "test", "replace") and self.chance(0.8):
                path, value = list(old), at(shown, old) if op == "test" and self.chance(0.5) else value
            if op == "test" and (not path or path[0] == "metadata" or "uid" in path or "time" in path or "resourceVersion" in path or any("Timestamp" in str(x) for x in path) or "managedFields" in path or path == ["metadata"]):
                op = "add"
                path, value = ["metadata", "labels"], {"j": "1"}
            one = {"op": op, "path": pointer(path)}
            if op in ("copy", "move"):
                if old[:2] in (("metadata", "uid"), ("metadata", "creationTimestamp"), ("metadata", "resourceVersion")):
                    continue
                one["from"] = pointer(old)
            elif op != "remove":
                one["value"] = value
            operations.append(one)
        return self.patch("json", key + self.query(), operations)

    def apply(self, kind, key):
        if self.chance(0.15):
            key = kind.collection + "/" + self.name()
        shown = self.memory.get(key)
        body = self.made(kind, self.fields(kind, shown or kind.body) if self.chance(0.7) else [])
        if self.chance(0.4):
            body = {k: v for k, v in body.items() if k in ("apiVersion", "kind", "metadata") or self.chance(0.4)}
        body.update(apiVersion=kind.api, kind=kind.kind)
        body["metadata"] = {**body["metadata"], "name": key.rsplit("/", 1)[1]}
        if self.chance(0.5):
            for path, value in self.fields(kind, shown or kind.body)[:1]:
                put(body, path, json.loads(json.dumps(value)))
        body.setdefault("metadata", {})
        manager = self.pick(("alpha", "beta", "gamma", "kubectl"))
        sub = "/status" if self.chance(0.07) and kind.kind not in NO_STATUS else ""
        return self.patch("apply", key + sub + self.query("fieldManager=" + manager, "force=true" if self.chance(0.5) else ""), body)

    def subresource(self, kind, key):
        if kind.kind in SUBRESOURCES["scale"] and self.chance(0.4):
            if self.chance(0.3):
                return {"method": "GET", "path": key + "/scale"}
            if self.chance(0.5):
                return self.patch("merge", key + "/scale" + self.query(), {"spec": {"replicas": self.pick((0, 3, 5, -1, None))}})
            return {"method": "PUT", "path": key + "/scale" + self.query(), "body": {"apiVersion": "autoscaling/v1", "kind": "Scale", "metadata": {"name": key.rsplit("/", 1)[1], "namespace": "@NS@"}, "spec": {"replicas": self.pick((0, 2, 7))}}}
        status = [c for c in kind.fields if c[0][0] == "status"]
        if kind.kind in NO_STATUS or not status:
            return self.merge(kind, key)
        changes = [self.pick(status) for _ in range(self.rng.randint(1, 2))] + (self.fields(kind, self.memory[key]) if self.chance(0.3) else [])
        if self.chance(0.5):
            return {"method": "PUT", "path": key + "/status" + self.query(), "edit": {"of": key, "set": changes, "drop": [["metadata", "resourceVersion"]] if self.chance(0.3) else []}}
        body = {}
        for path, value in changes:
            put(body, path, json.loads(json.dumps(value)))
        return self.patch(self.pick(("merge", "strategic")), key + "/status" + self.query(), body)

    def delete(self, kind, key):
        options = {}
        for name, choices in (("propagationPolicy", ("Foreground", "Background", "Orphan", "Odd")), ("gracePeriodSeconds", (0, 1, 30, -1)),
                              ("preconditions", ({"uid": "${%s:metadata.uid}" % key}, {"resourceVersion": "${%s:metadata.resourceVersion}" % key}, {"uid": "x"}, {"resourceVersion": "1"})),
                              ("orphanDependents", (True, False))):
            if self.chance(0.2):
                options[name] = self.pick(choices)
        if self.chance(0.15):
            options["dryRun"] = ["All"]
        step = {"method": "DELETE", "path": key + self.query("gracePeriodSeconds=0" if self.chance(0.1) else "", write=False)}
        if options:
            step["body"] = options
            if "dryRun" in options:
                step["path"] = key + "?dryRun=All"
                del step["body"]
        return step

    def selector(self):
        return self.pick(("labelSelector=a%3D1", "labelSelector=a+in+(1,2)", "labelSelector=!a", "labelSelector=a,b", "fieldSelector=metadata.name%3D@X@-a",
                          "fieldSelector=metadata.name!%3D@X@-a", "labelSelector=a+in+(", "fieldSelector=spec.odd%3D1", ""))

    def delete_all(self, kind, key):
        if not kind.namespaced:
            return self.read(kind, key)
        return {"method": "DELETE", "path": kind.collection + self.query(self.selector(), write=False)}

    def read(self, kind, key):
        accept = self.pick(("", "", "application/json;as=Table;g=meta.k8s.io;v=v1,application/json", "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"))
        whole = self.chance(0.6) and kind.namespaced
        if whole:
            accept = accept.replace("Metadata;", "MetadataList;")
            query = [self.selector(), self.pick(("", "limit=1", "limit=2")), self.pick(("", "", "resourceVersion=${%s:metadata.resourceVersion}&resourceVersionMatch=NotOlderThan" % key,
                                                 "resourceVersion=${%s:metadata.resourceVersion}&resourceVersionMatch=Exact" % key, "resourceVersionMatch=Exact", "resourceVersion=x"))]
            path = kind.collection + self.query(*query, write=False)
        else:
            path = key + self.query(self.pick(("", "", "pretty=true")), write=False)
        return {"method": "GET", "path": path, "headers": {"Accept": accept} if accept else {}, "key": "read"}

    def steps(self, count):
        yield from self.start()
        for _ in range(count):
            yield self.step()
        yield from self.end()

    def end(self):
        """What happened is watched from the beginning, and everything is listed and released."""
        watched = next((kind for kind in self.focus if kind.namespaced and self.there(kind)), None)
        if watched is not None:
            accept = self.pick(("application/json", "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1", "application/json;as=Table;g=meta.k8s.io;v=v1"))
            query = self.pick(("", "&labelSelector=a%3D1", "&fieldSelector=metadata.name%3D@X@-a"))
            yield {"method": "GET", "path": watched.collection + "?watch=1&timeoutSeconds=1&resourceVersion=${/api/v1/namespaces/@NS@:metadata.resourceVersion}" + query,
                   "headers": {"Accept": accept}}
        for kind in self.focus:
            if kind.namespaced:
                yield {"method": "GET", "path": kind.collection, "key": "read"}
            for key in self.there(kind):
                yield {"method": "GET", "path": key, "key": "read"}
                yield {"method": "PATCH", "path": key, "body": {"metadata": {"finalizers": None}}, "headers": {"Content-Type": PATCHES["merge"]}}
                yield {"method": "DELETE", "path": key + "?gracePeriodSeconds=0&propagationPolicy=Background"}
