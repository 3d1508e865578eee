#!/usr/bin/env python3
"""Custom resources whose versions are converted by a webhook: what it is sent, what is made of its answers, in every door.

The expected answers are upstream's own, in test/golden/conversions.json; `conversions.py --record KUBECONFIG` asks an upstream
apiserver."""
import copy
import json
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
import skiff
from ask import MERGE, Asker, obj, plain, scrub
from hooks import Hooks
from recorded import asked, load, promise, save
from skiff import eq, test, until

GOLDEN = os.path.join(HERE, "..", "golden", "conversions.json")
GROUP, CRDS = "convert.example.org", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
V1, V2 = ("/apis/%s/%s/namespaces/default/links" % (GROUP, v) for v in ("v1", "v2"))


def to_v2(spec):
    if "host" in spec:
        spec["hostname"], _, spec["port"] = spec.pop("host").partition(":")


def to_v1(spec):
    if "hostname" in spec:
        spec["host"] = spec.pop("hostname") + ":" + spec.pop("port", "")


def change(path):
    """What goes wrong (or well) with a converted object."""
    def apply(**members):
        return lambda o: o["metadata"].update(members)
    return {
        "name": apply(name="other"), "uid": apply(uid="other"), "namespace": apply(namespace="other"),
        "kind": lambda o: o.update(kind="Other"), "version": lambda o: o.update(apiVersion=GROUP + "/v9"),
        "metadata": lambda o: o.pop("metadata"), "label": apply(labels={"by": "webhook"}), "bad-label": apply(labels={"by": "not ok!"}),
        "number": apply(labels={"by": 1}), "list": apply(annotations=[]), "more": lambda o: (o["spec"].update(bogus=1), apply(generation=77)(o)),
    }.get(path, lambda o: None)


class Converter(Hooks):
    mode = ""

    def reply(self, path, request):
        asked = request["request"]
        objects = copy.deepcopy(asked["objects"])
        for o in objects:
            (to_v2 if asked["desiredAPIVersion"].endswith("/v2") else to_v1)(o.get("spec", {}))
            o["apiVersion"] = asked["desiredAPIVersion"]
            change(self.mode)(o)
        response = {"uid": asked["uid"], "convertedObjects": objects, "result": {"status": "Success"}}
        response.update({"few": {"convertedObjects": []}, "fail": {"result": {"status": "Failure", "message": "cannot do it"}},
                         "fail-silently": {"result": {"status": "Failed"}}, "other-uid": {"uid": "x"}}.get(self.mode, {}))
        answer = {"kind": "ConversionReview", "apiVersion": request["apiVersion"], "response": response}
        if self.mode == "no-response":
            del answer["response"]
        if self.mode == "wrong-kind":
            answer["kind"] = "Foo"
        if self.mode == "no-kind":
            del answer["kind"]
        return {"500": (500, "oops"), "garbage": (200, "{nope")}.get(self.mode, (200, json.dumps(answer)))


WRONG = ("name", "uid", "namespace", "kind", "version", "metadata", "bad-label", "number", "list", "few", "fail", "fail-silently", "other-uid",
         "no-response", "wrong-kind", "no-kind", "500", "garbage")


def definition(hooks, client=None):
    def version(name, storage, **fields):
        spec = {"type": "object", "properties": {f: {"type": t} for f, t in fields.items()}}
        return {"name": name, "served": True, "storage": storage, "schema": {"openAPIV3Schema": {"type": "object", "properties": {"spec": spec}}}}
    return obj("apiextensions.k8s.io/v1", "CustomResourceDefinition", "links." + GROUP, spec={
        "group": GROUP, "scope": "Namespaced", "names": {"plural": "links", "kind": "Link"},
        "versions": [version("v1", True, host="string"), version("v2", False, hostname="string", port="string")],
        "conversion": {"strategy": "Webhook", "webhook": {"conversionReviewVersions": ["v1"], "clientConfig": client or {"url": hooks.url + "/convert", "caBundle": hooks.ca}}}})


