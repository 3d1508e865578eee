#!/usr/bin/env python3
"""Custom resources: definitions become served resources that answer as upstream's do.

The cases run in order, later ones see what earlier ones stored. The expected answers are upstream's own, in
test/golden/custom_resources.json; `custom_resources.py --record KUBECONFIG` asks an upstream apiserver again."""
import json
import os
import re
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
import skiff
from rest import Rest
from skiff import eq, test

GOLDEN = os.path.join(HERE, "..", "golden", "custom_resources.json")
JSON, YAML = "application/json", "application/yaml"
MERGE, PATCH = "application/merge-patch+json", "application/json-patch+json"
STRATEGIC, APPLY = "application/strategic-merge-patch+json", "application/apply-patch+yaml"
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"
PARTIAL = "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io,application/json"
CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
GROUP = "/apis/stable.example.com"
TABS = GROUP + "/v1/namespaces/default/crontabs"
OLD = GROUP + "/v1beta1/namespaces/default/crontabs"

NOW = {"resourceVersion": "NOW"}  # what the object has

s, i, o = {"type": "string"}, {"type": "integer"}, {"type": "object"}
AB = {"a": s, "b": s}
SPEC = {
    "type": "object", "required": ["cronSpec"], "description": "what is wanted",
    "properties": {
        "cronSpec": {"type": "string", "pattern": r"^(\d+|\*)(/\d+)?(\s+(\d+|\*)(/\d+)?){4}$", "maxLength": 20, "minLength": 3},
        "image": {"type": "string", "default": "busybox"},
        "color": {"type": "string", "enum": ["red", "green"]},
        "level": {"type": "integer", "enum": [1, 2]},
        "replicas": {"type": "integer", "minimum": 1, "maximum": 10, "default": 1},
        "big": {"type": "integer", "format": "int32", "multipleOf": 3},
        "ratio": {"type": "number", "exclusiveMinimum": True, "minimum": 0.5, "exclusiveMaximum": True, "maximum": 9.5},
        "when": {"type": "string", "format": "date-time"},
        "blob": {"type": "string", "format": "byte"},
        "flag": {"type": "boolean"},
        "port": {"x-kubernetes-int-or-string": True},
        "port2": {"x-kubernetes-int-or-string": True, "anyOf": [{"type": "integer"}, {"type": "string"}], "pattern": "^a"},
        "raw": {"type": "object", "x-kubernetes-preserve-unknown-fields": True, "properties": {"known": {"type": "object", "properties": AB}}},
        "maybe": {"type": "string", "nullable": True},
        "pod": {"type": "object", "x-kubernetes-embedded-resource": True, "x-kubernetes-preserve-unknown-fields": True},
        "tags": {"type": "array", "items": s, "x-kubernetes-list-type": "set", "maxItems": 3},
        "ports": {"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name", "proto"],
                  "items": {"type": "object", "required": ["name"],
                            "properties": {"name": s, "proto": {"type": "string", "default": "TCP"}, "num": {"type": "integer", "maximum": 100}}}},
        "labels": {"type": "object", "additionalProperties": {"type": "string", "maxLength": 4}, "maxProperties": 2, "minProperties": 1},
        "free": {"type": "object", "additionalProperties": True},
        "empty": o,
        "atom": {"type": "object", "x-kubernetes-map-type": "atomic", "properties": AB},
        "list": {"type": "array", "items": {"type": "object", "properties": {"a": {"type": "string", "default": "z"}, "n": i}}, "minItems": 1},
        "choice": {"type": "object", "properties": {**AB, "c": i}, "oneOf": [{"required": ["a"]}, {"required": ["b"]}]},
        "any": {"type": "object", "properties": AB, "anyOf": [{"required": ["a"]}, {"required": ["b"]}]},
        "all": {"type": "object", "properties": AB, "allOf": [{"required": ["a"]}, {"properties": {"b": {"minLength": 2}}}]},
        "no": {"type": "object", "properties": AB, "not": {"required": ["b"]}},
        "deep": {"type": "object", "default": {}, "properties": {"x": {"type": "object", "default": {"y": 1}, "properties": {"y": i, "z": {"type": "string", "default": "zz"}}}}},
    }}
STATUS = {"type": "object", "properties": {
    "replicas": i, "labelSelector": s,
    "conditions": {"type": "array", "items": {"type": "object", "properties": {"type": s, "status": s}}}}}


def names(plural, kind, **more):
    return {"plural": plural, "kind": kind, **more}


def crd(plural, kind, versions, group="stable.example.com", scope="Namespaced", **more):
    return {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": f"{plural}.{group}"},
            "spec": {"group": group, "scope": scope, "names": names(plural, kind, **more), "versions": versions}}


def version(name, properties, storage=False, **more):
    return {"name": name, "served": True, "storage": storage,
            "schema": {"openAPIV3Schema": {"type": "object", "description": "One " + name, "properties": properties}}, **more}


