#!/usr/bin/env python3
"""Reads answer as upstream's: versions and matches, pages, watches, projections, negotiation, methods.

Expected answers are upstream's own; `api_reads.py --record KUBECONFIG` asks an upstream apiserver again, `--ours KUBECONFIG
--peer KUBECONFIG` compares two that run."""
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
import scenario as sc
from scenario import scenario

GOLDEN = os.path.join(HERE, "..", "golden", "api_reads.json.gz")
CM = "/api/v1/namespaces/$NS/configmaps"
PODS = "/api/v1/namespaces/$NS/pods"
TABLE = "application/json;as=Table;g=meta.k8s.io;v=v1"
PARTIAL = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"
PARTIALS = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
PROTO = "application/vnd.kubernetes.protobuf"


def config(name, **labels):
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "labels": labels}, "data": {"k": name}}


def size(a):
    """Of a large answer: how it begins and whether it is one; refusals in full."""
    return [a.data[:4].hex(), len(a.data) > 300] if a.status == 200 else sc.readable(a.headers.get("Content-Type", ""), a.data)


def fill(s, n=5):
    last = None
    for i in range(n):
        last = s.quiet("POST", CM, config("c%d" % i, n=str(i), odd=str(i % 2)))
    return last.rv()


def names(a):
    try:
        body = a.json()
    except ValueError:
        return sc.readable("", a.data)
    if "items" not in body:
        return sc.scrub(body)
    out = {"names": [i["metadata"]["name"] for i in body["items"]], "metadata": sc.scrub(body["metadata"])}
    return out


@scenario("lists at resource versions")
def _(s):
    first = s.quiet("POST", CM, config("a", x="1")).rv()
    second = s.quiet("POST", CM, config("b", x="2")).rv()
    s.quiet("DELETE", CM + "/a")
    third = s.quiet("POST", CM, config("d", x="2")).rv()
    for rv_name, rv in (("unset", None), ("empty", ""), ("0", "0"), ("first", first), ("second", second), ("third", third), ("x", "x"), ("-1", "-1"), ("1.5", "1.5"),
                        ("99999999999999999999", "99999999999999999999"), (" 1", "%201")):
        for match in (None, "", "Exact", "NotOlderThan", "exact", "Bogus"):
            for limit in (None, "0", "1", "2", "500"):
                if limit in ("2", "500") and match not in (None, "Exact", "NotOlderThan"):
                    continue
                q = "&".join("%s=%s" % (k, v) for k, v in (("resourceVersion", rv), ("resourceVersionMatch", match), ("limit", limit)) if v is not None)
                s("GET", CM + "?" + q, show=names, note=rv_name)


@scenario("lists with limits that are none")
def _(s):
    fill(s, 3)
    for q in ("limit=-1", "limit=x", "limit=1.5", "limit=", "limit=9223372036854775807", "limit=9223372036854775808", "limit=1&limit=2", "limit=0x2", "limit=+1", "limit=%2B1", "limit=01",
              "timeoutSeconds=x", "timeoutSeconds=-1", "timeoutSeconds=0", "timeoutSeconds=1.5", "timeoutSeconds=", "watch=false", "watch=0", "watch=maybe&timeoutSeconds=1", "watch=False&x=1",
              "allowWatchBookmarks=maybe", "bogus=1", "continue=", "labelSelector=", "fieldSelector=", "pretty=maybe", "timeout=1s", "timeout=x", "timeout=-1s", "timeout=0", "timeout=", "timeout=90s",
              "sendInitialEvents=true", "sendInitialEvents=false", "sendInitialEvents=x", "sendInitialEvents=true&resourceVersionMatch=NotOlderThan", "includeObject=Bogus"):
        s("GET", CM + "?" + q, show=names)


