#!/usr/bin/env python3
"""The same commands to etcdlite and to a real etcd: answers must be equal but for ids.

Needs a real etcd and its etcdctl in $PEERS_BIN (default ~/.cache/skiff-peers); without them it is skipped. Both servers get
the same commands by the same client, so differences are the server's. Then our etcdctl is compared with etcd's, command
by command, on the same server.
"""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BIN = os.environ.get("SKIFF_BIN", os.path.join(ROOT, "build", "bin"))
PEERS = os.environ.get("PEERS_BIN", os.path.expanduser("~/.cache/skiff-peers"))
BASE = int(os.environ.get("SKIFF_TEST_PORT", "21500"))
ENV = {k: v for k, v in os.environ.items() if not k.startswith("ETCDCTL")}

# Each line is one command; "stdin <<< text" after " | " feeds the command.
COMMANDS = r"""
put a 1
put b 2
put c 3
put a 1b
put a 1c --prev-kv
get a
get a -w json
get a b -w json
get a --prefix -w json
get "" --prefix -w json
get b --from-key -w json
get a --rev=2 -w json
get a --rev=999 -w json
get "" --prefix --limit=2 -w json
get "" --prefix --count-only -w json
get "" --prefix --keys-only -w json
get "" --prefix --order=DESCEND --sort-by=KEY -w json
get "" --prefix --order=ASCEND --sort-by=VALUE -w json
get "" --prefix --order=DESCEND --sort-by=VERSION -w json
get "" --prefix --order=DESCEND --sort-by=MODIFY -w json
get "" --prefix --order=ASCEND --sort-by=CREATE -w json
get "" --prefix --min-mod-rev=4 -w json
get "" --prefix --max-mod-rev=3 -w json
get "" --prefix --min-create-rev=3 --max-create-rev=3 -w json
get nothing -w json
del nothing -w json
del a --prev-kv -w json
get a -w json
get a --rev=4 -w json
put a again -w json
put a --ignore-value -w json
put missing --ignore-value -w json
put a x --ignore-lease -w json
put missing x --ignore-lease -w json
put "" x
put x y --lease=1234
txn -w json | stdin <<< mod("a") > "0"\n\nput k1 v1\nget a\n\nput k2 v2\n\n
txn -w json | stdin <<< value("a") = "nope"\n\nput k1 v1\n\nget b\ndel k1\n\n
txn -w json | stdin <<< create("new") = "0"\n\nput new 1\n\nget new\n\n
txn -w json | stdin <<< create("new") = "0"\n\nput new 1\n\nget new\n\n
txn -w json | stdin <<< version("new") = "1"\nmod("new") > "1"\n\ndel new\nput newer 2\nget "" --prefix\n\nget new\n\n
txn -w json | stdin <<< \n\nput dup 1\nput dup 2\n\n\n
txn -w json | stdin <<< \n\nput dup 1\ndel dup\n\n\n
txn -w json | stdin <<< \n\nget a\nget b --rev=3\n\n\n
txn -w json | stdin <<< \n\nget b --rev=9999\n\n\n
txn -w json | stdin <<< lease("a") = "0"\n\nget a\n\nget b\n\n
txn -w json | stdin <<< value("absent") = ""\n\nget a\n\nget b\n\n
txn -w json | stdin <<< value("a") != "zzz"\n\nget a\n\nget b\n\n
txn -w json | stdin <<< value("a") < "zzz"\n\nget a\n\nget b\n\n
lease revoke 1234
lease timetolive 1234 -w json
lease keep-alive --once 1234
lease grant 99999999999
compaction 5
get a --rev=4 -w json
get a --rev=5 -w json
compaction 5
compaction 99999
watch a --rev=3
del "" --prefix -w json
put z 1 -w json
endpoint hashkv -w json
endpoint health
alarm list
move-leader 1234
member remove 1234
member update 1234 --peer-urls=http://127.0.0.1:1
member promote 1234
auth status
user list
role list
defrag
downgrade cancel
downgrade validate x
downgrade validate 3.9
compaction 20 --physical
endpoint hashkv -w json
get "" --prefix -w json
put big @BIG@
auth enable
role add r1
role add r1
role add ""
role grant-permission r1 readwrite foo fop
role grant-permission r1 read bar
role grant-permission r1 write pre --prefix
role grant-permission nosuch read bar
role get r1
role get r1 -w json
role get nosuch
user add u1:pw
user add u1:pw
user add root:rootpw
user grant-role u1 r1
user grant-role u1 nosuch
user grant-role nosuch r1
user get u1
user get nosuch
user list
role list
role add root
user grant-role root root
auth status
auth enable
get foo
--user u1:pw put foo 1
--user u1:pw get foo
--user u1:pw get foo fop
--user u1:pw get foo zzz
--user u1:pw put bar 1
--user u1:pw get bar
--user u1:pw put prefixed 1
--user u1:pw put prefixed 1 --prev-kv
--user u1:pw get prefixed
--user u1:pw del foo
--user u1:wrong get foo
--user nosuch:x get foo
--user u1:pw user list
--user u1:pw user get u1
--user u1:pw user get root
--user u1:pw role get r1
--user u1:pw txn -w json | stdin <<< mod("foo") > "0"\n\nput foo 2\n\nput foo 3\n\n
--user u1:pw txn -w json | stdin <<< mod("secret") > "0"\n\nput foo 2\n\nput foo 3\n\n
--user u1:pw watch secret
--user u1:pw member list
--user u1:pw snapshot save /tmp/etcdl-never
--user u1:pw compaction 2
--user u1:pw alarm list
--user u1:pw endpoint health
--user u1:pw downgrade validate 3.5
--user u1:pw downgrade cancel
--user root:rootpw get "" --prefix -w json
--user root:rootpw user revoke-role root root
--user root:rootpw user delete root
--user root:rootpw role delete root
--user root:rootpw user revoke-role u1 r1
--user root:rootpw user revoke-role u1 r1
--user u1:pw get foo
--user root:rootpw role revoke-permission r1 bar
--user root:rootpw role revoke-permission r1 bar
--user root:rootpw role delete r1
--user root:rootpw user delete u1
--user root:rootpw auth status
--user root:rootpw auth disable
get foo
auth status
""".strip().split("\n")