CRONTABS = crd("crontabs", "CronTab", [
    version("v1", {"spec": SPEC, "status": STATUS}, True,
            selectableFields=[{"jsonPath": ".spec.color"}, {"jsonPath": ".spec.replicas"}],
            additionalPrinterColumns=[
                {"name": "Spec", "type": "string", "jsonPath": ".spec.cronSpec", "description": "The cron spec"},
                {"name": "Replicas", "type": "integer", "jsonPath": ".spec.replicas"},
                {"name": "Ready", "type": "string", "jsonPath": '.status.conditions[?(@.type=="Ready")].status', "priority": 1},
                {"name": "Labels", "type": "string", "jsonPath": ".spec.labels"},
                {"name": "Tags", "type": "string", "jsonPath": ".spec.tags[*]"},
                {"name": "When", "type": "date", "jsonPath": ".spec.when"},
                {"name": "Born", "type": "date", "jsonPath": ".metadata.creationTimestamp"}],
            subresources={"status": {}, "scale": {"specReplicasPath": ".spec.replicas", "statusReplicasPath": ".status.replicas",
                                                  "labelSelectorPath": ".status.labelSelector"}}),
    version("v1beta1", {"spec": {"type": "object", "properties": {"cronSpec": s, "replicas": i, "old": {"type": "string", "default": "o"}}}},
            deprecated=True),
], singular="crontab", shortNames=["ct"], categories=["all"])
WORLDS = crd("worlds", "World", [version("v1", {"spec": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}, True)], scope="Cluster")


def tab(name, spec=None, api="v1", **more):
    metadata = {"name": name, **more.pop("metadata", {})}
    spec = {"cronSpec": "* * * * *"} if spec is None else spec
    return {"apiVersion": "stable.example.com/" + api, "kind": "CronTab", "metadata": metadata, "spec": spec, **more}


def bad(**spec):
    return ("POST", TABS, tab("bad", {"cronSpec": "* * * * *", **spec}))


def world(name, **more):
    return {"apiVersion": "stable.example.com/v1", "kind": "World", "metadata": {"name": name}, **more}


