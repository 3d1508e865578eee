"""Asks a server many things and keeps the answers, scrubbed of what differs between runs, to compare with recorded ones."""
import http.client
import json
import re

from rest import Rest
from skiff import until

MERGE = "application/merge-patch+json"
CHANGING = re.compile(r"uid|Timestamp|resourceVersion|managedFields|token|[tT]ime$")
PLURALS = {"endpoints": "endpoints", "networkpolicy": "networkpolicies", "validatingadmissionpolicy": "validatingadmissionpolicies"}


def obj(api, kind, name, ns=None, **more):
    meta = {"name": name, **({"namespace": ns} if ns else {})}
    meta.update(more.pop("metadata", {}))
    return {"apiVersion": api, "kind": kind, "metadata": meta, **more}


def path_of(o, ns=None):
    group, _, version = o["apiVersion"].rpartition("/")
    kind = o["kind"].lower()
    plural = PLURALS.get(kind, kind + ("es" if kind.endswith("s") else "s"))
    ns = o["metadata"].get("namespace", ns)
    return ("/apis/%s/%s/" % (group, version) if group else "/api/v1/") + ("namespaces/%s/" % ns if ns else "") + plural


def scrub(value):
    if isinstance(value, dict):
        for rules in ("resourceRules", "nonResourceRules"):  # in no order upstream
            if isinstance(value.get(rules), list):
                value[rules] = sorted(value[rules], key=lambda r: json.dumps(r, sort_keys=True))
        return {k: scrub(v) for k, v in value.items() if not (CHANGING.search(k) and isinstance(v, (str, list)) and k != "uids")}
    return [scrub(v) for v in value] if isinstance(value, list) else value


TEXTS = ((r"kubernetes-admin", "admin"), (r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "<uid>"),
         (r"127\.0\.0\.1:\d+", "<server>"), (r"https://kubernetes\.default\.svc(\.cluster\.local)?", "<issuer>"),
         (r"X509SHA256=[0-9a-f]{64}", "X509SHA256=<hash>"), (r"kube-api-access-\w{5}", "kube-api-access-<x>"))


def plain(value):
    text = json.dumps(value)
    for pattern, to in TEXTS:
        text = re.sub(pattern, to, text)
    return json.loads(text)


class Asker:
    def __init__(self, conf):
        self.admin, self.nobody = Rest(conf), Rest(conf, identity=False)
        self.answers, self.secrets = {}, {}

    def send(self, method, path, body=None, headers=None, content_type=None, identity=True):
        """`headers` may be pairs: some are sent several times. (status, headers, body)"""
        rest = self.admin if identity else self.nobody
        c = http.client.HTTPSConnection(rest.url.hostname, rest.url.port, context=rest.tls, timeout=20)
        data = json.dumps(body).encode() if isinstance(body, (dict, list)) else body
        c.putrequest(method, path)
        pairs = list(headers.items()) if isinstance(headers, dict) else list(headers or [])
        if data is not None:
            pairs += [("Content-Type", content_type or "application/json"), ("Content-Length", str(len(data)))]
        for k, v in pairs:
            c.putheader(k, v)
        c.endheaders(data)
        r = c.getresponse()
        out = r.status, r.headers, r.read()
        c.close()
        return out

    def ready(self):
        """Whether the server answers, and says that it is ready."""
        try:
            return self.send("GET", "/readyz")[0] == 200
        except OSError:
            return False

    def get(self, path):
        return json.loads(self.send("GET", path)[2])

    def set(self, *objects):
        """Creates what is not there."""
        for o in objects:
            status, _, body = self.send("POST", path_of(o), o)
            assert status in (201, 409), (o, body)

    def namespace(self, name, labels=None):
        self.set(obj("v1", "Namespace", name, metadata={"labels": labels or {}}))
        until(lambda: self.send("POST", "/api/v1/namespaces/%s/serviceaccounts" % name, obj("v1", "ServiceAccount", "default"))[0] in (201, 409), "an account in " + name)

    def ask(self, name, method, path, body=None, headers=None, content_type=None, identity=None, keep=None):
        if identity is None:
            identity = not (isinstance(headers, dict) and "Authorization" in headers)
        status, head, data = self.send(method, path, body, headers, content_type, identity)
        out = {"status": status}
        try:
            answer = json.loads(data)
            if keep:
                self.secrets[keep] = answer
            if not isinstance(answer, dict):
                out["body"] = answer
            elif answer.get("kind") == "Status":
                out.update({k: answer[k] for k in ("reason", "message", "details") if k in answer})
            elif keep is None:
                out["body"] = scrub(answer)
        except ValueError:
            out["text"] = data.decode("utf-8", "replace")[:300]
        if head.get_all("Warning"):
            out["warnings"] = head.get_all("Warning")
        self.answers[name] = plain(out)
        return data

    def create(self, name, o, ns=None, query=""):
        return self.ask(name, "POST", path_of(o, ns) + query, o)