@scenario("pages over a stable snapshot")
def _(s):
    fill(s, 7)
    s.quiet("POST", CM, config("kube-root-ca.crt"))
    a = s("GET", CM + "?limit=3", show=names)
    second = a.json()["metadata"].get("continue")
    s.quiet("DELETE", CM + "/c4")
    s.quiet("POST", CM, config("c45"))
    b = s("GET", CM + "?limit=3&continue=" + second, show=names, note="second page after changes")
    s("GET", CM + "?limit=3&continue=" + b.json()["metadata"].get("continue", ""), show=names, note="third page")
    s("GET", CM + "?continue=" + second, show=names, note="rest without limit")
    s("GET", CM + "?limit=2&continue=" + second + "&labelSelector=odd=0", show=names, note="with a selector")
    for q in ("resourceVersion=0", "resourceVersion=1", "resourceVersion=" + a.rv(), "resourceVersion=&resourceVersionMatch=NotOlderThan", "resourceVersionMatch=Exact&resourceVersion=1", "resourceVersion=0&resourceVersionMatch=NotOlderThan"):
        s("GET", CM + "?limit=3&" + q + "&continue=" + second, show=names, note="continue and " + q)
    s("GET", "/api/v1/configmaps?limit=1", show=lambda a: a.json()["metadata"].get("continue") is not None, note="all namespaces")
    s("GET", CM + "?limit=3&labelSelector=odd=1", show=names)
    s("GET", CM + "?limit=1&fieldSelector=metadata.name!=c0", show=names)
    s("GET", CM + "?limit=1&fieldSelector=metadata.name=c5", show=names)
    s("GET", CM + "?limit=4", headers={"Accept": TABLE}, show=lambda a: (len(a.json()["rows"]), sc.scrub(a.json()["metadata"])))
    s("GET", CM + "?limit=4", headers={"Accept": PARTIALS}, show=names)
    s("GET", CM + "?watch=1&timeoutSeconds=1&continue=" + second, note="watch with continue")


@scenario("continue tokens that are none")
def _(s):
    import base64
    import json
    fill(s, 3)
    enc = lambda v: base64.urlsafe_b64encode(v if isinstance(v, bytes) else json.dumps(v).encode()).decode().rstrip("=")
    v = "meta.k8s.io/v1"
    now = s.quiet("GET", CM).rv()
    for t in ("xyz", "x", "%20", "a b".replace(" ", "%20"), "====", enc(b"{"), enc(b"[]"), enc(b"1"), enc({}), enc({"v": "v2", "rv": 1, "start": "a"}), enc({"v": v, "rv": 0, "start": "a"}), enc({"v": v, "start": "a"}),
              enc({"v": v, "rv": 5, "start": ""}), enc({"v": v, "rv": 5}), enc({"v": v, "rv": "5", "start": "a"}), enc({"v": v, "rv": -5, "start": "a"}), enc({"v": v, "rv": 5, "start": "../a"}),
              enc({"v": v, "rv": int(now), "start": "/a"}), enc({"v": v, "rv": 5, "start": 1}), enc({"v": v, "rv": 5.5, "start": "a"}), enc({"v": v, "rv": int(now), "start": "a\0"}), enc({"v": v, "rv": int(now), "start": "c1\0"}),
              enc({"v": v, "rv": int(now), "start": "//a"}), enc({"v": v, "rv": int(now), "start": "a/./b"}), enc({"v": v, "rv": 999999999, "start": "a\0"}), enc({"v": v, "rv": -1, "start": "c1\0"}),
              enc({"v": v, "rv": -1, "start": "c1\0", "x": 1}), enc({"v": v, "rv": int(now), "start": "c1"}), enc({"V": v, "RV": int(now), "Start": "c1"}), enc({"v": v, "rv": int(now), "start": "c1\0"}) + "==="):
        s("GET", CM + "?continue=" + t, show=names, note=str(sc.token(t)))
        if "-1" in str(sc.token(t)):
            s("GET", CM + "?limit=1&continue=" + t, show=names, note="limit 1")


@scenario("gets at resource versions")
def _(s):
    rv = s.quiet("POST", CM, config("a")).rv()
    old = s.quiet("GET", CM).rv()
    for q in ("resourceVersion=", "resourceVersion=0", "resourceVersion=" + rv, "resourceVersion=" + old, "resourceVersion=x", "resourceVersion=-1", "resourceVersion=1", "resourceVersionMatch=Exact",
              "resourceVersion=" + rv + "&resourceVersionMatch=Exact", "resourceVersionMatch=Bogus", "timeout=1s", "timeout=x", "watch=0", "resourceVersion=999999999&timeout=1s", "dryRun=All", "dryRun=Bogus",
              "fieldValidation=Bogus", "limit=x", "labelSelector=a%20b", "fieldSelector=x=y", "bogus=1"):
        s("GET", CM + "/a?" + q)
        s("GET", CM + "/absent?" + q)


