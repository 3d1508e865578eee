"""Watches of every form, open while objects come, change, enter and leave the selection, and go."""
from topics._common import *

POD = {"spec": {"containers": [{"name": "c", "image": "x"}], "terminationGracePeriodSeconds": 30}}
BODIES = {"configmaps": {"data": {"k": "v"}}, "secrets": {"type": "Opaque", "data": {"k": "djE="}}, "pods": POD,
          "services": {"spec": {"ports": [{"port": 80}], "clusterIP": "None"}}}
FIELDS = {"configmaps": ("metadata.name=@X@-a", "metadata.name!=@X@-a", "metadata.namespace=@NS@", "metadata.namespace=other", "spec.odd=1"),
          "secrets": ("metadata.name=@X@-b", "type=Opaque", "type!=Opaque", "type=Opaque,metadata.name!=@X@-a"),
          "pods": ("spec.nodeName=n1", "spec.nodeName=", "status.phase=Running", "status.phase!=Running,spec.nodeName!=", "metadata.name=@X@-a", "spec.restartPolicy=Always"),
          "services": ("metadata.name=@X@-c", "spec.clusterIP=None", "spec.type=ClusterIP")}
LABELS = ("a=1", "a!=1", "a in (1,2),b", "!a", "a", "b notin (x)", "a in (", "a==2", "c gt 1", "x>5", "=1")
ACCEPTS = (JSON,) * 5 + (TABLE, PARTIAL, TABLE + "," + JSON, "application/yaml", "application/vnd.kubernetes.protobuf;q=0.1,application/json", "text/plain", "application/json;stream=watch")
END = "sequence-end"


def escaped(text):
    return text.replace("=", "%3D").replace(" ", "%20").replace("!", "%21").replace(">", "%3E").replace(",", "%2C")


def labels(rng):
    out = {k: rng.choice(("1", "2", "9", "x")) for k in ("a", "b", "c") if rng.random() < 0.5}
    return out


def opening(rng, name, path, resource, memory):
    """A watch with the options of a roll of dice, and whether it is of every namespace."""
    options = ["watch=" + rng.choice(("1", "true", "1", "1", "True"))]
    roll = rng.random()
    if roll < 0.45:
        options.append("labelSelector=" + escaped(rng.choice(LABELS)))
    if rng.random() < 0.3:
        options.append("fieldSelector=" + escaped(rng.choice(FIELDS[resource])))
    known = sorted(k for k in memory if k.startswith(path + "/"))
    version = rng.choice(("", "", "0", "0", "N", "N", "N", "x", "-1", "9000000000000"))
    if version == "N":
        version = "${%s:metadata.resourceVersion}" % rng.choice(known + [NS])
    if version:
        options.append("resourceVersion=" + version)
    if rng.random() < 0.4:
        options.append("allowWatchBookmarks=" + rng.choice(("true", "true", "1", "false")))
    if rng.random() < 0.35:
        options.append("sendInitialEvents=" + rng.choice(("true", "true", "true", "false")))
    if rng.random() < (0.8 if "sendInitial" in options[-1] else 0.07):
        options.append("resourceVersionMatch=" + rng.choice(("NotOlderThan",) * 5 + ("Exact", "odd")))
    if rng.random() < 0.1:
        options.append("limit=1")
    if version == "9000000000000":
        options.append("timeoutSeconds=1")
    wide = rng.random() < 0.12 and "labelSelector" not in " ".join(options)
    if wide:
        path = "/api/v1/" + resource
        options.append("labelSelector=run%3D@X@")
    elif rng.random() < 0.12 and known:
        path = rng.choice(known)  # a single object: only its name and RV matter
    if "watch=" in options[0] and rng.random() < 0.04:
        path, options = path.replace("/api/v1/", "/api/v1/watch/"), options[1:]
    return {"method": "GET", "path": path + query(*options), "headers": {"Accept": rng.choice(ACCEPTS)}, "open": name}