# name: (method, path, body, content type, accept). What ends in "!" waits until a CRD is established or gone.
CASES = {
    "instances before the definition": ("POST", TABS, tab("a")),
    "create the definition": ("POST", CRDS, CRONTABS),
    "wait until it is established": ("ESTABLISHED", "crontabs.stable.example.com", None),
    "create the cluster-scoped definition": ("POST", CRDS, WORLDS),
    "wait until that is established": ("ESTABLISHED", "worlds.stable.example.com", None),
    "the definition": ("GET", CRDS + "/crontabs.stable.example.com", None),
    # discovery
    "groups": ("GET", "/apis", None),
    "the group": ("GET", GROUP, None),
    "the version": ("GET", GROUP + "/v1", None),
    "the old version": ("GET", GROUP + "/v1beta1", None),
    "a version that is not there": ("GET", GROUP + "/v7", None),
    "the OpenAPI document": ("DOCUMENT", "/openapi/v3" + GROUP + "/v1", None),
    "aggregated": ("GET", "/apis", None, JSON, "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"),
    # create
    "create": ("POST", TABS, tab("a")),
    "get": ("GET", TABS + "/a", None),
    "get the old version": ("GET", OLD + "/a", None),
    "list": ("GET", TABS, None),
    "list across namespaces": ("GET", GROUP + "/v1/crontabs", None),
    "list the old version": ("GET", OLD, None),
    "table": ("GET", TABS, None, JSON, TABLE),
    "table of one": ("GET", TABS + "/a", None, JSON, TABLE),
    "table with objects": ("GET", TABS + "?includeObject=Object", None, JSON, TABLE),
    "table of the old version": ("GET", OLD, None, JSON, TABLE),
    "partial metadata": ("GET", TABS + "/a", None, JSON, PARTIAL),
    "partial metadata of a list": ("GET", TABS, None, JSON, "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"),
    "as protobuf only": ("GET", TABS + "/a", None, JSON, "application/vnd.kubernetes.protobuf"),
    "as YAML": ("GET", TABS + "/a", None, JSON, YAML),
    "already there": ("POST", TABS, tab("a")),
    "create by the old version": ("POST", OLD, tab("old", {"cronSpec": "1 * * * *"}, api="v1beta1")),
    "what the old version stored": ("GET", TABS + "/old", None),
    "create with a status": ("POST", TABS, tab("st", status={"replicas": 7})),
    "create YAML": ("POST", TABS, b"apiVersion: stable.example.com/v1\nkind: CronTab\nmetadata: {name: yaml}\nspec: {cronSpec: '* * * * *', replicas: 3}\n", YAML),
    "create with generateName, dry run": ("POST", TABS + "?dryRun=All", tab("", metadata={"generateName": "gen-"})),
    "cluster-scoped": ("POST", GROUP + "/v1/worlds", world("earth", spec={"any": {"thing": [1, 2.5, None, "x", {"deep": True}]}})),
    "cluster-scoped, get": ("GET", GROUP + "/v1/worlds/earth", None),
    "cluster-scoped, by a namespace": ("GET", GROUP + "/v1/namespaces/default/worlds", None),
    "cluster-scoped, table": ("GET", GROUP + "/v1/worlds", None, JSON, TABLE),
    "cluster-scoped, unknown field": ("POST", GROUP + "/v1/worlds?fieldValidation=Strict", world("mars", spec={}, more=1)),
    "cluster-scoped has no status": ("GET", GROUP + "/v1/worlds/earth/status", None),
    "cluster-scoped has no scale": ("GET", GROUP + "/v1/worlds/earth/scale", None),
    "namespaced, by no namespace": ("POST", GROUP + "/v1/crontabs", tab("nowhere")),
    "namespaced, get by no namespace": ("GET", GROUP + "/v1/crontabs/a", None),
    "no such resource in the group": ("GET", GROUP + "/v1/namespaces/default/nothings", None),
    "no such subresource": ("GET", TABS + "/a/nothing", None),
    "a method that is not there": ("PATCH", TABS, {}, MERGE),
    "put of a collection": ("PUT", TABS, tab("a")),
    # bodies
    "not JSON": ("POST", TABS, b"{nope"),
    "empty body": ("POST", TABS, b""),
    "an array": ("POST", TABS, b"[]"),
    "unknown content type": ("POST", TABS, b"x", "application/x-nothing"),
    "no kind": ("POST", TABS, {"apiVersion": "stable.example.com/v1", "metadata": {"name": "x"}}),
    "no apiVersion": ("POST", TABS, {"kind": "CronTab", "metadata": {"name": "x"}}),
    "another kind": ("POST", TABS, {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x"}}),
    "another version": ("POST", TABS, tab("x", api="v1beta1")),
    "another group": ("POST", TABS, {"apiVersion": "other.example.com/v1", "kind": "CronTab", "metadata": {"name": "x"}}),
    "malformed metadata": ("POST", TABS, {**tab("x"), "metadata": {"name": 5}}),
    "metadata is a string": ("POST", TABS, {**tab("x"), "metadata": "x"}),
    "malformed labels": ("POST", TABS, tab("x", metadata={"labels": {"a": 1}})),
    "bad name": ("POST", TABS, tab("Bad_Name")),
    "no name": ("POST", TABS, {"apiVersion": "stable.example.com/v1", "kind": "CronTab", "spec": {"cronSpec": "* * * * *"}}),
    "bad label": ("POST", TABS, tab("bad", metadata={"labels": {"a b": "c d"}})),
    "another namespace": ("POST", TABS, tab("bad", metadata={"namespace": "other"})),
    "no such namespace": ("POST", GROUP + "/v1/namespaces/nowhere/crontabs", tab("bad")),
    "root is not an object": ("POST", TABS, {**tab("x"), "spec": "x"}),
    # unknown fields
    "unknown fields, strict": ("POST", TABS + "?fieldValidation=Strict", tab("bad", {"cronSpec": "* * * * *", "what": 1, "list": [{"a": "x", "q": 2}]}, extra=1, metadata={"nope": 1})),
    "unknown fields, warn": ("POST", TABS + "?fieldValidation=Warn&dryRun=All", tab("warn", {"cronSpec": "* * * * *", "what": 1, "list": [{"a": "x", "q": 2}]}, extra=1, metadata={"nope": 1})),
    "unknown fields, ignore": ("POST", TABS + "?fieldValidation=Ignore&dryRun=All", tab("ign", {"cronSpec": "* * * * *", "what": 1})),
    "duplicate fields, strict": ("POST", TABS + "?fieldValidation=Strict", b'{"apiVersion":"stable.example.com/v1","kind":"CronTab","metadata":{"name":"d"},"spec":{"cronSpec":"* * * * *","cronSpec":"1 * * * *","odd":1}}'),
    "duplicate fields, warn": ("POST", TABS + "?dryRun=All", b'{"apiVersion":"stable.example.com/v1","kind":"CronTab","metadata":{"name":"d"},"spec":{"cronSpec":"* * * * *","cronSpec":"1 * * * *","odd":1}}'),
    "case matters": ("POST", TABS + "?fieldValidation=Strict", tab("bad", {"cronSpec": "* * * * *", "Image": "x"})),
    # pruning and defaults
    "defaults": ("POST", TABS + "?dryRun=All", tab("def", {"cronSpec": "* * * * *", "ports": [{"name": "a"}], "list": [{}, {"a": "b"}], "deep": {"x": {}}})),
    "nulls": ("POST", TABS + "?dryRun=All", tab("nul", {"cronSpec": "* * * * *", "image": None, "color": None, "maybe": None, "deep": None, "labels": {"a": None}, "raw": {"x": None}, "list": [None]})),
    "preserved": ("POST", TABS + "?dryRun=All", tab("pre", {"cronSpec": "* * * * *", "raw": {"a": {"b": [1]}, "known": {"a": "x", "q": 1}}, "free": {"x": {"y": 1}, "z": [1]}, "empty": {"gone": 1}})),
    "embedded": ("POST", TABS + "?dryRun=All", tab("emb", {"cronSpec": "* * * * *", "pod": {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "labels": {"a": "b"}, "creationTimestamp": None}, "spec": {"x": 1}}})),
    "embedded, unknown metadata": ("POST", TABS + "?dryRun=All", tab("emb", {"cronSpec": "* * * * *", "pod": {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "odd": "b"}}})),
    "embedded, no kind": bad(pod={"metadata": {"name": "p"}}),
    "embedded, bad names": bad(pod={"apiVersion": "a/b/c", "kind": "P_d", "metadata": {"name": "a/b", "labels": {"x y": "z"}}}),
    "embedded, malformed": bad(pod={"apiVersion": 1, "kind": "Pod"}),
    "embedded, malformed metadata": bad(pod={"apiVersion": "v1", "kind": "Pod", "metadata": {"name": 5}}),
    "a double that is whole": ("POST", TABS + "?dryRun=All", b'{"apiVersion":"stable.example.com/v1","kind":"CronTab","metadata":{"name":"dbl"},"spec":{"cronSpec":"* * * * *","replicas":2.0,"ratio":3,"raw":{"a":1.0,"b":1e3,"c":123456789012345678901234567890,"d":0.1}}}'),
    # values
    "required": ("POST", TABS, tab("bad", {})),
    "required spec is not": ("POST", TABS + "?dryRun=All", {"apiVersion": "stable.example.com/v1", "kind": "CronTab", "metadata": {"name": "nospec"}}),
    "type string": bad(image=5),
    "type integer": bad(replicas="x"),
    "type integer, fraction": bad(replicas=1.5),
    "type number": bad(ratio="x"),
    "type boolean": bad(flag="true"),
    "type object": bad(raw=[]),
    "type array": bad(tags="x"),
    "type of items": bad(tags=["a", 1, True]),
    "type null": bad(tags=[None]),
    "pattern": bad(cronSpec="hello world"),
    "too short": bad(cronSpec="a"),
    "too long": bad(cronSpec="1 1 1 1 111111111111111111111111"),
    "enum": bad(color="blue"),
    "enum of integers": bad(level=3),
    "enum of another type": bad(color=1),
    "minimum": bad(replicas=0),
    "maximum": bad(replicas=11),
    "exclusive minimum": bad(ratio=0.5),
    "exclusive maximum": bad(ratio=9.5),
    "multiple of": bad(big=4),
    "int32 range": bad(big=3000000000),
    "date-time": bad(when="yesterday"),
    "byte": bad(blob="%%%"),
    "int or string, neither": bad(port=True),
    "int or string, pattern": bad(port2="b"),
    "int or string, any of": bad(port2=1.5),
    "max items": bad(tags=["a", "b", "c", "d"]),
    "min items": bad(list=[]),
    "set with duplicates": bad(tags=["a", "b", "a"]),
    "map with duplicates": bad(ports=[{"name": "a"}, {"name": "b"}, {"name": "a", "num": 3}]),
    "map item without key": bad(ports=[{"num": 3}]),
    "map item value": bad(ports=[{"name": "a", "num": 300}]),
    "additional properties": bad(labels={"a": "ok", "b.c/d": "toolong"}),
    "max properties": bad(labels={"a": "1", "b": "2", "c": "3"}),
    "min properties": bad(labels={}),
    "one of, none": bad(choice={"c": 1}),
    "one of, both": bad(choice={"a": "x", "b": "y"}),
    "any of": bad(any={}),
    "all of, one": bad(all={"a": "x", "b": "y"}),
    "all of, none": bad(all={"b": "y"}),
    "not": bad(no={"b": "y"}),
    "scale out of range": bad(replicas=-1),
    "many at once": ("POST", TABS, tab("Bad", {"cronSpec": 5, "image": [], "color": "x", "replicas": 100, "tags": ["a", "a"]})),
    # update
    "update without a version": ("PUT", TABS + "/a", tab("a", {"cronSpec": "2 * * * *"})),
    "update with a wrong version": ("PUT", TABS + "/a", tab("a", {"cronSpec": "2 * * * *"}, metadata={"resourceVersion": "1"})),
    "update of nothing": ("PUT", TABS + "/nothing", tab("nothing", metadata={"resourceVersion": "1"})),
    "update of another name": ("PUT", TABS + "/a", tab("b", metadata={"resourceVersion": "1"})),
    "merge patch": ("PATCH", TABS + "/a", {"spec": {"replicas": 5, "tags": ["x", "y"]}, "metadata": {"labels": {"app": "cron"}}}, MERGE),
    "merge patch of metadata only": ("PATCH", TABS + "/a", {"metadata": {"annotations": {"n": "1"}}}, MERGE),
    "merge patch that changes nothing": ("PATCH", TABS + "/a", {"spec": {"replicas": 5}}, MERGE),
    "merge patch, invalid": ("PATCH", TABS + "/a", {"spec": {"replicas": 50}}, MERGE),
    "merge patch, unknown field": ("PATCH", TABS + "/a?fieldValidation=Strict", {"spec": {"odd": 50}}, MERGE),
    "merge patch, unknown field, warn": ("PATCH", TABS + "/a", {"spec": {"odd": 50}}, MERGE),
    "merge patch, not JSON": ("PATCH", TABS + "/a", b"{", MERGE),
    "merge patch, status is left alone": ("PATCH", TABS + "/a", {"status": {"replicas": 3}}, MERGE),
    "merge patch of the old version": ("PATCH", OLD + "/old", {"spec": {"cronSpec": "9 * * * *"}}, MERGE),
    "JSON patch": ("PATCH", TABS + "/a", [{"op": "replace", "path": "/spec/cronSpec", "value": "3 * * * *"}, {"op": "add", "path": "/spec/tags/-", "value": "z"}], PATCH),
    "JSON patch of a missing path": ("PATCH", TABS + "/a", [{"op": "remove", "path": "/spec/nothing"}], PATCH),
    "JSON patch, test fails": ("PATCH", TABS + "/a", [{"op": "test", "path": "/spec/replicas", "value": 7}], PATCH),
    "strategic merge patch": ("PATCH", TABS + "/a", {"spec": {"replicas": 5}}, STRATEGIC),
    "patch to another name": ("PATCH", TABS + "/a", {"metadata": {"name": "b"}}, MERGE),
    "patch to another kind": ("PATCH", TABS + "/a", {"kind": "Other"}, MERGE),
    "patch to another version": ("PATCH", TABS + "/a", {"apiVersion": "stable.example.com/v1beta1"}, MERGE),
    "patch of nothing": ("PATCH", TABS + "/nothing", {}, MERGE),
    # status and scale
    "status by merge patch": ("PATCH", TABS + "/a/status", {"status": {"replicas": 3, "labelSelector": "app=cron", "conditions": [{"type": "Ready", "status": "True"}]}, "spec": {"replicas": 9}, "metadata": {"labels": {"no": "way"}}}, MERGE),
    "status, get": ("GET", TABS + "/a/status", None),
    "status, invalid": ("PATCH", TABS + "/a/status", {"status": {"replicas": "x"}}, MERGE),
    "scale": ("GET", TABS + "/a/scale", None),
    "scale, patch": ("PATCH", TABS + "/a/scale", {"spec": {"replicas": 6}}, MERGE),
    "scale, negative": ("PATCH", TABS + "/a/scale", {"spec": {"replicas": -6}}, MERGE),
    "scale, against the schema": ("PATCH", TABS + "/a/scale", {"spec": {"replicas": 60}}, MERGE),
    "scale, put": ("PUT", TABS + "/a/scale", {"apiVersion": "autoscaling/v1", "kind": "Scale", "metadata": {"name": "a", "namespace": "default"}, "spec": {"replicas": 4}}),
    "scale of nothing": ("GET", TABS + "/nothing/scale", None),
    "after scale": ("GET", TABS + "/a", None),
    "table after all": ("GET", TABS, None, JSON, TABLE),
    # selectors
    "field selector": ("GET", TABS + "?fieldSelector=spec.replicas%3D4", None, JSON, PARTIAL.replace("Metadata", "MetadataList")),
    "field selector, unset": ("GET", TABS + "?fieldSelector=spec.color%3D", None, JSON, PARTIAL.replace("Metadata", "MetadataList")),
    "field selector, name": ("GET", TABS + "?fieldSelector=metadata.name%3Da", None, JSON, PARTIAL.replace("Metadata", "MetadataList")),
    "field selector, not selectable": ("GET", TABS + "?fieldSelector=spec.image%3Da", None),
    "label selector": ("GET", TABS + "?labelSelector=app%3Dcron", None, JSON, PARTIAL.replace("Metadata", "MetadataList")),
    "limit": ("GET", TABS + "?limit=1", None, JSON, PARTIAL.replace("Metadata", "MetadataList")),
    # apply
    "apply, new": ("PATCH", TABS + "/app?fieldManager=m1", tab("app", {"cronSpec": "* * * * *", "replicas": 2, "tags": ["a"], "ports": [{"name": "http", "num": 80}], "atom": {"a": "x"}, "labels": {"k": "v"}, "raw": {"q": {"r": 1}}, "list": [{"a": "1"}]}), APPLY),
    "apply, another manager": ("PATCH", TABS + "/app?fieldManager=m2", tab("app", {"cronSpec": "* * * * *", "tags": ["b"], "ports": [{"name": "http", "proto": "UDP", "num": 81}], "labels": {"k2": "v2"}}), APPLY),
    "apply, conflict": ("PATCH", TABS + "/app?fieldManager=m2", tab("app", {"cronSpec": "5 * * * *", "replicas": 3, "ports": [{"name": "http", "num": 81}]}), APPLY),
    "apply, force": ("PATCH", TABS + "/app?fieldManager=m2&force=true", tab("app", {"cronSpec": "5 * * * *", "replicas": 3, "ports": [{"name": "http", "num": 81}]}), APPLY),
    "apply, drop": ("PATCH", TABS + "/app?fieldManager=m1", tab("app", {"cronSpec": "5 * * * *"}), APPLY),
    "apply, wrong type": ("PATCH", TABS + "/app?fieldManager=m1", tab("app", {"cronSpec": "5 * * * *", "replicas": "x"}), APPLY),
    "apply, unknown field": ("PATCH", TABS + "/app?fieldManager=m1&fieldValidation=Strict", tab("app", {"cronSpec": "5 * * * *", "odd": "x"}), APPLY),
    "apply, unknown field, warn": ("PATCH", TABS + "/app?fieldManager=m1", tab("app", {"cronSpec": "5 * * * *", "odd": "x"}), APPLY),
    "apply, duplicate keys": ("PATCH", TABS + "/app?fieldManager=m1", tab("app", {"cronSpec": "5 * * * *", "ports": [{"name": "a"}, {"name": "a"}]}), APPLY),
    "apply, invalid": ("PATCH", TABS + "/app?fieldManager=m1&force=true", tab("app", {"cronSpec": "5 * * * *", "replicas": 77}), APPLY),
    "apply, status": ("PATCH", TABS + "/app/status?fieldManager=m1", {"apiVersion": "stable.example.com/v1", "kind": "CronTab", "metadata": {"name": "app"}, "status": {"replicas": 2}}, APPLY),
    "apply, without manager": ("PATCH", TABS + "/app", tab("app"), APPLY),
    "apply, cluster-scoped": ("PATCH", GROUP + "/v1/worlds/venus?fieldManager=m1", world("venus", spec={"a": {"b": [1, {"c": 2}]}, "d": 1}), APPLY),
    "apply, old version, unknown to the stored one": ("PATCH", OLD + "/app?fieldManager=m3", tab("app", {"old": "x", "replicas": 3}, api="v1beta1"), APPLY),
    "apply, old version": ("PATCH", OLD + "/app?fieldManager=m3", tab("app", {"replicas": 3}, api="v1beta1"), APPLY),
    "status by update without a version": ("PUT", TABS + "/app/status", tab("app", {}, status={"replicas": 5})),
    "status by update": ("PUT", TABS + "/app/status", tab("app", {}, status={"replicas": 5}, metadata=NOW)),
    "status by update, wrong type": ("PUT", TABS + "/app/status", tab("app", {}, status="x", metadata=NOW)),
    "status by update, unknown field": ("PUT", TABS + "/app/status?fieldValidation=Strict", tab("app", {}, status={"odd": 5}, metadata=NOW)),
    "update": ("PUT", TABS + "/app", tab("app", {"cronSpec": "7 * * * *", "tags": ["q"]}, status={"replicas": 99}, metadata=NOW)),
    "update that changes nothing": ("PUT", TABS + "/app", tab("app", {"cronSpec": "7 * * * *", "tags": ["q"]}, metadata=NOW)),
    "update of the generation": ("PUT", TABS + "/app", tab("app", {"cronSpec": "7 * * * *", "tags": ["q"]}, metadata={**NOW, "generation": 77})),
    "update to another kind": ("PUT", TABS + "/app", {**tab("app", metadata=NOW), "kind": "Other"}),
    "update of the old version": ("PUT", OLD + "/app", tab("app", {"cronSpec": "8 * * * *"}, api="v1beta1", metadata=NOW)),
    "finalizers of odd names": ("POST", TABS + "?dryRun=All", tab("fin", metadata={"finalizers": ["plain", "a.example.com", "example.com/x", "orphan", "other"]})),
    "bad finalizer": ("POST", TABS + "?dryRun=All", tab("fin", metadata={"finalizers": ["a b"]})),
    "owner references": ("POST", TABS + "?dryRun=All", tab("own", metadata={"ownerReferences": [{"apiVersion": "v1", "kind": "Pod", "name": "p", "uid": "u"}, {"apiVersion": "v1", "kind": "Pod", "name": "p", "uid": "u"}]})),
    "watch": ("GET", TABS + "?watch=true&timeoutSeconds=1&fieldSelector=metadata.name%3Dapp", None),
    "watch with a bookmark": ("GET", TABS + "?watch=true&timeoutSeconds=1&fieldSelector=metadata.name%3Dapp&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true", None),
    "watch as a table": ("GET", TABS + "?watch=true&timeoutSeconds=1&fieldSelector=metadata.name%3Dapp", None, JSON, TABLE),
    "bad field selector": ("GET", TABS + "?fieldSelector=a%2Cb", None),
    "pretty": ("GET", TABS + "/app?pretty=true", None),
    # ratcheting
    "tighten the schema": ("PATCH", CRDS + "/crontabs.stable.example.com", [{"op": "replace", "path": "/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties/image/enum", "value": ["nginx", "busybox:2"]},
                                                                           {"op": "add", "path": "/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties/image/default", "value": "nginx"}], PATCH),
    "tighten the schema indeed": ("PATCH", CRDS + "/crontabs.stable.example.com", [{"op": "add", "path": "/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties/image/enum", "value": ["nginx"]},
                                                                                  {"op": "add", "path": "/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties/image/default", "value": "nginx"}], PATCH),
    "wait for the new schema": ("UNTIL", TABS + "/fresh?dryRun=All", "nginx"),
    "an unchanged field stays valid": ("PATCH", TABS + "/a", {"spec": {"replicas": 7}}, MERGE),
    "a changed field is judged": ("PATCH", TABS + "/a", {"spec": {"image": "apache"}}, MERGE),
    # names that are taken
    "a second definition with the names of the first": ("POST", CRDS, crd("tabs", "CronTab", [version("v1", {}, True)], shortNames=["ct"])),
    "wait for its conditions": ("CONDITION", "tabs.stable.example.com", "NamesAccepted"),
    "it is not accepted": ("GET", CRDS + "/tabs.stable.example.com", None),
    "it is not served": ("GET", GROUP + "/v1/namespaces/default/tabs", None),
    "it goes": ("DELETE", CRDS + "/tabs.stable.example.com", None),
    # finalizers and deletion
    "create with a finalizer": ("POST", TABS, tab("held", metadata={"finalizers": ["example.com/hold"]})),
    "delete what is held": ("DELETE", TABS + "/held", None),
    "release it": ("PATCH", TABS + "/held", {"metadata": {"finalizers": None}}, MERGE),
    "it is gone": ("GET", TABS + "/held", None),
    "delete": ("DELETE", TABS + "/old", None),
    "delete in the background": ("DELETE", TABS + "/st", {"kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": "Background"}),
    "delete the collection": ("DELETE", TABS + "?labelSelector=app%3Dcron", None),
    "what is left": ("GET", TABS, None, JSON, PARTIAL.replace("Metadata", "MetadataList")),
    "delete the definition": ("DELETE", CRDS + "/crontabs.stable.example.com", None),
    "wait until it is gone": ("GONE", CRDS + "/crontabs.stable.example.com", None),
    "instances after the definition": ("GET", TABS, None),
    "delete the other": ("DELETE", CRDS + "/worlds.stable.example.com", None),
    "wait until that is gone": ("GONE", CRDS + "/worlds.stable.example.com", None),
    "the group is gone": ("GET", GROUP, None),
}


