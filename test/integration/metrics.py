#!/usr/bin/env python3
"""/metrics measures what happens, under upstream's names."""
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import skiff
from rest import Rest
from skiff import eq, test

NS = "/api/v1/namespaces/default/"

with skiff.Cluster(nodes=0) as cluster:
    rest = Rest(cluster.conf)

    def value(family, **labels):
        """The sum of a family's samples with these labels."""
        total = 0.0
        for line in rest("GET", "/metrics")[2].decode().splitlines():
            m = re.match(r"%s(?:\{(.*)\})? (\S+)$" % family, line)
            if m and all('%s="%s"' % kv in (m.group(1) or "") for kv in labels.items()):
                total += float(m.group(2))
        return total

    @test("requests are counted by what they ask and what they get")
    def _():
        ask = lambda code: value("apiserver_request_total", verb="GET", resource="configmaps", scope="resource", code=code)
        found, missing = ask("200"), ask("404")
        rest("POST", NS + "configmaps", {"metadata": {"name": "a"}})
        for _ in range(3):
            rest("GET", NS + "configmaps/a")
        rest("GET", NS + "configmaps/absent")
        eq((ask("200") - found >= 3, ask("404") - missing >= 1), (True, True))

    @test("writes are counted at the store, too")
    def _():
        before = value("etcd_requests_total", operation="create", resource="secrets")
        rest("POST", NS + "secrets", {"metadata": {"name": "a"}})
        eq(value("etcd_requests_total", operation="create", resource="secrets"), before + 1)

    @test("stored objects are counted by resource")
    def _():
        before = value("apiserver_resource_objects", resource="limitranges")
        rest("POST", NS + "limitranges", {"metadata": {"name": "a"}, "spec": {"limits": []}})
        skiff.until(lambda: value("apiserver_resource_objects", resource="limitranges") == before + 1, "one more limit range")

    @test("events sent to watchers are counted")
    def _():
        before = value("apiserver_watch_events_total", resource="configmaps")
        rest("GET", NS + "configmaps?watch=1&timeoutSeconds=1&fieldSelector=metadata.name=a")
        eq(value("apiserver_watch_events_total", resource="configmaps") > before, True)

    @test("an APIService that cannot be used is told, with how often that happened")
    def _():
        name = "v1.absent.example.com"
        service = lambda: value("aggregator_unavailable_apiservice", name=name)
        spec = {"group": "absent.example.com", "version": "v1", "groupPriorityMinimum": 1, "versionPriority": 1, "insecureSkipTLSVerify": True,
                "service": {"namespace": "default", "name": "absent", "port": 443}}
        rest("POST", "/apis/apiregistration.k8s.io/v1/apiservices", {"metadata": {"name": name}, "spec": spec})
        skiff.until(lambda: value("aggregator_unavailable_apiservice_total", name=name, reason="ServiceNotFound") == 1, "the count of what is missing")
        eq((service(), value("aggregator_unavailable_apiservice", name="v1.apps")), (1, 0))
        rest("DELETE", "/apis/apiregistration.k8s.io/v1/apiservices/" + name)

    @test("node ports are counted as they are taken")
    def _():
        name = "kube_apiserver_nodeport_allocator_%s_ports"
        taken, free = value(name % "allocated"), value(name % "available")
        rest("POST", NS + "services", {"metadata": {"name": "np"}, "spec": {"type": "NodePort", "ports": [{"port": 80}]}})
        eq((value(name % "allocated"), value(name % "available")), (taken + 1, free - 1))

    @test("decisions of authorization and waits for seats are counted by who asks")
    def _():
        jane = {"Impersonate-User": "jane", "Impersonate-Group": "system:authenticated"}
        allowed = lambda: value("apiserver_authorization_decisions_total", decision="allowed", type="RBAC")
        waited = lambda: value("apiserver_flowcontrol_request_wait_duration_seconds_count", execute="true", flow_schema="global-default")
        before = allowed(), waited()
        rest("GET", "/api/v1", headers=jane)
        eq((allowed() > before[0], waited() > before[1]), (True, True))

    @test("nothing is left in flight but the question itself")
    def _():
        skiff.until(lambda: value("apiserver_current_inflight_requests", request_kind="mutating") == 0, "no write in flight")

    @test("health checks are metrics of their own")
    def _():
        text = rest("GET", "/metrics/slis")[2].decode()
        assert 'kubernetes_healthcheck{name="etcd",type="readyz"} 1' in text, text

skiff.finish()
