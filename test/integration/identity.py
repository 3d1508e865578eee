#!/usr/bin/env python3
"""Who asks and may they: authentication, impersonation, RBAC, node identities, tokens and reviews answer as upstream's.

The expected answers are upstream's own, in test/golden/identity.json; `identity.py --record KUBECONFIG` asks an upstream
apiserver again (started with --enable-bootstrap-token-auth and --token-auth-file=test/golden/tokens.csv)."""
import base64
import json
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
import skiff
from ask import MERGE, Asker, obj, plain, scrub
from recorded import load, replay, save
from skiff import until

GOLDEN = os.path.join(HERE, "..", "golden", "identity.json")
TOKENS = os.path.join(HERE, "..", "golden", "tokens.csv")
NS = "/api/v1/namespaces/who/"
RBAC = "/apis/rbac.authorization.k8s.io/v1/"
AUTHN, AUTHZ = "/apis/authentication.k8s.io/v1/", "/apis/authorization.k8s.io/v1/"
ALICE, BOB = {"Authorization": "Bearer alice-token"}, {"Authorization": "Bearer bob-token"}


def rule(verbs, groups=None, resources=None, names=None, urls=None):
    out = {"verbs": verbs}
    for key, value in (("apiGroups", groups), ("resources", resources), ("resourceNames", names), ("nonResourceURLs", urls)):
        if value is not None:
            out[key] = value
    return out


def role(name, *rules, kind="Role", **more):
    return obj("rbac.authorization.k8s.io/v1", kind, name, "who" if kind == "Role" else None, rules=list(rules), **more)


def binding(name, role_kind, role_name, *subjects, kind="RoleBinding"):
    return obj("rbac.authorization.k8s.io/v1", kind, name, "who" if kind == "RoleBinding" else None,
               roleRef={"apiGroup": "rbac.authorization.k8s.io", "kind": role_kind, "name": role_name},
               subjects=[{"kind": k, "name": n, **({"apiGroup": "rbac.authorization.k8s.io"} if k != "ServiceAccount" else {"namespace": "who"})}
                         for k, n in subjects])


def act(user, *groups, **extra):
    return [("Impersonate-User", user)] + [("Impersonate-Group", g) for g in groups] + [
        ("Impersonate-Extra-" + k.replace("_", "-"), v) for k, v in extra.items()]


def node(name="n1"):
    return act("system:node:" + name, "system:nodes")


def review(kind, **spec):
    group = "authentication" if kind in ("TokenReview", "SelfSubjectReview") else "authorization"
    return {"apiVersion": group + ".k8s.io/v1", "kind": kind, **({"spec": spec} if spec else {})}


def pod(name, node_name="", **spec):
    return obj("v1", "Pod", name, "who", spec={"automountServiceAccountToken": False, "containers": [{"name": "c", "image": "i"}],
                                              **({"nodeName": node_name} if node_name else {}), **spec})


def token_request(ref=None, **spec):
    return {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"audiences": [], **({"boundObjectRef": ref} if ref else {}), **spec}}


