#!/usr/bin/env python3
"""/metrics of the daemons beside the API server: upstream's names, and figures that follow what happens."""
import json
import os
import re
import ssl
import sys
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
import skiff
from skiff import eq, test, until

if os.geteuid() != 0:
    skiff.skip("nodes need root")

# Names that dashboards and alerts read, by page.
ALWAYS = "process_start_time_seconds go_goroutines go_info kubernetes_build_info kubernetes_feature_enabled registered_metrics_total"
WANTED = {
    "kubelet": ALWAYS + """ kubelet_node_name kubelet_running_pods kubelet_running_containers kubelet_desired_pods kubelet_active_pods
        kubelet_runtime_operations_total kubelet_runtime_operations_duration_seconds kubelet_pod_worker_duration_seconds
        kubelet_pod_start_duration_seconds kubelet_pod_start_total_duration_seconds kubelet_started_pods_total kubelet_started_containers_total
        kubelet_run_podsandbox_duration_seconds rest_client_requests_total""",
    "kubelet-cadvisor": """container_cpu_usage_seconds_total container_cpu_cfs_throttled_periods_total container_memory_working_set_bytes
        container_memory_rss container_memory_cache container_memory_usage_bytes container_network_receive_bytes_total
        container_network_transmit_bytes_total container_spec_cpu_quota container_spec_memory_limit_bytes container_start_time_seconds
        container_last_seen machine_cpu_cores machine_memory_bytes""",
    "kubelet-resource": """container_cpu_usage_seconds_total container_memory_working_set_bytes container_start_time_seconds
        pod_cpu_usage_seconds_total pod_memory_working_set_bytes node_cpu_usage_seconds_total node_memory_working_set_bytes
        resource_scrape_error""",
    "kubelet-probes": "prober_probe_total prober_probe_duration_seconds",
    "kube-controller-manager": ALWAYS + """ workqueue_adds_total workqueue_depth workqueue_queue_duration_seconds
        workqueue_work_duration_seconds workqueue_retries_total leader_election_master_status rest_client_requests_total""",
    "kube-scheduler": ALWAYS + """ scheduler_pending_pods scheduler_schedule_attempts_total scheduler_pod_scheduling_attempts
        leader_election_master_status rest_client_requests_total""",
}


def known(page):
    lines = open(os.path.join(HERE, "..", "golden", "metrics", page + ".txt"))
    return dict(line.split() for line in lines if not line.startswith("#"))


with skiff.Cluster(nodes=1) as cluster:
    k = cluster.kubectl
    node = k("get", "nodes", "-o", "jsonpath={.items[0].metadata.name}")

    def text(page):
        if page.startswith("kubelet"):
            return k("get", "--raw", "/api/v1/nodes/%s/proxy/metrics%s" % (node, page[len("kubelet"):].replace("-", "/")))
        port = cluster.port + {"kube-controller-manager": 57, "kube-scheduler": 59}[page]
        return urllib.request.urlopen("https://127.0.0.1:%d/metrics" % port, context=ssl._create_unverified_context()).read().decode()

    def value(page, family, **labels):
        """The sum of a family's samples with these labels."""
        total = 0.0
        for line in text(page).splitlines():
            m = re.match(r"%s(?:\{(.*)\})? (\S+)$" % family, line)
            if m and all('%s="%s"' % kv in (m.group(1) or "") for kv in labels.items()):
                total += float(m.group(2))
        return total

    probe = {"exec": {"command": ["true"]}, "periodSeconds": 1}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {"terminationGracePeriodSeconds": 1, "containers": [{
        "name": "c", "image": "busybox:1", "command": ["sh", "-c", "while :; do :; done"], "livenessProbe": probe, "readinessProbe": probe,
        "resources": {"limits": {"cpu": "50m", "memory": "32Mi"}}}]}}
    k("create", "-f", "-", input=json.dumps(pod))
    k("wait", "--for=condition=Ready", "pod/p", "--timeout=60s")

    @test("names that dashboards read are there, and types are upstream's")
    def _():
        until(lambda: value("kubelet-probes", "prober_probe_total", probe_type="Liveness") > 0, "a probe")
        for page, wanted in WANTED.items():
            shown = dict(re.findall(r"^# TYPE (\S+) (\S+)$", text(page), re.M))
            eq((page, sorted(set(wanted.split()) - set(shown))), (page, []))
            upstream = known(page)
            eq((page, [name for name in shown if name in upstream and upstream[name] != shown[name]]), (page, []))

    @test("a container's processor time grows, its limits are told")
    def _():
        of = {"container": "c", "namespace": "default", "pod": "p"}
        for page in "kubelet-resource", "kubelet-cadvisor":
            before = value(page, "container_cpu_usage_seconds_total", **of)
            until(lambda: value(page, "container_cpu_usage_seconds_total", **of) > before, "more processor time at " + page)
        until(lambda: value("kubelet-cadvisor", "container_cpu_cfs_throttled_periods_total", **of) > 0, "periods without processor")
        eq((value("kubelet-cadvisor", "container_spec_memory_limit_bytes", **of), value("kubelet-cadvisor", "container_spec_cpu_quota", **of)),
           (32 << 20, 5000))
        eq(value("kubelet-resource", "container_memory_working_set_bytes", **of) > 0, True)

    @test("pods, containers and calls of the runtime are counted")
    def _():
        eq((value("kubelet", "kubelet_started_containers_total", container_type="container") >= 1,
            value("kubelet", "kubelet_started_pods_total") >= 1, value("kubelet", "kubelet_pod_start_duration_seconds_count") >= 1,
            value("kubelet", "kubelet_runtime_operations_total", operation_type="start_container") >= 1,
            value("kubelet", "kubelet_running_containers", container_state="running") >= 1), (True,) * 5)

    @test("probes are forgotten with their pod")
    def _():
        k("delete", "pod", "p")
        until(lambda: value("kubelet-probes", "prober_probe_total", pod="p") == 0, "no probes of it")

    @test("controllers' queues are told by upstream's names, and who leads")
    def _():
        page = "kube-controller-manager"
        before = value(page, "workqueue_adds_total", name="serviceaccount")
        k("create", "namespace", "fresh")
        until(lambda: value(page, "workqueue_adds_total", name="serviceaccount") > before, "work on a namespace")
        until(lambda: value(page, "workqueue_depth") == 0, "nothing waits")
        eq(value(page, "leader_election_master_status", name="kube-controller-manager"), 1)
        eq(value(page, "rest_client_requests_total", code="201", method="POST") > 0, True)

skiff.finish()
