#!/usr/bin/env python3
"""Quotas: upstream's answers case by case, and never one object too many however many clients and API servers race.

The expected answers are upstream's own, in test/golden/quota.json; `quota.py --record KUBECONFIG` asks an upstream apiserver
(without a quota controller) again."""
import json
import os
import re
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
import skiff
from rest import Rest
from skiff import eq, test, until

GOLDEN = os.path.join(HERE, "..", "golden", "quota.json")
MERGE = "application/merge-patch+json"


def pod(name, containers=None, **spec):
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name},
            "spec": {"automountServiceAccountToken": False, "containers": containers or [{"name": "c", "image": "i"}], **spec}}


def box(name="c", requests=None, limits=None):
    return {"name": name, "image": "i", "resources": {**({"requests": requests} if requests else {}), **({"limits": limits} if limits else {})}}


def service(name, ports=1, **spec):
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name},
            "spec": {"ports": [{"name": "p%d" % i, "port": 80 + i} for i in range(ports)], **spec}}


def claim(name, size, storage_class=None):
    return {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": name},
            "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": size}},
                     **({"storageClassName": storage_class} if storage_class else {})}}


def plain(kind, name):
    return {"apiVersion": "v1", "kind": kind, "metadata": {"name": name}}


DEPLOYMENT = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d"},
              "spec": {"selector": {"matchLabels": {"a": "b"}},
                       "template": {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "i"}]}}}}
BURST = [box(requests={"cpu": "600m"}, limits={"memory": "512Mi"})]
KINDS = [("plain", pod("x")), ("deadline", pod("x", activeDeadlineSeconds=5)), ("burst", pod("x", BURST)),
         ("critical", pod("x", priorityClassName="system-node-critical")),
         ("other namespaces", pod("x", affinity={"podAntiAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [
             {"weight": 1, "podAffinityTerm": {"topologyKey": "k", "namespaces": ["z"]}}]}}))]
SCOPES = {"terminating": {"scopes": ["Terminating"]}, "not terminating": {"scopes": ["NotTerminating"]},
          "best effort": {"scopes": ["BestEffort"]}, "not best effort": {"scopes": ["NotBestEffort"]},
          "of a priority": {"scopeSelector": {"matchExpressions": [{"scopeName": "PriorityClass", "operator": "In", "values": ["system-node-critical"]}]}},
          "of no priority": {"scopeSelector": {"matchExpressions": [{"scopeName": "PriorityClass", "operator": "DoesNotExist"}]}},
          "across namespaces": {"scopes": ["CrossNamespacePodAffinity"]}}
