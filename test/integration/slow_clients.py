#!/usr/bin/env python3
"""Clients that read slowly, or not at all, or send too much: the API server's memory stays bounded and others are served."""
import concurrent.futures
import json
import os
import re
import socket
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
import skiff
from ask import MERGE, Asker, obj
from skiff import eq, test, until

NS = "/api/v1/namespaces/slow/"
OBJECTS, SIZE = 200, 100_000  # 20 MB
ALLOWED = 96 << 20            # growth beside what is stored


def rss(cluster):
    with open("/proc/%d/status" % cluster.status()["kube-apiserver-0"]["pid"]) as f:
        return next(int(line.split()[1]) << 10 for line in f if line.startswith("VmRSS"))


def connect(a, kernel_buffer=4096):
    """A TLS connection whose kernel buffers are small, so that what is not read piles up at the server."""
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, kernel_buffer)
    s.connect((a.admin.url.hostname, a.admin.url.port))
    return a.admin.tls.wrap_socket(s, server_hostname=a.admin.url.hostname)


def ask(connection, path):
    connection.sendall(("GET %s HTTP/1.1\r\nHost: x\r\nAccept: application/json\r\n\r\n" % path).encode())
    return connection


def quick(a):
    """How long others wait meanwhile."""
    began = time.monotonic()
    eq(a.send("GET", "/api/v1/namespaces/default")[0], 200)
    return time.monotonic() - began


with skiff.Cluster(nodes=0) as cluster:
    a = Asker(cluster.conf)
    a.namespace("slow")
    text = "x" * SIZE

    def write(i, generation=0):
        o = obj("v1", "ConfigMap", "c-%d" % i, "slow", data={"text": text, "generation": str(generation)})
        status = a.send("POST", NS + "configmaps", o)[0] if generation == 0 else a.send(
            "PATCH", NS + "configmaps/c-%d" % i, {"data": {"generation": str(generation)}}, None, MERGE)[0]
        assert status in (200, 201), status

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(OBJECTS)))
    before = rss(cluster)

    def unread(count, path):
        """So many clients ask and read nothing: others are served, and nothing much is held for them."""
        idle = [ask(connect(a), path) for _ in range(count)]
        try:
            for _ in range(30):
                assert quick(a) < 5
                time.sleep(0.1)
            grown = rss(cluster) - before
            assert grown < ALLOWED, "%d MB more" % (grown >> 20)
        finally:
            for c in idle:
                c.close()

    @test("lists that nobody reads hold no memory")
    def _():
        unread(40, NS + "configmaps")  # 800 MB when all were held

    @test("watches that begin with a state nobody reads hold no memory")
    def _():
        unread(20, NS + "configmaps?watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan"
                        "&allowWatchBookmarks=true")  # 400 MB when all were held

    @test("a watch that is read late shows the whole state, its end, and what came meanwhile")
    def _():
        c = ask(connect(a, 1 << 18), NS + "configmaps?watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan"
                "&allowWatchBookmarks=true")
        c.settimeout(60)
        names, rest, marks = set(), c.recv(1000), [b"initial-events-end", b'"generation":"1"']
        for i in (0, OBJECTS - 1):  # shown already, and to be shown
            write(i, 1)
        wanted = {b"c-%d" % i for i in range(OBJECTS)}
        counts = [0, 0]
        while counts[0] < 1 or counts[1] < 2:
            some = c.recv(1 << 20)
            assert some, "the stream ended"
            lines = (rest + some).split(b"\n")
            rest = lines.pop()
            for line in lines:
                names.update(re.findall(rb'"name":"(c-[0-9]+)"', line))
                counts = [n + line.count(mark) for n, mark in zip(counts, marks)]
        c.close()
        eq(names, wanted)

    @test("watches that nobody reads are cut before they hold much")
    def _():
        version = a.get(NS + "configmaps?limit=1")["metadata"]["resourceVersion"]
        idle = [ask(connect(a), NS + "configmaps?watch=true&resourceVersion=" + version) for _ in range(20)]
        try:
            with concurrent.futures.ThreadPoolExecutor(8) as pool:
                for generation in range(2, 5):  # 60 MB of events for each of them
                    list(pool.map(lambda i: write(i, generation), range(OBJECTS)))
            assert quick(a) < 5
            grown = rss(cluster) - before
            assert grown < 2 * ALLOWED, "%d MB more" % (grown >> 20)
        finally:
            for c in idle:
                c.close()

    @test("connections that say nothing keep nobody out")
    def _():
        idle = [connect(a) for _ in range(500)]
        try:
            assert quick(a) < 5
        finally:
            for c in idle:
                c.close()

    @test("a request that never ends its head is dropped")
    def _():
        c = connect(a)
        c.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n")
        c.settimeout(60)
        began = time.monotonic()
        try:
            rest = c.recv(100)
        except ConnectionError:
            rest = b""
        assert time.monotonic() - began < 50 and (not rest or b" 408 " in rest or b" 400 " in rest), rest

    @test("heads and bodies beyond the limits are refused")
    def _():
        try:
            status = a.send("GET", "/api", None, [("X-Long", "x" * (2 << 20))])[0]
        except OSError:  # it need not read to the end of it
            status = 431
        eq(status, 431)
        status, _, body = a.send("POST", NS + "configmaps", obj("v1", "ConfigMap", "big", data={"a": "x" * (4 << 20)}))
        eq((status, json.loads(body)["reason"]), (413, "RequestEntityTooLarge"))

    @test("what was held is free again")
    def _():
        until(lambda: rss(cluster) - before < ALLOWED, "memory is given back", timeout=90)

skiff.finish()
