#!/usr/bin/env python3
"""Objects lie encrypted in the store as --encryption-provider-config says, keys can be changed, and upstream's apiserver with the
same configuration reads and writes the same store (left out without it)."""
import base64
import json
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
import skiff
from ask import MERGE, Asker, obj
from skiff import eq, test, until
from upstream import ApiServer

TOOL = os.path.join(skiff.BIN, "etcdctl")
KEYS = {name: base64.b64encode(bytes(range(i, i + 32))).decode() for i, name in enumerate(("one", "two"))}


def providers(*wanted):
    """cipher:key,key or identity, the first one writes"""
    out = []
    for text in wanted:
        cipher, _, keys = text.partition(":")
        out.append({cipher: {"keys": [{"name": k, "secret": KEYS[k]} for k in keys.split(",")]} if keys else {}})
    return out


def configuration(path, *rules):
    with open(path, "w") as f:
        json.dump({"apiVersion": "apiserver.config.k8s.io/v1", "kind": "EncryptionConfiguration",
                   "resources": [{"resources": names.split(), "providers": providers(*how)} for names, how in rules]}, f)


def stored(cluster, key):
    out = json.loads(skiff.run(TOOL, "get", key, "-w", "json", env=cluster.env())[1] or "{}")
    return base64.b64decode(out["kvs"][0]["value"]) if out.get("kvs") else None


def secret(name):
    return obj("v1", "Secret", name, "default", data={"password": base64.b64encode(b"open sesame").decode()})


def restart(cluster, a):
    cluster.local("kill", "kube-apiserver-0")
    cluster.local("restart", "kube-apiserver-0")
    until(a.ready, "the API server is ready")


