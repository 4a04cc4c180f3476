# SPDX-License-Identifier: Apache-2.0
"""kill -9 of the server at any moment: nothing acknowledged is lost, nothing half-visible."""

import http.client
import itertools
import os
import random
import threading

import pytest

from ferry import signing
from ferry.wait import wait_until

ROUNDS = int(os.environ.get("MODELFERRY_KILL_ROUNDS", "5"))
GONE = (OSError, http.client.HTTPException)


class Load:
    """Publishers and operators that never stop; they remember what the server acknowledged."""

    def __init__(self, server, publisher, operator, key):
        self.server = server
        self.publisher = publisher
        self.operator = operator
        self.key = key
        self.numbers = itertools.count(1)
        self.artifacts = {}  # digest -> bytes, acknowledged
        self.versions = {}   # version -> envelope, acknowledged
        self.tried = set()
        self.desired = {}    # device -> the version of its state that was acknowledged last
        self.acknowledged = threading.Semaphore(0)
        self.lock = threading.Lock()
        self.stopping = False
        self.faults = []

    def run(self, work):
        while not self.stopping:
            try:
                work()
            except GONE:
                # the server was killed: its successor listens elsewhere
                port = self.server.api_port
                self.publisher.port = self.operator.port = port
            except AssertionError as error:
                self.faults.append(str(error))
                return

    def publish(self):
        number = next(self.numbers)
        data = random.Random(number).randbytes(200_000 + number)
        digest = signing.sha256(data)
        reply = self.publisher.put(f"/api/v1/artifacts/{digest}", body=data)
        if reply.status == 503:
            return
        reply.expect(200, 201)
        with self.lock:
            self.artifacts[digest] = data
            self.tried.add(f"1.0.{number}")
        self.acknowledged.release()
        envelope = self.key.envelope(signing.manifest("load", f"1.0.{number}", [
            signing.variant([signing.artifact("model.onnx", data)])]))
        reply = self.publisher.post("/api/v1/models/load/versions", envelope)
        if reply.status == 503:
            return
        reply.expect(201)
        with self.lock:
            self.versions[f"1.0.{number}"] = envelope
        self.acknowledged.release()

    def deploy(self, device):
        with self.lock:
            version = random.choice(list(self.versions))
        reply = self.operator.put(f"/api/v1/devices/{device}/desired", {
            "slots": {"main": {"model": "load", "version": version}}})
        if reply.status == 503:
            return
        with self.lock:
            self.desired[device] = max(self.desired.get(device, 0),
                                       reply.expect(200).json()["version"])
        self.acknowledged.release()


@pytest.fixture
def load(server, publisher, operator, model_key, enroll):
    publisher.post("/api/v1/models", {"name": "load", "keys": [{"key": model_key.object}]})
    load = Load(server, publisher, operator, model_key)
    load.publish()
    enroll("device-a")
    return load


@pytest.mark.slow
def test_nothing_acknowledged_is_lost(server, load, publisher):
    seed = random.randrange(1 << 30)
    print(f"seed {seed}")
    chance = random.Random(seed)
    works = [load.publish, load.publish, lambda: load.deploy("device-a")]
    threads = [threading.Thread(target=load.run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    try:
        for _ in range(ROUNDS):
            for _ in range(chance.randrange(1, 12)):
                assert load.acknowledged.acquire(timeout=60), load.faults
            server.restart(kill=True)
    finally:
        load.stopping = True
        for thread in threads:
            thread.join()
    assert load.faults == []
    publisher.port = server.api_port
    check_artifacts(publisher, load)
    check_versions(publisher, load)
    state = publisher.get("/api/v1/devices/device-a/desired").expect(200).json()
    assert state["version"] >= load.desired["device-a"]


def check_artifacts(publisher, load):
    for digest, data in load.artifacts.items():
        assert publisher.get(f"/api/v1/artifacts/{digest}").expect(200).body == data


def check_versions(publisher, load):
    for version, envelope in load.versions.items():
        stored = publisher.get(f"/api/v1/models/load/versions/{version}/manifest").expect(200)
        assert stored.json() == envelope
    for item in publisher.items("/api/v1/models/load/versions"):
        # acknowledged or not: what is visible is whole
        assert item["version"] in load.tried and item["state"] == "published"
        shown = publisher.get(f"/api/v1/models/load/versions/{item['version']}").expect(200).json()
        for variant in shown["variants"]:
            for artifact in variant["artifacts"]:
                assert artifact["stored"]
                body = publisher.get(f"/api/v1/artifacts/{artifact['sha256']}").expect(200).body
                assert signing.sha256(body) == artifact["sha256"]


def test_a_killed_server_starts_again_at_once(server, publisher):
    """No lock, no half-written file of its own stands in its way."""
    server.restart(kill=True)
    publisher.port = server.api_port
    publisher.get("/api/v1/models").expect(200)


def test_either_instance_may_die(server, add_server, publish, enroll, assign):
    """Two instances: the one that a device hangs on is killed; it goes on with the other."""
    other = add_server()
    published = publish()
    device = enroll(server=other)
    with device.events() as stream:
        stream.next("state")
        other.kill()
        with pytest.raises((StopIteration, *GONE)):
            while True:
                stream.next("state")
    assign(device, published)
    device.port = server.device_port
    with device.events() as stream:  # the roster follows the database in a moment
        while int(stream.next("state")["id"]) < 1:
            pass
    assert device.state().json()["slots"]["main"]["version"] == published.version


def test_an_update_set_on_one_instance_wakes_a_device_on_the_other(add_server, publish, enroll,
                                                                   assign):
    other = add_server()
    published = publish()
    device = enroll(server=other)
    with device.events() as stream:
        first = stream.next("state")
        assign(device, published)
        assert int(stream.next("state")["id"]) > int(first["id"])


def test_a_poll_held_by_the_other_instance_is_answered(add_server, publish, enroll, assign):
    other = add_server()
    published = publish()
    device = enroll(server=other)
    etag = device.state().header("ETag")
    answer = {}
    waiting = threading.Thread(target=lambda: answer.update(reply=device.state(etag, wait=120)))
    waiting.start()
    wait_until(lambda: device.state(etag).status == 304)
    assign(device, published)
    waiting.join(60)
    assert answer["reply"].expect(200).json()["slots"]["main"]["model"] == published.model
