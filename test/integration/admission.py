#!/usr/bin/env python3
"""What admission changes and refuses: upstream's answers, for the plugins that are on by default and for those that can be
turned on.

The expected answers are upstream's own, in test/golden/admission.json. `admission.py --record default KUBECONFIG` asks an upstream
apiserver (with --enable-admission-plugins=NodeRestriction and --token-auth-file=test/golden/tokens.csv); `--record more
KUBECONFIG` one that has the plugins of MORE as well."""
import base64
import json
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
import skiff
from ask import MERGE, Asker, obj
from recorded import load, replay, save
from skiff import until

GOLDEN = os.path.join(HERE, "..", "golden", "admission.json")
TOKENS = os.path.join(HERE, "..", "golden", "tokens.csv")
MORE = ("AlwaysPullImages,DenyServiceExternalIPs,ExtendedResourceToleration,LimitPodHardAntiAffinityTopology,NamespaceAutoProvision,"
        "OwnerReferencesPermissionEnforcement,PodNodeSelector,PodTolerationRestriction")
ALICE = {"Authorization": "Bearer alice-token"}


def box(name="c", **more):
    return {"name": name, "image": "i", **more}


def pod(name="p", containers=None, metadata=None, **spec):
    return obj("v1", "Pod", name, metadata=metadata or {}, spec={"automountServiceAccountToken": False, "containers": containers or [box()], **spec})


def settled(a, path):
    """Waits until the server's cache shows what the store has."""
    until(lambda: a.get(path + "?resourceVersion=0")["items"] == a.get(path)["items"], path + " in the cache")


def priority(a):
    a.namespace("prio")
    group = "scheduling.k8s.io/v1"
    make = lambda name, value, **more: obj(group, "PriorityClass", name, value=value, **more)
    a.set(make("high", 1000), make("gentle", 10, preemptionPolicy="Never"))
    settled(a, "/apis/scheduling.k8s.io/v1/priorityclasses")
    create = lambda name, p: a.create("priority, " + name, p, "prio", "?dryRun=All")
    create("none", pod())
    create("a class", pod(priorityClassName="high"))
    create("a class that does not preempt", pod(priorityClassName="gentle"))
    create("unknown class", pod(priorityClassName="nothing"))
    create("number without a class", pod(priority=5))
    create("number of the class", pod(priorityClassName="high", priority=1000))
    create("another number", pod(priorityClassName="high", priority=5))
    create("another policy", pod(priorityClassName="gentle", preemptionPolicy="PreemptLowerPriority"))
    create("policy alone", pod(preemptionPolicy="Never"))
    create("system class", pod(priorityClassName="system-cluster-critical"))
    a.create("priority class, of the system", make("system-x", 5))
    a.create("priority class, too high", make("x", 2000000000))
    a.create("priority class, default", make("usual", 77, globalDefault=True))
    settled(a, "/apis/scheduling.k8s.io/v1/priorityclasses")
    a.create("priority class, second default", make("usual2", 7, globalDefault=True))
    a.ask("priority class, becomes default", "PATCH", "/apis/scheduling.k8s.io/v1/priorityclasses/high", {"globalDefault": True}, None, MERGE)
    create("the default class", pod())
    a.send("DELETE", "/apis/scheduling.k8s.io/v1/priorityclasses/usual")
    settled(a, "/apis/scheduling.k8s.io/v1/priorityclasses")


def tolerations(a):
    a.namespace("tol")
    t = lambda key, effect, **more: {"key": key, "effect": effect, "operator": "Exists", **more}
    for name, have in (("none", []), ("not ready", [t("node.kubernetes.io/not-ready", "NoExecute", tolerationSeconds=5)]),
                       ("every effect", [{"key": "node.kubernetes.io/unreachable", "operator": "Exists"}]), ("everything", [{"operator": "Exists"}]),
                       ("another effect", [t("node.kubernetes.io/not-ready", "NoSchedule")])):
        a.create("tolerations, " + name, pod(tolerations=have), "tol", "?dryRun=All")
    a.create("tolerations, memory pressure", pod(containers=[box(resources={"requests": {"memory": "1Mi"}})]), "tol", "?dryRun=All")


