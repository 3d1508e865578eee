#!/usr/bin/env python3
"""Members and API servers die and freeze in a random order while clients count: nothing acknowledged is lost or happens twice, a
read shows all that was acknowledged before it, and watches tell every change once and in order.

    chaos.py [--seed N] [--faults N]      the seed is printed; the same one draws the same faults"""
import argparse
import http.client
import json
import os
import random
import signal
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import skiff
from rest import Rest
from skiff import eq, test, until

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 31))
parser.add_argument("--faults", type=int, default=12)
args = parser.parse_args()
print("# seed %d" % args.seed, flush=True)

OBJECTS, WRITERS, SERVERS, MEMBERS = 3, 5, 2, 3
PATH = "/api/v1/namespaces/default/configmaps"


class History:
    """What writers know: per object, the acknowledged values and who wrote them."""
    def __init__(self):
        self.lock = threading.Lock()
        self.acknowledged = [{} for _ in range(OBJECTS)]  # value: the token of its writer
        self.highest = [0] * OBJECTS
        self.twice, self.stale, self.count = [], [], 0
        self.stopping = False

    def acknowledge(self, i, value, token):
        with self.lock:
            if value in self.acknowledged[i]:
                self.twice.append((i, value))
            self.acknowledged[i][value] = token
            self.highest[i] = max(self.highest[i], value)
            self.count += 1


def client(conf, address):
    rest = Rest(conf)
    rest.url = rest.url._replace(netloc=address)
    return rest


def quietly(rest, *request):
    """(status, body) or (0, None) when nobody knows."""
    try:
        status, _, body = rest(*request, timeout=8)
        return status, json.loads(body)
    except (OSError, http.client.HTTPException, ValueError):
        return 0, None


def writer(history, rests, number):
    """Adds one to a counter at a time: read at one server, written at another."""
    rng, turn = random.Random(args.seed * 100 + number), 0
    while not history.stopping:
        i, turn = rng.randrange(OBJECTS), turn + 1
        known = history.highest[i]
        listed = rng.random() < 0.3
        status, seen = quietly(rng.choice(rests), "GET", PATH if listed else "%s/c-%d" % (PATH, i))
        if status != 200:
            time.sleep(0.05)
            continue
        if listed:
            seen = next(o for o in seen["items"] if o["metadata"]["name"] == "c-%d" % i)
            seen.update(kind="ConfigMap", apiVersion="v1")
        value = int(seen["data"]["value"])
        if value < known:
            history.stale.append((i, value, known))
        token = "%d-%d" % (number, turn)
        seen["data"] = {"value": str(value + 1), "token": token}
        if quietly(rng.choice(rests), "PUT", "%s/c-%d" % (PATH, i), seen)[0] == 200:
            history.acknowledge(i, value + 1, token)


class Watcher(threading.Thread):
    """Follows the counters at one server, going on after every cut where it was. A server that was born since does not know
    what was before; then it lists and goes on from there, as every client does."""
    def __init__(self, rest, revision, history):
        super().__init__(daemon=True)
        self.rest, self.revision, self.history = rest, revision, history
        self.seen, self.wrong, self.expired = [{} for _ in range(OBJECTS)], [], 0
        self.told = [0] * OBJECTS  # the last value of each

    def run(self):
        while not self.history.stopping:
            c = http.client.HTTPSConnection(self.rest.url.hostname, self.rest.url.port, context=self.rest.tls, timeout=3)
            try:
                c.request("GET", "%s?watch=1&allowWatchBookmarks=true&resourceVersion=%d" % (PATH, self.revision))
                answer = c.getresponse()
                if answer.status == 410:
                    self.list()
                elif answer.status != 200:
                    time.sleep(0.05)
                else:
                    while line := answer.readline():
                        self.take(json.loads(line))
            except (OSError, http.client.HTTPException, ValueError):
                time.sleep(0.05)
            finally:
                c.close()

    def list(self):
        status, answer = quietly(self.rest, "GET", PATH)
        if status != 200:
            return
        self.expired += 1
        self.revision = int(answer["metadata"]["resourceVersion"])
        for o in answer["items"]:
            if o["metadata"]["name"].startswith("c-"):
                i, value = int(o["metadata"]["name"][2:]), int(o["data"]["value"])
                if value < self.told[i]:
                    self.wrong.append(("listed", i, value, self.told[i]))
                self.told[i] = value
                self.seen[i][value] = o["data"]["token"]

    def take(self, event):
        if event["type"] == "ERROR":
            if event["object"]["code"] == 410:
                self.list()
            return
        meta = event["object"]["metadata"]
        revision = int(meta["resourceVersion"])
        if event["type"] != "BOOKMARK" and meta["name"].startswith("c-"):
            i, data = int(meta["name"][2:]), event["object"]["data"]
            value = int(data["value"])
            if revision <= self.revision or value != self.told[i] + 1:
                self.wrong.append((event["type"], meta["name"], revision, self.revision, value, self.told[i]))
            self.told[i] = value
            self.seen[i][value] = data["token"]
        self.revision = max(self.revision, revision)