@scenario("versions from the future")
def _(s):
    for q in ("resourceVersion=999999999&timeout=1s", "resourceVersion=999999999&resourceVersionMatch=NotOlderThan&timeout=1s", "resourceVersion=999999999&resourceVersionMatch=Exact&timeout=1s",
              "resourceVersion=999999999&limit=5&timeout=1s", "resourceVersion=999999999&timeoutSeconds=1", "watch=1&resourceVersion=999999999&timeoutSeconds=1",
              "watch=1&resourceVersion=999999999&timeoutSeconds=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan"):
        s("GET", CM + "?" + q)


@scenario("watches begin where they are told")
def _(s):
    first = s.quiet("POST", CM, config("a", x="1")).rv()
    s.quiet("PATCH", CM + "/a", {"data": {"k": "2"}}, {"Content-Type": "application/merge-patch+json"})
    s.quiet("POST", CM, config("b", x="2"))
    s.quiet("DELETE", CM + "/a")
    for q in ("", "resourceVersion=", "resourceVersion=0", "resourceVersion=" + first, "resourceVersion=x", "resourceVersion=-1", "resourceVersionMatch=NotOlderThan", "resourceVersionMatch=Exact", "resourceVersionMatch=Bogus",
              "sendInitialEvents=true", "sendInitialEvents=false", "sendInitialEvents=true&resourceVersionMatch=NotOlderThan", "sendInitialEvents=false&resourceVersionMatch=NotOlderThan",
              "sendInitialEvents=false&resourceVersionMatch=NotOlderThan&resourceVersion=" + first, "sendInitialEvents=false&resourceVersionMatch=NotOlderThan&resourceVersion=0",
              "sendInitialEvents=true&resourceVersionMatch=Exact", "sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true",
              "sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&resourceVersion=" + first, "sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&resourceVersion=0",
              "sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&resourceVersion=1",
              "sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&labelSelector=x=1", "labelSelector=x=2", "fieldSelector=metadata.name=b", "fieldSelector=metadata.name=none", "limit=1", "limit=x", "continue=x",
              "allowWatchBookmarks=true&resourceVersion=" + first, "sendInitialEvents=maybe&resourceVersionMatch=NotOlderThan", "resourceVersion=" + first + "&labelSelector=x=1", "resourceVersion=" + first + "&fieldSelector=metadata.name=a",
              "labelSelector=a%20b", "fieldSelector=spec.x=1", "timeout=1s"):
        s("GET", CM + "?watch=1&timeoutSeconds=1&" + q, note=q)
    for path in ("/api/v1/watch/namespaces/$NS/configmaps", "/api/v1/watch/namespaces/$NS/configmaps/b", "/api/v1/watch/namespaces/$NS/configmaps/absent", "/api/v1/watch/namespaces/$NS", "/api/v1/watch/namespaces/$NS/nonsense", "/api/v1/watch", "/api/v1/watch/",
                 "/api/v1/namespaces/$NS/configmaps/b", "/api/v1/namespaces/$NS/configmaps/b/status", "/apis/apps/v1/watch/namespaces/$NS/deployments"):
        s("GET", path + "?watch=1&timeoutSeconds=1")
    for q in ("watch=true", "watch=1", "watch=TRUE", "watch=t", "watch=", "watch", "watch=yes", "watch=2", "watch=False", "watch=FALSE", "watch=f", "watch=no", "watch=0"):
        s("GET", CM + "?timeoutSeconds=1&" + q, show=lambda a: (a.json() if a.data.count(b"\n") < 2 else {}).get("kind", "stream") if a.data else "nothing")


@scenario("watched objects enter and leave a selection")
def _(s):
    rv = s.quiet("POST", CM, config("a", x="1")).rv()
    merge = {"Content-Type": "application/merge-patch+json"}
    s.quiet("PATCH", CM + "/a", {"metadata": {"labels": {"x": "2"}}}, merge)
    s.quiet("PATCH", CM + "/a", {"data": {"k": "2"}}, merge)
    s.quiet("PATCH", CM + "/a", {"metadata": {"labels": {"x": "1"}}}, merge)
    s.quiet("DELETE", CM + "/a")
    s.quiet("POST", CM, config("a", x="1"))
    for accept in ("application/json", TABLE, PARTIAL, PARTIALS, PROTO, "application/yaml", PROTO + ";as=PartialObjectMetadata;g=meta.k8s.io;v=v1"):
        s("GET", CM + "?watch=1&timeoutSeconds=1&labelSelector=x=1&resourceVersion=" + rv, headers={"Accept": accept}, note="from the first")
        s("GET", CM + "?watch=1&timeoutSeconds=1&labelSelector=x=1", headers={"Accept": accept}, note="with state")
        s("GET", CM + "?watch=1&timeoutSeconds=1&sendInitialEvents=true&allowWatchBookmarks=true&resourceVersionMatch=NotOlderThan", headers={"Accept": accept}, note="initial events")


