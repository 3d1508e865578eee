#!/usr/bin/env python3
"""What people meet first when something is not there: daemons say it at once, in a line that tells what to mend."""
import os
import signal
import socket
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import skiff
from skiff import eq, test

KUBECONFIG_NEEDED = "--kubeconfig is required: the file that says how to reach the API server"


def start(name, *flags):
    return subprocess.Popen([os.path.join(skiff.BIN, name), *flags], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def run(name, *flags):
    process = start(name, *flags)
    text, _ = process.communicate(timeout=60)
    return process.returncode, text.strip().splitlines()


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


with tempfile.TemporaryDirectory() as scratch:
    missing = os.path.join(scratch, "missing")

    @test("clients without a kubeconfig say which flag they need")
    def _():
        for name in ("kube-scheduler", "kube-controller-manager", "kubelet", "kube-proxy"):
            eq(run(name), (1, ["%s: %s" % (name, KUBECONFIG_NEEDED)]))

    @test("a kubeconfig that is not there is named")
    def _():
        for name in ("kube-scheduler", "kube-controller-manager", "kube-proxy"):
            eq(run(name, "--kubeconfig", missing), (1, ["%s: open %s: No such file or directory" % (name, missing)]))

    @test("the API server names the file it cannot read, before it looks for the store")
    def _():
        for flag in ("tls-cert-file", "client-ca-file", "etcd-cafile"):
            code, lines = run("kube-apiserver", "--etcd-servers=http://127.0.0.1:%d" % free_port(), "--%s=%s" % (flag, missing))
            eq(code, 1)
            eq(lines[-1].split("error=")[1], "--%s: open %s: No such file or directory" % (flag, missing))

    @test("an API server that waits for its store stops when it is told to")
    def _():
        process = start("kube-apiserver", "--etcd-servers=http://127.0.0.1:%d" % free_port(), "--bind-address=127.0.0.1",
                        "--secure-port=%d" % free_port())
        for line in process.stdout:  # it has begun to wait
            if "store not reachable" in line:
                break
        process.send_signal(signal.SIGTERM)
        text, _ = process.communicate(timeout=60)
        eq(process.returncode, 1)
        eq(text.strip().endswith("told to stop while it started"), True)

    @test("a store whose port is taken says so")
    def _():
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            client, peer = "127.0.0.1:%d" % taken.getsockname()[1], "http://127.0.0.1:%d" % free_port()
            code, lines = run("etcdlite", "--data-dir=" + os.path.join(scratch, "store"), "--listen-client-urls=http://" + client,
                              "--advertise-client-urls=http://" + client, "--listen-peer-urls=" + peer,
                              "--initial-advertise-peer-urls=" + peer, "--initial-cluster=default=" + peer)
        eq(code, 1)
        eq(lines[-1].split("cannot start: ")[1], "listen tcp %s: bind: address already in use" % client)

    @test("a data directory that is a file is named")
    def _():
        path = os.path.join(scratch, "file")
        open(path, "w").close()
        code, lines = run("etcdlite", "--data-dir=" + path)
        eq(code, 1)
        eq(lines[-1].split("cannot start: ")[1], "mkdir %s/member: Not a directory" % path)

    @test("a word that is no flag of the certificate maker makes nothing")
    def _():
        code, lines = run("skiff-pki", "--nosuch")
        eq((code, lines[0]), (2, "usage: skiff-pki DIR <ORDERS"))
        eq(os.path.exists("--nosuch"), False)

    @test("every help shows what the program is for and how it is called")
    def _():
        for name in ("etcdlite", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubelet", "kube-proxy", "skiff-pki"):
            code, lines = run(name, "--help")
            eq((name, code, "Usage:" in lines, "Examples:" in lines), (name, 0, True, True))

skiff.finish()