def runtime_class(a):
    a.namespace("rc")
    make = lambda name, **more: obj("node.k8s.io/v1", "RuntimeClass", name, handler="h", **more)
    a.set(make("plain"), make("heavy", overhead={"podFixed": {"cpu": "10m"}}),
          make("placed", scheduling={"nodeSelector": {"a": "b"}, "tolerations": [{"key": "k", "operator": "Exists"}]}))
    settled(a, "/apis/node.k8s.io/v1/runtimeclasses")
    create = lambda name, p: a.create("runtime class, " + name, p, "rc", "?dryRun=All")
    create("plain", pod(runtimeClassName="plain"))
    create("unknown", pod(runtimeClassName="nothing"))
    create("overhead", pod(runtimeClassName="heavy"))
    create("its overhead", pod(runtimeClassName="heavy", overhead={"cpu": "10m"}))
    create("another overhead", pod(runtimeClassName="heavy", overhead={"cpu": "20m"}))
    create("overhead without reason", pod(overhead={"cpu": "20m"}))
    create("overhead of a class without", pod(runtimeClassName="plain", overhead={"cpu": "20m"}))
    create("placement", pod(runtimeClassName="placed", nodeSelector={"c": "d"}))
    create("conflicting placement", pod(runtimeClassName="placed", nodeSelector={"a": "x"}))
    create("placement with the toleration", pod(runtimeClassName="placed", tolerations=[{"key": "k", "operator": "Exists"}]))


def nodes(a):
    a.create("node, new", obj("v1", "Node", "new"), query="?dryRun=All")
    a.create("node, new and tainted", obj("v1", "Node", "new", spec={"taints": [{"key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"}]}), query="?dryRun=All")
    a.create("node, new with another taint", obj("v1", "Node", "new", spec={"taints": [{"key": "k", "effect": "NoExecute"}]}), query="?dryRun=All")
    a.namespace("topo")
    a.set(obj("v1", "Node", "zoned", metadata={"labels": {"topology.kubernetes.io/zone": "z1", "topology.kubernetes.io/region": "r1", "topology.k8s.io/rack": "x", "other": "y"}}))
    settled(a, "/api/v1/nodes")
    base = "/api/v1/namespaces/topo/pods"
    for name, labels in (("plain", {}), ("labelled", {"topology.kubernetes.io/zone": "mine"})):
        a.send("POST", base, pod(name, metadata={"labels": labels}))
        a.ask("binding, " + name, "POST", base + "/%s/binding" % name, obj("v1", "Binding", name, target={"kind": "Node", "name": "zoned"}))
        a.answers["labels of the pod, " + name] = a.get(base + "/" + name)["metadata"].get("labels")
    a.create("pod created on a node", pod("direct", nodeName="zoned"), "topo", "?dryRun=All")
    a.create("pod that claims a zone", pod("direct", metadata={"labels": {"topology.kubernetes.io/zone": "mine"}}), "topo", "?dryRun=All")
    a.ask("binding with topology labels", "POST", base + "/plain/binding", obj("v1", "Binding", "plain", target={"kind": "Node", "name": "zoned"}, metadata={"labels": {"topology.kubernetes.io/zone": "q"}}))
    a.send("POST", base, pod("unknown"))
    a.ask("binding to an unknown node", "POST", base + "/unknown/binding", obj("v1", "Binding", "unknown", target={"kind": "Node", "name": "no-such-node"}))


