#!/usr/bin/env python3
"""Policies and webhooks that look at a write in another version than it was asked for (matchPolicy), and policies whose
parameters are custom resources.

The expected answers are upstream's own, in test/golden/policy_versions.json; `policy_versions.py --record KUBECONFIG` asks an
upstream apiserver."""
import json
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
import skiff
from ask import MERGE, obj, plain, scrub
from hooks import Hooks
from recorded import asked, load, promise, save
from skiff import until

GOLDEN = os.path.join(HERE, "..", "golden", "policy_versions.json")
ADMISSION, GROUP, NS = "admissionregistration.k8s.io", "versions.example.org", "versions"
CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
POLICIES, BINDINGS = ("/apis/%s/v1/validatingadmissionpolic%s" % (ADMISSION, s) for s in ("ies", "ybindings"))
THINGS = "/apis/%s/%%s/namespaces/%s/things" % (GROUP, NS)
SCALERS = "/apis/autoscaling/%%s/namespaces/%s/horizontalpodautoscalers" % NS


def definition(plural, kind, *versions, scope="Namespaced"):
    schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    return obj("apiextensions.k8s.io/v1", "CustomResourceDefinition", "%s.%s" % (plural, GROUP), spec={
        "group": GROUP, "scope": scope, "names": {"plural": plural, "kind": kind},
        "versions": [{"name": v, "served": True, "storage": i == 0, "schema": schema} for i, v in enumerate(versions)]})


def rule(group, version, resource, operations=("CREATE", "UPDATE", "DELETE")):
    return {"apiGroups": [group], "apiVersions": [version], "operations": list(operations), "resources": [resource]}


SAYS = ("'seen as ' + (object == null ? 'old ' + oldObject.apiVersion : object.apiVersion) + ' by ' + request.kind.version + '/' + request.resource.version + ' asked as ' "
        "+ request.requestKind.version + '/' + request.requestResource.version + ' ' + request.requestResource.group")


def policy(a, name, rules, expression="false", says=SAYS, match="Equivalent", binding=None, **spec):
    a.send("POST", POLICIES, obj(ADMISSION + "/v1", "ValidatingAdmissionPolicy", name, spec={
        "matchConstraints": {"resourceRules": rules, "matchPolicy": match, "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": NS}}},
        "validations": [{"expression": expression, "messageExpression": says}], **spec}))
    a.send("POST", BINDINGS, obj(ADMISSION + "/v1", "ValidatingAdmissionPolicyBinding", name, spec={"policyName": name, "validationActions": ["Warn"], **(binding or {})}))


def thing(name, version, **spec):
    return obj("%s/%s" % (GROUP, version), "Thing", name, spec=spec)


