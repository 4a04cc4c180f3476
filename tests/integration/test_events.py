# SPDX-License-Identifier: Apache-2.0
"""How devices learn of a change: polls, long-polls, event streams, on any instance."""

import json
import threading

import pytest

from ferry.wait import wait_until


class Waiter:
    """A request that is held back, on a thread of its own."""

    def __init__(self, call):
        self.reply = None
        self.thread = threading.Thread(target=self._run, args=(call,))
        self.thread.start()

    def _run(self, call):
        self.reply = call()

    def result(self):
        self.thread.join(60)
        assert self.reply is not None, "no answer"
        return self.reply


def waiting(server, count=1):
    """Until that many wait at an instance."""
    def seen():
        text = server.api().get("/metrics").text
        return any(line.startswith("modelferry_devices_connected") and int(line.split()[-1]) >= count
                   for line in text.splitlines())
    wait_until(seen, 30, "nobody waits")


def test_a_poll_is_told_that_nothing_is_new(device, publish, assign):
    assert device.state('"0"').expect(304).header("ETag") == '"0"'
    assert device.state('W/"0"').status == 304
    assert device.state('"7", "0"').status == 304
    assert device.state("*").status == 304
    published = publish()
    assign(device, published)
    state = wait_until(lambda: (r := device.state('"0"')).status == 200 and r)
    assert state.header("ETag") == '"1"'
    assert state.json() == {"version": 1, "slots": {"main": {
        "model": "digits", "version": "1.0.0", "role": "production",
        "variant": {"runtime": "raw", "hardware": "cpu", "precision": "fp32"},
        "manifest": {"sha256": published.reply["manifest_sha256"],
                     "length": state.json()["slots"]["main"]["manifest"]["length"]}}}}


def test_a_long_poll_ends_with_the_change(server, device, publish, assign):
    published = publish()
    waiter = Waiter(lambda: device.state('"0"', wait=60))
    waiting(server)
    assign(device, published)
    reply = waiter.result().expect(200)
    assert reply.json()["version"] == 1


def test_a_long_poll_ends_with_its_time(device):
    assert device.state('"0"', wait=1).expect(304).header("ETag") == '"0"'


@pytest.mark.parametrize("wait", ["0", "301", "-1", "x", "1x", ""])
def test_only_sane_waits(device, wait):
    device.get(f"/device/v1/state?wait={wait}").expect(400)


def test_a_long_poll_of_a_revoked_device_ends(server, operator, device):
    waiter = Waiter(lambda: device.state('"0"', wait=60))
    waiting(server)
    operator.delete(f"/api/v1/devices/{device.name}").expect(204)
    waiter.result().expect(401)


def test_a_stream_tells_at_once_and_on_every_change(device, publish, assign):
    with device.events() as stream:
        assert stream.headers["Content-Type"] == "text/event-stream"
        assert stream.next()["retry"] == "5000"
        first = stream.next("state")
        assert (first["id"], json.loads(first["data"])) == ("0", {"version": 0})
        for number in (1, 2, 3):
            assign(device, publish(version=f"1.0.{number}", data=b"%d" % number))
            event = stream.next("state")
            assert (event["id"], json.loads(event["data"])) == (str(number), {"version": number})


def test_last_event_id_is_not_told_again(device, publish, assign):
    assign(device, publish())
    wait_until(lambda: device.state('"0"').status == 200)
    with device.events(last_event_id=1) as known, device.events(last_event_id=0) as behind:
        assert behind.next("state")["id"] == "1"
        assign(device, publish(version="1.1.0", data=b"more"))
        assert known.next("state")["id"] == "2"
    with device.events(last_event_id="nonsense") as stream:
        assert stream.next("state")["id"] == "2"


def test_only_the_affected_are_woken(server, enroll, publish, assign):
    one, other = enroll("one"), enroll("other")
    with one.events() as first, other.events() as second:
        first.next("state")
        second.next("state")
        assign(one, publish())
        assert first.next("state")["id"] == "1"
        assign(other, publish(version="2.0.0", data=b"2"))
        assert second.next("state")["id"] == "1"


