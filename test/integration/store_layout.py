#!/usr/bin/env python3
"""Objects lie in the store byte for byte as upstream lays them, and upstream's apiserver and ours take turns on one store.

The bytes are upstream's own, in test/golden/store.jsonl.gz: one line an object: request, key, value with what differs between runs
blanked. `store_layout.py --record KUBECONFIG ETCD` asks an upstream apiserver and its etcd (http://host:port) again. The turns
need upstream's kube-apiserver and are left out without it."""
import base64
import collections
import glob
import gzip
import json
import os
import re
import sys
import urllib.parse

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
import skiff
from ask import Asker
from parity import GOLDEN as PARITY
from parity import Asker as ParityAsker
from parity import Request, group_of
from skiff import test, until
from upstream import ApiServer

GOLDEN = os.path.join(HERE, "..", "golden", "store.jsonl.gz")
EACH = 6  # objects of a kind
TOOL = os.path.join(skiff.BIN, "etcdctl")


def requests():
    """Creations that upstream accepts, from the recorded ones; without dry run."""
    count = collections.Counter()
    for path in sorted(glob.glob(os.path.join(PARITY, "create.*.jsonl.gz"))):
        for line in gzip.open(path, "rt"):
            ident, method, url, headers, body, answer = json.loads(line)
            kind = group_of(ident)
            if method != "POST" or answer["status"] != 201 or "Review" in kind or "/token" in url or "/scale" in url or count[kind] >= EACH:
                continue
            if headers.get("Content-Type") != "application/json" or headers.get("Accept") != "application/json":
                continue
            try:
                o = json.loads(body)
            except (ValueError, TypeError):
                continue
            if not isinstance(o, dict) or (o.get("metadata") or {}).get("generateName") or not (o.get("metadata") or {}).get("name"):
                continue
            if kind.endswith("/Service"):  # addresses and node ports are drawn at random
                spec = o.get("spec") or {}
                if spec.get("type") in ("NodePort", "LoadBalancer"):
                    continue
                if spec.get("type") != "ExternalName" and not spec.get("clusterIP") and not spec.get("clusterIPs"):
                    spec["clusterIP"] = "10.96.77.77"
                body = json.dumps(o)
            count[kind] += 1
            yield Request(ident, method, re.sub(r"\?.*", "", url), headers, body)


def prepare(a):
    for line in open(os.path.join(PARITY, "setup.jsonl")):
        path, o = json.loads(line)
        a.send("POST", path, o)


class Store:
    def __init__(self, env):
        self.env = env

    def __call__(self, *args):
        return json.loads(skiff.run(TOOL, *args, "-w", "json", env=self.env)[1] or "{}")

    def revision(self):
        return self("get", "/none")["header"]["revision"]

    def named(self, name, since):
        """(key, value) of the object of that name written after a revision."""
        for kv in self("get", "--prefix", "/registry/").get("kvs", []):
            key = base64.b64decode(kv["key"]).decode()
            if kv["mod_revision"] > since and key.rsplit("/", 1)[-1] == name and "/ipaddresses/" not in key:
                return key, base64.b64decode(kv["value"])
        return None


def varint(n):
    out = b""
    while n > 127:
        out += bytes([n & 127 | 128])
        n >>= 7
    return out + bytes([n])


def blank(value, created):
    """Without what differs between runs: uids, the times of the creation, the identity of the caller."""
    import calendar
    import time
    if created:
        at = calendar.timegm(time.strptime(created, "%Y-%m-%dT%H:%M:%SZ"))
        for t in range(at - 1, at + 4):
            value = value.replace(b"\x08" + varint(t), b"\x08<now>")
            value = value.replace(time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(t)).encode(), b"<now>")
    value = re.sub(rb"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", b"<uid>", value)
    value = re.sub(rb"X509SHA256=[0-9a-f]{64}", b"X509SHA256=<hash>", value)
    value = re.sub(rb"\.\d{6}Z", b".<us>Z", value)
    return re.sub(rb"kube-api-access-[a-z0-9]{5}", b"kube-api-access-<x>", value)


def stored(a, store, request):
    """(key, bytes) that a creation leaves, and takes them away again."""
    o = json.loads(request.body)
    name = o["metadata"]["name"]
    since = store.revision()
    status, _, body = a.send("POST", request.path, o, request.headers)
    if status != 201:
        return None, ("%d %s" % (status, body[:200].decode("utf-8", "replace"))).encode()
    created = json.loads(body)["metadata"].get("creationTimestamp")
    found = store.named(name, since)
    path = request.path + "/" + urllib.parse.quote(name)
    a.send("DELETE", path, {"kind": "DeleteOptions", "apiVersion": "v1", "gracePeriodSeconds": 0, "propagationPolicy": "Background"})
    a.send("PATCH", path, {"metadata": {"finalizers": None}}, None, "application/merge-patch+json")
    return (found[0], blank(found[1], created)) if found else (None, b"nothing")