CTL_ONLY = r"""
put a 1
put a 2 --prev-kv
get a
get a -w fields
get a -w json
get a -w json --hex
get a -w simple --print-value-only
get a -w simple --hex
get a --keys-only
get "" --prefix
get "" --prefix --count-only -w fields
get "" --prefix --limit=1 -w fields
get nothing
get
get a b c
put
put a
del a --prev-kv
del a
del
lease list
lease grant 100 -w json
lease timetolive 1
lease timetolive 1 -w json
lease timetolive 1 -w fields
lease revoke 1
lease keep-alive --once 1
txn | stdin <<< mod("a") > "0"\n\nput k1 v1\nget a\n\nput k2 v2\nget k1\ndel k1\n\n
txn -w fields | stdin <<< mod("a") > "0"\n\nput k1 v1\nget a\n\nput k2 v2\nget k1\ndel k1\n\n
txn -w json | stdin <<< mod("a") > "0"\n\nput k1 v1\nget a\n\nput k2 v2\n\n
txn | stdin <<< bad line\n\n\n\n
member list
member list -w table
member list -w json
member list -w fields
endpoint health
endpoint health -w json
endpoint health -w table
endpoint hashkv
endpoint hashkv -w table
endpoint hashkv -w fields
compaction 3
compaction 3
compaction abc
alarm list
alarm disarm
move-leader 1
move-leader zz
version
watch a --rev=1
get a --rev=99999
get --order=x a
get --sort-by=x a
nosuch
""".strip().split("\n")


KEEP_LOG_LINES = True


def start(argv, log):
    return subprocess.Popen(argv, stdout=open(log, "wb"), stderr=subprocess.STDOUT)


