# SPDX-License-Identifier: Apache-2.0
"""A device gateway that lies, stalls and cuts, for what the real one never does."""

import http.server
import json
import re
import threading
import time

from . import signing


class _Server(http.server.ThreadingHTTPServer):
    def handle_error(self, request, client_address):
        """Devices that are killed leave broken connections behind: no news."""


DEVICE_ID = "0b0c7b2e-6a1d-4a51-8e7e-0c3a4f5d6e7f"


class Gateway:
    """Speaks the device's side of docs/PROTOCOL.md on 127.0.0.1:port. Set the attributes to lie.

    artifacts   {sha256: bytes} what is served under a digest, right or wrong
    manifests   {sha256: bytes}
    state       the desired state; set it with assign()
    reports     the `signed` parts that came, in order
    fail        {"/device/v1/state": 503}: answers with that status, by path prefix
    cut_after   artifacts: the connection is cut after so many bytes, cut_times times
    trickle     artifacts: a byte a second
    ignore_range  artifacts: always 200 and everything
    """

    def __init__(self):
        self.artifacts = {}
        self.manifests = {}
        self.state = {"version": 0, "slots": {}}
        self.reports = []
        self.fail = {}
        self.retry_after = None
        self.cut_after = None
        self.cut_times = 0
        self.trickle = False
        self.ignore_range = False
        self.requests = []
        self.tokens = ["mfd_first"]
        self.changed = threading.Condition()
        self.stopping = False
        self.httpd = _Server(("127.0.0.1", 0), self._handler())
        self.httpd.daemon_threads = True
        self.port = self.httpd.server_address[1]
        threading.Thread(target=self.httpd.serve_forever, args=(0.05,), daemon=True).start()

    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def close(self):
        self.stopping = True
        with self.changed:
            self.changed.notify_all()
        self.httpd.shutdown()
        self.httpd.server_close()

    def publish(self, key, version, data, slot="main", model="digits", name="model.onnx", files=None,
                **more):
        """Signs a version of these bytes and assigns it."""
        files = files or {name: data}
        for content in files.values():
            self.artifacts[signing.sha256(content)] = content
        artifacts = [signing.artifact(name, content) for name, content in files.items()]
        envelope = key.envelope(signing.manifest(model, version, [signing.variant(artifacts)],
                                                 **more))
        return self.assign(envelope, version, slot, model)

    def assign(self, envelope, version, slot="main", model="digits"):
        body = json.dumps(envelope).encode()
        sha256 = signing.sha256(body)
        self.manifests[sha256] = body
        with self.changed:
            slots = {**self.state["slots"], slot: {
                "model": model, "version": version, "role": "production",
                "variant": {"runtime": signing.RUNTIME, "hardware": "cpu", "precision": "fp32"},
                "manifest": {"sha256": sha256, "length": len(body)}}}
            self.state = {"version": self.state["version"] + 1, "slots": slots}
            self.changed.notify_all()
        return sha256

    def unassign(self, slot="main"):
        with self.changed:
            slots = {name: each for name, each in self.state["slots"].items() if name != slot}
            self.state = {"version": self.state["version"] + 1, "slots": slots}
            self.changed.notify_all()

    def reported(self, slot="main"):
        """[(state, version, error code or None)] in order."""
        return [(each["slots"][slot]["state"], each["slots"][slot].get("version"),
                 (each["slots"][slot].get("error") or {}).get("code"))
                for each in list(self.reports) if slot in each["slots"]]

    def _handler(self):
        gateway = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_GET(self):
                gateway._get(self)

            def do_POST(self):
                gateway._post(self)

            def do_PUT(self):
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                gateway._reply(self, 204)

        return Handler

    def _reply(self, request, status, body=b"", **headers):
        if status >= 400 and not body:
            body = json.dumps({"type": "https://modelferry.dev/problems/test", "title": "test",
                               "status": status, "detail": "the test wants it"}).encode()
        request.send_response(status)
        for name, value in headers.items():
            request.send_header(name.replace("_", "-"), value)
        if status != 304 and status != 204:
            request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        if status != 304:
            request.wfile.write(body)

    def _failed(self, request):
        self.requests.append((request.command, request.path, dict(request.headers)))
        for prefix, status in self.fail.items():
            if request.path.startswith(prefix):
                more = {"Retry_After": str(self.retry_after)} if self.retry_after else {}
                self._reply(request, status, **more)
                return True
        return False

    def _get(self, request):
        if self._failed(request):
            return
        path = request.path.split("?")[0]
        kind, _, name = path.removeprefix("/device/v1/").partition("/")
        if kind == "state":
            self._get_state(request)
        elif kind == "events":
            self._get_events(request)
        elif kind == "manifests" and name in self.manifests:
            self._reply(request, 200, self.manifests[name])
        elif kind == "artifacts" and name in self.artifacts:
            self._get_artifact(request, name)
        else:
            self._reply(request, 404)

    def _get_state(self, request):
        wait = re.search(r"wait=(\d+)", request.path)
        etag = request.headers.get("If-None-Match")
        with self.changed:
            if wait:
                self.changed.wait_for(
                    lambda: self.stopping or f'"{self.state["version"]}"' != etag,
                    int(wait.group(1)))
            state = self.state
        tag = f'"{state["version"]}"'
        if etag == tag:
            self._reply(request, 304, ETag=tag)
        else:
            self._reply(request, 200, json.dumps(state).encode(), ETag=tag)

    def _get_events(self, request):
        last = request.headers.get("Last-Event-ID")
        request.send_response(200)
        request.send_header("Content-Type", "text/event-stream")
        request.end_headers()
        request.close_connection = True
        while not self.stopping:
            with self.changed:
                self.changed.wait_for(
                    lambda: self.stopping or str(self.state["version"]) != last, 5)
                version = str(self.state["version"])
            text = ":\n\n" if version == last else (
                f'event: state\nid: {version}\ndata: {{"version":{version}}}\n\n')
            last = version
            try:
                request.wfile.write(text.encode())
                request.wfile.flush()
            except OSError:
                return

    def _get_artifact(self, request, name):
        data = self.artifacts[name]
        first = 0
        asked = re.fullmatch(r"bytes=(\d+)-", request.headers.get("Range", ""))
        if asked and not self.ignore_range and request.headers.get("If-Range") == f'"{name}"':
            first = int(asked.group(1))
        body = data[first:]
        request.send_response(206 if first else 200)
        request.send_header("ETag", f'"{name}"')
        request.send_header("Content-Length", str(len(body)))
        if first:
            request.send_header("Content-Range", f"bytes {first}-{len(data) - 1}/{len(data)}")
        request.end_headers()
        try:
            if self.trickle:
                for at in range(len(body)):
                    if self.stopping or not self.trickle:
                        break
                    request.wfile.write(body[at:at + 1])
                    request.wfile.flush()
                    time.sleep(1)
                request.close_connection = True
                return
            if self.cut_after is not None and self.cut_times > 0 and len(body) > self.cut_after:
                self.cut_times -= 1
                request.wfile.write(body[:self.cut_after])
                request.close_connection = True
                return
            request.wfile.write(body)
        except OSError:
            pass

    def _post(self, request):
        body = request.rfile.read(int(request.headers.get("Content-Length", 0)))
        if self._failed(request):
            return
        if request.path == "/device/v1/enroll":
            signed = json.loads(body)["signed"]
            self._reply(request, 201, json.dumps({
                "device": signed["device"], "device_id": DEVICE_ID, "workspace": "default",
                "token": self.tokens[-1], "poll_interval_s": 300}).encode())
        elif request.path == "/device/v1/reports":
            signed = json.loads(body)["signed"]
            if any(each["sequence"] >= signed["sequence"] for each in self.reports):
                self._reply(request, 409, json.dumps({
                    "type": "https://modelferry.dev/problems/report-replayed"}).encode())
                return
            self.reports.append(signed)
            self._reply(request, 200, b'{"accepted":true}')
        elif request.path == "/device/v1/token":
            self.tokens.append(f"mfd_rotated{len(self.tokens)}")
            self._reply(request, 200, json.dumps({"token": self.tokens[-1]}).encode())
        else:
            self._reply(request, 404)
