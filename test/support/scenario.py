"""Scenarios: requests to an apiserver and what it answered, made comparable (identities and times replaced by names).

A script decorates functions with @scenario("name"); each gets a Session whose namespace is its own. `main` records them from
an upstream apiserver (--record KUBECONFIG), compares two servers live (--ours KUBECONFIG [--peer KUBECONFIG]), or, without
arguments, starts a cluster without controllers and compares with the golden file."""
import argparse
import base64
import concurrent.futures
import gzip
import http.client
import io
import json
import os
import random
import re
import sys
import urllib.parse

import skiff
from rest import Rest

SCENARIOS = []
HEADERS = ("Content-Type", "Content-Encoding", "Cache-Control", "Vary", "Warning", "Retry-After", "Allow", "X-Content-Type-Options",
           "Location", "Transfer-Encoding")
VARYING = [(re.compile(p), word) for p, word in (
    (r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "<uid>"),
    (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "<time>"),
    (r"(?i)((?:resourceVersion|resource version|current)\W{1,6})[1-9]\d{1,8}(?!\d)", r"\1<rv>"),
    (r"(too old resource version: )\d+ \(\d+\)", r"\1<rv> (<rv>)"),
    (r"(The resourceVersion in the precondition|ResourceVersion in the precondition|ResourceVersion in record) \(\d+\)", r"\1 (<rv>)"),
    (r"127\.0\.0\.1:\d+", "<server>"),
    (r"hash=[0-9A-F]{128}", "hash=<hash>"),
    (r"(illegal base64 data at input byte )\d{2,}", r"\1<n>"),
    (r"(in object meta: )[1-9]\d*$", r"\1<rv>"),
    (r"kube-api-access-[a-z0-9]{5}\b", "kube-api-access-<suffix>"),
    (r"\b10\.(9[6-9]|10\d|11[01]|20[01])\.\d+\.\d+\b", "<ip>"),
    (r"^(\d+[smhdy]){1,2}$", "<age>"),
)]


def scenario(name):
    def wrap(function):
        SCENARIOS.append((name, function))
        return function
    return wrap


def token(text):
    """A continue token as what it says."""
    try:
        said = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        for key in said:
            if key.lower() == "rv" and said[key] > 1:
                said[key] = "<rv>"
        return {"continue": said}
    except (ValueError, AttributeError, TypeError):
        return text


def scrub(v, key=""):
    if isinstance(v, dict):
        return {scrub(k): scrub(x, k) for k, x in v.items()}
    if isinstance(v, list):
        return [scrub(x, key) for x in v]
    if isinstance(v, str):
        if key == "resourceVersion" and v.isdigit() and int(v) > 1:
            return "<rv>"
        if key == "continue" and v:
            return token(v)
        if key in ("storageVersionHash", "hash", "serverRelativeURL"):
            return "<%s>" % key
        for pattern, word in VARYING:
            v = pattern.sub(word, v)
    return v


def quote(text):
    return urllib.parse.quote(text, safe="")


def varint(data, at):
    value = shift = 0
    while True:
        if at >= len(data) or shift > 63:
            raise ValueError
        byte = data[at]
        value |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return value, at


def fields(data):
    """Protobuf bytes as [number, value] pairs; ValueError when they are none."""
    out, at = [], 0
    while at < len(data):
        tag, at = varint(data, at)
        number, kind = tag >> 3, tag & 7
        if number == 0:
            raise ValueError
        if kind == 0:
            value, at = varint(data, at)
        elif kind == 2:
            size, at = varint(data, at)
            if at + size > len(data):
                raise ValueError
            value, at = content(data[at:at + size]), at + size
        elif kind in (1, 5):
            size = 8 if kind == 1 else 4
            if at + size > len(data):
                raise ValueError
            value, at = data[at:at + size].hex(), at + size
        else:
            raise ValueError
        out.append([number, value])
    return out


