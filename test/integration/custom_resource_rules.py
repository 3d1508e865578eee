#!/usr/bin/env python3
"""x-kubernetes-validations: which rules a definition may have, and what they say to custom resources, as upstream has it.

Recorded answers of an upstream apiserver: test/golden/custom_resource_rules.json, made by
`custom_resource_rules.py --record KUBECONFIG`."""
import json
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
import skiff
from ask import MERGE, Asker
from recorded import load, promise, save
from skiff import until

GOLDEN = os.path.join(HERE, "..", "golden", "custom_resource_rules.json")
CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
THINGS = "/apis/rules.example.com/v1/namespaces/default/"

s, i = {"type": "string"}, {"type": "integer"}
short = {"type": "string", "maxLength": 10}


def o(properties, *rules, **more):
    out = {"type": "object", "properties": properties, **more}
    return {**out, "x-kubernetes-validations": list(rules)} if rules else out


def a(items, *rules, **more):
    out = {"type": "array", "items": items, **more}
    return {**out, "x-kubernetes-validations": list(rules)} if rules else out


def m(values, *rules, **more):
    out = {"type": "object", "additionalProperties": values, **more}
    return {**out, "x-kubernetes-validations": list(rules)} if rules else out


def r(rule, **more):
    return {"rule": rule, **more}


def scalar(schema, *rules):
    return {**schema, "x-kubernetes-validations": list(rules)}


def crd(plural, root):
    kind = plural.capitalize()[:-1]
    return {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": plural + ".rules.example.com"},
            "spec": {"group": "rules.example.com", "scope": "Namespaced", "names": {"plural": plural, "kind": kind},
                     "versions": [{"name": "v1", "served": True, "storage": True, "subresources": {"status": {}}, "schema": {"openAPIV3Schema": root}}]}}


def root(spec, *rules):
    return o({"spec": spec, "status": o({"n": i})}, *rules)


KEYED = dict([("x-kubernetes-list-type", "map"), ("x-kubernetes-list-map-keys", ["k"])])