@scenario("projections")
def _(s):
    s.quiet("POST", CM, config("a", x="1"))
    s.quiet("POST", PODS, {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {"schedulerName": "none", "containers": [{"name": "c", "image": "i"}]}})
    for path in (CM, CM + "/a", PODS, PODS + "/p", PODS + "/p/status", CM + "/absent", "/api/v1/namespaces/$NS", "/api/v1/namespaces/$NS/status"):
        for accept in (TABLE, PARTIAL, PARTIALS, "application/yaml;as=Table;g=meta.k8s.io;v=v1", PROTO + ";as=Table;g=meta.k8s.io;v=v1", PROTO + ";as=PartialObjectMetadata;g=meta.k8s.io;v=v1",
                       PROTO + ";as=PartialObjectMetadataList;g=meta.k8s.io;v=v1", "application/yaml;as=PartialObjectMetadata;g=meta.k8s.io;v=v1", "application/json;as=Table;g=meta.k8s.io;v=v1beta1", "application/json;as=Table;v=v1;g=other",
                       "application/json;as=Bogus;g=meta.k8s.io;v=v1", "application/json;as=Table", "application/json;as=Table;g=meta.k8s.io", "application/json;as=Table;g=meta.k8s.io;v=v1,application/json",
                       PROTO + ";as=Table;g=meta.k8s.io;v=v1,application/json;as=Table;g=meta.k8s.io;v=v1,application/json", "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1beta1"):
            s("GET", path, headers={"Accept": accept}, show=size if "yaml;as=Table" in accept else None)  # ages are anywhere in YAML
    for q in ("includeObject=None", "includeObject=Object", "includeObject=Metadata", "includeObject=", "includeObject=Bogus", "pretty=1", "includeObject=Object&pretty=true"):
        s("GET", CM + "?" + q, headers={"Accept": TABLE})
        s("GET", CM + "/a?" + q, headers={"Accept": TABLE})
        s("GET", CM + "?watch=1&timeoutSeconds=1&" + q, headers={"Accept": TABLE})
    for method, path, body in (("POST", CM + "?dryRun=All", config("n")), ("PUT", CM + "/a?dryRun=All", config("a", x="3")), ("DELETE", CM + "/a?dryRun=All", None), ("DELETE", PODS + "/p?dryRun=All", None), ("DELETE", CM + "?dryRun=All", None),
                               ("POST", CM + "?dryRun=All", config("a")), ("POST", CM, {"kind": "x"})):
        for accept in (TABLE, PARTIAL, "application/yaml", PROTO):
            s(method, path, body, headers={"Accept": accept})


@scenario("what is accepted")
def _(s):
    s.quiet("POST", CM, config("a", x="1"))
    for path in (CM + "/a", CM + "?fieldSelector=metadata.name=a", CM + "?watch=1&timeoutSeconds=1&fieldSelector=metadata.name=a", "/api/v1", "/apis", "/apis/apps", "/apis/apps/v1", "/api", "/version", "/nonsense", CM + "/absent", "/"):
        for accept in (None, "", "*/*", "application/*", "text/*", "text/html", "text/plain", "application/xml", "application/json;q=0", "application/json;q=0.5,application/yaml;q=0.9", "application/yaml;q=0.5,application/json;q=0.4,*/*;q=0.1", "application/xml,*/*;q=0.1",
                       "application/xml;q=0.9, application/json;q=0.1", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "application/json;q=x", "application/json;q=2", "application/json;charset=utf-8", "application/json; charset=utf-8; q=0.7",
                       "APPLICATION/JSON", "application/cbor", "application/cbor,application/json", "application/vnd.kubernetes.protobuf", "application/vnd.kubernetes.protobuf,application/json", "application/json,application/vnd.kubernetes.protobuf", "application/vnd.kubernetes.protobuf;stream=watch",
                       "application/json;stream=watch", "application/json;pretty=1", "application/json;pretty=0", "application/yaml", "application/x-yaml", "text/yaml", "application/merge-patch+json", ",", ";", "json", "application/json;", "application/json;stream=bogus"):
            s("GET", path, headers={"Accept": accept}, show=None if "configmaps" in path or path == "/version" else size)