# Rules in CEL: judged when a definition is made, and with every write.
def ruled(schema, *rules):
    return {**schema, "x-kubernetes-validations": [r if isinstance(r, dict) else {"rule": r} for r in rules]}


def rules(spec, *whole):
    return crd("rules", "Rule", [{"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": ruled(
        {"type": "object", "properties": {"spec": spec}}, *whole) if whole else {"type": "object", "properties": {"spec": spec}}}}])


def with_rule(rule, **more):
    return ("POST", CRDS + "?dryRun=All", rules(ruled({"type": "object", "properties": {"a": i}}, {"rule": rule, **more})))


def ruled_list(item, rule):
    return ("POST", CRDS + "?dryRun=All", rules({"type": "object", "properties": {"l": ruled({"type": "array", "items": item}, rule)}}))


RULED = GROUP + "/v1/namespaces/default/rules"
short = {"type": "string", "maxLength": 9}
RULES = rules(ruled({"type": "object", "properties": {
    "a": i, "b": i, "s": short,
    "l": {"type": "array", "maxItems": 5, "items": ruled({"type": "object", "properties": {"n": i, "k": short}}, "self.n < 10")},
    "m": {"type": "object", "maxProperties": 5, "additionalProperties": ruled(i, {"rule": "self != 3", "message": "not three"})},
    "im": ruled(short, {"rule": "self == oldSelf", "message": "im is immutable"}),
    "opt": ruled(i, {"rule": "!oldSelf.hasValue() || self >= oldSelf.value()", "optionalOldSelf": True, "message": "must grow"})}},
    {"rule": "!has(self.a) || self.a <= self.b", "messageExpression": "'a beats ' + (self.a > 5 ? 'all' : 'b')"},
    {"rule": "!has(self.s) || self.s.startsWith('x')", "fieldPath": ".s", "reason": "FieldValueForbidden", "message": " must start with x "},
    {"rule": "!has(self.s) || self.s != 'xreq'", "fieldPath": ".s", "reason": "FieldValueRequired", "message": "req"},
    {"rule": "!has(self.s) || self.s != 'xdup'", "fieldPath": ".s", "reason": "FieldValueDuplicate", "message": "dup"},
    "!has(self.s) || self.s != 'xdiv' || 1/(self.a-self.a) > 0"), {"rule": "!self.metadata.name.startsWith('bad')", "message": "bad name"})


