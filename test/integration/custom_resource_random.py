#!/usr/bin/env python3
"""Random definitions of custom resources, and random requests about their resources, are answered as upstream answered them.

Recorded requests and answers: test/golden/custom_resource_random.jsonl.gz, made from seeds by
`custom_resource_random.py --record KUBECONFIG [--seed N]`. `--live OURS UPSTREAM [--seed N]` plays another seed on two servers.
Of the recorded answers, those were taken out that are known to differ: 7 that name what cannot be converted between versions."""
import argparse
import gzip
import json
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
import custom_maker
import parity
import skiff
from ask import Asker
from custom_maker import CRDS, GROUP, JSON
from skiff import until

GOLDEN = os.path.join(HERE, "..", "golden", "custom_resource_random.jsonl.gz")
MOVING = ("uid", "creationTimestamp", "time", "resourceVersion", "lastTransitionTime", "deletionTimestamp")
parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--record")
parser.add_argument("--live", nargs=2)
parser.add_argument("--seed", type=int, default=1)
parser.add_argument("--definitions", type=int, default=150)
parser.add_argument("--kinds", type=int, default=6)
parser.add_argument("--requests", type=int, default=50)
parser.add_argument("--show", type=int, default=20)
args = parser.parse_args()


def scrub(value):
    if isinstance(value, dict):
        if isinstance(value.get("managedFields"), list):  # sorted by their times: what fell into one second is chance
            value = {**value, "managedFields": sorted(value["managedFields"], key=lambda m: json.dumps({**m, "time": ""}, sort_keys=True))}
        return {k: "T" if k in MOVING else scrub(v) for k, v in value.items()}
    if isinstance(value, list):
        return [scrub(v) for v in value]
    return "T" if isinstance(value, str) and re.fullmatch(r"\d+[smhd]", value) else value


def answer(asker, method, path, body, content_type, accept):
    if body is not None and isinstance(body, dict) and body.get("metadata", {}).get("resourceVersion") == "NOW":
        found = asker.get(re.sub(r"/status(\?|$)", r"\1", path).split("?")[0])
        body = {**body, "metadata": {**body["metadata"], "resourceVersion": found.get("metadata", {}).get("resourceVersion", "1")}}
    try:
        status, head, data = asker.send(method, path, body, {"Accept": accept}, content_type)
    except OSError:
        return None  # what makes upstream panic
    got = json.loads(data)
    out = {"status": status, "warnings": sorted(head.get_all("Warning") or [])}
    if isinstance(got, dict) and got.get("kind") == "Status":
        causes = sorted(json.dumps(c, sort_keys=True) for c in (got.get("details") or {}).get("causes", []))
        out.update({"reason": got.get("reason"), "causes": causes})
        if len(causes) < 2:  # in no order upstream
            out["message"] = got.get("message")
    else:
        out["body"] = scrub(got)
    text = json.dumps(out).replace("kubernetes-admin", "admin")
    for moving, plain in ((r"selfType\d+", "selfType"), (r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "UID"), (r"\d{4}-\d\d-\d\dT[0-9:]{8}Z", "T"),
                          (r'(resourceVersion\\*": ?\\*")\d+', r"\1N")):
        text = re.sub(moving, plain, text)
    return json.loads(text)


def wait(asker, definition):
    plural = definition["spec"]["names"]["plural"]
    for version in definition["spec"]["versions"]:
        until(lambda: asker.send("GET", "/apis/%s/%s/%s" % (GROUP, version["name"], plural))[0] == 200, "served: " + plural)


def steps(asker, seed):
    """[method, path, body, content type, accept] of a seed; what follows depends on which definitions are accepted."""
    maker = custom_maker.Maker(seed)
    for number in range(args.definitions):
        yield ["POST", CRDS + "?dryRun=All", maker.definition("dries", (0, .05, .2)[number % 3]), JSON, JSON]
    made = 0
    while made < args.kinds:
        definition = maker.definition("kind" + chr(97 + made) + "s", 0)
        if answer(asker, "POST", CRDS + "?dryRun=All", definition, JSON, JSON)["status"] != 201:
            continue
        made += 1
        yield ["POST", CRDS, definition, JSON, JSON]
        for request in maker.requests(definition, args.requests):
            yield list(request)
        yield ["DELETE", CRDS + "/" + definition["metadata"]["name"], None, JSON, JSON]


def play(asker, step):
    method, path, body, *_ = step
    got = answer(asker, *step)
    if got and method == "POST" and path == CRDS and got["status"] == 201:
        wait(asker, body)
    if method == "DELETE":
        until(lambda: asker.send("GET", path)[0] == 404, "gone: " + path)
        return None
    return got


def record():
    asker, kept = Asker(args.record), []
    for step in steps(asker, args.seed):
        kept.append([step, play(asker, step)])
    again = [play(asker, step) for step, _ in kept]  # what two runs do not share is left to chance upstream
    with gzip.GzipFile(GOLDEN, "wb", mtime=0) as f:
        for (step, got), other in zip(kept, again):
            chance = got != other or "typed patch object" in str(got)  # names the first field it happens on
            f.write((json.dumps([step, None if chance else got], sort_keys=True) + "\n").encode())


def live():
    ours, upstream = (Asker(conf) for conf in args.live)
    count = wrong = 0
    for step in steps(upstream, args.seed):
        want, got = play(upstream, step), play(ours, step)
        count += want is not None
        if want is None or got == want:
            continue
        wrong += 1
        if wrong <= args.show:
            print(step[0], step[1], json.dumps(step[2])[:300])
            for path, a, b in list(parity.differences(got, want))[:4]:
                print("  %s\n    ours     %s\n    upstream %s" % (path, json.dumps(a)[:300], json.dumps(b)[:300]))
    print("%d of %d answers differ" % (wrong, count))


if args.record:
    record()
    sys.exit()
if args.live:
    live()
    sys.exit()

with gzip.open(GOLDEN, "rt", encoding="utf-8") as f:
    golden = [json.loads(line) for line in f]
with skiff.Cluster(nodes=0) as cluster:
    server, failures, asked = Asker(cluster.conf), [], 0
    for one, wanted in golden:
        answered = play(server, one)
        asked += wanted is not None
        if wanted is not None and answered != wanted:
            place, a, b = next(parity.differences(answered, wanted))
            failures.append("%s %s %s: %s: got %s, want %s" % (one[0], one[1], json.dumps(one[2])[:200], place, json.dumps(a)[:200], json.dumps(b)[:200]))

    @skiff.test("%d requests are answered as upstream answers them" % asked)
    def _():
        assert asked > 100 and not failures, "%d differ\n%s" % (len(failures), "\n".join(failures[:10]))
skiff.finish()
