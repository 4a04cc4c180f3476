# SPDX-License-Identifier: Apache-2.0
"""Uploads: tus and PUT, cut off in every way, over every limit."""

import hashlib
import random
import re

import pytest

from ferry import signing, tus
from ferry.tus import Upload
from ferry.wait import wait_until

MIB = 1 << 20


@pytest.fixture
def server_options():
    return {"uploads": {"reclaim_interval": "100ms"}}


def noise(size, seed=1):
    return random.Random(seed).randbytes(size)


def stored(api, data):
    reply = api.get(f"/api/v1/artifacts/{signing.sha256(data)}").expect(200)
    return reply.body == data


# ---- PUT ----------------------------------------------------------------------------------------


def test_put_stores_once(publisher):
    data = noise(3 * MIB)
    digest = signing.sha256(data)
    made = publisher.put(f"/api/v1/artifacts/{digest}", body=data).expect(201)
    assert made.json() == {"sha256": digest, "length": len(data), "deduplicated_bytes": 0}
    again = publisher.put(f"/api/v1/artifacts/{digest}", body=data).expect(200)
    assert again.json() == {"sha256": digest, "length": len(data),
                            "deduplicated_bytes": len(data)}
    assert stored(publisher, data)


def test_versions_that_share_bytes_share_rows(publisher, database):
    first = noise(6 * MIB)
    second = first[:3 * MIB] + b"changed" + first[3 * MIB:]
    publisher.put(f"/api/v1/artifacts/{signing.sha256(first)}", body=first).expect(201)
    before = int(database.sql("SELECT sum(stored_bytes) FROM chunk")[0][0])
    made = publisher.put(f"/api/v1/artifacts/{signing.sha256(second)}", body=second).expect(201)
    assert made.json()["deduplicated_bytes"] > 4 * MIB
    after = int(database.sql("SELECT sum(stored_bytes) FROM chunk")[0][0])
    assert after - before < 1.5 * MIB
    assert stored(publisher, first) and stored(publisher, second)


def test_put_of_other_bytes_is_refused(publisher, database):
    data = noise(100_000)
    digest = signing.sha256(b"else")
    refused = publisher.put(f"/api/v1/artifacts/{digest}", body=data).expect(422)
    assert refused.problem == "digest-mismatch"
    assert refused.json()["expected_sha256"] == digest
    assert refused.json()["actual_sha256"] == signing.sha256(data)
    publisher.get(f"/api/v1/artifacts/{digest}").expect(404)
    publisher.get(f"/api/v1/artifacts/{signing.sha256(data)}").expect(404)
    assert database.sql("SELECT count(*) FROM upload") == [["0"]]


def test_put_needs_a_digest_a_length_and_a_role(publisher, viewer):
    publisher.put("/api/v1/artifacts/xyz", body=b"x").expect(400)
    chunked = publisher.put(f"/api/v1/artifacts/{signing.sha256(b'xy')}",
                            body=iter([b"2\r\nxy\r\n", b"0\r\n\r\n"]),
                            headers={"Transfer-Encoding": "chunked"})
    assert chunked.expect(411).problem == "length-required"
    viewer.put(f"/api/v1/artifacts/{signing.sha256(b'x')}", body=b"x").expect(403)


def test_put_that_is_cut_off_leaves_nothing(publisher, database):
    data = noise(9 * MIB)
    with publisher.raw() as connection:
        connection.sendall(
            f"PUT /api/v1/artifacts/{signing.sha256(data)} HTTP/1.1\r\nHost: x\r\nAuthorization: "
            f"Bearer {publisher.token}\r\nContent-Length: {len(data)}\r\n\r\n".encode())
        connection.sendall(data[:8 * MIB])
    wait_until(lambda: database.sql("SELECT count(*) FROM upload") == [["0"]], 20)
    publisher.get(f"/api/v1/artifacts/{signing.sha256(data)}").expect(404)
    publisher.put(f"/api/v1/artifacts/{signing.sha256(data)}", body=data).expect(201)


