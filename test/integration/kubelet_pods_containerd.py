#!/usr/bin/env python3
"""The promises of kubelet_pods.py, kept with containerd behind CRI."""
import os

os.environ["SKIFF_RUNTIME"] = "containerd"
script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "kubelet_pods.py")
os.execv(script, [script])
