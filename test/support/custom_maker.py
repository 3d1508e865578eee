"""Makes definitions of custom resources, objects of them and requests about both from a seed.

Schemas have most keywords and extensions, some where they may not be; objects mostly fit their schema."""
import copy
import random

GROUP = "random.example.com"
CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
JSON, MERGE, PATCH, APPLY = "application/json", "application/merge-patch+json", "application/json-patch+json", "application/apply-patch+yaml"
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"
PARTIAL = "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io,application/json"
FORMATS = ("uri", "email", "hostname", "ipv4", "ipv6", "cidr", "mac", "uuid", "isbn", "creditcard", "ssn", "hexcolor", "rgbcolor", "byte", "password", "date",
           "duration", "date-time", "int32", "float", "odd", "k8s-short-name", "k8s-long-name", "bsonobjectid")
PATTERNS = ("^a+$", "[", "^\\d{3}$", "(?P<x>a)", "(?=a)", "\\p{L}+", "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", "*")
ODD = (None, 1, 0, -1, 1.5, "a", "", "abc", True, False, [], {}, [1], ["a", "b"], {"a": 1}, 10 ** 20, 1234567.5)
TEXTS = ("", "a", "abc", "zzz", "aaa", "10.0.0.1", "2020-01-01", "2020-01-01T00:00:00Z", "1h", "a@b.c", "http://x/y")
PATHS = (".spec", ".spec.a", ".status.replicas", ".spec.replicas", ".metadata.name", "spec.a", ".spec.x-y", ".spec['x-y']", ".spec.a[0]", ".spec.a[*].b", "", ".",
         ".spec..a", ".status.conditions[?(@.type==\"Ready\")].status", ".metadata.labels.a", ".metadata.creationTimestamp", ".kind")
RULES = ("true", "self.size() > 0", "has(self.a)", "self.all(x, x != 'a')", "self == oldSelf", "self.a == 1", "", "1", "self > 1")
STATUS = {"type": "object", "properties": {"replicas": {"type": "integer"}, "selector": {"type": "string"}}}