@scenario("pretty")
def _(s):
    s.quiet("POST", CM, config("a", x="1"))
    for agent in ("scenario", "curl/7.1", "Wget/1", "Mozilla/5.0 x", "curl", "kubectl/v1.35"):
        for q in ("", "pretty=true", "pretty=false", "pretty=0", "pretty=1", "pretty=", "pretty", "pretty=FALSE", "pretty=x"):
            for path in (CM + "/a", CM + "/absent"):
                s("GET", path + "?" + q, headers={"User-Agent": agent}, show=lambda a: [a.data.count(b"\n"), a.data.endswith(b"\n")])
    for path in (CM, CM + "?watch=1&timeoutSeconds=1", "/api", "/apis", "/api/v1", "/apis/apps", "/apis/apps/v1", "/version", "/", "/openapi/v3", "/readyz"):
        shown = lambda a: [a.data.count(b"\n") > 1, a.data.endswith(b"\n")]
        for q in ("pretty=1", "pretty=0"):
            s("GET", path + ("&" if "?" in path else "?") + q, show=shown)


@scenario("methods")
def _(s):
    s.quiet("POST", CM, config("a", x="1"))
    for path in (CM, CM + "/a", CM + "/a/status", CM + "/absent", PODS + "/p/status", PODS + "/p/log", PODS + "/p/binding", PODS + "/p/eviction", "/api/v1/namespaces/$NS/finalize", "/api/v1/namespaces/$NS/nonsense", "/api/v1/namespaces/$NS/nonsense/a", "/api/v1/configmaps", "/api/v1/configmaps/a",
                 "/api/v1/nonsense", "/api/v1", "/api", "/apis", "/apis/apps", "/apis/apps/v1", "/version", "/healthz", "/readyz", "/livez/ping", "/metrics", "/openapi/v2", "/openapi/v3", "/openapi/v3/api/v1", "/nonsense", "/", "/apis/nonsense/v1/x",
                 "/apis/authorization.k8s.io/v1/subjectaccessreviews", "/api/v1/bindings", "/openid/v1/jwks", "/apis/apps/v1/namespaces/$NS/deployments/x/scale",
                 "/api/v1/nodes/n/proxy", "/apis/apps/v9/namespaces/$NS/deployments"):
        for method in ("HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "TRACE", "FOO", "GET"):
            large = path.startswith("/openapi") or path in ("/metrics", "/api/v1/configmaps", "/apis", "/", "/api/v1", "/apis/apps/v1")
            if path == CM and method == "DELETE":
                continue
            s(method, path, {} if method in ("POST", "PUT", "PATCH") else None, show=size if large else None, headers={"Content-Type": "application/merge-patch+json"} if method == "PATCH" else None)


@scenario("paths that are none")
def _(s):
    s.quiet("POST", CM, config("a", x="1"))
    for path in ("//api/v1", "/api/v1/", "/api/v1//namespaces/$NS/configmaps", "/api//v1", CM + "/", CM + "/a/", CM + "//a", CM + "/a/b/c", CM + "/a/bogus", "/api/v1/namespaces/$NS/configmaps/%61", "/api/v1/namespaces/$NS/configmaps/a%2Fb",
                 "/api/v1/namespaces/$NS/pods/p/log/x", "/apis/apps/v1/deployments/x", "/apis/apps/v1/namespaces/$NS", "/api/v1/namespaces/$NS/nodes", "/api/v1/nodes/n/status/x", "/api/v1/namespaces/absent-ns", "/api/v1/namespaces/absent-ns/configmaps/a",
                 "/api/v1/../v1/namespaces", "/api/v1/./namespaces", "/API/v1", "/apis/apps/", "/apis/apps/v1/", "/version/", "/healthz/", "/readyz/", "/livez/bogus", "/readyz/etcd/", "/metrics/", "/openapi", "/openapi/", "/openapi/v3/", "/openapi/v3/bogus", "/openapi/v3/apis/bogus/v1",
                 "/openapi/v2/", "/api/v1/proxy/x", "/api/v1/redirect/x", "/swagger.json", "/swaggerapi", "/ui", "/index.html", "/logs", "/configz", "/flagz", "/statusz", "/metrics/slis/", "/.well-known/", "/openid/v1/jwks/", "/openid",
                 "/apis/apps/v1/nonsense", "/apis/apps/nonsense", "/apis/Apps", "/apis/apps/v1/namespaces/$NS/deployments/a/scale", "/apis/apps/v1/namespaces/$NS/daemonsets/a/scale", "/api/v1/namespaces/$NS/configmaps/" + "x" * 300, "/api/v1/namespaces/" + "y" * 300 + "/configmaps"):
        s("GET", path)


@scenario("health")
def _(s):
    for root in ("/healthz", "/livez", "/readyz"):
        for q in ("", "?verbose", "?verbose=1", "?verbose=false", "?verbose=true", "?exclude=ping", "?verbose&exclude=ping", "?verbose&exclude=bogus", "?exclude=bogus", "?verbose&exclude=ping&exclude=etcd", "?exclude=etcd&exclude=bogus", "?verbose&exclude=ping,etcd", "/ping", "/ping?verbose", "/etcd", "/etcd?verbose&exclude=etcd", "/log", "/bogus",
                  "/poststarthook/rbac/bootstrap-roles", "/poststarthook/rbac", "/informer-sync", "/shutdown", "/etcd-readiness", "/?verbose", "/autoregister-completion"):
            s("GET", root + q)
            s("HEAD", root + q)


@scenario("large answers are compressed")
def _(s):
    for i in range(8):
        s.quiet("POST", CM, {**config("c%d" % i), "data": {"k": "y%d" % i * 12000}})
    s.quiet("POST", CM, {**config("big"), "data": {"k": "z" * 140000}})
    show = lambda a: len(a.data) > 0
    for path in (CM, CM + "/big", CM + "/c1", CM + "?limit=2", "/api/v1", "/openapi/v2", "/openapi/v3/api/v1", "/openapi/v3", "/apis/apps/v1", CM + "/absent", "/metrics"):
        for enc in (None, "gzip", "deflate", "gzip, deflate", "gzip;q=0", "*", "identity", "br, gzip;q=0.5", "deflate, gzip;q=1.0, *;q=0.5", "GZIP", "x-gzip"):
            for accept in ("application/json", PROTO):
                s("GET", path, headers={"Accept-Encoding": enc, "Accept": accept}, show=show if "metrics" not in path else (lambda a: 0))
    s("GET", CM + "?watch=1&timeoutSeconds=1", headers={"Accept-Encoding": "gzip"}, show=show)
    s("GET", CM, headers={"Accept-Encoding": "gzip", "Accept": TABLE}, show=show)
    s("GET", CM + "?includeObject=Object", headers={"Accept-Encoding": "gzip", "Accept": TABLE}, show=show)
    s("GET", CM + "?pretty=1", headers={"Accept-Encoding": "gzip"}, show=show)
    s("GET", CM, headers={"Accept-Encoding": "gzip", "Accept": "application/yaml"}, show=show)
    s("PUT", CM + "/big", {**config("big"), "data": {"k": "x" * 140000}}, headers={"Accept-Encoding": "gzip"}, show=show)
    s("POST", CM, {**config("big2"), "data": {"k": "x" * 140000}}, headers={"Accept-Encoding": "gzip"}, show=show)
    s("DELETE", CM, headers={"Accept-Encoding": "gzip"}, show=show)


@scenario("selectors")
def _(s):
    for i in range(4):
        s.quiet("POST", CM, config("c%d" % i, n=str(i), odd=str(i % 2)))
    for sel in ("n=1", "n==1", "n!=1", "n in (1,2)", "n notin (1,2)", "n", "!n", "n=1,odd=1", "n>1", "n<2", "n>x", "n>=1", "n in ()", "n in (1", "n=", "n=1,", ",n=1", "=1", "n=a b", "n = 1", " n", "n in(1)", "n IN (1)", "x/y/z=1", "-n=1", "n=-1", "n=" + "x" * 64, "n!", "n in (1,)",
                "!n=1", "n,n", "n notin ()", "é=1", "n=é", "n=1 odd=1", "n in (1) , odd=1", "n=1,n=2", "n gt 1", "in in (in)", "n in (in,notin)", "a.b/c!=x", "n===1", "n=!1", "()", "(n)"):
        s("GET", CM + "?labelSelector=" + sc.quote(sel), show=names, note=sel)
    for sel in ("metadata.name=c1", "metadata.name==c1", "metadata.name!=c1", "metadata.namespace=" + s.ns, "metadata.namespace=other", "metadata.name", "metadata.name=", "metadata.name!=", "metadata.name=c1,metadata.name=c2", "metadata.name=c1,", ",", "=", "metadata.name in (c1)", "metadata.name=c\\,1",
                "metadata.name=c\\=1", "metadata.name=c\\x", "metadata.name=c1\\", "metadata.name=a=b", "metadata.uid=x", "spec.x=1", "Metadata.name=c1", " metadata.name=c1", "metadata.name =c1", "metadata.name= c1", "metadata.name=c1;metadata.name=c1", "x", "metadata.labels=x", "!metadata.name"):
        s("GET", CM + "?fieldSelector=" + sc.quote(sel), show=names, note=sel)
        s("GET", "/api/v1/namespaces/$NS/secrets?fieldSelector=" + sc.quote(sel), show=names, note=sel)
        s("GET", CM + "?watch=1&timeoutSeconds=1&resourceVersion=0&fieldSelector=" + sc.quote(sel), note=sel, show=lambda a: a.data.count(b"\n") if a.status == 200 else a.json())


FIELDS = ("metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.restartPolicy", "spec.schedulerName", "spec.serviceAccountName", "spec.hostNetwork", "status.phase", "status.podIP", "status.podIPs", "status.nominatedNodeName", "spec.unschedulable", "type",
          "spec.clusterIP", "spec.type", "status.replicas", "involvedObject.kind", "involvedObject.namespace", "involvedObject.name", "involvedObject.uid", "involvedObject.apiVersion", "involvedObject.resourceVersion", "involvedObject.fieldPath", "reason", "reportingComponent", "source", "action",
          "regarding.kind", "regarding.name", "reportingController", "status.successful", "spec.signerName", "spec.driver", "spec.host", "spec.replicas", "spec.claimRef.name", "status.active", "spec.attacher", "spec.nodeName2", "spec.serviceName", "spec.parentRef.name", "spec.provisioner", "allocation")


@scenario("fields that kinds can be selected by")
def _(s):
    for group, version, plural, namespaced in KINDS:
        path = ("/api/v1" if not group else "/apis/%s/%s" % (group, version)) + ("/namespaces/$NS" if namespaced else "") + "/" + plural
        for field in FIELDS:
            s("GET", path + "?limit=1&fieldSelector=" + field + "=x", show=lambda a: a.json().get("message") or len(a.json()["items"]))


KINDS = [("", "v1", p, n) for p, n in (("pods", 1), ("services", 1), ("nodes", 0), ("namespaces", 0), ("configmaps", 1), ("secrets", 1), ("serviceaccounts", 1), ("persistentvolumes", 0), ("persistentvolumeclaims", 1), ("replicationcontrollers", 1), ("endpoints", 1), ("limitranges", 1),
                                       ("resourcequotas", 1), ("podtemplates", 1), ("events", 1))] + [
    ("apps", "v1", p, 1) for p in ("deployments", "replicasets", "statefulsets", "daemonsets", "controllerrevisions")] + [
    ("batch", "v1", "jobs", 1), ("batch", "v1", "cronjobs", 1), ("autoscaling", "v1", "horizontalpodautoscalers", 1), ("autoscaling", "v2", "horizontalpodautoscalers", 1), ("policy", "v1", "poddisruptionbudgets", 1),
    ("networking.k8s.io", "v1", "ingresses", 1), ("networking.k8s.io", "v1", "ingressclasses", 0), ("networking.k8s.io", "v1", "networkpolicies", 1), ("networking.k8s.io", "v1", "servicecidrs", 0), ("networking.k8s.io", "v1", "ipaddresses", 0),
    ("discovery.k8s.io", "v1", "endpointslices", 1), ("coordination.k8s.io", "v1", "leases", 1), ("events.k8s.io", "v1", "events", 1), ("rbac.authorization.k8s.io", "v1", "roles", 1), ("rbac.authorization.k8s.io", "v1", "clusterroles", 0),
    ("storage.k8s.io", "v1", "storageclasses", 0), ("storage.k8s.io", "v1", "volumeattachments", 0), ("storage.k8s.io", "v1", "csinodes", 0), ("storage.k8s.io", "v1", "csistoragecapacities", 1), ("scheduling.k8s.io", "v1", "priorityclasses", 0),
    ("certificates.k8s.io", "v1", "certificatesigningrequests", 0), ("admissionregistration.k8s.io", "v1", "validatingwebhookconfigurations", 0), ("apiextensions.k8s.io", "v1", "customresourcedefinitions", 0), ("apiregistration.k8s.io", "v1", "apiservices", 0),
    ("flowcontrol.apiserver.k8s.io", "v1", "flowschemas", 0), ("resource.k8s.io", "v1", "resourceclaims", 1), ("resource.k8s.io", "v1", "resourceslices", 0), ("resource.k8s.io", "v1", "deviceclasses", 0)]


@scenario("discovery in every form")
def _(s):
    digest = lambda a: [a.data[:4].hex(), len(a.data) > 300]
    agg = ";g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
    for path in ("/api", "/apis"):
        for accept in ("application/json" + agg, PROTO + agg, "application/yaml" + agg, "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList", "application/json" + agg + ",application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json",
                       "application/json,application/json" + agg, "application/json;q=0.9,application/json;q=1" + agg, "application/json;as=APIGroupDiscoveryList;v=v2;g=apidiscovery.k8s.io;profile=nopeer", "application/json;g=apidiscovery.k8s.io;v=v3;as=APIGroupDiscoveryList",
                       PROTO + agg + ",application/json" + agg + ",application/json", "application/json;v=v2;as=APIGroupDiscoveryList", "application/json;as=APIGroupDiscoveryList;v=v2;g=apidiscovery.k8s.io;profile=bogus"):
            s("GET", path, headers={"Accept": accept}, show=digest if "as=" in accept else None)
            e = s.quiet("GET", path, headers={"Accept": accept}).headers.get("ETag")
            s.keep("etag", bool(e))
            s("GET", path, headers={"Accept": accept, "If-None-Match": e or '"none"'}, note="same etag", show=digest)
            s("GET", path, headers={"Accept": accept, "If-None-Match": '"x"'}, show=digest)
    for path in ("/api", "/api/v1", "/apis/apps", "/apis/apps/v1"):
        for accept in ("application/json", PROTO, "application/yaml"):
            s("GET", path, headers={"Accept": accept})


@scenario("openapi documents")
def _(s):
    digest = lambda a: [a.data[:1].hex(), len(a.data) > 300]
    for path in ("/openapi/v2", "/openapi/v3", "/openapi/v3/api/v1", "/openapi/v3/apis/apps/v1", "/openapi/v3/version", "/openapi/v3/apis", "/openapi/v3/bogus"):
        for accept in (None, "*/*", "application/json", "application/com.github.proto-openapi.spec.v2@v1.0+protobuf", "application/com.github.proto-openapi.spec.v2.v1.0+protobuf", "application/com.github.proto-openapi.spec.v3@v1.0+protobuf", "application/com.github.proto-openapi.spec.v3.v1.0+protobuf",
                       "application/yaml", "text/html", "application/json;q=0.1,application/com.github.proto-openapi.spec.v3@v1.0+protobuf;q=0.9", "application/com.github.proto-openapi.spec.v2@v1.0+protobuf,application/json", "application/*", "application/json;as=x"):
            a = s("GET", path, headers={"Accept": accept}, show=digest)
            e = a.headers.get("ETag")
            s.keep("etag and last-modified", [bool(e), len(e or ""), bool(a.headers.get("Last-Modified")), bool(a.headers.get("Expires"))])
            s("GET", path, headers={"Accept": accept, "If-None-Match": e or '"none"'}, note="same etag", show=digest)
    import json
    index = s.quiet("GET", "/openapi/v3").json()
    url = index["paths"]["apis/apps/v1"]["serverRelativeURL"]
    h = url.split("hash=")[1]  # ours differs: documents have our words
    s.keep("url", url.split("=")[0])
    s.keep("hash length", len(h))
    s("GET", url, show=digest, note="by hash", headers={"Accept": None})
    s("GET", "/openapi/v3/apis/apps/v1?hash=bogus", show=lambda a: 0)
    s.keep("etag is hash", s.quiet("GET", url).headers.get("ETag") == '"%s"' % h)
    s("HEAD", "/openapi/v3/apis/apps/v1")
    s("HEAD", "/openapi/v2")
    s("POST", "/openapi/v2", {}, show=digest)
    s("POST", "/openapi/v3", {}, show=digest)


if __name__ == "__main__":
    sc.main(GOLDEN)
