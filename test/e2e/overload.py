#!/usr/bin/env python3
"""Ten times the load that an API server can bear: it goes on working at least at four fifths of its pace, at a cost for each
answer that is at most a quarter more, refuses the rest with 429, keeps leases and health alive, and one user's flood does not
shut out another.

`overload.py [SECONDS]`: how long the overload lasts (default 15; a minute is the full test)."""
import asyncio
import concurrent.futures
import json
import os
import ssl
import sys
import time
import urllib.parse

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
import skiff
from ask import Asker, obj
from skiff import cpu_seconds, test

SECONDS = int(sys.argv[1]) if len(sys.argv) > 1 else 15
TOKENS = os.path.join(HERE, "..", "golden", "tokens.csv")
PODS, CLIENTS, FACTOR = 4000, 40, 10
# Looks at every pod and answers with none: much work for the server, little for the client.
PATH = "/api/v1/namespaces/load/pods?labelSelector=" + urllib.parse.quote("app=none,tier notin (a,b)")


class Client:
    """One keep-alive connection that asks as soon as it is answered."""
    def __init__(self, host, port, tls, token):
        self.host, self.port, self.tls = host, port, tls
        self.head = "Host: x\r\n" + ("Authorization: Bearer %s\r\n" % token if token else "")
        self.done, self.busy, self.failed, self.slowest = 0, 0, 0, 0.0
        self.reader = None

    async def ask(self, method="GET", path=PATH, body=b""):
        if self.reader is None:
            self.reader, self.writer = await asyncio.open_connection(self.host, self.port, ssl=self.tls)
        kind = "Content-Type: application/merge-patch+json\r\nContent-Length: %d\r\n" % len(body) if body else ""
        self.writer.write(("%s %s HTTP/1.1\r\n%s%s\r\n" % (method, path, self.head, kind)).encode() + body)
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode().lower()
        status = int(head.split(" ", 2)[1])
        if "content-length:" in head:
            await self.reader.readexactly(int(head.split("content-length:")[1].split("\r\n")[0]))
        else:
            while size := int((await self.reader.readline()), 16):
                await self.reader.readexactly(size + 2)
            await self.reader.readline()
        return status, head

    async def flood(self, until):
        while time.monotonic() < until:
            began = time.monotonic()
            try:
                status, head = await self.ask()
            except (OSError, asyncio.IncompleteReadError):
                self.failed += 1
                self.reader = None
                await asyncio.sleep(0.1)
                continue
            self.slowest = max(self.slowest, time.monotonic() - began)
            if status == 200:
                self.done += 1
            elif status == 429:
                self.busy += 1
                told = int(head.split("retry-after: ")[1].split("\r\n")[0])
                assert 1 <= told <= 32, head
                await asyncio.sleep(told)
            else:
                self.failed += 1


def tls_of(asker, identity):
    return (asker.admin if identity else asker.nobody).tls


async def measure(asker, clients, token, seconds, beside=()):
    url = asker.admin.url
    all_clients = [Client(url.hostname, url.port, tls_of(asker, False), token) for _ in range(clients)]
    until = time.monotonic() + seconds
    await asyncio.gather(*(c.flood(until) for c in all_clients), *(b(until) for b in beside))
    return all_clients


def rate(clients, seconds):
    return sum(c.done for c in clients) / seconds


