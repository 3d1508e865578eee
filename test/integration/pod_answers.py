#!/usr/bin/env python3
"""What becomes of pods on a real node, beside what upstream's kubelet and scheduler said of the same pods: status, events, logs.

pod_answers.py                                    a node of ours against the recorded answers
pod_answers.py --record CONF [REGEX]              records what the cluster of CONF (upstream's) answers
pod_answers.py --ours CONF [REGEX]                a running cluster against the recorded answers"""
import argparse
import concurrent.futures
import json
import os
import re
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import recorded
import skiff
from pod_cases import PODS
from rest import Rest
from skiff import test, until

GOLDEN = os.path.join(skiff.TOP, "test", "golden", "pods.json")
VARYING = [(re.compile(p), word) for p, word in (
    (r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "<uid>"),
    (r"kube-api-access-[a-z0-9]{5}\b", "kube-api-access-<x>"),
    (r"\b[0-9a-f]{64}\b", "<id>"),
    (r"\b10\.2?(44|\d+)\.\d+\.\d+\b", "<ip>"),
    (r"used: \d+, capacity: \d+", "used: <n>, capacity: <n>"),
    (r"/[^ \"]*/seccomp/", "<root>/seccomp/"),
    # The layers of the runtime name themselves; what is beneath them is the same.
    (r"rpc error: code = \w+ desc = (failed to exec)", r"\1"),
    (r"failed to start exec \"<id>\": OCI runtime exec failed: exec failed: unable to start container process", "failed to start exec"),
    (r"failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: unable to start "
     r"container process", "failed to start container process"),
    (r"failed to create containerd container: ", ""),
    (r"((?:no such file or directory|executable file not found in \$PATH)): unknown\b", r"\1"),
    (r"\b(1m)?\d+(\.\d+)?m?s\b", "<time>"),
)]
OWN = {"lastTransitionTime", "lastProbeTime", "startTime", "startedAt", "finishedAt", "hostIP", "hostIPs", "podIP", "podIPs", "imageID", "image"}


class Answers:
    """Asks a cluster what became of the cases' pods."""

    def __init__(self, conf):
        self.rest = Rest(conf)
        self.node = self.get("/api/v1/nodes")["items"][0]["metadata"]["name"]
        self.addresses = {a["address"] for a in self.get("/api/v1/nodes")["items"][0]["status"]["addresses"]}

    def get(self, path):
        return json.loads(self.rest("GET", path)[2])

    def make(self, name):
        _, spec, *objects = PODS[name]
        ns = "pods-" + name
        until(lambda: self.rest("POST", "/api/v1/namespaces", {"metadata": {"name": ns}})[0] == 201, "a new namespace")
        until(lambda: self.rest("GET", "/api/v1/namespaces/%s/serviceaccounts/default" % ns)[0] == 200 and
              self.rest("GET", "/api/v1/namespaces/%s/configmaps/kube-root-ca.crt" % ns)[0] == 200, "what a namespace needs")
        for o in objects:
            status, _, body = self.rest("POST", "/api/v1/namespaces/%s/%ss" % (ns, o["kind"].lower()), o)
            assert status in (201, 409), body
        spec = json.loads(json.dumps(spec).replace('"<node>"', json.dumps(self.node)))
        status, _, body = self.rest("POST", "/api/v1/namespaces/%s/pods" % ns, {"metadata": {"name": "p", "labels": {"l": "yes"}}, "spec": spec})
        assert status in (201, 409), body

    def seen(self, name):
        ns = "pods-" + name
        pod = self.get("/api/v1/namespaces/%s/pods/p" % ns)
        events = [e for e in self.get("/api/v1/namespaces/%s/events" % ns)["items"] if e["involvedObject"].get("kind") == "Pod"]
        return pod.get("status", {}), events

    def log(self, name, status):
        if not any(c.get("containerID") for c in status.get("containerStatuses", ())) or status["phase"] not in ("Succeeded", "Failed"):
            return None
        return self.rest("GET", "/api/v1/namespaces/pods-%s/pods/p/log?container=%s" % (name, status["containerStatuses"][0]["name"]))[2].decode()

    def plain(self, value, key=""):
        if isinstance(value, dict):
            if "restartCount" in value and value["restartCount"] > 0:  # how often by now is chance
                value = {**value, "restartCount": "<n>"}
            return {k: ("<id>" if k == "containerID" else self.plain(v, k)) for k, v in value.items() if k not in OWN}
        if isinstance(value, list):
            return [self.plain(v) for v in value]
        if isinstance(value, str):
            value = re.sub(r"\b%s\b" % re.escape(self.node), "<node>", value)
            for address in self.addresses:
                value = value.replace(address, "<ip>")
            for pattern, word in VARYING:
                value = pattern.sub(word, value)
        return value

    def answer(self, name):
        status, events = self.seen(name)
        if "httpd" in json.dumps(PODS[name][1]):  # whether a probe comes before the server listens is chance
            events = [e for e in events if "connection refused" not in e["message"]]
        told = {json.dumps(self.plain({"type": e["type"], "reason": e["reason"], "message": e["message"], "from": e.get("source", {}).get("component"),
                                       "by": e.get("reportingComponent"), "of": e["involvedObject"].get("fieldPath")}), sort_keys=True) for e in events}
        if status.get("reason") == "Evicted":  # upstream may or may not have seen the end of its containers
            status = {**status, "containerStatuses": []}
        return {"status": self.plain(status), "events": [json.loads(e) for e in sorted(told)], "log": self.plain(self.log(name, status))}

    def settled(self, name):
        status, events = self.seen(name)
        containers = status.get("initContainerStatuses", []) + status.get("containerStatuses", [])

        def holds(word):
            what, _, value = word.partition("=")
            if what == "phase":
                return status.get("phase") == value
            if what in ("ready", "unready"):
                return any(c["type"] == "Ready" and (c["status"] == "True") == (what == "ready") for c in status.get("conditions", ())) and \
                    status["phase"] == "Running"
            if what == "event":
                return any(e["reason"] == value for e in events)
            if what == "restarts":
                return any(c["restartCount"] >= int(value) for c in containers)
            field, state = {"waiting": ("state", "waiting"), "ended": ("state", "terminated"), "last": ("lastState", "terminated")}[what]
            return any(c.get(field, {}).get(state, {}).get("reason") == value for c in containers)
        return all(holds(word) for word in PODS[name][0])

    def settle(self, name):
        """The answer once the pod is settled and nothing more is said of it for a moment; a container that waits does so for seconds only."""
        quiet = 0.3 if any("CrashLoop" in word or "restarts" in word for word in PODS[name][0]) else 2
        last, since, end = None, 0, time.monotonic() + 100
        while time.monotonic() < end:
            now = self.answer(name) if self.settled(name) else None
            if now is None or now != last:
                last, since = now, time.monotonic()
            elif time.monotonic() - since > quiet:
                return last
            time.sleep(0.1)
        print("# not recorded, it does not settle:", name, json.dumps(self.answer(name)))

    def become(self, name, golden):
        """Waits until the pod's answer is `golden`'s; the last answer."""
        end = time.monotonic() + 120
        while True:
            now = self.answer(name)
            if now == golden or time.monotonic() > end:
                return now
            time.sleep(0.3)

    def gone(self, name):
        self.rest("DELETE", "/api/v1/namespaces/pods-" + name)