def test_an_empty_artifact(publisher):
    publisher.put(f"/api/v1/artifacts/{signing.sha256(b'')}", body=b"").expect(201)
    assert publisher.get(f"/api/v1/artifacts/{signing.sha256(b'')}").expect(200).body == b""
    reply = publisher.get(f"/api/v1/artifacts/{signing.sha256(b'')}",
                          headers={"Range": "bytes=0-"}).expect(416)
    assert reply.header("Content-Range") == "bytes */0"


# ---- tus ----------------------------------------------------------------------------------------


def test_options_say_what_is_supported(api):
    reply = api.options("/api/v1/uploads").expect(204)
    assert reply.header("Tus-Version") == "1.0.0"
    assert set(reply.header("Tus-Extension").split(",")) == {
        "creation", "creation-with-upload", "checksum", "termination", "expiration"}
    assert set(reply.header("Tus-Checksum-Algorithm").split(",")) == {"sha1", "sha256", "md5"}


def test_an_upload_in_pieces(publisher):
    data = noise(2 * MIB + 17)
    upload = Upload.create(publisher, data)
    head = upload.head().expect(200)
    assert head.header("Upload-Offset") == "0"
    assert head.header("Upload-Length") == str(len(data))
    assert head.header("Upload-Metadata") == tus.metadata(signing.sha256(data))
    assert head.header("Cache-Control") == "no-store"
    assert head.header("Tus-Resumable") == "1.0.0"
    assert head.header("Upload-Expires").endswith("GMT")
    for offset in range(0, len(data), 700_001):
        reply = upload.patch(offset, data[offset:offset + 700_001]).expect(204)
        assert reply.header("Upload-Offset") == str(min(offset + 700_001, len(data)))
    assert stored(publisher, data)
    # the reply to the last PATCH may have been lost: the upload still says it is complete
    assert upload.offset() == len(data)


def test_bytes_come_along_with_the_creation(publisher):
    data = noise(100_000)
    upload = Upload.create(publisher, data, body=data[:60_000])
    assert upload.offset() == 60_000
    upload.finish()
    assert stored(publisher, data)
    whole = noise(50_000, 2)
    reply = Upload.announce(publisher, signing.sha256(whole), len(whole), body=whole).expect(201)
    assert reply.header("Upload-Offset") == "50000"
    assert stored(publisher, whole)


def test_an_empty_upload_is_complete_at_once(publisher):
    upload = Upload.create(publisher, b"")
    assert upload.offset() == 0
    assert stored(publisher, b"")


def test_requests_without_the_version_are_refused(publisher):
    data = b"x"
    upload = Upload.create(publisher, data)
    for reply in (publisher.head(upload.location),
                  publisher.head(upload.location, headers={"Tus-Resumable": "0.2.2"}),
                  publisher.delete(upload.location),
                  publisher.post("/api/v1/uploads", headers={"Upload-Length": "1"})):
        assert reply.status == 412
        assert reply.header("Tus-Version") == "1.0.0"


@pytest.mark.parametrize("headers", [
    {"Upload-Length": None}, {"Upload-Length": "-1"}, {"Upload-Length": "1x"},
    {"Upload-Length": "99999999999999999999"}, {"Upload-Metadata": None},
    {"Upload-Metadata": "filename eA=="}, {"Upload-Metadata": "sha256 eA=="},
    {"Upload-Metadata": "sha256 !!!"}, {"Upload-Metadata": "x " + "A" * 5000},
    {"Upload-Checksum": "crc32 AAAAAA=="}, {"Upload-Checksum": "sha1"},
    {"Upload-Length": None, "Upload-Defer-Length": "1"},
])
def test_creations_that_are_wrong(publisher, headers):
    sent = {**tus.RESUMABLE, "Upload-Length": "1",
            "Upload-Metadata": tus.metadata(signing.sha256(b"x")), **headers}
    sent = {name: value for name, value in sent.items() if value is not None}
    reply = publisher.post("/api/v1/uploads", headers=sent)
    assert reply.status in (400, 413, 431), reply
    assert reply.json()["detail"]


