#!/usr/bin/env python3
"""Stock kubectl against our API server: it must say what upstream's server makes it say.

    kubectl.py                            our clusters, on etcdlite and (a part) on etcd, against the recorded answers
    kubectl.py --kubeconfig CONF [--only REGEX]     a cluster that runs already
    kubectl.py --record CONF [--only REGEX]         writes the answers of an upstream cluster to test/golden/conformance

Commands in test/golden/conformance/known.txt are known to differ; `--known` prints such lines. The commands are test/support/scenarios; upstream's answers are kept masked (ages, uids, addresses and the like are
words), one file for each scenario. The promise of a line is a whole scenario; what differs stands above it.
"""
import argparse
import json
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import skiff
from kubectl_runs import Known, differences, fields_only, masked, run_scenario, shown
from scenarios import SCENARIOS

GOLDEN = os.path.join(skiff.TOP, "test", "golden", "conformance", "kubectl")
ON_ETCD = r"^(get-basics|apply|patch-more|delete-more|get-more|kinds)$"  # what meets the store in its own ways


def chosen(only):
    return [name for name in SCENARIOS if re.search(only, name)]


def comparable(command, answer):
    out, err, code = masked(command, answer)
    return [fields_only(out) if shown(command).startswith("kubectl explain") else out, err, code]


def record(kubectl, kubeconfig, only):
    os.makedirs(GOLDEN, exist_ok=True)
    for name in chosen(only):
        answers = run_scenario(name, kubectl, kubectl, kubeconfig, "test")
        rows = [[shown(command), *comparable(command, answer)] for command, answer in zip(SCENARIOS[name], answers) if answer]
        with open(os.path.join(GOLDEN, name + ".jsonl"), "w") as file:
            file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        print("recorded %s: %d commands" % (name, len(rows)), flush=True)


def check(kubectl, kubeconfig, only, where, print_known=False):
    known = Known(os.path.join(os.path.dirname(GOLDEN), "known.txt"))
    for name in chosen(only):
        @skiff.test("%s: kubectl's answers, %s" % (where, name))
        def _():
            with open(os.path.join(GOLDEN, name + ".jsonl")) as file:
                rows = [json.loads(line) for line in file]
            rows = [[row[0], *masked(row[0], row[1:])] for row in rows]
            answers = [comparable(c, a) for c, a in zip(SCENARIOS[name], run_scenario(name, kubectl, kubectl, kubeconfig, "test")) if a]
            assert len(rows) == len(answers), "recorded are %d commands, the scenario has %d: record again" % (len(rows), len(answers))
            differs = 0
            for row, answer in zip(rows, answers):
                problems = differences(row[1:], answer)
                if problems and print_known:
                    print("KNOWN " + Known.line(name, row[0]))
                if problems and known.has(name, row[0]):
                    print("# known to differ: " + row[0][:200], flush=True)
                elif problems:
                    differs += 1
                    print("# DIFFERS %s\n#     %s" % (row[0][:200], "\n#     ".join(line[:300] for line in problems)), flush=True)
            assert not differs, "%d of %d answers differ" % (differs, len(rows))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--record", metavar="KUBECONFIG")
    parser.add_argument("--kubeconfig")
    parser.add_argument("--known", action="store_true")
    parser.add_argument("--only", default="")
    options = parser.parse_args()
    kubectl = skiff.stock("kubectl")
    if not kubectl:
        skiff.skip("stock kubectl is not installed and its package cannot be had")
    if options.record:
        return record(kubectl, options.record, options.only)
    if options.kubeconfig:
        check(kubectl, options.kubeconfig, options.only, "the cluster", options.known)
    else:
        skiff.on_both_stores(lambda store, cluster: check(kubectl, cluster.conf, options.only or (ON_ETCD if store == "etcd" else ""), store))
    skiff.finish()


if __name__ == "__main__":
    main()
