"""Sequences of requests over stored objects, the same for two servers: what plays them and makes the answers comparable.

A step is data: {method, path, body, headers} with @NS@ and @X@ in the place of the namespace's and the run's names. What a
server said before is named, not copied, so that each server is asked about its own objects:
  ${KEY:PATH}        in a text: a field of the last answer about KEY, the path of an object
  edit: {of, set, drop}  instead of a body: the last known object with fields set ([[path, value]]) and dropped ([path])
  wait: REGEX        asks until the answer's text matches; nothing is compared
  open: NAME         leaves a watch open; nothing is compared until a step {close: NAME, mark: TEXT} shows its events up to that with TEXT
  identity: none     no client certificate: whoever the headers say"""
import concurrent.futures
import copy
import json
import re
import time

import open_watch
import parity

JSON = "application/json"
PATCHES = {"json": "application/json-patch+json", "merge": "application/merge-patch+json",
           "strategic": "application/strategic-merge-patch+json", "apply": "application/apply-patch+yaml"}
_PLACE = re.compile(r"\$\{([^:}]+):([^}]+)\}")


def at(value, path):
    for key in path:
        try:
            value = value[key]
        except (KeyError, IndexError, TypeError):
            return None
    return value


def put(value, path, new):
    """Sets a field in place; maps on the way are made, what cannot be entered is left."""
    for key, following in zip(path, path[1:]):
        inner = at(value, [key])
        if not isinstance(inner, (dict, list)):
            inner = [] if isinstance(following, int) else {}
            if not _assign(value, key, inner):
                return
        value = inner
    _assign(value, path[-1], new)


def _assign(value, key, new):
    if isinstance(value, dict) and isinstance(key, str):
        value[key] = new
    elif isinstance(value, list) and isinstance(key, int) and key < len(value):
        value[key] = new
    elif isinstance(value, list) and isinstance(key, int):
        value.append(new)
    else:
        return False
    return True


def drop(value, path):
    value = at(value, path[:-1])
    if isinstance(value, dict):
        value.pop(path[-1], None)
    elif isinstance(value, list) and isinstance(path[-1], int) and path[-1] < len(value):
        del value[path[-1]]


def sort_managers(value):
    """Managers stand in the order of their times, which are whole seconds: another run may have another order."""
    if isinstance(value, dict):
        managers = at(value, ["metadata", "managedFields"])
        if isinstance(managers, list) and all(isinstance(m, dict) for m in managers):
            managers.sort(key=lambda m: json.dumps(m, sort_keys=True))
        for inner in value.values():
            sort_managers(inner)
    elif isinstance(value, list):
        for inner in value:
            sort_managers(inner)


def in_any_order(out):
    """What upstream finds by walking a map is told in another order each time; where it stops at the first, it is any of them."""
    message, causes = at(out, ["body", "message"]), at(out, ["body", "details", "causes"])
    if not isinstance(message, str):
        return
    if isinstance(causes, list) and re.search(r"spec\.resources\.(requests|limits|containers)\[", message):
        causes.sort(key=json.dumps)
        out["body"]["message"] = sorted(message)
    elif "to create typed" in message:
        lines = sorted(message.replace(": errors:\n", "\n").split("\n"))
        out["body"]["message"] = "field not declared in schema" if "field not declared in schema" in message else lines
    elif isinstance(causes, list) and str(at(out, ["body", "details", "group"])).endswith(".example.com"):
        causes.sort(key=json.dumps)
        out["body"]["message"] = [message.split("[")[0], sorted(message.split("[", 1)[-1].rstrip("]").split(", "))]


def play(players, steps):
    """Plays steps on servers side by side: (step, an answer of each)"""
    for step in steps:
        with concurrent.futures.ThreadPoolExecutor(len(players)) as pool:
            yield step, list(pool.map(lambda player: player.play(step), players))