def test_patches_that_are_wrong(publisher, database):
    data = noise(1000)
    upload = Upload.create(publisher, data)
    assert upload.patch(1, data[1:]).expect(409).header("Upload-Offset") == "0"
    assert upload.patch("x", data).expect(400)
    assert upload.patch("", data).expect(400)
    upload.patch(0, data, {"Content-Type": "application/octet-stream"}).expect(415)
    upload.patch(0, data + b"more").expect(400)
    assert upload.offset() == 0
    missing = Upload(publisher, "/api/v1/uploads/123e4567-e89b-12d3-a456-426614174000", data)
    missing.patch(0, data).expect(404)
    missing.head().expect(404)
    missing.delete().expect(404)
    Upload(publisher, "/api/v1/uploads/nonsense", data).head().expect(404)
    upload.finish()
    assert stored(publisher, data)


@pytest.mark.parametrize("algorithm", ["sha1", "sha256", "md5"])
def test_a_patch_counts_only_with_its_checksum(publisher, algorithm):
    data = noise(10 * MIB)
    upload = Upload.create(publisher, data)
    first, second = data[:9 * MIB], data[9 * MIB:]
    spoilt = b"x" + first[1:]
    refused = upload.patch(0, spoilt, {"Upload-Checksum": tus.checksum(first, algorithm)})
    assert refused.status == 460
    assert upload.offset() == 0
    upload.patch(0, first, {"Upload-Checksum": tus.checksum(first, algorithm)}).expect(204)
    upload.patch(9 * MIB, spoilt[:MIB],
                 {"Upload-Checksum": tus.checksum(second, algorithm)}).expect(460)
    assert upload.offset() == 9 * MIB
    upload.patch(9 * MIB, second, {"Upload-Checksum": tus.checksum(second, algorithm)}).expect(204)
    assert stored(publisher, data)


def test_a_patch_with_a_checksum_that_is_cut_off_counts_for_nothing(publisher):
    data = noise(10 * MIB)
    upload = Upload.create(publisher, data)
    with publisher.raw() as connection:
        connection.sendall(
            f"PATCH {upload.location} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer "
            f"{publisher.token}\r\nTus-Resumable: 1.0.0\r\nContent-Type: {tus.BODY_TYPE}\r\n"
            f"Upload-Offset: 0\r\nUpload-Checksum: {tus.checksum(data)}\r\n"
            f"Content-Length: {len(data)}\r\n\r\n".encode())
        connection.sendall(data[:9 * MIB])
    wait_until(lambda: upload.patch(0, data).status == 204, 20)
    assert stored(publisher, data)


def test_the_wrong_digest_ends_an_upload(publisher):
    data = noise(5 * MIB)
    upload = Upload.create(publisher, data, sha256=signing.sha256(b"else"))
    upload.patch(0, data[:MIB]).expect(204)
    refused = upload.patch(MIB, data[MIB:]).expect(422)
    assert refused.problem == "digest-mismatch"
    upload.head().expect(404)
    publisher.get(f"/api/v1/artifacts/{signing.sha256(b'else')}").expect(404)


def test_termination(publisher):
    data = noise(5 * MIB)
    upload = Upload.create(publisher, data)
    upload.patch(0, data[:4 * MIB]).expect(204)
    upload.delete().expect(204)
    upload.head().expect(404)
    upload.delete().expect(404)
    upload.patch(4 * MIB, data[4 * MIB:]).expect(404)


def test_others_do_not_see_an_upload(server, publisher, viewer):
    server.run("workspace", "create", "other")
    other = server.api(server.create_token("publisher", workspace="other"))
    data = noise(1000)
    upload = Upload.create(publisher, data)
    Upload(other, upload.location, data).head().expect(404)
    Upload(other, upload.location, data).patch(0, data).expect(404)
    Upload(other, upload.location, data).delete().expect(404)
    Upload(viewer, upload.location, data).head().expect(403)
    upload.finish()
    other.get(f"/api/v1/artifacts/{signing.sha256(data)}").expect(404)