def rule(name="x", **spec):
    return {"apiVersion": "stable.example.com/v1", "kind": "Rule", "metadata": {"name": name}, "spec": spec}


def broken(name="x", **spec):
    return ("POST", RULED + "?dryRun=All", rule(name, **spec))


def changed(**spec):
    return ("PATCH", RULED + "/ok", {"spec": spec}, MERGE)


CASES.update({
    "a rule of a field that is not there": with_rule("self.b > 1"),
    "a rule that is no bool": with_rule("self.a"),
    "a message that is no string": with_rule("self.a > 1", messageExpression="self.a"),
    "a message of a field that is not there": with_rule("self.a > 1", messageExpression="self.q"),
    "a message of two lines": with_rule("self.a > 1", message="m\nn"),
    "a reason that is none": with_rule("self.a > 1", reason="Bad"),
    "a field path that leads nowhere": with_rule("self.a > 1", fieldPath=".b"),
    "an optional value used as a value": with_rule("oldSelf.a > 1", optionalOldSelf=True),
    "a transition rule of items": ("POST", CRDS + "?dryRun=All", rules({"type": "object", "properties": {
        "l": {"type": "array", "items": ruled({"type": "object", "properties": {"a": i}}, "self.a==oldSelf.a")}}})),
    "a rule that costs too much": ruled_list(s, "self.all(x, self.all(y, self.all(z, x==y || y==z)))"),
    "a rule that costs too much in items": ruled_list({"type": "array", "items": s}, "self.all(x, x.exists(y, y.matches('a.*b')))"),
    "define rules": ("POST", CRDS, RULES),
    "wait until rules are established": ("ESTABLISHED", "rules.stable.example.com", None),
    "the rule of the whole": broken("bad1", a=1, b=2),
    "a message that is computed": broken(a=3, b=2),
    "a message that is computed otherwise": broken(a=7, b=2),
    "a reason and a field path": broken(s="y"),
    "a reason of what is required": broken(s="xreq"),
    "a reason of what is double": broken(s="xdup"),
    "a rule that divides by zero": broken(s="xdiv", a=1, b=1),
    "a rule that lacks a field": broken(a=3),
    "rules of items": broken(l=[{"n": 1}, {"n": 11}, {"k": "q"}]),
    "rules of values": broken(m={"q": 3, "r": 4}),
    "rules wait for types": broken(a="s", s="y"),
    "all rules hold": ("POST", RULED, rule("ok", im="i", opt=5, l=[{"n": 1}])),
    "what must not change": changed(im="j"),
    "what must grow shrinks": changed(opt=4),
    "what must grow grows": changed(opt=6),
    "a rule after a patch": changed(a=9, b=1),
    "no more rules": ("DELETE", CRDS + "/rules.stable.example.com", None),
    "wait until rules are gone": ("GONE", CRDS + "/rules.stable.example.com", None),
})