def write(rng, path, resource, memory):
    known = sorted(k for k in memory if k.startswith(path + "/"))
    roll = rng.random()
    if not known or roll < 0.25:
        body = {**BODIES[resource], "metadata": {"name": "@X@-" + rng.choice("abcd"), "labels": {"run": "@X@", **labels(rng)}}}
        if rng.random() < 0.2:
            body["metadata"]["finalizers"] = ["example.com/f"]
        if resource == "secrets" and rng.random() < 0.4:
            body["type"] = "example.com/odd"
        if resource == "pods" and rng.random() < 0.4:
            body["spec"] = {**body["spec"], "nodeName": rng.choice(("n1", "n2"))}
        return post(path, body)
    key = rng.choice(known)
    if roll < 0.6:
        return merge(key, {"metadata": {"labels": {k: rng.choice(("1", "2", None, "x")) for k in rng.sample("abc", 2)}}})
    if roll < 0.68 and resource == "pods":
        return merge(key + "/status", {"status": {"phase": rng.choice(("Running", "Failed", "Pending"))}})
    if roll < 0.72 and resource == "pods":
        return post(key + "/binding", {"target": {"kind": "Node", "name": rng.choice(("n1", "n2"))}})
    if roll < 0.74:
        return merge(key, {"metadata": {"finalizers": rng.choice((None, ["example.com/f"]))}})
    if roll < 0.8:
        return merge(key + "?dryRun=All", {"metadata": {"labels": {"a": "dry"}}})
    if roll < 0.85:
        return delete(path + query(rng.choice(("labelSelector=a%3D1", "labelSelector=%21a", "")), rng.choice(("gracePeriodSeconds=0", ""))))
    return delete(key + rng.choice(("", "?gracePeriodSeconds=0", "?gracePeriodSeconds=5", "?propagationPolicy=Foreground")))


def steps(rng, memory, count):
    yield from namespace()
    resource = rng.choice(sorted(BODIES))
    path = NS + "/" + resource
    for _ in range(rng.randint(0, 4)):
        yield write(rng, path, resource, memory)
    opened = {}
    for number in range(count):
        if len(opened) < 5 and rng.random() < 0.35:
            name = "w%d" % number
            yield get(path, key="read")  # what is cached is as new as what was written
            opened[name] = opening(rng, name, path, resource, memory)
            yield opened[name]
        yield write(rng, path, resource, memory)
    # The last event of each: an object that is made for its selection.
    for name, step in sorted(opened.items()):
        yield from ending(name, step, path, resource)


def ending(name, step, path, resource):
    key, end = path + "/@X@-" + "end", name
    single = step["path"].split("?")[0].replace("/watch/", "/")
    if single.startswith(path + "/"):
        key = single
    for part, target in (("name%3D@X@-a", "a"), ("name%3D@X@-b", "b"), ("name%3D@X@-c", "c")):
        if part in step["path"] and "%21%3D@X@-" + target not in step["path"]:
            key = path + "/@X@-" + target
    fit = {"a%3D1": {"a": "1"}, "a%21%3D1": {}, "a%20in%20(1%2C2)%2Cb": {"a": "1", "b": "1"}, "%21a": {}, "a": {"a": "1"}, "b%20notin%20(x)": {}, "a%3D%3D2": {"a": "2"}, "x%3E5": {"x": "7"}}
    selected = next((p[len("labelSelector="):] for p in step["path"].split("?")[-1].split("&") if p.startswith("labelSelector=")), "")
    body = {"apiVersion": "v1", "kind": {"configmaps": "ConfigMap", "secrets": "Secret", "pods": "Pod", "services": "Service"}[resource], **BODIES[resource],
            "metadata": {"name": key.rsplit("/", 1)[1], "labels": {"run": "@X@", **fit.get(selected, {})}, "annotations": {END: name}}}
    yield delete(key + "?gracePeriodSeconds=0")
    yield merge(key, {"metadata": {"finalizers": None}})
    if resource == "secrets" and "type%21%3D" in step["path"]:
        body["type"] = "example.com/odd"
    if resource == "pods" and ("nodeName%3Dn1" in step["path"] or "nodeName%21%3D" in step["path"]):
        body["spec"] = {**body["spec"], "nodeName": "n1"}
    yield post(path, body)
    if resource == "pods":
        yield merge(key + "/status", {"status": {"phase": "Running" if "phase%3DRunning" in step["path"] else "Pending"}})
    yield {"close": name, "mark": "\"%s\":\"%s\"" % (END, name), "method": "GET", "path": step["path"]}