def server_args(binary, folder, port):
    client, peer = "http://127.0.0.1:%d" % port, "http://127.0.0.1:%d" % (port + 1)
    return [binary, "--name", "m0", "--data-dir", folder, "--listen-client-urls", client, "--advertise-client-urls",
            client, "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer, "--initial-cluster", "m0=" + peer]


def run(ctl, port, line, timeout=None):
    line, _, stdin = line.partition(" | stdin <<< ")
    args = [part[1:-1] if part.startswith('"') else part for part in re.findall(r'"[^"]*"|\S+', line)]
    args = [arg.replace("@BIG@", "x" * 2_000_000) if len(arg) == 5 else arg for arg in args]
    if any(len(a) > 100_000 for a in args):
        stdin, args = args[-1], args[:-1]
    limit = 1.0 if args and args[0] == "watch" else 20
    try:
        got = subprocess.run([ctl, "--endpoints", "127.0.0.1:%d" % port, "--command-timeout=5s", *args], env=ENV,
                             input=stdin.replace("\\n", "\n"), capture_output=True, text=True, timeout=limit)
        out, err, code = got.stdout, got.stderr, got.returncode
    except subprocess.TimeoutExpired as late:
        out, err, code = (late.stdout or b"").decode(), (late.stderr or b"").decode(), "timeout"
    return out, err, code


def clean(text, port):
    """Ids, terms, times and ports differ by nature."""
    text = re.sub(r'"(cluster_id|member_id|raft_term|ID|hash_took|leader|memberID)":-?\d+', r'"\1":0', text)
    text = re.sub(r'"(ClusterID|MemberID|RaftTerm|ID)" : -?\d+', r'"\1" : 0', text)
    text = text.replace(str(port + 1), "PEER").replace(str(port), "PORT")
    text = re.sub(r"took = [\d.a-zµ]+", "took = T", text)
    text = re.sub(r'"took":"[^"]*"', '"took":"T"', text)
    text = re.sub(r"\d+(\.\d+)?(ms|µs|s)\b", "T", text)
    text = re.sub(r" {2,}", " ", re.sub(r"-{3,}", "---", text))  # tables are as wide as their times
    text = re.sub(r'"ts":"[^"]*"', '"ts":"T"', text)
    text = re.sub(r"LocalAddr: '[^']*'", "LocalAddr", text)
    if not KEEP_LOG_LINES:  # the Go client's own warnings
        text = re.sub(r'(?m)^\{"level".*\n', "", text)
    text = re.sub(r"\b[0-9a-f]{15,16}\b", "HEXID", text)
    text = re.sub(r"0xc[0-9a-f]{9}", "PTR", text)
    return re.sub(r"etcd-client-[\w/]+|etcd-endpoints://\S+?(?=\")", "ENDPOINTS", text)


def compare(name, a, b, port_a, port_b, line, verbose):
    a, b = [clean(x, port_a) if isinstance(x, str) else x for x in a], [clean(x, port_b) if isinstance(x, str) else x for x in b]
    if a == b:
        print("ok %s: %s" % (name, line[:100].replace("\n", " ")), flush=True)
        return True
    print("not ok %s: %s" % (name, line[:100].replace("\n", " ")), flush=True)
    if verbose:
        for label, x, y in (("stdout", a[0], b[0]), ("stderr", a[1], b[1]), ("code", a[2], b[2])):
            if x != y:
                print("   %s etcd: %s\n   %s ours: %s" % (label, repr(x)[:700], label, repr(y)[:700]))
    return False


def main():
    ctl, etcd = os.path.join(PEERS, "etcdctl"), os.path.join(PEERS, "etcd")
    if not os.path.exists(etcd) or not os.path.exists(ctl):
        print("no etcd and etcdctl in %s" % PEERS)
        sys.exit(77)
    wanted = sys.argv[1:] or ["server", "ctl"]
    folder = tempfile.mkdtemp(prefix="etcdl-parity-")
    failed = 0
    servers = [start(server_args(etcd, folder + "/etcd", BASE), folder + "/etcd.log"),
               start(server_args(os.path.join(BIN, "etcdlite"), folder + "/ours", BASE + 10), folder + "/ours.log")]
    try:
        for port in (BASE, BASE + 10):
            until = time.time() + 20
            while run(ctl, port, "endpoint health")[2] != 0 and time.time() < until:
                time.sleep(0.1)
        if "server" in wanted:
            for line in COMMANDS:
                ok = compare("server answers as etcd", run(ctl, BASE, line), run(ctl, BASE + 10, line), BASE, BASE + 10, line, True)
                failed += not ok
        if "ctl" in wanted and os.path.exists(os.path.join(BIN, "etcdctl")):
            ours = os.path.join(BIN, "etcdctl")
            global KEEP_LOG_LINES
            KEEP_LOG_LINES = False
            for line in CTL_ONLY:  # theirs on etcd, ours on etcd: the same state grows in both servers
                ok = compare("etcdctl prints as etcd's", run(ctl, BASE, line), run(ours, BASE + 10, line), BASE, BASE + 10, line, True)
                failed += not ok
    finally:
        for server in servers:
            server.kill()
            server.wait()
        shutil.rmtree(folder, ignore_errors=True)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