# scenario: (quotas {name: (spec, used or None)}, steps [(name, method, resource path, body, content type)])
SCENARIOS = {
    "pods": ({"a": ({"hard": {"pods": "2", "requests.cpu": "1", "limits.memory": "1Gi"}}, {"pods": "0", "requests.cpu": "0", "limits.memory": "0"})}, [
        ("nothing stated", "POST", "pods", pod("p")),
        ("some state it", "POST", "pods", pod("p", [box("a", {"cpu": "1"}), box("b")], initContainers=[box("z")])),
        ("the pod as a whole", "POST", "pods", pod("pl", resources={"requests": {"cpu": "100m"}, "limits": {"memory": "10Mi"}})),
        ("dry run", "POST", "pods?dryRun=All", pod("p1", BURST)),
        ("fits", "POST", "pods", pod("p1", BURST)),
        ("same name again", "POST", "pods", pod("p1", [box(requests={"cpu": "1m"}, limits={"memory": "1Mi"})])),
        ("too much of all", "POST", "pods", pod("p2", [box(requests={"cpu": "600m"}, limits={"memory": "768Mi"})])),
        ("a name still to be made", "POST", "pods", {**pod("p2", BURST), "metadata": {"generateName": "gen-"}})]),
    "old names and extended resources": ({"b": ({"hard": {"cpu": "1", "memory": "1Gi", "requests.example.com/gpu": "2", "hugepages-2Mi": "4Mi", "count/pods": "10"}},
                                                {"cpu": "0", "memory": "0", "requests.example.com/gpu": "1", "hugepages-2Mi": "0", "count/pods": "0"})}, [
        ("too many devices", "POST", "pods", pod("g", [box(requests={"cpu": "1", "memory": "1Mi"}, limits={"example.com/gpu": "2"})])),
        ("all of it", "POST", "pods", pod("g1", [box(requests={"cpu": "1", "memory": "1Mi", "hugepages-2Mi": "2Mi"},
                                                      limits={"example.com/gpu": "1", "hugepages-2Mi": "2Mi", "memory": "2Mi", "cpu": "2"})])),
        ("nothing stated", "POST", "pods", pod("g2"))]),
    "services, claims, counts": ({"c": ({"hard": {"services": "2", "services.nodeports": "1", "services.loadbalancers": "0", "secrets": "1",
                                                  "count/configmaps": "1", "persistentvolumeclaims": "1", "requests.storage": "2Gi",
                                                  "gold.storageclass.storage.k8s.io/requests.storage": "1Gi", "count/deployments.apps": "0"}}, 0)}, [
        ("service", "POST", "services", service("s1")),
        ("to node port", "PATCH", "services/s1", {"spec": {"type": "NodePort"}}, MERGE),
        ("two node ports", "POST", "services", service("s2", 2, type="NodePort")),
        ("load balancer", "POST", "services", service("s2", type="LoadBalancer")),
        ("load balancer without node ports", "POST", "services", service("s2", type="LoadBalancer", allocateLoadBalancerNodePorts=False)),
        ("to load balancer", "PATCH", "services/s1", {"spec": {"type": "LoadBalancer"}}, MERGE),
        ("back to cluster address", "PATCH", "services/s1", {"spec": {"type": "ClusterIP"}}, MERGE),
        ("claim too large", "POST", "persistentvolumeclaims", claim("v", "3Gi")),
        ("claim too large for its class", "POST", "persistentvolumeclaims", claim("v", "2Gi", "gold")),
        ("claim", "POST", "persistentvolumeclaims", claim("v", "1Gi", "gold")),
        ("second claim", "POST", "persistentvolumeclaims", claim("v2", "1Gi", "gold")),
        ("secret", "POST", "secrets", plain("Secret", "s")),
        ("second secret", "POST", "secrets", plain("Secret", "s2")),
        ("deployment", "POST", "deployments", DEPLOYMENT)]),
    "limits that are passed already": ({"over": ({"hard": {"services": "5", "services.nodeports": "0"}}, {"services": "0", "services.nodeports": "3"})}, [
        ("a service of another kind", "POST", "services", service("s1"))]),
    "two quotas": ({"z1": ({"hard": {"pods": "1"}}, 0), "z2": ({"hard": {"pods": "0"}}, 0)}, [
        ("one refuses", "POST", "pods", pod("x"))]),
    "a quota without status": ({"n": ({"hard": {"pods": "0"}}, None)}, [("does not count yet", "POST", "pods", pod("x"))]),
    **{"scope " + scope: ({"s": ({"hard": {"pods": "0"}, **spec}, 0)}, [(name, "POST", "pods?dryRun=All", body) for name, body in KINDS])
       for scope, spec in SCOPES.items()},
}


def used(rest, ns):
    return {q["metadata"]["name"]: q.get("status", {}).get("used")
            for q in json.loads(rest("GET", "/api/v1/namespaces/%s/resourcequotas" % ns)[2])["items"]}


def namespace(rest, ns):
    rest("POST", "/api/v1/namespaces", plain("Namespace", ns))
    until(lambda: rest("POST", "/api/v1/namespaces/%s/serviceaccounts" % ns, plain("ServiceAccount", "default"))[0] in (201, 409), "account in " + ns)