def classes(a):
    a.namespace("classes")
    storage = lambda name, default=None, **more: obj("storage.k8s.io/v1", "StorageClass", name, provisioner="p", metadata={
        "annotations": {"storageclass.kubernetes.io/is-default-class": default} if default else {}}, **more)
    claim = lambda name="v", size="1Gi", **spec: obj("v1", "PersistentVolumeClaim", name, spec={"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": size}}, **spec})
    create = lambda name, c: a.create("claim, " + name, c, "classes", "?dryRun=All")
    create("no default class", claim())
    a.set(storage("slow"), storage("usual", "true", allowVolumeExpansion=True))
    settled(a, "/apis/storage.k8s.io/v1/storageclasses")
    create("default class", claim())
    create("no class wanted", claim(storageClassName=""))
    create("another class", claim(storageClassName="slow"))
    old = claim(); old["metadata"]["annotations"] = {"volume.beta.kubernetes.io/storage-class": "slow"}
    create("class by annotation", old)
    a.create("volume", obj("v1", "PersistentVolume", "pv", spec={"capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"], "hostPath": {"path": "/x"}}), query="?dryRun=All")
    a.create("volume attributes class", obj("storage.k8s.io/v1", "VolumeAttributesClass", "vac", driverName="d"), query="?dryRun=All")
    for name, storage_class in (("grows", "usual"), ("stays", "slow"), ("classless", "")):
        a.set({**claim(name, storageClassName=storage_class), "metadata": {"name": name, "namespace": "classes"}})
        path = "/api/v1/namespaces/classes/persistentvolumeclaims/" + name
        grow = {"spec": {"resources": {"requests": {"storage": "2Gi"}}}}
        a.ask("resize, unbound, " + name, "PATCH", path + "?dryRun=All", grow, None, MERGE)
        a.send("PATCH", path + "/status", {"status": {"phase": "Bound"}}, None, MERGE)
        a.ask("resize, bound, " + name, "PATCH", path + "?dryRun=All", grow, None, MERGE)
        a.ask("shrink, " + name, "PATCH", path + "?dryRun=All", {"spec": {"resources": {"requests": {"storage": "1Mi"}}}}, None, MERGE)
    ingress = lambda name, **more: obj("networking.k8s.io/v1", "Ingress", name, spec={"defaultBackend": {"service": {"name": "s", "port": {"number": 80}}}, **more})
    kind = lambda name, default: obj("networking.k8s.io/v1", "IngressClass", name, spec={"controller": "x.io/y"}, metadata={"annotations": {"ingressclass.kubernetes.io/is-default-class": default}})
    a.create("ingress, no class", ingress("i"), "classes", "?dryRun=All")
    a.set(kind("first", "true"), kind("none", "false"))
    settled(a, "/apis/networking.k8s.io/v1/ingressclasses")
    a.create("ingress, default class", ingress("i"), "classes", "?dryRun=All")
    a.create("ingress, another class", ingress("i", ingressClassName="x"), "classes", "?dryRun=All")
    old = ingress("i"); old["metadata"]["annotations"] = {"kubernetes.io/ingress.class": "old"}
    a.create("ingress, class by annotation", old, "classes", "?dryRun=All")


