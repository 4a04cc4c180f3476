# SPDX-License-Identifier: Apache-2.0
"""A server that was taken over, or somebody in the middle: answers that are replaced or broken.

In front of a real server it passes on what it is not told to change; alone it serves what it is
given and 404. It speaks HTTP/1.1, holds event streams open, and closes with everything in it.
"""

import contextlib
import http.client
import http.server
import json
import re
import socket
import struct
import threading

HOP = {"connection", "keep-alive", "transfer-encoding", "content-length"}
METADATA = re.compile(r"/tuf/[^/]+/metadata/(?P<image>[^/]+)|/device/v1/director/(?P<director>[^/]+)")
BUNDLE = "/device/v1/bundle"
BLOCK = 65536


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True

    def handle_error(self, request, client_address):
        """Devices that are killed leave broken connections behind: no news."""


class Answer:
    """What would be said. A fault may change it, or say something else altogether."""

    def __init__(self, status, headers, body):
        self.status = status
        self.headers = {name: value for name, value in headers if name.lower() not in HOP}
        self.body = body


class Hostile:
    """On 127.0.0.1:port. Set the attributes to lie; clear() to be honest.

    target     the port of the real server; None: there is none
    files      {path: bytes, or None for 404} said instead of what the target says
    metadata   {("image" or "director", file name): bytes or None} the same for metadata, whether
               it is asked for alone or in a bundle
    faults     [(pattern of paths, fault)] how it is said: see below; the first that fits
    bundled    whether bundles are had from here; None: as the target has it
    requests   [(method, path, headers, body)] in order
    """

    def __init__(self, target=None):
        self.target = target
        self.requests = []
        self.clear()
        self.stopping = threading.Event()
        self._live = set()
        self._lock = threading.Lock()
        self.port = 0
        self.up()

    def clear(self):
        """Honest from now on."""
        self.files = {}
        self.metadata = {}
        self.faults = []
        self.bundled = True

    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def up(self):
        """Answers again, at the same place."""
        self.stopping.clear()
        self.httpd = _Server(("127.0.0.1", self.port), self._handler())
        self.port = self.httpd.server_address[1]
        threading.Thread(target=self.httpd.serve_forever, args=(0.02,), daemon=True).start()

    def down(self):
        """Nobody answers."""
        self.stopping.set()
        self.httpd.shutdown()
        self.httpd.server_close()
        with self._lock:
            live, self._live = list(self._live), set()
        for connection in live:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    close = down

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.down()

    def lie(self, repository, files):
        """{file name: bytes or None} for metadata of the image repository or the director."""
        self.metadata.update({(repository, name): data for name, data in files.items()})

    def fault(self, pattern, fault):
        self.faults.append((re.compile(pattern), fault))

    def asked(self, pattern):
        """The paths of the requests that fit, in order."""
        return [path for _, path, _, _ in list(self.requests) if re.search(pattern, path)]

    # ---- what is said ---------------------------------------------------------------------------

    def _handler(self):
        hostile = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def log_message(self, *_):
                pass

            def setup(self):
                super().setup()
                with hostile._lock:
                    hostile._live.add(self.connection)

            def finish(self):
                with hostile._lock:
                    hostile._live.discard(self.connection)
                with contextlib.suppress(OSError):
                    super().finish()

            def handle_one_request(self):
                with contextlib.suppress(OSError, http.client.HTTPException):
                    super().handle_one_request()
                    return
                self.close_connection = True

            def _any(self):
                length = int(self.headers.get("Content-Length", 0))
                self.sent = self.rfile.read(length)
                hostile.requests.append((self.command, self.path, dict(self.headers), self.sent))
                hostile._serve(self)

            do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = _any

        return Handler

    def _serve(self, request):
        for pattern, fault in list(self.faults):
            if pattern.search(request.path):
                fault(self, request)
                return
        path = request.path.split("?")[0]
        if path == "/device/v1/events" and self.target:
            self._stream(request)
        else:
            send(request, self.answer(request))

    def answer(self, request):
        """What the files, the metadata and the target say to a request."""
        path = request.path.split("?")[0]
        found = METADATA.fullmatch(path)
        if path in self.files:
            return _file(self.files[path])
        if found:
            repository = found.lastgroup
            key = (repository, found.group(repository))
            if key in self.metadata:
                return _file(self.metadata[key])
        if path == BUNDLE and not self.bundled:
            return _file(None)
        answer = self.ask(request)
        if path == BUNDLE and answer.status == 200 and self.metadata:
            answer.body = self._change_bundle(answer.body)
        return answer

    def _change_bundle(self, body):
        bundle = json.loads(body)
        for (repository, name), data in self.metadata.items():
            bundle[repository][name] = None if data is None else data.decode()
        return json.dumps(bundle).encode()

    def ask(self, request):
        """The target's answer."""
        if not self.target:
            return _file(None)
        with contextlib.closing(self._forward(request)) as connection:
            reply = connection.getresponse()
            return Answer(reply.status, reply.getheaders(), reply.read())

    def _forward(self, request):
        connection = http.client.HTTPConnection("127.0.0.1", self.target, timeout=400)
        headers = {name: value for name, value in request.headers.items()
                   if name.lower() not in HOP}
        connection.request(request.command, request.path, body=request.sent or None,
                           headers=headers)
        return connection

    def _stream(self, request):
        """An event stream, as it comes."""
        with contextlib.closing(self._forward(request)) as connection:
            reply = connection.getresponse()
            request.send_response(reply.status)
            for name, value in reply.getheaders():
                if name.lower() not in HOP:
                    request.send_header(name, value)
            request.send_header("Connection", "close")
            request.end_headers()
            with self._lock:
                self._live.add(connection.sock or request.connection)
            while not self.stopping.is_set():
                block = reply.read1(BLOCK)
                if not block:
                    return
                request.wfile.write(block)


