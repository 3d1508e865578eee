"""An extension API server in this process, for one group version: what an APIService points to. Paths say what it answers,
`seen` keeps what it was asked."""
import base64
import hashlib
import http.server
import json
import os
import ssl
import subprocess
import tempfile
import threading
import urllib.parse

KIND = {"name": "things", "singularName": "thing", "namespaced": True, "kind": "Thing", "verbs": ["create", "get", "list", "watch"], "shortNames": ["th"]}
AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"


class Extension:
    """`aggregated`: it knows aggregated discovery; `openapi`: the OpenAPI versions it has; `dns`: names in its certificate;
    `client_ca`: PEM of the authority of front proxies, whose certificates it asks for."""

    def __init__(self, group, version="v1", aggregated=True, openapi=("v2", "v3"), dns=(), client_ca=None):
        self.group, self.version, self.aggregated, self.openapi = group, version, aggregated, openapi
        self.at = "/apis/%s/%s" % (group, version)
        self.seen, self.failing = [], False
        self.folder = tempfile.TemporaryDirectory()
        names = ["IP:127.0.0.1", "DNS:localhost", *("DNS:" + n for n in dns)]
        files = [os.path.join(self.folder.name, f) for f in ("key.pem", "cert.pem")]
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", files[0], "-out", files[1],
                        "-days", "30", "-subj", "/CN=extension", "-addext", "subjectAltName=" + ",".join(names)], check=True, capture_output=True)
        self.ca_bundle = base64.b64encode(open(files[1], "rb").read()).decode()
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(files[1], files[0])
        if client_ca:
            tls.verify_mode = ssl.CERT_OPTIONAL
            tls.load_verify_locations(cadata=client_ca)
        extension = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *args):
                pass

            def handle_any(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                peer = self.connection.getpeercert()
                subject = "/".join("%s=%s" % pair for rdn in peer["subject"] for pair in rdn) if peer else None
                asked = {"method": self.command, "path": self.path, "headers": [[k.lower(), v] for k, v in self.headers.items()],
                         "body": body.decode("utf-8", "replace"), "certificate": subject}
                extension.seen.append(asked)
                try:
                    extension.answer(self, asked)
                except OSError:
                    self.close_connection = True

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_OPTIONS = handle_any

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.handle_error = lambda *args: None  # clients that do not like the certificate
        self.server.socket = tls.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
        self.folder.cleanup()

    def take(self):
        seen, self.seen = self.seen, []
        return seen

    @staticmethod
    def send(h, code, body, ctype="application/json", headers=()):
        data = body.encode() if isinstance(body, str) else json.dumps(body).encode()
        h.send_response(code)
        h.send_header("Content-Type", ctype)
        for k, v in headers:
            h.send_header(k, v)
        h.send_header("Content-Length", str(len(data)))
        h.end_headers()
        if h.command != "HEAD":
            h.wfile.write(data)

    def answer(self, h, asked):
        url = urllib.parse.urlparse(h.path)
        last = url.path.rpartition("/")[2]
        if self.failing:
            self.send(h, 500, "out of order", "text/plain")
        elif url.path == "/apis":
            self.groups(h)
        elif url.path == self.at:
            self.send(h, 200, {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": "%s/%s" % (self.group, self.version), "resources": [KIND]})
        elif url.path.startswith("/openapi/"):
            self.documents(h, url.path)
        elif not url.path.startswith(self.at + "/"):
            self.send(h, 404, "404 page not found\n", "text/plain; charset=utf-8")
        elif "watch" in urllib.parse.parse_qs(url.query):
            self.watch(h)
        elif last == "echo":
            self.send(h, 200, {"echo": asked}, headers=[("X-Extension", "yes"), ("Warning", '299 - "from afar"')])
        elif last == "teapot":
            self.send(h, 418, "short and stout", "text/plain")
        elif last == "redirect":
            self.send(h, 302, "", "text/plain", [("Location", "https://127.0.0.1:1/elsewhere")])
        elif last == "not-modified":
            h.send_response(304)
            h.send_header("ETag", '"x"')
            h.end_headers()
        elif last == "hang-up":
            h.close_connection = True
        elif last == "upgrade":
            self.upgrade(h)
        else:
            self.send(h, 404, {"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "NotFound", "code": 404, "message": "no " + last})

    def groups(self, h):
        name = {"groupVersion": "%s/%s" % (self.group, self.version), "version": self.version}
        if not self.aggregated or "apidiscovery.k8s.io" not in h.headers.get("Accept", ""):
            return self.send(h, 200, {"kind": "APIGroupList", "apiVersion": "v1", "groups": [{"name": self.group, "versions": [name], "preferredVersion": name}]})
        resource = {"resource": "things", "responseKind": {"group": self.group, "version": self.version, "kind": "Thing"}, "scope": "Namespaced", "singularResource": "thing",
                    "verbs": KIND["verbs"], "subresources": [{"subresource": "status", "verbs": ["get"]}]}
        bare = {"resource": "bares", "scope": "Cluster", "singularResource": "bare", "verbs": ["get"]}
        items = [{"metadata": {"name": self.group}, "versions": [{"version": self.version, "resources": [resource, bare], "freshness": "Current"}]}]
        body = json.dumps({"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": {}, "items": items})
        etag = '"%s"' % hashlib.sha256(body.encode()).hexdigest()
        if h.headers.get("If-None-Match") == etag:
            h.send_response(304)
            h.end_headers()
            return None
        return self.send(h, 200, body, AGGREGATED, [("ETag", etag)])

    def schemas(self, ref):
        thing = ".".join(reversed(self.group.split("."))) + "." + self.version + ".Thing"
        return {thing: {"type": "object", "properties": {"metadata": {"$ref": ref + "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"}, "size": {"type": "integer"}},
                        "x-kubernetes-group-version-kind": [{"group": self.group, "kind": "Thing", "version": self.version}]},
                "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta": {"type": "object", "properties": {"name": {"type": "string"}}}}, thing

    def documents(self, h, path):
        version = path.split("/")[2]
        if version not in self.openapi:
            return self.send(h, 404, "404 page not found\n", "text/plain")
        item = self.at + "/namespaces/{namespace}/things/{name}"
        if version == "v2":
            schemas, thing = self.schemas("#/definitions/")
            get = {"operationId": "readThing", "responses": {"200": {"description": "OK", "schema": {"$ref": "#/definitions/" + thing}}}}
            return self.send(h, 200, {"swagger": "2.0", "info": {"title": "Things", "version": "1"}, "paths": {item: {"get": get}, "/healthz": {"get": get}}, "definitions": schemas},
                             headers=[("ETag", '"v2"')])
        schemas, thing = self.schemas("#/components/schemas/")
        content = {"application/json": {"schema": {"$ref": "#/components/schemas/" + thing}}}
        document = {"openapi": "3.0.0", "info": {"title": "Things", "version": "1"}, "paths": {item: {"get": {"responses": {"200": {"description": "OK", "content": content}}}}},
                    "components": {"schemas": schemas}}
        mine = self.at[1:]
        if path == "/openapi/v3":
            return self.send(h, 200, {"paths": {mine: {"serverRelativeURL": "/openapi/v3/%s?hash=%s" % (mine, hashlib.sha512(mine.encode()).hexdigest().upper())}}})
        return self.send(h, 200, document, headers=[("ETag", '"doc"')])

    @staticmethod
    def watch(h):
        h.send_response(200)
        h.send_header("Content-Type", "application/json")
        h.send_header("Transfer-Encoding", "chunked")
        h.end_headers()
        for i in range(3):
            line = json.dumps({"type": "ADDED", "object": {"kind": "Thing", "metadata": {"name": "t%d" % i}}}).encode() + b"\n"
            h.wfile.write(b"%x\r\n%s\r\n" % (len(line), line))
            h.wfile.flush()
        h.wfile.write(b"0\r\n\r\n")

    @staticmethod
    def upgrade(h):
        if h.headers.get("Upgrade") != "echo":
            return Extension.send(h, 400, "an echo is all there is", "text/plain")
        h.close_connection = True
        h.send_response(101)
        h.send_header("Connection", "Upgrade")
        h.send_header("Upgrade", "echo")
        h.end_headers()
        h.wfile.flush()
        while line := h.rfile.readline():
            h.wfile.write(line.upper())
            h.wfile.flush()
        return None
