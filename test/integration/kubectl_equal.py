#!/usr/bin/env python3
"""Runs the same commands with two kubectl binaries against one API server and compares what they say.

    kubectl_equal.py            our cluster, our kubectl and stock kubectl (skipped where that is not installed)
    kubectl_equal.py --ours build/bin/kubectl --peer PATH --kubeconfig admin.conf [--only REGEX] [-v]

Each scenario runs twice, each time in a fresh namespace: once with our binary, once with the peer's. Standard output,
standard error and exit codes must be equal, byte for byte, after what legitimately differs (ages, uids, times,
resource versions, generated names and addresses) is replaced by a word. A scenario is a list of commands; `SETUP`
steps are run by the peer for both. A line `ok`/`not ok` for each scenario; the last line is `N passed, N failed`.
"""
import argparse
import difflib
import os
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import skiff
from kubectl_scenarios import SCENARIOS, FILES

MASKS = [
    (r'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z', 'TIME'),
    (r'(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d \w{3} \d{4} \d\d:\d\d:\d\d [+-]\d{4}', 'DATE'),
    (r'\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b', 'UID'),
    (r'(resourceVersion"?: ?"?|Resource Version: *)\d+', r'\1RV'),
    (r'\b10\.\d+\.\d+\.\d+\b', 'ADDRESS'),
    (r'kube-api-access-[a-z0-9]{5}', 'kube-api-access-XXXXX'),
    (r'\b[a-z0-9]{8,10}-[a-z0-9]{5}\b', 'HASH-XXXXX'),
    (r'(-|=|: |hash": ")[bcdf-hj-np-tv-z2456789]{8,10}\b', r'\1HASH'),
    (r'\b(web|rs|rc|job|ds)-[bcdf-hj-np-tv-z2456789]{5}\b', r'\1-XXXXX'),
    (r'W\d{4} \d\d:\d\d:\d\d\.\d+ +\d+ \S+\] ', ''),
    (r'(?m)^(NodePort: .*|.*nodePort"?: )(\d{5})', r'\1PORT'),
    (r'\b3[0-2]\d{3}\b', 'PORT'),
    (r'eyJ[\w-]+\.[\w-]+\.[\w-]+', 'TOKEN'),
    (r'(?m)\b\d+(ms|s|m|h|d)(\d+(s|m|h))?( +|$|\))', r'AGE '),
    (r' +', ' '),
    (r'-{4,}', '----'),
    (r'kubectl-equal-(ours|peer)', 'NAMESPACE'),
]


def mask(text):
    for pattern, replacement in MASKS:
        text = re.sub(pattern, replacement, text)
    return '\n'.join(line.rstrip() for line in text.split('\n'))


class Runner:
    def __init__(self, binary, kubeconfig, namespace, folder):
        self.binary, self.namespace, self.folder = binary, namespace, folder
        self.env = dict(os.environ, KUBECONFIG=kubeconfig, HOME=os.path.join(folder, 'home-' + namespace), TZ='UTC')
        os.makedirs(self.env['HOME'], exist_ok=True)

    def run(self, command, stdin='', env=None):
        words = [self.binary]
        words += command if isinstance(command, list) else ['bash', command]
        if isinstance(command, str):  # a shell line in which `kubectl` is the binary
            words = ['bash', '-c', 'kubectl() { "%s" -n %s "$@"; }; %s' % (self.binary, self.namespace, command)]
        elif '-n' not in command and '-A' not in command and '--namespace' not in command:
            dash = words.index('--') if '--' in words else len(words)
            words[dash:dash] = ['-n', self.namespace]
        try:
            done = subprocess.run(words, input=stdin, capture_output=True, text=True, cwd=self.folder,
                                  env=dict(self.env, **(env or {})), timeout=60)
            return done.stdout, done.stderr, done.returncode
        except subprocess.TimeoutExpired as expired:
            return (expired.stdout or b'').decode(), 'timed out', -1


def compare(commands, results, verbose):
    """Prints what differs; (equal commands, different commands)."""
    same = different = 0
    for index, command in enumerate(commands):
        ours, peer = results['ours'][index], results['peer'][index]
        if ours is None:
            continue
        shown = command['run'] if isinstance(command, dict) else command
        shown = shown if isinstance(shown, str) else 'kubectl ' + ' '.join(shown)
        problems = []
        for label, a, b in zip(('stdout', 'stderr'), peer[:2], ours[:2]):
            if mask(a) != mask(b):
                diff = list(difflib.unified_diff(mask(a).split('\n'), mask(b).split('\n'), 'peer ' + label, 'ours ' + label, lineterm='', n=1))
                problems += diff if verbose else diff[:24]
        if ours[2] != peer[2]:
            problems.append('exit code: peer %d, ours %d' % (peer[2], ours[2]))
        if not problems:
            same += 1
            continue
        different += 1
        print('# DIFFERS %s' % shown[:200])
        print('#     ' + '\n#     '.join(line[:300] for line in problems), flush=True)
    return same, different


def run_scenarios(options):
    folder = tempfile.mkdtemp(prefix='kubectl-equal-')
    for name, text in FILES.items():
        with open(os.path.join(folder, name), 'w') as file:
            file.write(text)
    passed = failed = 0
    admin = Runner(options.peer, options.kubeconfig, 'default', folder)
    for name, commands in SCENARIOS.items():
        if not re.search(options.only, name):
            continue
        results = {}
        for who, binary in (('ours', options.ours), ('peer', options.peer)):
            namespace = 'kubectl-equal-' + who
            admin.run(['create', 'namespace', namespace])
            admin.run('for i in $(seq 50); do kubectl get sa default -n %s >/dev/null 2>&1 && break; sleep 0.1; done' % namespace)
            runner = Runner(os.path.abspath(binary), options.kubeconfig, namespace, folder)
            peer = Runner(os.path.abspath(options.peer), options.kubeconfig, namespace, folder)
            results[who] = []
            for command in commands:
                setup = isinstance(command, tuple)
                step = command[1] if setup else command
                stdin, env = '', {}
                if isinstance(step, dict):
                    stdin, env, step = step.get('stdin', ''), step.get('env', {}), step['run']
                answer = (peer if setup else runner).run(step, stdin, env)
                results[who].append(None if setup else answer)
            admin.run(['delete', 'namespace', namespace, '--wait=true'])
        same, different = compare(commands, results, options.v)
        passed, failed = passed + same, failed + different
        print('%s %s: %d commands answer as stock kubectl does%s'
              % ('not ok' if different else 'ok', name, same, ', %d do not' % different if different else ''), flush=True)
    print('%d passed, %d failed' % (passed, failed))
    return 1 if failed else 0


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--ours', default=os.path.join(skiff.BIN, 'kubectl'))
    parser.add_argument('--peer', default=os.path.join(skiff.PEERS, 'kubectl'))
    parser.add_argument('--kubeconfig')
    parser.add_argument('--only', default='')
    parser.add_argument('-v', action='store_true', help='print the full output of commands that differ')
    options = parser.parse_args()
    if not os.path.exists(options.peer):
        skiff.skip('stock kubectl is not installed')
    if options.kubeconfig:
        return run_scenarios(options)
    with skiff.Cluster() as cluster:
        options.kubeconfig = cluster.conf
        return run_scenarios(options)


if __name__ == '__main__':
    sys.exit(main())