def content(data):
    if data.startswith(b"k8s\0"):
        return ["k8s", fields_of(data)]
    try:
        text = data.decode()
        if text == "" or text.isprintable():
            return scrub(re.sub(r"^[1-9]\d{1,8}$", "<number>", text))
    except UnicodeDecodeError:
        pass
    try:
        return times(fields(data))
    except ValueError:
        return data.decode("utf-8", "replace")


def times(pairs):
    if len(pairs) in (1, 2) and all(isinstance(v, int) for _, v in pairs) and pairs[0][0] == 1 and pairs[0][1] > 1500000000:
        return "<time>"
    return pairs


def timely(frame):
    """Bookmarks come when it is time; the one that ends the initial events comes when that is so."""
    return "BOOKMARK" in frame[:24] and "k8s.io/initial-events-end" not in frame


def readable(ctype, data):
    if "protobuf" in ctype:
        if "stream=watch" in ctype:
            frames, at = [], 0
            while at + 4 <= len(data):
                size = int.from_bytes(data[at:at + 4], "big")
                if not timely(data[at + 4:at + 4 + size].decode("latin-1")):
                    frames.append(fields_of(data[at + 4:at + 4 + size]))
                at += 4 + size
            return frames
        return fields_of(data)
    text = data.decode("utf-8", "replace")
    if re.match(r'\{"type":"[A-Z]+","object":', text):
        return [scrub(json.loads(line)) for line in text.split("\n") if line and not timely(line)]
    try:
        return scrub(json.loads(text)) if not re.match(r"^\d", text) else scrub(text)
    except ValueError:
        pass
    try:
        return [scrub(json.loads(line)) for line in text.splitlines()]
    except ValueError:
        return scrub(text)


def fields_of(data):
    magic = data.startswith(b"k8s\0")
    try:
        pairs = fields(data[4:] if magic else data)
    except ValueError:
        return data.decode("utf-8", "replace")
    return pairs


class Answer:
    def __init__(self, status, headers, data):
        self.status, self.headers, self.data = status, headers, data

    def json(self):
        return json.loads(self.data)

    def rv(self):
        return self.json()["metadata"]["resourceVersion"]


class Session:
    """What a scenario talks to: asks, keeps what was answered."""

    def __init__(self, rest, name):
        self.rest, self.log = rest, []
        self.ns = "t-%s-%06x" % (re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:40], random.getrandbits(24))

    def prepare(self):
        self.quiet("POST", "/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": self.ns}})
        self.quiet("POST", "/api/v1/namespaces/%s/serviceaccounts" % self.ns, {"metadata": {"name": "default"}})

    def path(self, path):
        return path.replace("$NS", self.ns)

    def quiet(self, method, path, body=None, headers=None, timeout=20):
        """Asks without keeping the answer."""
        path = self.path(path)
        data = json.dumps(body).encode() if isinstance(body, (dict, list)) else body
        c = http.client.HTTPSConnection(self.rest.url.hostname, self.rest.url.port, context=self.rest.tls, timeout=timeout)
        try:
            head = {"Accept": "application/json", "User-Agent": "scenario"}
            if data is not None:
                head["Content-Type"] = "application/json"
            head.update(headers or {})
            c.request(method, path, data, {k: v for k, v in head.items() if v is not None})
            r = c.getresponse()
            return Answer(r.status, r.headers, r.read())
        finally:
            c.close()

    def __call__(self, method, path, body=None, headers=None, show=None, note=""):
        """Asks and keeps status, headers and body (or what `show` makes of the answer)."""
        a = self.quiet(method, path, body, headers)
        asked = re.sub(r"continue=[\w-]{20,}", "continue=<token>", "%s %s" % (method, path))
        entry = {"request": scrub(asked + (" " + note if note else "")), "status": a.status}
        if headers:
            entry["with"] = {k: v if k != "If-None-Match" else "<etag>" for k, v in headers.items()}
        entry["headers"] = {k: scrub("; ".join(a.headers.get_all(k))) for k in HEADERS if a.headers.get_all(k)}
        if "Transfer-Encoding" in entry["headers"] and "Content-Length" not in a.headers:
            entry["headers"].pop("Transfer-Encoding")
        data = gzip.decompress(a.data) if a.headers.get("Content-Encoding") == "gzip" else a.data
        entry["body"] = show(a) if show else readable(a.headers.get("Content-Type", ""), data)
        entry["body"] = json.loads(json.dumps(entry["body"]).replace(self.ns, "$NS"))
        entry["request"] = entry["request"].replace(self.ns, "$NS")
        self.log.append(entry)
        return a

    def keep(self, what, value):
        self.log.append({"request": what, "body": json.loads(json.dumps(scrub(value)).replace(self.ns, "$NS"))})