class TestHeartbeat:
    @pytest.fixture
    def server_options(self):
        return {"device": {"heartbeat": "1s"}}

    def test_an_idle_stream_beats(self, device):
        with device.events(last_event_id=0) as stream:
            assert "retry" in stream.next()
            assert stream.next() == {"comment": ""}
            assert stream.next() == {"comment": ""}


def test_a_stopping_server_says_goodbye(server, device):
    with device.events() as stream:
        stream.next("state")
        waiter = Waiter(lambda: device.state('"0"', wait=60))
        waiting(server, 2)
        server.stop()
        assert json.loads(stream.next("goodbye")["data"]) == {"reason": "server is stopping"}
        assert list(stream) == []
    waiter.result().expect(304)


def test_the_newest_streams_of_a_device_win(server, device):
    streams = [device.events() for _ in range(9)]
    for stream in streams[1:]:
        assert stream.next("state")["id"] == "0"
    assert "newer" in streams[0].next("goodbye")["data"]
    for stream in streams:
        stream.close()


def test_an_update_on_one_instance_wakes_a_device_on_another(server, add_server, enroll, publish,
                                                             assign):
    other = add_server()
    there = enroll("there", server=other)
    with there.events() as stream:
        stream.next("state")
        waiter = Waiter(lambda: there.state('"0"', wait=60))
        waiting(other, 2)
        assign(there, publish())
        assert stream.next("state")["id"] == "1"
        assert waiter.result().expect(200).json()["version"] == 1


@pytest.mark.parametrize("victim", ["where the operator is", "where the device was"])
def test_either_instance_may_be_killed(server, add_server, operator, enroll, publish, victim):
    other = add_server()
    published = publish()
    device = enroll("there", server=other)
    if victim == "where the device was":
        other.kill()
        here, device.port = server, server.device_port
    else:
        server.kill()
        here = other
    operator.port = here.api_port
    wait_until(lambda: device.state().status == 200)
    with device.events() as stream:
        stream.next("state")
        operator.post("/api/v1/desired", {
            "devices": "all", "slot": "main", "model": published.model,
            "version": published.version}).expect(200)
        assert stream.next("state")["id"] == "1"


class TestLostNotification:
    @pytest.fixture
    def server_options(self):
        return {"push": {"sweep_interval": "300ms"}}

    def test_is_repaired_by_the_sweep(self, database, device, publish, assign):
        published = publish()
        database.sql("ALTER TABLE device_change DISABLE TRIGGER device_change_notify")
        with device.events() as stream:
            stream.next("state")
            assign(device, published)
            assert stream.next("state")["id"] == "1"


class TestCutOff:
    @pytest.fixture
    def server_options(self):
        return {"push": {"sweep_interval": "1h", "seen_interval": "1h"}}

    def test_a_follower_that_was_cut_off_listens_again(self, database, device, publish, assign,
                                                       operator):
        publish()
        with device.events() as stream:
            stream.next("state")
            database.disconnect_all()
            body = {"devices": "all", "slot": "main", "model": "digits", "version": "1.0.0"}
            wait_until(lambda: operator.post("/api/v1/desired", body).status == 200)
            assert stream.next("state")["id"] == "1"
            assign(device, publish(version="2.0.0", data=b"2"))
            assert stream.next("state")["id"] == "2"


def test_transactions_that_commit_out_of_order_are_all_seen(database, device, publish, assign,
                                                            enroll):
    """A transaction that began first and commits last must not fall behind the sweep."""
    published = publish()
    late = enroll("late")
    assign(late, published)
    wait_until(lambda: late.state('"0"').status == 200)
    with late.events(last_event_id=1) as stream, device.events() as early:
        early.next("state")
        script = f"""
            BEGIN;
            UPDATE device_state SET version = version + 1, revision = revision + 1
            WHERE device_id = (SELECT id FROM device WHERE name = 'late');
            INSERT INTO device_change (device_ids) SELECT ARRAY[id] FROM device
            WHERE name = 'late';
            SELECT pg_sleep(1);
            COMMIT"""
        slow = threading.Thread(target=database.sql, args=(script,))
        slow.start()
        wait_until(lambda: database.value(
            "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(1)%'"
            " AND datname = current_database() AND pid <> pg_backend_pid() AND state = 'active'") != "0")
        assign(device, published)
        assert early.next("state")["id"] == "1"
        slow.join()
        assert stream.next("state")["id"] == "2"
