"""Bare HTTPS requests with a kubeconfig's identity, for what kubectl would not send."""
import base64
import http.client
import json
import re
import ssl
import tempfile
import urllib.parse


class Rest:
    def __init__(self, kubeconfig, identity=True, cert=None):
        text = open(kubeconfig).read()
        def value(key):
            m = re.search(r"['\"]?%s['\"]?:\s*[\"']?([^\s\"',}]+)" % key, text)
            return m.group(1) if m else None
        def file(key):
            f = tempfile.NamedTemporaryFile(delete=False)
            f.write(base64.b64decode(value(key + "-data")))
            f.close()
            return f.name
        self.url = urllib.parse.urlparse(value("server"))
        self.tls = ssl.create_default_context(cafile=file("certificate-authority"))
        if cert:
            self.tls.load_cert_chain(*cert)
        elif identity:
            self.tls.load_cert_chain(file("client-certificate"), file("client-key"))

    def __call__(self, method, path, body=None, headers=None, timeout=20):
        """(status, headers, body bytes)"""
        c = http.client.HTTPSConnection(self.url.hostname, self.url.port, context=self.tls, timeout=timeout)
        try:
            data = json.dumps(body).encode() if isinstance(body, (dict, list)) else body
            head = {"Content-Type": "application/json"} if data is not None else {}
            c.request(method, path, data, {**head, **(headers or {})})
            r = c.getresponse()
            return r.status, r.headers, r.read()
        finally:
            c.close()