def limits(a):
    a.namespace("limits")
    a.set(obj("v1", "LimitRange", "lr", "limits", spec={"limits": [
        {"type": "Container", "min": {"cpu": "10m"}, "max": {"cpu": "1", "memory": "1Gi"}, "default": {"cpu": "500m", "memory": "256Mi"},
         "defaultRequest": {"cpu": "100m"}, "maxLimitRequestRatio": {"cpu": "10"}},
        {"type": "Pod", "max": {"cpu": "1500m"}}, {"type": "PersistentVolumeClaim", "min": {"storage": "1Gi"}, "max": {"storage": "2Gi"}}]}))
    settled(a, "/api/v1/limitranges")
    r = lambda requests=None, limits=None: {"resources": {**({"requests": requests} if requests else {}), **({"limits": limits} if limits else {})}}
    create = lambda name, *containers, **spec: a.create("limits, " + name, pod(containers=list(containers), **spec), "limits", "?dryRun=All")
    create("defaults", box(), initContainers=[box("init")])
    create("request alone", box(**r({"cpu": "200m"})))
    create("limit alone", box(**r(None, {"cpu": "200m"})))
    create("too little", box(**r({"cpu": "1m"}, {"cpu": "5m"})))
    create("too much", box(**r({"cpu": "2"}, {"cpu": "2", "memory": "2Gi"})))
    create("ratio", box(**r({"cpu": "10m"}, {"cpu": "900m"})))
    create("pod too large", box(**r(None, {"cpu": "900m"})), box("d", **r(None, {"cpu": "900m"})))
    create("pod figures", box(**r({"cpu": "100m"})), resources={"limits": {"cpu": "2"}})
    claim = lambda size: obj("v1", "PersistentVolumeClaim", "v", spec={"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": size}}})
    for size in ("1Mi", "1Gi", "3Gi"):
        a.create("limits, claim of " + size, claim(size), "limits", "?dryRun=All")
    a.create("limits, deployments are not pods", obj("apps/v1", "Deployment", "d", spec={"selector": {"matchLabels": {"a": "b"}}, "template": {
        "metadata": {"labels": {"a": "b"}}, "spec": {"containers": [box(**r(None, {"cpu": "9"}))]}}}), "limits", "?dryRun=All")


def namespaces(a):
    for name in ("default", "kube-system", "kube-public"):
        a.ask("delete namespace " + name, "DELETE", "/api/v1/namespaces/" + name)
    a.answers["delete namespace kube-node-lease"] = {"status": a.send("DELETE", "/api/v1/namespaces/kube-node-lease?dryRun=All")[0]}
    a.create("nowhere", obj("v1", "ConfigMap", "x"), "nowhere")
    a.create("nowhere, without a name", {**obj("v1", "ConfigMap", ""), "metadata": {"generateName": "x-"}}, "nowhere")
    a.ask("nowhere, read", "GET", "/api/v1/namespaces/nowhere/configmaps")
    a.ask("nowhere, delete", "DELETE", "/api/v1/namespaces/nowhere/configmaps/x")
    a.namespace("going")
    a.set(obj("v1", "ConfigMap", "there", "going", metadata={"finalizers": ["example.com/wait"]}))
    a.send("DELETE", "/api/v1/namespaces/going")
    until(lambda: a.send("POST", "/api/v1/namespaces/going/configmaps?dryRun=All", obj("v1", "ConfigMap", "x"))[0] == 403, "the end of the namespace")
    a.create("going, create", obj("v1", "ConfigMap", "x"), "going")
    a.create("going, create a pod", pod(), "going")
    a.create("going, create a review", obj("authorization.k8s.io/v1", "LocalSubjectAccessReview", "", spec={"user": "u", "resourceAttributes": {"namespace": "going", "verb": "get", "resource": "pods"}}) | {"metadata": {}}, "going")
    a.ask("going, update", "PATCH", "/api/v1/namespaces/going/configmaps/there?dryRun=All", {"data": {"a": "b"}}, None, MERGE)


