#!/usr/bin/env python3
"""Users of OpenID providers and webhooks, and modes of authorization in a file, answer as upstream's.

The expected answers are upstream's own, in test/golden/identity_providers.json; `identity_providers.py --record` asks upstream's
apiserver again, which it needs."""
import json
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
import skiff
from ask import Asker
from skiff import eq, test, until
from upstream import ApiServer
from webhook_server import Server, Signer

GOLDEN = os.path.join(HERE, "..", "golden", "identity_providers.json")
RECORD = sys.argv[1:2] == ["--record"]
SELF, REVIEW = "/apis/authentication.k8s.io/v1/selfsubjectreviews", "/apis/authentication.k8s.io/v1/tokenreviews"
ACCESS = "/apis/authorization.k8s.io/v1/subjectaccessreviews"


def authentication(server):
    claims = {"username": {"expression": "'idp:' + claims.sub"}, "groups": {"expression": "claims.?roles.orValue([])"},
              "uid": {"claim": "oid"}, "extra": [{"key": "example.com/team", "valueExpression": "claims.?team.orValue('none')"}]}
    with open(server.ca) as f:
        ca = f.read()
    return {"apiVersion": "apiserver.config.k8s.io/v1", "kind": "AuthenticationConfiguration",
            "anonymous": {"enabled": True, "conditions": [{"path": "/livez"}, {"path": "/readyz"}]},
            "jwt": [{"issuer": {"url": server.url, "audiences": ["skiff", "other"], "audienceMatchPolicy": "MatchAny", "certificateAuthority": ca},
                     "claimValidationRules": [{"claim": "hd", "requiredValue": "example.com"}, {"expression": "claims.exp - claims.iat <= 86400", "message": "lives too long"}],
                     "claimMappings": claims, "userValidationRules": [{"expression": "!user.username.startsWith('idp:system')", "message": "reserved"}]},
                    {"issuer": {"url": server.url + "/plain", "audiences": ["skiff"], "certificateAuthority": ca},
                     "claimMappings": {"username": {"claim": "email", "prefix": "mail:"}, "groups": {"claim": "groups", "prefix": "g:"}}}]}


def authorization(kubeconfig):
    hook = {"timeout": "3s", "authorizedTTL": "5m", "unauthorizedTTL": "5m", "subjectAccessReviewVersion": "v1", "matchConditionSubjectAccessReviewVersion": "v1",
            "connectionInfo": {"type": "KubeConfigFile", "kubeConfigFile": kubeconfig}}
    return {"apiVersion": "apiserver.config.k8s.io/v1", "kind": "AuthorizationConfiguration", "authorizers": [
        {"type": "Webhook", "name": "first", "webhook": {**hook, "failurePolicy": "Deny", "matchConditions": [
            {"expression": "has(request.resourceAttributes)"}, {"expression": "request.resourceAttributes.namespace == 'hooked'"}]}},
        {"type": "Node", "name": "node"}, {"type": "RBAC", "name": "rbac"},
        {"type": "Webhook", "name": "last", "webhook": {**hook, "failurePolicy": "NoOpinion", "matchConditions": [{"expression": "'hook' in request.groups"}]}}]}


class World:
    def __init__(self, folder):
        self.signers = [Signer(folder, "one"), Signer(folder, "two")]
        self.keys = [self.signers[0].jwk]

    def answer(self, path, body):
        path = path.split("?")[0]
        if path.endswith("/.well-known/openid-configuration"):
            issuer = self.server.url + path[:-len("/.well-known/openid-configuration")]
            return 200, {"issuer": issuer, "jwks_uri": self.server.url + "/keys"}
        if path == "/keys":
            return 200, {"keys": self.keys}
        if path == "/tokens":
            status = {"hooked": {"authenticated": True, "user": {"username": "hooked", "uid": "7", "groups": ["hook"], "extra": {"a": ["b"]}}},
                      "refused": {"authenticated": False, "error": "no such token"}}.get(body["spec"]["token"], {"authenticated": False})
            return 200, {"apiVersion": body["apiVersion"], "kind": "TokenReview", "status": status}
        name = (body["spec"].get("resourceAttributes") or {}).get("name")
        status = {"yes": {"allowed": True, "reason": "the hook says yes"}, "no": {"allowed": False, "denied": True, "reason": "the hook says no"},
                  "both": {"allowed": True, "denied": True}}.get(name, {"allowed": False, "reason": "the hook does not know"})
        if name == "broken":
            return 404, {}
        return 200, {"apiVersion": body["apiVersion"], "kind": "SubjectAccessReview", "status": status}


