#!/usr/bin/env python3
"""etcdlite beside etcd in one run: put, get and range at 1, 16 and 256 clients, cold start, idle memory.

One JSON line per figure; `ratio` is etcdlite's figure over etcd's where etcd is installed ($PEERS_BIN, default
~/.cache/skiff-peers). Binaries: $SKIFF_BIN (default build/bin). `run.py SECONDS` sets the time per figure.
"""
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
BIN = os.environ.get("SKIFF_BIN", os.path.join(ROOT, "build", "bin"))
PEERS = os.environ.get("PEERS_BIN", os.path.expanduser("~/.cache/skiff-peers"))
PORT = int(os.environ.get("SKIFF_TEST_PORT", "21800"))


class Server:
    def __init__(self, name, binary, port, folder):
        self.name, self.port = name, port
        client, peer = "http://127.0.0.1:%d" % port, "http://127.0.0.1:%d" % (port + 1)
        started = time.time()
        self.proc = subprocess.Popen(
            [binary, "--name", "m0", "--data-dir", os.path.join(folder, name), "--listen-client-urls", client,
             "--advertise-client-urls", client, "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer,
             "--initial-cluster", "m0=" + peer], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while subprocess.run([os.path.join(BIN, "etcdctl"), "--endpoints", client, "--command-timeout", "3s", "put", "up", "1"],
                             capture_output=True).returncode != 0:
            time.sleep(0.005)
        self.cold_ms = (time.time() - started) * 1000
        time.sleep(1)
        self.rss_kb = int(next(l for l in open("/proc/%d/status" % self.proc.pid) if l.startswith("VmRSS")).split()[1])

    def bench(self, op, clients, seconds):
        out = subprocess.run([os.path.join(BIN, "etcd-bench"), "--endpoint", "127.0.0.1:%d" % self.port, "--op", op, "--clients",
                              str(clients), "--seconds", str(seconds), "--pid", str(self.proc.pid), "--name", self.name],
                             capture_output=True, text=True)
        return json.loads(out.stdout)


def main():
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 3
    folder = tempfile.mkdtemp(prefix="etcdl-bench-")
    servers = [Server("etcdlite", os.path.join(BIN, "etcdlite"), PORT, folder)]
    try:
        if os.path.exists(os.path.join(PEERS, "etcd")):
            servers.append(Server("etcd", os.path.join(PEERS, "etcd"), PORT + 10, folder))
        for figure, of in (("cold_start_ms", lambda s: round(s.cold_ms)), ("idle_rss_kb", lambda s: s.rss_kb)):
            line = {"bench": "etcd." + figure, **{s.name: of(s) for s in servers}}
            if len(servers) == 2:
                line["ratio"] = round(of(servers[0]) / of(servers[1]), 2)
            print(json.dumps(line), flush=True)
        for op in ("put", "get", "range"):
            for clients in (1, 16, 256):
                lines = [s.bench(op, clients, seconds) for s in servers]
                for line in lines:
                    if len(lines) == 2 and line is lines[0]:
                        line["ratio"] = round(lines[0]["per_second"] / lines[1]["per_second"], 2)
                        line["cpu_ratio"] = round(lines[0]["server_cpu_us"] / max(0.1, lines[1]["server_cpu_us"]), 2)
                    print(json.dumps(line), flush=True)
    finally:
        for server in servers:
            server.proc.kill()
            server.proc.wait()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
