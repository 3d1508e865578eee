#!/usr/bin/env python3
"""Clients that mean harm: the API server stays up, small and open for others, and lets nobody in."""
import json
import os
import resource
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
import http2_raw as h2
import skiff
from ask import Asker, obj
from http2_raw import HEADERS, RST_STREAM, SETTINGS, Connection, frame, head, literal
from rest import Rest
from skiff import eq, test, until

ALLOWED = 192 << 20
PODS = "/api/v1/namespaces/default/pods"
CONFIG_MAPS = "/api/v1/namespaces/default/configmaps"


def tls(identity):
    """A context of one's own: HTTP/2 is asked for with it."""
    return Rest(cluster.conf, identity=identity).tls


def rss():
    with open("/proc/%d/status" % pid) as f:
        return next(int(line.split()[1]) << 10 for line in f if line.startswith("VmRSS"))


def cpu_seconds():
    with open("/proc/%d/stat" % pid) as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def others_are_served():
    eq(a.send("GET", "/api/v1/namespaces/default")[0], 200)
    assert os.path.exists("/proc/%d" % pid), "it ended"


def bounded(before):
    others_are_served()
    grown = rss() - before
    assert grown < ALLOWED, "%d MB more" % (grown >> 20)


def raw(text, identity=True):
    """What comes back for these bytes of HTTP/1.1, until the connection ends."""
    rest = Rest(cluster.conf, identity=identity)
    s = rest.tls.wrap_socket(socket.create_connection(address, timeout=10), server_hostname=address[0])
    out = b""
    try:
        s.sendall(text)
        s.settimeout(20)
        while True:
            some = s.recv(1 << 16)
            if not some:
                break
            out += some
    except OSError:
        pass
    s.close()
    return out.decode(errors="replace")


def flood(blocks, context, settings=(), count=8):
    """So many connections send these frames and read nothing."""
    connections = []
    for _ in range(count):
        c = Connection(address, context, settings)
        connections.append(c)
        try:
            for block in blocks:
                c.send(block)
        except OSError:  # the server had enough
            pass
    return connections


def close(connections):
    for c in connections:
        c.close()


