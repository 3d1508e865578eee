"""Runs scenarios with a kubectl and makes what it says comparable: ages, uids, addresses and the like become words."""
import difflib
import os
import re
import subprocess
import tempfile

from scenarios import FILES, SCENARIOS

MASKS = [
    (r'\bkubernetes-admin\b', 'admin'),
    (r'(LIVE|MERGED|kubectl-edit|kubectl-runs)-\w+', r'\1-XXX'),
    (r'\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)? \+0000', 'TIME'),
    (r'127\.0\.0\.1:\d{5}|(TargetPort: *)\d{5}(?=/TCP)', r'\1PORT'),
    (r'X509SHA256=\w+', 'X509SHA256=HEX'),
    (r'\.[0-9a-f]{16}\b', '.HEX'),
    (r'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z', 'TIME'),
    (r'(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d \w{3} \d{4} \d\d:\d\d:\d\d [+-]\d{4}', 'DATE'),
    (r'\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b', 'UID'),
    (r'(resourceVersion"?: ?"?|Resource Version: *)\d+', r'\1RV'),
    (r'\b10\.\d+\.\d+\.\d+\b', 'ADDRESS'),
    (r'kube-api-access-[a-z0-9]{5}', 'kube-api-access-XXXXX'),
    (r'\b[a-z0-9]{8,10}-[a-z0-9]{5}\b', 'HASH-XXXXX'),
    (r'(-|=|: |hash": ")[bcdf-hj-np-tv-z2456789]{8,10}\b', r'\1HASH'),
    (r'\b(web|rs|rc|job|ds)-[bcdf-hj-np-tv-z2456789]{5}\b', r'\1-XXXXX'),
    (r'(?m)^I\d{4} \d\d:\d\d:\d\d.*\n', ''),  # what libraries log
    (r'[EWF]\d{4} \d\d:\d\d:\d\d\.\d+ +\d+ \S+\] ', ''),
    (r'(?m)^(NodePort: .*|.*nodePort"?: )(\d{5})', r'\1PORT'),
    (r'\b3[0-2]\d{3}\b', 'PORT'),
    (r'eyJ[\w-]+\.[\w-]+\.[\w-]+', 'TOKEN'),
    (r'(?m)\b\d+(ms|s|m|h|d)(\d+(s|m|h))?( +|$|\))', r'AGE '),
    (r' +', ' '),
    (r'-{4,}', '----'),
    (r'kubectl-equal-(ours|peer|test)', 'NAMESPACE'),
    (r'\(x\d+ over AGE ', ''),  # how often something was tried is a matter of pace
    (r'(?m)^namespace/NAMESPACE .*\n', ''),  # of other scenarios, coming and going
    (r'(?m)^"Unhandled Error" .*\n', ''),  # what a library logs for developers
    (r'(?m)^(Waiting for .*\n)\1+', r'\1'),
    (r'(object given to jsonpath engine was:\n)[^\n]*', r'\1OBJECT'),  # Go prints its maps in any order
    (r'\b0x[0-9a-f]{8,16}\b', 'POINTER'),
]

# Commands whose answers come in the order of a Go map: their lines, or words, are compared as a set.
ANY_ORDER = r'kubectl ((label|annotate) .*--list|set env .*--list|get controllerrevisions)'
ANY_ORDER_OF_WORDS = r'kubectl .*jsonpath=(\S*env\[\*\]\.name|\{\.\.)'
# Flags that have to do with Go alone: profiles and its logging.
GO_FLAGS = r'--(log-flush-frequency|profile|profile-output|vmodule|kuberc)\b'


def mask(text, hashes=True):
    for pattern, replacement in MASKS:
        if hashes or 'HASH' not in replacement:
            text = re.sub(pattern, replacement, text)
    text = '\n'.join(line.rstrip() for line in text.split('\n'))
    return re.sub(r'(?m)^(.*FailedScheduling.*\n)\1+', r'\1', text)  # how often it was tried is a matter of pace


