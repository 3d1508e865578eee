#!/usr/bin/env python3
"""What clients learn about the API with custom resources in it: discovery in all its forms, OpenAPI, paths that are no resources.

The expected answers are upstream's own, in test/golden/discovery.json.gz; see scenario.py for how they were recorded."""
import json
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
import scenario
from scenario import readable
from scenario import scenario as named
from skiff import until

AGGREGATED = ";g=apidiscovery.k8s.io;v=%s;as=APIGroupDiscoveryList"
V2 = "application/json" + AGGREGATED % "v2"
PROTOBUF = "application/vnd.kubernetes.protobuf"
ACCEPTS = (None, "*/*", "application/json", "application/yaml", PROTOBUF, "text/html", "application/xml", "application/json;as=Table;g=meta.k8s.io;v=v1", V2,
           V2.replace("v=v2", "v=v2beta1"), V2 + ",application/json", PROTOBUF + AGGREGATED % "v2", "application/yaml" + AGGREGATED % "v2", "application/json;q=0.1,application/yaml",
           "garbage", V2.replace("v=v2", "v=v3"), "application/*", "application/json;stream=watch", PROTOBUF + "," + V2)
METHODS = ("POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "FOO")
DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"


def rich():
    text, count = {"type": "string"}, {"type": "integer"}
    return {"type": "object", "description": "A rich one.", "required": ["spec"], "properties": {
        "spec": {"type": "object", "required": ["a", "n"], "properties": {
            "a": {"type": "string", "minLength": 1, "pattern": "^a", "default": "a1"},
            "n": {"type": "integer", "format": "int32", "minimum": 1, "nullable": True},
            "either": {"x-kubernetes-int-or-string": True},
            "list": {"type": "array", "items": {"type": "object", "properties": {"k": text, "v": {"type": "number", "format": "double"}}, "required": ["k"]},
                     "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["k"]},
            "any": {"x-kubernetes-preserve-unknown-fields": True},
            "open": {"type": "object", "x-kubernetes-preserve-unknown-fields": True, "properties": {"z": text}},
            "whole": {"type": "object", "x-kubernetes-embedded-resource": True, "properties": {"spec": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}},
            "anything": {"type": "object", "x-kubernetes-embedded-resource": True, "x-kubernetes-preserve-unknown-fields": True},
            "map": {"type": "object", "additionalProperties": {"type": "string", "nullable": True}},
            "one": {"type": "string", "enum": ["x", "y"]},
            "of": {"type": "object", "properties": {"p": text, "q": text}, "oneOf": [{"required": ["p"]}, {"required": ["q"]}]},
            "short": {"type": "string", "x-kubernetes-validations": [{"rule": "self.size()<5", "message": "m"}]},
            "when": {"type": "string", "format": "date-time"}}},
        "status": {"type": "object", "properties": {"replicas": count}}}}


def definition(s, group, plural, kind, scope, versions, **names):
    first = next(iter(versions))
    body = {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": plural + "." + group},
            "spec": {"group": group, "scope": scope, "names": {"plural": plural, "kind": kind, **names},
                     "versions": [{"name": v, "served": True, "storage": v == first, "schema": {"openAPIV3Schema": schema}, **more} for v, (schema, more) in versions.items()]}}
    a = s.quiet("POST", DEFINITIONS, body)
    assert a.status == 201, a.data


def remove(s, *names):
    for name in names:
        s.quiet("DELETE", DEFINITIONS + "/" + name)


def of(suffix):
    """Those of a list of groups that end in `suffix`."""
    def show(a):
        if a.status != 200:
            return readable(a.headers.get("Content-Type", ""), a.data)
        body = a.json()
        groups = [g for g in body.get("groups", body.get("items", [])) if g.get("name", g.get("metadata", {}).get("name", "")).endswith(suffix)]
        return scenario.scrub(groups)
    return show


def listed(a):
    """A resource list, in one order: upstream's is that of a map."""
    body = readable(a.headers.get("Content-Type", ""), a.data)
    if isinstance(body, dict) and "resources" in body:
        body["resources"].sort(key=lambda r: r["name"])
    return body


def without_prose(v):
    if isinstance(v, dict):
        return {k: without_prose(x) for k, x in v.items() if not (k == "description" and isinstance(x, str))}
    return [without_prose(x) for x in v] if isinstance(v, list) else v


@named("custom groups stand in discovery and OpenAPI")
def custom(s):
    end = ".custom.example.com"
    status = {"subresources": {"status": {}, "scale": {"specReplicasPath": ".spec.n", "statusReplicasPath": ".status.replicas"}}, "selectableFields": [{"jsonPath": ".spec.one"}]}
    definition(s, "a" + end, "riches", "Rich", "Namespaced", {
        "v1": (rich(), status), "v1beta1": ({"type": "object", "x-kubernetes-preserve-unknown-fields": True}, {}), "v2alpha1": ({"type": "object"}, {"deprecated": True})},
        shortNames=["ri"], categories=["all"])
    definition(s, "zz" + end, "others", "Other", "Namespaced", {"v1": ({"type": "object", "properties": {"x": {"type": "integer"}}}, {})})
    definition(s, "b" + end, "bees", "Bee", "Cluster", {"v1alpha1": ({"type": "object", "properties": {"x": {"type": "boolean"}}}, {"subresources": {"status": {}}})})
    try:
        count = lambda **h: sum(len(g["versions"]) for g in of(end)(s.quiet("GET", "/apis", headers=h)))
        until(lambda: count() == count(Accept=V2) == 5, "all versions in discovery")
        s("GET", "/apis", show=of(end))
        s("GET", "/apis", headers={"Accept": V2}, show=of(end))
        s("GET", "/", show=lambda a: [p for p in a.json()["paths"] if end in p])
        for group, versions in (("a" + end, ("v1", "v1beta1", "v2alpha1", "v3")), ("b" + end, ("v1alpha1",)), ("zz" + end, ("v1",))):
            s("GET", "/apis/" + group)
            for version in versions:
                s("GET", "/apis/%s/%s" % (group, version), show=listed)
        s("GET", "/apis/a%s/v1/nonsense" % end)
        s("GET", "/apis/a%s/v1/namespaces/n/riches/x/nonsense" % end)
        documents = ["apis/a%s/%s" % (end, v) for v in ("v1", "v1beta1", "v2alpha1")] + ["apis/b%s/v1alpha1" % end]
        until(lambda: set(documents) <= set(s.quiet("GET", "/openapi/v3").json()["paths"]), "the documents in the index", 40)
        for document in documents:
            s("GET", "/openapi/v3/" + document, show=lambda a: without_prose(a.json()))
        # The merged document comes some time after the index.
        mine = lambda body: {"paths": {k: v for k, v in body["paths"].items() if end in k},
                             "definitions": {k: v for k, v in body["definitions"].items() if "com.example.custom." in k}}
        full = lambda: mine(s.quiet("GET", "/openapi/v2", timeout=60).json())
        until(lambda: len(full()["definitions"]) == 10, "the kinds in /openapi/v2", 60, 0.5)
        s("GET", "/openapi/v2", show=lambda a: without_prose(mine(a.json())))
    finally:
        remove(s, "riches.a" + end, "others.zz" + end, "bees.b" + end)
        until(lambda: not of(end)(s.quiet("GET", "/apis")) and not of(end)(s.quiet("GET", "/apis", headers={"Accept": V2})), "no custom group any more")


@named("what was not changed is not sent again")
def unchanged(s):
    for path, accept in (("/api", V2), ("/openapi/v3/api/v1", "application/json"), ("/openapi/v3/apis/apps/v1", "application/json")):
        etag = s.quiet("GET", path, headers={"Accept": accept}).headers["ETag"]
        assert etag and etag.startswith('"'), (path, etag)
        s("GET", path, headers={"Accept": accept, "If-None-Match": etag}, show=lambda a: a.data.decode())
        s("GET", path, headers={"Accept": accept, "If-None-Match": '"other"'}, show=lambda a: len(a.data) > 0)


@named("the forms of discovery are chosen by Accept headers")
def forms(s):
    definition(s, "forms.example.com", "forms", "Form", "Cluster", {"v1": ({"type": "object"}, {})})
    try:
        until(lambda: s.quiet("GET", "/apis/forms.example.com/v1").status == 200, "the group")
        for path in ("/api", "/apis/apps", "/apis/apps/v1", "/version", "/openapi/v3/api/v1", "/healthz", "/nonsense", "/apis/forms.example.com", "/apis/forms.example.com/v1"):
            for accept in ACCEPTS:
                s("GET", path, headers={"Accept": accept}, show=(lambda a: len(a.data) > 0) if "openapi" in path else None)
        for accept in ACCEPTS:
            s("GET", "/apis", headers={"Accept": accept}, show=lambda a: a.data[:4].decode("latin-1"))
        for method in METHODS:
            s(method, "/apis/forms.example.com")
            s(method, "/apis/forms.example.com/v1", show=listed)
            s(method, "/apis/forms.example.com/v1/forms/x")
    finally:
        remove(s, "forms.forms.example.com")


PATHS = ("/api", "/api/v1", "/apis/apps", "/version", "/healthz", "/livez", "/readyz/ping", "/openapi/v2", "/openapi/v3", "/openapi/v3/api/v1", "/openid/v1/jwks", "/nonsense",
         "/apis/nonsense", "/api/v1/nonsense", "/apis/apps/v9", "/healthz/nonsense", "/openapi/v3/nope", "/openapi", "/api/v2", "/apis/apps/v1/nonsense", "/apis/nonsense/v1/foo",
         "/ui", "/metrics/nope", "/api/v1/proxy", "//api", "/api//v1", "/.well-known/", "/apis/apiextensions.k8s.io/v1/nonsense")


@named("paths that are no resources answer as upstream's do")
def paths(s):
    small = lambda a: readable(a.headers.get("Content-Type", ""), a.data) if len(a.data) < 3000 else "much"
    for path in PATHS:
        show = (lambda a: a.status) if path == "/openid/v1/jwks" else small
        s("GET", path, show=show)
        s("GET", path, headers={"Impersonate-User": "jane"}, show=show)
        for method in METHODS:
            s(method, path, show=show)
    for query in ("?verbose", "?exclude=nonsense", "?verbose&exclude=etcd&exclude=foo"):
        for path in ("/healthz", "/livez", "/readyz"):
            # What is checked depends on how a server was started.
            s("GET", path + query, show=lambda a: [line for line in a.data.decode().split("\n") if "poststarthook" not in line])
    for path in ("/api", "/apis/apps", "/version", "/nonsense", "/apis/nonsense", "/api/v1/nonsense"):
        for query in ("?pretty", "?pretty=true", "?pretty=false"):
            s("GET", path + query)
        s("GET", path, headers={"User-Agent": "curl/8"})


if __name__ == "__main__":
    scenario.main(os.path.join(HERE, "..", "golden", "discovery.json.gz"))
