#!/usr/bin/env python3
"""API servers behind APIServices: what is passed to them and back, what discovery, OpenAPI and conditions say of them.

The expected answers are upstream's own, in test/golden/aggregation.json.gz; see scenario.py for how they were recorded."""
import json
import os
import re
import socket
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
import scenario
from extension import AGGREGATED, Extension
from scenario import scenario as named
from skiff import until

SERVICES = "/apis/apiregistration.k8s.io/v1/apiservices"
CHANGING = {"user-agent", "host", "audit-id", "x-forwarded-for", "x-forwarded-host", "x-remote-extra-authentication.kubernetes.io%2fcredential-id"}
PORT = 7443  # of services without a backend


def service(s, name, **spec):
    assert s.quiet("POST", "/api/v1/namespaces/$NS/services", {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": spec}).status == 201


def outside(s, name):
    """A service that is this host."""
    service(s, name, type="ExternalName", externalName="localhost")


def api_service(s, group, name, port, version="v1", **spec):
    body = {"apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService", "metadata": {"name": "%s.%s" % (version, group)},
            "spec": {"group": group, "version": version, "groupPriorityMinimum": 1000, "versionPriority": 15,
                     "service": {"namespace": s.ns, "name": name, "port": port}, **spec}}
    a = s.quiet("POST", SERVICES, body)
    assert a.status == 201, a.data


def condition(s, group, version="v1"):
    conditions = s.quiet("GET", "%s/%s.%s" % (SERVICES, version, group)).json().get("status", {}).get("conditions", [])
    return [{k: re.sub(r"localhost:\d+", "localhost:<port>", c[k]) for k in ("type", "status", "reason", "message")} for c in conditions]


def becomes(s, group, reason):
    until(lambda: condition(s, group)[0]["reason"] == reason, "%s: %s" % (group, reason), 40, 0.02)
    s.keep("condition of " + group, condition(s, group))
    # The proxy and discovery hear of it a moment later.
    gone, closed = b"404 page not found\n", b"service unavailable\n"
    until(lambda: s.quiet("GET", "/apis/%s/v1" % group).data not in ((gone, closed) if reason == "Passed" else (gone,)), "the way to " + group, 40, 0.02)
    until(lambda: listed(s, group) == 3, group + " in discovery", 40, 0.02)


def of_group(group):
    def show(a):
        if a.status != 200:
            return a.data.decode()
        body = a.json()
        return [g for g in body.get("groups", body.get("items", [])) if g.get("name", g.get("metadata", {}).get("name")) == group]
    return show


def told(a):
    """What the extension says it was told."""
    if a.status != 200:
        return a.data.decode("utf-8", "replace")
    asked = a.json()["echo"]
    # Whether a connection is kept is not the request's affair.
    asked["headers"] = sorted(h if h[0] not in CHANGING else [h[0], "<%s>" % h[0]] for h in asked["headers"] if h[0] != "connection")
    return {"asked": asked, "headers": sorted([k.lower(), v] for k, v in a.headers.items() if k.lower() in ("x-extension", "warning", "content-type", "cache-control"))}


def listed(s, group):
    """In how many of the three lists a group stands."""
    return (sum(bool(of_group(group)(s.quiet("GET", "/apis", headers=h))) for h in ({}, {"Accept": AGGREGATED}))
            + any(group in path for path in s.quiet("GET", "/").json()["paths"]))


def listings(s, group):
    s("GET", "/apis", show=of_group(group))
    s("GET", "/apis/" + group)
    s("GET", "/apis/%s/" % group)
    s("GET", "/apis/%s/v1" % group)
    s("GET", "/apis", headers={"Accept": AGGREGATED}, show=of_group(group))
    s("GET", "/", show=lambda a: [p for p in a.json()["paths"] if group in p])


def authority(s):
    data = s.quiet("GET", "/api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication").json()["data"]
    return data.get("requestheader-client-ca-file")


@named("a request goes to the server of its group with who asks, its answer comes back")
def proxied(s):
    group = "proxied.example.com"
    x = Extension(group, client_ca=authority(s))
    outside(s, "ext")
    api_service(s, group, "ext", x.port, insecureSkipTLSVerify=True)
    try:
        becomes(s, group, "Passed")
        until(lambda: of_group(group)(s.quiet("GET", "/apis", headers={"Accept": AGGREGATED}))[0]["versions"][0]["freshness"] == "Current", "discovery of " + group)
        probes = [a for a in x.take() if a["path"] == x.at and ["x-remote-user", "system:kube-aggregator"] in a["headers"]]
        s.keep("who looks whether it is there", {json.dumps([sorted(h for h in a["headers"] if h[0].startswith("x-remote")), a["certificate"]]) for a in probes}.pop())
        listings(s, group)
        echo = x.at + "/namespaces/n/things/echo"
        s("GET", echo, show=told)
        s("GET", echo + "?b=2&a=1&a=%20x%2By&empty=&novalue", show=told)
        s("GET", x.at + "/namespaces/n%20m/things/a%2Fb/echo", show=told)
        s("POST", echo, {"hello": "world"}, show=told)
        s("PUT", echo, {"hello": "again"}, show=told)
        s("PATCH", echo, [{"op": "test"}], {"Content-Type": "application/json-patch+json"}, show=told)
        s("DELETE", echo, show=told)
        s("OPTIONS", echo, show=told)
        s("HEAD", echo, show=lambda a: len(a.data))
        s("GET", echo, headers={"Impersonate-User": "jane", "Impersonate-Group": "readers", "Impersonate-Extra-Acme.com%2fproject": "one", "Impersonate-Uid": "42"}, show=lambda a: a.status)
        s("GET", echo, headers={"Impersonate-User": "jane", "Impersonate-Group": "system:masters", "Impersonate-Extra-Acme.com%2fproject": "one", "Impersonate-Uid": "42"}, show=told)
        s("GET", echo, headers={"X-Remote-User": "root", "X-Remote-Group": "system:masters", "X-Remote-Extra-A": "b", "X-Custom": "kept", "TE": "trailers"}, show=told)
        s("GET", x.at + "/namespaces/n/things/teapot")
        s("GET", x.at + "/namespaces/n/things/redirect", show=lambda a: a.headers.get("Location"))
        s("GET", x.at + "/namespaces/n/things/not-modified", show=lambda a: a.headers.get("ETag"))
        s("GET", x.at + "/namespaces/n/things/absent")
        s("GET", x.at + "/namespaces/n/things/hang-up")
        s("GET", x.at + "/things?watch=true", show=lambda a: a.data.decode())
        s("GET", x.at + "/things/", show=lambda a: a.status)
        s("GET", "/apis/%s/v2" % group)
        s("GET", "/apis/%s/v1x/things" % group)
    finally:
        s("DELETE", SERVICES + "/v1." + group, show=lambda a: a.json().get("status"))
        until(lambda: s.quiet("GET", "/apis/%s/v1" % group).status == 404 and listed(s, group) == 0, "no more %s" % group)
        listings(s, group)
        x.stop()


@named("who may not ask is not let through")
def closed(s):
    group = "closed.example.com"
    x = Extension(group)
    outside(s, "ext")
    api_service(s, group, "ext", x.port, insecureSkipTLSVerify=True)
    try:
        becomes(s, group, "Passed")
        jane = {"Impersonate-User": "jane"}
        s("GET", x.at + "/namespaces/n/things/echo", headers=jane)
        s("GET", x.at + "/namespaces/n/things/echo/status", headers=jane)
        s("GET", x.at, headers=jane, show=lambda a: a.status)
    finally:
        s.quiet("DELETE", SERVICES + "/v1." + group)
        x.stop()


def talk(s, path, *lines):
    """Upgrades a connection and says lines; the head and what comes back."""
    with s.rest.tls.wrap_socket(socket.create_connection((s.rest.url.hostname, s.rest.url.port), timeout=20), server_hostname=s.rest.url.hostname) as c:
        c.sendall(("GET %s HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n" % path).encode())
        f = c.makefile("rb")
        head = []
        while (line := f.readline().strip()):
            head.append(line.decode())
        heard = []
        if " 101 " in head[0]:
            for line in lines:
                c.sendall(line.encode() + b"\n")
                heard.append(f.readline().decode())
        return [head[0].split(" ")[1], sorted(h.lower() for h in head[1:] if h.lower().startswith(("connection", "upgrade"))), heard]


@named("an upgraded connection is joined with the extension's")
def upgraded(s):
    group = "upgraded.example.com"
    x = Extension(group)
    outside(s, "ext")
    api_service(s, group, "ext", x.port, insecureSkipTLSVerify=True)
    try:
        becomes(s, group, "Passed")
        s.keep("an echo", talk(s, x.at + "/namespaces/n/things/upgrade", "hello", "and again"))
        s.keep("no upgrade", talk(s, x.at + "/namespaces/n/things/teapot")[0])
    finally:
        s.quiet("DELETE", SERVICES + "/v1." + group)
        x.stop()


@named("a certificate is checked against the bundle and the name of the service")
def certified(s):
    group, wrong, other = "certified.example.com", "uncertified.example.com", "misnamed.example.com"
    x, y, z = Extension(group, dns=["ext.%s.svc" % s.ns]), Extension(wrong, dns=["uncertain.%s.svc" % s.ns]), Extension(other, dns=["somebody.else.svc"])
    outside(s, "ext")
    outside(s, "uncertain")
    outside(s, "misnamed")
    api_service(s, group, "ext", x.port, caBundle=x.ca_bundle)
    api_service(s, wrong, "uncertain", y.port, caBundle=x.ca_bundle)
    api_service(s, other, "misnamed", z.port, caBundle=z.ca_bundle)
    try:
        for e in (x, y, z):
            becomes(s, e.group, "Passed")
            s("GET", e.at, show=lambda a: a.data.decode() if a.status != 200 else a.json())
        s.keep("names asked for", sorted({h[1].partition(":")[0] for a in x.take() for h in a["headers"] if h[0] == "host"}))
    finally:
        for e in (x, y, z):
            s.quiet("DELETE", SERVICES + "/v1." + e.group)
            e.stop()


@named("a service that cannot be reached says why, and its group is stale")
def unavailable(s):
    service(s, "none", selector={"a": "b"}, ports=[{"port": PORT}])
    service(s, "empty", selector={"a": "b"}, ports=[{"name": "https", "port": PORT}])
    service(s, "headless", clusterIP="None", selector={"a": "b"}, ports=[{"name": "https", "port": PORT}])
    outside(s, "refused")
    for name, ports in (("empty", [{"name": "http", "port": PORT}]), ("headless", [{"name": "https", "port": PORT}])):
        a = s.quiet("POST", "/apis/discovery.k8s.io/v1/namespaces/$NS/endpointslices", {
            "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "metadata": {"name": name + "-1", "labels": {"kubernetes.io/service-name": name}},
            "addressType": "IPv4", "endpoints": [{"addresses": ["10.1.2.3"]}], "ports": ports})
        assert a.status == 201, a.data
    cases = {"absent": ("absent", PORT, "ServiceNotFound"), "unlistened": ("none", PORT + 1, "ServicePortError"), "unbacked": ("none", PORT, "EndpointsNotFound"),
             "unnamed": ("empty", PORT, "MissingEndpoints"), "unrouted": ("headless", PORT, "FailedDiscoveryCheck"), "refused": ("refused", 1, "FailedDiscoveryCheck")}
    try:
        for case, (name, port, reason) in cases.items():
            group = case + ".example.com"
            api_service(s, group, name, port, insecureSkipTLSVerify=True)
            becomes(s, group, reason)
            until(lambda: of_group(group)(s.quiet("GET", "/apis", headers={"Accept": AGGREGATED})), "discovery of " + group)
            listings(s, group)
            s("GET", "/apis/%s/v1/things" % group)
            s("POST", "/apis/%s/v1/namespaces/n/things" % group, {})
    finally:
        for case in cases:
            s.quiet("DELETE", SERVICES + "/v1.%s.example.com" % case)


@named("a server that stops answering is told unavailable, and available when it is back")
def comes_and_goes(s):
    group = "fickle.example.com"
    x = Extension(group)
    outside(s, "ext")
    api_service(s, group, "ext", x.port, insecureSkipTLSVerify=True)
    try:
        becomes(s, group, "Passed")
        x.failing = True
        s.quiet("PATCH", SERVICES + "/v1." + group, {"metadata": {"labels": {"touched": "1"}}}, {"Content-Type": "application/merge-patch+json"})
        becomes(s, group, "FailedDiscoveryCheck")
        until(lambda: s.quiet("GET", x.at).status == 503, "no more answers")
        s("GET", x.at + "/namespaces/n/things/echo")
        x.failing = False
        becomes(s, group, "Passed")
        s("GET", x.at + "/namespaces/n/things/teapot")
    finally:
        s.quiet("DELETE", SERVICES + "/v1." + group)
        x.stop()


@named("groups and versions stand in the order of their priorities")
def ordered(s):
    x = Extension("a.ordered.example.com")
    outside(s, "ext")
    made = [("a.ordered.example.com", "v1", 100, 10), ("a.ordered.example.com", "v2beta1", 100, 10), ("a.ordered.example.com", "v0", 100, 20),
            ("b.ordered.example.com", "v1", 2000, 10), ("c.ordered.example.com", "v1alpha1", 100, 10), ("c.ordered.example.com", "v9", 90, 10)]
    try:
        for group, version, minimum, priority in made:
            api_service(s, group, "ext", x.port, version, groupPriorityMinimum=minimum, versionPriority=priority, insecureSkipTLSVerify=True)

        def shown(a):
            body = a.json()
            return [[g.get("name", g["metadata"]["name"] if "metadata" in g else ""), [v["version"] for v in g["versions"]]]
                    for g in body.get("groups", body.get("items")) if "ordered.example.com" in json.dumps(g)]
        both = ({}, {"Accept": AGGREGATED})
        until(lambda: all(sum(len(v) for _, v in shown(s.quiet("GET", "/apis", headers=h))) == len(made) for h in both), "all versions")
        for h in both:
            s("GET", "/apis", headers=h, show=shown)
        s("GET", "/apis/a.ordered.example.com")
        s("GET", "/apis/c.ordered.example.com")
    finally:
        for group, version, *_ in made:
            s.quiet("DELETE", "%s/%s.%s" % (SERVICES, version, group))
        x.stop()


@named("a server without aggregated discovery is asked the old way")
def legacy_discovery(s):
    group = "elder.example.com"
    x = Extension(group, aggregated=False)
    outside(s, "ext")
    api_service(s, group, "ext", x.port, insecureSkipTLSVerify=True)
    try:
        becomes(s, group, "Passed")
        until(lambda: of_group(group)(s.quiet("GET", "/apis", headers={"Accept": AGGREGATED}))[0]["versions"][0].get("resources"), "its resources")
        s("GET", "/apis", headers={"Accept": AGGREGATED}, show=of_group(group))
    finally:
        s.quiet("DELETE", SERVICES + "/v1." + group)
        x.stop()


@named("its OpenAPI documents stand among the server's own")
def documented(s):
    group = "documented.example.com"
    x = Extension(group)
    outside(s, "ext")
    api_service(s, group, "ext", x.port, insecureSkipTLSVerify=True)
    try:
        mine = "apis/%s/v1" % group
        until(lambda: mine in s.quiet("GET", "/openapi/v3").json()["paths"], "its document in the index", 40)
        s("GET", "/openapi/v3", show=lambda a: a.json()["paths"][mine])
        s("GET", "/openapi/v3/" + mine)
        until(lambda: any(group in p for p in s.quiet("GET", "/openapi/v2", timeout=40).json()["paths"]), "its paths in /openapi/v2", 40, 1)

        def v2(a):
            body = a.json()
            return {"paths": {k: v for k, v in body["paths"].items() if group in k},
                    "definitions": {k: v for k, v in body["definitions"].items() if group in json.dumps(v) or "ObjectMeta_v" in k}}
        s("GET", "/openapi/v2", show=v2)
    finally:
        s.quiet("DELETE", SERVICES + "/v1." + group)
        until(lambda: mine not in s.quiet("GET", "/openapi/v3").json()["paths"], "its document is out of the index", 40)
        x.stop()


if __name__ == "__main__":
    scenario.main(os.path.join(HERE, "..", "golden", "aggregation.json.gz"))