class Runner:
    """One kubectl in one namespace, with a home and a folder of files."""

    def __init__(self, binary, kubeconfig, namespace, folder):
        self.binary, self.namespace, self.folder = binary, namespace, folder
        self.env = dict(os.environ, KUBECONFIG=kubeconfig, HOME=os.path.join(folder, 'home-' + namespace), TZ='UTC')
        os.makedirs(self.env['HOME'], exist_ok=True)

    def run(self, command, stdin='', env=None):
        words = [self.binary]
        words += command if isinstance(command, list) else ['bash', command]
        if isinstance(command, str):  # a shell line: `kubectl` and $KUBECTL are the binary, $NS the namespace
            words = ['bash', '-c', 'NS=%s; KUBECTL="%s -n %s"; kubectl() { $KUBECTL "$@"; }; %s' % (self.namespace, self.binary, self.namespace, command)]
        elif '-n' not in command and '-A' not in command and '--namespace' not in command:
            dash = words.index('--') if '--' in words else len(words)
            words[dash:dash] = ['-n', self.namespace]
        try:
            done = subprocess.run(words, input=stdin, capture_output=True, text=True, cwd=self.folder,
                                  env=dict(self.env, **(env or {})), timeout=60)
            return done.stdout, done.stderr, done.returncode
        except subprocess.TimeoutExpired as expired:
            return (expired.stdout or b'').decode(), 'timed out', -1


def folder_of_files():
    folder = tempfile.mkdtemp(prefix='kubectl-runs-')
    for name, text in FILES.items():
        with open(os.path.join(folder, name), 'w') as file:
            file.write(text)
    return folder


def shown(command):
    command = command['run'] if isinstance(command, dict) else command
    return command if isinstance(command, str) else 'kubectl ' + ' '.join(command)


def run_scenario(name, binary, setup_binary, kubeconfig, who):
    """The (stdout, stderr, exit code) of each command of a scenario, None for its preparations."""
    folder = folder_of_files()
    namespace = 'kubectl-equal-' + who
    admin = Runner(setup_binary, kubeconfig, 'default', folder)
    admin.run(['create', 'namespace', namespace])
    admin.run('for i in $(seq 100); do kubectl get sa/default cm/kube-root-ca.crt -n %s >/dev/null 2>&1 && break; sleep 0.1; done' % namespace)
    runner, setup = (Runner(os.path.abspath(b), kubeconfig, namespace, folder) for b in (binary, setup_binary))
    answers = []
    for command in SCENARIOS[name]:
        prepares = isinstance(command, tuple)
        step, stdin, env = command[1] if prepares else command, '', {}
        if isinstance(step, dict):
            stdin, env, step = step.get('stdin', ''), step.get('env', {}), step['run']
        answer = (setup if prepares else runner).run(step, stdin, env)
        answers.append(None if prepares else answer)
    admin.run(['delete', 'namespace', namespace, '--wait=true'])
    return answers


def differences(want, got, limit=24):
    """What differs between two masked answers, as lines."""
    problems = []
    for label, a, b in zip(('stdout', 'stderr'), want[:2], got[:2]):
        if a != b:
            problems += list(difflib.unified_diff(a.split('\n'), b.split('\n'), 'want ' + label, 'got ' + label, lineterm='', n=1))[:limit]
    if want[2] != got[2]:
        problems.append('exit code: want %d, got %d' % (want[2], got[2]))
    return problems


def masked(command, answer):
    hashes = 'kubectl kustomize' not in shown(command)  # those follow from what is built
    out, err = (help_only(mask(text, hashes)) for text in answer[:2])
    if re.match(ANY_ORDER, shown(command)):
        out = '\n'.join(sorted(out.split('\n')))
    if re.match(ANY_ORDER_OF_WORDS, shown(command)):
        out = ' '.join(sorted(out.split()))
    return [out, err, answer[2]]


def help_only(text):
    """Of a help text what a program may rely on: flags with their defaults, usage lines. The prose is everybody's own."""
    if not re.search(r'(?m)^Usage:\n|^The following options can be passed|^Use "kubectl .* --help" for more', text):
        return text
    lines = [re.sub(r'^(  [a-z][\w-]*)  .*', r'\1', line) for line in text.split('\n')
             if re.match(r' +(-\w, )?--[\w-]+=|  kubectl |  [a-z][\w-]*  ', line)]
    return '\n'.join(line for line in lines if not re.search(GO_FLAGS, line))


def fields_only(text):
    """What `explain` prints without descriptions, which every server writes in its own words."""
    lines = [line for line in text.split('\n') if re.match(r'[A-Z]+:|\s+[\w$]+\t<', line)]
    return '\n'.join(line for line in lines if not line.startswith('DESCRIPTION'))


class Known:
    """Commands that are known to differ, a file of `SCENARIO: COMMAND` lines: they may, every other may not. The list only
    shrinks."""
    def __init__(self, path):
        self.lines = set()
        if os.path.exists(path):
            with open(path) as file:
                self.lines = {line.rstrip('\n') for line in file if line.strip() and not line.startswith('#')}

    @staticmethod
    def line(scenario, command):
        return '%s: %s' % (scenario, shown(command).replace('\n', ' ')[:160])

    def has(self, scenario, command):
        return self.line(scenario, command) in self.lines