def accounts(a):
    a.namespace("acc")
    a.set(obj("v1", "ServiceAccount", "pulls", "acc", imagePullSecrets=[{"name": "reg"}]),
          obj("v1", "ServiceAccount", "strict", "acc", secrets=[{"name": "mine"}], metadata={"annotations": {"kubernetes.io/enforce-mountable-secrets": "true"}}),
          obj("v1", "ServiceAccount", "quiet", "acc", automountServiceAccountToken=False))
    create = lambda name, p: a.create("account, " + name, p, "acc", "?dryRun=All")
    def mounting(**spec):
        p = pod(**spec); p["spec"].pop("automountServiceAccountToken"); return p
    create("default", mounting())
    create("does not mount", mounting(serviceAccountName="quiet"))
    create("pod wants it", {**pod(), "spec": {**mounting(serviceAccountName="quiet")["spec"], "automountServiceAccountToken": True}})
    create("old name", mounting(serviceAccount="quiet"))
    create("both names differ", mounting(serviceAccount="quiet", serviceAccountName="pulls"))
    create("pull secrets", pod(serviceAccountName="pulls"))
    create("own pull secrets", pod(serviceAccountName="pulls", imagePullSecrets=[{"name": "x"}]))
    create("unknown", pod(serviceAccountName="nobody"))
    create("a mount of its own", mounting(containers=[box(volumeMounts=[{"name": "v", "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount"}])], volumes=[{"name": "v", "emptyDir": {}}]))
    create("strict, its secret", pod(serviceAccountName="strict", volumes=[{"name": "v", "secret": {"secretName": "mine"}}]))
    create("strict, volume", pod(serviceAccountName="strict", volumes=[{"name": "v", "secret": {"secretName": "x"}}]))
    create("strict, env", pod(serviceAccountName="strict", containers=[box(env=[{"name": "E", "valueFrom": {"secretKeyRef": {"name": "x", "key": "k"}}}])]))
    create("strict, env from", pod(serviceAccountName="strict", initContainers=[box("i", envFrom=[{"secretRef": {"name": "x"}}])]))
    create("strict, pull", pod(serviceAccountName="strict", imagePullSecrets=[{"name": "x"}]))
    mirror = {"annotations": {"kubernetes.io/config.mirror": "x"}}
    create("mirror", pod(metadata=mirror, nodeName="n"))
    create("mirror with account", pod(metadata=mirror, nodeName="n", serviceAccountName="pulls"))
    create("mirror with secret", pod(metadata=mirror, nodeName="n", volumes=[{"name": "v", "secret": {"secretName": "x"}}]))
    create("mirror with token", pod(metadata=mirror, nodeName="n", volumes=[{"name": "v", "projected": {"sources": [{"serviceAccountToken": {"path": "t"}}]}}]))


