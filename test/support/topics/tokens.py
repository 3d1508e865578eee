"""Tokens of service accounts: asked for, used, bound to objects that go away; certificates: asked for, approved, denied, signed."""
from topics._common import *

ACCOUNTS, CSRS = NS + "/serviceaccounts", "/apis/certificates.k8s.io/v1/certificatesigningrequests"
REQUEST = ("LS0tLS1CRUdJTiBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0KTUlIWE1IOENBUUF3SFRFTU1Bb0dBMVVFQ2d3RFpHVjJNUTB3Q3dZRFZRUUREQVJxWVc1bE1Ga3dFd1lIS29aSQp6ajBD"
           "QVFZSUtvWkl6ajBEQVFjRFFnQUUycjBlVVkyV0s5SDBHMFMyazluMUQwcDNodFRjL1pBSnllc1Y0Z2lhCkluRTZIMUVRdFh5b2Z4YTkxcno3bThYY3k4d2JGanh6V0hOOUFPVmZPM1h5"
           "ZzZBQU1Bb0dDQ3FHU000OUJBTUMKQTBnQU1FVUNJQVRIQkltblpUSzlJRGNtVTRHVWJrcHhpVFhNNVJWbWE0TGpGUW1XbXloeEFpRUEyNm93dGxtVwpYOStyelA0YjVJVjgvb2dhNWVH"
           "UmJwaEtwODl3bVYzOUZ0ND0KLS0tLS1FTkQgQ0VSVElGSUNBVEUgUkVRVUVTVC0tLS0tCg==")
REVIEWS = "/apis/authentication.k8s.io/v1/tokenreviews"


def token(rng):
    spec = {}
    if rng.random() < 0.5:
        spec["expirationSeconds"] = rng.choice((600, 3600, 599, 0, -1, 1 << 32, (1 << 32) + 1, 7200))
    if rng.random() < 0.4:
        spec["audiences"] = rng.choice((["https://kubernetes.default.svc.cluster.local"], ["other"], [], ["a", "b"]))
    if rng.random() < 0.6:
        kind, path = rng.choice((("Pod", "pods"), ("Secret", "secrets"), ("Node", None), ("ConfigMap", None)))
        spec["boundObjectRef"] = {"apiVersion": "v1", "kind": kind, "name": "@X@-" + rng.choice("ab"), **rng.choice(({}, {"uid": "x"}, {"uid": "${%s/%s/@X@-a:metadata.uid}" % (NS, path)} if path else {}))}
    return {"spec": spec}


def use(rng):
    return {"method": "GET", "path": rng.choice((NS + "/pods", "/version", NS + "/configmaps", "/api")), "headers": {"Authorization": "Bearer ${token:status.token}"}, "identity": "none", "key": "read"}


def csr(rng, memory):
    known = sorted(k for k in memory if k.startswith(CSRS + "/@X@"))
    roll = rng.random()
    if not known or roll < 0.35:
        spec = {"request": REQUEST, "signerName": rng.choice(("example.com/s", "kubernetes.io/kube-apiserver-client", "kubernetes.io/kubelet-serving", "x", "kubernetes.io/legacy-unknown")), "usages": rng.choice((["digital signature"], ["client auth"], ["digital signature", "key encipherment", "client auth"], ["odd"], [], ["server auth", "server auth"]))}
        if rng.random() < 0.2:
            spec["expirationSeconds"] = rng.choice((600, 599, 86400))
        if rng.random() < 0.2:
            spec.update(username="other", groups=["x"], uid="1")
        return post(CSRS, {"metadata": {"name": "@X@-" + rng.choice("ab")}, "spec": spec}, **({"headers": {"Impersonate-User": "jane"}} if rng.random() < 0.1 else {}))
    key = rng.choice(known)
    if roll < 0.6:
        conditions = rng.choice(([{"type": "Approved", "status": "True", "reason": "r", "message": "m"}], [{"type": "Denied", "status": "True"}], [{"type": "Failed", "status": "True"}], [{"type": "Approved", "status": "False"}], [{"type": "Approved", "status": "True"}, {"type": "Denied", "status": "True"}],
                                 [{"type": "Other", "status": "Unknown"}], [{"type": "Approved", "status": "True"}, {"type": "Approved", "status": "True"}], [], [{"type": "", "status": "True"}], [{"type": "Approved"}]))
        sub = rng.choice(("/approval", "/approval", "/approval", "/status", ""))
        return edit(key + sub, key, [[["status", "conditions"], conditions]] + rng.choice(([], [], [[["spec", "usages"], ["any"]]], [[["metadata", "labels"], {"a": "b"}]])))
    if roll < 0.75:
        return merge(key + rng.choice(("/status", "/status", "/approval")), {"status": {"certificate": rng.choice(("eA==", "", None, "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCg=="))}})
    if roll < 0.85:
        return delete(key)
    return get(rng.choice((key, key + "/approval", key + "/status")), rng.choice((None, TABLE)), key="read")


def step(rng, memory):
    roll, name = rng.random(), "@X@-" + rng.choice("ab")
    if roll < 0.08:
        return post(ACCOUNTS, {"metadata": {"name": name}, **rng.choice(({}, {"automountServiceAccountToken": False}, {"secrets": [{"name": name}]}))})
    if roll < 0.16:
        account = rng.choice(("default", "default", "@X@-a", "absent"))
        return post(NS + "/pods", {"metadata": {"name": name}, "spec": {"serviceAccountName": account, "containers": [{"name": "c", "image": "x"}], **rng.choice(({}, {"automountServiceAccountToken": False}))}})
    if roll < 0.22:
        return post(NS + "/secrets", {"metadata": {"name": name, "annotations": {"kubernetes.io/service-account.name": rng.choice(("default", "absent"))}}, "type": rng.choice(("kubernetes.io/service-account-token", "Opaque"))})
    if roll < 0.42:
        return post(ACCOUNTS + "/" + rng.choice(("default", "@X@-a", "absent")) + "/token" + rng.choice(("", "", "", "?dryRun=All")), token(rng), key="token", **({"headers": {"Impersonate-User": "jane"}} if rng.random() < 0.07 else {}))
    if roll < 0.56:
        return use(rng)
    if roll < 0.62:
        return post(REVIEWS, {"spec": {"token": "${token:status.token}", **rng.choice(({}, {"audiences": ["other"]}, {"audiences": ["a", "https://kubernetes.default.svc.cluster.local"]}))}})
    if roll < 0.72:
        return delete(rng.choice((NS + "/pods/@X@-a?gracePeriodSeconds=0", NS + "/secrets/@X@-a", ACCOUNTS + "/@X@-a", NS + "/pods/@X@-b?gracePeriodSeconds=0", ACCOUNTS + "/default" if rng.random() < 0.2 else ACCOUNTS + "/@X@-b")))
    return csr(rng, memory)


def steps(rng, memory, count):
    yield from namespace()
    for _ in range(count):
        yield step(rng, memory)
    for key in sorted(k for k in memory if k.startswith(CSRS + "/@X@")):
        yield delete(key)