def scrub(text):
    text = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "<uid>", text)
    text = re.sub(r"(?<!when\": \")\b20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ", "<time>", text)
    text = re.sub(r'"(resourceVersion|storageVersionHash|continue)": "[^"]*"', r'"\1": "<opaque>"', text)
    text = re.sub(r'(resourceVersion[\\": ]+)\d+', r"\1<opaque>", text)
    text = re.sub(r"gen-[a-z0-9]{5}", "gen-<suffix>", text)
    return text


def errors(message):
    """The problems of a refusal, in any order: upstream's depends on a map's."""
    found = re.match(r"(.* is invalid: )\[(.*)\]$", message or "", re.S)
    return [found[1]] + sorted(found[2].split(", ")) if found else message


def tidy(answer):
    if not isinstance(answer, dict):
        return answer
    if answer.get("kind") == "Status":
        answer["message"] = errors(answer.get("message"))
        for cause in [answer.get("details", {}).get("causes", [])]:
            cause.sort(key=lambda c: json.dumps(c, sort_keys=True))
    ours = lambda group: "example.com" in json.dumps(group)
    if answer.get("kind") == "APIGroupList":
        answer["groups"] = [g for g in answer["groups"] if ours(g)]
    if answer.get("kind") == "APIGroupDiscoveryList":
        answer["items"] = [g for g in answer["items"] if ours(g)]
    for cells in [row["cells"] for row in (answer if "rows" in answer else answer.get("object") or {}).get("rows", [])]:
        cells[:] = ["<age>" if isinstance(c, str) and re.fullmatch(r"[<>a-z0-9]*\d+[smhdy]\w*", c) else c for c in cells]
    return answer