def differ(got, want):
    # Lengths come first and differ with everything: what differs behind them says more.
    tail = next((i for i in range(1, min(len(got), len(want))) if got[-i] != want[-i]), 0)
    at = next((i for i, (x, y) in enumerate(zip(got, want)) if x != y), min(len(got), len(want)))
    if tail and len(got) != len(want):
        return "%d bytes, want %d; before the common end: got %r, want %r" % (len(got), len(want), got[-tail - 60:len(got) - tail + 20], want[-tail - 60:len(want) - tail + 20])
    return "at byte %d: got %r, want %r" % (at, got[max(0, at - 40):at + 60], want[max(0, at - 40):at + 60])


if sys.argv[1:2] == ["--record"]:
    a, store = Asker(sys.argv[2]), Store({"ETCDCTL_ENDPOINTS": sys.argv[3]})
    prepare(a)
    with gzip.GzipFile(GOLDEN, "wb", mtime=0) as f:
        for request in requests():
            key, value = stored(a, store, request)
            if key:
                f.write((json.dumps([list(request), key, base64.b64encode(value).decode()]) + "\n").encode())
            else:
                print("#", request.id, value)
    sys.exit()

with skiff.Cluster(nodes=0) as cluster:
    for component in ("kube-controller-manager", "kube-scheduler"):  # who would write to what we make
        cluster.local("kill", component)
    a, store = Asker(cluster.conf), Store(cluster.env())
    prepare(a)
    kinds = collections.defaultdict(list)
    for line in gzip.open(GOLDEN, "rt"):
        request, key, value = json.loads(line)
        if b"config-consumer" in base64.b64decode(value):
            continue  # a controller had written to it already
        kinds[group_of(request[0])].append((Request(*request), key, base64.b64decode(value)))
    for kind, objects in kinds.items():
        @test("bytes in the store are upstream's, %s" % kind.replace("create/", ""))
        def _():
            wrong = []
            for request, key, value in objects:
                got_key, got = stored(a, store, request)
                if got_key != key:
                    wrong.append("%s: key %r, want %r (%s)" % (request.id, got_key, key, got[:200]))
                elif got != value:
                    wrong.append("%s: %s" % (request.id, differ(got, value)))
            assert not wrong, "%d of %d differ\n%s" % (len(wrong), len(objects), "\n".join(wrong))


def ready(a):
    until(a.ready, "an apiserver is ready", timeout=120)


def turns(name, etcd=None):
    with skiff.Cluster(nodes=0, etcd_servers=etcd) as cluster:
        a = Asker(cluster.conf)
        prepare(a)
        for component in ("kube-controller-manager", "kube-scheduler"):
            cluster.local("kill", component)
        endpoint = etcd or cluster.env()["ETCDCTL_ENDPOINTS"]
        made = {}
        for request in requests():
            o = json.loads(request.body)
            if group_of(request.id) in made or "ControllerRevision" in request.id or (o.get("spec") or {}).get("clusterIP") == "10.96.77.77":
                continue
            o["metadata"]["name"] = re.sub("^obj$", "turns", o["metadata"]["name"])
            status = a.send("POST", request.path, o)[0]
            if status == 201:
                made[group_of(request.id)] = request.path + "/" + o["metadata"]["name"]
        look = lambda: {kind: json.loads(a.send("GET", path)[2]) for kind, path in made.items()}
        touch = lambda who: {kind: a.send("PATCH", path, {"metadata": {"annotations": {"turn": who}}}, None, "application/merge-patch+json")[0] for kind, path in made.items()}
        first = look()
        cluster.local("kill", "kube-apiserver-0")
        with ApiServer(cluster, endpoint):
            @test("turns on %s: upstream's apiserver reads what ours wrote" % name)
            def _():
                ready(a)
                got = look()
                wrong = [k for k in made if got[k] != first[k]]
                assert not wrong and len(made) > 40, "%d kinds, differing: %s: %r want %r" % (len(made), wrong, got[wrong[0]] if wrong else "", first[wrong[0]] if wrong else "")

            @test("turns on %s: upstream's apiserver writes to it" % name)
            def _():
                codes = touch("upstream")
                assert set(codes.values()) == {200}, {k: c for k, c in codes.items() if c != 200}
            second = look()
        cluster.local("restart", "kube-apiserver-0")

        @test("turns on %s: ours reads and writes what upstream's left" % name)
        def _():
            ready(a)
            got = look()
            wrong = [k for k in made if got[k] != second[k]]
            assert not wrong, "%s: %r want %r" % (wrong, got[wrong[0]], second[wrong[0]])
            codes = touch("ours")
            assert set(codes.values()) == {200}, {k: c for k, c in codes.items() if c != 200}


if skiff.peer("kube-apiserver"):
    turns("etcdlite")
    if skiff.peer("etcd"):
        with skiff.Etcd() as etcd:
            turns("etcd", etcd.url)

skiff.finish()
