#!/usr/bin/env python3
"""kube-scheduler by a configuration file: each profile places the pods that want it, by its own plugins."""
import os
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import skiff
from rest import Rest
from skiff import eq, test

CONFIG = """apiVersion: kubescheduler.config.k8s.io/v1
kind: KubeSchedulerConfiguration
profiles:
- schedulerName: default-scheduler
- schedulerName: packed
  plugins:
    score:
      disabled: [{name: "*"}]
      enabled: [{name: NodeResourcesFit}]
  pluginConfig:
  - name: NodeResourcesFit
    args: {scoringStrategy: {type: MostAllocated}}
- schedulerName: anywhere
  plugins:
    filter: {disabled: [{name: NodeUnschedulable}, {name: TaintToleration}]}
"""
PODS = "/api/v1/namespaces/default/pods"

with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
    file.write(CONFIG)
    file.flush()
    with skiff.Cluster(nodes=0, flags=["kube-scheduler.config=" + file.name]) as cluster:
        rest = Rest(cluster.conf)

        def node(name, **spec):
            rest("POST", "/api/v1/nodes", {"metadata": {"name": name}, "spec": spec})
            room = {"cpu": "4", "memory": "8Gi", "pods": "110"}
            rest("PATCH", "/api/v1/nodes/%s/status" % name, {"status": {"capacity": room, "allocatable": room, "conditions": [
                {"type": "Ready", "status": "True", "reason": "KubeletReady", "message": ""}]}}, headers={"Content-Type": "application/merge-patch+json"})

        def pod(name, scheduler, **spec):
            rest("POST", PODS, {"metadata": {"name": name}, "spec": dict(
                {"schedulerName": scheduler, "automountServiceAccountToken": False, "tolerations": [{"operator": "Exists"}],
                 "containers": [{"name": "c", "image": "i", "resources": {"requests": {"cpu": "500m", "memory": "512Mi"}}}]}, **spec)})

        def place(name):
            pods = cluster.kubectl.json("get", "pods")["items"]
            return next((p["spec"].get("nodeName") for p in pods if p["metadata"]["name"] == name), None)

        def placed(name):
            skiff.until(lambda: place(name), "%s has a node" % name)
            return place(name)

        skiff.until(lambda: rest("GET", "/api/v1/namespaces/default/serviceaccounts/default")[0] == 200, "the default service account")
        node("one")
        node("two")

        @test("pods of the usual profile spread, those of the packed one pile up")
        def _():
            pod("first", "default-scheduler", nodeSelector={})
            where = placed("first")
            for i in range(3):
                pod("packed-%d" % i, "packed")
                eq((i, placed("packed-%d" % i)), (i, where))
            pod("second", "default-scheduler")
            eq(placed("second") != where, True)

        @test("a plugin that is off does not keep pods away")
        def _():
            for name in ("one", "two"):
                cluster.kubectl("cordon", name)
            bare = {"tolerations": []}
            pod("kept", "default-scheduler", **bare)
            pod("let", "anywhere", **bare)
            eq(bool(placed("let")), True)
            eq(place("kept"), None)

        @test("events speak in the name of the profile")
        def _():
            voices = lambda: cluster.kubectl.path("{.items[?(@.reason=='Scheduled')].reportingComponent}", "events").split()
            skiff.until(lambda: {"packed", "default-scheduler"} <= set(voices()), "events of both profiles")

skiff.finish()
