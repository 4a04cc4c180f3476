# SPDX-License-Identifier: Apache-2.0
"""Downloads: ranges, conditions, from the cache and straight from the database."""

import email.parser
import random
import shutil

import pytest

from ferry import signing
from ferry.wait import wait_until

MIB = 1 << 20
DATA = random.Random(7).randbytes(3 * MIB + 11)
DIGEST = signing.sha256(DATA)
PATH = f"/api/v1/artifacts/{DIGEST}"


@pytest.fixture(params=["cache", "database"])
def server_options(request):
    return {"cache": {"size": 0}} if request.param == "database" else {}


@pytest.fixture
def source(server_options):
    return "database" if server_options else "cache"


@pytest.fixture
def reader(server, publisher, source):
    """An Api that reads DATA from where the parameter says."""
    publisher.put(PATH, body=DATA).expect(201)
    if source == "cache":
        publisher.get(PATH).expect(200)
        wait_until(lambda: (server.directory / "server-cache" / DIGEST).exists(), 20)
    return publisher


def ranged(api, ranges, **headers):
    return api.get(PATH, headers={"Range": ranges, **headers})


def test_the_whole(reader):
    reply = reader.get(PATH).expect(200)
    assert reply.body == DATA
    assert reply.header("ETag") == f'"{DIGEST}"'
    assert reply.header("Accept-Ranges") == "bytes"
    assert reply.header("Content-Length") == str(len(DATA))


def test_head_has_the_headers_only(reader):
    for headers in ({}, {"Range": "bytes=0-0"}):
        reply = reader.head(PATH, headers=headers).expect(200)
        assert reply.header("Content-Length") == str(len(DATA))
        assert reply.header("ETag") == f'"{DIGEST}"'
        assert reply.body == b""


@pytest.mark.parametrize("spec,first,last", [
    ("bytes=0-0", 0, 0), ("bytes=1000000-", 1000000, len(DATA) - 1),
    ("bytes=-5", len(DATA) - 5, len(DATA) - 1), ("bytes=5-99999999999", 5, len(DATA) - 1),
    (f"bytes={MIB - 1}-{2 * MIB}", MIB - 1, 2 * MIB),
])
def test_one_range(reader, spec, first, last):
    reply = ranged(reader, spec).expect(206)
    assert reply.body == DATA[first:last + 1]
    assert reply.header("Content-Range") == f"bytes {first}-{last}/{len(DATA)}"
    assert reply.header("Content-Type") == "application/octet-stream"


def test_several_ranges(reader):
    reply = ranged(reader, "bytes=0-9, 2000000-2999999, -7").expect(206)
    kind = reply.header("Content-Type")
    assert kind.startswith("multipart/byteranges; boundary=")
    message = email.parser.BytesParser().parsebytes(
        b"MIME-Version: 1.0\r\nContent-Transfer-Encoding: binary\r\nContent-Type: " +
        kind.encode() + b"\r\n\r\n" + reply.body)
    boundary = b"--" + kind.split("boundary=")[1].encode()
    parts = reply.body.split(boundary)
    assert parts[0] == b"\r\n" or parts[0] == b""
    assert parts[-1] == b"--\r\n"
    bodies = [part.split(b"\r\n\r\n", 1)[1][:-2] for part in parts[1:-1]]
    assert bodies == [DATA[:10], DATA[2000000:3000000], DATA[-7:]]
    length = len(DATA)
    assert [part.get("Content-Range") for part in message.get_payload()] == [
        f"bytes 0-9/{length}", f"bytes 2000000-2999999/{length}",
        f"bytes {length - 7}-{length - 1}/{length}"]
    assert reply.header("Content-Range") is None
    assert int(reply.header("Content-Length")) == len(reply.body)


