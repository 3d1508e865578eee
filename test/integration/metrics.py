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

    def rises(by, act, *samples):
        """Each sample (family, labels) grows by `by` while `act` runs."""
        before = [value(family, **labels) for family, labels in samples]
        act()
        eq([value(family, **labels) - was for (family, labels), was in zip(samples, before)], [by] * len(samples))

    @test("service addresses and node ports are counted as they are given out, asked for or not")
    def _():
        post = lambda name, **spec: rest("POST", NS + "services", {"metadata": {"name": name}, "spec": dict(spec, ports=[{"port": 80}])})
        ip, port = "kube_apiserver_clusterip_allocator_allocation_total", "kube_apiserver_nodeport_allocator_allocation_total"
        rises(1, lambda: post("any"), (ip, {"scope": "dynamic"}))
        rises(1, lambda: post("this", clusterIP="10.96.0.77"), (ip, {"scope": "static"}))
        rises(1, lambda: post("taken", clusterIP="10.96.0.77"), ("kube_apiserver_clusterip_allocator_allocation_errors_total", {"scope": "static"}))
        rises(1, lambda: post("port", type="NodePort"), (port, {"scope": "dynamic"}), (ip, {"scope": "dynamic"}))

    @test("a webhook that cannot be asked is counted as failed open")
    def _():
        hook = {"name": "a.b.example", "sideEffects": "None", "admissionReviewVersions": ["v1"], "failurePolicy": "Ignore", "timeoutSeconds": 1,
                "clientConfig": {"url": "https://127.0.0.1:1/x"},
                "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["secrets"]}]}
        hooks = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations"
        rest("POST", hooks, {"metadata": {"name": "open"}, "webhooks": [hook]})
        who = {"name": "a.b.example", "type": "validating"}
        skiff.until(lambda: rest("POST", NS + "secrets?dryRun=All", {"metadata": {"name": "b"}}) and
                    value("apiserver_admission_webhook_fail_open_count", **who) > 0, "the webhook is asked")
        rises(1, lambda: rest("POST", NS + "secrets?dryRun=All", {"metadata": {"name": "b"}}), ("apiserver_admission_webhook_fail_open_count", who),
              ("apiserver_admission_webhook_request_total", dict(who, code="503", operation="CREATE", rejected="false")),
              ("apiserver_admission_webhook_admission_duration_seconds_count", who))
        rest("DELETE", hooks + "/open")

    @test("decisions of policies and the expressions behind them are counted and timed")
    def _():
        policies = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolic"
        rest("POST", policies + "ies", {"metadata": {"name": "p"}, "spec": {
            "matchConstraints": {"resourceRules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["configmaps"]}]},
            "validations": [{"expression": "object.metadata.name != 'bad'"}]}})
        rest("POST", policies + "ybindings", {"metadata": {"name": "b"}, "spec": {"policyName": "p", "validationActions": ["Deny"]}})
        bad = lambda: rest("POST", NS + "configmaps", {"metadata": {"name": "bad"}})[0]
        skiff.until(lambda: bad() == 422, "the policy holds")
        rises(1, bad, ("apiserver_validating_admission_policy_check_total", {"policy": "p", "policy_binding": "b", "enforcement_action": "deny"}),
              ("apiserver_cel_evaluation_duration_seconds_count", {}))
        rest("DELETE", policies + "ybindings/b")
        rest("DELETE", policies + "ies/p")

    @test("what PodSecurity decides is counted by policy")
    def _():
        rest("POST", "/api/v1/namespaces", {"metadata": {"name": "safe", "labels": {"pod-security.kubernetes.io/enforce": "baseline"}}})
        pod = {"metadata": {"name": "p"}, "spec": {"hostNetwork": True, "serviceAccountName": "none", "automountServiceAccountToken": False,
                                                   "containers": [{"name": "c", "image": "i"}]}}
        rest("POST", "/api/v1/namespaces/safe/serviceaccounts", {"metadata": {"name": "none"}})
        rises(1, lambda: rest("POST", "/api/v1/namespaces/safe/pods", pod),
              ("pod_security_evaluations_total", {"decision": "deny", "policy_level": "baseline", "mode": "enforce", "resource": "pod"}))

    @test("a watch that begins with what there is tells how long that took")
    def _():
        watch = NS + "configmaps?watch=1&timeoutSeconds=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true"
        rises(1, lambda: rest("GET", watch), ("apiserver_watch_list_duration_seconds_count", {"resource": "configmaps", "scope": "namespace"}))

    @test("the store's size, the seats and the steps of requests are told")
    def _():
        eq([name for name, labels in (
            ("apiserver_storage_size_bytes", {"storage_cluster_id": "etcd-0"}), ("apiserver_resource_size_estimate_bytes", {"resource": "namespaces"}),
            ("apiserver_flowcontrol_current_limit_seats", {"priority_level": "workload-high"}),
            ("apiserver_flowcontrol_demand_seats_count", {"priority_level": "workload-high"}),
            ("apiserver_request_filter_duration_seconds_count", {"filter": "authorization"}),
            ("apiserver_watch_cache_initializations_total", {"resource": "pods"}), ("apiserver_storage_list_total", {"resource": "pods"}),
            ("grpc_client_handled_total", {"grpc_code": "OK", "grpc_method": "Txn"})) if not value(name, **labels) > 0], [])

    @test("nothing is left in flight but the question itself")
    def _():
        skiff.until(lambda: value("apiserver_current_inflight_requests", request_kind="mutating") == 0, "no write in flight")

    @test("health checks are metrics of their own")
    def _():
        text = rest("GET", "/metrics/slis")[2].decode()
        assert 'kubernetes_healthcheck{name="etcd",type="readyz"} 1' in text, text

skiff.finish()
