#!/usr/bin/env python3
"""The course with stock kubectl: a client we did not write."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import course
import skiff

binary = skiff.stock("kubectl") or skiff.skip("stock kubectl is not to be had here")
with skiff.Cluster(nodes=3) as cluster:
    course.run_course(cluster, skiff.Kubectl(binary, cluster.conf), "stock kubectl")
skiff.finish()