def differences(ours, theirs, path=""):
    if isinstance(ours, dict) and isinstance(theirs, dict):
        return [d for k in sorted({*ours, *theirs}) for d in differences(ours.get(k), theirs.get(k), path + "." + k)]
    if isinstance(ours, list) and isinstance(theirs, list):
        if path == ".events":
            return ["-%s %s" % (path, json.dumps(e)) for e in theirs if e not in ours] + ["+%s %s" % (path, json.dumps(e)) for e in ours if e not in theirs]
        if len(ours) == len(theirs):
            return [d for i, (a, b) in enumerate(zip(ours, theirs)) for d in differences(a, b, path + "[%d]" % i)]
    return [] if ours == theirs else ["-%s %s" % (path, json.dumps(theirs)), "+%s %s" % (path, json.dumps(ours))]


def main():
    parser = argparse.ArgumentParser()
    for option in ("--record", "--ours", "--golden"):
        parser.add_argument(option)
    parser.add_argument("only", nargs="?", default="")
    options = parser.parse_args()
    names = [n for n in PODS if re.search(options.only, n)]
    path = options.golden or GOLDEN
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        def all_of(answers, ask):
            try:
                return dict(zip(names, pool.map(lambda n: (answers.make(n), ask(n))[1], names)))
            finally:
                list(pool.map(answers.gone, names))

        if options.record:
            answers = Answers(options.record)
            known = recorded.load(path) if os.path.exists(path) else {}
            recorded.save(path, {**{n: a for n, a in known.items() if n in PODS}, **{n: a for n, a in all_of(answers, answers.settle).items() if a}})
            return
        golden = recorded.load(path)

        def compare(conf):
            answers = Answers(conf)
            return all_of(answers, lambda n: answers.become(n, golden[n]))

        if options.ours:
            got = compare(options.ours)
        else:
            with skiff.Cluster(nodes=1, flags=["kubelet-node-1.cluster-dns=10.96.0.10"]) as cluster:
                got = compare(cluster.conf)
        for name in names:
            @test("what becomes of a pod: " + name)
            def _():
                found = differences(got[name], golden[name])
                assert not found, "\n".join(found)
    skiff.finish()


main()
