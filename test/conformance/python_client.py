#!/usr/bin/env python3
"""The official Python client: typed and dynamic objects, patches, watches and informers across crashes of the API
server, leader election, exec and logs.

    python_client.py                       our clusters, on etcdlite and on etcd; as root also one with a node
    python_client.py --kubeconfig CONF     a cluster that runs already (nothing is crashed)
"""
import argparse
import os
import subprocess
import sys
import threading
import time
import warnings

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import skiff
from skiff import eq, test, until

CLIENT = skiff.package("python", "the Python client", sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
                       "--root-user-action=ignore", "--target", "FOLDER", "kubernetes")
sys.path.insert(0, CLIENT)
warnings.simplefilter("ignore")
import kubernetes
from kubernetes import client, dynamic, utils, watch
from kubernetes.client.rest import ApiException

CANDIDATE = """
import sys, time
sys.path.insert(0, sys.argv[1])
from kubernetes import config
from kubernetes.leaderelection import electionconfig, leaderelection
from kubernetes.leaderelection.resourcelock.leaselock import LeaseLock
config.load_kube_config(config_file=sys.argv[2])
def lead():
    print("leading", flush=True)
    while True: time.sleep(1)
leaderelection.LeaderElection(electionconfig.Config(LeaseLock("chair", sys.argv[3], sys.argv[4]), lease_duration=4, renew_deadline=3,
                                                    retry_period=1, onstarted_leading=lead, onstopped_leading=None)).run()
"""

WIDGETS = {
    "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": "gadgets.python.example.com"},
    "spec": {"group": "python.example.com", "scope": "Namespaced", "names": {"plural": "gadgets", "singular": "gadget", "kind": "Gadget", "listKind": "GadgetList"},
             "versions": [{"name": "v1", "served": True, "storage": True, "subresources": {"status": {}}, "schema": {"openAPIV3Schema": {
                 "type": "object", "properties": {"spec": {"type": "object", "properties": {"size": {"type": "integer", "minimum": 1}, "colour": {"type": "string", "default": "red"}}},
                                                  "status": {"type": "object", "properties": {"ready": {"type": "boolean"}}}}}}}]}}


def refused(status, call, *args, **kw):
    try:
        call(*args, **kw)
    except ApiException as error:
        eq(error.status, status)
        return error
    raise AssertionError("it was not refused")


def configmap(name, **data):
    return client.V1ConfigMap(metadata=client.V1ObjectMeta(name=name, labels={"made": "by-python"}), data=data)


