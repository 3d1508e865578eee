"""Asking an apiserver and comparing its answers with recorded ones: what parity_golden.py and parity_live.py share.

A request is (id, method, path, headers, body); the id begins with verb/apiVersion/Kind ("create/apps/v1/Deployment/..."), its
group. An answer is {status, type, warnings, body} with everything that differs from cluster to cluster replaced by a word."""
import collections
import concurrent.futures
import gzip
import http.client
import json
import os
import re
import threading

from rest import Rest

Request = collections.namedtuple("Request", "id method path headers body")
GOLDEN = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "golden", "parity")


def group_of(ident):
    """verb/apiVersion/Kind of an id; whatever comes before the last part where no kind is named."""
    m = re.match(r"([a-z-]+/(?:[^/]+/)?[^/]+/[A-Z]\w+)", ident)
    return m.group(1) if m else ident.split("/")[0]


class Asker(Rest):
    """Keeps a connection a thread. Loopback and an idle server: a lost connection is tried once more."""

    def __init__(self, kubeconfig, identity=True):
        super().__init__(kubeconfig, identity)
        self.local = threading.local()

    def ask(self, request, timeout=30):
        """(status, content type, warnings, text)"""
        body = request.body.encode() if isinstance(request.body, str) else request.body
        for attempt in (0, 1):
            c = getattr(self.local, "c", None)
            if c is None:
                c = self.local.c = http.client.HTTPSConnection(self.url.hostname, self.url.port, context=self.tls, timeout=timeout)
            try:
                c.request(request.method, request.path, body, request.headers)
                r = c.getresponse()
                data = r.read()
                if r.getheader("Content-Encoding") == "gzip":
                    data = gzip.decompress(data)
                return r.status, r.getheader("Content-Type", ""), r.headers.get_all("Warning") or [], data.decode("utf-8", "replace")
            except (OSError, http.client.HTTPException) as error:
                c.close()
                self.local.c = None
                if attempt:
                    return 0, "", [], type(error).__name__

    def ask_all(self, requests, threads=4):
        with concurrent.futures.ThreadPoolExecutor(threads) as pool:
            yield from pool.map(lambda r: comparable(r, self.ask(r)), requests)


# ---- what differs between two clusters that behave alike ----

_WORDS = [(re.compile(pattern), word) for pattern, word in (
    (r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "<uid>"),
    (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "<time>"),
    (r"\b10\.(9[6-9]|10\d|11[01]|200)\.\d+\.\d+\b", "<service-ip>"),
    (r"(resourceVersion\W{2,6})\d+", r"\1<version>"),
    (r"(Too large resource version: \d+, current: )\d+", r"\1<version>"),
    (r"X509SHA256=[0-9a-f]{64}", "X509SHA256=<certificate>"),
    (r":3[0-2]\d{3}/(TCP|UDP|SCTP)", r":<port>/\1"),
    (r"^(\d+[smhdy]){1,2}$", "<age>"),
    (r"127\.0\.0\.1:\d+", "<server>"),
    (r"kube-api-access-[a-z0-9]{5}\b", "kube-api-access-<suffix>"),
)]
_OPAQUE = {"resourceVersion", "continue", "storageVersionHash", "serverRelativeURL", "hash"}


def _neutral(value, sent, key=""):
    if isinstance(value, dict):
        return {k: _neutral(v, sent, k) for k, v in value.items()}
    if isinstance(value, list):
        return [_neutral(v, sent, key) for v in value]
    if isinstance(value, str):
        if key in _OPAQUE:
            return value and "<%s>" % key
        if value and value in sent:
            return value
        for pattern, word in _WORDS:
            value = pattern.sub(word, value)
        return re.sub(r"-[bcdfghjklmnpqrstvwxz2456789]{5}$", "-<suffix>", value) if key in ("name", "generateName") else value
    if key in ("nodePort", "healthCheckNodePort") and isinstance(value, int) and value >= 30000 and str(value) not in sent:
        return "<port>"
    return value


def comparable(request, answer):
    status, content_type, warnings, text = answer
    sent = request.body or ""
    try:
        if "watch" in request.path:
            events = [json.loads(line) for line in text.splitlines() if line]
            body = [_neutral(e, sent) for e in events
                    if e.get("type") != "BOOKMARK" or "k8s.io/initial-events-end" in json.dumps(e)]
        else:
            body = _neutral(json.loads(text), sent)
            if "selfsubjectrulesreviews" in request.path:  # upstream lists rules as its maps are walked
                status_of = body.get("status")
                for rules in status_of.values() if isinstance(status_of, dict) else []:
                    if isinstance(rules, list):
                        rules.sort(key=json.dumps)
    except ValueError:
        body = _neutral(text, sent)
    return {"status": status, "type": content_type, "warnings": [_neutral(w, sent) for w in warnings], "body": body}


