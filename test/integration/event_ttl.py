#!/usr/bin/env python3
"""Events go by themselves after --event-ttl; nothing else does."""
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import skiff
from rest import Rest
from skiff import eq, test

NS = "/api/v1/namespaces/default/"

with skiff.Cluster(nodes=0, flags=("kube-apiserver.event-ttl=3s",)) as cluster:
    rest = Rest(cluster.conf)

    @test("an event goes when its time is over, and watchers are told")
    def _():
        made = json.loads(rest("POST", NS + "events", {"metadata": {"name": "e"}, "involvedObject": {"namespace": "default", "name": "x"},
                                                       "reason": "r", "type": "Normal"})[2])
        rest("POST", NS + "configmaps", {"metadata": {"name": "stays"}})
        version = made["metadata"]["resourceVersion"]
        seen = []

        def gone():
            body = rest("GET", NS + "events?fieldSelector=metadata.name=e&watch=1&timeoutSeconds=2&resourceVersion=" + version)[2]
            seen[:] = [json.loads(line)["type"] for line in body.splitlines() if line]
            return "DELETED" in seen
        skiff.until(gone, "the event has gone", timeout=30)
        eq(seen, ["DELETED"])
        eq(rest("GET", NS + "events/e")[0], 404)

    @test("other objects stay")
    def _():
        eq(rest("GET", NS + "configmaps/stays")[0], 200)

skiff.finish()
