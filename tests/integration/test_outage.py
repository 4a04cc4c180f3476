# SPDX-License-Identifier: Apache-2.0
"""PostgreSQL goes away and comes back: what is in memory goes on, the rest says so and recovers."""

import pytest

from ferry import signing
from ferry.wait import wait_until


@pytest.fixture
def database(private_database):
    """Every server of this file is on a cluster that its test may stop."""
    return private_database


def put_artifact(publisher, data):
    return publisher.put(f"/api/v1/artifacts/{signing.sha256(data)}", body=data)


def recovered(server, publisher):
    """Waits until writes work again."""
    wait_until(lambda: server.api().get("/readyz").status == 200, 60, "readyz stays down")
    wait_until(lambda: put_artifact(publisher, b"after").status in (200, 201), 60, "writes fail")


def test_what_is_in_memory_goes_on_and_writes_say_503(server, private_cluster, publisher, publish,
                                                      device, assign):
    assign(device, publish())
    wait_until(lambda: device.state('"0"').status == 200, what="the assignment is not there")
    etag = device.state().header("ETag")
    private_cluster.stop("immediate")

    assert device.state(etag).status == 304
    assert server.api().get("/healthz").status == 200
    wait_until(lambda: server.api().get("/readyz").status == 503, 30, "readyz stays up")
    refused = put_artifact(publisher, b"during").expect(503)
    assert int(refused.header("Retry-After")) >= 1
    assert refused.problem == "unavailable"
    listed = publisher.get("/api/v1/models").expect(503)
    assert listed.header("Retry-After")
    assert device.state(etag).status == 304

    private_cluster.start()
    recovered(server, publisher)
    assert publisher.get("/api/v1/models").expect(200).json()["items"]


def test_a_waiting_device_is_woken_after_the_database_came_back(server, private_cluster, publisher,
                                                                publish, device, assign):
    published = publish()
    with device.events() as stream:
        first = stream.next("state")
        private_cluster.stop("immediate")
        private_cluster.start()
        recovered(server, publisher)
        assign(device, published)
        assert int(stream.next("state")["id"]) > int(first["id"])


def test_a_change_made_while_notifications_were_lost_is_found(server, add_server, database,
                                                              publish, enroll, assign):
    """A failover cuts every connection: LISTEN is gone, what changed meanwhile must be swept."""
    other = add_server()
    published = publish()
    there = enroll("there", server=other)
    with there.events() as stream:
        first = stream.next("state")
        database.disconnect_all()
        wait_until(lambda: server.api().get("/readyz").status == 200, 60)
        wait_until(lambda: _try(lambda: assign(there, published)), 60, "the assignment fails")
        assert int(stream.next("state")["id"]) > int(first["id"])


def _try(action):
    try:
        action()
    except AssertionError:
        return False
    return True


def test_a_server_started_before_its_database_waits_for_it(make_server, private_cluster):
    private_cluster.stop()
    server = make_server(start=False)
    server.start(ready=False)
    server.wait_listening()
    assert server.api().get("/healthz").status == 200
    assert server.api().get("/readyz").status == 503
    private_cluster.start()
    server.wait_ready()


def test_a_restart_of_the_database_in_mid_upload_loses_nothing_acknowledged(
        server, private_cluster, publisher):
    """tus: whatever offset the server acknowledged is still there."""
    data = bytes(range(256)) * 4096 * 12
    hexdigest = signing.sha256(data)
    import base64
    created = publisher.post("/api/v1/uploads", headers={
        "Tus-Resumable": "1.0.0", "Upload-Length": str(len(data)),
        "Upload-Metadata": "sha256 " + base64.b64encode(hexdigest.encode()).decode(),
    }).expect(201)
    location = "/" + created.header("Location").split("/", 3)[3] if "://" in created.header(
        "Location") else created.header("Location")

    def offset():
        head = publisher.head(location, headers={"Tus-Resumable": "1.0.0"})
        return int(head.header("Upload-Offset")) if head.status in (200, 204) else None

    def patch(start, end):
        return publisher.patch(location, body=data[start:end], headers={
            "Tus-Resumable": "1.0.0", "Upload-Offset": str(start),
            "Content-Type": "application/offset+octet-stream"})

    half = len(data) // 2
    assert patch(0, half).expect(204).header("Upload-Offset") == str(half)
    private_cluster.stop("immediate")
    patch(half, half + 1024).expect(503)
    private_cluster.start()
    at = wait_until(offset, 60, "the upload is gone")
    assert at >= half
    patch(at, len(data)).expect(204)
    assert publisher.get(f"/api/v1/artifacts/{hexdigest}").expect(200).body == data
