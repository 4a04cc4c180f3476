# SPDX-License-Identifier: Apache-2.0
"""Clients that are slow, silent, broken or many: each costs a bounded share and is cut off."""

import pathlib
import random
import resource
import socket
import time

import pytest

from ferry import signing
from ferry.wait import PATIENCE, wait_until

SECOND = "1s"


@pytest.fixture
def server_options():
    return {"http": {"header_timeout": SECOND, "body_timeout": SECOND, "idle_timeout": "2s"}}


def cut_off(connection, deadline=30):
    """Waits until the server has closed; what it said before."""
    connection.settimeout(deadline * PATIENCE)
    said = b""
    while True:
        try:
            more = connection.recv(65536)
        except ConnectionResetError:
            return said
        if not more:
            return said
        said += more


def head(line, *headers):
    return "\r\n".join([line, "Host: a", *headers, "", ""]).encode()


@pytest.mark.parametrize("listener", ["api", "device"])
@pytest.mark.parametrize("sent, status", [
    (b"GET /healthz\r\n\r\n", 400),
    (b"GET /healthz HTTP/1.1\r\n\r\n", 400),
    (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
    (head(f"GET /{'a' * 300_000} HTTP/1.1"), 414),
    (head("GET /healthz HTTP/1.1", f"X-Long: {'a' * 300_000}"), 431),
    (head("POST /healthz HTTP/1.1", "Content-Length: many"), 400),
    (head("POST /healthz HTTP/1.1", "Content-Length: 1", "Content-Length: 2") + b"ab", 400),
    (head("POST /healthz HTTP/1.1", "Transfer-Encoding: gzip"), 400),
    (head("POST /healthz HTTP/1.1", "Content-Length: 4", "Transfer-Encoding: chunked"), 400),
], ids=["no version", "no host", "version 2", "long path", "long header", "length in words",
        "two lengths", "unknown coding", "length and coding"])
def test_what_is_no_http_is_refused_and_closed(server, listener, sent, status):
    """Some of it by libmicrohttpd, before we see a request: a page, not a problem document."""
    target = server.api() if listener == "api" else server.device()
    with target.raw() as connection:
        try:
            connection.sendall(sent)
        except (BrokenPipeError, ConnectionResetError):
            pass  # answered before all of it was read
        said = cut_off(connection)
    assert said.startswith(f"HTTP/1.1 {status} ".encode()), said[:400]
    assert b"Connection: close\r\n" in said
    assert target.get("/healthz" if listener == "api" else "/device/v1/state").status in (200, 401)


@pytest.mark.parametrize("listener", ["api", "device"])
@pytest.mark.parametrize("sent", [b"", b"GET", b"GET / HTTP/1.1\r\nHost: a\r\nX-Slow: "])
def test_headers_that_do_not_end_are_cut_off(server, listener, sent):
    target = server.api() if listener == "api" else server.device()
    with target.raw() as connection:
        connection.sendall(sent)
        said = cut_off(connection)
        assert said == b"" or b" 408 " in said.split(b"\r\n")[0], said


def test_headers_a_byte_at_a_time_are_cut_off(server):
    """Each byte comes in time, the whole does not: the clock runs from the start."""
    with server.api().raw() as connection:
        connection.settimeout(0.05)
        started = time.monotonic()
        for byte in b"GET /healthz HTTP/1.1\r\n" + b"X-A: b\r\n" * 100000:
            try:
                connection.sendall(bytes([byte]))
                if connection.recv(1) == b"":
                    return
            except TimeoutError:
                assert time.monotonic() - started < 60 * PATIENCE, "never cut off"
            except (ConnectionResetError, BrokenPipeError):
                return


def test_a_body_that_stalls_is_cut_off(server, publisher):
    data = bytes(100_000)
    head = (f"PUT /api/v1/artifacts/{signing.sha256(data)} HTTP/1.1\r\nHost: a\r\n"
            f"Authorization: Bearer {publisher.token}\r\nContent-Length: {len(data)}\r\n\r\n")
    with publisher.raw() as connection:
        connection.sendall(head.encode() + data[:50_000])
        said = cut_off(connection)
        assert b" 2" not in said[:12]
    assert publisher.get(f"/api/v1/artifacts/{signing.sha256(data)}").status == 404


def test_timeouts_that_were_reloaded_count_for_what_begins_then(add_server, publisher):
    patient = {"header_timeout": "1h", "body_timeout": "1h", "idle_timeout": "1h"}
    server = add_server({"http": patient})
    server.write_config({"http": {"header_timeout": SECOND, "body_timeout": SECOND}})
    server.reload()
    server.wait_log("reloaded")
    assert "takes effect at the next start" not in server.log()
    begun = head("POST /api/v1/models HTTP/1.1", "Content-Type: application/json",
                 f"Authorization: Bearer {publisher.token}", "Content-Length: 1000") + b"{"
    for sent in b"GET /healthz HT", begun:
        with server.api().raw() as connection:
            connection.sendall(sent)
            cut_off(connection)


def test_a_json_body_that_stalls_is_cut_off(server, publisher):
    head = ("POST /api/v1/models HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
            f"Authorization: Bearer {publisher.token}\r\nContent-Length: 1000\r\n\r\n{{")
    with publisher.raw() as connection:
        connection.sendall(head.encode())
        cut_off(connection)


def test_a_reader_that_never_reads_is_cut_off(server, publisher):
    data = random.Random(5).randbytes(24 << 20)
    publisher.put(f"/api/v1/artifacts/{signing.sha256(data)}", body=data).expect(201)
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.connect((publisher.host, publisher.port))
    with connection:
        connection.sendall((f"GET /api/v1/artifacts/{signing.sha256(data)} HTTP/1.1\r\nHost: a\r\n"
                            f"Authorization: Bearer {publisher.token}\r\n\r\n").encode())
        assert _server_side(connection) == "01"
        wait_until(lambda: _server_side(connection) != "01", 60, "a reader that never reads is kept")


def _server_side(connection):
    """The state of the other end, which is on this machine too: '01' is established; None: gone."""
    local, remote = connection.getsockname()[1], connection.getpeername()[1]
    table = pathlib.Path("/proc/net/tcp").read_text(encoding="ascii")
    for line in table.splitlines()[1:]:
        _, ours, theirs, state = line.split()[:4]
        if int(ours.split(":")[1], 16) == remote and int(theirs.split(":")[1], 16) == local:
            return state
    return None


def test_a_crowd_of_silent_connections_stops_no_device(make_server, server_options):
    """As many as may be open, and more, say nothing; a device is served all the same."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 8192), hard))
    server = make_server({"device": {"connections": 300}, "api": {"connections": 300},
                          "http": {"header_timeout": "30s"}})
    token = server.create_token("operator")
    operator = server.api(token)
    enrolment = operator.post("/api/v1/enrolments", {"name": "crowd"}).expect(201).json()["token"]
    key = signing.Key()
    enrolled = server.device(enrolment).post(
        "/device/v1/enroll", signing.enrolment(key, enrolment, "cam-1")).expect(201).json()
    crowd = []
    try:
        for port in (server.device_port, server.api_port):
            for _ in range(600):
                connection = socket.create_connection(("127.0.0.1", port))
                connection.sendall(b"GET / HTTP/1.1\r\nX: ")
                crowd.append(connection)
        device = server.device(enrolled["token"])
        device.get("/device/v1/state", timeout=20 * PATIENCE).expect(200)
        operator.get("/api/v1/devices", timeout=20 * PATIENCE).expect(200)
    finally:
        for connection in crowd:
            connection.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


BROKEN = [
    b"\r\n\r\n\r\n", b"GARBAGE\r\n\r\n", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n",
    b"GET / HTTP/1.1\r\n\r\n", b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    b"GET /\x00 HTTP/1.1\r\nHost: a\r\n\r\n", b"GET /\xff\xff HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET /%00 HTTP/1.1\r\nHost: a\r\n\r\n", b"GET /?" + b"a=b&" * 500 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X: y\r\n" * 20_000 + b"\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"y" * 200_000 + b"\r\n\r\n",
    b"POST /api/v1/models HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
    b"POST /api/v1/models HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999999\r\n\r\n",
    b"POST /api/v1/models HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
    b"POST /api/v1/models HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    b"POST /api/v1/models HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n",
    b"POST /api/v1/models HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n"
    b"Content-Length: 3\r\n\r\n0\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer \xff\xfe\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r\nAuthorization: " + b"B" * 3000 + b"\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500),
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
]


def test_broken_requests_are_refused_and_harm_nobody(server):
    for target in (server.api(), server.device()):
        for sent in BROKEN:
            try:
                with target.raw() as connection:
                    connection.sendall(sent)
                    connection.shutdown(socket.SHUT_WR)
                    said = cut_off(connection)
            except (BrokenPipeError, ConnectionResetError):
                continue
            except OSError as error:
                assert error.errno == 107, error  # not connected any more: refused early
                continue
            assert not said.startswith((b"HTTP/1.1 500", b"HTTP/1.1 503")), (sent[:60], said[:300])
    assert server.api().get("/healthz").status == 200


def test_random_bytes_harm_nobody(server):
    chance = random.Random(6)
    for _ in range(200):
        for target in (server.api(), server.device()):
            sent = bytearray(b"POST /device/v1/enroll HTTP/1.1\r\nHost: a\r\n"
                             b"Content-Length: 10\r\n\r\n{\"a\": 1}  ")
            for _ in range(chance.randrange(1, 12)):
                sent[chance.randrange(len(sent))] = chance.randrange(256)
            try:
                with target.raw() as connection:
                    connection.sendall(bytes(sent))
                    connection.shutdown(socket.SHUT_WR)
                    said = cut_off(connection)
            except OSError:
                continue
            assert not said.startswith(b"HTTP/1.1 500"), (bytes(sent), said)
    assert server.api().get("/healthz").status == 200
    assert server.device().get("/device/v1/state").status == 401