def fault(cluster, rng, history):
    """One member or API server is killed or frozen for a while; the rest goes on. Answers what was killed, or ""."""
    component = rng.choice(["etcdlite-%d" % m for m in range(MEMBERS)] * 2 + ["kube-apiserver-%d" % s for s in range(SERVERS)])
    pid, before, pause = cluster.status()[component]["pid"], history.count, rng.uniform(0.1, 2.5)
    if rng.random() < 0.5:
        cluster.local("kill", component)
        time.sleep(pause)
        cluster.local("restart", component)
        what = "killed"
    else:
        os.kill(pid, signal.SIGSTOP)
        time.sleep(pause)
        os.kill(pid, signal.SIGCONT)
        what = "frozen"
    until(lambda: history.count > before + 20, "writes to go on after %s was %s" % (component, what), 60)
    print("# %s %s for %.1f s, %d writes" % (component, what, pause, history.count), flush=True)
    return component if what == "killed" else ""


with skiff.Cluster(nodes=0, members=MEMBERS, apiservers=SERVERS) as cluster:
    addresses = [c["address"].replace("https://", "") for n, c in sorted(cluster.status().items()) if n.startswith("kube-apiserver")]
    history, rng = History(), random.Random(args.seed)
    for i in range(OBJECTS):
        status, made = quietly(client(cluster.conf, addresses[0]), "POST", PATH, {
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c-%d" % i}, "data": {"value": "0", "token": ""}})
        eq(status, 201)
    rests = [client(cluster.conf, a) for a in addresses]
    watchers = [Watcher(r, int(made["metadata"]["resourceVersion"]), history) for r in rests]
    writers = [threading.Thread(target=writer, args=(history, rests, n), daemon=True) for n in range(WRITERS)]
    for thread in watchers + writers:
        thread.start()
    killed = []

    @test("writes go on after every fault")
    def _():
        for _ in range(args.faults):
            killed.append(fault(cluster, rng, history))

    final = {}

    @test("watchers at every server come to what the store holds")
    def _():
        final.update({i: int(json.loads(rests[0]("GET", "%s/c-%d" % (PATH, i))[2])["data"]["value"]) for i in range(OBJECTS)})
        until(lambda: all(w.seen[i] and max(w.seen[i]) >= final[i] for w in watchers for i in range(OBJECTS)), "the watchers", 30)

    history.stopping = True
    for thread in writers:
        thread.join(20)

    @test("nothing acknowledged is lost, and no value was given to two writers")
    def _():
        eq(history.twice, [])
        for i in range(OBJECTS):
            told = {**watchers[0].seen[i], **watchers[1].seen[i]}
            eq({v: t for v, t in history.acknowledged[i].items() if told.get(v, t) != t}, {})
            missed = [v for v in history.acknowledged[i] if v <= final[i] and v not in told]
            assert not missed or all(w.expired for w in watchers), missed
            last = int(json.loads(rests[0]("GET", "%s/c-%d" % (PATH, i))[2])["data"]["value"])
            assert last >= max(history.acknowledged[i], default=0), last
        assert history.count > 20 * args.faults

    @test("a read shows all that was acknowledged before it, at whichever server")
    def _():
        eq(history.stale, [])

    @test("watches tell every change once and in order, across cuts and servers")
    def _():
        for n, w in enumerate(watchers):
            eq(w.wrong, [])
            assert w.expired <= killed.count("kube-apiserver-%d" % n), (n, w.expired)
        for i in range(OBJECTS):
            both = set(watchers[0].seen[i]) & set(watchers[1].seen[i])
            eq(*[{v: w.seen[i][v] for v in both} for w in watchers])

skiff.finish()