# ---- cut off ------------------------------------------------------------------------------------


def test_resumes_after_the_client_went_away(publisher):
    data = noise(12 * MIB)
    upload = Upload.create(publisher, data)
    with upload.open_patch(0, len(data)) as connection:
        connection.sendall(data[:7 * MIB + 123])
    # what arrived is kept to the byte, not only to the last segment
    offset = wait_until(upload.offset, 20)
    wait_until(lambda: upload.offset() == 7 * MIB + 123 or upload.offset() > 4 * MIB, 20)
    wait_until(lambda: finish_or_locked(upload), 20)
    assert offset > 0
    assert stored(publisher, data)


def finish_or_locked(upload):
    offset = upload.offset()
    if offset == len(upload.data):
        return True
    reply = upload.patch(offset, upload.data[offset:])
    assert reply.status in (204, 409, 423), reply
    return reply.status == 204


def wait_for_writer(database):
    """Until somebody holds the lock of an upload's content."""
    wait_until(lambda: database.sql("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"
                                    " AND classid = x'6d660000'::bigint AND database = (SELECT oid"
                                    " FROM pg_database WHERE datname = current_database())")
               == [["1"]], 20)


def test_a_second_writer_has_to_wait(publisher, database):
    data = noise(MIB)
    upload = Upload.create(publisher, data)
    with upload.open_patch(0, len(data)) as connection:
        connection.sendall(data[:1000])
        wait_for_writer(database)
        assert upload.patch(0, data).expect(423).problem == "upload-locked"
        connection.sendall(data[1000:])
        assert re.match(rb"HTTP/1.1 204 ", connection.recv(100))
    assert stored(publisher, data)


def test_resumes_after_the_server_was_killed(server, publisher):
    data = noise(24 * MIB)
    upload = Upload.create(publisher, data)
    upload.patch(0, data[:1000]).expect(204)
    with upload.open_patch(1000, len(data) - 1000) as connection:
        connection.sendall(data[1000:20 * MIB])
        wait_until(lambda: upload.offset() > 1000, 20)
        server.restart(kill=True)
    publisher.port = server.api_port
    assert upload.offset() >= 1000
    wait_until(lambda: finish_or_locked(upload), 20)
    assert stored(publisher, data)


def test_resumes_on_another_instance(publisher, add_server):
    data = noise(12 * MIB)
    upload = Upload.create(publisher, data)
    upload.patch(0, data[:5 * MIB + 1]).expect(204)
    other = Upload(add_server().api(publisher.token), upload.location, data)
    assert other.offset() == 5 * MIB + 1
    other.patch(5 * MIB + 1, data[5 * MIB + 1:9 * MIB]).expect(204)
    upload.finish()
    assert stored(publisher, data) and stored(other.api, data)


def test_another_instance_excludes_writers_too(publisher, add_server, database):
    data = noise(MIB)
    upload = Upload.create(publisher, data)
    other = Upload(add_server().api(publisher.token), upload.location, data)
    with upload.open_patch(0, len(data)) as connection:
        connection.sendall(data[:1000])
        wait_for_writer(database)
        other.patch(0, data).expect(423)
    wait_until(lambda: finish_or_locked(other), 20)
    assert stored(publisher, data)


def test_resumes_after_the_database_restarted(private_cluster, private_database, make_server):
    server = make_server(database_url=private_database.url())
    publisher = server.api(server.create_token("publisher"))
    data = noise(24 * MIB)
    upload = Upload.create(publisher, data)
    upload.patch(0, data[:5 * MIB]).expect(204)
    with upload.open_patch(5 * MIB, len(data) - 5 * MIB) as connection:
        connection.sendall(data[5 * MIB:15 * MIB])
        private_cluster.stop()
        private_cluster.start()
        wait_until(lambda: publisher.get("/readyz").status == 200, 30)
    assert upload.offset() >= 5 * MIB
    wait_until(lambda: finish_or_locked(upload), 20)
    assert stored(publisher, data)


