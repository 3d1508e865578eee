"""A custom resource of two versions: defaults, pruning, rules in CEL, status and scale, and its definition as it changes and goes."""
import copy

from topics._common import *

DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
NAME, GROUP = "widgets.@X@.example.com", "@X@.example.com"
DEFINITION = DEFINITIONS + "/" + NAME
ODD = (None, "", "x", 0, 1, -1, 1.5, 7, True, [], {}, ["x"], ["x", "x"], {"x": "y"}, [{"name": "a"}], [{"name": "a", "v": 1}, {"name": "b"}], "2026-01-02T03:04:05Z", "10Mi", [1, 2], {"a": {"b": 1}}, 9223372036854775807, "a" * 20)


def path(version):
    return "/apis/%s/%s/namespaces/@NS@/widgets" % (GROUP, version)


def schema(rng, mark):
    """Of spec: some of many members, each with another feature."""
    members = {
        "size": {"type": "integer", "default": 1, "minimum": 0, "maximum": 100},
        "replicas": {"type": "integer"},
        "color": {"type": "string", "enum": ["red", "green"], "default": "red"},
        "text": {"type": "string", "maxLength": 10, "pattern": "^[a-z]*$"},
        "when": {"type": "string", "format": "date-time"},
        "ratio": {"type": "number", "multipleOf": 0.5},
        "port": {"x-kubernetes-int-or-string": True},
        "flag": {"type": "boolean", "default": False},
        "maybe": {"type": "string", "nullable": True, "default": "d"},
        "list": {"type": "array", "items": {"type": "string", "maxLength": 20}, "x-kubernetes-list-type": "set", "maxItems": 3},
        "items": {"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"], "maxItems": 5, "items": {"type": "object", "required": ["name"], "properties": {"name": {"type": "string", "maxLength": 20}, "v": {"type": "integer", "default": 5}}}},
        "map": {"type": "object", "maxProperties": 5, "additionalProperties": {"type": "string"}},
        "atomic": {"type": "object", "x-kubernetes-map-type": "atomic", "properties": {"a": {"type": "string"}, "b": {"type": "integer"}}},
        "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
        "nested": {"type": "object", "default": {}, "properties": {"a": {"type": "object", "properties": {"b": {"type": "integer", "default": 3}}, "default": {"b": 4}}}},
        "once": {"type": "string", "maxLength": 20, "x-kubernetes-validations": [{"rule": "self == oldSelf", "message": "is immutable"}]},
        "ruled": {"type": "integer", "x-kubernetes-validations": [{"rule": "self % 2 == 0", "messageExpression": "self > 5 ? 'odd and big' : 'odd'", "reason": "FieldValueForbidden"}]},
        "embedded": {"type": "object", "x-kubernetes-embedded-resource": True, "x-kubernetes-preserve-unknown-fields": True},
        "one": {"type": "object", "properties": {"x": {"type": "string"}, "y": {"type": "string"}}, "oneOf": [{"required": ["x"]}, {"required": ["y"]}]},
    }
    chosen = {k: members[k] for k in sorted(rng.sample(sorted(members), rng.randint(5, len(members))))}
    chosen.setdefault("replicas", members["replicas"])
    chosen["mark"] = {"type": "string", "default": mark}
    spec = {"type": "object", "properties": chosen}
    if rng.random() < 0.4 and "text" in chosen:
        spec["required"] = ["text"]
    if rng.random() < 0.5:
        rules = [("replicas", {"rule": "!has(self.replicas) || self.replicas < 10", "message": "too many"}), ("size", {"rule": "!has(self.size) || !has(oldSelf.size) || self.size >= oldSelf.size", "message": "must not shrink"}),
                 ("mark", {"rule": "has(self.mark)", "fieldPath": ".mark"}), ("replicas", {"rule": "!has(oldSelf.replicas) || has(self.replicas)", "reason": "FieldValueRequired"}), ("list", {"rule": "!has(self.list) || self.list.all(x, x != 'z')"}),
                 ("items", {"rule": "!has(self.items) || self.items.exists(x, x.name == 'a')", "messageExpression": "'without a'"}), ("map", {"rule": "!has(self.map) || !('x' in self.map)"})]
        spec["x-kubernetes-validations"] = [rng.choice([rule for name, rule in rules if name in chosen])]
    status = {"type": "object", "properties": {"replicas": {"type": "integer"}, "selector": {"type": "string"}, "phase": {"type": "string"}, "conditions": {"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"], "items": {"type": "object", "required": ["type"], "properties": {"type": {"type": "string"}, "status": {"type": "string"}}}}}}
    return {"openAPIV3Schema": {"type": "object", "properties": {"spec": spec, "status": status}}}