def pod_security(a):
    label = "pod-security.kubernetes.io/"
    a.namespace("restricted", {label + "enforce": "restricted"})
    a.namespace("baseline", {label + "enforce": "baseline", label + "warn": "restricted", label + "audit": "restricted"})
    a.namespace("old", {label + "enforce": "restricted", label + "enforce-version": "v1.20"})
    a.namespace("open", {})
    settled(a, "/api/v1/namespaces")
    good = box(securityContext={"allowPrivilegeEscalation": False, "runAsNonRoot": True, "capabilities": {"drop": ["ALL"]}, "seccompProfile": {"type": "RuntimeDefault"}})
    cases = {"plain": pod(), "good": pod(containers=[good]),
             "privileged": pod(containers=[box(securityContext={"privileged": True})]),
             "host": pod(hostNetwork=True, hostPID=True, volumes=[{"name": "h", "hostPath": {"path": "/"}}], containers=[box(ports=[{"containerPort": 80, "hostPort": 80}])]),
             "several": pod(containers=[box("a", securityContext={"capabilities": {"add": ["SYS_ADMIN", "NET_RAW"]}}), box("b", securityContext={"runAsUser": 0, "procMount": "Unmasked"})],
                            initContainers=[box("i", securityContext={"seLinuxOptions": {"type": "x", "user": "y"}, "windowsOptions": {"hostProcess": False}})]),
             "sysctl": pod(securityContext={"sysctls": [{"name": "kernel.msgmax", "value": "1"}], "seccompProfile": {"type": "Unconfined"}, "runAsNonRoot": False}),
             "volumes": pod(containers=[good], volumes=[{"name": "n", "nfs": {"server": "s", "path": "/"}}, {"name": "e", "emptyDir": {}}]),
             "probes": pod(containers=[{**good, "livenessProbe": {"httpGet": {"host": "x", "port": 80}}}])}
    for ns in ("restricted", "baseline", "old", "open"):
        for name, p in cases.items():
            a.create("%s namespace, %s pod" % (ns, name), p, ns, "?dryRun=All")
    template = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [box(securityContext={"privileged": True})]}}
    a.create("deployment, warned", obj("apps/v1", "Deployment", "d", spec={"selector": {"matchLabels": {"a": "b"}}, "template": template}), "baseline", "?dryRun=All")
    a.create("job, warned", obj("batch/v1", "Job", "j", spec={"template": {**template, "spec": {**template["spec"], "restartPolicy": "Never"}}}), "baseline", "?dryRun=All")
    for key, value in (("enforce", "strict"), ("warn", "x"), ("enforce-version", "1.2"), ("audit-version", "latest"), ("other", "x")):
        a.create("namespace label %s=%s" % (key, value), obj("v1", "Namespace", "labelled", metadata={"labels": {label + key: value}}), query="?dryRun=All")
    for name in ("a", "b"):
        a.send("POST", "/api/v1/namespaces/open/pods", {**cases["privileged"], "metadata": {"name": "priv-" + name}})
    a.send("POST", "/api/v1/namespaces/open/pods", {**cases["plain"], "metadata": {"name": "plain"}})
    settled(a, "/api/v1/namespaces/open/pods")
    for level in ("baseline", "restricted", "privileged", "nonsense"):
        a.ask("label a namespace with pods " + level, "PATCH", "/api/v1/namespaces/open?dryRun=All", {"metadata": {"labels": {label + "enforce": level}}}, None, MERGE)
    a.send("POST", "/api/v1/namespaces/old/pods", {**cases["good"], "metadata": {"name": "good"}})
    a.ask("image of a pod that is let in", "PATCH", "/api/v1/namespaces/old/pods/good?dryRun=All", {"spec": {"containers": [{**good, "image": "other"}]}}, None, "application/strategic-merge-patch+json")
    debug = {"spec": {"ephemeralContainers": [{"name": "d", "image": "i", "targetContainerName": "c"}]}}
    a.ask("ephemeral container that is not", "PATCH", "/api/v1/namespaces/old/pods/good/ephemeralcontainers?dryRun=All", debug, None, "application/strategic-merge-patch+json")


def csr_pem(subject):
    with tempfile.TemporaryDirectory() as d:
        subprocess.run(["openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", d + "/k", "-out", d + "/c", "-subj", subject], check=True, capture_output=True)
        return base64.b64encode(open(d + "/c", "rb").read()).decode()


