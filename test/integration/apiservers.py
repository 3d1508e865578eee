#!/usr/bin/env python3
"""Several API servers on one store: never an address or node port twice, endpoints that follow who lives, leaks repaired, events
that expire."""
import collections
import concurrent.futures
import json
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
import skiff
from ask import Asker, obj
from rest import Rest
from skiff import eq, test, until

SERVERS = 3
ADDRESSES = ["192.0.2.%d" % (i + 1) for i in range(SERVERS)]  # for documentation: nobody is there
FLAGS = ["kube-apiserver.endpoint-reconciler-type=lease", "kube-apiserver.event-ttl=5s", "kube-apiserver.service-node-port-range=30000-30099",
         *("kube-apiserver-%d.advertise-address=%s" % (i, address) for i, address in enumerate(ADDRESSES))]

with skiff.Cluster(nodes=0, apiservers=SERVERS, flags=FLAGS) as cluster:
    a = Asker(cluster.conf)
    servers = []
    for name, c in sorted(cluster.status().items()):
        if name.startswith("kube-apiserver"):
            rest = Rest(cluster.conf)
            rest.url = rest.url._replace(netloc=c["address"].replace("https://", ""))
            servers.append(rest)
    keys = lambda prefix: [k for k in skiff.run(os.path.join(skiff.BIN, "etcdctl"), "get", "--prefix", prefix, "--keys-only", env=cluster.env())[1].split("\n") if k]
    endpoints = lambda: sorted(x["ip"] for s in a.get("/api/v1/namespaces/default/endpoints/kubernetes").get("subsets") or [] for x in s.get("addresses") or [])
    slices = lambda: sorted(x for e in a.get("/apis/discovery.k8s.io/v1/namespaces/default/endpointslices/kubernetes").get("endpoints") or [] for x in e["addresses"])

    @test("the kubernetes service leads to every server, by leases in the store as upstream keeps them")
    def _():
        until(lambda: endpoints() == ADDRESSES and slices() == ADDRESSES, "all servers in the endpoints")
        eq(sorted(keys("/registry/masterleases/")), ["/registry/masterleases/" + x for x in ADDRESSES])

    a.namespace("many")

    @test("node ports and addresses taken at three servers at once are all different, and the range can be used up")
    def _():
        def create(i):
            return servers[i % SERVERS]("POST", "/api/v1/namespaces/many/services", obj("v1", "Service", "s-%d" % i, spec={
                "type": "NodePort", "ports": [{"port": 80}]}), timeout=60)
        with concurrent.futures.ThreadPoolExecutor(24) as pool:
            answers = list(pool.map(create, range(110)))
        made = [json.loads(body)["spec"] for status, _, body in answers if status == 201]
        refused = [json.loads(body) for status, _, body in answers if status != 201]
        eq(len(made), 100)
        eq(len(refused), 10)
        assert all("range is full" in r["message"] or "already allocated" in r["message"] for r in refused), refused[0]
        for what in (lambda s: s["ports"][0]["nodePort"], lambda s: s["clusterIP"]):
            twice = [k for k, n in collections.Counter(map(what, made)).items() if n > 1]
            assert not twice, twice

    @test("what services gave up can be taken again")
    def _():
        for i in range(0, 110, 2):
            servers[i % SERVERS]("DELETE", "/api/v1/namespaces/many/services/s-%d" % i)
        status, _, body = servers[1]("POST", "/api/v1/namespaces/many/services", obj("v1", "Service", "again", spec={"type": "NodePort", "ports": [{"port": 80}]}))
        eq(status, 201)
        eq(len([k for k in keys("/registry/ipaddresses/")]), len(a.get("/api/v1/services")["items"]))

    @test("events go by themselves after their time")
    def _():
        eq(a.send("POST", "/api/v1/namespaces/many/events", {"apiVersion": "v1", "kind": "Event", "metadata": {"name": "short"}, "involvedObject": {"namespace": "many"}})[0], 201)
        assert "/registry/events/many/short" in keys("/registry/events/many/")
        until(lambda: a.send("GET", "/api/v1/namespaces/many/events/short")[0] == 404, "the event is gone", timeout=40)

    @test("a server that dies leaves the endpoints when its lease ends")
    def _():
        cluster.local("kill", "kube-apiserver-2")
        until(lambda: endpoints() == ADDRESSES[:2] and slices() == ADDRESSES[:2], "the dead server is out", timeout=60)

    @test("a server that comes back is in the endpoints again")
    def _():
        cluster.local("restart", "kube-apiserver-2")
        until(lambda: endpoints() == ADDRESSES, "all servers in the endpoints", timeout=60)

skiff.finish()