with skiff.Cluster(nodes=0, flags=["kube-apiserver.token-auth-file=" + TOKENS]) as cluster:
    asker = Asker(cluster.conf)
    rbac = "rbac.authorization.k8s.io"
    asker.namespace("load")
    asker.set(obj(rbac + "/v1", "ClusterRoleBinding", "load", roleRef={"apiGroup": rbac, "kind": "ClusterRole", "name": "cluster-admin"},
                  subjects=[{"kind": "User", "name": n, "apiGroup": rbac} for n in ("alice", "bob")]))
    def fill(first):
        for i in range(first, PODS, 8):
            asker.send("POST", "/api/v1/namespaces/load/pods", obj("v1", "Pod", "p-%d" % i, metadata={"labels": {"app": "x", "tier": "c"}}, spec={
                "automountServiceAccountToken": False, "containers": [{"name": "c", "image": "i"}]}))
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        list(pool.map(fill, range(8)))
    lease = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases"
    asker.set(obj("coordination.k8s.io/v1", "Lease", "n1", "kube-node-lease", spec={"holderIdentity": "n1", "leaseDurationSeconds": 40}))
    node = [("Impersonate-User", "system:node:n1"), ("Impersonate-Group", "system:nodes")]
    asyncio.run(measure(asker, CLIENTS, "alice-token", 3))  # warm
    vital = {"leases": [], "health": []}

    async def beat(until):
        url = asker.admin.url
        leases, health = Client(url.hostname, url.port, tls_of(asker, True), None), Client(url.hostname, url.port, tls_of(asker, False), None)
        leases.head += "Impersonate-User: system:node:n1\r\nImpersonate-Group: system:nodes\r\n"
        body = json.dumps(obj("coordination.k8s.io/v1", "Lease", "n1", "kube-node-lease", spec={"holderIdentity": "n1", "leaseDurationSeconds": 40}))
        while time.monotonic() < until:
            for name, ask in (("leases", lambda: leases.ask("PATCH", lease + "/n1", body.encode())), ("health", lambda: health.ask("GET", "/livez"))):
                began = time.monotonic()
                status, _ = await ask()
                vital[name].append((status, time.monotonic() - began))
            await asyncio.sleep(0.3)

    quiet = []

    async def other(until):
        url = asker.admin.url
        quiet.append(Client(url.hostname, url.port, tls_of(asker, False), "bob-token"))
        await quiet[0].flood(until)

    pid = cluster.status()["kube-apiserver-0"]["pid"]

    def costed(*measured):
        """What was measured, and the server's CPU seconds for each answer."""
        began = cpu_seconds(pid)
        out = asyncio.run(measure(asker, *measured))
        return out, (cpu_seconds(pid) - began) / sum(c.done for c in out + quiet)

    after, cost_after = costed(CLIENTS, "alice-token", 5)
    for attempt in range(3):  # a machine with other work in between is asked again
        before, cost_before = after, cost_after
        flood, cost = costed(CLIENTS * FACTOR, "alice-token", SECONDS, (beat, other))
        bob, quiet[:] = quiet[0], []
        after, cost_after = costed(CLIENTS, "alice-token", 5)
        # What the machine bears is the less of before and after.
        sustainable, calm_cost = min(rate(before, 5), rate(after, 5)), max(cost_before, cost_after)
        served = rate(flood, SECONDS) + bob.done / SECONDS
        if served >= 0.8 * sustainable and cost <= 1.25 * calm_cost:
            break
    print("# flooded: %.0f answered (%.2f of the sustainable), %.0f refused a second, %d failed; the other user %.0f a second, slowest %.2f s" % (
        served, served / sustainable, sum(c.busy for c in flood) / SECONDS, sum(c.failed for c in flood), bob.done / SECONDS,
        bob.slowest), flush=True)
    print("# CPU for an answer: %.2f ms, flooded %.2f ms" % (1000 * calm_cost, 1000 * cost), flush=True)

    @test("ten times the clients get at least four fifths of the sustainable rate")
    def _():
        assert served >= 0.8 * sustainable, "%.0f of %.0f" % (served, sustainable)

    @test("under ten times the clients an answer costs the server at most a quarter more: it does not drown in refusing")
    def _():
        assert cost <= 1.25 * calm_cost, "%.2f ms beside %.2f ms" % (1000 * cost, 1000 * calm_cost)

    @test("nobody is dropped: answers are 200, or 429 with Retry-After")
    def _():
        assert sum(c.failed for c in flood) == 0 and bob.failed == 0

    @test("leases and health are answered all the while")
    def _():
        for name, beats in vital.items():
            assert len(beats) > 3 and all(status == 200 for status, _ in beats), (name, beats)
            assert max(took for _, took in beats) < 5, (name, max(took for _, took in beats))

    @test("a user beside the flood is served and never refused")
    def _():
        assert bob.busy == 0 and bob.done > SECONDS, (bob.done, bob.busy)

    @test("requests of a flow name their schema and level, and the objects are the defaults")
    def _():
        schemas = {s["metadata"]["uid"]: s["metadata"]["name"] for s in asker.get("/apis/flowcontrol.apiserver.k8s.io/v1/flowschemas")["items"]}
        levels = {s["metadata"]["uid"]: s["metadata"]["name"] for s in asker.get("/apis/flowcontrol.apiserver.k8s.io/v1/prioritylevelconfigurations")["items"]}
        assert len(schemas) == 11 and len(levels) == 8, (schemas, levels)
        for headers, want in (({"Authorization": "Bearer alice-token"}, ("global-default", "global-default")), (node, ("system-nodes", "system"))):
            head = asker.send("GET", "/api/v1/namespaces/load/pods?limit=1", None, headers, identity=headers is node)[1]
            got = schemas[head["X-Kubernetes-PF-FlowSchema-UID"]], levels[head["X-Kubernetes-PF-PriorityLevel-UID"]]
            assert got == want, (got, want)

skiff.finish()