def scaler(name, version):
    return obj("autoscaling/" + version, "HorizontalPodAutoscaler", name, spec={"maxReplicas": 3, "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "x"}})


def event(name, group):
    if group:
        return obj(group + "/v1", "Event", name, eventTime="2026-01-01T00:00:00.000000Z", reportingController="c", reportingInstance="i", action="a", reason="r", type="Normal",
                   regarding={"kind": "Pod", "namespace": NS, "name": "p"})
    return obj("v1", "Event", name, involvedObject={"kind": "Pod", "namespace": NS, "name": "p"}, reason="r", message="m", type="Normal")


def questions(a, when):
    for version in ("v1", "v2"):
        a.ask("%s: thing, %s" % (when, version), "POST", THINGS % version + "?dryRun=All", thing("t", version, size=5))
        a.ask("%s: thing patched, %s" % (when, version), "PATCH", THINGS % version + "/there?dryRun=All", {"spec": {"size": 7}}, None, MERGE)
        a.ask("%s: thing deleted, %s" % (when, version), "DELETE", THINGS % version + "/there?dryRun=All")
        a.ask("%s: scaler, %s" % (when, version), "POST", SCALERS % version + "?dryRun=All", scaler("s", version))
    for group, path in (("", "/api/v1"), ("events.k8s.io", "/apis/events.k8s.io/v1")):
        a.ask("%s: event, %s" % (when, group or "core"), "POST", "%s/namespaces/%s/events?dryRun=All" % (path, NS), event("e", group))


def forget(a, *names):
    for name in names:
        a.send("DELETE", "%s/%s" % (BINDINGS, name))
        a.send("DELETE", "%s/%s" % (POLICIES, name))


def ask_all(a, hooks):
    a.namespace(NS)
    for d in (definition("things", "Thing", "v1", "v2"), definition("limits", "Limit", "v1", "v2"), definition("caps", "Cap", "v1", scope="Cluster")):
        a.send("POST", CRDS, d)
    limits, caps = "/apis/%s/v1/namespaces/%s/limits" % (GROUP, NS), "/apis/%s/v1/caps" % GROUP
    until(lambda: all(a.send("GET", p)[0] == 200 for p in (THINGS % "v1", THINGS % "v2", limits, caps)), "the things to be served")
    a.send("POST", THINGS % "v1", thing("there", "v1", size=1))
    # Versions.
    for name, rules in (("things", [rule(GROUP, "v1", "things")]), ("scalers", [rule("autoscaling", "v1", "horizontalpodautoscalers")]), ("events", [rule("events.k8s.io", "v1", "events")])):
        policy(a, name, rules)
        policy(a, name + "-exact", rules, match="Exact", says="'exactly'")
    until(lambda: a.send("POST", "/api/v1/namespaces/%s/events?dryRun=All" % NS, event("e", ""))[1].get_all("Warning"), "the policies to be in force")
    questions(a, "policy")
    forget(a, *(n + x for n in ("things", "scalers", "events") for x in ("", "-exact")))
    # Parameters.
    for path, name, version, kind, most in ((limits, "small", "v1", "Limit", 3), (limits, "large", "v1", "Limit", 9), (caps, "cap", "v1", "Cap", 4)):
        a.send("POST", path, obj("%s/%s" % (GROUP, version), kind, name, spec={"most": most}, metadata={"labels": {"use": "yes"}}))
    checks = {"expression": "object.spec.size <= params.spec.most", "says": "params.apiVersion + ' ' + params.metadata.name + ' allows ' + string(params.spec.most)"}
    for name, version, kind, ref in (("named", "v1", "Limit", {"name": "small"}), ("other-version", "v2", "Limit", {"name": "small"}), ("selected", "v1", "Limit", {"selector": {"matchLabels": {"use": "yes"}}}),
                                     ("missing", "v1", "Limit", {"name": "nope"}), ("missing-allowed", "v1", "Limit", {"name": "nope", "parameterNotFoundAction": "Allow"}), ("cluster", "v1", "Cap", {"name": "cap"}),
                                     ("cluster-namespaced", "v1", "Cap", {"name": "cap", "namespace": NS}), ("unknown", "v1", "Nothing", {"name": "x"})):
        policy(a, name, [rule(GROUP, "v1", "things")], **checks, paramKind={"apiVersion": "%s/%s" % (GROUP, version), "kind": kind},
               binding={"validationActions": ["Deny"], "paramRef": {"parameterNotFoundAction": "Deny", **ref}})
        until(lambda: json.loads(a.send("GET", "%s/%s" % (BINDINGS, name))[2]).get("kind") == "ValidatingAdmissionPolicyBinding", "the binding")
        settled(lambda: json.loads(a.send("POST", THINGS % "v1" + "?dryRun=All", thing("t", "v1", size=5))[2]).get("message"))
        a.ask("parameters: " + name, "POST", THINGS % "v1" + "?dryRun=All", thing("t", "v1", size=5))
        forget(a, name)
        until(lambda: a.send("POST", THINGS % "v1" + "?dryRun=All", thing("t", "v1", size=5))[0] == 201, "the policy to be forgotten")
    # Webhooks.
    hook = {"name": "seen.example.com", "clientConfig": {"url": hooks.url + "/allow", "caBundle": hooks.ca}, "sideEffects": "None", "admissionReviewVersions": ["v1"],
            "matchPolicy": "Equivalent", "rules": [rule(GROUP, "v1", "things"), rule("autoscaling", "v1", "horizontalpodautoscalers"), rule("events.k8s.io", "v1", "events")],
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": NS}}}
    path = "/apis/%s/v1/validatingwebhookconfigurations" % ADMISSION
    a.send("POST", path, obj(ADMISSION + "/v1", "ValidatingWebhookConfiguration", "seen", webhooks=[hook]))
    until(lambda: a.send("POST", THINGS % "v1" + "?dryRun=All", thing("t", "v1", size=5)) and hooks.take(), "the webhook to be called")
    for name, method, p, body in (("thing", "POST", THINGS % "v2", thing("t", "v2", size=5)), ("thing deleted", "DELETE", THINGS % "v2" + "/there", None), ("scaler", "POST", SCALERS % "v2", scaler("s", "v2")),
                                  ("event", "POST", "/api/v1/namespaces/%s/events" % NS, event("e", ""))):
        a.ask("webhook: " + name, method, p + "?dryRun=All", body)
        a.answers["webhook is sent: " + name] = [plain(scrub(s["body"])) for s in hooks.take()]
    a.send("DELETE", path + "/seen")
    for plural in ("things", "limits", "caps"):
        a.send("DELETE", "%s/%s.%s" % (CRDS, plural, GROUP))


def settled(look):
    """Until the same has been seen for a while: upstream takes its time with parameters it has not met before."""
    seen = []

    def same():
        seen.append(look())
        return len(seen) > 12 and len({*seen[-12:]}) == 1
    until(same, "an answer that stays", 30)


hooks = Hooks()
if sys.argv[1:2] == ["--record"]:
    save(GOLDEN, asked(sys.argv[2], ask_all, hooks))
    sys.exit()

golden = load(GOLDEN)
with skiff.Cluster(nodes=0) as cluster:
    promise(asked(cluster.conf, ask_all, hooks), golden)
hooks.stop()
skiff.finish()