def test_two_uploads_of_the_same_bytes_race(publisher, add_server):
    data = noise(20 * MIB)
    first = Upload.create(publisher, data)
    second = Upload.create(add_server().api(publisher.token), data)
    with first.open_patch(0, len(data)) as one, second.open_patch(0, len(data)) as two:
        for offset in range(0, len(data), MIB):
            one.sendall(data[offset:offset + MIB])
            two.sendall(data[offset:offset + MIB])
        assert re.match(rb"HTTP/1.1 204 ", one.recv(100))
        assert re.match(rb"HTTP/1.1 204 ", two.recv(100))
    assert stored(publisher, data)


# ---- limits -------------------------------------------------------------------------------------


def test_limits_of_a_workspace(publisher, database):
    database.sql("UPDATE workspace SET artifact_limit_bytes = 1000000, quota_bytes = 1500000")
    data = noise(1_000_001)
    for refused in (publisher.put(f"/api/v1/artifacts/{signing.sha256(data)}", body=data),
                    Upload.announce(publisher, signing.sha256(data), len(data))):
        assert refused.expect(413).problem == "artifact-too-large"
        assert refused.json()["limit_bytes"] == 1_000_000
    first = noise(1_000_000, 2)
    Upload.create(publisher, first)
    second = noise(500_001, 3)
    for refused in (publisher.put(f"/api/v1/artifacts/{signing.sha256(second)}", body=second),
                    Upload.announce(publisher, signing.sha256(second), len(second))):
        assert refused.expect(409).problem == "quota-exceeded"
        assert refused.json()["limit_bytes"] == 1_500_000
        assert refused.json()["used_bytes"] == 1_000_000
    third = noise(500_000, 4)
    publisher.put(f"/api/v1/artifacts/{signing.sha256(third)}", body=third).expect(201)


def test_the_bytes_of_an_abandoned_upload_are_reclaimed(publisher, database):
    kept = noise(3 * MIB)
    publisher.put(f"/api/v1/artifacts/{signing.sha256(kept)}", body=kept).expect(201)
    data = kept + noise(5 * MIB, 2)
    upload = Upload.create(publisher, data)
    upload.patch(0, data[:6 * MIB]).expect(204)
    database.sql("UPDATE upload SET expires_at = now() - interval '1 second'")
    upload.head().expect(404)
    upload.patch(6 * MIB, data[6 * MIB:]).expect(404)
    wait_until(lambda: database.sql("SELECT count(*) FROM content") == [["1"]], 30)
    rows = database.sql("SELECT sum(size_bytes), (SELECT sum(octet_length(data)) FROM chunk_page)"
                        " FROM chunk")
    assert rows == [[str(3 * MIB), str(3 * MIB)]]
    assert stored(publisher, kept)


@pytest.mark.slow
def test_an_artifact_beyond_4_gib(publisher):
    block = bytes(64 * MIB)
    size = 4 * 1024 * MIB + 5
    digest = hashlib.sha256()
    for _ in range(64):
        digest.update(block)
    digest.update(b"tail!")
    upload = Upload.create(publisher, b"", sha256=digest.hexdigest(), length=size)
    with upload.open_patch(0, size) as connection:
        connection.settimeout(300)
        for _ in range(64):
            connection.sendall(block)
        connection.sendall(b"tail!")
        assert re.match(rb"HTTP/1.1 204 ", connection.recv(100))
    path = f"/api/v1/artifacts/{digest.hexdigest()}"
    assert publisher.head(path).header("Content-Length") == str(size)
    part = publisher.get(path, headers={"Range": f"bytes={4 * 1024 * MIB - 2}-"}).expect(206)
    assert part.body == b"\0\0tail!"
    assert part.header("Content-Range") == f"bytes {size - 7}-{size - 1}/{size}"