class Conformance:
    def __init__(self, where, cluster, crash):
        self.where, self.cluster, self.crash = where, cluster, crash
        self.api = kubernetes.config.new_client_from_config(cluster.conf)
        self.core, self.apps = client.CoreV1Api(self.api), client.AppsV1Api(self.api)
        self.ns = self.core.create_namespace({"metadata": {"generateName": "python-"}}).metadata.name
        until(lambda: self.core.read_namespaced_service_account("default", self.ns), "the namespace's account")

    def test(self, name):
        return test("%s: python: %s" % (self.where, name))

    def objects(self):
        core, apps, ns = self.core, self.apps, self.ns

        @self.test("objects are created, read, listed, replaced and deleted")
        def _():
            made = core.create_namespaced_config_map(ns, configmap("a", k="v"))
            eq(core.read_namespaced_config_map("a", ns).data, {"k": "v"})
            eq([c.metadata.name for c in core.list_namespaced_config_map(ns, label_selector="made=by-python").items], ["a"])
            eq(len(core.list_namespaced_config_map(ns, field_selector="metadata.name=nope").items), 0)
            made.data = {"k": "w"}
            eq(core.replace_namespaced_config_map("a", ns, made).data, {"k": "w"})
            error = refused(409, core.replace_namespaced_config_map, "a", ns, made)
            assert "the object has been modified; please apply your changes to the latest version and try again" in error.body
            core.delete_namespaced_config_map("a", ns)
            refused(404, core.read_namespaced_config_map, "a", ns)

        @self.test("refusals carry the server's Status")
        def _():
            error = refused(422, core.create_namespaced_config_map, ns, {"metadata": {"name": "Bad_Name"}})
            assert '"reason":"Invalid"' in error.body and "a lowercase RFC 1123 subdomain" in error.body, error.body
            core.create_namespaced_config_map(ns, configmap("twice"))
            assert '"reason":"AlreadyExists"' in refused(409, core.create_namespaced_config_map, ns, configmap("twice")).body
            refused(404, core.create_namespaced_config_map, "no-such-namespace", configmap("x"))

        @self.test("lists come in pages, consistent while others write")
        def _():
            for i in range(7):
                core.create_namespaced_config_map(ns, client.V1ConfigMap(metadata=client.V1ObjectMeta(name="page-%d" % i, labels={"paged": "y"})))
            names, token = [], None
            while True:
                page = core.list_namespaced_config_map(ns, label_selector="paged=y", limit=3, _continue=token)
                names += [c.metadata.name for c in page.items]
                token = page.metadata._continue
                if not token:
                    break
                core.delete_namespaced_config_map("page-6", ns) if len(names) == 3 else None
            eq(names, ["page-%d" % i for i in range(7)])

        @self.test("JSON, merge and strategic patches and server-side apply")
        def _():
            pod = {"containers": [{"name": "c", "image": "x:1"}]}
            apps.create_namespaced_deployment(ns, {"metadata": {"name": "d"}, "spec": {"replicas": 0, "selector": {"matchLabels": {"a": "b"}}, "template": {"metadata": {"labels": {"a": "b"}}, "spec": pod}}})
            eq(apps.patch_namespaced_deployment("d", ns, [{"op": "replace", "path": "/spec/replicas", "value": 1}]).spec.replicas, 1)
            two = apps.patch_namespaced_deployment("d", ns, {"spec": {"template": {"spec": {"containers": [{"name": "e", "image": "y"}]}}}})
            eq(sorted(c.name for c in two.spec.template.spec.containers), ["c", "e"])
            one = self.dynamic().resources.get(api_version="apps/v1", kind="Deployment").patch(
                name="d", namespace=ns, body={"spec": {"template": {"spec": {"containers": [{"name": "z", "image": "q"}]}}}}, content_type="application/merge-patch+json")
            eq([c.name for c in one.spec.template.spec.containers], ["z"])
            maps = self.dynamic().resources.get(api_version="v1", kind="ConfigMap")
            body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "applied"}, "data": {"k": "1"}}
            maps.server_side_apply(body=body, name="applied", namespace=ns, field_manager="first")
            body["data"]["k"] = "2"
            error = None
            try:
                maps.server_side_apply(body=body, name="applied", namespace=ns, field_manager="second")
            except ApiException as refusal:
                error = refusal
            assert error is not None and error.status == 409 and 'conflict with \\"first\\": .data.k' in error.body.decode() if isinstance(error.body, bytes) else 'conflict with \\"first\\": .data.k' in error.body, error
            eq(maps.server_side_apply(body=body, name="applied", namespace=ns, field_manager="second", force_conflicts=True).data.k, "2")

        @self.test("subresources, reviews and tokens")
        def _():
            eq(apps.read_namespaced_deployment_scale("d", ns).spec.replicas, 1)
            apps.patch_namespaced_deployment_scale("d", ns, {"spec": {"replicas": 0}})
            eq(apps.read_namespaced_deployment("d", ns).spec.replicas, 0)
            review = client.AuthorizationV1Api(self.api).create_self_subject_access_review({"spec": {"resourceAttributes": {"verb": "delete", "resource": "nodes"}}})
            eq(review.status.allowed, True)
            token = core.create_namespaced_service_account_token("default", ns, client.AuthenticationV1TokenRequest(
                spec=client.V1TokenRequestSpec(audiences=[], expiration_seconds=600)))
            who = client.AuthenticationV1Api(self.api).create_token_review({"spec": {"token": token.status.token}})
            eq(who.status.user.username, "system:serviceaccount:%s:default" % ns)
            eq(client.VersionApi(self.api).get_code().minor, "35")

        @self.test("create_from_yaml makes every document")
        def _():
            utils.create_from_yaml(self.api, yaml_objects=[{"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s"}, "spec": {"ports": [{"port": 80}]}},
                                                           {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "j"}, "spec": {"suspend": True, "template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "c", "image": "x"}]}}}}], namespace=ns)
            assert core.read_namespaced_service("s", ns).spec.cluster_ip
            eq(client.BatchV1Api(self.api).read_namespaced_job("j", ns).spec.suspend, True)

    def dynamic(self):
        return dynamic.DynamicClient(self.api)

    def watches(self):
        core, ns = self.core, self.ns

        @self.test("a watch shows every change once, in order")
        def _():
            version = core.list_namespaced_config_map(ns).metadata.resource_version
            for step in ("1", "2"):
                core.create_namespaced_config_map(ns, configmap("w" + step)) if step == "1" else core.patch_namespaced_config_map("w1", ns, {"data": {"s": step}})
            core.delete_namespaced_config_map("w1", ns)
            seen = [(e["type"], e["object"].metadata.name) for e in watch.Watch().stream(core.list_namespaced_config_map, ns, resource_version=version, timeout_seconds=2)]
            eq(seen, [("ADDED", "w1"), ("MODIFIED", "w1"), ("DELETED", "w1")])

        @self.test("an informer stays true over writes%s" % (" and a crash of the API server" if self.crash else ""))
        def _():
            from kubernetes.informer import SharedInformer
            informer = SharedInformer(list_func=core.list_namespaced_config_map, namespace=ns, label_selector="informed=y")
            events = []
            for kind in ("ADDED", "MODIFIED", "DELETED"):
                informer.add_event_handler(kind, lambda o, kind=kind: events.append((kind, o.metadata.name)))
            make = lambda name: core.create_namespaced_config_map(ns, client.V1ConfigMap(metadata=client.V1ObjectMeta(name=name, labels={"informed": "y"})))
            names = lambda: sorted(o.metadata.name for o in informer.cache.list())
            make("before")
            informer.start()
            try:
                until(lambda: names() == ["before"], "the first list")
                make("live")
                until(lambda: names() == ["before", "live"], "a live event")
                if self.crash:
                    self.crash()
                make("after")
                core.delete_namespaced_config_map("before", ns)
                until(lambda: names() == ["after", "live"], "what changed since, seen %s" % events, 60)
                assert ("ADDED", "after") in events and ("DELETED", "before") in events, events
            finally:
                informer.stop()

        @self.test("of two candidates one leads, and the other after its end")
        def _():
            def candidate(name):
                return subprocess.Popen([sys.executable, "-c", CANDIDATE, CLIENT, self.cluster.conf, ns, name], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
            first = candidate("first")
            try:
                eq(first.stdout.readline(), "leading\n")
                lease = lambda: client.CoordinationV1Api(self.api).read_namespaced_lease("chair", ns).spec
                eq(lease().holder_identity, "first")
                second = candidate("second")
                try:
                    renewed = lease().renew_time
                    until(lambda: lease().renew_time > renewed, "a renewal", 15)
                    eq(lease().holder_identity, "first")
                    first.kill()
                    eq(second.stdout.readline(), "leading\n")
                    eq(lease().holder_identity, "second")
                finally:
                    second.kill()
                    second.wait()
            finally:
                first.kill()
                first.wait()

    def custom(self):
        @self.test("the dynamic client works with a CRD's objects")
        def _():
            ext = client.ApiextensionsV1Api(self.api)
            ext.create_custom_resource_definition(WIDGETS)
            try:
                until(lambda: any(c.type == "Established" and c.status == "True" for c in (ext.read_custom_resource_definition("gadgets.python.example.com").status or client.V1CustomResourceDefinitionStatus()).conditions or []), "the CRD", 20)
                gadgets = until(lambda: dynamic.DynamicClient(self.api).resources.get(api_version="python.example.com/v1", kind="Gadget"), "discovery of it", 20)
                body = {"apiVersion": "python.example.com/v1", "kind": "Gadget", "metadata": {"name": "g"}, "spec": {"size": 3}}
                made = until(lambda: gadgets.create(body=body, namespace=self.ns), "its first object", 20)
                eq(made.spec.to_dict(), {"size": 3, "colour": "red"})
                error = None
                try:
                    gadgets.create(body={**body, "metadata": {"name": "bad"}, "spec": {"size": 0}}, namespace=self.ns)
                except ApiException as refusal:
                    error = refusal
                eq(error.status, 422)
                assert "spec.size in body should be greater than or equal to 1" in str(error.body), error.body
                eq(gadgets.patch(name="g", namespace=self.ns, body={"spec": {"size": 4}}, content_type="application/merge-patch+json").spec.size, 4)
                gadgets.server_side_apply(name="g", namespace=self.ns, body={**body, "spec": {"colour": "blue"}}, field_manager="me", force_conflicts=True)
                eq(gadgets.get(name="g", namespace=self.ns).spec.to_dict(), {"size": 4, "colour": "blue"})
                version = gadgets.get(namespace=self.ns).metadata.resourceVersion
                gadgets.status.patch(name="g", namespace=self.ns, body={"status": {"ready": True}, "spec": {"size": 9}}, content_type="application/merge-patch+json")
                eq(gadgets.get(name="g", namespace=self.ns).to_dict()["status"], {"ready": True})
                eq(gadgets.get(name="g", namespace=self.ns).spec.size, 4)
                gadgets.delete(name="g", namespace=self.ns)
                eq([e["type"] for e in gadgets.watch(namespace=self.ns, resource_version=version, timeout=2)], ["MODIFIED", "DELETED"])
                objects = client.CustomObjectsApi(self.api)
                objects.create_namespaced_custom_object("python.example.com", "v1", self.ns, "gadgets", {**body, "metadata": {"name": "h"}})
                eq(len(objects.list_namespaced_custom_object("python.example.com", "v1", self.ns, "gadgets")["items"]), 1)
            finally:
                ext.delete_custom_resource_definition("gadgets.python.example.com")
                until(lambda: refused(404, ext.read_custom_resource_definition, "gadgets.python.example.com"), "the CRD to go", 20)

    def with_node(self):
        from kubernetes.stream import stream
        core, ns = self.core, self.ns

        @self.test("logs are read and followed, exec speaks both ways")
        def _():
            core.create_namespaced_pod(ns, {"metadata": {"name": "p"}, "spec": {"terminationGracePeriodSeconds": 0, "containers": [
                {"name": "c", "image": "busybox:1", "command": ["sh", "-c", "for i in 1 2 3; do echo line $i; done; exec sleep 3600"]}]}})
            until(lambda: core.read_namespaced_pod("p", ns).status.phase == "Running", "the pod", 60)
            until(lambda: core.read_namespaced_pod_log("p", ns) == "line 1\nline 2\nline 3\n", "its log", 20)
            eq(core.read_namespaced_pod_log("p", ns, tail_lines=1), "line 3\n")
            lines = []
            for line in watch.Watch().stream(core.read_namespaced_pod_log, "p", ns, follow=True):
                lines.append(line)
                if len(lines) == 3:
                    break
            eq(lines, ["line 1", "line 2", "line 3"])
            eq(stream(core.connect_get_namespaced_pod_exec, "p", ns, command=["echo", "hi"], stderr=True, stdout=True, stdin=False, tty=False), "hi\n")
            shell = stream(core.connect_get_namespaced_pod_exec, "p", ns, command=["sh"], stdin=True, stdout=True, stderr=True, tty=False, _preload_content=False)
            shell.write_stdin("echo $((6*7)); echo oops >&2; exit 3\n")
            shell.run_forever(timeout=10)
            eq((shell.read_stdout(), shell.read_stderr(), shell.returncode), ("42\n", "oops\n", 3))

    def end(self):
        self.core.delete_namespace(self.ns)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--kubeconfig")
    options = parser.parse_args()

    def on(where, cluster, crash=None):
        run = Conformance(where, cluster, crash)
        run.objects()
        run.watches()
        if skiff.serves_crds(skiff.Kubectl(os.path.join(skiff.BIN, "kubectl"), cluster.conf)):
            run.custom()
        else:
            print("# %s: the server does not serve custom resources: that part is left out" % where)
        run.end()
    if options.kubeconfig:
        on("the cluster", skiff.Running(options.kubeconfig))
    else:
        skiff.on_both_stores(lambda where, cluster: on(where, cluster, lambda: skiff.crash_apiserver(cluster)))
        if os.geteuid() == 0:
            with skiff.Cluster(nodes=1) as cluster:
                Conformance("with a node", cluster, None).with_node()
        else:
            print("# not root: exec and logs need a node and are left out")
    skiff.finish()


if __name__ == "__main__":
    main()
