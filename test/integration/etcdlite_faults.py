#!/usr/bin/env python3
"""Faults against real etcdlite processes: whatever was acknowledged must still be there.

Uses stock etcdctl where installed, else ours. Binaries: $SKIFF_BIN (default build/bin). Ports from
$SKIFF_TEST_PORT (default 21200) on. `etcdlite_faults.py [part...]` runs only the named parts.
"""
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BIN = os.environ.get("SKIFF_BIN", os.path.join(ROOT, "build", "bin"))
BASE = int(os.environ.get("SKIFF_TEST_PORT", "21200"))


def find_etcdctl():
    for path in (os.environ.get("ETCDCTL", ""), "/usr/bin/etcdctl", os.path.join(BIN, "etcdctl")):
        if path and os.path.exists(path):
            return path
    sys.exit("no etcdctl found")


CTL = find_etcdctl()
ENV = dict(os.environ, ETCDCTL_API="3")


class Cluster:
    def __init__(self, size, port, flags=()):
        self.size, self.port, self.flags = size, port, list(flags)
        self.dir = tempfile.mkdtemp(prefix="etcdl-faults-")
        self.procs = {}
        self.initial = ",".join("m%d=%s" % (i, self.peer(i)) for i in range(size))

    def client(self, i):
        return "http://127.0.0.1:%d" % (self.port + i)

    def peer(self, i):
        return "http://127.0.0.1:%d" % (self.port + 20 + i)

    def start(self, i, state="new", initial=None):
        log = open(os.path.join(self.dir, "m%d.log" % i), "ab")
        self.procs[i] = subprocess.Popen(
            [os.path.join(BIN, "etcdlite"), "--name", "m%d" % i, "--data-dir", os.path.join(self.dir, "m%d" % i),
             "--listen-client-urls", self.client(i), "--advertise-client-urls", self.client(i),
             "--listen-peer-urls", self.peer(i), "--initial-advertise-peer-urls", self.peer(i),
             "--initial-cluster", initial or self.initial, "--initial-cluster-state", state] + self.flags,
            stdout=log, stderr=log)

    def start_all(self):
        for i in range(self.size):
            self.start(i)
        self.wait_ready()

    def kill(self, i, how=signal.SIGKILL):
        self.procs[i].send_signal(how)
        self.procs[i].wait()

    def stop(self):
        for proc in self.procs.values():
            if proc.poll() is None:
                proc.kill()
                proc.wait()
        shutil.rmtree(self.dir, ignore_errors=True)

    def log(self, i):
        with open(os.path.join(self.dir, "m%d.log" % i), errors="replace") as f:
            return f.read()

    def ctl(self, *args, members=None, timeout=20):
        ends = ",".join(self.client(i) for i in (members if members is not None else self.procs))
        return subprocess.run([CTL, "--endpoints", ends, "--command-timeout=6s", *args], env=ENV, capture_output=True,
                              text=True, timeout=timeout)

    def wait_ready(self, members=None, seconds=20):
        until = time.time() + seconds
        for i in members if members is not None else list(self.procs):
            while self.ctl("get", "ready?", members=[i]).returncode != 0:
                assert time.time() < until, "member %d is not ready:\n%s" % (i, self.log(i)[-2000:])
                time.sleep(0.05)

    def status(self):
        out = {}
        for i, proc in self.procs.items():
            if proc.poll() is None:
                got = self.ctl("endpoint", "status", "-w", "json", members=[i])
                if got.returncode == 0 and got.stdout.strip():
                    out[i] = json.loads(got.stdout)[0]["Status"]
        return out

    def leader(self, seconds=15):
        until = time.time() + seconds
        while time.time() < until:
            for i, status in self.status().items():
                if status.get("leader") == status["header"]["member_id"]:
                    return i
            time.sleep(0.05)
        raise AssertionError("no leader")

    def all_keys(self, member):
        got = self.ctl("get", "k", "--prefix", "-w", "json", members=[member])
        assert got.returncode == 0, got.stderr
        import base64
        kvs = json.loads(got.stdout).get("kvs", [])
        return {base64.b64decode(kv["key"]).decode(): base64.b64decode(kv.get("value", "")).decode() for kv in kvs}

    def assert_same_hash(self):
        until = time.time() + 10
        while True:
            revisions = {s["header"]["revision"] for s in self.status().values()}
            hashes = set()
            for i in self.procs:
                got = self.ctl("endpoint", "hashkv", "-w", "json", members=[i])
                if got.returncode == 0:
                    hashes.add(json.loads(got.stdout)[0]["HashKV"]["hash"])
            if len(revisions) == 1 and len(hashes) == 1:
                return
            assert time.time() < until, "members differ: revisions %s hashes %s" % (revisions, hashes)
            time.sleep(0.1)