def test_ranges_that_cannot_be(reader):
    many = "bytes=" + ",".join(f"{n}-{n}" for n in range(0, 40, 2))
    for spec in (f"bytes={len(DATA)}-", "bytes=-0", "bytes=0-,0-", many):
        reply = ranged(reader, spec).expect(416)
        assert reply.header("Content-Range") == f"bytes */{len(DATA)}"
        assert reply.problem == "range-not-satisfiable"


def test_ranges_that_make_no_sense_are_ignored(reader):
    for spec in ("bytes=5-2", "bytes=x", "items=0-1", "bytes"):
        assert ranged(reader, spec).expect(200).body == DATA


def test_conditions(reader):
    etag = f'"{DIGEST}"'
    assert ranged(reader, "bytes=0-9", **{"If-Range": etag}).expect(206).body == DATA[:10]
    for other in ('"other"', f"W/{etag}", "Wed, 21 Oct 2015 07:28:00 GMT"):
        assert ranged(reader, "bytes=0-9", **{"If-Range": other}).expect(200).body == DATA
    for same in (etag, f'"x", W/{etag}', "*"):
        reply = reader.get(PATH, headers={"If-None-Match": same}).expect(304)
        assert reply.body == b"" and reply.header("ETag") == etag
    reader.get(PATH, headers={"If-None-Match": '"other"'}).expect(200)
    reader.get(PATH, headers={"If-Match": '"other"'}).expect(412)
    reader.get(PATH, headers={"If-Match": etag}).expect(200)


def test_what_is_not_there(reader, server):
    reader.get(f"/api/v1/artifacts/{signing.sha256(b'nothing')}").expect(404)
    reader.get("/api/v1/artifacts/nothing").expect(400)
    server.api().get(PATH).expect(401)


def test_the_cache_may_go_while_it_serves(reader, server, source):
    if source != "cache":
        pytest.skip("there is no cache")
    cache = server.directory / "server-cache"
    with reader.raw() as connection:
        connection.sendall(f"GET {PATH} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer "
                           f"{reader.token}\r\nConnection: close\r\n\r\n".encode())
        received = connection.recv(1000)
        shutil.rmtree(cache)
        while True:
            more = connection.recv(MIB)
            if not more:
                break
            received += more
    assert received.split(b"\r\n\r\n", 1)[1] == DATA
    assert reader.get(PATH).expect(200).body == DATA
    wait_until(lambda: (cache / DIGEST).exists(), 20)
    (cache / DIGEST).unlink()
    assert reader.get(PATH).expect(200).body == DATA


def test_a_reader_that_never_reads_holds_no_worker(make_server, database, server_options, source):
    if source != "database":
        pytest.skip("a file needs no worker")
    server = make_server({**server_options, "work": {"workers": 1}})
    publisher = server.api(server.create_token("publisher"))
    publisher.put(PATH, body=DATA).expect(201)
    idle = [publisher.raw() for _ in range(8)]
    for connection in idle:
        connection.sendall(f"GET {PATH} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer "
                           f"{publisher.token}\r\n\r\n".encode())
    for connection in idle:
        assert connection.recv(12) == b"HTTP/1.1 200"
    assert publisher.get(PATH).expect(200).body == DATA
    for connection in idle:
        connection.close()


# ---- devices ------------------------------------------------------------------------------------


def test_devices_get_what_is_published_in_their_workspace(device, publish, publisher, server):
    path = f"/device/v1/artifacts/{DIGEST}"
    publisher.put(PATH, body=DATA).expect(201)
    device.get(path).expect(404)
    publish("digits", "1.0.0", DATA)
    assert device.get(path).expect(200).body == DATA
    part = device.get(path, headers={"Range": "bytes=10-19", "If-Range": f'"{DIGEST}"'})
    assert part.expect(206).body == DATA[10:20]
    assert device.head(path).expect(200).header("Content-Length") == str(len(DATA))
    server.device("mfd_" + "x" * 43).get(path).expect(401)
    device.get("/device/v1/artifacts/nonsense").expect(404)
