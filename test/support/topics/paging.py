"""Lists by pages while objects come and go: selectors, versions, tokens that are old, broken, of another list or made up."""
import base64
import json

from topics._common import *

COLLECTIONS = ("configmaps", "secrets")


def token(**fields):
    return base64.urlsafe_b64encode(json.dumps(fields).encode()).decode().rstrip("=")


def made_up(rng):
    v = rng.choice(("meta.k8s.io/v1",) * 5 + ("v1", ""))
    rv = rng.choice((0, -1, -1, -1, -2, 9000000000000))
    start = rng.choice(("@X@-a\0", "@X@-b", "", "/", "../x", "/../x", "..", "@NS@/@X@-a\0", "a/b", "@X@-b/", " "))
    # The name of the run is only known when it is sent, so the token cannot hold it: it starts where every name is.
    start = start.replace("@X@", "r").replace("@NS@", "ns")
    made = {"v": v, "rv": rv, "start": start}
    if rng.random() < 0.15:
        made.pop(rng.choice(sorted(made)))
    if rng.random() < 0.1:
        made["more"] = 1
    return rng.choice((token(**made),) * 4 + ("x", "%%%", "eyJ", base64.urlsafe_b64encode(b"[]").decode(), base64.b64encode(b'{"v":"meta.k8s.io/v1","rv":1,"start":"a"}').decode(), "null"))


def listing(rng, path, known):
    roll, options = rng.random(), []
    if rng.random() < 0.75:
        options.append("limit=" + rng.choice(("1", "2", "2", "3", "0", "500", "-1", "x", "9999999999999999999")))
    if rng.random() < 0.3:
        options.append("labelSelector=" + rng.choice(("a%3D1", "%21a", "a+in+(1,2)", "a")))
    if rng.random() < 0.15:
        options.append("fieldSelector=" + rng.choice(("metadata.name%21%3D@X@-b", "metadata.name%3D@X@-b", "metadata.namespace%3D@NS@")))
    if roll < 0.45:
        options.append("continue=" + rng.choice(("${page:metadata.continue}",) * 4 + ("${other:metadata.continue}", made_up(rng))))
    if rng.random() < 0.4:
        options.append("resourceVersion=" + rng.choice(("0", "0", "${%s:metadata.resourceVersion}" % rng.choice(known), "${page:metadata.resourceVersion}", "x", "-1", "9000000000000")))
    if rng.random() < 0.35:
        options.append("resourceVersionMatch=" + rng.choice(("Exact", "Exact", "NotOlderThan", "NotOlderThan", "odd")))
    if rng.random() < 0.04:
        options.append("timeoutSeconds=1")
    accept = rng.choice((None, None, None, TABLE, PARTIALS, "application/yaml"))
    if rng.random() < 0.12:
        path = "/api/v1/" + path.rsplit("/", 1)[1]
        options.append("labelSelector=run%3D@X@") if not any("labelSelector" in o for o in options) else None
        if not any("labelSelector=run" in o for o in options):
            path = NS + "/" + path.rsplit("/", 1)[1]
    key = rng.choice(("page", "page", "page", "other")) if accept is None else "shown"
    return get(path + query(*options), accept, key=key)


def steps(rng, memory, count):
    yield from namespace()
    for collection in COLLECTIONS:
        for name in "abcdef":
            yield post(NS + "/" + collection, {"metadata": {"name": "@X@-" + name, "labels": {"run": "@X@", "a": rng.choice("123")}}})
    yield get(NS + "/configmaps?limit=2", key="page")
    yield get(NS + "/secrets?limit=3", key="other")
    for _ in range(count):
        path = NS + "/" + rng.choice(COLLECTIONS)
        known = sorted(k for k in memory if k.startswith(NS + "/" + COLLECTIONS[0] + "/")) or [NS]
        roll = rng.random()
        if roll < 0.12:
            yield post(path, {"metadata": {"name": "@X@-" + rng.choice("abcdefghij"), "labels": {"run": "@X@", "a": rng.choice("123")}}})
        elif roll < 0.2:
            yield delete(path + "/@X@-" + rng.choice("abcdef"))
        elif roll < 0.25:
            yield merge(path + "/@X@-" + rng.choice("abcdef"), {"metadata": {"labels": {"a": rng.choice(("1", "2", None))}}})
        else:
            yield listing(rng, path, known)
