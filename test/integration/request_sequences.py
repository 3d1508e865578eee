#!/usr/bin/env python3
"""Sequences of requests over stored objects are answered as upstream answered them: what each request did shows in the next.

Recorded steps and answers: test/golden/request_sequences.jsonl.gz, a line for each sequence, made from seeds by
`request_sequences.py --record KUBECONFIG [--seed N] [--count N]` (an upstream apiserver without controllers); those about one subject
(support/topics): topic_sequences.jsonl.gz, made by the same with `--topics`. Answers that several recordings do not share are not kept,
and with `--server` neither are sequences that this server answers otherwise."""
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
import topics

GOLDEN = os.path.join(HERE, "..", "golden", "request_sequences.jsonl.gz")
TOPICS = os.path.join(HERE, "..", "golden", "topic_sequences.jsonl.gz")
parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--record")
parser.add_argument("--topics", action="store_true")
parser.add_argument("--server", help="replays on the apiserver of this kubeconfig")
parser.add_argument("--seed", type=int, default=1)
parser.add_argument("--count", type=int, default=60)
parser.add_argument("--steps", type=int, default=25)
args = parser.parse_args()


def tag():
    return "s%07d" % random.SystemRandom().randrange(10 ** 7)


def record(conf, make, times):
    """[[step, answer]]; None where upstream fails at a step. `make`: the steps, given what the server showed."""
    player, kept = sequences.Player(conf, tag()), []
    for step in make(player.memory):
        answer = player.play(step)
        if answer is not None and (answer["status"] == 0 or "NEVER" in json.dumps(answer)):
            return None
        kept.append([step, answer])
    for _ in range(times - 1):
        again = sequences.Player(conf, tag())
        kept = [[step, answer if again.play(step) == answer else None] for step, answer in kept]
    return kept


def replay(conf, sequence):
    player = sequences.Player(conf, tag())
    for number, (step, want) in enumerate(sequence, 1):
        got = player.play(step)
        if want is None:
            continue
        sequences.in_any_order(want)
        if got == want:
            continue
        path, a, b = next(parity.differences(got, want))
        raise AssertionError("step %d, %s %s: %s: got %s, want %s" % (
            number, step["method"], step["path"], path, json.dumps(a)[:200], json.dumps(b)[:200]))


def play_all(conf, golden):
    with gzip.open(golden, "rt", encoding="utf-8") as f:
        for line in f:
            name, sequence = json.loads(line)

            @skiff.test("sequence " + name)
            def _():
                replay(conf, sequence)


def record_kinds():
    kinds = sequence_maker.kinds()
    for seed in range(args.seed, args.seed + args.count):
        sequence = record(args.record, lambda memory: sequence_maker.Maker(seed, kinds, memory).steps(args.steps), 2)
        if sequence is not None:
            touched = sorted({k.kind for k in kinds for step, _ in sequence if step["path"].startswith(k.collection)})
            yield ["%d: %s" % (seed, ", ".join(touched)), sequence]


def record_topics():
    for topic in topics.names():
        for seed in range(args.seed, args.seed + args.count):
            sequence = record(args.record, lambda memory: topics.steps(topic, random.Random(seed), memory, args.steps), 3)
            if sequence is not None:
                yield ["%s %d" % (topic, seed), sequence]


def answered_alike(name, sequence):
    try:
        replay(args.server, sequence)
        return True
    except AssertionError as error:
        print("# %s: %s" % (name, error), flush=True)
        return False


if args.record:
    made = record_topics() if args.topics else record_kinds()
    lines = [json.dumps(one, separators=(",", ":")) + "\n" for one in made if not args.server or answered_alike(*one)]
    with open(TOPICS if args.topics else GOLDEN, "wb") as f:
        f.write(gzip.compress("".join(lines).encode(), 9, mtime=0))
elif args.server:
    play_all(args.server, TOPICS if args.topics else GOLDEN)
else:
    with skiff.Cluster(nodes=0) as cluster:
        # Upstream was asked without controllers: here too, objects stay as they were stored.
        for component in ("kube-controller-manager", "kube-scheduler"):
            cluster.local("kill", component)
        for golden in filter(os.path.exists, (GOLDEN, TOPICS)):
            play_all(cluster.conf, golden)
skiff.finish()