def version(rng, name, storage, mark):
    out = {"name": name, "served": True, "storage": storage, "schema": schema(rng, mark)}
    out["subresources"] = rng.choice(({}, {"status": {}}, {"status": {}, "scale": {"specReplicasPath": ".spec.replicas", "statusReplicasPath": ".status.replicas", "labelSelectorPath": ".status.selector"}}, {"scale": {"specReplicasPath": ".spec.replicas", "statusReplicasPath": ".status.replicas"}}))
    if rng.random() < 0.5:
        out["additionalPrinterColumns"] = [{"name": "Size", "type": "integer", "jsonPath": ".spec.size"}, {"name": "Phase", "type": "string", "jsonPath": ".status.phase", "priority": 1}, {"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"}]
    if rng.random() < 0.4 and "color" in out["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]:
        out["selectableFields"] = [{"jsonPath": ".spec.color"}]
    if rng.random() < 0.2:
        out.update(deprecated=True, **rng.choice(({}, {"deprecationWarning": "use something else"})))
    return out


def value(rng, known):
    """Mostly what fits."""
    fit = {"size": 5, "replicas": 3, "color": "green", "text": "abc", "when": "2026-01-02T03:04:05Z", "ratio": 1.5, "port": rng.choice((80, "http")), "flag": True, "maybe": None, "list": ["a", "b"], "items": [{"name": "a"}, {"name": "b", "v": 2}],
           "map": {"k": "v"}, "atomic": {"a": "x"}, "free": {"any": [1, {"b": None}]}, "nested": {"a": {}}, "once": rng.choice("ab"), "ruled": 4, "embedded": {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x", "bogus": 1}, "extra": 1}, "one": {"x": "1"}, "mark": "own", "unknown": 1}
    name = rng.choice(sorted(fit))
    return name, fit[name] if rng.random() < 0.7 else rng.choice(ODD)


def body(rng, version_name):
    spec = dict(value(rng, None) for _ in range(rng.randint(0, 4)))
    out = {"apiVersion": GROUP + "/" + version_name, "kind": "Widget", "metadata": {"name": "@X@-" + rng.choice("abc"), "labels": rng.choice(({}, {"a": "b"}))}, "spec": spec}
    if rng.random() < 0.2:
        out["status"] = {"phase": "New", "replicas": 2}
    if rng.random() < 0.06:
        out["metadata"].update(rng.choice(({"bogus": 1}, {"finalizers": ["example.com/f"]}, {"generateName": "g-"}, {"resourceVersion": "1"}, {"annotations": {"a": 1}})))
    if rng.random() < 0.08:
        out.update(rng.choice(({"bogus": 1}, {"kind": "Odd"}, {"apiVersion": "v1"}, {"spec": None}, {"spec": []}, {"spec": "x"})))
    return out


def write(rng, memory):
    v = rng.choice(("v1", "v1", "v2"))
    known = sorted(k for k in memory if k.startswith("/apis/" + GROUP) and "/@X@-" in k)
    query_parts = query(rng.choice(("", "", "", "dryRun=All")), rng.choice(("", "fieldValidation=Strict", "fieldValidation=Warn", "fieldValidation=Ignore")), rng.choice(("", "", "fieldManager=m")))
    roll = rng.random()
    if not known or roll < 0.25:
        return post(path(v) + query_parts, body(rng, v))
    key = rng.choice(known)
    name = key.rsplit("/", 1)[1]
    at = path(v) + "/" + name
    if roll < 0.4:
        return edit(key + query_parts, key, [[["spec", n], x] for n, x in (value(rng, None) for _ in range(rng.randint(1, 2)))], [["spec", value(rng, None)[0]]] if rng.random() < 0.3 else [])
    if roll < 0.52:
        return merge(at + query_parts, {"spec": dict(value(rng, None) for _ in range(rng.randint(1, 3)))})
    if roll < 0.58:
        n, x = value(rng, None)
        return {"method": "PATCH", "path": at + query_parts, "body": [{"op": rng.choice(("add", "replace", "remove", "test")), "path": "/spec/" + n, "value": x}], "headers": {"Content-Type": "application/json-patch+json"}}
    if roll < 0.7:
        out = body(rng, v)
        out["metadata"]["name"] = name
        return apply(at + query("fieldManager=" + rng.choice("xy"), rng.choice(("", "force=true"))), out)
    if roll < 0.8:
        status = {"status": rng.choice(({"replicas": 2, "selector": "a=b"}, {"phase": "Ready"}, {"conditions": [{"type": "A", "status": "True"}]}, {"conditions": [{"type": "A"}, {"type": "A"}]}, {"replicas": "x"}, {"bogus": 1}, None))}
        if rng.random() < 0.3:
            status["spec"] = {"size": 50}
        return merge(at + "/status", status)
    if roll < 0.88:
        if rng.random() < 0.35:
            return get(at + "/scale", key="read")
        return merge(at + "/scale", {"spec": {"replicas": rng.choice((0, 4, -1, 20, None, "x"))}}) if rng.random() < 0.7 else put(at + "/scale", {"apiVersion": "autoscaling/v1", "kind": "Scale", "metadata": {"name": name, "namespace": "@NS@"}, "spec": {"replicas": 6}})
    if roll < 0.93:
        return delete(rng.choice((at, at, path(v) + "?labelSelector=a%3Db")))
    return get(rng.choice((at, path(v), path(v) + "?fieldSelector=spec.color%3Dgreen", path(v) + "?fieldSelector=metadata.name%3D@X@-a", path(v) + "?limit=1")), rng.choice((None, None, TABLE, PARTIALS)), key="read")


def waiting(version_name, mark):
    body_ = {"apiVersion": GROUP + "/" + version_name, "kind": "Widget", "metadata": {"name": "probe"}, "spec": {"text": "abc"}}
    return {**post(path(version_name) + "?dryRun=All", body_, key="probe"), "wait": '"mark":"%s"' % mark}


def steps(rng, memory, count):
    yield from namespace()
    versions = [version(rng, "v1", True, "m0"), version(rng, "v2", False, "m0")]
    names = {"plural": "widgets", "singular": "widget", "kind": "Widget", "listKind": "WidgetList", "shortNames": ["w" + "@X@"], "categories": ["all"]}
    yield post(DEFINITIONS, {"metadata": {"name": NAME}, "spec": {"group": GROUP, "scope": "Namespaced", "names": names, "versions": versions}})
    if DEFINITION not in memory:
        return
    yield {**get(path("v1")), "wait": "WidgetList"}
    yield {**get(path("v2")), "wait": "WidgetList"}
    for number in range(1, 3):
        for _ in range(count // 2):
            yield write(rng, memory)
        mark = "m%d" % number
        changed = copy.deepcopy(versions)
        for one in changed:
            one["schema"] = schema(rng, mark)
            one.pop("selectableFields", None)
        yield merge(DEFINITION, {"spec": {"versions": changed}})
        yield waiting("v1", mark)
        yield waiting("v2", mark)
    for _ in range(count // 3):
        yield write(rng, memory)
    yield delete(path("v1"))
    yield delete(DEFINITION)
    yield {**get(path("v1")), "wait": "404 page not found|could not find"}
    yield get(DEFINITION, key="read")