def _file(data):
    if data is None:
        problem = {"type": "https://modelferry.dev/problems/not-found", "title": "Not found",
                   "status": 404, "detail": "a hostile server has no such thing"}
        return Answer(404, [("Content-Type", "application/problem+json")],
                      json.dumps(problem).encode())
    return Answer(200, [], data)


def send(request, answer, length=None):
    """length: what is declared; None: the truth."""
    request.send_response(answer.status)
    for name, value in answer.headers.items():
        request.send_header(name, value)
    if answer.status not in (204, 304):
        request.send_header("Content-Length", str(len(answer.body) if length is None else length))
    request.end_headers()
    if request.command != "HEAD" and answer.status not in (204, 304):
        request.wfile.write(answer.body)


# ---- faults: called with the server and the request ----------------------------------------------


def status(number, **headers):
    """Answers with that status and nothing else."""
    def fault(_, request):
        send(request, Answer(number, [(n.replace("_", "-"), v) for n, v in headers.items()], b""))
    return fault


def problem(number, slug, **members):
    """Answers with a problem document."""
    body = json.dumps({"type": f"https://modelferry.dev/problems/{slug}", "title": slug,
                       "status": number, "detail": "a hostile server says so", **members}).encode()

    def fault(_, request):
        send(request, Answer(number, [("Content-Type", "application/problem+json")], body))
    return fault


def change(edit):
    """edit(body) -> body, of a good answer."""
    def fault(server, request):
        answer = server.answer(request)
        if answer.status in (200, 206):
            answer.body = edit(answer.body)
            answer.headers.pop("ETag", None)
        send(request, answer)
    return fault


def reset(_, request):
    """The connection breaks before a byte was said."""
    request.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    request.close_connection = True
    request.connection.close()


def cut(size):
    """So many bytes of the body, then the connection breaks."""
    def fault(server, request):
        answer = server.answer(request)
        whole = len(answer.body)
        answer.body = answer.body[:size]
        send(request, answer, length=whole)
        request.close_connection = True
    return fault


def silence(server, request):
    """Takes the request and never says a word."""
    server.stopping.wait(600)
    request.close_connection = True


def trickle(server, request):
    """The true answer, headers and all, a byte a second."""
    answer = server.answer(request)
    head = [f"HTTP/1.1 {answer.status} OK", f"Content-Length: {len(answer.body)}"]
    head += [f"{name}: {value}" for name, value in answer.headers.items()]
    _drip(server, request, ("\r\n".join(head) + "\r\n\r\n").encode() + answer.body)


def trickle_body(server, request):
    """The headers at once, then the body, a byte a second."""
    answer = server.answer(request)
    request.send_response(answer.status)
    for name, value in answer.headers.items():
        request.send_header(name, value)
    request.send_header("Content-Length", str(len(answer.body)))
    request.end_headers()
    _drip(server, request, answer.body)


def _drip(server, request, data):
    request.close_connection = True
    for at in range(len(data)):
        request.wfile.write(data[at:at + 1])
        if server.stopping.wait(1):
            return


def endless(framing):
    """The true answer, and then more of it for ever.

    framing  "length": a huge Content-Length; "chunked"; "close": neither
    """
    def fault(server, request):
        answer = server.answer(request)
        request.send_response(200)
        for name, value in answer.headers.items():
            request.send_header(name, value)
        if framing == "length":
            request.send_header("Content-Length", str(1 << 50))
        elif framing == "chunked":
            request.send_header("Transfer-Encoding", "chunked")
        request.send_header("Connection", "close")
        request.end_headers()
        request.close_connection = True
        block = answer.body
        while not server.stopping.is_set():
            if block:
                request.wfile.write(b"%x\r\n%b\r\n" % (len(block), block) if framing == "chunked"
                                    else block)
            block = b" " * BLOCK
    return fault