def ordered(tree):
    """The same with field owners in one order: the server's goes by the second of their writes."""
    if isinstance(tree, list):
        return [ordered(one) for one in tree]
    if not isinstance(tree, dict):
        return tree
    return {key: sorted(value, key=lambda one: json.dumps(one, sort_keys=True)) if key == "managedFields" and isinstance(value, list)
            else ordered(value) for key, value in tree.items()}


def undescribed(tree):
    if isinstance(tree, list):
        return [undescribed(one) for one in tree]
    return {key: undescribed(value) for key, value in tree.items() if key != "description"} if isinstance(tree, dict) else tree


def wait(rest, what, name, extra):
    def done():
        if what == "UNTIL":
            status, _, data = rest("POST", TABS + "?dryRun=All", tab("fresh"), {"Content-Type": JSON})
            return extra in data.decode()
        status, _, data = rest("GET", name if what == "GONE" else CRDS + "/" + name)
        if what == "GONE":
            return status == 404
        conditions = {c["type"]: c["status"] for c in (json.loads(data).get("status", {}).get("conditions") or [])}
        return extra in conditions if what == "CONDITION" else conditions.get("Established") == "True"
    give_up = time.monotonic() + 30
    while not done():
        assert time.monotonic() < give_up, f"{what} {name}"
        time.sleep(0.02)
    if what == "GONE":  # and told to be so, a moment later
        plural, group = name.rsplit("/", 1)[1].split(".", 1)
        while rest("GET", f"/apis/{group}/v1/{plural}")[0] == 200 or b'"%s"' % plural.encode() in rest("GET", f"/apis/{group}/v1")[2]:
            assert time.monotonic() < give_up, f"{name} is still served"
            time.sleep(0.02)
        if rest("GET", CRDS)[2].count(b"example.com") == 0:
            while rest("GET", f"/apis/{group}")[0] == 200:
                assert time.monotonic() < give_up, f"{group} is still told"
                time.sleep(0.02)
    if what == "ESTABLISHED":  # the resource is served a moment after
        group, plural = name.split(".", 1)[1], name.split(".", 1)[0]
        while rest("GET", f"/apis/{group}/v1/{plural}")[0] != 200:
            assert time.monotonic() < give_up, f"{name} is not served"
            time.sleep(0.02)
        while b'"%s"' % plural.encode() not in rest("GET", f"/apis/{group}/v1")[2]:
            assert time.monotonic() < give_up, f"{name} is not told"
            time.sleep(0.02)