# Definitions as they may and may not be written.
DEFINITIONS = {
    "good": root(o({"a": i, "b": i}, r("self.a < self.b"))),
    "syntax error": root(o({"a": i}, r("self.a <"))),
    "undeclared": root(o({"a": i}, r("foo == 1"))),
    "no such field": root(o({"a": i}, r("self.x == 1"))),
    "not a bool": root(o({"a": i}, r("self.a"))),
    "no such overload": root(o({"a": i, "b": s}, r("self.a == self.b"))),
    "bad literal": root(o({"a": s}, r("self.a.matches('[')"))),
    "bad duration": root(o({"a": s}, r("duration('x') == duration('1s')"))),
    "two bad rules": root(o({"a": i}, r("self.x == 1"), r("self.y"))),
    "rules at two depths": root(o({"a": scalar(i, r("self > 'a'"))}, r("self.x == 1"))),
    "empty rule": root(o({"a": i}, r(""))),
    "blank rule": root(o({"a": i}, r("  "))),
    "all members of a rule": root(o({"a": i}, r("self.x", message="m", messageExpression="'m'", reason="FieldValueRequired", fieldPath=".a", optionalOldSelf=True))),
    "message expression, syntax": root(o({"a": i}, r("self.a > 1", messageExpression="'a' +"))),
    "message expression, type": root(o({"a": i}, r("self.a > 1", messageExpression="self.a"))),
    "message expression, good": root(o({"a": i}, r("self.a > 1", messageExpression="'a is %d'.format([self.a])"))),
    "message expression, dear": root(o({"a": a(s)}, r("self.a.size() > 1", messageExpression="self.a.map(x, self.a.map(y, x + y).join(',')).join(',')"))),
    "fieldPath, good": root(o({"a": o({"b": i})}, r("self.a.b > 1", fieldPath=".a.b"))),
    "fieldPath, nowhere": root(o({"a": o({"b": i})}, r("self.a.b > 1", fieldPath=".a.c"))),
    "reason, odd": root(o({"a": i}, r("self.a > 1", reason="Odd"))),
    "oldSelf": root(o({"a": i}, r("self.a >= oldSelf.a"))),
    "oldSelf in a list": root(o({"l": a(o({"a": i}, r("self.a >= oldSelf.a")), maxItems=5)})),
    "oldSelf in a keyed list": root(o({"l": a(o({"k": s, "a": i}, r("self.a >= oldSelf.a"), required=["k"]), maxItems=5, **KEYED)})),
    "oldSelf in a list in a list": root(o({"l": a(o({"m": a(o({"k": s, "a": i}, r("self.a >= oldSelf.a"), required=["k"]), maxItems=5, **KEYED)}), maxItems=5)})),
    "oldSelf in an atomic map": root(o({"l": o({"a": scalar(i, r("self >= oldSelf"))}, **{"x-kubernetes-map-type": "atomic"})})),
    "optionalOldSelf": root(o({"a": i}, r("oldSelf.hasValue() || self.a > 1", optionalOldSelf=True))),
    "optionalOldSelf without oldSelf": root(o({"a": i}, r("self.a > 1", optionalOldSelf=True))),
    "optionalOldSelf false without oldSelf": root(o({"a": i}, r("self.a > 1", optionalOldSelf=False))),
    "optionalOldSelf, plain use": root(o({"a": i}, r("oldSelf.a > 1", optionalOldSelf=True))),
    "metadata of the root": root(o({"a": i}), r("self.metadata.name.startsWith('a')")),
    "labels of the root": root(o({"a": i}), r("self.metadata.labels.size() > 1")),
    "kind of the root": root(o({"a": i}), r("self.kind == 'X' && self.apiVersion == 'y'")),
    "dear, unbounded lists": root(o({"l": a(s)}, r("self.l.all(x, self.l.all(y, x != y))"))),
    "dear, a little": root(o({"l": a({"type": "string", "maxLength": 1000}, maxItems=250)}, r("self.l.all(x, self.l.all(y, x != y))"))),
    "dear, in a list": root(o({"l": a(o({"t": {"type": "string", "maxLength": 10000}}, r("self.t.contains('abc')")))})),
    "dear, in lists of lists": root(o({"l": a(a(scalar(s, r("self.matches('^a+$')"))))})),
    "dear, bounded": root(o({"l": a(o({"t": short}, r("self.t.contains('abc')")), maxItems=10)})),
    "dear, all together": root(o({"l%d" % n: a(short, r("self.all(x, self.all(y, x != y))"), maxItems=1000 + 10 * n) for n in range(14)})),
    "a reserved word, mistyped": root(o({"namespace": s}, r("self.namespace == 1"))),
    "in a map": root(o({"m": m(scalar(i, r("self > 1")))})),
    "on a map": root(o({"m": m(i, r("self.all(k, k != 'a' && self[k] > 1)"), maxProperties=5)})),
    "preserved": root(o({"p": {"type": "object", "x-kubernetes-preserve-unknown-fields": True, "x-kubernetes-validations": [r("self.x == 1")]}})),
    "a member of no type": root(o({"p": {"x-kubernetes-preserve-unknown-fields": True}}, r("has(self.p)"))),
    "of no type": root(o({"p": {"x-kubernetes-preserve-unknown-fields": True, "x-kubernetes-validations": [r("true")]}})),
    "int or string": root(o({"p": {"x-kubernetes-int-or-string": True, "x-kubernetes-validations": [r("type(self) == int ? self > 1 : self == 'x'")]}})),
    "escaped": root(o({"a-b": i, "namespace": s, "x.y": i, "__u": i}, r("self.a__dash__b > 1 && self.__namespace__ == 'x' && self.x__dot__y > 1 && self.__underscores__u > 1"))),
    "escaped wrongly": root(o({"namespace": s}, r("self.namespace == 'x'"))),
    "embedded": root(o({"e": {"type": "object", "x-kubernetes-embedded-resource": True, "x-kubernetes-preserve-unknown-fields": True, "x-kubernetes-validations": [r("self.metadata.name == 'a' && self.kind == 'X'")]}})),
    "in allOf": root({"type": "object", "properties": {"a": i}, "allOf": [{"properties": {"a": {"x-kubernetes-validations": [r("self > 1")]}}}]}),
    "schema error hides rules": root(o({"a": {"type": "integer", "uniqueItems": True}}, r("self.x == 1"))),
    "structural error hides rules": root(o({"a": {}}, r("self.x == 1"))),
    "formats": root(o({"t": {"type": "string", "format": "date-time"}, "d": {"type": "string", "format": "duration"}, "b": {"type": "string", "format": "byte"}}, r("self.t > timestamp('2020-01-01T00:00:00Z') && self.d < duration('1h') && self.b == b'abc'"))),
    "a default that breaks a rule": root(o({"a": scalar({"type": "integer", "default": 1}, r("self > 1"))})),
    "a default, its rule does not compile": root(o({"a": scalar({"type": "integer", "default": 1}, r("self.size() > 1"))})),
    "a default, its rule fails": root(o({"a": scalar({"type": "integer", "default": 1}, r("1 / 0 > self"))})),
    "a deep default that breaks a rule": root(o({"a": scalar(i, r("self > 1"))}, default={"a": 1})),
    "a default of a map": root(o({"d": {"type": "object", "default": {"k": 1}, "additionalProperties": scalar(i, r("self > 1", message="m"))}})),
    "a default and oldSelf": root(o({"a": scalar({"type": "integer", "default": 1}, r("self > oldSelf"))})),
    "a default and optionalOldSelf": root(o({"a": scalar({"type": "integer", "default": 1}, r("oldSelf.hasValue()", optionalOldSelf=True))})),
    "a default of another type": root(o({"a": scalar({"type": "integer", "default": "x"}, r("self > 1"))})),
    "a default with unknown fields": root(o({"a": o({"b": i}, r("self.b > 1"), default={"b": 1, "c": 1})})),
    "no program": root(o({"a": i}, r("uint('a') == 1u"), r("uint('a')"), r("self.a > 1", messageExpression="string(uint('a'))"))),
    "a type's name that is none": root(o({"a": i}, r("duration == type(1)"))),
    "wrong elsewhere": root(o({"a": {"type": "file"}, "b": o({"x": i}, r("self.y"))})),
    "wrong above and below": root(o({"a": o({"x": {"type": "string", "pattern": "["}}, r("self.y")), "b": scalar(i, r("self"))}, r("self.z"), description="d")),
    "nullable": root(o({"n": {"type": "integer", "nullable": True}}, r("self.n == null || self.n > 1"))),
    "authorizer is not there": root(o({"a": i}, r("authorizer.group('').resource('pods').check('get').allowed()"))),
}