def certificates(a):
    path = "/apis/certificates.k8s.io/v1/certificatesigningrequests"
    rbac = "rbac.authorization.k8s.io"
    a.set(obj(rbac + "/v1", "ClusterRole", "csr", rules=[{"verbs": ["*"], "apiGroups": ["certificates.k8s.io"], "resources": ["certificatesigningrequests", "certificatesigningrequests/approval", "certificatesigningrequests/status"]}]),
          obj(rbac + "/v1", "ClusterRoleBinding", "csr", roleRef={"apiGroup": rbac, "kind": "ClusterRole", "name": "csr"}, subjects=[{"kind": "User", "name": "alice", "apiGroup": rbac}]))
    until(lambda: a.send("GET", path, None, ALICE, identity=False)[0] == 200, "the rights of alice")
    make = lambda name, signer, subject="/CN=x/O=y", usages=("client auth",), **more: obj("certificates.k8s.io/v1", "CertificateSigningRequest", name, spec={
        "request": csr_pem(subject), "signerName": signer, "usages": list(usages), **more})
    def hide(name):
        body = a.answers[name].get("body")
        if body and "spec" in body:
            body["spec"]["request"] = "<request>"
    for name, o, who in (("plain", make("plain", "example.com/signer"), None), ("by alice", make("of-alice", "example.com/signer"), ALICE),
                         ("pretends", make("pretends", "example.com/signer", username="root", groups=["system:masters"], uid="u", extra={"a": ["b"]}), ALICE),
                         ("masters", make("masters", "kubernetes.io/kube-apiserver-client", "/CN=x/O=system:masters"), None),
                         ("masters of another signer", make("masters2", "example.com/signer", "/CN=x/O=system:masters"), None),
                         ("client", make("client", "kubernetes.io/kube-apiserver-client", usages=("digital signature", "client auth")), None)):
        a.ask("request, " + name, "POST", path, o, who)
        hide("request, " + name)
    approve = {"status": {"conditions": [{"type": "Approved", "status": "True", "reason": "r", "message": "m"}]}}
    a.ask("approval by alice", "PATCH", path + "/plain/approval", approve, ALICE, MERGE)
    a.ask("signing by alice", "PATCH", path + "/plain/status", {"status": {"certificate": base64.b64encode(b"x").decode()}}, ALICE, MERGE)
    a.ask("conditions by alice", "PATCH", path + "/plain/status", {"status": {"conditions": [{"type": "Failed", "status": "True", "reason": "r", "message": "m"}]}}, ALICE, MERGE)
    a.set(obj(rbac + "/v1", "ClusterRole", "approve", rules=[{"verbs": ["approve"], "apiGroups": ["certificates.k8s.io"], "resources": ["signers"], "resourceNames": ["example.com/*"]}]),
          obj(rbac + "/v1", "ClusterRoleBinding", "approve", roleRef={"apiGroup": rbac, "kind": "ClusterRole", "name": "approve"}, subjects=[{"kind": "User", "name": "alice", "apiGroup": rbac}]))
    until(lambda: a.send("PATCH", path + "/plain/approval?dryRun=All", approve, ALICE, MERGE, identity=False)[0] == 200, "the right to approve")
    for name, who in (("plain", ALICE), ("client", ALICE)):
        a.ask("approval with the right, " + name, "PATCH", path + "/%s/approval?dryRun=All" % name, approve, who, MERGE)
        hide("approval with the right, " + name)


DEFAULT = {f.__name__: f for f in (priority, tolerations, runtime_class, nodes, classes, limits, namespaces, accounts, pod_security, certificates)}


