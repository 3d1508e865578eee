#!/usr/bin/env python3
"""Certificate requests of kubelets are approved and signed, others wait for a person; claims and volumes stay while they are used."""
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
from rest import Rest
from skiff import eq, test, until

CSRS = "/apis/certificates.k8s.io/v1/certificatesigningrequests"


def make(folder, subject, names=""):
    extra = ["-addext", "subjectAltName=" + names] if names else []
    subprocess.run(["openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", folder + "/key", "-out",
                    folder + "/csr", "-subj", subject, *extra], check=True, capture_output=True)
    return base64.b64encode(open(folder + "/csr", "rb").read()).decode()


def request(name, signer, pem, usages, **more):
    return obj("certificates.k8s.io/v1", "CertificateSigningRequest", name, spec={"request": pem, "signerName": signer, "usages": usages, **more})


with skiff.Cluster(nodes=0) as cluster, tempfile.TemporaryDirectory() as folder:
    a = Asker(cluster.conf)
    node = [("Impersonate-User", "system:node:n1"), ("Impersonate-Group", "system:nodes"), ("Impersonate-Group", "system:authenticated")]
    client = ["digital signature", "client auth"]
    status = lambda name: a.get(CSRS + "/" + name).get("status", {})
    conditions = lambda name: [(c["type"], c.get("reason")) for c in status(name).get("conditions", [])]

    @test("a kubelet's client certificate is approved, signed, and lets it in")
    def _():
        rbac = "rbac.authorization.k8s.io"
        a.set(obj(rbac + "/v1", "ClusterRoleBinding", "renew", roleRef={"apiGroup": rbac, "kind": "ClusterRole", "name": "system:certificates.k8s.io:certificatesigningrequests:selfnodeclient"},
                  subjects=[{"kind": "Group", "name": "system:nodes", "apiGroup": rbac}]))
        pem = make(folder, "/O=system:nodes/CN=system:node:n1")
        code, _, body = a.send("POST", CSRS, request("n1", "kubernetes.io/kube-apiserver-client-kubelet", pem, client, expirationSeconds=3600), node)
        eq(code, 201)
        until(lambda: status("n1").get("certificate"), "the certificate")
        eq(conditions("n1"), [("Approved", "AutoApproved")])
        with open(folder + "/crt", "wb") as f:
            f.write(base64.b64decode(status("n1")["certificate"]))
        text = subprocess.run(["openssl", "x509", "-in", folder + "/crt", "-noout", "-text"], check=True, capture_output=True, text=True).stdout
        assert "TLS Web Client Authentication" in text and "Digital Signature" in text and "CA:FALSE" in text, text
        code, _, body = Rest(cluster.conf, cert=(folder + "/crt", folder + "/key"))("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", {
            "apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"})
        eq((code, json.loads(body)["status"]["userInfo"]["username"]), (201, "system:node:n1"))

    @test("requests of others wait for a person, and are signed once approved")
    def _():
        pem = make(folder, "/CN=jane")
        a.set(request("jane", "kubernetes.io/kube-apiserver-client", pem, ["client auth"]))
        approve = {"status": {"conditions": [{"type": "Approved", "status": "True", "reason": "r", "message": "m"}]}}
        eq(conditions("jane"), [])
        eq(a.send("PATCH", CSRS + "/jane/approval", approve, None, MERGE)[0], 200)
        until(lambda: status("jane").get("certificate"), "the certificate")

    @test("what a signer does not sign fails with the reason")
    def _():
        pem = make(folder, "/CN=jane")
        a.set(request("serving", "kubernetes.io/kubelet-serving", pem, ["digital signature", "server auth"]))
        a.send("PATCH", CSRS + "/serving/approval", {"status": {"conditions": [{"type": "Approved", "status": "True", "reason": "r", "message": "m"}]}}, None, MERGE)
        until(lambda: ("Failed", "SignerValidationFailure") in conditions("serving"), "the condition Failed")
        eq(status("serving")["conditions"][-1]["message"], "organization in CSR is not system:nodes")

    a.namespace("use")
    base = "/api/v1/namespaces/use/"
    claim = lambda name: obj("v1", "PersistentVolumeClaim", name, "use", spec={"accessModes": ["ReadWriteOnce"], "storageClassName": "none", "resources": {"requests": {"storage": "1Gi"}}})

    @test("a claim stays until the last pod that uses it is gone")
    def _():
        a.set(claim("held"), claim("free"))
        a.set(obj("v1", "Pod", "user", "use", spec={"nodeName": "n", "automountServiceAccountToken": False, "containers": [{"name": "c", "image": "i"}],
                                                    "volumes": [{"name": "v", "persistentVolumeClaim": {"claimName": "held"}}]}))
        for name in ("held", "free"):
            a.send("DELETE", base + "persistentvolumeclaims/" + name)
        until(lambda: a.send("GET", base + "persistentvolumeclaims/free")[0] == 404, "the free claim is gone")
        eq(a.get(base + "persistentvolumeclaims/held")["metadata"]["finalizers"], ["kubernetes.io/pvc-protection"])
        a.send("DELETE", base + "pods/user?gracePeriodSeconds=0")
        until(lambda: a.send("GET", base + "persistentvolumeclaims/held")[0] == 404, "the claim is gone")

    @test("a volume stays while it is bound")
    def _():
        volume = lambda name: obj("v1", "PersistentVolume", name, spec={"capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"], "hostPath": {"path": "/x"}, "storageClassName": "other"})
        a.set(volume("loose"))
        a.send("DELETE", "/api/v1/persistentvolumes/loose")
        until(lambda: a.send("GET", "/api/v1/persistentvolumes/loose")[0] == 404, "the volume is gone")

    @test("a token secret is filled in, lets its account in, and goes with it")
    def _():
        a.set(obj("v1", "ServiceAccount", "old", "use"), obj("v1", "Secret", "old-token", "use", type="kubernetes.io/service-account-token",
                                                           metadata={"annotations": {"kubernetes.io/service-account.name": "old"}}))
        data = until(lambda: a.get(base + "secrets/old-token").get("data", {}).get("token") and a.get(base + "secrets/old-token")["data"], "the token")
        eq(sorted(data), ["ca.crt", "namespace", "token"])
        me = lambda: a.send("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"},
                            {"Authorization": "Bearer " + base64.b64decode(data["token"]).decode()}, identity=False)
        status, _, body = me()
        eq((status, json.loads(body)["status"]["userInfo"]["username"]), (201, "system:serviceaccount:use:old"))
        a.send("DELETE", base + "serviceaccounts/old")
        until(lambda: a.send("GET", base + "secrets/old-token")[0] == 404, "the secret is gone")
        until(lambda: me()[0] == 401, "the token is refused")

    @test("the service address of a service that never came is released, and a missing one is restored")
    def _():
        a.set(obj("v1", "Service", "s", "use", spec={"ports": [{"port": 80}]}))
        address = a.get(base + "services/s")["spec"]["clusterIP"]
        eq(a.get("/apis/networking.k8s.io/v1/ipaddresses/" + address)["spec"]["parentRef"]["name"], "s")
        a.send("DELETE", "/apis/networking.k8s.io/v1/ipaddresses/" + address)
        cluster.local("restart", "kube-apiserver-0")
        until(a.ready, "the server is ready")
        until(lambda: a.send("GET", "/apis/networking.k8s.io/v1/ipaddresses/" + address)[0] == 200, "the address is taken again", timeout=30)

skiff.finish()