def prepare(a):
    a.namespace("who")
    a.namespace("other")
    a.set(obj("v1", "ServiceAccount", "sa", "who"), obj("v1", "ServiceAccount", "sb", "who"),
          obj("v1", "Secret", "in-use", "who"), obj("v1", "Secret", "idle", "who"), obj("v1", "ConfigMap", "used", "who"),
          obj("v1", "ConfigMap", "idle", "who"), obj("v1", "Node", "n1"), obj("v1", "Node", "n2"))
    a.set(obj("v1", "PersistentVolumeClaim", "claim", "who", spec={"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}))
    a.set(pod("on-n1", "n1", serviceAccountName="sa", volumes=[
              {"name": "s", "secret": {"secretName": "in-use"}}, {"name": "m", "configMap": {"name": "used"}},
              {"name": "v", "persistentVolumeClaim": {"claimName": "claim"}},
              {"name": "t", "projected": {"sources": [{"serviceAccountToken": {"path": "t", "audience": "vault"}}]}}]),
          pod("on-n2", "n2"), pod("nowhere", serviceAccountName="sa"))


# --- the questions --------------------------------------------------------------------------------------------------

def who_am_i(a):
    me = lambda name, headers, **more: a.ask(name, "POST", AUTHN + "selfsubjectreviews", review("SelfSubjectReview"), headers, **more)
    me("static token", ALICE)
    me("static token without groups", BOB)
    me("client certificate", {})
    me("nobody", {}, identity=False)
    me("wrong token", {"Authorization": "Bearer wrong"})
    me("token of no JWT's form", {"Authorization": "Bearer a.b.c"})
    me("basic authentication is none", {"Authorization": "Basic YTpi"}, identity=False)
    me("empty bearer", {"Authorization": "Bearer "}, identity=False)
    me("as a user", act("carol"))
    me("as a user of groups", act("carol", "g1", "g2"))
    me("as a service account", act("system:serviceaccount:who:sa"))
    me("as a service account with groups", act("system:serviceaccount:who:sa", "g1"))
    me("as anonymous", act("system:anonymous"))
    me("as unauthenticated", act("carol", "system:unauthenticated"))
    me("as masters", act("carol", "system:masters"))
    me("with extras", act("carol", scopes="view") + [("Impersonate-Extra-Acme.com%2fproject", "p1"), ("Impersonate-Extra-Scopes", "edit")])
    me("with a uid", act("carol") + [("Impersonate-Uid", "06f6ce97")])
    me("group without user", [("Impersonate-Group", "g1")])
    me("uid without user", [("Impersonate-Uid", "u1")])
    me("extra without user", [("Impersonate-Extra-A", "u1")])


def impersonation(a):
    pods = lambda name, who, headers: a.ask("impersonate, " + name, "GET", NS + "pods/none", None, [*who.items(), *headers])
    pods("nothing allowed: user", ALICE, act("bob"))
    pods("nothing allowed: account", ALICE, act("system:serviceaccount:who:sa"))
    pods("nothing allowed: malformed account", ALICE, act("system:serviceaccount:who"))
    a.set(role("impersonate-bob", rule(["impersonate"], [""], ["users"], ["bob"]), kind="ClusterRole"),
          binding("impersonate-bob", "ClusterRole", "impersonate-bob", ("User", "alice"), kind="ClusterRoleBinding"))
    until(lambda: b'bob\\" cannot' in a.send("GET", NS + "pods/none", None, [*ALICE.items(), *act("bob")], identity=False)[2], "the rights of alice")
    pods("user allowed", ALICE, act("bob"))
    pods("another user", ALICE, act("carol"))
    pods("group not allowed", ALICE, act("bob", "g1"))
    pods("authenticated group goes along", ALICE, act("bob", "system:authenticated"))
    pods("extra not allowed", ALICE, act("bob", scopes="view"))
    pods("extra of a name not allowed", ALICE, act("bob") + [("Impersonate-Extra-Acme.com%2fproject", "p1")])
    pods("uid not allowed", ALICE, act("bob") + [("Impersonate-Uid", "u1")])


def anonymous(a):
    for path in ("/", "/api", "/apis", "/version", "/healthz", "/livez", "/readyz", "/metrics", "/openapi/v2", "/openid/v1/jwks",
                 "/.well-known/openid-configuration", "/api/v1/nodes", NS + "secrets/x", "/logs", "/debug/pprof/", "/nothing"):
        if path in ("/version", "/livez", "/readyz", "/healthz"):
            status, _, _ = a.send("GET", path, identity=False)
            a.answers["nobody gets " + path] = {"status": status}
        else:
            a.ask("nobody gets " + path, "GET", path, identity=False)
    for name, path in (("a path", "/nothing/at/all"), ("a resource of a group", "/apis/apps/v1/namespaces/who/deployments"),
                       ("a cluster resource", "/api/v1/nodes/n1"), ("a subresource", NS + "pods/on-n1/log"), ("a named one", NS + "pods/on-n1")):
        a.ask("bob may not get " + name, "GET", path, None, BOB)
    a.ask("bob may not watch", "GET", NS + "pods?watch=true", None, BOB)
    a.ask("bob may not delete all", "DELETE", NS + "pods", None, BOB)
    a.ask("bob may not create", "POST", NS + "configmaps", obj("v1", "ConfigMap", "x"), BOB)
    a.ask("bob may not evict", "POST", NS + "pods/on-n1/eviction", {}, BOB)
    a.ask("bob may not exec", "POST", NS + "pods/on-n1/exec", None, BOB)
    a.ask("bob may not post to a path", "POST", "/nothing", b"{}", BOB)
    a.ask("discovery of alice", "GET", "/api", None, ALICE)


def reviews(a):
    def access(name, kind="SubjectAccessReview", ns="", **spec):
        path = AUTHZ + ("namespaces/who/" if kind.startswith("Local") else "") + kind.lower() + "s"
        a.ask(kind + ", " + name, "POST", path, {**review(kind, **spec), **({"metadata": {"namespace": ns}} if ns else {})})
    pods = {"namespace": "who", "verb": "get", "resource": "pods"}
    access("masters", user="x", groups=["system:masters"], resourceAttributes=pods)
    access("nobody in particular", user="x", resourceAttributes=pods)
    access("a group that may", user="x", groups=["system:authenticated"], nonResourceAttributes={"path": "/api", "verb": "get"})
    access("a path below", user="x", groups=["system:authenticated"], nonResourceAttributes={"path": "/apis/x/y", "verb": "get"})
    access("a path that nobody may", user="x", groups=["system:authenticated"], nonResourceAttributes={"path": "/secret", "verb": "get"})
    access("no user", resourceAttributes=pods)
    access("no question", user="x")
    access("two questions", user="x", resourceAttributes=pods, nonResourceAttributes={"path": "/", "verb": "get"})
    access("a node's secret", user="system:node:n1", groups=["system:nodes"], resourceAttributes={"namespace": "who", "verb": "get", "resource": "secrets", "name": "in-use"})
    access("a node's idle secret", user="system:node:n1", groups=["system:nodes"], resourceAttributes={"namespace": "who", "verb": "get", "resource": "secrets", "name": "idle"})
    access("field selector of a node", user="system:node:n1", groups=["system:nodes"], resourceAttributes={
        "verb": "list", "resource": "pods", "fieldSelector": {"requirements": [{"key": "spec.nodeName", "operator": "In", "values": ["n1"]}]}})
    access("raw field selector", user="system:node:n1", groups=["system:nodes"], resourceAttributes={
        "verb": "list", "resource": "pods", "fieldSelector": {"rawSelector": "spec.nodeName=n1"}})
    access("malformed selectors", user="x", resourceAttributes={**pods, "fieldSelector": {"rawSelector": "a", "requirements": [{"key": "k", "operator": "In"}]},
                                                                  "labelSelector": {"requirements": [{"key": "", "operator": "Is", "values": ["v"]}]}})
    access("empty selector", user="x", resourceAttributes={**pods, "fieldSelector": {}})
    access("the same namespace", "LocalSubjectAccessReview", user="alice", resourceAttributes=pods)
    access("another namespace", "LocalSubjectAccessReview", user="alice", resourceAttributes={**pods, "namespace": "other"})
    access("metadata of another namespace", "LocalSubjectAccessReview", "other", user="alice", resourceAttributes=pods)
    access("a path", "LocalSubjectAccessReview", user="alice", nonResourceAttributes={"path": "/", "verb": "get"})
    access("of the admin", "SelfSubjectAccessReview", resourceAttributes={"verb": "*", "group": "*", "resource": "*"})
    access("with a name", "SelfSubjectAccessReview", resourceAttributes=pods)
    access("nothing", "SelfSubjectAccessReview")
    a.ask("SelfSubjectAccessReview of alice", "POST", AUTHZ + "selfsubjectaccessreviews", review("SelfSubjectAccessReview", resourceAttributes=pods), ALICE)
    a.ask("SubjectAccessReview by alice", "POST", AUTHZ + "subjectaccessreviews", review("SubjectAccessReview", user="x", resourceAttributes=pods), ALICE)
    a.set(role("reader", rule(["get", "list"], [""], ["pods", "services"]), rule(["update"], ["apps"], ["deployments"], ["web"])),
          binding("reader", "Role", "reader", ("User", "alice")),
          role("paths", rule(["get"], urls=["/extra/*"]), kind="ClusterRole"), binding("paths", "ClusterRole", "paths", ("Group", "devs"), kind="ClusterRoleBinding"),
          binding("dangling", "Role", "no-such-role", ("User", "alice")))
    until(lambda: a.send("GET", NS + "pods", None, ALICE, identity=False)[0] == 200, "the rights of alice")
    for name, headers in (("alice", ALICE), ("nobody", {}), ("a node", node())):
        a.ask("rules of " + name, "POST", AUTHZ + "selfsubjectrulesreviews", review("SelfSubjectRulesReview", namespace="who"), headers, identity=name == "a node")
    a.ask("rules without namespace", "POST", AUTHZ + "selfsubjectrulesreviews", review("SelfSubjectRulesReview"), ALICE)
    a.ask("rules of the admin elsewhere", "POST", AUTHZ + "selfsubjectrulesreviews", review("SelfSubjectRulesReview", namespace="nowhere"))
    a.ask("the reason when a binding dangles", "GET", NS + "secrets", None, ALICE)
    access("allowed by a binding", user="alice", resourceAttributes=pods)
    access("allowed by a cluster binding", user="y", groups=["devs"], nonResourceAttributes={"path": "/extra/x", "verb": "get"})
    access("in a subresource", user="alice", resourceAttributes={**pods, "subresource": "log"})
    access("named", user="alice", resourceAttributes={"namespace": "who", "verb": "update", "group": "apps", "resource": "deployments", "name": "web"})


def escalation(a):
    a.set(role("rbac-writer", rule(["create", "update", "patch", "get", "delete"], ["rbac.authorization.k8s.io"],
                                   ["roles", "rolebindings", "clusterroles", "clusterrolebindings"]), kind="ClusterRole"),
          binding("rbac-writer", "ClusterRole", "rbac-writer", ("User", "alice"), kind="ClusterRoleBinding"))
    until(lambda: a.send("GET", RBAC + "clusterroles/none", None, ALICE, identity=False)[0] == 404, "the rights of alice")
    roles, bindings = RBAC + "namespaces/who/roles", RBAC + "namespaces/who/rolebindings"
    a.ask("grant what is held", "POST", roles, role("held", rule(["get"], [""], ["pods"])), ALICE)
    a.ask("grant a part", "POST", roles, role("part", rule(["get", "delete"], [""], ["pods", "secrets"])), ALICE)
    a.ask("grant everything", "POST", roles, role("all", rule(["*"], ["*"], ["*"])), ALICE)
    a.ask("grant named", "POST", roles, role("named", rule(["get"], [""], ["secrets"], ["a", "b"])), ALICE)
    a.ask("grant with two rules", "POST", roles, role("two", rule(["create"], ["apps", "batch"], ["jobs"]), rule(["watch"], [""], ["pods/log"])), ALICE)
    a.ask("grant paths", "POST", RBAC + "clusterroles", role("p", rule(["get", "post"], urls=["/extra/a", "/x"]), kind="ClusterRole"), ALICE)
    a.ask("grant by aggregation", "POST", RBAC + "clusterroles", role("agg", kind="ClusterRole", aggregationRule={"clusterRoleSelectors": [{"matchLabels": {"a": "b"}}]}), ALICE)
    a.ask("raise by update", "PATCH", roles + "/held", {"rules": [rule(["get", "delete"], [""], ["pods"])]}, ALICE, MERGE)
    a.ask("labels may change", "PATCH", RBAC + "namespaces/who/roles/reader", {"metadata": {"labels": {"x": "y"}}}, ALICE, MERGE)
    a.ask("bind what is held", "POST", bindings, binding("held", "Role", "held", ("User", "dave")), ALICE)
    a.ask("bind what is not held", "POST", bindings, binding("strong", "ClusterRole", "system:kube-scheduler", ("User", "dave")), ALICE)
    a.ask("bind what is not there", "POST", bindings, binding("none", "Role", "nothing", ("User", "dave")), ALICE)
    a.ask("bind cluster-admin", "POST", RBAC + "clusterrolebindings", binding("top", "ClusterRole", "cluster-admin", ("User", "alice"), kind="ClusterRoleBinding"), ALICE)
    a.ask("change the reference", "PATCH", bindings + "/held", {"roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "system:discovery"}}, ALICE, MERGE)
    a.ask("subjects of a binding not held", "PATCH", RBAC + "clusterrolebindings/cluster-admin", {"subjects": []}, ALICE, MERGE)
    a.set(role("binder", rule(["bind"], ["rbac.authorization.k8s.io"], ["clusterroles"], ["system:kube-scheduler"]),
               rule(["escalate"], ["rbac.authorization.k8s.io"], ["roles"]), kind="ClusterRole"),
          binding("binder", "ClusterRole", "binder", ("User", "alice"), kind="ClusterRoleBinding"))
    until(lambda: a.send("POST", bindings + "?dryRun=All", binding("t", "ClusterRole", "system:kube-scheduler", ("User", "dave")), ALICE, identity=False)[0] == 201, "the right to bind")
    a.ask("bind with the right to", "POST", bindings, binding("strong", "ClusterRole", "system:kube-scheduler", ("User", "dave")), ALICE)
    a.ask("grant with the right to escalate", "POST", roles, role("any", rule(["*"], ["*"], ["*"])), ALICE)
    a.ask("that right is of roles alone", "POST", RBAC + "clusterroles", role("any", rule(["*"], ["*"], ["*"]), kind="ClusterRole"), ALICE)


def nodes(a):
    n = lambda name, method, path, body=None, content_type=None, who="n1": a.ask("node, " + name, method, path, body, node(who), content_type)
    for resource, used, idle in (("secrets", "in-use", "idle"), ("configmaps", "used", "idle"), ("persistentvolumeclaims", "claim", "none"),
                                 ("serviceaccounts", "sa", "sb"), ("pods", "on-n1", "none")):
        a.answers["node gets its " + resource] = {"status": a.send("GET", NS + resource + "/" + used, None, node())[0]}
        n("gets other " + resource, "GET", NS + resource + "/" + idle)
        n("lists " + resource, "GET", NS + resource)
    a.answers["node gets another's pod"] = {"status": a.send("GET", NS + "pods/on-n2", None, node())[0]}
    n("watches one secret", "GET", NS + "secrets?fieldSelector=metadata.name%3Didle&watch=true")
    n("creates a secret", "POST", NS + "secrets", obj("v1", "Secret", "x"))
    n("deletes its secret", "DELETE", NS + "secrets/in-use")
    n("lists all nodes", "GET", "/api/v1/nodes")
    n("gets another node", "GET", "/api/v1/nodes/n2")
    n("updates another's status", "PATCH", "/api/v1/nodes/n2/status", {"status": {}}, MERGE)
    n("labels another node", "PATCH", "/api/v1/nodes/n2", {"metadata": {"labels": {"a": "b"}}}, MERGE)
    n("labels itself", "PATCH", "/api/v1/nodes/n1?dryRun=All", {"metadata": {"labels": {"a": "b", "node.kubernetes.io/x": "y"}}}, MERGE)
    n("labels itself forbidden", "PATCH", "/api/v1/nodes/n1", {"metadata": {"labels": {"node-restriction.kubernetes.io/a": "b", "x.k8s.io/y": "z"}}}, MERGE)
    n("taints itself", "PATCH", "/api/v1/nodes/n1", {"spec": {"taints": [{"key": "k", "effect": "NoSchedule"}]}}, MERGE)
    n("owner of itself", "PATCH", "/api/v1/nodes/n1", {"metadata": {"ownerReferences": [{"apiVersion": "v1", "kind": "Pod", "name": "p", "uid": "u"}]}}, MERGE)
    n("creates itself tainted", "POST", "/api/v1/nodes?dryRun=All", obj("v1", "Node", "n3", spec={"taints": [{"key": "k", "effect": "NoSchedule"}]}), who="n3")
    n("creates another", "POST", "/api/v1/nodes", obj("v1", "Node", "n4"))
    n("creates with a config source", "POST", "/api/v1/nodes?dryRun=All", obj("v1", "Node", "n3", spec={"configSource": {"configMap": {"name": "a", "namespace": "b", "kubeletConfigKey": "k"}}}), who="n3")
    n("deletes itself", "DELETE", "/api/v1/nodes/n1")
    n("creates a pod that is no mirror", "POST", NS + "pods", pod("m", "n1"))
    mirror = lambda node_name, **spec: {**pod("mirror", node_name, **spec), "metadata": {"name": "mirror", "annotations": {"kubernetes.io/config.mirror": "x"}}}
    owner = lambda **more: [{"apiVersion": "v1", "kind": "Node", "name": "n1", "uid": "u", "controller": True, **more}]
    n("mirror on another node", "POST", NS + "pods", mirror("n2"))
    n("mirror without owner", "POST", NS + "pods", mirror("n1"))
    for name, refs in (("two owners", owner() * 2), ("a pod as owner", owner(kind="Pod")), ("no controller", owner(controller=False)),
                       ("blocking", owner(blockOwnerDeletion=True)), ("another name", owner(name="n2")), ("another uid", owner())):
        m = mirror("n1"); m["metadata"]["ownerReferences"] = refs
        n("mirror with " + name, "POST", NS + "pods", m)
    uid = json.loads(a.send("GET", "/api/v1/nodes/n1")[2])["metadata"]["uid"]
    for name, spec in (("an account", {"serviceAccountName": "sa"}), ("a secret", {"volumes": [{"name": "s", "secret": {"secretName": "in-use"}}]}),
                       ("a config map", {"volumes": [{"name": "s", "configMap": {"name": "used"}}]}), ("a claim", {"volumes": [{"name": "s", "persistentVolumeClaim": {"claimName": "claim"}}]}),
                       ("a claim of devices", {"resourceClaims": [{"name": "a", "resourceClaimName": "b"}]})):
        m = mirror("n1", **spec); m["metadata"]["ownerReferences"] = owner(uid=uid)
        n("mirror with " + name, "POST", NS + "pods", m)
    n("deletes its pod", "DELETE", NS + "pods/on-n1?dryRun=All")
    n("deletes another's pod", "DELETE", NS + "pods/on-n2")
    n("deletes a pod that is not there", "DELETE", NS + "pods/none")
    n("evicts another's pod", "POST", NS + "pods/on-n2/eviction", obj("policy/v1", "Eviction", "on-n2"))
    n("evicts under another name", "POST", NS + "pods/on-n1/eviction", obj("policy/v1", "Eviction", "on-n2"))
    n("status of another's pod", "PATCH", NS + "pods/on-n2/status", {"status": {"phase": "Running"}}, MERGE)
    n("status with labels", "PATCH", NS + "pods/on-n1/status", {"metadata": {"labels": {"a": "b"}}}, MERGE)
    n("updates a pod", "PATCH", NS + "pods/on-n1", {"metadata": {"labels": {"a": "b"}}}, MERGE)
    n("spec of its claim", "PATCH", NS + "persistentvolumeclaims/claim", {"spec": {}}, MERGE)
    n("status of its claim", "PATCH", NS + "persistentvolumeclaims/claim/status?dryRun=All", {"status": {"capacity": {"storage": "2Gi"}}}, MERGE)
    leases = "/apis/coordination.k8s.io/v1/namespaces/%s/leases"
    lease = lambda name: obj("coordination.k8s.io/v1", "Lease", name)
    n("its lease", "POST", leases % "kube-node-lease" + "?dryRun=All", lease("n1"))
    n("another's lease", "POST", leases % "kube-node-lease", lease("n2"))
    n("lease elsewhere", "POST", leases % "who", lease("n1"))
    n("gets another's lease", "GET", leases % "kube-node-lease" + "/n2")
    n("lists leases", "GET", leases % "kube-node-lease")
    csinode = lambda name: obj("storage.k8s.io/v1", "CSINode", name, spec={"drivers": []})
    n("its CSINode", "POST", "/apis/storage.k8s.io/v1/csinodes?dryRun=All", csinode("n1"))
    n("another's CSINode", "POST", "/apis/storage.k8s.io/v1/csinodes", csinode("n2"))
    n("slices of all", "GET", "/apis/resource.k8s.io/v1/resourceslices")
    n("slices of its own", "GET", "/apis/resource.k8s.io/v1/resourceslices?fieldSelector=spec.nodeName%3Dn1")
    n("pods of its own", "GET", "/api/v1/pods?fieldSelector=spec.nodeName%3Dn3", who="n3")
    n("pods of another", "GET", "/api/v1/pods?fieldSelector=spec.nodeName%3Dn2")
    pod_uid = json.loads(a.send("GET", NS + "pods/on-n1")[2])["metadata"]["uid"]
    other_uid = json.loads(a.send("GET", NS + "pods/on-n2")[2])["metadata"]["uid"]
    bound = lambda **more: {"apiVersion": "v1", "kind": "Pod", **more}
    for name, account, body in (("unbound", "sa", token_request()), ("without uid", "sa", token_request(bound(name="on-n1"))),
                                ("of no pod", "sa", token_request(bound(name="gone", uid="u"))), ("of a wrong uid", "sa", token_request(bound(name="on-n1", uid="u"))),
                                ("of another's pod", "default", token_request(bound(name="on-n2", uid=other_uid))),
                                ("of a secret", "sa", token_request({"apiVersion": "v1", "kind": "Secret", "name": "in-use", "uid": "u"})),
                                ("of another account", "sb", token_request(bound(name="on-n1", uid=pod_uid)))):
        n("token " + name, "POST", NS + "serviceaccounts/%s/token" % account, body)
    for name, audiences in (("of a known audience", ["vault"]), ("of an unknown audience", ["x"]), ("of two audiences", ["vault", "x"])):
        a.ask("node, token " + name, "POST", NS + "serviceaccounts/sa/token", token_request(bound(name="on-n1", uid=pod_uid), audiences=audiences), node(), keep="node token")
    a.ask("not quite a node", "GET", NS + "secrets/in-use", None, act("system:node:n1"))
    a.ask("a node without name", "GET", NS + "secrets/in-use", None, act("system:node:", "system:nodes"))
    a.ask("a node called otherwise", "GET", NS + "secrets/in-use", None, act("n1", "system:nodes"))
    n("list services", "GET", "/api/v1/namespaces/other/services")
    n("an event", "POST", NS + "events?dryRun=All", {"apiVersion": "v1", "kind": "Event", "metadata": {"name": "e"}, "involvedObject": {"namespace": "who"}})
    n("a CSR", "GET", "/apis/certificates.k8s.io/v1/certificatesigningrequests/none")


def tokens(a):
    path = NS + "serviceaccounts/%s/token"
    claims = lambda answer: json.loads(base64.urlsafe_b64decode(answer["status"]["token"].split(".")[1] + "=="))
    def issue(name, body, account="sa"):
        a.ask("token, " + name, "POST", path % account, body, keep=name)
        answer = a.secrets.get(name)
        if answer and answer.get("kind") == "TokenRequest":
            c = claims(answer)
            if "warnafter" in c["kubernetes.io"]:
                c["kubernetes.io"]["warnafter"] -= c["iat"]
            a.answers["claims, " + name] = plain({**c, "exp": c["exp"] - c["iat"], "iat": 0, "nbf": c["nbf"] - c["iat"]})
            a.answers["request, " + name] = plain(scrub(answer))
            return {"Authorization": "Bearer " + answer["status"]["token"]}
    uid = lambda what: json.loads(a.send("GET", what)[2])["metadata"]["uid"]
    for p in (pod("bound", "n1", serviceAccountName="sa"), obj("v1", "Secret", "bound", "who")):
        a.set(p)
    unbound = issue("plain", token_request())
    of_pod = issue("of a pod", token_request({"apiVersion": "v1", "kind": "Pod", "name": "bound", "uid": uid(NS + "pods/bound")}))
    of_secret = issue("of a secret", token_request({"apiVersion": "v1", "kind": "Secret", "name": "bound"}))
    of_node = issue("of a node", token_request({"apiVersion": "v1", "kind": "Node", "name": "n2"}))
    issue("a year, for old clients", token_request({"apiVersion": "v1", "kind": "Pod", "name": "bound", "uid": uid(NS + "pods/bound")}, expirationSeconds=3607))
    elsewhere = issue("for others", token_request(audiences=["vault", "x"]))
    issue("too short", token_request(expirationSeconds=599))
    issue("too long", token_request(expirationSeconds=1 << 33))
    issue("of an unknown kind", token_request({"apiVersion": "v1", "kind": "ConfigMap", "name": "used"}))
    issue("of a wrong version", token_request({"apiVersion": "v2", "kind": "Pod", "name": "bound"}))
    issue("of a pod of another account", token_request({"apiVersion": "v1", "kind": "Pod", "name": "on-n2"}))
    issue("of what is not there", token_request({"apiVersion": "v1", "kind": "Secret", "name": "nothing"}))
    issue("of another uid", token_request({"apiVersion": "v1", "kind": "Secret", "name": "bound", "uid": "u"}))
    issue("of no account", token_request(), "nobody")
    issue("with a wrong name", {**token_request(), "metadata": {"name": "sb"}})
    issue("with a wrong namespace", {**token_request(), "metadata": {"namespace": "other"}})
    issue("empty body", {})
    a.ask("token by alice", "POST", path % "sa", token_request(), ALICE)
    me = lambda name, headers: a.ask(name, "POST", AUTHN + "selfsubjectreviews", review("SelfSubjectReview"), headers, identity=False)
    me("as the account", unbound)
    me("as the account in a pod", of_pod)
    me("as the account by a secret", of_secret)
    me("as the account on a node", of_node)
    me("with a token for others", elsewhere)
    tampered = unbound["Authorization"][:-4] + "AAAA"
    me("with a broken signature", {"Authorization": tampered})
    def check(name, headers, *audiences):
        a.ask("TokenReview, " + name, "POST", AUTHN + "tokenreviews", review("TokenReview", token=headers["Authorization"][7:], **({"audiences": list(audiences)} if audiences else {})))
    check("plain", unbound)
    check("of a pod", of_pod)
    check("of a node", of_node)
    check("right audience", elsewhere, "vault", "y")
    check("wrong audience", elsewhere, "y")
    check("no audience named", elsewhere)
    check("static token", ALICE)
    check("static token with audience", ALICE, "vault")
    check("nonsense", {"Authorization": "Bearer nonsense"})
    check("a JWT of somebody else", {"Authorization": "Bearer " + ".".join(base64.urlsafe_b64encode(x).decode().rstrip("=") for x in (b'{"alg":"RS256"}', b'{"iss":"other"}', b"s"))})
    check("broken signature", {"Authorization": tampered})
    a.ask("TokenReview, empty", "POST", AUTHN + "tokenreviews", review("TokenReview", token=""))
    a.send("DELETE", NS + "pods/bound?gracePeriodSeconds=0")
    a.send("DELETE", NS + "secrets/bound")
    a.send("DELETE", "/api/v1/nodes/n2")
    for name, headers in (("its pod", of_pod), ("its secret", of_secret), ("its node", of_node)):
        until(lambda: a.send("POST", AUTHN + "selfsubjectreviews", review("SelfSubjectReview"), headers, identity=False)[0] == 401, name + " invalidates the token", timeout=90)
        check("after " + name, headers)
    a.send("DELETE", NS + "serviceaccounts/sa")
    until(lambda: a.send("POST", AUTHN + "selfsubjectreviews", review("SelfSubjectReview"), unbound, identity=False)[0] == 401, "the account", timeout=90)
    check("after its account", unbound)


def bootstrap_tokens(a):
    def secret(token_id, token_secret="0123456789abcdef", **data):
        fields = {"token-id": token_id, "token-secret": token_secret, "usage-bootstrap-authentication": "true", **{k.replace("_", "-"): v for k, v in data.items()}}
        a.set(obj("v1", "Secret", "bootstrap-token-" + token_id, "kube-system", type="bootstrap.kubernetes.io/token", stringData=fields))
    secret("aaaaaa", auth_extra_groups="system:bootstrappers:a,system:bootstrappers:b")
    secret("bbbbbb", expiration="2020-01-01T00:00:00Z")
    secret("cccccc", usage_bootstrap_authentication="false")
    secret("dddddd", auth_extra_groups="outsiders")
    me = lambda name, token: a.ask("bootstrap token, " + name, "POST", AUTHN + "selfsubjectreviews", review("SelfSubjectReview"), {"Authorization": "Bearer " + token})
    until(lambda: a.send("POST", AUTHN + "selfsubjectreviews", review("SelfSubjectReview"), {"Authorization": "Bearer aaaaaa.0123456789abcdef"}, identity=False)[0] == 201, "the token")
    me("good", "aaaaaa.0123456789abcdef")
    me("wrong secret", "aaaaaa.0123456789abcdee")
    me("unknown", "zzzzzz.0123456789abcdef")
    me("malformed", "AAAAAA.0123456789abcdef")
    me("expired", "bbbbbb.0123456789abcdef")
    me("not for authentication", "cccccc.0123456789abcdef")
    me("groups of others", "dddddd.0123456789abcdef")
    a.ask("bootstrap token, may request certificates", "GET", "/apis/certificates.k8s.io/v1/certificatesigningrequests/none", None, {"Authorization": "Bearer aaaaaa.0123456789abcdef"})


def keys(a):
    for path in ("/openid/v1/jwks", "/.well-known/openid-configuration"):
        status, head, body = a.send("GET", path)
        answer = json.loads(body)
        # The kind of key is the cluster's.
        answer["keys"] = [sorted(set(key) & {"use", "kty", "kid", "alg"}) for key in answer.get("keys", [])]
        answer["id_token_signing_alg_values_supported"] = len(answer.get("id_token_signing_alg_values_supported", []))
        a.answers[path] = {"status": status, "type": head.get("Content-Type"), "cache": head.get("Cache-Control"), "body": plain(answer)}


PARTS = {f.__name__: f for f in (who_am_i, impersonation, anonymous, reviews, escalation, nodes, keys, bootstrap_tokens, tokens)}


def all_answers(conf):
    a = Asker(conf)
    prepare(a)
    out = {}
    for name, part in PARTS.items():
        a.answers = {}
        part(a)
        out[name] = a.answers
    return out


if sys.argv[1:2] == ["--record"]:
    save(sys.argv[3] if len(sys.argv) > 3 else GOLDEN, all_answers(sys.argv[2]))
    sys.exit()

golden = load(GOLDEN)
FLAGS = ["kube-apiserver.token-auth-file=" + TOKENS, "kube-apiserver.enable-bootstrap-token-auth=true", "kube-controller-manager.controllers=clusterrole-aggregation-controller"]
with skiff.Cluster(nodes=0, flags=FLAGS) as cluster:
    a = Asker(cluster.conf)
    prepare(a)
    replay(a, "identity", PARTS, golden)

skiff.finish()