# What rules say to the resources of one large definition. A case: the object's spec, or a list of specs that follow each other.
SPEC = o({
    "a": i, "b": i,
    "t": scalar({"type": "string", "maxLength": 20}, r("self.startsWith('x')", message=" must begin with x ")),
    "e": scalar({"type": "string", "maxLength": 20}, r("self != 'bad'", messageExpression="'not ' + self"), r("self != 'lines'", messageExpression="'one\\ntwo'", message="other"),
                r("self != 'blank'", messageExpression="'  '"), r("self != 'fails'", messageExpression="string(1 / (size(self) - 5))", message="plain")),
    "n": scalar(i, r("self > 0"), r("self < 10", reason="FieldValueForbidden"), r("self != 7", reason="FieldValueDuplicate"), r("self != 8", reason="FieldValueRequired", message="no eights")),
    "f": o({"g": i, "h": o({"i": i})}, r("!has(self.g) || self.g > 0", fieldPath=".g"), r("!has(self.h) || !has(self.h.i) || self.h.i > 0", fieldPath=".h.i", reason="FieldValueRequired")),
    "l": a(o({"k": short, "v": i}, r("self.v >= oldSelf.v", message="v may not fall"), r("self.v != 13"), required=["k"]), maxItems=10, **KEYED),
    "plain": a(scalar(i, r("self != 13")), r("self.size() != 3"), maxItems=10),
    "m": m(scalar(i, r("self != 13"), r("self >= oldSelf")), r("!('bad' in self)"), maxProperties=10),
    "kept": scalar(short, r("self == oldSelf", message="immutable")),
    "opt": scalar(i, r("oldSelf.hasValue() ? self >= oldSelf.value() : self == 1", optionalOldSelf=True)),
    "ios": {"x-kubernetes-int-or-string": True, "x-kubernetes-validations": [r("self > 5")]},
    "any": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
    "q": scalar(short, r("quantity(self).isGreaterThan(quantity('1Gi'))")),
    "nul": {**scalar(i, r("self > 1")), "nullable": True},
    "tree": o({"x": o({"y": scalar(i, r("self > 0"))})}),
    "en": {"type": "string", "enum": ["a", "b"]},
    "big": a({"type": "string", "maxLength": 5}, r("self.all(x, self.all(y, x.size() + y.size() < 100))"), maxItems=400),
}, r("!has(self.a) || !has(self.b) || self.a < self.b", message="a must be below b"), r("!has(self.a) || 10 / self.a > 0"), r("!has(oldSelf.kept) || has(self.kept)", message="kept must be kept"))

