#!/usr/bin/env python3
"""Every flag that upstream's daemons have is known: it works, or is taken with a reason, or is refused with one."""
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
import skiff
from skiff import eq, test

GOLDEN = os.path.join(HERE, "..", "golden", "flags")
DAEMONS = {"kube-apiserver": "kube-apiserver", "kube-scheduler": "kube-scheduler", "kube-controller-manager": "kube-controller-manager",
           "kubelet": "kubelet", "kube-proxy": "kube-proxy", "etcd": "etcdlite"}


def say(daemon, *words):
    done = subprocess.run([os.path.join(skiff.BIN, daemon), *words], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout + done.stderr


for upstream, daemon in DAEMONS.items():
    @test("%s knows every flag of %s" % (daemon, upstream))
    def _(upstream=upstream, daemon=daemon):
        with open(os.path.join(GOLDEN, upstream + ".txt")) as file:
            names = file.read().split()
        eq([name for name in names if "unknown flag" in say(daemon, "--" + name, "--help", "--help")[1]], [])  # one --help may be its value

    @test("%s refuses a flag that nobody has" % daemon)
    def _(daemon=daemon):
        code, text = say(daemon, "--nonsense")
        eq((code != 0, "unknown flag: --nonsense" in text), (True, True))


@test("a setting that must not be lost is refused with the reason, and its absence is taken")
def _():
    store = "--etcd-servers=http://127.0.0.1:1"
    cases = [("kube-apiserver", "--egress-selector-config-file=/x", 'invalid argument "/x" for "--egress-selector-config-file" flag: not supported: '
              "connections are made directly"), ("kube-apiserver", "--tls-sni-cert-key=/x,/y", "there is one serving certificate"),
             ("kube-apiserver", "--tls-min-version=VersionTLS13", "not supported: TLS 1.2"), ("kubelet", "--system-reserved=memory=1Gi", "not supported"),
             ("kube-proxy", "--detect-local-mode=BridgeInterface", "not supported"), ("etcdlite", "--auto-tls", "not supported"),
             ("etcdlite", "--client-crl-file=/x", "revoked certificates are not known")]
    for daemon, flag, why in cases:
        code, text = say(daemon, flag)
        eq((flag, code != 0, why in text), (flag, True, True))
    for daemon, flag in [("kube-apiserver", "--debug-socket-path="), ("kubelet", "--cgroup-driver=cgroupfs"),
                         ("kubelet", "--pods-per-core=0"), ("etcdlite", "--auto-tls=false"), ("kube-apiserver", "--tls-min-version=VersionTLS12")]:
        eq((flag, say(daemon, flag, "--help")[0]), (flag, 0))


@test("flags without effect are checked for their form")
def _():
    cases = [("kubelet", "--event-qps=many", 'invalid argument "many" for "--event-qps" flag: strconv.ParseInt: parsing "many": invalid syntax'),
             ("kube-proxy", "--ipvs-sync-period=soon", 'invalid argument "soon" for "--ipvs-sync-period" flag: time: invalid duration "soon"'),
             ("kube-apiserver", "--watch-cache=perhaps", 'invalid argument "perhaps" for "--watch-cache" flag: strconv.ParseBool: parsing "perhaps": invalid syntax')]
    for daemon, flag, why in cases:
        eq((flag, why in say(daemon, flag, "--help")[1]), (flag, True))


skiff.finish()
