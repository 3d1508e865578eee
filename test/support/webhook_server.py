"""An HTTPS server of this machine, with a certificate of its own, that answers as a test says; and tokens signed by a key of RSA."""
import base64
import http.server
import json
import os
import ssl
import subprocess
import threading
import time


def openssl(*words, input=None):
    return subprocess.run(["openssl", *words], capture_output=True, check=True, input=input).stdout


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Server:
    """`answer(path, body)` gives (code, object); for the `with` block. `asked` keeps what came."""
    def __init__(self, folder, answer):
        self.ca, self.asked = os.path.join(folder, "server.crt"), []
        key = os.path.join(folder, "server.key")
        openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", self.ca, "-days", "2", "-subj", "/CN=127.0.0.1",
                "-addext", "subjectAltName=IP:127.0.0.1", "-addext", "basicConstraints=critical,CA:true")
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                asked = json.loads(body) if body else None
                outer.asked.append((self.path, asked))
                code, out = answer(self.path, asked)
                data = json.dumps(out).encode()
                self.send_response(code)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            do_POST = do_GET

            def log_message(self, *_):
                pass

        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.ca, key)
        self.http.socket = context.wrap_socket(self.http.socket, server_side=True)
        self.url = "https://127.0.0.1:%d" % self.http.server_address[1]

    def __enter__(self):
        threading.Thread(target=self.http.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.http.shutdown()
        self.http.server_close()

    def kubeconfig(self, path, route):
        with open(path, "w") as f:
            json.dump({"apiVersion": "v1", "kind": "Config", "current-context": "c", "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
                       "clusters": [{"name": "c", "cluster": {"server": self.url + route, "certificate-authority": self.ca}}],
                       "users": [{"name": "u", "user": {"token": "hook-token"}}]}, f)
        return path


class Signer:
    """Signs tokens by RS256."""
    def __init__(self, folder, name):
        self.key = os.path.join(folder, name + ".key")
        openssl("genrsa", "-out", self.key, "2048")
        text = openssl("rsa", "-in", self.key, "-noout", "-modulus").decode().strip().split("=")[1]
        self.jwk = {"kty": "RSA", "use": "sig", "alg": "RS256", "kid": name, "n": b64(bytes.fromhex(text)), "e": "AQAB"}

    def token(self, header=None, **claims):
        claims = {"exp": int(time.time()) + 600, "iat": int(time.time()), **claims}
        head = {"alg": "RS256", "kid": self.jwk["kid"], **(header or {})}
        text = b64(json.dumps(head).encode()) + "." + b64(json.dumps(claims).encode())
        return text + "." + b64(openssl("dgst", "-sha256", "-sign", self.key, input=text.encode()))
