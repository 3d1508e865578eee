#!/usr/bin/env python3
"""What one node does with pods: containers, volumes, probes, restarts, the kubelet's own death, nothing left behind."""
import json
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
import skiff
from skiff import eq, test, until

if os.geteuid() != 0:
    skiff.skip("nodes need root")


RUNTIME = os.environ.get("SKIFF_RUNTIME", "embedded")  # the same promises for every runtime


def pod(name, *containers, **spec):
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": {"app": name}},
            "spec": {"terminationGracePeriodSeconds": 1, "containers": list(containers), **spec}}


def box(name="c", script="exec sleep 100000", **more):
    return {"name": name, "image": "busybox:1", "command": ["sh", "-c", script], **more}


with skiff.Cluster(nodes=1, runtime=RUNTIME) as cluster:
    k = cluster.kubectl

    def create(*objects):
        for o in objects:
            k("create", "-f", "-", input=json.dumps(o))

    def status(name):
        return k.json("get", "pod", name)["status"]

    def first(name):
        return status(name)["containerStatuses"][0]

    def phase(name, want, timeout=30):
        until(lambda: status(name)["phase"] == want, "%s is %s" % (name, want), timeout)

    @test("two containers share network and IPC, their own file systems differ")
    def _():
        create(pod("two", box("a", "echo hi > /dev/shm/x; httpd -f -p 81 -h /etc"), box("b")))
        phase("two", "Running")
        eq(until(lambda: k("exec", "two", "-c", "b", "--", "wget", "-qO-", "http://127.0.0.1:81/hostname"), "answer"), "two\n")
        eq(k("exec", "two", "-c", "b", "--", "cat", "/dev/shm/x"), "hi\n")
        assert k.full("exec", "two", "-c", "b", "--", "ls", "/nosuch")[0] != 0

    @test("environment and volumes of config maps, secrets, the downward API and tokens")
    def _():
        create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "cm"}, "data": {"k": "v"}},
               {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "sec"}, "stringData": {"p": "word"}},
               pod("conf", box(script="echo $K $P $NAME; cat /c/k /s/p /d/l; ls /var/run/secrets/kubernetes.io/serviceaccount; exec sleep 100000",
                               env=[{"name": "K", "valueFrom": {"configMapKeyRef": {"name": "cm", "key": "k"}}},
                                    {"name": "P", "valueFrom": {"secretKeyRef": {"name": "sec", "key": "p"}}},
                                    {"name": "NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}],
                               volumeMounts=[{"name": "c", "mountPath": "/c"}, {"name": "s", "mountPath": "/s"},
                                             {"name": "d", "mountPath": "/d"}]),
                   volumes=[{"name": "c", "configMap": {"name": "cm"}}, {"name": "s", "secret": {"secretName": "sec"}},
                            {"name": "d", "downwardAPI": {"items": [{"path": "l", "fieldRef": {"fieldPath": "metadata.labels"}}]}}]))
        phase("conf", "Running")
        log = until(lambda: "token" in k("logs", "conf") and k("logs", "conf"), "log")
        assert log.startswith("v word conf\nvwordapp=\"conf\""), log

    @test("init containers and sidecars run in order; a failing one keeps the pod from starting")
    def _():
        w = [{"name": "w", "mountPath": "/w"}]
        create(pod("init", box(script="cat /w/x; exec sleep 100000", volumeMounts=w), volumes=[{"name": "w", "emptyDir": {}}],
                   initContainers=[box("i", "echo one > /w/x", volumeMounts=w), box("side", restartPolicy="Always")]))
        until(lambda: k("logs", "init", "-c", "c") == "one\n", "log of the main container")
        eq([c["ready"] for c in status("init")["initContainerStatuses"]], [True, True])
        create(pod("initbad", box(), restartPolicy="Never", initContainers=[box("i", "exit 3")]))
        phase("initbad", "Failed")
        eq(status("initbad")["initContainerStatuses"][0]["state"]["terminated"]["exitCode"], 3)

    @test("finished, failed, out of memory: the phases and reasons users know")
    def _():
        create(pod("ok", box(script="echo bye > /dev/termination-log"), restartPolicy="Never"),
               pod("bad", box(script="exit 7"), restartPolicy="Never"),
               pod("oom", box(script="dd if=/dev/zero of=/dev/null bs=200M count=1", resources={"limits": {"memory": "30Mi"}}),
                   restartPolicy="Never"))
        phase("ok", "Succeeded")
        eq(first("ok")["state"]["terminated"]["message"], "bye\n")
        phase("bad", "Failed")
        eq(first("bad")["state"]["terminated"]["exitCode"], 7)
        phase("oom", "Failed")
        eq(first("oom")["state"]["terminated"]["reason"], "OOMKilled")

    @test("a crashing container is restarted, then waits")
    def _():
        create(pod("crash", box(script="echo boom; exit 1")))
        until(lambda: first("crash")["state"].get("waiting", {}).get("reason") == "CrashLoopBackOff", "CrashLoopBackOff")
        assert first("crash")["restartCount"] >= 1
        assert "back-off 10s restarting failed container=c pod=crash_default(" in first("crash")["state"]["waiting"]["message"]

    @test("an image that is nowhere")
    def _():
        create(pod("noimage", {"name": "c", "image": "nosuch.invalid/x:1"}),
               pod("never", {"name": "c", "image": "nosuch:1", "imagePullPolicy": "Never"}))
        until(lambda: first("never")["state"]["waiting"]["reason"] == "ErrImageNeverPull", "ErrImageNeverPull")
        until(lambda: first("noimage")["state"]["waiting"]["reason"] == "ImagePullBackOff", "ImagePullBackOff")

    @test("a seccomp profile holds: none, the runtime's own, a file of the node; a file that is not there is told")
    def _():
        folder = os.path.join(cluster.dir, "nodes", "node-1", "seccomp")
        os.makedirs(folder)
        json.dump({"defaultAction": "SCMP_ACT_ALLOW",
                   "syscalls": [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 1}]},
                  open(os.path.join(folder, "no-mkdir.json"), "w"))
        tells = "grep Seccomp: /proc/self/status; mkdir /made && echo made; unshare -U true && echo unshared; echo end; exec sleep 100000"

        def profiled(name, profile, **more):
            return pod(name, box(script=tells, **more), **({"securityContext": {"seccompProfile": profile}} if profile else {}))
        default, local = {"type": "RuntimeDefault"}, lambda file: {"type": "Localhost", "localhostProfile": file}
        create(profiled("sec-none", None), profiled("sec-default", default), profiled("sec-file", local("no-mkdir.json")),
               profiled("sec-nnp", default, securityContext={"allowPrivilegeEscalation": False, "runAsUser": 1000}),
               profiled("sec-free", default, securityContext={"privileged": True}), profiled("sec-lost", local("lost.json")))
        for name, want in {"sec-none": "0 made unshared", "sec-default": "2 made", "sec-file": "2 unshared", "sec-nnp": "2",
                           "sec-free": "0 made unshared"}.items():
            phase(name, "Running")
            text = until(lambda: (lambda said: said if "end\n" in said else "")(k("logs", name)), name + " has spoken")
            eq((name, [w for w in text.replace("Seccomp:", "").split() if w in ("0", "2", "made", "unshared")]), (name, want.split()))
        until(lambda: "waiting" in first("sec-lost")["state"] and first("sec-lost")["state"]["waiting"]["reason"] == "CreateContainerError", "told")
        assert "lost.json" in first("sec-lost")["state"]["waiting"]["message"], first("sec-lost")
        eq(k("exec", "sec-default", "--", "grep", "Seccomp:", "/proc/self/status").split()[1], "2")

    @test("probes: readiness gates Ready, liveness restarts")
    def _():
        create(pod("ready", box(readinessProbe={"exec": {"command": ["test", "-e", "/ok"]}, "periodSeconds": 1})),
               pod("live", box(livenessProbe={"exec": {"command": ["false"]}, "periodSeconds": 1, "failureThreshold": 2})))
        phase("ready", "Running")
        eq(first("ready")["ready"], False)
        k("exec", "ready", "--", "touch", "/ok")
        until(lambda: first("ready")["ready"], "ready")
        until(lambda: first("live")["restartCount"] > 0, "restarted")

    @test("a killed process is restarted; a killed kubelet finds its containers again")
    def _():
        create(pod("keep", box()), pod("mortal", box(script="until test -e /end; do sleep 0.1; done; exit 1")))
        phase("keep", "Running")
        phase("mortal", "Running")
        before = first("mortal")["containerID"]
        k("exec", "mortal", "--", "touch", "/end")
        until(lambda: first("mortal")["restartCount"] == 1 and first("mortal")["containerID"] != before, "restarted")
        was = first("keep")
        cluster.local("kill", "kubelet-node-1")
        cluster.local("restart", "kubelet-node-1")
        eq(until(lambda: k("exec", "keep", "--", "echo", "back"), "exec works again"), "back\n")
        now = first("keep")
        eq((now["containerID"], now["restartCount"]), (was["containerID"], was["restartCount"]))

    @test("an ephemeral container joins a running pod, sees its target's processes, runs once, and its end is told")
    def _():
        create(pod("sick", box(script="exec sleep 271829")))
        phase("sick", "Running")
        k("debug", "sick", "--image=busybox:1", "--target=c", "-c", "doctor", "--", "sh", "-c", "ps; until test -e /done; do sleep 0.1; done; exit 3")
        doctor = lambda: status("sick").get("ephemeralContainerStatuses", [{}])[0]
        until(lambda: "running" in doctor().get("state", {}), "the doctor")
        until(lambda: "sleep 271829" in k("logs", "sick", "-c", "doctor"), "its sight of the target")
        k("exec", "sick", "-c", "doctor", "--", "touch", "/done")
        until(lambda: doctor()["state"].get("terminated", {}).get("exitCode") == 3, "its end")
        eq((status("sick")["phase"], first("sick")["restartCount"], doctor()["restartCount"], doctor()["ready"]), ("Running", 0, 0, False))
        k("debug", "sick", "--image=busybox:1", "-c", "second", "--", "sleep", "271830")
        until(lambda: "running" in status("sick")["ephemeralContainerStatuses"][1].get("state", {}), "the second")
        k("delete", "pod", "sick")

    @test("a static pod has a mirror that comes back, and goes with its file")
    def _():
        path = os.path.join(cluster.dir, "nodes/node-1/manifests/st.yaml")
        with open(path, "w") as f:
            json.dump(pod("st", box()), f)
        until(lambda: status("st-node-1")["phase"] == "Running", "mirror runs")
        uid = k.json("get", "pod", "st-node-1")["metadata"]["uid"]
        k("delete", "pod", "st-node-1", "--grace-period=0", "--force")
        until(lambda: k.json("get", "pod", "st-node-1")["metadata"]["uid"] != uid, "mirror is back")
        os.unlink(path)
        until(lambda: k.full("get", "pod", "st-node-1")[0] != 0, "mirror is gone")

    @test("deleting pods leaves no container behind")
    def _():
        k("delete", "pods", "--all", timeout=120)
        node = os.path.join(cluster.dir, "nodes/node-1")
        if RUNTIME == "containerd":
            until(lambda: skiff.run("ctr", "--address", node + "/containerd.sock", "--namespace", "k8s.io", "containers", "list", "-q")[1] == "",
                  "no containers")
        else:
            until(lambda: not os.listdir(node + "/runtime/containers"), "no containers")
            until(lambda: not os.listdir(node + "/runtime/sandboxes"), "no sandboxes")
        until(lambda: not os.listdir(node + "/pods"), "no directories of pods")

skiff.finish()
