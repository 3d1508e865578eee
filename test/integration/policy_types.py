#!/usr/bin/env python3
"""The status of ValidatingAdmissionPolicies tells what their expressions get wrong about the types of objects.

Recorded answers of upstream (with its controller manager): test/golden/policy_types.json, made by
`policy_types.py --record KUBECONFIG`."""
import json
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
import skiff
from ask import MERGE, Asker, obj
from skiff import eq, test, until

GOLDEN = os.path.join(HERE, "..", "golden", "policy_types.json")
POLICIES = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies"
APPS, CORE = (["apps"], ["v1"], ["deployments"]), ([""], ["v1"], ["pods"])

# name: (groups, versions, resources), expression, more of the spec
CASES = {
    "good": (APPS, "object.spec.replicas <= 5"),
    "no such field": (APPS, "object.spec.replicaz <= 5"),
    "another type": (APPS, "object.spec.replicas > '1'"),
    "one of two kinds": ((["apps"], ["v1"], ["deployments", "replicasets"]), "object.spec.strategy.type == 'x'"),
    "kinds of two groups": ((["apps", ""], ["v1"], ["deployments", "pods"]), "object.spec.template.spec.foo == 1 && object.bar == 2"),
    "old object": (APPS, "oldObject.foo == 1"),
    "quantities have no single type": (CORE, "object.spec.containers.all(c, c.resources.limits['cpu'] == 'x')"),
    "one quantity": (CORE, "object.spec.volumes.exists(v, v.emptyDir.sizeLimit == 1)"),
    "int or string": (([""], ["v1"], ["services"]), "object.spec.ports.all(p, p.targetPort == 1.5 || p.targetPort.foo == 's')"),
    "time": (CORE, "object.metadata.creationTimestamp > 5"),
    "micro time": ((["coordination.k8s.io"], ["v1"], ["leases"]), "object.spec.renewTime == 1"),
    "labels": (CORE, "object.metadata.labels['a'] == 1"),
    "bytes": (([""], ["v1"], ["secrets"]), "object.data['a'] == 1"),
    "kind and version": (([""], ["v1"], ["secrets"]), "object.kind == 1 || object.apiVersion == 2"),
    "items of lists": (CORE, "object.metadata.ownerReferences[0].uid == 1"),
    "raw data": ((["apps"], ["v1"], ["controllerrevisions"]), "object.data.foo == 1"),
    "fields of managers": (CORE, "object.metadata.managedFields[0].fieldsV1 == 1"),
    "types in themselves": ((["apiextensions.k8s.io"], ["v1"], ["customresourcedefinitions"]), "object.spec.versions[0].schema.openAPIV3Schema.properties['a'].type == 1"),
    "two versions": ((["autoscaling"], ["v1", "v2"], ["horizontalpodautoscalers"]), "object.spec.metrics == 1"),
    "reserved words": ((["networking.k8s.io"], ["v1"], ["networkpolicies"]), "object.spec.ingress[0].from == 1 && object.spec.ingress[0].ports[0].port == 1"),
    "has": (CORE, "has(object.spec.foo)"),
    "any group": ((["*"], ["v1"], ["pods"]), "object.foo == 1"),
    "any resource": (([""], ["v1"], ["*"]), "object.foo == 1"),
    "subresource": (([""], ["v1"], ["pods/status"]), "object.foo == 1"),
    "unknown group": ((["nope.example.com"], ["v1"], ["things"]), "object.foo == 1"),
    "variables": (APPS, "variables.x == 1 && variables.y.foo == 1", {"variables": [{"name": "x", "expression": "object.spec.template.metadata.name"}, {"name": "y", "expression": "object.spec.nope"}]}),
    "params": (APPS, "params.data.a == 1", {"paramKind": {"apiVersion": "v1", "kind": "ConfigMap"}}),
    "params of unknown kind": (APPS, "params.foo == 1", {"paramKind": {"apiVersion": "v9", "kind": "Nope"}}),
    "authorizer": (APPS, "authorizer.group('apps').resource('deployments').check('get').allowed() && object.nope"),
    "authorizer of the request": (APPS, "authorizer.requestResource.check('create').allowed()"),
    "messages": (APPS, "true", {"validations": [{"expression": "object.x == 1", "messageExpression": "string(object.y)"}, {"expression": "1 == 1", "messageExpression": "string(object.spec.replicas) + 'a'"}]}),
}


def policy(name, where, expression, more=None):
    groups, versions, resources = where
    spec = {"matchConstraints": {"resourceRules": [{"apiGroups": groups, "apiVersions": versions, "operations": ["*"], "resources": resources}]},
            "validations": [{"expression": expression}], **(more or {})}
    return obj("admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicy", name, spec=spec)


def status(asker, name, generation):
    """What the controller wrote. Upstream makes names of types unique by numbers."""
    at = POLICIES + "/" + name
    until(lambda: asker.get(at).get("status", {}).get("observedGeneration") == generation, "the status of " + name)
    return json.loads(re.sub(r"([A-Z][a-z][A-Za-z]*)\d+(\.spec|\.metadata)", r"\1\2", json.dumps(asker.get(at)["status"])))


def answers(conf):
    asker, out = Asker(conf), {}
    names = {case: re.sub(r"\W", "-", case) for case in CASES}
    for case, what in CASES.items():
        code, _, body = asker.send("POST", POLICIES, policy(names[case], *what))
        assert code == 201, (case, body)
    for case in CASES:
        out[case] = status(asker, names[case], 1)
    asker.send("PATCH", POLICIES + "/good", {"spec": {"validations": [{"expression": "object.nope == 1"}]}}, content_type=MERGE)
    out["changed"] = status(asker, "good", 2)
    return out


if sys.argv[1:2] == ["--record"]:
    found = answers(sys.argv[2])
    with open(GOLDEN, "w") as f:
        json.dump(found, f, indent=1, sort_keys=True)
        f.write("\n")
    sys.exit()

golden = json.load(open(GOLDEN))
with skiff.Cluster(nodes=0) as cluster:
    got = answers(cluster.conf)
    for case in golden:
        @test(case)
        def _():
            eq(got.get(case), golden[case])
skiff.finish()