def differences(got, want, path=""):
    """(path, got, want) of each difference between two comparable answers."""
    if type(got) is not type(want):
        yield path, got, want
    elif isinstance(got, dict):
        for key in sorted(set(got) | set(want)):
            if key in got and key in want:
                yield from differences(got[key], want[key], path + "." + key)
            else:
                yield path + "." + key, got.get(key, "<absent>"), want.get(key, "<absent>")
    elif isinstance(got, list):
        if len(got) != len(want):
            yield path + ".length", len(got), len(want)
        for i, (a, b) in enumerate(zip(got, want)):
            yield from differences(a, b, "%s[%d]" % (path, i))
    elif got != want:
        yield path, got, want


# ---- recorded answers: a file for each verb and API version, a line for each request ----

def file_of(ident):
    verb, rest = group_of(ident).split("/", 1)
    return verb + "." + rest.rsplit("/", 1)[0].replace("/", ".")


def load(name):
    """[(request, answer)] in the order of the file."""
    with gzip.open(os.path.join(GOLDEN, name + ".jsonl.gz"), "rt", encoding="utf-8") as f:
        return [(Request(*line[:5]), line[5]) for line in map(json.loads, f)]


def store(name, pairs):
    """Sorted and without a time stamp: recording the same again changes no byte."""
    os.makedirs(GOLDEN, exist_ok=True)
    lines = [json.dumps([*request, answer], sort_keys=True, separators=(",", ":"), ensure_ascii=False)
             for request, answer in sorted(pairs, key=lambda p: p[0].id)]
    with open(os.path.join(GOLDEN, name + ".jsonl.gz"), "wb") as f:
        f.write(gzip.compress("".join(line + "\n" for line in lines).encode(), 9, mtime=0))


def names():
    return sorted(f[:-len(".jsonl.gz")] for f in os.listdir(GOLDEN) if f.endswith(".jsonl.gz"))


def known(name):
    """Ids of answers that are known to differ: a list that only gets shorter."""
    path = os.path.join(GOLDEN, name + ".known")
    return set(open(path).read().split("\n")) - {""} if os.path.exists(path) else set()


def store_known(name, ids):
    path = os.path.join(GOLDEN, name + ".known")
    if ids:
        with open(path, "w") as f:
            f.writelines(ident + "\n" for ident in sorted(ids))
    elif os.path.exists(path):
        os.remove(path)


def setup(asker, path=os.path.join(GOLDEN, "setup.jsonl")):
    """Stores what the requests work on. Returns the complaints."""
    complaints = []
    with open(path) as f:
        for line in f:
            path, body = json.loads(line)
            status, _, _, text = asker.ask(Request("", "POST", path, {"Content-Type": "application/json"}, json.dumps(body)))
            if status not in (201, 409):
                complaints.append("%s: %d %s" % (path, status, text[:200]))
    return complaints


# ---- requests from the generator beside the peers ----

def generator(seed, random):
    """The case maker of ../shared/peers/parity, or None when it is not there."""
    import importlib.machinery
    import importlib.util
    top = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    for folder in (os.environ.get("PEERS_PARITY", ""), os.path.join(top, "..", "shared", "peers", "parity")):
        path = os.path.join(folder, "parity")
        if folder and os.path.exists(path):
            loader = importlib.machinery.SourceFileLoader("peers_parity", path)
            module = importlib.util.module_from_spec(importlib.util.spec_from_loader("peers_parity", loader))
            loader.exec_module(module)
            class Args:
                pass
            args = Args()
            args.seed, args.random = seed, random
            return module, module.Maker(args)
    return None


def text_of(body):
    """A body as the text that is sent; bytes that are no UTF-8 do not occur."""
    if body is None or isinstance(body, str):
        return body
    return body.decode() if isinstance(body, bytes) else json.dumps(body)


def generated(maker, only, verbs=("create", "update", "read", "delete")):
    pick = re.compile(only)
    for verb in verbs:
        for case in getattr(maker, verb)():
            if pick.search(case.id):
                yield Request(case.id, case.method, case.path, dict(case.headers), text_of(case.body))


def setup_requests(module, maker):
    """What the generator's own preparation would store: [path, object] in order."""
    sent = []

    class Recorder:
        def send(self, case):
            sent.append([case.path, case.body])
            return 201, "", [], b""
    module.prepare(Recorder(), maker)
    return sent
