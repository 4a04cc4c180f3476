# SPDX-License-Identifier: Apache-2.0
"""A token that an instance does not know yet is looked up; wrong ones must not cost the database."""

import http.client

import pytest

from ferry.wait import wait_until


@pytest.fixture
def server_options():
    return {"push": {"sweep_interval": "1h", "seen_interval": "1h"}}


@pytest.fixture
def deaf(server, add_server, database, cluster):
    """Another instance, which hears of no change: nobody notifies, and it does not sweep."""
    other = add_server()
    cluster.sql("ALTER TABLE device_change DISABLE TRIGGER device_change_notify", database.name)
    return other


def test_a_device_is_known_where_it_did_not_enrol(deaf, device):
    there = device.with_token(device.token)
    there.port = deaf.device_port
    assert there.get("/device/v1/state").expect(200).json()["version"] == 0
    there.put("/device/v1/attributes", {"attributes": {"board": "x"}, "capabilities": []}).expect(204)


@pytest.mark.parametrize("first", ["held poll", "stream", "report"])
def test_whatever_it_asks_first(deaf, device, first):
    there = device.with_token(device.token)
    there.port = deaf.device_port
    if first == "held poll":
        there.get("/device/v1/state?wait=1", headers={"If-None-Match": '"0"'}).expect(304)
    elif first == "stream":
        with there.events() as stream:
            assert stream.next("state")["id"] == "0"
    else:
        there.post("/device/v1/token").expect(200)


def test_a_new_token_is_known_where_it_was_not_issued(deaf, device):
    there = device.with_token(device.token)
    there.port = deaf.device_port
    there.get("/device/v1/state").expect(200)
    new = there.with_token(device.post("/device/v1/token").expect(200).json()["token"])
    new.get("/device/v1/state").expect(200)
    there.get("/device/v1/state").expect(401)


def test_one_that_was_revoked_meanwhile_is_refused(deaf, operator, device):
    operator.delete(f"/api/v1/devices/{device.name}").expect(204)
    there = device.with_token(device.token)
    there.port = deaf.device_port
    assert there.get("/device/v1/state").expect(401).problem == "unauthenticated"


def statuses(server, tokens):
    """What the device listener answers to each, over one connection."""
    connection = http.client.HTTPConnection("127.0.0.1", server.device_port, timeout=60)
    try:
        for token in tokens:
            connection.request("GET", "/device/v1/state",
                               headers={"Authorization": f"Bearer {token}"})
            reply = connection.getresponse()
            reply.read()
            yield reply.status, reply.getheader("Retry-After")
    finally:
        connection.close()


def test_wrong_tokens_are_looked_up_so_often_and_no_more(server, device):
    flood = list(statuses(server, (f"mfd_wrong{number}" for number in range(5000))))
    refused = [status for status, _ in flood if status == 401]
    busy = [after for status, after in flood if status == 503]
    assert len(refused) + len(busy) == 5000 and refused and busy
    assert all(int(after) >= 1 for after in busy)
    device.get("/device/v1/state").expect(200)


def test_one_wrong_token_again_and_again_is_one_look_up(server, deaf, device):
    """It takes nothing from those that are new."""
    assert {status for status, _ in statuses(deaf, ["mfd_wrong"] * 5000)} == {401}
    there = device.with_token(device.token)
    there.port = deaf.device_port
    there.get("/device/v1/state").expect(200)


def test_while_the_database_is_away_nobody_is_called_wrong(make_server, private_cluster,
                                                           private_database):
    server = make_server(database_url=private_database.url())
    server.device("mfd_wrong").get("/device/v1/state").expect(401)
    private_cluster.stop("immediate")
    server.device("mfd_other").get("/device/v1/state").expect(503)
    server.device("mfd_wrong").get("/device/v1/state").expect(401)
    private_cluster.start()
    wait_until(lambda: server.device("mfd_third").get("/device/v1/state").status == 401, 60)