def play(rest, number, scenario, settle):
    """The answers of a scenario, and what the quotas say after each step."""
    quotas, steps = SCENARIOS[scenario]
    ns = "quota-%d" % number
    namespace(rest, ns)
    base = "/api/v1/namespaces/%s/" % ns
    for name, (spec, amounts) in quotas.items():
        status, _, body = rest("POST", base + "resourcequotas", {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": name}, "spec": spec})
        eq(status, 201)
        if amounts is not None:
            quota = json.loads(body)
            quota["status"] = {"hard": spec["hard"], "used": amounts or {k: "0" for k in spec["hard"]}}
            eq(rest("PUT", base + "resourcequotas/%s/status" % name, quota)[0], 200)
    settle()
    out = {}
    for name, method, path, body, *content_type in steps:
        prefix = base if not path.startswith("deployments") else "/apis/apps/v1/namespaces/%s/" % ns
        status, _, data = rest(method, prefix + path, body, {"Content-Type": content_type[0]} if content_type else None)
        answer = json.loads(re.sub(r"gen-\w{5}", "gen-<x>", data.decode()))
        if answer.get("kind") != "Status":
            answer = None
        out[name] = {"status": status, "answer": answer, "used": used(rest, ns)}
    return out


if sys.argv[1:2] == ["--record"]:
    peer = Rest(sys.argv[2])
    with open(GOLDEN, "w") as f:
        json.dump({s: play(peer, i, s, lambda: time.sleep(1)) for i, s in enumerate(SCENARIOS)}, f, indent=1, sort_keys=True)
        f.write("\n")
    sys.exit()

golden = json.load(open(GOLDEN))


def seen(ns):  # what was written has reached the server's cache
    fresh = lambda query: json.loads(rest("GET", "/api/v1/namespaces/%s/resourcequotas%s" % (ns, query))[2])["items"]
    until(lambda: fresh("?resourceVersion=0") == fresh(""), "the quotas of %s in the cache" % ns)


with skiff.Cluster(nodes=0, flags=["kube-controller-manager.controllers=*,-resourcequota-controller"]) as cluster:
    rest = Rest(cluster.conf)
    for number, scenario in enumerate(SCENARIOS):
        @test("quota answers, " + scenario)
        def _():
            got = play(rest, number, scenario, lambda: seen("quota-%d" % number))
            for step, want in golden[scenario].items():
                assert got[step] == want, "%s: got %r, want %r" % (step, got[step], want)

CLIENTS, LIMIT = 64, 20


class Many(Rest):
    """The same identity at one of several API servers."""
    def __init__(self, conf, address):
        super().__init__(conf)
        self.url = self.url._replace(netloc=address)


def run_all(functions):
    threads = [threading.Thread(target=f) for f in functions]
    for t in threads:
        t.start()
    for t in threads:
        t.join()


with skiff.Cluster(nodes=0, apiservers=3) as cluster:
    servers = [Many(cluster.conf, c["address"].replace("https://", "")) for n, c in sorted(cluster.status().items()) if n.startswith("kube-apiserver")]
    rest = servers[0]
    namespace(rest, "race")
    base = "/api/v1/namespaces/race/"
    rest("POST", base + "resourcequotas", {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "q"},
                                           "spec": {"hard": {"pods": str(LIMIT), "count/configmaps": "1k", "services": "1"}}})
    counted = lambda: (used(rest, "race")["q"] or {}).get("pods")
    pods = lambda: len(json.loads(rest("GET", base + "pods")[2])["items"])

    @test("the quota controller says what is used")
    def _():
        until(lambda: counted() == "0" and used(rest, "race")["q"].get("count/configmaps") == "1", "status of the quota")

    @test("64 clients at three API servers race for the last pod: one gets it")
    def _():
        for attempt in range(5):
            for i in range(LIMIT - 1 - pods()):
                eq(servers[i % 3]("POST", base + "pods", pod("fill-%d-%d" % (attempt, i)))[0], 201)
            results = []
            gate = threading.Barrier(CLIENTS)
            def one(i):
                gate.wait()
                results.append(servers[i % 3]("POST", base + "pods", pod("last-%d-%d" % (attempt, i)), timeout=60)[0])
            run_all([lambda i=i: one(i) for i in range(CLIENTS)])
            eq((results.count(201), results.count(403), pods()), (1, CLIENTS - 1, LIMIT))
            rest("DELETE", base + "pods?gracePeriodSeconds=0")
            until(lambda: pods() == 0 and counted() == "0", "the quota is free again")

    @test("while pods come and go at three API servers there is never one too many, and all of the quota can be used")
    def _():
        most, stop = [0], threading.Event()
        def watch():
            while not stop.is_set():
                most[0] = max(most[0], pods())
        def churn(i):
            server, name = servers[i % 3], "churn-%d" % i
            for _ in range(8):
                status, _, body = server("POST", base + "pods", pod(name), timeout=60)
                assert status in (201, 403), body
                if status == 201:
                    eq(server("DELETE", base + "pods/" + name + "?gracePeriodSeconds=0")[0], 200)
        watcher = threading.Thread(target=watch)
        watcher.start()
        run_all([lambda i=i: churn(i) for i in range(CLIENTS)])
        stop.set()
        watcher.join()
        assert most[0] <= LIMIT, "%d pods at once" % most[0]
        until(lambda: counted() == "0", "everything was given back", timeout=90)
        for i in range(LIMIT):
            eq(servers[i % 3]("POST", base + "pods", pod("full-%d" % i))[0], 201)
        eq(rest("POST", base + "pods", pod("one-more"))[0], 403)

    @test("a create that fails after admission gives its charge back")
    def _():
        eq(rest("DELETE", base + "pods/full-0?gracePeriodSeconds=0")[0], 200)
        until(lambda: counted() == str(LIMIT - 1), "one is free")
        eq(rest("POST", base + "pods", pod("full-1"))[0], 409)
        eq(counted(), str(LIMIT - 1))
        eq(rest("POST", base + "pods", pod("full-0"))[0], 201)

skiff.finish()
