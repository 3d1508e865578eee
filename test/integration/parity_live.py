#!/usr/bin/env python3
"""A random sample of requests, fresh in every run, gets the same answers from our apiserver and from a live upstream one.

Needs upstream's binaries and the request generator beside them (PEERS_PARITY or ../shared/peers/parity); otherwise skipped.
The seed is printed; `parity_live.py --seed N` asks the same again, `--count N` another number of requests.
What differs by itself between two clusters, or between two answers of upstream, does not count."""
import argparse
import collections
import json
import os
import random
import shutil
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
import parity
import skiff

# A few answers depend on what Go's maps are walked like; a share of each kind and verb may differ.
TOLERANCE = 0.03

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 31))
parser.add_argument("--count", type=int, default=40, help="requests of each verb and kind")
parser.add_argument("--only", default="^(create|update)/")
parser.add_argument("--show", type=int, default=10)
args = parser.parse_args()

made = parity.generator(args.seed, args.count)
script = made and os.path.join(os.path.dirname(os.path.dirname(made[0].__file__)), "peers")
if not (made and os.path.exists(script) and skiff.peer("kube-apiserver") and skiff.peer("etcd") and skiff.peer("kubectl")):
    skiff.skip("upstream's apiserver and the request generator are not here")
module, maker = made
print("# seed %d" % args.seed, flush=True)


class Peer:
    """Upstream's apiserver alone, on its own etcd."""

    def __enter__(self):
        self.dir = tempfile.mkdtemp(prefix="skiff-peer-")
        skiff.run(script, "up", self.dir, "--port", next(skiff.Cluster.ports), timeout=120)
        return parity.Asker(os.path.join(self.dir, "admin.conf"))

    def __exit__(self, *_):
        skiff.run(script, "down", self.dir, check=False)
        shutil.rmtree(self.dir, ignore_errors=True)


def sample():
    """A random choice among the usual requests of each group, and as many of random objects."""
    groups, rng = collections.defaultdict(list), random.Random(args.seed)
    for request in parity.generated(maker, args.only):
        groups[parity.group_of(request.id)].append(request)
    for group, requests in groups.items():
        made_up = [r for r in requests if "/random/" in r.id]
        usual = [r for r in requests if "/random/" not in r.id]
        yield group, rng.sample(usual, min(args.count, len(usual))) + rng.sample(made_up, min(args.count, len(made_up)))


with skiff.Cluster(nodes=0) as cluster, Peer() as peer:
    for component in ("kube-controller-manager", "kube-scheduler"):
        cluster.local("kill", component)
    ours = parity.Asker(cluster.conf)
    setup = os.path.join(cluster.dir, "setup.jsonl")
    with open(setup, "w") as f:
        f.writelines(json.dumps(line) + "\n" for line in parity.setup_requests(module, maker))
    for name, asker in (("ours", ours), ("upstream", peer)):
        for complaint in parity.setup(asker, setup):
            print("# %s cannot store %s" % (name, complaint))
    shown = 0
    for group, requests in sample():
        differing, counted = [], 0
        for request, got, want in zip(requests, ours.ask_all(requests), peer.ask_all(requests)):
            if got != want:
                again = [parity.comparable(request, peer.ask(request)) for _ in range(3)]
                if got not in again and any(a != want for a in again):
                    continue  # upstream does not agree with itself
                want = got if got in again else want
            counted += 1
            if got == want:
                continue
            differing.append(request.id)
            if shown < args.show:
                shown += 1
                print("# %s\n#   %s %s %s" % (request.id, request.method, request.path, (request.body or "")[:1000]))
                for path, a, b in list(parity.differences(got, want))[:3]:
                    print("#     %s\n#       ours %s\n#       upstream %s" % (path, json.dumps(a)[:300], json.dumps(b)[:300]))

        @skiff.test("live %s: %d of %d alike" % (group, counted - len(differing), counted))
        def _():
            allowed = max(2, int(TOLERANCE * counted))
            assert len(differing) <= allowed, "%d answers differ: %s" % (len(differing), ", ".join(differing[:3]))
skiff.finish()
