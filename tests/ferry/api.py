# SPDX-License-Identifier: Apache-2.0
"""A thin HTTP client: one call, one connection, nothing hidden."""

import contextlib
import http.client
import json as jsonlib
import socket

DEFAULT_TIMEOUT_S = 60


class Response:
    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers
        self.body = body

    @property
    def text(self):
        return self.body.decode("utf-8")

    def json(self):
        return jsonlib.loads(self.body)

    def header(self, name, default=None):
        return self.headers.get(name, default)

    @property
    def problem(self):
        """The slug of a problem document's type."""
        kind = self.header("Content-Type", "")
        assert kind.startswith("application/problem+json"), f"no problem document: {self!r}"
        return self.json()["type"].rsplit("/", 1)[1]

    def expect(self, *statuses):
        assert self.status in statuses, f"expected {statuses}, got {self!r}"
        return self

    def __repr__(self):
        return f"<{self.status} {dict(self.headers)} {self.body[:600]!r}>"


class Api:
    """Requests to one listener, with one token.

    api.get("/api/v1/models").expect(200).json()
    api.post("/api/v1/models", json={"name": "digits"})
    """

    def __init__(self, port, token=None, host="127.0.0.1", timeout=DEFAULT_TIMEOUT_S):
        self.host = host
        self.port = port
        self.token = token
        self.timeout = timeout

    def with_token(self, token):
        return Api(self.port, token, self.host, self.timeout)

    def connection(self, timeout):
        return http.client.HTTPConnection(self.host, self.port, timeout=timeout)

    def request(self, method, path, json=None, body=None, headers=None, timeout=None):
        """body: bytes, a file, or an iterable of bytes (sent chunked)."""
        sent = dict(headers or {})
        if json is not None:
            body = jsonlib.dumps(json).encode()
            sent.setdefault("Content-Type", "application/json")
        if self.token and "Authorization" not in sent:
            sent["Authorization"] = f"Bearer {self.token}"
        connection = self.connection(timeout or self.timeout)
        try:
            # A server that refuses need not read all of the body: the answer is there to be read.
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                connection.request(method, path, body=body, headers=sent)
            reply = connection.getresponse()
            return Response(reply.status, reply.headers, reply.read())
        finally:
            connection.close()

    def get(self, path, **options):
        return self.request("GET", path, **options)

    def head(self, path, **options):
        return self.request("HEAD", path, **options)

    def post(self, path, json=None, **options):
        return self.request("POST", path, json=json, **options)

    def put(self, path, json=None, **options):
        return self.request("PUT", path, json=json, **options)

    def patch(self, path, body=None, **options):
        return self.request("PATCH", path, body=body, **options)

    def delete(self, path, **options):
        return self.request("DELETE", path, **options)

    def options(self, path, **options):
        return self.request("OPTIONS", path, **options)

    def items(self, path, limit=100):
        """Every item of a list, page after page."""
        after = None
        while True:
            separator = "&" if "?" in path else "?"
            cursor = f"&after={after}" if after else ""
            page = self.get(f"{path}{separator}limit={limit}{cursor}").expect(200).json()
            yield from page["items"]
            after = page["next"]
            if after is None:
                return

    def raw(self, timeout=None):
        """A bare TCP connection to the listener, for what no HTTP client would send."""
        return socket.create_connection((self.host, self.port), timeout or self.timeout)

    def send_raw(self, data, timeout=None):
        """Sends bytes as they are; returns all that comes back until the server closes."""
        with self.raw(timeout) as connection:
            connection.sendall(data)
            received = b""
            while True:
                try:
                    more = connection.recv(65536)
                except ConnectionResetError:
                    return received
                if not more:
                    return received
                received += more

    def events(self, path="/device/v1/events", last_event_id=None, timeout=None):
        """An open event stream: iterate it for (event, id, data)."""
        return EventStream(self, path, last_event_id, timeout or self.timeout)


class EventStream:
    """Server-Sent Events; yields dicts of the fields, 'comment' for heartbeats."""

    def __init__(self, api, path, last_event_id, timeout):
        self.connection = api.connection(timeout)
        headers = {"Accept": "text/event-stream", "Authorization": f"Bearer {api.token}"}
        if last_event_id is not None:
            headers["Last-Event-ID"] = str(last_event_id)
        self.connection.request("GET", path, headers=headers)
        self.reply = self.connection.getresponse()
        self.status = self.reply.status
        self.headers = self.reply.headers

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.connection.close()

    def __iter__(self):
        fields = {}
        while True:
            line = self.reply.readline()
            if not line:
                return
            line = line.decode("utf-8").rstrip("\r\n")
            if not line:
                if fields:
                    yield fields
                fields = {}
                continue
            name, _, value = line.partition(":")
            fields[name or "comment"] = value.lstrip(" ")

    def next(self, event=None):
        """The next event (of that name); StopIteration when the stream ended."""
        for fields in self:
            if event is None or fields.get("event") == event:
                return fields
        raise StopIteration(f"the stream ended before an event '{event}'")
