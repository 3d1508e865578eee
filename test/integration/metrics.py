#!/usr/bin/env python3
"""/metrics measures what happens, under upstream's names."""
import base64
import json
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import skiff
from rest import Rest
from skiff import eq, test

NS = "/api/v1/namespaces/default/"
GOLDEN = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "golden", "metrics")

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

    @test("names and types are upstream's: all that are always there, and no others")
    def _():
        shown = dict(re.findall(r"^# TYPE (\S+) (\S+)$", rest("GET", "/metrics")[2].decode(), re.M))
        known = dict((name, (kind, when)) for name, kind, when in (
            line.split() for line in open(os.path.join(GOLDEN, "kube-apiserver.txt")) if not line.startswith("#")))
        eq(sorted(set(shown) - set(known)), [])
        eq(sorted(name for name, (_, when) in known.items() if when == "always" and name not in shown), [])
        eq([name for name in shown if shown[name] != known[name][0]], [])

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

    @test("an APIService that cannot be used is told, and counted when it could be used before")
    def _():
        name = "v1.absent.example.com"
        services = "/apis/apiregistration.k8s.io/v1/apiservices"
        service = lambda: value("aggregator_unavailable_apiservice", name=name)
        lost = lambda: value("aggregator_unavailable_apiservice_total", name=name, reason="ServiceNotFound")
        spec = {"group": "absent.example.com", "version": "v1", "groupPriorityMinimum": 1, "versionPriority": 1}
        elsewhere = dict(spec, insecureSkipTLSVerify=True, service={"namespace": "default", "name": "absent", "port": 443})
        available = lambda status: any(c["type"] == "Available" and c["status"] == status for c in json.loads(
            rest("GET", services + "/" + name)[2]).get("status", {}).get("conditions", []))
        rest("POST", services, {"metadata": {"name": name}, "spec": elsewhere})
        skiff.until(lambda: available("False"), "the service is missed")
        eq((service(), value("aggregator_unavailable_apiservice", name="v1.apps"), lost()), (1, 0, 0))
        merge = lambda spec: rest("PATCH", services + "/" + name, {"spec": spec}, headers={"Content-Type": "application/merge-patch+json"})
        merge({"service": None, "insecureSkipTLSVerify": None})
        skiff.until(lambda: available("True"), "the server has it itself")
        merge(elsewhere)
        skiff.until(lambda: lost() == 1, "the count of what was lost")
        rest("DELETE", services + "/" + name)

    @test("what only this server has to tell has a page of its own")
    def _():
        text = rest("GET", "/metrics/skiff")[2].decode()
        assert "skiff_watch_frames_encoded_total" in text, text

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

    def grows(act, family, **labels):
        """It grows while `act` runs, by whatever: others write, too."""
        before = value(family, **labels)
        act()
        eq(value(family, **labels) > before, True)

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

    @test("what the server itself does counts as work, watches and requests")
    def _():
        definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
        crd = {"metadata": {"name": "gears.metrics.example"}, "spec": {
            "group": "metrics.example", "scope": "Namespaced", "names": {"plural": "gears", "singular": "gear", "kind": "Gear", "listKind": "GearList"},
            "versions": [{"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": {
                "type": "object", "properties": {"teeth": {"type": "integer"}}}}}]}}
        looks = lambda: value("workqueue_work_duration_seconds_count", name="crd_naming_condition_controller")
        before = looks(), value("apiserver_selfrequest_total", resource="customresourcedefinitions", verb="PUT")
        rest("POST", definitions, crd)
        gears = "/apis/metrics.example/v1/namespaces/default/gears"
        skiff.until(lambda: rest("POST", gears, {"apiVersion": "metrics.example/v1", "kind": "Gear", "metadata": {"name": "a"}, "teeth": 3})[0] == 201, "gears")
        eq((value("apiextensions_openapi_v2_regeneration_count", crd="gears.metrics.example", reason="add"),
            value("apiextensions_openapi_v3_regeneration_count", crd="gears.metrics.example", group="metrics.example", reason="add", version="v1")), (1, 1))
        eq((looks() > before[0], value("apiserver_selfrequest_total", resource="customresourcedefinitions", verb="PUT") > before[1]), (True, True))
        eq(value("apiserver_longrunning_requests", resource="customresourcedefinitions", verb="WATCH") >= 1, True)
        patch = lambda: rest("PATCH", gears + "/a", {"teeth": 4}, headers={"Content-Type": "application/merge-patch+json"})
        rises(1, patch, ("apiextensions_apiserver_validation_ratcheting_seconds_count", {}))
        done = value("workqueue_adds_total", name="crd_finalizer")
        rest("DELETE", definitions + "/gears.metrics.example")
        skiff.until(lambda: value("workqueue_adds_total", name="crd_finalizer") > done, "the instances are seen to")
        skiff.until(lambda: value("apiextensions_openapi_v2_regeneration_count", crd="gears.metrics.example", reason="remove") == 1, "it has gone")

    @test("writes that change nothing are told from others")
    def _():
        rest("POST", NS + "configmaps", {"metadata": {"name": "same"}, "data": {"a": "b"}})
        patch = lambda: rest("PATCH", NS + "configmaps/same", {"data": {"a": "c"}}, headers={"Content-Type": "application/merge-patch+json"})
        comparisons = "apiserver_request_timestamp_comparison_time_count"
        grows(patch, comparisons, code_path="unequal_objects_fast")
        grows(patch, comparisons, code_path="equal_objects")

    @test("tokens that are shown are counted")
    def _():
        bearer = {"Authorization": "Bearer nonsense"}
        rises(1, lambda: Rest(cluster.conf, identity=False)("GET", "/api", headers=bearer), ("authentication_token_cache_request_total", {"status": "miss"}),
              ("authentication_token_cache_fetch_total", {"status": "error"}))

    @test("tokens of secrets are counted, and refused once they are marked as unused for long")
    def _():
        rest("POST", NS + "secrets", {"metadata": {"name": "old", "annotations": {"kubernetes.io/service-account.name": "default"}},
                                      "type": "kubernetes.io/service-account-token"})
        token = lambda: json.loads(rest("GET", NS + "secrets/old")[2]).get("data", {}).get("token")
        skiff.until(token, "the controller's token")
        bearer = {"Authorization": "Bearer " + base64.b64decode(token()).decode()}
        ask = lambda: Rest(cluster.conf, identity=False)("GET", "/api", headers=bearer)[0]
        rises(1, lambda: eq(ask(), 200), ("serviceaccount_legacy_tokens_total", {}), ("serviceaccount_legacy_manual_token_uses_total", {}))
        rest("PATCH", NS + "secrets/old", {"metadata": {"labels": {"kubernetes.io/legacy-token-invalid-since": "2026-01-01"}}},
             headers={"Content-Type": "application/merge-patch+json"})
        skiff.until(lambda: ask() == 401, "the mark is seen")
        rises(1, lambda: eq(ask(), 401), ("serviceaccount_invalid_legacy_auto_token_uses_total", {}))

    @test("nothing is left in flight but the question itself")
    def _():
        skiff.until(lambda: value("apiserver_current_inflight_requests", request_kind="mutating") == 0, "no write in flight")

    @test("health checks are metrics of their own")
    def _():
        text = rest("GET", "/metrics/slis")[2].decode()
        assert 'kubernetes_healthcheck{name="etcd",type="readyz"} 1' in text, text

skiff.finish()