class Writers:
    """Threads that put ascending numbers under their own keys and remember what was acknowledged and what was tried."""

    def __init__(self, cluster, count=4):
        self.cluster, self.acked, self.tried, self.stop_now = cluster, {}, {}, False
        self.threads = [threading.Thread(target=self.run, args=(n,)) for n in range(count)]
        for thread in self.threads:
            thread.start()

    def run(self, n):
        value = 0
        while not self.stop_now:
            value += 1
            key = "k%d-%d" % (n, value % 20)
            self.tried.setdefault(key, set()).add(str(value))
            if self.cluster.ctl("put", key, str(value)).returncode == 0:
                self.acked[key] = str(value)

    def finish(self):
        self.stop_now = True
        for thread in self.threads:
            thread.join()

    def check(self, found):
        for key, value in self.acked.items():
            # A later write that was not acknowledged may have happened all the same.
            later = {v for v in self.tried[key] if int(v) >= int(value)}
            assert found.get(key) in later, "%s: acknowledged %s, found %s" % (key, value, found.get(key))
        assert self.acked, "nothing was acknowledged"


def part_leader_killed():
    cluster = Cluster(3, BASE)
    try:
        cluster.start_all()
        writers = Writers(cluster)
        for _ in range(3):
            time.sleep(1)
            victim = cluster.leader()
            before = len(writers.acked), sum(int(v) for v in writers.acked.values())
            cluster.kill(victim)
            started = time.time()
            while sum(int(v) for v in list(writers.acked.values())) < before[1] + 20:
                assert time.time() < started + 15, "writes did not resume"
                time.sleep(0.02)
            print("  leader m%d killed, writes went on after %.1f s" % (victim, time.time() - started))
            cluster.start(victim)
            cluster.wait_ready([victim])
        writers.finish()
        for i in range(3):
            writers.check(cluster.all_keys(i))
        cluster.assert_same_hash()
        print("  %d keys, %d writes tried" % (len(writers.acked), sum(map(len, writers.tried.values()))))
    finally:
        cluster.stop()


def part_all_killed():
    cluster = Cluster(3, BASE + 40)
    try:
        cluster.start_all()
        writers = Writers(cluster)
        time.sleep(2)
        for i in range(3):
            cluster.procs[i].kill()
        for i in range(3):
            cluster.procs[i].wait()
        writers.finish()
        cluster.start_all()
        for i in range(3):
            writers.check(cluster.all_keys(i))
        cluster.assert_same_hash()
    finally:
        cluster.stop()


def log_file(cluster, i):
    folder = os.path.join(cluster.dir, "m%d" % i, "member", "wal")
    return os.path.join(folder, sorted(os.listdir(folder))[-1])


def frames(path):
    """(offset, size) of each frame of a log file."""
    with open(path, "rb") as f:
        data = f.read()
    at, out = 0, []
    while data[at:at + 4] == b"KSWL":
        size = 24 + (int.from_bytes(data[at + 4:at + 8], "little") + 7) // 8 * 8
        out.append((at, size))
        at += size
    return out


