#!/usr/bin/env python3
"""Recorded requests get upstream's recorded answers: status, content type, warnings and body (test/golden/parity).

  parity_golden.py                     replays everything against a cluster of our own, `ok VERB/VERSION/KIND` each
  parity_golden.py --only REGEX        replays what matches (prints the first differences; --show N more)
  parity_golden.py --server CONF       replays against the apiserver of that kubeconfig (controllers stopped)
  parity_golden.py --record CONF [--only REGEX] [--count N] [--random M] [--seed S] [--requests FILE]
        asks the upstream apiserver of that kubeconfig and replaces what is recorded of the matching kinds: N requests of each
        verb and kind from the generator beside the peers. Those of FILE (lines of [id, method, path, headers, body]) are added
        to what is there; --only "^$" records nothing else
  parity_golden.py --known             takes differences that are gone from the lists of known ones (NAME.known)
  parity_golden.py --known-new         puts today's differences on the lists: for newly recorded requests only
"""
import argparse
import collections
import json
import os
import random
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
import parity
import skiff


def record(args):
    made = parity.generator(args.seed, args.random)
    if made is None:
        sys.exit("the generator beside the peers is not there")
    module, maker = made
    with open(os.path.join(parity.GOLDEN, "setup.jsonl"), "w") as f:
        f.writelines(json.dumps(line, sort_keys=True) + "\n" for line in parity.setup_requests(module, maker))
    peer = parity.Asker(args.record)
    for complaint in parity.setup(peer):
        print("# cannot store " + complaint)
    kinds, own = collections.defaultdict(list), collections.defaultdict(list)
    for request in parity.generated(maker, args.only):
        kinds[parity.group_of(request.id)].append(request)
    if args.requests:
        for line in open(args.requests):
            request = parity.Request(*json.loads(line))
            own[parity.group_of(request.id)].append(request)
            kinds[parity.group_of(request.id)]
    rng = random.Random(args.seed)
    chosen = collections.defaultdict(list)
    for group, requests in kinds.items():
        some = requests if len(requests) <= args.count else rng.sample(requests, args.count)
        chosen[parity.file_of(group)] += own[group] + some
    for name, requests in sorted(chosen.items()):
        rounds = [list(peer.ask_all(requests)) for _ in range(4)]
        steady = [(r, answers[0]) for r, *answers in zip(requests, *rounds) if all(a == answers[0] for a in answers)]
        ids = {r.id for r in requests}
        kept = [p for p in parity.load(name) if p[0].id not in ids and not kinds.get(parity.group_of(p[0].id))] \
            if name in parity.names() else []
        parity.store(name, kept + steady)
        print("# %s: %d recorded, %d vary by themselves" % (name, len(steady), len(requests) - len(steady)))


def replay(args, server):
    pick = re.compile(args.only)
    shown = 0
    for name in parity.names():
        pairs = [p for p in parity.load(name) if pick.search(p[0].id)]
        listed = parity.known(name)
        differing, asked = set(), set()
        groups = collections.defaultdict(lambda: [0, []])
        for (request, want), got in zip(pairs, server.ask_all([p[0] for p in pairs])):
            asked.add(request.id)
            group = groups[parity.group_of(request.id)]
            group[0] += 1
            if got == want:
                continue
            differing.add(request.id)
            if request.id in listed and not args.only:
                continue
            if request.id not in listed:
                group[1].append(request.id)
            if shown < args.show:
                shown += 1
                print("# %s%s\n#   %s %s" % (request.id, " (known)" if request.id in listed else "", request.method, request.path))
                for path, a, b in list(parity.differences(got, want))[:4]:
                    print("#     %s\n#       ours %s\n#       upstream %s" % (path, json.dumps(a)[:400], json.dumps(b)[:400]))
        for group, (count, new) in sorted(groups.items()):
            @skiff.test("parity %s, %d requests" % (group, count))
            def _():
                assert not new, "%d answers differ: %s" % (len(new), ", ".join(sorted(new)[:3]))
        gone = (listed & asked) - differing
        if gone and not args.known:
            print("# no longer different, run --known: %s" % ", ".join(sorted(gone)[:5]))
        if args.known or args.known_new:
            listed -= gone
            if args.known_new:
                listed |= differing
            recorded = {r.id for r, _ in parity.load(name)}
            parity.store_known(name, listed & recorded)


parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--only", default="")
parser.add_argument("--server")
parser.add_argument("--record")
parser.add_argument("--requests")
parser.add_argument("--count", type=int, default=60)
parser.add_argument("--random", type=int, default=200)
parser.add_argument("--seed", type=int, default=20)
parser.add_argument("--show", type=int, default=10)
parser.add_argument("--known", action="store_true")
parser.add_argument("--known-new", action="store_true")
args = parser.parse_args()

if args.record:
    record(args)
elif args.server:
    asker = parity.Asker(args.server)
    for complaint in parity.setup(asker):
        print("# cannot store " + complaint)
    replay(args, asker)
else:
    with skiff.Cluster(nodes=0) as cluster:
        # Upstream was asked without controllers: here too, objects stay as they were stored.
        for component in ("kube-controller-manager", "kube-scheduler"):
            cluster.local("kill", component)
        asker = parity.Asker(cluster.conf)

        @skiff.test("parity: what the requests work on can be stored")
        def _():
            skiff.eq(parity.setup(asker), [])
        replay(args, asker)
skiff.finish()
