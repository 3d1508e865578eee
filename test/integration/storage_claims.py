#!/usr/bin/env python3
"""Pods with claims: bound to volumes that are a path of a node, scheduled where the volume is, with upstream's words while they wait."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import skiff
from course import manifest
from skiff import eq, test, until

CLASS = """
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: {name: late}
provisioner: kubernetes.io/no-provisioner
volumeBindingMode: WaitForFirstConsumer
"""
CLAIM = """
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: %s}
spec: {accessModes: [ReadWriteOnce], storageClassName: "%s", resources: {requests: {storage: %s}}}
"""
VOLUME = """
---
apiVersion: v1
kind: PersistentVolume
metadata: {name: %(name)s}
spec:
  capacity: {storage: %(size)s}
  accessModes: [ReadWriteOnce]
  storageClassName: "%(storage)s"
  %(source)s: {path: %(path)s}
"""
ON_NODE = """  nodeAffinity: {required: {nodeSelectorTerms: [{matchExpressions: [{key: kubernetes.io/hostname, operator: In, values: [%s]}]}]}}
"""
POD = """
---
apiVersion: v1
kind: Pod
metadata: {name: %(name)s}
spec:
  terminationGracePeriodSeconds: 0
  restartPolicy: Never
  containers:
  - {name: c, image: "busybox:1", command: [sh, -c, "%(command)s"], volumeMounts: [{name: v, mountPath: /data}]}
  volumes: [{name: v, persistentVolumeClaim: {claimName: %(claim)s%(more)s}}]
"""


def volume(name, storage, path, size="1Gi", node=None, source="hostPath"):
    return VOLUME % dict(name=name, storage=storage, path=path, size=size, source=source) + (ON_NODE % node if node else "")


def pod(name, claim, command="exec sleep 1000", more=""):
    return POD % dict(name=name, claim=claim, command=command, more=more)


with skiff.Cluster(nodes=2) as cluster:
    k = cluster.kubectl
    phase = lambda name: k.path("{.status.phase}", "pod", name)
    apply = lambda *texts: k("apply", "-f", manifest("".join(texts)))
    disk = os.path.join(cluster.dir, "disk")
    os.makedirs(disk)
    messages = lambda name: k("get", "events", "--field-selector", "involvedObject.name=" + name, "-o", "jsonpath={.items[*].message}")
    apply(CLASS)

    @test("a claim is bound to a volume that fits, and what a pod writes there the next one reads")
    def _():
        apply(volume("big", "", disk + "/big", "9Gi"), volume("fits", "", disk + "/fits", "2Gi"))
        until(lambda: k.path("{.items[*].status.phase}", "pv") == "Available Available", "the volumes")
        apply(CLAIM % ("data", "", "1Gi"), pod("writer", "data", "echo kept > /data/file"))
        until(lambda: phase("writer") == "Succeeded", "the writer")
        eq(k.path("{.spec.volumeName} {.status.phase} {.status.capacity.storage}", "pvc", "data"), "fits Bound 2Gi")
        k("delete", "pod", "writer")
        apply(pod("reader", "data", "cat /data/file; echo no > /data/file; true", ", readOnly: true"))
        until(lambda: phase("reader") == "Succeeded", "the reader")
        assert k("logs", "reader").startswith("kept\n"), k("logs", "reader")
        eq(open(disk + "/fits/file").read(), "kept\n")

    @test("a claim that waits for its pod is bound where the pod can run, the pod runs where the volume is")
    def _():
        os.makedirs(disk + "/local")
        apply(volume("there", "late", disk + "/local", "2Gi", "node-2", "local"), volume("nowhere", "late", disk, "1Gi", "node-9", "local"),
              CLAIM % ("late", "late", "1Gi"))
        until(lambda: "waiting for first consumer to be created before binding" in messages("late"), "the event")
        eq(k.path("{.status.phase}", "pvc", "late"), "Pending")
        apply(pod("consumer", "late"))
        until(lambda: phase("consumer") == "Running", "the consumer")
        eq(k.path("{.spec.nodeName}", "pod", "consumer"), "node-2")
        eq(k.path("{.spec.volumeName} {.status.phase}", "pvc", "late"), "there Bound")

    @test("a second pod of the claim runs on the same node")
    def _():
        apply(pod("follower", "late"))
        until(lambda: phase("follower") == "Running", "the follower")
        eq(k.path("{.spec.nodeName}", "pod", "follower"), "node-2")

    @test("pods that cannot have their claim wait, and say why as upstream does")
    def _():
        apply(pod("missing", "nope"), CLAIM % ("alone", "none", "1Gi"), pod("unbound", "alone"), CLAIM % ("greedy", "late", "99Gi"), pod("greedy", "greedy"))
        for name, want in (("missing", '0/2 nodes are available: persistentvolumeclaim "nope" not found. not found'),
                           ("unbound", "0/2 nodes are available: pod has unbound immediate PersistentVolumeClaims. not found"),
                           ("greedy", "0/2 nodes are available: 2 node(s) didn't find available persistent volumes to bind. no new claims to "
                                      "deallocate, preemption: 0/2 nodes are available: 2 Preemption is not helpful for scheduling.")):
            until(lambda: want in messages(name), "the message of " + name)
            eq(phase(name), "Pending")

    @test("they go on when it comes")
    def _():
        apply(volume("huge", "late", disk + "/huge", "99Gi"), CLAIM % ("nope", "", "1Gi"))
        until(lambda: phase("greedy") == "Running" and phase("missing") == "Running", "the pods")
        eq(k.path("{.spec.volumeName}", "pvc", "nope"), "big")

    @test("a local volume that is not there keeps its pod waiting")
    def _():
        apply(volume("broken", "late", disk + "/not-there", "50Gi", "node-1", "local"), CLAIM % ("broken", "late", "50Gi"), pod("broken", "broken"))
        until(lambda: 'MountVolume.SetUp failed for volume "broken" : path "%s/not-there" does not exist' % disk in messages("broken"), "the event")
        os.makedirs(disk + "/not-there")
        until(lambda: phase("broken") == "Running", "the pod")

    @test("numbered pods have claims of their own, and find them again")
    def _():
        for i in (0, 1):
            os.makedirs("%s/set-%d" % (disk, i))
        apply(*[volume("set-%d" % i, "late", "%s/set-%d" % (disk, i), "3Gi", "node-%d" % (i + 1), "local") for i in (0, 1)], """
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db}
spec:
  replicas: 2
  serviceName: db
  selector: {matchLabels: {app: db}}
  template:
    metadata: {labels: {app: db}}
    spec:
      terminationGracePeriodSeconds: 0
      containers:
      - {name: c, image: "busybox:1", command: [sh, -c, "hostname >> /data/names; exec sleep 1000"], volumeMounts: [{name: data, mountPath: /data}]}
  volumeClaimTemplates:
  - metadata: {name: data}
    spec: {accessModes: [ReadWriteOnce], storageClassName: late, resources: {requests: {storage: 3Gi}}}