def part_torn_tail():
    cluster = Cluster(1, BASE + 80)
    try:
        cluster.start_all()
        for n in range(30):
            assert cluster.ctl("put", "k%d" % n, "v%d" % n).returncode == 0
        cluster.kill(0)
        path = log_file(cluster, 0)
        end = sum(frames(path)[-1])
        with open(path, "rb") as f:
            last_at, last_size = frames(path)[-1]
            f.seek(last_at)
            last = f.read(last_size)
        with open(path, "r+b") as f:  # a frame that was being written when the power went
            f.seek(end)
            f.write(last[:8] + (999999).to_bytes(8, "little") + os.urandom(len(last) - 16))
        cluster.start_all()
        found = cluster.all_keys(0)
        assert all(found.get("k%d" % n) == "v%d" % n for n in range(30)), found
        assert "cut an unfinished write" in cluster.log(0)
        assert cluster.ctl("put", "kx", "after").returncode == 0
        cluster.kill(0)
        cluster.start_all()
        assert cluster.all_keys(0).get("kx") == "after"
    finally:
        cluster.stop()


def part_corrupt_middle():
    cluster = Cluster(1, BASE + 90)
    try:
        cluster.start_all()
        for n in range(30):
            assert cluster.ctl("put", "k%d" % n, "v%d" % n).returncode == 0
        cluster.kill(0)
        path = log_file(cluster, 0)
        at, size = frames(path)[len(frames(path)) // 2]
        with open(path, "r+b") as f:
            f.seek(at + 30)
            byte = f.read(1)
            f.seek(at + 30)
            f.write(bytes([byte[0] ^ 0x40]))
        cluster.start(0)
        assert cluster.procs[0].wait(10) != 0
        assert "is damaged at offset %d" % at in cluster.log(0), cluster.log(0)[-500:]
    finally:
        cluster.stop()


def part_snapshot_catches_up():
    cluster = Cluster(3, BASE + 100, ["--snapshot-count", "100", "--snapshot-catchup-entries", "50"])
    try:
        cluster.start_all()
        cluster.kill(2)
        writers = Writers(cluster, 6)
        while sum(map(len, list(writers.tried.values()))) < 900:
            time.sleep(0.1)
        writers.finish()
        cluster.start(2)
        cluster.wait_ready([2])
        writers.check(cluster.all_keys(2))
        cluster.assert_same_hash()
        assert any("sent a snapshot" in cluster.log(i) for i in (0, 1)), "no snapshot was needed"
        cluster.kill(2)  # the installed state must survive as well
        cluster.start(2)
        cluster.wait_ready([2])
        writers.check(cluster.all_keys(2))
        cluster.assert_same_hash()
    finally:
        cluster.stop()


def part_members_change():
    cluster = Cluster(1, BASE + 120)
    try:
        cluster.start_all()
        assert cluster.ctl("put", "k", "before").returncode == 0
        got = cluster.ctl("member", "add", "m1", "--learner", "--peer-urls", cluster.peer(1), members=[0])
        assert got.returncode == 0, got.stderr
        initial = "m0=%s,m1=%s" % (cluster.peer(0), cluster.peer(1))
        cluster.start(1, "existing", initial)
        until = time.time() + 15
        ids = {}
        while True:
            members = json.loads(cluster.ctl("member", "list", "-w", "json", members=[0]).stdout)["members"]
            ids = {m.get("name", ""): "%x" % m["ID"] for m in members}
            if "m1" in ids and cluster.ctl("member", "promote", ids["m1"], members=[0]).returncode == 0:
                break
            assert time.time() < until, "the learner was not promoted: %s\n%s" % (members, cluster.log(1)[-1500:])
            time.sleep(0.1)
        cluster.wait_ready([1])
        assert cluster.all_keys(1)["k"] == "before"
        assert cluster.ctl("put", "k", "with two", members=[1]).returncode == 0
        got = cluster.ctl("member", "remove", ids["m0"], members=[1])
        assert got.returncode == 0, got.stderr
        cluster.kill(0)
        del cluster.procs[0]
        cluster.wait_ready([1])
        assert cluster.ctl("put", "k", "alone", members=[1]).returncode == 0
        assert cluster.all_keys(1)["k"] == "alone"
    finally:
        cluster.stop()


def part_quota_alarm():
    cluster = Cluster(1, BASE + 140, ["--quota-backend-bytes", "2000000"])
    try:
        cluster.start_all()
        refused = None
        for n in range(20):
            got = cluster.ctl("put", "k%d" % n, "x" * 100_000)
            for _ in range(5):  # values spread over more than one put, so that the engine's estimate moves
                got = cluster.ctl("put", "k%d" % n, str(n) * 50_000) if got.returncode == 0 else got
            if got.returncode != 0:
                refused = got.stderr
                break
            time.sleep(0.1)
        assert refused and "database space exceeded" in refused, refused
        until = time.time() + 5
        while "NOSPACE" not in cluster.ctl("alarm", "list").stdout:
            assert time.time() < until, "no alarm"
            time.sleep(0.1)
        assert "database space exceeded" in cluster.ctl("put", "small", "x").stderr
        assert cluster.ctl("get", "k0").returncode == 0
        assert cluster.ctl("del", "k", "--prefix").returncode == 0
        revision = cluster.status()[0]["header"]["revision"]
        assert cluster.ctl("compaction", str(revision), "--physical").returncode == 0
        assert cluster.ctl("defrag").returncode == 0
        assert "NOSPACE" in cluster.ctl("alarm", "disarm").stdout
        until = time.time() + 10
        while cluster.ctl("put", "small", "x").returncode != 0:
            cluster.ctl("alarm", "disarm")
            assert time.time() < until, "still refused after the space was freed"
            time.sleep(0.3)
    finally:
        cluster.stop()


def part_leader_moves_when_asked():
    cluster = Cluster(3, BASE)
    try:
        cluster.start_all()
        first = cluster.leader()
        second, third = [i for i in range(3) if i != first]
        ids = {i: "%x" % s["header"]["member_id"] for i, s in cluster.status().items()}
        got = cluster.ctl("move-leader", ids[second], members=[first])
        assert got.returncode == 0, got.stderr
        seen = cluster.status()[first]
        assert "%x" % seen["leader"] == ids[second], "it answered before the other one led"
        assert cluster.ctl("put", "k", "moved", members=[first]).returncode == 0
        cluster.kill(third)
        got = cluster.ctl("move-leader", ids[third], members=[second])
        assert got.returncode != 0, "a dead member does not lead: %s" % got.stdout
        assert cluster.ctl("put", "k", "stayed", members=[second]).returncode == 0, "writes go on after it failed"
        assert cluster.leader() in (first, second)
    finally:
        cluster.stop()


def part_lease_outlives_its_leader():
    cluster = Cluster(3, BASE + 160)
    try:
        cluster.start_all()
        short = cluster.ctl("lease", "grant", "4").stdout.split()[1]
        long = cluster.ctl("lease", "grant", "60").stdout.split()[1]
        assert cluster.ctl("put", "short", "1", "--lease=" + short).returncode == 0
        assert cluster.ctl("put", "long", "1", "--lease=" + long).returncode == 0
        victim = cluster.leader()
        cluster.kill(victim)
        del cluster.procs[victim]
        cluster.leader()
        assert cluster.ctl("get", "short").stdout.strip() != "", "the lease ended early"
        until = time.time() + 20
        while cluster.ctl("get", "short").stdout.strip() != "":
            assert time.time() < until, "the lease never ended"
            time.sleep(0.2)
        assert cluster.ctl("get", "long").stdout.strip() != ""
        member = [i for i in cluster.procs if i != cluster.leader()][0]  # a follower passes keep-alives on
        assert "keepalived with TTL(60)" in cluster.ctl("lease", "keep-alive", "--once", long, members=[member]).stdout
        assert "remaining(" in cluster.ctl("lease", "timetolive", long, members=[member]).stdout
        cluster.assert_same_hash()
    finally:
        cluster.stop()


def main():
    seed = int(os.environ.get("SKIFF_SEED", time.time_ns() % 1000000))
    random.seed(seed)
    print("seed %d (SKIFF_SEED repeats it)" % seed, flush=True)
    parts = {name[5:]: part for name, part in globals().items() if name.startswith("part_")}
    failed = 0
    wanted = sys.argv[1:] or list(parts)
    for name in wanted:
        started = time.time()
        try:
            parts[name]()
            print("ok etcdlite, %s (%.1f s)" % (name.replace("_", " "), time.time() - started), flush=True)
        except Exception as error:  # noqa: BLE001: every failure is a result
            failed += 1
            print("not ok etcdlite, %s: %s" % (name.replace("_", " "), error), flush=True)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
