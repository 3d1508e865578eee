"""Who may do what, as roles come and go: escalation and binding by impersonated users, tokens that are used, certificates that
are asked for."""
from topics._common import *

RBAC = "/apis/rbac.authorization.k8s.io/v1"
ROLES, BINDINGS = RBAC + "/namespaces/@NS@/roles", RBAC + "/namespaces/@NS@/rolebindings"
CLUSTER_ROLES, CLUSTER_BINDINGS = RBAC + "/clusterroles", RBAC + "/clusterrolebindings"
USERS = ("jane", "sam", "system:serviceaccount:@NS@:default")
RULES = ([{"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list"]}], [{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["*"]}], [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}],
         [{"apiGroups": [""], "resources": ["configmaps"], "resourceNames": ["@X@-a"], "verbs": ["get", "update"]}], [{"apiGroups": ["rbac.authorization.k8s.io"], "resources": ["roles", "rolebindings"], "verbs": ["create", "update", "patch", "get", "list", "delete"]}],
         [{"apiGroups": ["rbac.authorization.k8s.io"], "resources": ["roles", "clusterroles"], "verbs": ["escalate", "bind"]}], [{"apiGroups": ["rbac.authorization.k8s.io"], "resources": ["clusterroles"], "resourceNames": ["view"], "verbs": ["bind"]}],
         [{"nonResourceURLs": ["/healthz", "/x/*"], "verbs": ["get"]}], [{"apiGroups": [""], "resources": ["pods/log", "pods/status"], "verbs": ["get"]}], [], [{"verbs": []}], [{"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["get"], "nonResourceURLs": ["/x"]}],
         [{"apiGroups": [""], "resources": ["users", "groups", "serviceaccounts"], "verbs": ["impersonate"]}], [{"apiGroups": [""], "resources": ["*"], "verbs": ["get"]}], [{"apiGroups": [""], "resources": ["*/status"], "verbs": ["get"]}])
SUBJECTS = ([{"kind": "User", "name": "jane", "apiGroup": "rbac.authorization.k8s.io"}], [{"kind": "User", "name": "sam", "apiGroup": "rbac.authorization.k8s.io"}], [{"kind": "ServiceAccount", "name": "default", "namespace": "@NS@"}],
            [{"kind": "Group", "name": "dev", "apiGroup": "rbac.authorization.k8s.io"}], [{"kind": "ServiceAccount", "name": "default"}], [{"kind": "Odd", "name": "x"}], [], [{"kind": "User", "name": "jane"}])
REFS = ({"kind": "Role", "name": "@X@-a"}, {"kind": "Role", "name": "@X@-b"}, {"kind": "ClusterRole", "name": "view"}, {"kind": "ClusterRole", "name": "@X@-c"}, {"kind": "ClusterRole", "name": "cluster-admin"}, {"kind": "Role", "name": "absent"}, {"kind": "Odd", "name": "x"})


def person(rng, share=0.6):
    if rng.random() > share:
        return {}
    out = {"Impersonate-User": rng.choice(USERS)}
    if rng.random() < 0.25:
        out["Impersonate-Group"] = rng.choice(("dev", "system:masters", "system:authenticated"))
    return {"headers": out}


def step(rng, memory):
    roll, who = rng.random(), person(rng)
    name = "@X@-" + rng.choice("abc")
    dry = "?dryRun=All" if rng.random() < 0.08 else ""
    if roll < 0.2:
        where = rng.choice((ROLES, ROLES, CLUSTER_ROLES))
        body = {"metadata": {"name": name, "labels": rng.choice(({}, {"aggregate": "@X@"}))}, "rules": rng.choice(RULES)}
        if where == CLUSTER_ROLES and rng.random() < 0.25:
            body["aggregationRule"] = {"clusterRoleSelectors": rng.choice(([{"matchLabels": {"aggregate": "@X@"}}], [{}], []))}
        return post(where + dry, body, **who)
    if roll < 0.38:
        where = rng.choice((BINDINGS, BINDINGS, CLUSTER_BINDINGS))
        return post(where + dry, {"metadata": {"name": name}, "roleRef": {"apiGroup": "rbac.authorization.k8s.io", **rng.choice(REFS)}, "subjects": rng.choice(SUBJECTS)}, **who)
    known = sorted(k for k in memory if k.startswith(RBAC) and "@X@-" in k)
    if roll < 0.52 and known:
        key = rng.choice(known)
        body = {"rules": rng.choice(RULES)} if "roles/" in key else {"subjects": rng.choice(SUBJECTS), **({"roleRef": {"name": "view"}} if rng.random() < 0.2 else {})}
        return merge(key + dry, body, **who)
    if roll < 0.57 and known:
        key = rng.choice(known)
        return edit(key, key, [[["rules"], rng.choice(RULES)]] if "roles/" in key else [[["subjects"], rng.choice(SUBJECTS)]], **who)
    if roll < 0.62 and known:
        return delete(rng.choice(known), **who)
    if roll < 0.72:
        attributes = {"namespace": "@NS@", "verb": rng.choice(("get", "update", "list", "*")), "resource": rng.choice(("pods", "configmaps", "*", "pods/log")), **rng.choice(({}, {"name": "@X@-a"}, {"group": "*"}, {"subresource": "log"}))}
        spec = rng.choice(({"resourceAttributes": attributes}, {"nonResourceAttributes": {"path": rng.choice(("/healthz", "/x/y", "/metrics")), "verb": "get"}}, {}))
        kind = rng.choice(("selfsubjectaccessreviews", "subjectaccessreviews", "namespaces/@NS@/localsubjectaccessreviews"))
        if kind != "selfsubjectaccessreviews":
            spec = {**spec, **rng.choice(({"user": "jane"}, {"user": "sam", "groups": ["dev"]}, {"groups": ["system:masters"]}, {}))}
        return post("/apis/authorization.k8s.io/v1/" + kind, {"spec": spec}, **who)
    if roll < 0.75:
        return post("/apis/authorization.k8s.io/v1/selfsubjectrulesreviews", {"spec": {"namespace": "@NS@"}}, **person(rng, 1))
    verb = rng.random()
    path = rng.choice((NS + "/configmaps", NS + "/pods", "/apis/apps/v1/namespaces/@NS@/deployments", ROLES))
    who = person(rng, 1)
    if verb < 0.5:
        return get(path + rng.choice(("", "/@X@-a")), key="read", **{"headers": {**who["headers"], "Accept": JSON}}) if False else {"method": "GET", "path": path + rng.choice(("", "/@X@-a")), "key": "read", **who}
    if verb < 0.7:
        return post(NS + "/configmaps", {"metadata": {"name": name}}, **who)
    if verb < 0.85:
        return delete(path + rng.choice(("", "/@X@-a")), **who)
    return apply(NS + "/configmaps/@X@-a?fieldManager=m", {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "@X@-a"}, "data": {"a": "b"}}, **who)


def steps(rng, memory, count):
    yield from namespace()
    for _ in range(count):
        yield step(rng, memory)
    for key in sorted(k for k in memory if k.startswith((CLUSTER_ROLES + "/@X@", CLUSTER_BINDINGS + "/@X@"))):
        yield delete(key)