with skiff.Cluster(nodes=0) as cluster:
    a = Asker(cluster.conf)
    address = (a.admin.url.hostname, a.admin.url.port)
    pid = cluster.status()["kube-apiserver-0"]["pid"]
    hard = resource.prlimit(pid, resource.RLIMIT_AS)[1]
    if hard == resource.RLIM_INFINITY or hard > 6 << 30:
        resource.prlimit(pid, resource.RLIMIT_AS, (6 << 30, hard))  # a bug ends it, not the machine

    @test("requests that are taken back at once cost little")
    def _():
        before = rss()
        blocks = [b"".join(frame(HEADERS, 5, s, head("GET", PODS)) + frame(RST_STREAM, 0, s, struct.pack(">I", 8))
                           for s in range(i, i + 200, 2)) for i in range(1, 20001, 200)]
        close(flood(blocks, tls(True)))
        bounded(before)

    @test("heads that unpack to a hundred times their size hold no memory")
    def _():
        before = rss()
        large = literal("x", "y" * 3900, True)  # then named by one byte each time
        blocks = [frame(HEADERS, 4, s, head("POST", PODS) + (large if s == 1 else b"") + b"\xbe" * 240) for s in range(1, 500, 2)]
        connections = flood(blocks, tls(False))  # 1.8 GB when all were held
        bounded(before)
        close(connections)

    @test("answers that no window lets through hold no memory")
    def _():
        before = rss()
        eq(a.send("POST", CONFIG_MAPS, obj("v1", "ConfigMap", "large", data={"a": "x" * 900000}))[0], 201)
        connections = []
        for _ in range(3):  # 340 MB in sum; a round trip after each burst, as a client with patience would do
            c = Connection(address, tls(True), [(h2.INITIAL_WINDOW_SIZE, 0)])
            connections.append(c)
            for s in range(1, 250, 2):
                c.send(frame(HEADERS, 5, s, head("GET", CONFIG_MAPS + "/large")))
                if s % 25 == 0:
                    others_are_served()
        bounded(before)
        close(connections)

    @test("floods of frames that want an answer end the connection or wait")
    def _():
        before = rss()
        for one in (frame(SETTINGS, 0, 0, struct.pack(">HI", 4, 65535)), frame(h2.PING, 0, 0, b"12345678")):
            c = Connection(address, tls(False), kernel_buffer=4096)
            c.socket.settimeout(2)
            try:
                for _ in range(300):
                    c.send(one * 1000)
            except OSError:
                pass
            bounded(before)
            c.close()

    @test("watches that are opened and dropped leave nothing")
    def _():
        for _ in range(300):
            s = a.admin.tls.wrap_socket(socket.create_connection(address), server_hostname=address[0])
            s.sendall(("GET %s?watch=true HTTP/1.1\r\nHost: x\r\n\r\n" % CONFIG_MAPS).encode())
            s.close()
        until(lambda: len(os.listdir("/proc/%d/fd" % pid)) < 100, "files are closed")
        others_are_served()

    @test("a header field of any length ends nobody")
    def _():
        for field in ("Authorization: Bearer ", "Cookie: a=", "X-Remote-User: ", ""):
            answer = raw(("GET /version HTTP/1.1\r\nHost: x\r\n%s%s: b\r\n\r\n" % (field, "a" * 300000)).encode(), identity=False)
            eq(answer.split("\r\n")[0], "HTTP/1.1 431 Request Header Fields Too Large")
        others_are_served()

    @test("what two readers could take for different requests is refused")
    def _():
        start = "POST %s HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n" % CONFIG_MAPS
        for more, line in (("Transfer-Encoding: xchunked\r\n\r\nGET /version HTTP/1.1\r\nHost: x\r\n\r\n", "501 Not Implemented"),
                           ("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /version HTTP/1.1\r\nHost: x\r\n\r\n", "400 Bad Request"),
                           ("Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}x", "400 Bad Request"),
                           ("Host: y\r\nContent-Length: 2\r\n\r\n{}", "400 Bad Request"),
                           ("Expect: wonders\r\nContent-Length: 2\r\n\r\n{}", "417 Expectation Failed")):
            lines = [l for l in raw((start + more).encode()).split("\r\n") if l.startswith("HTTP/")]
            eq(lines, ["HTTP/1.1 " + line])
        eq(raw(b"GET /version HTTP/1.1\r\n\r\n").split("\r\n")[0], "HTTP/1.1 400 Bad Request: missing required Host header")

    @test("names that are parts of a path are no names")
    def _():
        for name, why in ((".", "may not be '.'"), ("..", "may not be '..'"), ("%2e%2e", "may not be '..'"), ("a%25b", "may not contain '%'")):
            for method, path in (("GET", CONFIG_MAPS + "/"), ("DELETE", CONFIG_MAPS + "/")):
                status, _, body = a.send(method, path + name)
                shown = name.replace("%2e", ".").replace("%25", "%")
                eq((status, json.loads(body)["message"]), (400, 'Name parameter invalid: "%s": %s' % (shown, why)))
        own = obj("v1", "ConfigMap", "..", "default")
        eq(json.loads(a.send("PUT", CONFIG_MAPS + "/..", own)[2])["message"], 'Name parameter invalid: "..": may not be \'..\'')

    @test("plain HTTP is told to speak TLS")
    def _():
        s = socket.create_connection(address, timeout=10)
        s.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        eq(s.recv(200), b"HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n")
        s.close()

    @test("copies of copies in a patch fill no memory")
    def _():
        before = rss()
        patch = [{"op": "add", "path": "/z", "value": ["x" * 1000]}] + [{"op": "copy", "from": "/z", "path": "/z/-"}] * 40
        status, _, body = a.send("PATCH", CONFIG_MAPS + "/large", patch, None, "application/json-patch+json")
        eq((status, json.loads(body)["message"]), (422, "the server rejected our request due to an error in our request"))
        bounded(before)

    @test("depth and aliases are bounded in every form of text")
    def _():
        before = rss()
        aliases = b"a: &a [x,x,x,x,x,x,x,x,x]\n" + b"".join(
            b"%c: &%c [%s]\n" % (98 + i, 98 + i, b",".join([b"*%c" % (97 + i)] * 9)) for i in range(12))
        for kind, text in (("json", b"[" * 3000000), ("json", b'{"a":' * 500000), ("yaml", b"[" * 1000000),
                           ("yaml", b"- " * 500000), ("yaml", aliases)):
            eq(a.send("POST", CONFIG_MAPS, text, None, "application/" + kind)[0], 400)
        bounded(before)

    @test("without files to spare it rests, and goes on with the next file")
    def _():
        limits = resource.prlimit(pid, resource.RLIMIT_NOFILE)
        idle = []
        try:
            resource.prlimit(pid, resource.RLIMIT_NOFILE, (len(os.listdir("/proc/%d/fd" % pid)) + 10, limits[1]))
            idle = [socket.create_connection(address) for _ in range(40)]
            began, used = time.monotonic(), cpu_seconds()
            time.sleep(2)
            spent, passed = cpu_seconds() - used, time.monotonic() - began
            assert spent < passed / 2, "%.1f s of %.1f" % (spent, passed)
        finally:
            resource.prlimit(pid, resource.RLIMIT_NOFILE, limits)
            for s in idle:
                s.close()
        others_are_served()

    if shutil.which("openssl"):
        @test("certificates let in whom upstream lets in")
        def _():
            with tempfile.TemporaryDirectory() as folder:
                pki = os.path.join(cluster.dir, "pki")

                def who(subject, use, days="1"):
                    key, csr, cert, ext = (os.path.join(folder, n) for n in ("key", "csr", "cert", "ext"))
                    with open(ext, "w") as f:
                        f.write("extendedKeyUsage=%s\n" % use)
                    for command in (["req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", subject,
                                     "-keyout", key, "-out", csr],
                                    ["x509", "-req", "-in", csr, "-CA", os.path.join(pki, "ca.crt"), "-CAkey", os.path.join(pki, "ca.key"),
                                     "-set_serial", "7", "-days", days, "-extfile", ext, "-out", cert]):
                        subprocess.run(["openssl"] + command, check=True, capture_output=True)
                    status, _, body = Rest(cluster.conf, cert=(cert, key))(
                        "POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", obj("authentication.k8s.io/v1", "SelfSubjectReview", ""))
                    return status, json.loads(body)["status"]["userInfo"]["groups"] if status == 201 else []

                masters = ["system:masters", "system:authenticated"]
                eq(who("/O=system:masters/CN=u", "clientAuth"), (201, masters))
                eq(who("/O=system:masters/CN=u", "anyExtendedKeyUsage"), (201, masters))
                eq(who("/O=system:masters/CN=u", "serverAuth"), (401, []))
                eq(who("/CN=system:anonymous", "clientAuth"), (403, []))  # who is authenticated may ask

    @test("what was held is free again")
    def _():
        until(lambda: rss() < ALLOWED, "memory is given back", timeout=90)

skiff.finish()