def more_plugins(a):
    a.namespace("more")
    create = lambda name, o, ns="more", who=None, query="?dryRun=All": a.ask(name, "POST", ("/api/v1/namespaces/%s/%s" % (ns, o["kind"].lower() + "s")) + query, o, who)
    create("images are always pulled", pod(containers=[box(imagePullPolicy="IfNotPresent")], initContainers=[box("i", imagePullPolicy="Never")]))
    ports = {"ports": [{"port": 80}]}
    create("external addresses", obj("v1", "Service", "s", spec={**ports, "externalIPs": ["1.2.3.4"]}))
    a.set(obj("v1", "Service", "s", "more", spec=ports))
    a.ask("external addresses by update", "PATCH", "/api/v1/namespaces/more/services/s", {"spec": {"externalIPs": ["1.2.3.4"]}}, None, MERGE)
    create("a device is tolerated", pod(containers=[box(resources={"limits": {"example.com/gpu": "1"}})]))
    anti = lambda key: {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [{"topologyKey": key, "labelSelector": {"matchLabels": {"a": "b"}}}]}}
    create("apart by host", pod(affinity=anti("kubernetes.io/hostname")))
    create("apart by zone", pod(affinity=anti("topology.kubernetes.io/zone")))
    create("a namespace comes with its first object", obj("v1", "ConfigMap", "x"), "fresh", query="")
    a.answers["the namespace is there"] = {"status": a.send("GET", "/api/v1/namespaces/fresh")[0]}
    create("a dry run makes no namespace", obj("v1", "ConfigMap", "x"), "fresh2")
    a.answers["no namespace is there"] = {"status": a.send("GET", "/api/v1/namespaces/fresh2")[0]}
    rbac = "rbac.authorization.k8s.io"
    a.set(obj(rbac + "/v1", "ClusterRole", "cm", rules=[{"verbs": ["create", "update", "patch", "get"], "apiGroups": [""], "resources": ["configmaps"]}]),
          obj(rbac + "/v1", "ClusterRoleBinding", "cm", roleRef={"apiGroup": rbac, "kind": "ClusterRole", "name": "cm"}, subjects=[{"kind": "User", "name": "alice", "apiGroup": rbac}]))
    until(lambda: a.send("GET", "/api/v1/namespaces/more/configmaps/none", None, ALICE, identity=False)[0] == 404, "the rights of alice")
    owner = lambda **more: {"ownerReferences": [{"apiVersion": "apps/v1", "kind": "Deployment", "name": "d", "uid": "u", **more}]}
    create("an owner", obj("v1", "ConfigMap", "x", metadata=owner()), who=ALICE)
    create("an owner that is blocked", obj("v1", "ConfigMap", "x", metadata=owner(blockOwnerDeletion=True)), who=ALICE)
    create("an owner of no kind", obj("v1", "ConfigMap", "x", metadata={"ownerReferences": [{"apiVersion": "x/v1", "kind": "Y", "name": "d", "uid": "u", "blockOwnerDeletion": True}]}), who=ALICE)
    a.set(obj("v1", "ConfigMap", "mine", "more"))
    a.ask("an owner by update", "PATCH", "/api/v1/namespaces/more/configmaps/mine?dryRun=All", {"metadata": owner()}, ALICE, MERGE)
    a.namespace("selected")
    a.send("PATCH", "/api/v1/namespaces/selected", {"metadata": {"annotations": {
        "scheduler.alpha.kubernetes.io/node-selector": "env=test", "scheduler.alpha.kubernetes.io/defaultTolerations": '[{"key":"k","operator":"Exists"}]',
        "scheduler.alpha.kubernetes.io/tolerationsWhitelist": '[{"operator":"Exists","key":"k"},{"operator":"Exists","key":"node.kubernetes.io/not-ready"},{"operator":"Exists","key":"node.kubernetes.io/unreachable"}]'}}}, None, MERGE)
    settled(a, "/api/v1/namespaces")
    create("a namespace's selector", pod(), "selected")
    create("a conflicting selector", pod(nodeSelector={"env": "prod"}), "selected")
    create("a toleration that is not allowed", pod(tolerations=[{"key": "z", "operator": "Exists"}]), "selected")
    create("a toleration that is", pod(tolerations=[{"key": "k", "operator": "Exists", "effect": "NoExecute"}]), "selected")


MORE_PARTS = {"more_plugins": more_plugins}


def answers(conf, parts):
    a = Asker(conf)
    out = {}
    for name, part in parts.items():
        a.answers = {}
        part(a)
        out[name] = a.answers
    return out


if sys.argv[1:2] == ["--record"]:
    golden = load(GOLDEN) if os.path.exists(GOLDEN) else {}
    save(GOLDEN, {**golden, **answers(sys.argv[3], DEFAULT if sys.argv[2] == "default" else MORE_PARTS)})
    sys.exit()

golden = load(GOLDEN)
for parts, plugins in ((DEFAULT, "NodeRestriction"), (MORE_PARTS, "NodeRestriction," + MORE)):
    flags = ["kube-apiserver.token-auth-file=" + TOKENS, "kube-apiserver.enable-admission-plugins=" + plugins,
             "kube-controller-manager.controllers=clusterrole-aggregation-controller"]
    with skiff.Cluster(nodes=0, flags=flags) as cluster:
        cluster.local("kill", "kube-scheduler")
        replay(Asker(cluster.conf), "admission", parts, golden)

skiff.finish()