SECRETS, MAPS = "/api/v1/namespaces/default/secrets/", "/api/v1/namespaces/default/configmaps/"
CRD = {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": "widgets.example.com"},
       "spec": {"group": "example.com", "scope": "Namespaced", "names": {"plural": "widgets", "singular": "widget", "kind": "Widget"},
                "versions": [{"name": "v1", "served": True, "storage": True,
                              "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}}]}}

with skiff.Folder() as folder:
    path = os.path.join(folder, "encryption.yaml")
    configuration(path, ("secrets widgets.example.com", ["aescbc:one", "identity"]), ("configmaps", ["aesgcm:one"]), ("*.apps", ["secretbox:one"]))
    with skiff.Cluster(nodes=0, flags=["kube-apiserver.encryption-provider-config=" + path]) as cluster:
        a = Asker(cluster.conf)
        endpoint = cluster.env()["ETCDCTL_ENDPOINTS"]
        for component in ("kube-controller-manager", "kube-scheduler"):
            cluster.local("kill", component)

        @test("each resource lies in the store as its rule says, and is served plain")
        def _():
            a.set(secret("s"), obj("v1", "ConfigMap", "m", "default", data={"k": "open sesame"}),
                  obj("v1", "ServiceAccount", "plain", "default"), CRD,
                  obj("apps/v1", "Deployment", "d", "default", spec={"replicas": 0, "selector": {"matchLabels": {"a": "b"}}, "template": {
                      "metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "i"}]}}}))
            until(lambda: a.send("POST", "/apis/example.com/v1/namespaces/default/widgets", obj("example.com/v1", "Widget", "w", "default"))[0] == 201,
                  "a widget is made")
            for key, begin in (("secrets/default/s", b"k8s:enc:aescbc:v1:one:"), ("configmaps/default/m", b"k8s:enc:aesgcm:v1:one:"),
                               ("deployments/default/d", b"k8s:enc:secretbox:v1:one:"), ("example.com/widgets/default/w", b"k8s:enc:aescbc:v1:one:"),
                               ("serviceaccounts/default/plain", b"k8s\0")):
                value = stored(cluster, "/registry/" + key)
                eq((key, value[:len(begin)], b"sesame" in value), (key, begin, False))
            for served in (a.get(MAPS + "m"), [m for m in a.get(MAPS[:-1])["items"] if m["metadata"]["name"] == "m"][0]):
                eq(served["data"], {"k": "open sesame"})

        @test("a restart reads what is encrypted, lists, watches and updates go on")
        def _():
            restart(cluster, a)
            eq(a.get(SECRETS + "s")["data"], secret("s")["data"])
            eq(a.send("PATCH", SECRETS + "s", {"data": {"more": "MQ=="}}, None, MERGE)[0], 200)
            eq(sorted(a.get(SECRETS + "s")["data"]), ["more", "password"])
            events = a.send("GET", SECRETS[:-1] + "?watch=1&timeoutSeconds=1&fieldSelector=metadata.name%3Ds")[2].decode()
            eq(json.loads(events.split("\n")[0])["object"]["data"]["more"], "MQ==")

        @test("with a new first key an update that changes nothing writes, and once only")
        def _():
            configuration(path, ("secrets widgets.example.com", ["aescbc:two,one", "identity"]), ("configmaps", ["aesgcm:one"]), ("*.apps", ["secretbox:one"]))
            restart(cluster, a)
            before = a.get(SECRETS + "s")
            eq(stored(cluster, "/registry/secrets/default/s")[:22], b"k8s:enc:aescbc:v1:one:")
            after = json.loads(a.send("PUT", SECRETS + "s", before)[2])
            eq(stored(cluster, "/registry/secrets/default/s")[:22], b"k8s:enc:aescbc:v1:two:")
            eq((after["data"], after["metadata"]["resourceVersion"] != before["metadata"]["resourceVersion"]), (before["data"], True))
            again = json.loads(a.send("PUT", SECRETS + "s", after)[2])
            eq(again["metadata"]["resourceVersion"], after["metadata"]["resourceVersion"])

        @test("what no key opens is an internal error that names the key of the store, and the rest is served")
        def _():
            configuration(path, ("secrets widgets.example.com", ["aescbc:one", "identity"]), ("configmaps", ["aesgcm:one"]), ("*.apps", ["secretbox:one"]))
            restart(cluster, a)
            a.set(secret("other"))
            code, _, body = a.send("GET", SECRETS + "s")
            eq((code, json.loads(body)["message"]), (500, 'Internal error occurred: unable to transform key "/registry/secrets/default/s": '
                                                          "no matching key was found for the provided AES-CBC transformer"))
            eq(a.get(SECRETS + "other")["data"], secret("other")["data"])
            eq([a.send("GET", p)[0] for p in (SECRETS[:-1], "/api/v1/secrets", "/api/v1/namespaces/kube-system/secrets", MAPS[:-1])], [500, 500, 200, 200])
            code = a.send("PATCH", SECRETS + "s", {"data": {"more": "Mg=="}}, None, MERGE)[0]
            eq(code, 500)

        if skiff.peer("kube-apiserver"):
            configuration(path, ("secrets widgets.example.com", ["aescbc:two,one", "identity"]), ("configmaps", ["aesgcm:one"]), ("*.apps", ["secretbox:one"]))
            restart(cluster, a)
            paths = [SECRETS + "s", SECRETS + "other", MAPS + "m", "/apis/apps/v1/namespaces/default/deployments/d", "/apis/example.com/v1/namespaces/default/widgets/w"]
            ours = [a.get(p) for p in paths]
            cluster.local("kill", "kube-apiserver-0")
            with ApiServer(cluster, endpoint, "--encryption-provider-config=" + path):
                @test("upstream's apiserver reads what ours has encrypted, and writes")
                def _():
                    until(a.ready, "upstream's is ready", 120)
                    until(lambda: a.send("GET", paths[-1])[0] == 200, "widgets are served")
                    eq([a.get(p) for p in paths], ours)
                    eq([a.send("PATCH", p, {"metadata": {"annotations": {"turn": "theirs"}}}, None, MERGE)[0] for p in paths], [200] * 5)
                theirs = [a.get(p) for p in paths]
            cluster.local("restart", "kube-apiserver-0")

            @test("ours reads what upstream's has encrypted")
            def _():
                until(a.ready, "ours is ready")
                until(lambda: a.send("GET", paths[-1])[0] == 200, "widgets are served")
                eq([a.get(p) for p in paths], theirs)
                eq([o["metadata"]["annotations"]["turn"] for o in theirs], ["theirs"] * 5)

skiff.finish()