class Maker:
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.one_of = lambda values: copy.deepcopy(self.random.choice(values))

    def maybe(self, chance):
        return self.random.random() < chance

    # ---- values

    def value(self, schema):
        kind = schema.get("type")
        if self.maybe(.12):
            return self.one_of(ODD)
        if schema.get("enum") and self.maybe(.7):
            return self.one_of(schema["enum"])
        if schema.get("x-kubernetes-int-or-string"):
            return self.one_of((1, "a", "50%", 1.5))
        if kind == "array":
            items = schema.get("items")
            return [self.value(items if isinstance(items, dict) else {}) for _ in range(self.random.randrange(4))]
        if kind == "object":
            out = {k: self.value(v) for k, v in schema.get("properties", {}).items() if self.maybe(.5)}
            more = schema.get("additionalProperties")
            if isinstance(more, dict):
                out.update({k: self.value(more) for k in self.random.sample(("k1", "k2", "k3"), self.random.randrange(3))})
            return {**out, "unknown": 1} if self.maybe(.1) else out
        return self.one_of({"string": TEXTS, "integer": (0, 1, -1, 5, 10, 100), "number": (0, 1, 1.5, -2.5, 1e7), "boolean": (True, False)}.get(kind, ODD))

    # ---- schemas

    def schema(self, depth, wild=0.0):
        """`wild`: how likely it says what it may not."""
        if self.maybe(.06):
            return {"x-kubernetes-int-or-string": True}
        kinds = ("string", "integer", "number", "boolean") + (("array", "object", "object") if depth > 0 else ())
        kind = self.one_of(("null", "file", "", None)) if self.maybe(wild / 2) else self.one_of(kinds)
        out = {} if kind is None else {"type": kind}
        add = getattr(self, "add_" + str(kind), None)
        if add:
            add(out, depth, wild)
        if self.maybe(.1):
            out["nullable"] = self.one_of((True, True, False))
        if self.maybe(.08):
            out["default"] = self.value(out)
        if self.maybe(wild / 2):
            key = self.one_of(("id", "$ref", "definitions", "patternProperties", "uniqueItems", "x-kubernetes-list-map-keys", "x-kubernetes-map-type", "x-odd", "const"))
            out[key] = self.one_of(("x", True, {}, [], None, ["a"]))
        if self.maybe(wild / 2):
            rule = {"rule": self.one_of(RULES)}
            for key, values in {"message": ("m", "a\nb", " "), "messageExpression": ("'a'", "1", "self.a"), "reason": ("FieldValueRequired", "Odd"),
                                "fieldPath": (".a", "a", ".a.b", "['a']"), "optionalOldSelf": (True, False)}.items():
                if self.maybe(.3):
                    rule[key] = self.one_of(values)
            out["x-kubernetes-validations"] = [rule]
        if self.maybe(.1) and depth > 0 and kind is not None:
            key = self.one_of(("allOf", "anyOf", "oneOf", "not"))
            out[key] = self.part(kind) if key == "not" else [self.part(kind) for _ in range(self.random.randrange(1, 3))]
        return out

    def part(self, kind):
        """Of a choice: some of what may not stand there as well."""
        all_of_it = {"required": ["a"], "properties": {self.one_of(("a", "zz")): self.one_of(({"minLength": 1}, {"type": "string"}, {"minimum": 1}, {}))},
                     "minLength": 1, "pattern": "^a", "enum": ["a"], "minimum": 1, "type": kind, "items": {"minLength": 1}, "maxItems": 2, "nullable": True,
                     "default": 1, "description": "d", "additionalProperties": {"minLength": 1}, "not": {"enum": ["zz"]}, "format": "ipv4", "minProperties": 1}
        return {key: all_of_it[key] for key in self.random.sample(sorted(all_of_it), self.random.randrange(1, 3))}

    def add_string(self, out, depth, wild):
        for chance, key, values in ((.2, "format", FORMATS), (.15, "pattern", PATTERNS if wild else ("^a+$",)), (.15, "minLength", (-1, 0, 1, 2)),
                                    (.15, "maxLength", (0, 1, 3, 5)), (.12, "enum", (["a", "abc"], ["b", None], ["", 1], []))):
            if self.maybe(chance):
                out[key] = self.one_of(values)

    def add_number(self, out, depth, wild):
        for chance, key, values in ((.2, "minimum", (0, 1, -1, 1.5, 10 ** 20)), (.2, "maximum", (0, 5, 1e7, -1, 2.5)), (.1, "exclusiveMinimum", (True, False)),
                                    (.1, "exclusiveMaximum", (True, False)), (.1, "multipleOf", (2, 0.5, 0, -1, 3)), (.1, "format", ("int32", "float", "odd")),
                                    (.08, "enum", ([1, 2], [1.5, None], ["a"]))):
            if self.maybe(chance):
                out[key] = self.one_of(values)

    add_integer = add_number

    def add_array(self, out, depth, wild):
        if not self.maybe(wild / 2):
            out["items"] = self.schema(depth - 1, wild)
        if self.maybe(.2):
            out["x-kubernetes-list-type"] = self.one_of(("atomic", "set", "map", "map", "odd" if wild else "set"))
        if out.get("x-kubernetes-list-type") == "map":
            out["items"] = {"type": "object", "required": ["a"], "properties": {"a": {"type": self.one_of(("string", "integer", "boolean"))}, "b": {"type": "string"}}}
            if self.maybe(.3):
                out["items"]["properties"]["b"]["default"] = "q"
            out["x-kubernetes-list-map-keys"] = self.one_of((["a"], ["a", "b"], ["q"], []) if wild else (["a"],))
        for chance, key, values in ((.1, "minItems", (-1, 0, 1)), (.1, "maxItems", (0, 2, 5)), (wild, "uniqueItems", (True, False))):
            if self.maybe(chance):
                out[key] = self.one_of(values)

    def add_object(self, out, depth, wild):
        if self.maybe(.75):
            out["properties"] = {name: self.schema(depth - 1, wild) for name in self.random.sample(("a", "b", "c", "d", "x-y", "namespace"), self.random.randrange(4))}
            if self.maybe(.25) and out["properties"]:
                out["required"] = [self.one_of(sorted(out["properties"]))]
        elif self.maybe(.8):
            out["additionalProperties"] = self.schema(depth - 1, wild)
        for chance, key, values in ((.08, "x-kubernetes-preserve-unknown-fields", (True, True, False)), (.05, "x-kubernetes-embedded-resource", (True,)),
                                    (.08, "x-kubernetes-map-type", ("atomic", "granular", "odd" if wild else "atomic")), (.08, "minProperties", (0, 1, 2)),
                                    (.08, "maxProperties", (0, 2, 5)), (wild, "additionalProperties", (True, False, {"type": "string"}))):
            if self.maybe(chance):
                out[key] = self.one_of(values)

    def spec(self, wild=0.0):
        return {"type": "object", "properties": {name: self.schema(2, wild) for name in self.random.sample(("a", "b", "c", "d", "x-y"), 3)}}

    # ---- definitions

    def version(self, name, wild):
        version = {"name": name, "served": True, "storage": name == "v1",
                   "schema": {"openAPIV3Schema": {"type": "object", "properties": {"spec": self.spec(wild), "status": STATUS}}}}
        paths = PATHS if wild else PATHS[:6] + (".spec['x-y']", ".metadata.labels.a")
        if self.maybe(.6):
            version["subresources"] = {"status": {}}
            if self.maybe(.4):
                version["subresources"]["scale"] = {"specReplicasPath": self.one_of(PATHS) if wild else ".spec.a", "statusReplicasPath": ".status.replicas",
                                                    "labelSelectorPath": ".status.selector"}
        if self.maybe(.6):
            version["additionalPrinterColumns"] = [{"name": "C%d" % n, "type": self.one_of(("string", "integer", "number", "boolean", "odd" if wild else "date")),
                                                    "jsonPath": self.one_of(paths)} for n in range(self.random.randrange(1, 4))]
        fields = [n for n, s in version["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"].items() if s.get("type") in ("string", "integer", "boolean")]
        if self.maybe(.4):
            version["selectableFields"] = [{"jsonPath": ".spec." + n} for n in fields if "-" not in n] + [{"jsonPath": self.one_of(PATHS)}] * bool(wild)
        return version

    def definition(self, plural, wild):
        kind = plural.capitalize()
        return {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": plural + "." + GROUP},
                "spec": {"group": GROUP, "scope": "Namespaced", "names": {"plural": plural, "kind": kind},
                         "versions": [self.version(v, wild) for v in (("v1", "v2") if self.maybe(.3) else ("v1",))]}}

    # ---- requests about the resources of a definition

    def requests(self, definition, count):
        names = ["o0"]
        for number in range(count):
            version = self.one_of(definition["spec"]["versions"])
            at = "/apis/%s/%s/namespaces/default/%s" % (GROUP, version["name"], definition["spec"]["names"]["plural"])
            properties = version["schema"]["openAPIV3Schema"]["properties"]
            strict = self.one_of(("", "", "?fieldValidation=Strict", "?fieldValidation=Ignore"))
            body = {"apiVersion": GROUP + "/" + version["name"], "kind": definition["spec"]["names"]["kind"], "metadata": {"name": self.one_of(names)},
                    "spec": self.value(properties["spec"])}
            if self.maybe(.3):
                body["status"] = self.value(STATUS)
            name, act = body["metadata"]["name"], self.one_of(("create", "create", "put", "merge", "merge", "json", "apply", "apply", "read", "select", "scale"))
            if number == 0 or act == "create":
                body["metadata"]["name"] = "o%d" % number
                names.append(body["metadata"]["name"])
                yield "POST", at + strict, body, JSON, JSON
            elif act == "put":
                body["metadata"]["resourceVersion"] = "NOW"
                yield "PUT", at + "/" + name + self.one_of(("", "", "/status")) + strict, body, JSON, JSON
            elif act == "merge":
                part = self.one_of(({"spec": body["spec"]}, {"spec": {self.one_of(("a", "b", "c")): None}}, {"status": self.value(STATUS)}, {"metadata": {"labels": {"a": "b"}}}))
                yield "PATCH", at + "/" + name + self.one_of(("", "", "/status")) + strict, part, MERGE, JSON
            elif act == "json":
                field = self.one_of(sorted(properties["spec"]["properties"]))
                step = {"op": self.one_of(("add", "replace", "remove", "test", "copy")), "path": self.one_of(("/spec/" + field, "/metadata/labels", "/spec", "/status/replicas")),
                        "value": self.value(properties["spec"]["properties"][field]), "from": "/spec/" + field}
                yield "PATCH", at + "/" + name + strict, [step], PATCH, JSON
            elif act == "apply":
                query = "?fieldManager=" + self.one_of(("m1", "m2")) + self.one_of(("", "&force=true"))
                yield "PATCH", at + "/" + name + query, body, APPLY, JSON
            elif act == "read":
                yield "GET", at + self.one_of(("", "/" + name, "/" + name + "/status")), None, JSON, self.one_of((TABLE, PARTIAL, JSON))
            elif act == "select":
                yield "GET", at + "?fieldSelector=" + self.one_of(("spec.a=a", "spec.a=1", "metadata.name=o1", "spec.b=true", "spec.zz=1", "spec.a%21=a")), None, JSON, JSON
            else:
                part = self.one_of(({"spec": {"replicas": self.one_of((1, 3, -1, "a", None))}}, {"status": {"replicas": 3}}, {"metadata": {"labels": {"a": "b"}}}))
                yield "PATCH", at + "/" + name + "/scale", part, MERGE, JSON