def run(conf, only="", threads=6):
    rest = Rest(conf)

    def one(item):
        name, function = item
        session = Session(rest, name)
        session.prepare()
        try:
            function(session)
        except Exception as error:  # what was said until then still counts
            session.log.append({"request": "failed", "body": "%s: %s" % (type(error).__name__, error)})
        return name, session.log

    picked = [s for s in SCENARIOS if re.search(only, s[0])]
    with concurrent.futures.ThreadPoolExecutor(threads) as pool:
        return dict(pool.map(one, picked))


def differences(a, b, path=""):
    if type(a) is not type(b):
        yield path, a, b
    elif isinstance(a, dict):
        for k in sorted(set(a) | set(b)):
            if k not in a or k not in b:
                yield path + "." + k, a.get(k, "<absent>"), b.get(k, "<absent>")
            else:
                yield from differences(a[k], b[k], path + "." + k)
    elif isinstance(a, list):
        if len(a) != len(b):
            yield path + ".length", len(a), len(b)
        for i, (x, y) in enumerate(zip(a, b)):
            yield from differences(x, y, "%s[%d]" % (path, i))
    elif a != b:
        yield path, a, b


def compare(got, want, limit=400):
    lines = []
    for i in range(max(len(got), len(want))):
        a = got[i] if i < len(got) else {"request": "<absent>"}
        b = want[i] if i < len(want) else {"request": "<absent>"}
        found = list(differences(a, b))
        if found:
            lines.append("%s %s" % (b["request"], json.dumps(b.get("with", ""))))
            lines += ["    %s\n      ours %s\n      peer %s" % (p, json.dumps(x)[:limit], json.dumps(y)[:limit]) for p, x, y in found[:6]]
    return lines


def main(golden):
    ap = argparse.ArgumentParser()
    ap.add_argument("--record", help="kubeconfig of an upstream apiserver: writes the golden file")
    ap.add_argument("--ours", help="kubeconfig of a running server to compare")
    ap.add_argument("--peer", help="kubeconfig of an upstream apiserver to compare with instead of the golden file")
    ap.add_argument("--only", default="")
    args = ap.parse_args()
    if args.record:
        want = run(args.record, args.only)
        if args.only and os.path.exists(golden):
            want = {**json.load(gzip.open(golden)), **want}
        with gzip.GzipFile(golden, "wb", mtime=0) as raw, io.TextIOWrapper(raw) as f:
            f.write("{\n" + ",\n".join("%s: [\n%s\n]" % (json.dumps(k), ",\n".join(json.dumps(e, sort_keys=True) for e in v))
                                       for k, v in sorted(want.items())) + "\n}\n")
        return
    want = run(args.peer, args.only) if args.peer else json.load(gzip.open(golden))

    def judge(conf):
        got = run(conf, args.only)
        for name in got:
            @skiff.test(name)
            def _():
                lines = compare(got[name], want[name])
                if lines:
                    if args.ours:
                        print("\n".join(lines))
                    raise AssertionError("\n".join(lines))

    if args.ours:
        judge(args.ours)
    else:
        with skiff.Cluster(nodes=0) as cluster:
            for component in ("kube-controller-manager", "kube-scheduler"):
                cluster.local("kill", component)
            judge(cluster.conf)
    skiff.finish()
