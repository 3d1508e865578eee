"""A webhook server in this process: the path of a call says what it answers, `seen` keeps what it was sent."""
import base64
import http.server
import json
import os
import ssl
import subprocess
import tempfile
import threading
import time


def patch(*operations):
    return {"patch": base64.b64encode(json.dumps(operations).encode()).decode(), "patchType": "JSONPatch"}


def review(response, version="v1", kind="AdmissionReview", api="admission.k8s.io/"):
    return {"kind": kind, "apiVersion": api + version, "response": response}


# What each path adds to (or has instead of) a plain yes.
ANSWERS = {
    "/allow": {},
    "/deny": {"allowed": False},
    "/deny-message": {"allowed": False, "status": {"message": "no way", "code": 403, "reason": "Forbidden"}},
    "/deny-reason": {"allowed": False, "status": {"reason": "BecauseISaySo"}},
    "/deny-details": {"allowed": False, "status": {"message": "m", "code": 422, "details": {"name": "n", "kind": "k", "causes": [{"reason": "r", "message": "mm", "field": "f"}]}}},
    "/deny-code": {"allowed": False, "status": {"message": "teapot", "code": 418}},
    "/warn": {"warnings": ["careful", "twice", "careful"]},
    "/uid": {"uid": "other"},
    "/patch": patch({"op": "add", "path": "/data", "value": {"patched": "yes"}}),
    "/patch-label": patch({"op": "add", "path": "/metadata/labels/hook", "value": "was-here"}),
    "/patch-bad-type": {**patch(), "patchType": "Foo"},
    "/patch-unknown": patch({"op": "add", "path": "/bogus", "value": 1}),
    "/patch-empty": patch(),
    "/patch-notype": {"patch": base64.b64encode(b"[]").decode()},
    "/patch-object": {"patch": base64.b64encode(b"{}").decode(), "patchType": "JSONPatch"},
    "/type-nopatch": {"patchType": "JSONPatch"},
    "/slow": {},
}
RAW = {
    "/no-response": lambda r: (200, json.dumps({"kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1"})),
    "/v1beta1": lambda r: (200, json.dumps(review(r, "v1beta1"))),
    "/500": lambda r: (500, "oops"),
    "/404": lambda r: (404, "not here"),
    "/403": lambda r: (403, "forbidden"),
}


class Hooks:
    def __init__(self):
        self.seen = []
        self.folder = tempfile.TemporaryDirectory()
        self.ca = self.certificate("cert")
        self.other_ca = self.certificate("other")
        hooks = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *args):
                pass

            def do_POST(self):
                request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                hooks.seen.append({"path": self.path, "headers": dict(self.headers), "body": request})
                code, text = hooks.reply(self.path.partition("?")[0], request)
                data = text.encode()
                try:
                    self.send_response(code)
                    self.send_header("Content-Type", "application/json")
                    self.send_header("Content-Length", str(len(data)))
                    self.end_headers()
                    self.wfile.write(data)
                except OSError:
                    pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(os.path.join(self.folder.name, "cert.pem"), os.path.join(self.folder.name, "cert.key"))
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.url = "https://127.0.0.1:%d" % self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def reply(self, path, request):
        """(status, text) of what `path` answers to an AdmissionReview."""
        response = {"uid": request["request"]["uid"], "allowed": True, **ANSWERS.get(path, {})}
        if path == "/slow":
            time.sleep(2)
        return RAW[path](response) if path in RAW else (200, json.dumps(review(response, request["apiVersion"].rpartition("/")[2])))

    def certificate(self, name):
        path = os.path.join(self.folder.name, name)
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", path + ".key", "-out", path + ".pem",
                        "-days", "30", "-subj", "/CN=" + name, "-addext", "subjectAltName=IP:127.0.0.1"], check=True, capture_output=True)
        return base64.b64encode(open(path + ".pem", "rb").read()).decode()

    def take(self):
        seen, self.seen = self.seen, []
        return seen

    def stop(self):
        self.server.shutdown()