OBJECTS = {
    "nothing": {}, "good": {"a": 1, "b": 2}, "spec": {"a": 2, "b": 1}, "division": {"a": 0, "b": 1}, "both": {"a": 20, "b": 1},
    "message": {"t": "a"}, "message expression": {"e": "bad"}, "message of lines": {"e": "lines"}, "message of blanks": {"e": "blank"}, "message that fails": {"e": "fails"},
    "invalid": {"n": 0}, "forbidden": {"n": 11}, "duplicate": {"n": 7}, "required": {"n": 8},
    "fieldPath": {"f": {"g": 0}}, "deep fieldPath": {"f": {"h": {"i": 0}}},
    "item": {"l": [{"k": "a", "v": 1}, {"k": "b", "v": 13}]}, "item of a plain list": {"plain": [1, 13]}, "plain list": {"plain": [1, 2, 3]},
    "value of a map": {"m": {"a": 13}}, "map": {"m": {"bad": 1}},
    "optional": {"opt": 2}, "int or string, int": {"ios": 6}, "int or string, small": {"ios": 5}, "int or string, string": {"ios": "a"},
    "quantity": {"q": "1Mi"}, "no quantity": {"q": "x"}, "null": {"nul": None}, "tree": {"tree": {"x": {"y": 0}}},
    "blocked": {"en": "c", "a": 2, "b": 1}, "blocked by a type": {"a": "x", "t": "a"}, "blocked by a length": {"t": "a" * 30, "n": 0}, "not blocked by a range": {"n": 0},
    "too dear": {"big": ["x"] * 400}, "dear": {"big": ["x"] * 100},
    "changed item": [{"l": [{"k": "a", "v": 3}, {"k": "b", "v": 1}]}, {"l": [{"k": "b", "v": 1}, {"k": "a", "v": 2}]}, {"l": [{"k": "c", "v": 0}, {"k": "a", "v": 3}]}],
    "changed value": [{"m": {"a": 3}}, {"m": {"a": 2}}, {"m": {"b": 1}}],
    "kept": [{"kept": "a"}, {"kept": "b"}, {}, {"kept": "a", "a": 1}],
    "optional, later": [{"opt": 1}, {"opt": 0}, {"opt": 5}],
}


def define(asker, definition):
    name = definition["metadata"]["name"]
    status, _, body = asker.send("POST", CRDS, definition)
    assert status == 201, body

    def done():
        found = asker.get(CRDS + "/" + name)
        conditions = found.get("status", {}).get("conditions", [])
        return any(c["type"] == "Established" and c["status"] == "True" for c in conditions)
    until(done, name)
    until(lambda: asker.send("GET", THINGS + name.split(".")[0])[0] == 200, "served: " + name)


def thing(kind, name, spec, **more):
    return {"apiVersion": "rules.example.com/v1", "kind": kind, "metadata": {"name": name}, "spec": spec, **more}


def definitions(asker):
    for name, schema in DEFINITIONS.items():
        asker.ask(name, "POST", CRDS + "?dryRun=All", crd("widgets", schema))


