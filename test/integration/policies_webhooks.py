#!/usr/bin/env python3
"""Validating admission policies and admission webhooks: what they refuse, change and say, and what webhooks are sent.

The expected answers are upstream's own, in test/golden/policies_webhooks.json; `policies_webhooks.py --record KUBECONFIG` asks an
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

GOLDEN = os.path.join(HERE, "..", "golden", "policies_webhooks.json")
GROUP = "admissionregistration.k8s.io"
NS = "judged"
ALL = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE", "UPDATE", "DELETE"], "resources": ["configmaps"]}
POLICIES, BINDINGS = "/apis/%s/v1/validatingadmissionpolicies" % GROUP, "/apis/%s/v1/validatingadmissionpolicybindings" % GROUP


def of_case(case):
    return {"matchLabels": {"case": case}}


def config_map(case, data=None, name=None, **meta):
    o = obj("v1", "ConfigMap", name or case, metadata={"labels": {"case": case}, **meta})
    return {**o, "data": data} if data else o


def policy(case, validations, rule=ALL, **spec):
    return obj(GROUP + "/v1", "ValidatingAdmissionPolicy", case, spec={
        "matchConstraints": {"resourceRules": [rule], "objectSelector": of_case(case)}, "validations": validations, **spec})


def binding(case, actions=("Deny",), **spec):
    return obj(GROUP + "/v1", "ValidatingAdmissionPolicyBinding", case, spec={"policyName": case, "validationActions": list(actions), **spec})


def put(a, path, o):
    status, _, body = a.send("POST", path, o)
    assert status == 201, (o["metadata"]["name"], body)


def says(expression, **more):
    return [{"expression": expression, **more}]


# case: (validations, further spec of the policy, actions and further spec of the binding, data of the object)
CASES = {
    "plain": (says("object.data.x == 'ok'"), {}, {}, {"x": "no"}),
    "holds": (says("object.data.x == 'ok'"), {}, {}, {"x": "ok"}),
    "message": (says("false", message="  because  "), {}, {}, None),
    "message-expression": (says("false", message="plain", messageExpression="'name is ' + object.metadata.name"), {}, {}, None),
    "message-expression-fails": (says("false", message="plain", messageExpression="string(object.data.missing)"), {}, {}, None),
    "message-expression-empty": (says("false", messageExpression="'  '"), {}, {}, None),
    "message-expression-lines": (says("false", messageExpression="'a\\nb'"), {}, {}, None),
    "reason-forbidden": (says("false", reason="Forbidden"), {}, {}, None),
    "reason-large": (says("false", reason="RequestEntityTooLarge"), {}, {}, None),
    "error": (says("object.data.missing == 'a'"), {}, {}, None),
    "error-ignored": (says("object.data.missing == 'a'"), {"failurePolicy": "Ignore"}, {}, None),
    "warn": (says("false"), {}, {"actions": ["Warn"]}, None),
    "warn-audit": (says("false", message="hm") + says("1 == 2", message="hm2"), {}, {"actions": ["Warn", "Audit"]}, None),
    "audit": (says("false"), {}, {"actions": ["Audit"]}, None),
    "two": (says("1 == 2") + says("2 == 3", reason="Forbidden"), {}, {}, None),
    "variables": (says("variables.long", messageExpression="'size is ' + string(variables.size)"),
                  {"variables": [{"name": "size", "expression": "size(object.data.x)"}, {"name": "long", "expression": "variables.size > 3"}]}, {}, {"x": "abc"}),
    "variable-fails": (says("variables.x == 1"), {"variables": [{"name": "x", "expression": "object.data.missing"}]}, {}, None),
    "variable-unused": (says("true"), {"variables": [{"name": "x", "expression": "object.data.missing"}]}, {}, None),
    "condition-false": (says("false"), {"matchConditions": [{"name": "never", "expression": "false"}]}, {}, None),
    "condition-true": (says("false"), {"matchConditions": [{"name": "always", "expression": "request.operation == 'CREATE'"}]}, {}, None),
    "condition-error": (says("false"), {"matchConditions": [{"name": "broken", "expression": "object.data.missing == 'a'"}]}, {}, None),
    "condition-errors": (says("false"), {"matchConditions": [{"name": "a", "expression": "object.data.missing == 'a'"}, {"name": "b", "expression": "object.data.other == 'a'"}]}, {}, None),
    "condition-error-false": (says("false"), {"matchConditions": [{"name": "a", "expression": "object.data.missing == 'a'"}, {"name": "b", "expression": "false"}]}, {}, None),
    "condition-error-ignored": (says("false"), {"failurePolicy": "Ignore", "matchConditions": [{"name": "broken", "expression": "object.data.missing == 'a'"}]}, {}, None),
    "param": (says("object.data.x == params.data.want", messageExpression="'want ' + params.data.want"), {"paramKind": {"apiVersion": "v1", "kind": "ConfigMap"}},
              {"paramRef": {"name": "param", "namespace": NS, "parameterNotFoundAction": "Deny"}}, {"x": "z"}),
    "param-own-namespace": (says("object.data.x == params.data.want"), {"paramKind": {"apiVersion": "v1", "kind": "ConfigMap"}},
                            {"paramRef": {"name": "param", "parameterNotFoundAction": "Deny"}}, {"x": "y"}),
    "param-missing-deny": (says("true"), {"paramKind": {"apiVersion": "v1", "kind": "ConfigMap"}}, {"paramRef": {"name": "none", "parameterNotFoundAction": "Deny"}}, None),
    "param-missing-allow": (says("false"), {"paramKind": {"apiVersion": "v1", "kind": "ConfigMap"}}, {"paramRef": {"name": "none", "parameterNotFoundAction": "Allow"}}, None),
    "param-selector": (says("object.data.x != params.data.want", messageExpression="'is ' + params.metadata.name"), {"paramKind": {"apiVersion": "v1", "kind": "ConfigMap"}},
                       {"paramRef": {"selector": {"matchLabels": {"is": "param"}}, "parameterNotFoundAction": "Deny"}}, {"x": "y"}),
    "param-cluster": (says("params.metadata.name == 'x'"), {"paramKind": {"apiVersion": "v1", "kind": "Namespace"}}, {"paramRef": {"name": NS, "parameterNotFoundAction": "Deny"}}, None),
    "param-no-ref": (says("params == null"), {"paramKind": {"apiVersion": "v1", "kind": "ConfigMap"}}, {}, None),
    "request": (says("request.name == 'request' && request.namespace == '%s' && request.resource.resource == 'configmaps' && request.kind.kind == 'ConfigMap' && request.userInfo.groups.exists(g, g == 'system:masters') && request.dryRun && !has(request.subResource) && oldObject == null" % NS), {}, {}, None),
    "request-shown": (says("false", messageExpression="request.operation + ' ' + request.requestResource.version + ' ' + string(request.dryRun) + ' ' + request.options.kind"), {}, {}, None),
    "namespace-object": (says("namespaceObject.metadata.labels['stage'] == 'prod'", messageExpression="namespaceObject.metadata.labels['stage'] + ' ' + namespaceObject.status.phase"), {}, {}, None),
    "authorizer": (says("authorizer.group('').resource('configmaps').namespace('%s').check('create').allowed() && authorizer.requestResource.check('delete').allowed()" % NS), {}, {}, None),
    "authorizer-account": (says("authorizer.serviceAccount('%s', 'default').path('/secret').check('get').allowed()" % NS), {}, {}, None),
    "object-kind": (says("object.kind == 'ConfigMap' && object.apiVersion == 'v1' && has(object.metadata.uid)"), {}, {}, None),
    "budget": (says("lists.range(3000).all(x, lists.range(1000).all(y, x >= 0 || y >= 0))"), {}, {}, None),
    "budget-ignored": (says("lists.range(3000).all(x, lists.range(1000).all(y, x >= 0 || y >= 0))"), {"failurePolicy": "Ignore"}, {}, None),
    "annotation-fails": (says("true"), {"auditAnnotations": [{"key": "k", "valueExpression": "string(object.data.missing)"}]}, {}, None),
    "annotation-null": (says("true"), {"auditAnnotations": [{"key": "k", "valueExpression": "has(object.data) ? 'a' : 'b'"}]}, {}, None),
    "binding-namespace": (says("false"), {}, {"matchResources": {"namespaceSelector": {"matchLabels": {"stage": "test"}}}}, None),
    "binding-matches": (says("false"), {}, {"matchResources": {"namespaceSelector": {"matchLabels": {"stage": "prod"}}, "resourceRules": [ALL]}}, None),
    "binding-excludes": (says("false"), {}, {"matchResources": {"excludeResourceRules": [{**ALL, "resourceNames": ["binding-excludes"]}]}}, None),
}


class Canary:
    """Knows when all that was created before it is in force."""
    count = 0

    def __init__(self, a):
        self.a = a

    def sings(self, make, paths):
        Canary.count += 1
        case = "canary-%d" % Canary.count
        for path, o in zip(paths, make(case)):
            put(self.a, path, o)
        until(lambda: self.a.send("POST", "/api/v1/namespaces/%s/configmaps?dryRun=All" % NS, config_map(case))[0] not in (201, 409), "the rule " + case)


def prepare(a):
    a.namespace(NS, {"stage": "prod"})
    a.set(obj("v1", "ConfigMap", "param", NS, metadata={"labels": {"is": "param"}}, data={"want": "y"}),
          obj("v1", "ConfigMap", "param2", NS, metadata={"labels": {"is": "param"}}, data={"want": "z"}))


def policies(a, hooks):
    prepare(a)
    for case, (validations, spec, bound, _) in CASES.items():
        put(a, POLICIES, policy(case, validations, **spec))
        bound = dict(bound)
        put(a, BINDINGS, binding(case, bound.pop("actions", ("Deny",)), **bound))
    ops = policy("operations", says("request.operation == 'CREATE'", messageExpression="request.operation + ' of ' + (object == null ? 'old ' + oldObject.metadata.name : object.metadata.name)"))
    put(a, POLICIES, ops)
    put(a, BINDINGS, binding("operations"))
    pods = policy("scopes", says("false"), {"apiGroups": ["*"], "apiVersions": ["*"], "operations": ["*"], "resources": ["*"], "scope": "Cluster"})
    put(a, POLICIES, pods)
    put(a, BINDINGS, binding("scopes"))
    Canary(a).sings(lambda case: (policy(case, says("false")), binding(case)), (POLICIES, BINDINGS))
    for case, (_, _, _, data) in CASES.items():
        a.create(case, config_map(case, data), NS, "?dryRun=All")
    a.create("operations, create", config_map("operations"), NS)
    path = "/api/v1/namespaces/%s/configmaps/operations" % NS
    a.ask("operations, patch", "PATCH", path, {"data": {"a": "b"}}, None, MERGE)
    a.ask("operations, delete", "DELETE", path)
    a.create("scopes, in a namespace", config_map("scopes"), NS, "?dryRun=All")
    a.create("scopes, cluster", obj("v1", "Namespace", "scopes", metadata={"labels": {"case": "scopes"}}), None, "?dryRun=All")
    a.create("scopes, policies are exempt", obj(GROUP + "/v1", "ValidatingWebhookConfiguration", "scopes", metadata={"labels": {"case": "scopes"}}), None, "?dryRun=All")
    for case in [*CASES, "operations", "scopes", "canary-%d" % Canary.count]:
        a.send("DELETE", "%s/%s" % (BINDINGS, case))
        a.send("DELETE", "%s/%s" % (POLICIES, case))


def hook(case, path, hooks, rule=ALL, **more):
    client = more.pop("client", {"url": hooks.url + path, "caBundle": hooks.ca})
    return {"name": case + ".example.com", "clientConfig": client, "rules": [rule], "sideEffects": "None", "admissionReviewVersions": ["v1"], "timeoutSeconds": 5,
            "objectSelector": of_case(case), **more}


def configuration(kind, case, *webhooks):
    return obj(GROUP + "/v1", kind, case, webhooks=list(webhooks))


def webhook_cases(hooks, mutating):
    cases = {path[1:]: {"path": path} for path in (
        "/allow", "/deny", "/deny-message", "/deny-reason", "/deny-details", "/deny-code", "/warn", "/uid", "/no-response", "/v1beta1", "/500", "/404", "/403")}
    cases.update({path[1:]: {"path": path} for path in ("/patch", "/patch-label", "/patch-bad-type", "/patch-empty", "/patch-notype", "/patch-object", "/type-nopatch")})
    cases.update({
        "ignored": {"path": "/500", "failurePolicy": "Ignore"},
        "ignored-deny": {"path": "/deny", "failurePolicy": "Ignore"},
        "slow": {"path": "/slow", "timeoutSeconds": 1},
        "wrong-authority": {"path": "/allow", "client": {"url": hooks.url + "/allow", "caBundle": hooks.other_ca}},
        "refused": {"path": "/allow", "client": {"url": "https://127.0.0.1:1/x"}},
        "no-path": {"path": "/allow", "client": {"url": "https://127.0.0.1:1"}},
        "no-service": {"path": "/allow", "client": {"service": {"namespace": NS, "name": "nothing", "path": "/x"}}},
        "no-service-port": {"path": "/allow", "client": {"service": {"namespace": "default", "name": "kubernetes", "port": 444}}},
        "review-v1beta1": {"path": "/warn", "admissionReviewVersions": ["v1beta1"]},
        "conditions-false": {"path": "/deny", "matchConditions": [{"name": "never", "expression": "object.metadata.name == 'x'"}]},
        "conditions-true": {"path": "/deny", "matchConditions": [{"name": "a", "expression": "object.metadata.name != 'x'"}, {"name": "b", "expression": "authorizer.requestResource.check('create').allowed()"}]},
        "conditions-error": {"path": "/deny", "matchConditions": [{"name": "broken", "expression": "object.data.missing == 'a'"}]},
        "conditions-error-ignored": {"path": "/deny", "failurePolicy": "Ignore", "matchConditions": [{"name": "broken", "expression": "object.data.missing == 'a'"}]},
        "namespace-other": {"path": "/deny", "namespaceSelector": {"matchLabels": {"stage": "test"}}},
        "namespace-same": {"path": "/deny", "namespaceSelector": {"matchLabels": {"stage": "prod"}}},
        "no-side-effects": {"path": "/deny", "sideEffects": "NoneOnDryRun"},
    })
    return cases


def run_webhooks(a, hooks, mutating):
    prepare(a)
    kind = ("Mutating" if mutating else "Validating") + "WebhookConfiguration"
    configurations = "/apis/%s/v1/%ss" % (GROUP, kind.lower())
    cases = webhook_cases(hooks, mutating)
    for case, spec in cases.items():
        spec = dict(spec)
        put(a, configurations, configuration(kind, case, hook(case, spec.pop("path"), hooks, **spec)))
    put(a, configurations, configuration(kind, "several", *[{**hook("several", path, hooks), "name": "h%d.example.com" % i} for i, path in enumerate(("/warn", "/deny", "/allow"))]))
    put(a, configurations, configuration(kind, "operations", hook("operations", "/allow", hooks)))
    if mutating:
        again = {**hook("again", "/allow", hooks, reinvocationPolicy="IfNeeded"), "name": "first.example.com"}
        put(a, configurations, configuration(kind, "again", again, {**hook("again", "/patch", hooks), "name": "second.example.com"}, {**hook("again", "/warn", hooks), "name": "third.example.com"}))
    Canary(a).sings(lambda case: (configuration(kind, case, hook(case, "/deny", hooks)),), (configurations,))
    hooks.take()
    for case in [*cases, "several"]:
        a.create(case, config_map(case, {"a": "b"}), NS, "?dryRun=All")
    hooks.take()
    calls = lambda name: a.answers.update({name + ", calls": sorted((plain(scrub({"path": s["path"], "review": s["body"]})) for s in hooks.take()), key=json.dumps) if not mutating else
                                           [plain(scrub({"path": s["path"], "review": s["body"]})) for s in hooks.take()]})
    if mutating:
        a.create("again", config_map("again"), NS, "?dryRun=All")
        calls("again")
    a.create("operations, create", config_map("operations", {"a": "b"}), NS, "?fieldManager=me&fieldValidation=Strict")
    calls("operations, create")
    path = "/api/v1/namespaces/%s/configmaps/operations" % NS
    a.ask("operations, patch", "PATCH", path + "?fieldManager=me", {"data": {"a": "c"}}, None, MERGE)
    calls("operations, patch")
    current = a.get(path)
    current["data"] = {"z": "z"}
    a.ask("operations, update", "PUT", path, current)
    calls("operations, update")
    a.ask("operations, delete", "DELETE", path, {"kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": "Background"})
    calls("operations, delete")
    for case in [*cases, "several", "operations", "again", "canary-%d" % Canary.count]:
        a.send("DELETE", "%s/%s" % (configurations, case))


def validating(a, hooks):
    run_webhooks(a, hooks, False)


def mutating(a, hooks):
    run_webhooks(a, hooks, True)


BAD = ("object.x ==", "foo", "1", "object.x", "params.x", "authorizer.x", "variables.missing", "request.nope", "namespaceObject.metadata.labels.size() > 'a'", "'a'", "oldObject.x == 1 && 1 == 'a'")


def refused(a, hooks):
    """Expressions that do not compile are refused where they are written."""
    for expression in BAD:
        a.create("validation, " + expression, policy("bad", says(expression)), None, "?dryRun=All")
        a.create("message, " + expression, policy("bad", says("true", messageExpression=expression)), None, "?dryRun=All")
        a.create("variable, " + expression, policy("bad", says("true"), variables=[{"name": "v", "expression": expression}]), None, "?dryRun=All")
        a.create("condition, " + expression, policy("bad", says("true"), matchConditions=[{"name": "c", "expression": expression}]), None, "?dryRun=All")
        a.create("annotation, " + expression, policy("bad", says("true"), auditAnnotations=[{"key": "k", "valueExpression": expression}]), None, "?dryRun=All")
        a.create("webhook condition, " + expression, configuration("ValidatingWebhookConfiguration", "bad", hook("bad", "/x", hooks, matchConditions=[{"name": "c", "expression": expression}])), None, "?dryRun=All")


PARTS = {f.__name__: f for f in (policies, validating, mutating, refused)}

hooks = Hooks()
if sys.argv[1:2] == ["--record"]:
    save(GOLDEN, {name: asked(sys.argv[2], part, hooks) for name, part in PARTS.items()})
    sys.exit()

golden = load(GOLDEN)
with skiff.Cluster(nodes=0) as cluster:
    for name, part in PARTS.items():
        promise(asked(cluster.conf, part, hooks), golden[name], name + ": ")
hooks.stop()
skiff.finish()