def ask(rest, case):
    method, path, body, content_type, accept = (CASES[case] + (JSON, JSON))[:5]
    if method == "DOCUMENT":  # a moment after the resource; built-in types have other descriptions
        give_up = time.monotonic() + 30
        while (answer := rest("GET", path))[0] != 200 or b"CronTab" not in answer[2] or b"World" not in answer[2]:
            assert time.monotonic() < give_up, path
            time.sleep(0.05)
        document = json.loads(answer[2])
        types = document["components"]["schemas"]
        return {"paths": undescribed(document["paths"]), "types": sorted(types), "ours": {name: types[name] for name in types if "example" in name}}
    if method.isupper() and method not in ("GET", "POST", "PUT", "PATCH", "DELETE"):
        wait(rest, method, path, body)
        return {}
    if isinstance(body, dict) and body.get("metadata", {}) and "NOW" in str(body.get("metadata")):
        there = json.loads(rest("GET", path.split("?")[0].replace("/status", ""))[2])
        body = {**body, "metadata": {**body["metadata"], "resourceVersion": there["metadata"]["resourceVersion"]}}
    status, headers, data = rest(method, path, body, {"Content-Type": content_type, "Accept": accept})
    out = {"status": status, "type": headers.get("content-type")}
    if headers.get_all("warning"):
        out["warning"] = headers.get_all("warning")
    try:
        out["answer"] = tidy(json.loads(data))
    except ValueError:
        out["text"] = data.decode("utf-8", "replace")[:3000]
    return ordered(json.loads(scrub(json.dumps(out))))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--record"]:
        peer = Rest(sys.argv[2])
        os.makedirs(os.path.dirname(GOLDEN), exist_ok=True)
        answers = {}
        for case in CASES:
            try:
                answers[case] = ask(peer, case)
            except ConnectionError as e:
                sys.exit(f"{case}: {e}")
        with open(GOLDEN, "w") as f:
            json.dump(answers, f, indent=1, sort_keys=True)
            f.write("\n")
        sys.exit()

    golden = json.load(open(GOLDEN))
    with skiff.Cluster(nodes=0) as cluster:
        rest = Rest(cluster.conf)
        for case in CASES:
            @test("custom resources, " + case)
            def _():
                eq(ask(rest, case), golden[case])
    skiff.finish()
