# SPDX-License-Identifier: Apache-2.0
"""PostgreSQL stops answering without closing a connection: nobody waits for it without end."""

import concurrent.futures

import pytest

from ferry import signing
from ferry.wait import wait_until


@pytest.fixture
def database(private_database):
    """A cluster that the test may freeze."""
    return private_database


@pytest.fixture
def server_options():
    """PostgreSQL's own limit does not help a PostgreSQL that is frozen, so there is none."""
    return {"database": {"answer_timeout": "3s", "statement_timeout": "0"}, "work": {"workers": 2}}


def assert_refused(reply):
    assert reply.expect(503).problem == "unavailable"
    assert int(reply.header("Retry-After")) >= 1


@pytest.fixture
def frozen(private_cluster):
    """Called: everything of the cluster stands still, until the test ends or thaws it."""
    yield private_cluster.freeze
    private_cluster.thaw()


def test_requests_end_polls_go_on_and_all_recovers(server, frozen, private_cluster, publisher,
                                                   operator, publish, device, assign):
    published = publish()
    assign(device, published)
    wait_until(lambda: device.state('"0"').status == 200, what="the assignment is not there")
    etag = device.state().header("ETag")
    data = b"x" * (12 << 20)
    with concurrent.futures.ThreadPoolExecutor(20) as threads:
        frozen()
        asked = [threads.submit(publisher.get, "/api/v1/models") for _ in range(10)]
        asked.append(threads.submit(
            publisher.put, f"/api/v1/artifacts/{signing.sha256(data)}", body=data))
        asked.append(threads.submit(operator.post, "/api/v1/desired", {
            "devices": [device.name], "slot": "other", "model": published.model,
            "version": published.version}))
        while not all(each.done() for each in asked):
            assert device.state(etag).status == 304
        for each in asked:
            assert_refused(each.result())
    assert device.state(etag).status == 304
    assert server.api().get("/healthz").status == 200
    assert_refused(server.api().get("/readyz"))
    assert_refused(publisher.get("/api/v1/models"))
    assert "modelferry_database_up 0" in server.api().get("/metrics").text

    private_cluster.thaw()
    wait_until(lambda: server.api().get("/readyz").status == 200, 60, "readyz stays down")
    wait_until(lambda: publisher.put(f"/api/v1/artifacts/{signing.sha256(data)}",
                                     body=data).status in (200, 201), 60, "uploads fail")
    assert publisher.get("/api/v1/models").expect(200).json()["items"]
    with device.events() as stream:
        first = stream.next("state")
        assign(device, published, slot="third")
        assert int(stream.next("state")["id"]) > int(first["id"])


def test_a_server_stops_while_its_database_is_frozen(server, frozen, publisher):
    with concurrent.futures.ThreadPoolExecutor(1) as threads:
        frozen()
        asked = threads.submit(publisher.get, "/api/v1/models")
        server.stop()
        assert asked.exception() or asked.result().status == 503
