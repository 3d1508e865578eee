"""ServiceCIDR and IPAddress objects beside the services that use them."""
from topics._common import *

CIDRS, IPS, SERVICES = "/apis/networking.k8s.io/v1/servicecidrs", "/apis/networking.k8s.io/v1/ipaddresses", NS + "/services"


def steps(rng, memory, count):
    yield from namespace()
    for _ in range(count):
        roll = rng.random()
        known = sorted(k for k in memory if k.startswith((CIDRS + "/@X@", SERVICES + "/@X@")))
        if roll < 0.2 or not known:
            yield post(CIDRS, {"metadata": {"name": "@X@-" + rng.choice("ab")}, "spec": {"cidrs": rng.choice((["192.168.77.0/24"], ["192.168.78.0/24", "fd00:9::/112"], ["x"], [], ["192.168.77.1/24"], ["192.168.77.0/24", "192.168.79.0/24"], ["192.168.80.0/31"]))}})
        elif roll < 0.4:
            yield post(SERVICES, {"metadata": {"name": "@X@-" + rng.choice("ab")}, "spec": {"ports": [{"port": 80}], "clusterIP": rng.choice(("192.168.77.5", "192.168.77.0", "192.168.77.255", "192.168.99.1", "10.96.0.209"))}})
        elif roll < 0.6:
            yield post(IPS, {"metadata": {"name": rng.choice(("192.168.77.9", "192.168.077.9", "x", "10.96.0.208", "fd00::1", "FD00::1"))}, "spec": {"parentRef": rng.choice(({"group": "", "resource": "services", "namespace": "@NS@", "name": "@X@-a"}, {"resource": "services", "name": "@X@-a"}, {}, {"resource": "", "name": ""}))}})
        elif roll < 0.7:
            yield delete(rng.choice((IPS + "/192.168.77.9", IPS + "/10.96.0.208", IPS + "/192.168.77.5")))
        elif roll < 0.8:
            yield delete(rng.choice(known))
        elif roll < 0.88:
            yield merge(rng.choice(known), rng.choice(({"spec": {"cidrs": ["192.168.77.0/24", "fd00:9::/112"]}}, {"metadata": {"labels": {"a": "b"}}}, {"spec": {"cidrs": ["192.168.90.0/24"]}}, {"metadata": {"finalizers": None}}, {"spec": None})))
        elif roll < 0.92:
            yield merge(rng.choice((CIDRS + "/kubernetes", CIDRS + "/@X@-a")) + "?dryRun=All", {"spec": {"cidrs": ["10.96.0.0/16"]}})
        else:
            yield get(rng.choice((IPS + "/192.168.77.5", IPS + "/192.168.77.9", CIDRS + "/@X@-a", CIDRS + "/@X@-b", rng.choice(known))), rng.choice((None, TABLE)), key="read")
    for key in (IPS + "/192.168.77.9", IPS + "/10.96.0.208", IPS + "/fd00::1", SERVICES + "/@X@-a", SERVICES + "/@X@-b", CIDRS + "/@X@-a", CIDRS + "/@X@-b"):
        yield delete(key)
        if "cidrs" in key:
            yield merge(key, {"metadata": {"finalizers": None}})
