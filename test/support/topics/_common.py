"""What topics share."""
JSON = "application/json"
MERGE = {"Content-Type": "application/merge-patch+json"}
STRATEGIC = {"Content-Type": "application/strategic-merge-patch+json"}
APPLY = {"Content-Type": "application/apply-patch+yaml"}
TABLE = "application/json;as=Table;g=meta.k8s.io;v=v1"
PARTIAL = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"
PARTIALS = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
NS = "/api/v1/namespaces/@NS@"


def namespace(name="@NS@", **metadata):
    yield {"method": "POST", "path": "/api/v1/namespaces", "body": {"metadata": {"name": name, **metadata}}}
    yield {"method": "POST", "path": "/api/v1/namespaces/%s/serviceaccounts" % name, "body": {"metadata": {"name": "default"}}}


def get(path, accept=None, **more):
    return {"method": "GET", "path": path, "headers": {"Accept": accept} if accept else {}, **more}


def post(path, body, **more):
    return {"method": "POST", "path": path, "body": body, **more}


def put(path, body, **more):
    return {"method": "PUT", "path": path, "body": body, **more}


def merge(path, body, **more):
    return {"method": "PATCH", "path": path, "body": body, "headers": {**MERGE, **more.pop("headers", {})}, **more}


def apply(path, body, **more):
    return {"method": "PATCH", "path": path, "body": body, "headers": {**APPLY, **more.pop("headers", {})}, **more}


def delete(path, body=None, **more):
    return {"method": "DELETE", "path": path, **({} if body is None else {"body": body}), **more}


def edit(path, of, sets=(), drops=(), **more):
    return {"method": "PUT", "path": path, "edit": {"of": of, "set": [list(s) for s in sets], "drop": [list(d) for d in drops]}, **more}


def query(*parts):
    parts = [p for p in parts if p]
    return "?" + "&".join(parts) if parts else ""