""")
        ready = lambda: k.path("{.status.readyReplicas}", "statefulset", "db") == "2"
        until(ready, "both pods")
        names = lambda: sorted(open("%s/set-%d/names" % (disk, i)).read() for i in (0, 1))
        eq(names(), ["db-0\n", "db-1\n"])
        uid = k.path("{.metadata.uid}", "pod", "db-1")
        k("delete", "pod", "db-1")
        until(lambda: k.path("{.metadata.uid}", "pod", "db-1", "--ignore-not-found") not in ("", uid) and ready(), "db-1 again")
        eq(names(), ["db-0\n", "db-1\ndb-1\n"])

    @test("a pod's own claim is made with it and goes with it")
    def _():
        os.makedirs(disk + "/own")
        apply(volume("own", "late", disk + "/own", "4Gi", "node-1", "local"), """
---
apiVersion: v1
kind: Pod
metadata: {name: own}
spec:
  terminationGracePeriodSeconds: 0
  containers: [{name: c, image: "busybox:1", command: [sh, -c, "echo mine > /data/file; exec sleep 1000"], volumeMounts: [{name: v, mountPath: /data}]}]
  volumes:
  - name: v
    ephemeral: {volumeClaimTemplate: {metadata: {labels: {of: own}}, spec: {accessModes: [ReadWriteOnce], storageClassName: late, resources: {requests: {storage: 4Gi}}}}}
""")
        until(lambda: phase("own") == "Running" and os.path.exists(disk + "/own/file"), "the pod")
        eq(k.path("{.metadata.labels.of} {.metadata.ownerReferences[0].kind}/{.metadata.ownerReferences[0].name}", "pvc", "own-v"), "own Pod/own")
        k("delete", "pod", "own")
        until(lambda: k("get", "pvc", "own-v", "--ignore-not-found") == "", "the claim to go")
        until(lambda: k.path("{.status.phase}", "pv", "own") == "Released", "the volume, released")

skiff.finish()