def objects(asker):
    define(asker, crd("things", root(SPEC, r("self.metadata.name != 'spec-odd'", message="an odd name"), r("!has(self.status) || self.status.n < 5"))))
    for number, (name, specs) in enumerate(OBJECTS.items()):
        path = THINGS + "things"
        for step, spec in enumerate(specs if isinstance(specs, list) else [specs]):
            body = thing("Thing", "t%d" % number, spec)
            if step == 0:
                asker.ask(name, "POST", path, body)
                continue
            status, _, data = asker.send("GET", path + "/t%d" % number)
            body["metadata"]["resourceVersion"] = json.loads(data)["metadata"]["resourceVersion"]
            asker.ask("%s, %d" % (name, step), "PUT", path + "/t%d" % number, body)
    asker.ask("the root", "POST", THINGS + "things", thing("Thing", "spec-odd", {}))
    asker.ask("status", "PATCH", THINGS + "things/t0/status", {"status": {"n": 7}}, content_type=MERGE)
    asker.ask("status, good", "PATCH", THINGS + "things/t0/status", {"status": {"n": 3}}, content_type=MERGE)


def ratchet(asker):
    """What was wrong before the rule came may stay."""
    loose = root(o({"a": i, "b": i, "s": o({"x": i, "y": i}), "l": a(o({"k": short, "v": i}, required=["k"]), maxItems=9, **KEYED), "p": a(i, maxItems=9)}))
    tight = root(o({"a": scalar(i, r("self > 0")), "b": i, "s": o({"x": i, "y": i}, r("self.x > 0", message="x first")),
                    "l": a(o({"k": short, "v": i}, r("self.v > 0"), required=["k"]), maxItems=9, **KEYED), "p": a(scalar(i, r("self > 0")), maxItems=9)}), r("self.spec.b != 5"))
    define(asker, crd("ratchets", loose))
    spec = {"a": 0, "b": 1, "s": {"x": 0, "y": 0}, "l": [{"k": "a", "v": 0}], "p": [0, 0]}
    at = THINGS + "ratchets"
    asker.send("POST", at, thing("Ratchet", "r", spec))
    asker.ask("tighter", "PATCH", CRDS + "/ratchets.rules.example.com", {"spec": {"versions": crd("ratchets", tight)["spec"]["versions"]}}, content_type=MERGE)
    until(lambda: asker.send("POST", at + "?dryRun=All", thing("Ratchet", "probe", {"a": 0, "b": 5}))[0] == 422, "the tighter schema")
    for name, change in {"nothing": {"metadata": {"labels": {"a": "b"}}}, "another": {"spec": {"b": 2}}, "the value": {"spec": {"a": -1}}, "below": {"spec": {"s": {"y": 1}}},
                         "item": {"spec": {"l": [{"k": "a", "v": 0}, {"k": "b", "v": 1}]}}, "its value": {"spec": {"l": [{"k": "a", "v": -1}]}}, "plain list": {"spec": {"p": [0, 0, 1]}}}.items():
        asker.ask(name, "PATCH", at + "/r?dryRun=All", change, content_type=MERGE)


PARTS = {f.__name__: f for f in (definitions, objects, ratchet)}


def answers(conf, part):
    asker = Asker(conf)
    try:
        part(asker)
    except AssertionError as error:
        asker.answers["everything could be asked"] = str(error)
    return {name: sort(answer) for name, answer in asker.answers.items()}


def sort(answer):
    """Upstream walks maps: problems come in any order."""
    if not isinstance(answer, dict):
        return answer
    if "details" in answer:
        answer["details"].get("causes", []).sort(key=lambda c: json.dumps(c, sort_keys=True))
        head, bracket, tail = answer["message"].partition(": [")
        if bracket and len(answer["details"].get("causes", [])) > 1:
            answer["message"] = head
    answer.get("warnings", []).sort()
    return {k: v for k, v in answer.items() if k != "body"}


if sys.argv[1:2] == ["--record"]:
    save(GOLDEN, {name: answers(sys.argv[2], part) for name, part in PARTS.items()})
    sys.exit()

golden = load(GOLDEN)
with skiff.Cluster(nodes=0) as cluster:
    for name, part in PARTS.items():
        promise(answers(cluster.conf, part), golden[name], name + ": ")
skiff.finish()
