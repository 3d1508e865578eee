"""Services: types that change, addresses and ports that are asked for, taken, released and taken again, both families."""
from topics._common import *

SERVICES = NS + "/services"
PORTS = ([{"port": 80}], [{"port": 80, "name": "a"}, {"port": 81, "name": "b"}], [{"port": 80, "name": "a", "protocol": "UDP"}, {"port": 80, "name": "b", "protocol": "TCP"}], [],
         [{"port": 80, "targetPort": "web"}], [{"port": 0}], [{"port": 80, "nodePort": 30010}], [{"port": 80, "nodePort": 30011, "name": "a"}, {"port": 81, "nodePort": 30011, "name": "b"}],
         [{"port": 80, "nodePort": 30012, "name": "a", "protocol": "TCP"}, {"port": 81, "nodePort": 30012, "name": "b", "protocol": "UDP"}], [{"port": 80, "nodePort": 80}], [{"port": 80, "nodePort": 32768}],
         [{"port": 80, "appProtocol": "https"}], [{"port": 80, "protocol": "SCTP"}])
FIELDS = [(["spec", "type"], ("ClusterIP", "NodePort", "LoadBalancer", "ExternalName", "ClusterIP", "Odd", None)),
          (["spec", "clusterIP"], ("", "None", "10.96.0.201", "10.96.0.202", "10.99.0.1", "10.96.0.1", "1.2.3.4", "x", "fd00::1", None)),
          (["spec", "clusterIPs"], ([], ["None"], ["10.96.0.201"], ["10.96.0.201", "fd00::1"], ["10.96.0.201", "10.96.0.202"], ["x"], None)),
          (["spec", "ports"], PORTS),
          (["spec", "ipFamilyPolicy"], ("SingleStack", "PreferDualStack", "RequireDualStack", "Odd", None)),
          (["spec", "ipFamilies"], (["IPv4"], ["IPv6"], ["IPv4", "IPv6"], ["IPv4", "IPv4"], ["Odd"], [], None)),
          (["spec", "externalName"], ("a.example.com", "", "A_b", "a.example.com.", None)),
          (["spec", "externalTrafficPolicy"], ("Local", "Cluster", "Odd", "", None)),
          (["spec", "internalTrafficPolicy"], ("Local", "Cluster", "Odd", None)),
          (["spec", "healthCheckNodePort"], (30041, 30042, 0, 80, -1, None)),
          (["spec", "sessionAffinity"], ("ClientIP", "None", "Odd", None)),
          (["spec", "sessionAffinityConfig"], ({"clientIP": {"timeoutSeconds": 5}}, {"clientIP": {"timeoutSeconds": 0}}, {}, {"clientIP": {}}, None)),
          (["spec", "externalIPs"], (["1.2.3.4"], ["x"], ["127.0.0.1"], [], None)),
          (["spec", "loadBalancerIP"], ("1.2.3.4", "", "x", None)),
          (["spec", "loadBalancerClass"], ("example.com/lb", "x", "", None)),
          (["spec", "loadBalancerSourceRanges"], (["10.0.0.0/8"], ["x"], [" 10.0.0.0/8 "], [], None)),
          (["spec", "allocateLoadBalancerNodePorts"], (True, False, None)),
          (["spec", "publishNotReadyAddresses"], (True, False)),
          (["spec", "selector"], ({"a": "b"}, {}, {"a": "b=c"}, None)),
          (["spec", "trafficDistribution"], ("PreferClose", "PreferSameNode", "PreferSameZone", "Odd", None)),
          (["metadata", "annotations"], ({"service.kubernetes.io/topology-mode": "auto"}, {"service.beta.kubernetes.io/load-balancer-source-ranges": "10.0.0.0/8"}, {"service.beta.kubernetes.io/load-balancer-source-ranges": "x"}, None))]
TYPICAL = ([(["spec", "type"], "NodePort")], [(["spec", "type"], "LoadBalancer")], [(["spec", "type"], "ExternalName"), (["spec", "externalName"], "a.example.com")],
           [(["spec", "clusterIP"], "None")], [(["spec", "type"], "LoadBalancer"), (["spec", "externalTrafficPolicy"], "Local")], [(["spec", "clusterIP"], "10.96.0.201")],
           [(["spec", "type"], "NodePort"), (["spec", "ports"], PORTS[6])], [(["spec", "type"], "LoadBalancer"), (["spec", "allocateLoadBalancerNodePorts"], False)], [])


def changes(rng, most=3):
    out = []
    for _ in range(rng.randint(1, most)):
        path, values = rng.choice(FIELDS[:7] + FIELDS)
        out.append([path, rng.choice(values)])
    return out


def body(rng):
    out = {"metadata": {"name": "@X@-" + rng.choice("abc")}, "spec": {"ports": rng.choice(PORTS[:3])}}
    some = [list(c) for c in rng.choice(TYPICAL)] + (changes(rng) if rng.random() < 0.5 else [])
    for path, value in some:
        if value is not None:
            out.setdefault(path[0], {})[path[1]] = value
    return out


def step(rng, memory):
    known = sorted(k for k in memory if k.startswith(SERVICES + "/@X@"))
    roll = rng.random()
    dry = "?dryRun=All" if rng.random() < 0.12 else ""
    if not known or roll < 0.25:
        return post(SERVICES + dry, body(rng))
    key = rng.choice(known)
    if roll < 0.45:
        sets = changes(rng)
        drops = [rng.choice((["spec", "clusterIP"], ["spec", "clusterIPs"], ["spec", "ports", 0, "nodePort"], ["spec", "healthCheckNodePort"], ["spec", "ipFamilies"], ["spec", "ipFamilyPolicy"], ["metadata", "resourceVersion"]))] if rng.random() < 0.4 else []
        return edit(key + dry, key, [s for s in sets if s[1] is not None], drops + [s[0] for s in sets if s[1] is None])
    if roll < 0.62:
        patch = {}
        for path, value in changes(rng, 4) if rng.random() < 0.7 else [list(c) for c in rng.choice(TYPICAL)]:
            patch.setdefault(path[0], {})[path[1]] = value
        return {**merge(key + dry, patch), **({"headers": STRATEGIC} if rng.random() < 0.5 else {})}
    if roll < 0.72:
        out = {"apiVersion": "v1", "kind": "Service", **body(rng)}
        out["metadata"]["name"] = key.rsplit("/", 1)[1]
        return apply(key + "?fieldManager=m" + rng.choice(("", "&force=true")), out)
    if roll < 0.78:
        ingress = rng.choice(([{"ip": "1.2.3.4"}], [{"ip": "1.2.3.4", "ipMode": "VIP"}], [{"hostname": "a.example.com"}], [{"ip": "1.2.3.4", "ipMode": "Odd"}], [{"ip": "x"}], [], [{"hostname": "1.2.3.4"}], [{"ip": "1.2.3.4", "ports": [{"port": 80, "protocol": "TCP"}]}]))
        return merge(key + "/status", {"status": {"loadBalancer": {"ingress": ingress}}})
    if roll < 0.9:
        return delete(key + dry)
    return get(rng.choice((key, SERVICES)), rng.choice((None, TABLE)), key="read")


def steps(rng, memory, count):
    yield from namespace()
    for _ in range(count):
        yield step(rng, memory)
    for key in sorted(k for k in memory if k.startswith(SERVICES + "/@X@")):
        yield delete(key)
