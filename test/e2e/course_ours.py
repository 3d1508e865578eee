#!/usr/bin/env python3
"""The course with our kubectl on a cluster of three nodes, and that the cluster leaves nothing behind."""
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import course
import skiff
from skiff import Cluster, eq, run, test, until

with Cluster(nodes=3) as cluster:
    @test("up ends with three Ready nodes and says what to type next")
    def _():
        rows = cluster.kubectl("get", "nodes", "--no-headers").splitlines()
        eq([r.split()[:2] for r in rows], [["node-%d" % i, "Ready"] for i in (1, 2, 3)])
        assert "kubectl get nodes" in cluster.up_output

    @test("up is idempotent")
    def _():
        before = {name: c["pid"] for name, c in cluster.status().items()}
        run(*cluster.command, timeout=120)
        eq({name: c["pid"] for name, c in cluster.status().items()}, before)

    course.run_course(cluster, cluster.kubectl, "our kubectl")
    identity = cluster.id()
    kept = cluster.dir


@test("down leaves no process, namespace, mount, cgroup or state")
def _():
    eq(run("ip", "netns", "list")[1].count(identity), 0)
    assert identity not in run("ip", "link")[1]
    assert kept not in open("/proc/mounts").read()
    left = [f for root, folders, _ in os.walk("/sys/fs/cgroup") for f in folders if f == identity]
    eq(left, [])
    assert not os.path.exists(kept)
    left = subprocess.run(["pgrep", "-af", kept], capture_output=True, text=True).stdout
    eq(left, "")


skiff.finish()
