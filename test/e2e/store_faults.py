#!/usr/bin/env python3
"""Three store members: the leader is killed under writes. Nothing acknowledged is lost and service resumes."""
import json
import os
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import skiff
from rest import Rest
from skiff import BIN, Cluster, eq, run, test, until

PATH = "/api/v1/namespaces/default/configmaps"


class Writer(threading.Thread):
    """Creates numbered config maps until told to stop; remembers what was acknowledged."""

    def __init__(self, conf, name):
        super().__init__(daemon=True)
        self.conf, self.prefix, self.acknowledged, self.failures, self.stopping = conf, name, [], 0, False

    def run(self):
        rest, i = Rest(self.conf), 0
        while not self.stopping:
            name = "%s-%d" % (self.prefix, i)
            i += 1
            try:
                status = rest("POST", PATH, {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}}, timeout=15)[0]
            except OSError:
                status = 0
            if status == 201:
                self.acknowledged.append(name)
            else:
                self.failures += 1
                time.sleep(0.05)


def leader(cluster):
    """The component that leads, by etcdctl's endpoint status."""
    env = cluster.env()
    out = run(os.path.join(BIN, "etcdctl"), "endpoint", "status", "-w", "json", env=env, check=False)[1]
    endpoints = env["ETCDCTL_ENDPOINTS"].split(",")
    for one in json.loads(out):
        if one["Status"]["leader"] == one["Status"]["header"]["member_id"]:
            return "etcdlite-%d" % endpoints.index(one["Endpoint"])
    raise AssertionError("no leader: " + out)


with Cluster(nodes=0, members=3) as cluster:
    @test("the leader is killed three times under writes: no acknowledged write is lost, service resumes")
    def _():
        writers = [Writer(cluster.conf, "w%d" % i) for i in range(4)]
        for w in writers:
            w.start()
        for _ in range(3):
            count = lambda: sum(len(w.acknowledged) for w in writers)
            before = count()
            until(lambda: count() > before + 50, "writes to flow", 60)
            who = until(lambda: leader(cluster), "a leader", 30)
            cluster.local("kill", who)
            at_kill = count()
            until(lambda: count() > at_kill + 20, "writes to go on without " + who, 60)
            cluster.local("restart", who)
        for w in writers:
            w.stopping = True
        for w in writers:
            w.join(30)
        names = {i["metadata"]["name"] for i in json.loads(Rest(cluster.conf)("GET", PATH)[2])["items"]}
        lost = [n for w in writers for n in w.acknowledged if n not in names]
        eq(lost, [])

    @test("all members killed at once come back with everything")
    def _():
        before = json.loads(Rest(cluster.conf)("GET", PATH)[2])["items"]
        for i in range(3):
            cluster.local("kill", "etcdlite-%d" % i)
        for i in range(3):
            cluster.local("restart", "etcdlite-%d" % i)
        rest = Rest(cluster.conf)
        until(lambda: rest("POST", PATH, {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"generateName": "after-"}})[0] == 201,
              "a write to succeed", 60)
        after = json.loads(rest("GET", PATH)[2])["items"]
        key = lambda items: {(i["metadata"]["name"], i["metadata"]["resourceVersion"]) for i in items}
        eq(key(before) - key(after), set())

skiff.finish()
