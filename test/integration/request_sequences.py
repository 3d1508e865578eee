#!/usr/bin/env python3
"""Sequences of requests over stored objects are answered as upstream answered them: what each request did shows in the next.

Recorded steps and answers: test/golden/request_sequences.jsonl.gz, a line for each sequence, made from seeds by
`request_sequences.py --record KUBECONFIG [--seed N] [--count N]` (an upstream apiserver without controllers). Answers that two recordings
do not share are not kept."""
import argparse
import gzip
import json
import os
import random
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
import parity
import sequence_maker
import sequences
import skiff

GOLDEN = os.path.join(HERE, "..", "golden", "request_sequences.jsonl.gz")
parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--record")
parser.add_argument("--server", help="replays on the apiserver of this kubeconfig")
parser.add_argument("--seed", type=int, default=1)
parser.add_argument("--count", type=int, default=60)
parser.add_argument("--steps", type=int, default=25)
args = parser.parse_args()


def tag():
    return "s%07d" % random.SystemRandom().randrange(10 ** 7)


def record(conf, seed, kinds):
    """[[step, answer]]; None where upstream fails at a step."""
    player, kept = sequences.Player(conf, tag()), []
    maker = sequence_maker.Maker(seed, kinds, player.memory)
    for step in maker.steps(args.steps):
        answer = player.play(step)
        if answer["status"] == 0:
            return None
        kept.append([step, answer])
    again = sequences.Player(conf, tag())
    return [[step, answer if again.play(step) == answer else None] for step, answer in kept]


def replay(conf, sequence):
    player = sequences.Player(conf, tag())
    for number, (step, want) in enumerate(sequence, 1):
        got = player.play(step)
        if want is None or got == want:
            continue
        path, a, b = next(parity.differences(got, want))
        raise AssertionError("step %d, %s %s: %s: got %s, want %s" % (
            number, step["method"], step["path"], path, json.dumps(a)[:200], json.dumps(b)[:200]))


def play_all(conf):
    with gzip.open(GOLDEN, "rt", encoding="utf-8") as f:
        for line in f:
            name, sequence = json.loads(line)

            @skiff.test("sequence " + name)
            def _():
                replay(conf, sequence)


if args.record:
    kinds, lines = sequence_maker.kinds(), []
    for seed in range(args.seed, args.seed + args.count):
        sequence = record(args.record, seed, kinds)
        if sequence is not None:
            touched = sorted({k.kind for k in kinds for step, _ in sequence if step["path"].startswith(k.collection)})
            lines.append(json.dumps(["%d: %s" % (seed, ", ".join(touched)), sequence], separators=(",", ":")) + "\n")
    with open(GOLDEN, "wb") as f:
        f.write(gzip.compress("".join(lines).encode(), 9, mtime=0))
elif args.server:
    play_all(args.server)
else:
    with skiff.Cluster(nodes=0) as cluster:
        # Upstream was asked without controllers: here too, objects stay as they were stored.
        for component in ("kube-controller-manager", "kube-scheduler"):
            cluster.local("kill", component)
        play_all(cluster.conf)
skiff.finish()
