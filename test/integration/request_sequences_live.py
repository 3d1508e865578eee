#!/usr/bin/env python3
"""Random sequences of requests over stored objects, made from a seed, get the same answers from our apiserver and from a
live upstream one: creates, updates, patches of four kinds, several managers, status and scale, deletions, lists and watches.

Needs upstream's binaries and the script beside them that starts them; otherwise skipped.
  request_sequences_live.py --seed N           plays others
  request_sequences_live.py --kinds REGEX      of some kinds (apiVersion/kind)
  request_sequences_live.py --topic NAME       about one subject (support/topics), or `all`
  request_sequences_live.py --ours CONF --peer CONF   on servers that are up, their controllers stopped
What upstream leaves to chance (requests that make it panic) ends a sequence."""
import argparse
import contextlib
import json
import os
import random
import re
import shutil
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
import parity
import sequence_maker
import sequences
import skiff
import topics

# Differences of a run in a thousand answers: what is rare and not yet looked for.
TOLERANCE = 30

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--seed", type=int, default=1)
parser.add_argument("--count", type=int, default=20, help="sequences")
parser.add_argument("--steps", type=int, default=30, help="of each")
parser.add_argument("--kinds", default="")
parser.add_argument("--topic", default="", choices=["", "all", *topics.names()])
parser.add_argument("--show", type=int, default=10)
parser.add_argument("--ours")
parser.add_argument("--peer")
args = parser.parse_args()


@contextlib.contextmanager
def ours():
    if args.ours:
        yield args.ours
        return
    with skiff.Cluster(nodes=0) as cluster:
        for component in ("kube-controller-manager", "kube-scheduler"):
            cluster.local("kill", component)
        yield cluster.conf


@contextlib.contextmanager
def upstream():
    if args.peer:
        yield args.peer
        return
    made = parity.generator(args.seed, 0)
    script = made and os.path.join(os.path.dirname(os.path.dirname(made[0].__file__)), "peers")
    if not (script and os.path.exists(script) and skiff.peer("kube-apiserver") and skiff.peer("etcd") and skiff.peer("kubectl")):
        skiff.skip("upstream's apiserver is not here")
    folder = tempfile.mkdtemp(prefix="skiff-peer-")
    try:
        skiff.run(script, "up", folder, "--port", next(skiff.Cluster.ports), timeout=120)
        yield os.path.join(folder, "admin.conf")
    finally:
        skiff.run(script, "down", folder, check=False)
        shutil.rmtree(folder, ignore_errors=True)


def differing(topic, seed, confs, kinds):
    """(answers, [(step, ours, upstream's)]) of one sequence; the third difference ends it."""
    tag = "s%07d" % random.SystemRandom().randrange(10 ** 7)
    players = [sequences.Player(conf, tag) for conf in confs]
    memory, count, found = players[1].memory, 0, []
    steps = topics.steps(topic, random.Random(seed), memory, args.steps) if topic else sequence_maker.Maker(seed, kinds, memory).steps(args.steps)
    for step, (got, want) in sequences.play(players, steps):
        if want is None:
            continue
        if want["status"] == 0:
            break
        count += 1
        if got != want:
            found.append((step, got, want))
            if len(found) == 3 and not topic:  # a topic clears away what it made
                break
    return count, found


print("# seed %d" % args.seed, flush=True)
kinds = [k for k in sequence_maker.kinds() if re.search(args.kinds, k.api + "/" + k.kind)]
with upstream() as peer_conf, ours() as our_conf:
    for topic in topics.names() if args.topic == "all" else [args.topic]:
        asked, total, shown = 0, 0, 0
        for seed in range(args.seed, args.seed + args.count):
            count, found = differing(topic, seed, (our_conf, peer_conf), kinds)
            asked, total = asked + count, total + len(found)
            for step, got, want in found[:max(0, args.show - shown)]:
                shown += 1
                print("# sequence %s %d: %s" % (topic, seed, json.dumps(step)[:600]))
                told = sorted(parity.differences(got, want), key=lambda d: (not d[0].endswith("message"), d[0].endswith("code"), "details" in d[0]))
                for path, a, b in told[:3]:
                    print("#   %s\n#     ours %s\n#     upstream %s" % (path, json.dumps(a)[:300], json.dumps(b)[:300]))

        @skiff.test("sequences%s: %d of %d answers alike" % (topic and " of " + topic, asked - total, asked))
        def _():
            assert total * 1000 <= TOLERANCE * asked, "%d answers differ" % total
skiff.finish()
