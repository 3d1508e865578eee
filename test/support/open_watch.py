"""A watch that is open while other requests are made: its events up to an agreed one, made comparable."""
import http.client
import json
import threading


class OpenWatch:
    """Reads events in a thread of its own. Made: the server has answered, so what is written from now on is watched."""

    def __init__(self, asker, request, patience=6):
        self.connection = http.client.HTTPSConnection(asker.url.hostname, asker.url.port, context=asker.tls, timeout=patience)
        self.connection.request(request.method, request.path, request.body, request.headers)
        self.answer = self.connection.getresponse()
        self.request, self.patience, self.lines, self.ended = request, patience, [], False
        self.changed = threading.Condition()
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        try:
            for line in self.answer:
                with self.changed:
                    self.lines.append(line.decode())
                    self.changed.notify_all()
        except (OSError, http.client.HTTPException, ValueError, AttributeError):
            pass
        with self.changed:
            self.ended = True
            self.changed.notify_all()

    def close(self, mark):
        """The answer up to the event that has the mark in it, or to the end of the stream."""
        with self.changed:
            self.changed.wait_for(lambda: self.ended or any(mark in line for line in self.lines), self.patience)
            lines = self.lines[:next((i for i, line in enumerate(self.lines, 1) if mark in line), len(self.lines))]
            if not self.ended and not (lines and mark in lines[-1]):
                lines.append(json.dumps({"type": "NEVER", "object": mark}) + "\n")
        self.connection.sock and self.connection.sock.close()
        return self.answer.status, self.answer.getheader("Content-Type", ""), self.answer.headers.get_all("Warning") or [], "".join(lines)


def ranks(text):
    """The place of each event's resourceVersion among those of the stream."""
    versions = []
    for line in text.splitlines():
        try:
            event = json.loads(line)
            if event["type"] == "BOOKMARK" and "initial-events-end" not in line:
                continue
            shown = event["object"]
            rows = shown.get("rows") or [{"object": shown}]
            versions.append(int(rows[0]["object"]["metadata"]["resourceVersion"]))
        except (ValueError, KeyError, TypeError, AttributeError):
            versions.append(-1)
    order = sorted(set(versions))
    return [order.index(v) for v in versions]