def link(name, version=2):
    spec = {"hostname": name, "port": "90"} if version == 2 else {"host": name + ":80"}
    return obj("%s/v%d" % (GROUP, version), "Link", name, spec=spec)


def served(a, *paths):
    until(lambda: all(a.send("GET", p)[0] == 200 for p in paths), "links to be served")


def ask_all(a, hooks):
    a.send("POST", CRDS, definition(hooks))
    served(a, V1, V2)
    hooks.take()
    a.ask("create, stored version", "POST", V1, link("a", 1))
    a.ask("create, other version", "POST", V2, link("b"))
    sent = next(s for s in hooks.take() if s["body"]["request"]["desiredAPIVersion"].endswith("/v1"))
    a.answers["what the webhook is sent"] = plain(scrub({"path": sent["path"], "review": sent["body"]}))
    for name, path in (("v1", V1), ("v2", V2)):
        a.ask("get a, " + name, "GET", path + "/a")
        a.ask("get b, " + name, "GET", path + "/b")
        a.ask("list, " + name, "GET", path)
        a.ask("page, " + name, "GET", path + "?limit=1")
        a.answers["page, " + name]["body"]["metadata"]["continue"] = "<token>"
    a.ask("partial", "GET", V2 + "/a", None, {"Accept": "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"})
    a.ask("merge patch", "PATCH", V2 + "/a", {"spec": {"port": "99"}}, None, MERGE)
    a.ask("after the patch, v1", "GET", V1 + "/a")
    a.ask("apply, v2", "PATCH", V2 + "/s?fieldManager=m", link("s"), None, "application/apply-patch+yaml")
    a.ask("apply, v1", "PATCH", V1 + "/s?fieldManager=m", link("s", 1), None, "application/apply-patch+yaml")
    b = a.get(V2 + "/b")
    b["spec"]["port"] = "1"
    a.ask("update", "PUT", V2 + "/b", b)
    a.ask("create, dry run", "POST", V2 + "?dryRun=All", link("d"))
    watched = a.send("GET", V2 + "?watch=1&timeoutSeconds=1&resourceVersion=0")[2].decode().splitlines()
    a.answers["watch"] = [plain(scrub(json.loads(line))) for line in watched]
    for mode in ("label", "more", *WRONG):
        hooks.mode = mode
        a.ask(mode + ", create", "POST", V2, link("m-" + mode))
        if mode not in WRONG:  # which of the two conversions of a patch fails first is upstream's cache's affair
            a.ask(mode + ", patch", "PATCH", V2 + "/a", {"spec": {"port": mode}}, None, MERGE)
    hooks.mode = ""
    a.ask("delete", "DELETE", V2 + "/b")
    a.send("DELETE", CRDS + "/links." + GROUP)
    until(lambda: a.send("GET", CRDS + "/links." + GROUP)[0] == 404, "the definition to go", 90)


hooks = Converter()
if sys.argv[1:2] == ["--record"]:
    save(GOLDEN, asked(sys.argv[2], ask_all, hooks))
    sys.exit()

golden = load(GOLDEN)
with skiff.Cluster(nodes=0) as cluster:
    promise(asked(cluster.conf, ask_all, hooks), golden)

    # Ours alone: upstream's watch cache of a version breaks when its webhook does, and asks once for each object.
    a = Asker(cluster.conf)
    a.send("POST", CRDS, definition(hooks))
    served(a, V1, V2)

    @test("a list is converted by one question")
    def _():
        for i in range(20):
            eq(a.send("POST", V1, link("n%d" % i, 1))[0], 201)
        hooks.take()
        eq(len(json.loads(a.send("GET", V2)[2])["items"]), 20)
        eq([len(s["body"]["request"]["objects"]) for s in hooks.take()], [20])

    @test("reads of the stored version need no webhook")
    def _():
        hooks.mode = "500"
        eq(a.send("GET", V1 + "/n1")[0], 200)
        eq(a.send("GET", V2 + "/n1")[0], 500)
        hooks.mode = ""
        eq(a.send("GET", V2 + "/n1")[0], 200)
hooks.stop()
skiff.finish()
