#!/usr/bin/env python3
"""`kubectl completion bash` in a real bash: words, kinds, names, values of flags."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import skiff
from skiff import eq, test

# What a shell does at TAB behind the words of $1, the last of which is being written.
DRIVER = """
source <(kubectl completion bash)
IFS=' ' read -r -a COMP_WORDS <<<"$1"; [[ $1 == *' ' ]] && COMP_WORDS+=('')
COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _kubectl; printf '%s\\n' "${COMPREPLY[@]}"
"""

with skiff.Cluster(nodes=0) as cluster:
    cluster.kubectl("create", "namespace", "far")
    cluster.kubectl("create", "configmap", "here-1")
    cluster.kubectl("create", "configmap", "there-1", "-n", "far")
    env = {"PATH": skiff.BIN + ":" + os.environ["PATH"], "KUBECONFIG": cluster.conf}

    def at_tab(line):
        return skiff.run("bash", "--norc", "-c", DRIVER, "bash", line, env=env)[1].split()

    @test("words of the program are completed")
    def _():
        eq(at_tab("kubectl expl"), ["explain"])
        eq(at_tab("kubectl rollout un"), ["undo"])
        eq(at_tab("kubectl logs --fol"), ["--follow"])

    @test("kinds and names come from the server")
    def _():
        eq(at_tab("kubectl get deploy"), ["deployments.apps"])
        eq(at_tab("kubectl get configmaps here"), ["here-1"])

    @test("a namespace is completed, and names are those in it")
    def _():
        eq(at_tab("kubectl get pods -n fa"), ["far"])
        eq(at_tab("kubectl get pods --namespace = fa"), ["far"])  # bash sets = apart
        eq(at_tab("kubectl -n far get configmaps the"), ["there-1"])

skiff.finish()