class Player:
    """Plays steps on one server and remembers the objects it was shown. One thread."""

    def __init__(self, conf, tag):
        self.asker, self.tag, self.memory, self.versions = parity.Asker(conf), tag, {}, {}
        self.conf, self.nobody, self.open = conf, None, {}
        self.generated = set()  # what names begin with that the server ended

    def _named(self, text):
        return text.replace("@NS@", "ns-" + self.tag).replace("@X@", self.tag)

    def _filled(self, value):
        if isinstance(value, dict):
            return {self._named(k): self._filled(v) for k, v in value.items()}
        if isinstance(value, list):
            return [self._filled(v) for v in value]
        if not isinstance(value, str):
            return value
        def look(m):
            return str(at(self.memory.get(m[1]), m[2].split(".")) or "0")
        return self._named(_PLACE.sub(look, value))

    def request(self, step):
        body = step.get("body")
        if "edit" in step:
            body = copy.deepcopy(self.memory.get(step["edit"]["of"], {}))
            for path in step["edit"].get("drop", []):
                drop(body, path)
            for path, value in step["edit"].get("set", []):
                put(body, path, value)
        headers = {"Accept": JSON, "User-Agent": "sequence/1", **({"Content-Type": JSON} if body is not None else {}), **step.get("headers", {})}
        if body is not None:
            body = self._filled(body) if isinstance(body, str) else json.dumps(self._filled(body), ensure_ascii=False)
        return parity.Request("", step["method"], self._filled(step["path"]), self._filled(headers), body)

    def play(self, step):
        """The comparable answer; None of a step that only waits."""
        if "close" in step:
            return self._close(step)
        request = self.request(step)
        if "open" in step:
            self.open[step["open"]] = open_watch.OpenWatch(self.asker, request)
            return None
        answer = self._asker(step).ask(request)
        if "wait" in step:
            for _ in range(200):
                if re.search(step["wait"], answer[3]):
                    return None
                time.sleep(0.05)
                answer = self.asker.ask(request)
            return {"status": 0, "body": "never: " + step["wait"]}
        self._remember(step, request, answer)
        sent = json.dumps(step.get("body", step.get("edit")))
        given = at(step.get("body"), ["metadata", "generateName"])
        if given and isinstance(given, str):
            self.generated.add(given[:58])
        return self.comparable(request._replace(body=sent), answer)

    def _asker(self, step):
        if "identity" not in step:
            return self.asker
        if self.nobody is None:
            self.nobody = parity.Asker(self.conf, identity=False)
        return self.nobody

    def _close(self, step):
        watch = self.open.pop(step["close"])
        answer = watch.close(self._named(step["mark"]))
        out = self.comparable(watch.request._replace(body=""), answer)
        out["versions"] = open_watch.ranks(answer[3])
        return out

    def _remember(self, step, request, answer):
        key = step.get("key", step["path"].split("?")[0])
        try:
            shown = json.loads(answer[3])
        except ValueError:
            return
        if answer[0] not in (200, 201, 202) or "dryRun" in step["path"] or "watch=" in step["path"] or "Table" in request.headers["Accept"]:
            return
        if not isinstance(shown, dict):
            return
        if request.method == "POST" and "key" not in step and shown.get("kind") != "Status":
            key += "/" + self._unnamed(at(shown, ["metadata", "name"]) or "")
        if shown.get("kind") == "Status":
            if request.method == "DELETE":
                self.memory.pop(key, None)
        elif request.method != "DELETE" or at(shown, ["metadata", "deletionTimestamp"]):
            if not key.endswith(("/status", "/scale", "/token", "/eviction", "/binding", "/approval", "/ephemeralcontainers")):
                self.memory[key] = shown
            else:
                self.memory[key.rsplit("/", 1)[0]] = shown if key.endswith(("/status", "/approval")) else self.memory.get(key.rsplit("/", 1)[0], {})

    def _unnamed(self, text):
        return text.replace("ns-" + self.tag, "@NS@").replace(self.tag, "@X@")

    def comparable(self, request, answer):
        versions = []
        def walk(value):
            if isinstance(value, dict):
                meta = value.get("metadata")
                uid, version = at(meta, ["uid"]), at(meta, ["resourceVersion"])
                if uid and version:
                    versions.append("new" if self.versions.get(uid) != version else "same")
                    if "dryRun" not in request.path and "watch=" not in request.path:
                        self.versions[uid] = version
                for inner in value.values():
                    walk(inner)
            elif isinstance(value, list):
                for inner in value:
                    walk(inner)
        try:
            walk(json.loads(answer[3]))
        except ValueError:
            pass
        out = json.loads(self._unnamed(json.dumps(parity.comparable(request, answer))))
        text = json.dumps(out)
        text = re.sub(r'(\\"resourceVersion\\": ?\\")\d+', r"\1<version>", text)
        text = re.sub(r'\b10\.(?:9[6-9]|10\d|11[01])\.\d+\.\d+\b', "<service-ip>", text)
        text = re.sub(r'"(token|certificate)": "[^"]{100,}"', r'"\1": "<\1>"', text)
        text = re.sub(r'at resource version \d+|requested resource version: \d+, current: \d+|too old resource version: \d+ \(\d+\)', "<versions>", text)
        text = re.sub(r'(ResourceVersion in (?:precondition|object meta): )\d+', r"\1<version>", text)
        text = re.sub(r'(resourceVersion:|in record \()\d+', r"\1<version>", text)
        text = re.sub(r'(UID|uid)( in precondition: | in object meta: )[^, "]+', r"\1\2<uid>", text)
        text = re.sub(r'(k:{\\"uid\\":\\")(?!0b0c0d0e)[^\\]+', r"\1<uid>", text)
        for given in self.generated:
            text = re.sub(r"(%s)[bcdfghjklmnpqrstvwxz2456789]{5}\b" % re.escape(given), r"\1<suffix>", text)
        text = re.sub(r"continue: [^\\ ]+", "continue: <continue>", text)
        out = json.loads(text)
        sort_managers(out)
        in_any_order(out)
        causes = at(out, ["body", "details", "causes"])
        if isinstance(causes, list) and "Apply failed" in str(at(out, ["body", "message"])):
            causes.sort(key=json.dumps)  # upstream walks a map of managers
            out["body"]["message"] = sorted(out["body"]["message"].split("\n"))
        if versions:
            out["versions"] = versions
        return out