def ask_all(a, world):
    one, two = world.signers
    url = world.server.url
    good = {"iss": url, "aud": "skiff", "sub": "ann", "oid": "42", "hd": "example.com"}
    tokens = {
        "good": one.token(**good), "groups and extra": one.token(**{**good, "roles": ["dev", "ops"], "team": ["red", ""]}),
        "second audience of a list": one.token(**{**good, "aud": ["x", "other"]}), "wrong audience": one.token(**{**good, "aud": "x"}),
        "no required claim": one.token(**{**good, "hd": None}), "other required claim": one.token(**{**good, "hd": "example.org"}),
        "rule does not hold": one.token(**{**good, "iat": 0}), "user rule does not hold": one.token(**{**good, "sub": "system:x"}),
        "no subject": one.token(**{k: v for k, v in good.items() if k != "sub"}), "uid that is a number": one.token(**{**good, "oid": 42}),
        "groups that are numbers": one.token(**{**good, "roles": [1]}), "unknown key": two.token(**good),
        "other signature": one.token(**good)[:-8] + "AAAAAAAA", "algorithm none": one.token(header={"alg": "HS256"}, **good),
        "not yet good": one.token(**{**good, "nbf": 4102444800}), "mail": one.token(iss=url + "/plain", aud="skiff", email="a@b", groups="single"),
        "mail that is verified": one.token(iss=url + "/plain", aud="skiff", email="a@b", email_verified=True, groups=["x", "y"]),
        "mail that is not": one.token(iss=url + "/plain", aud="skiff", email="a@b", email_verified=False),
        "no mail": one.token(iss=url + "/plain", aud="skiff"), "group that is an object": one.token(iss=url + "/plain", aud="skiff", email="a@b", groups={"a": 1}),
        "other issuer": one.token(**{**good, "iss": url + "/nobody"}), "hook": "hooked", "hook refuses": "refused", "hook does not know": "who"}
    for name, token in tokens.items():
        a.ask("token: " + name, "POST", REVIEW, {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "spec": {"token": token}})
        a.ask("self: " + name, "POST", SELF, {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}, {"Authorization": "Bearer " + token})
    world.keys.append(two.jwk)
    a.ask("token: key that is new", "POST", REVIEW, {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "spec": {"token": two.token(**good)}})
    for path in ("/livez", "/readyz", "/healthz", "/version", "/api"):
        a.ask("anonymous " + path, "GET", path, identity=False)
    for user, groups in (("ann", []), ("ann", ["hook"]), ("root", ["system:masters"]), ("system:node:n1", ["system:nodes"])):
        for ns in ("hooked", "default"):
            for name in ("yes", "no", "both", "broken", "other"):
                spec = {"user": user, "groups": groups, "resourceAttributes": {"verb": "get", "resource": "secrets", "namespace": ns, "name": name}}
                a.ask("access: %s %s %s %s" % (user, groups, ns, name), "POST", ACCESS, {"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview", "spec": spec})
    for name in ("yes", "no", "other"):
        a.ask("request: " + name, "GET", "/api/v1/namespaces/hooked/secrets/" + name, headers={"Impersonate-User": "ann"})
    a.ask("rules", "POST", "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews", {"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectRulesReview",
          "spec": {"namespace": "hooked"}}, headers={"Impersonate-User": "ann"})


def blank(answers, world):
    text = json.dumps(answers, sort_keys=True).replace(world.server.url, "<hook>").replace(world.server.url.split("//")[1], "<hook>")
    text = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)? [+-]\d{4} \w+( m=[+-][\d.]+)?", "<time>", text)
    return json.loads(re.sub(r'"token": "[^"]*"', '"token": "<token>"', text))


with skiff.Folder() as folder:
    world = World(folder)
    with Server(folder, world.answer) as server:
        world.server = server
        files = {name: os.path.join(folder, name) for name in ("authentication.yaml", "authorization.yaml")}
        for name, body in (("authentication.yaml", authentication(server)), ("authorization.yaml", authorization(server.kubeconfig(os.path.join(folder, "access"), "/access")))):
            with open(files[name], "w") as f:
                json.dump(body, f)
        flags = {"authentication-config": files["authentication.yaml"], "authentication-token-webhook-config-file": server.kubeconfig(os.path.join(folder, "tokens"), "/tokens"),
                 "authentication-token-webhook-version": "v1"}
        ours = {**flags, "authorization-config": files["authorization.yaml"]}
        with skiff.Cluster(nodes=0, flags=[] if RECORD else ["kube-apiserver.%s=%s" % f for f in ours.items()]) as cluster:
            a = Asker(cluster.conf)
            for component in ("kube-controller-manager", "kube-scheduler"):
                cluster.local("kill", component)
            def found():
                answers = [json.loads(a.send("POST", REVIEW, {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "spec": {
                    "token": world.signers[0].token(iss=issuer, aud="none")}})[2])["status"].get("error", "") for issuer in (server.url, server.url + "/plain")]
                return all("not initialized" not in text for text in answers)
            if RECORD:
                endpoint = cluster.env()["ETCDCTL_ENDPOINTS"]
                cluster.local("kill", "kube-apiserver-0")
                more = ["--%s=%s" % f for f in flags.items()] + ["--authorization-config=" + files["authorization.yaml"]]
                with ApiServer(cluster, endpoint, *more) as upstream:
                    until(a.ready, "upstream's is ready", 120)
                    until(found, "the providers are found")
                    ask_all(a, world)
                with open(GOLDEN, "w") as f:
                    json.dump(blank(a.answers, world), f, indent=1, sort_keys=True)
                    f.write("\n")
                sys.exit()
            until(found, "the providers are found")
            ask_all(a, world)
            got = blank(a.answers, world)
            with open(GOLDEN) as f:
                golden = json.load(f)
            for part in ("token", "self", "anonymous", "access", "request", "rules"):
                @test("upstream's answers: " + part)
                def _():
                    wrong = ["%s: got %s, want %s" % (k, json.dumps(got.get(k)), json.dumps(want)) for k, want in golden.items()
                             if k.startswith(part) and got.get(k) != want]
                    assert not wrong, "%d differ\n%s" % (len(wrong), "\n".join(wrong))

            @test("an answer of a webhook is remembered, and the webhook is shown who asks")
            def _():
                spec = [body["spec"] for path, body in server.asked if path.startswith("/access") and (body["spec"].get("resourceAttributes") or {}).get("name") == "yes"
                        and body["spec"]["resourceAttributes"]["namespace"] == "hooked" and body["spec"]["user"] == "ann" and "groups" not in body["spec"]]
                eq(len(spec), 1)
                eq({path for path, _ in server.asked if path.startswith("/access")}, {"/access?timeout=3s"})

skiff.finish()
