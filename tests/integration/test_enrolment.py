# SPDX-License-Identifier: Apache-2.0
"""How devices come in, rotate their tokens, and are thrown out."""

import pytest

from ferry import signing
from ferry.wait import wait_until


def enrol(server, token, name="cam-1", key=None, sent=None, **more):
    """POST /device/v1/enroll; sent: another token in the header than in what was signed."""
    envelope = signing.enrolment(key or signing.Key(), token, name, **more)
    return server.device(sent or token).post("/device/v1/enroll", envelope)


def test_a_device_enrols_and_is_seen(server, operator, enrolment_token):
    key = signing.Key()
    token = enrolment_token(attributes={"site": "lab", "board": "assigned"})
    reply = enrol(server, token, key=key, attributes={"board": "rpi5", "os": "linux"},
                  capabilities=[{"runtime": "tflite", "hardware": "cpu"},
                                {"runtime": "onnx", "hardware": "cpu"}]).expect(201).json()
    assert reply["token"].startswith("mfd_")
    assert reply["workspace"] == "default" and reply["poll_interval_s"] >= 1

    seen = operator.get("/api/v1/devices/cam-1").expect(200).json()
    assert seen["id"] == reply["device_id"] and seen["state"] == "active"
    assert seen["attributes"] == {"site": "lab", "board": "assigned", "os": "linux"}
    assert seen["capabilities"] == [{"runtime": "onnx", "hardware": "cpu"},
                                    {"runtime": "tflite", "hardware": "cpu"}]
    assert seen["public_key"] == key.public_hex
    assert seen["desired"] == {"version": 0, "slots": {}}

    state = server.device(reply["token"]).get("/device/v1/state").expect(200)
    assert state.json() == {"version": 0, "slots": {}} and state.header("ETag") == '"0"'


def test_a_token_is_used_up(server, enrolment_token):
    token = enrolment_token(uses=1)
    enrol(server, token, "cam-1").expect(201)
    refused = enrol(server, token, "cam-2").expect(401)
    assert refused.problem == "enrolment-token-refused"
    assert "used up" in refused.json()["detail"]


def test_a_first_answer_that_was_lost_is_asked_for_again(server, enrolment_token):
    key = signing.Key()
    token = enrolment_token(uses=1)
    first = enrol(server, token, key=key).expect(201).json()
    again = enrol(server, token, key=key).expect(201).json()
    assert again["device_id"] == first["device_id"] and again["token"] != first["token"]
    server.device(again["token"]).get("/device/v1/state").expect(200)
    server.device(first["token"]).get("/device/v1/state").expect(401)


def test_a_name_belongs_to_one_key(server, enrolment_token):
    token = enrolment_token()
    enrol(server, token, "cam-1").expect(201)
    assert enrol(server, token, "cam-1").expect(409).problem == "device-exists"


def test_a_key_belongs_to_one_name(server, enrolment_token):
    key = signing.Key()
    token = enrolment_token()
    enrol(server, token, "cam-1", key).expect(201)
    assert enrol(server, token, "cam-2", key).expect(409).problem == "device-exists"


def test_expired_and_revoked_tokens_are_refused(server, operator, database, enrolment_token):
    expired = enrolment_token()
    database.sql("UPDATE enrolment SET expires_at = now() - interval '1 second'")
    assert "expired" in enrol(server, expired).expect(401).json()["detail"]

    made = operator.post("/api/v1/enrolments", {"name": "x"}).expect(201).json()
    operator.delete(f"/api/v1/enrolments/{made['id']}").expect(204)
    assert enrol(server, made["token"]).expect(401).problem == "enrolment-token-refused"
    assert enrol(server, "mfe_" + "A" * 43).expect(401).problem == "enrolment-token-refused"


def test_what_was_signed_must_be_what_was_sent(server, enrolment_token):
    token = enrolment_token()
    other = enrolment_token()
    assert enrol(server, token, sent=other).expect(401).problem == "enrolment-token-refused"

    envelope = signing.enrolment(signing.Key(), token, "cam-1")
    envelope["signed"]["device"] = "cam-2"
    refused = server.device(token).post("/device/v1/enroll", envelope).expect(403)
    assert refused.problem == "bad-signature"
    assert envelope["signatures"][0]["keyid"] in refused.json()["detail"]


def test_mistakes_in_the_request_are_named(server, enrolment_token):
    token = enrolment_token()
    assert enrol(server, token, "Not A Name").expect(400).problem == "invalid-field"
    bad = server.device(token).post("/device/v1/enroll", body=b'{"signatures": [}').expect(400)
    assert bad.problem == "malformed-json"
    assert server.device(None).post("/device/v1/enroll", {}).expect(401)


@pytest.mark.parametrize("body, problem", [
    ({"name": "x", "color": "red"}, "unknown-field"),
    ({"name": ""}, "invalid-field"),
    ({"name": "x", "uses": -1}, "invalid-field"),
    ({"name": "x", "expires_in_s": 0}, "invalid-field"),
])
def test_drafts_of_enrolments_are_checked(operator, body, problem):
    assert operator.post("/api/v1/enrolments", body).expect(400).problem == problem


def test_enrolments_are_listed_without_their_tokens(operator, viewer, enrolment_token):
    token = enrolment_token("fleet", uses=3)
    items = list(operator.items("/api/v1/enrolments"))
    assert [(item["name"], item["uses"], item["used"]) for item in items] == [("fleet", 3, 0)]
    assert token not in str(items)
    viewer.get("/api/v1/enrolments").expect(403)
    viewer.post("/api/v1/enrolments", {"name": "x"}).expect(403)


def test_the_old_token_works_until_the_new_one_is_used(server, device):
    new = device.with_token(device.post("/device/v1/token").expect(200).json()["token"])
    device.get("/device/v1/state").expect(200)
    new.get("/device/v1/state").expect(200)
    device.get("/device/v1/state").expect(401)
    new.get("/device/v1/state").expect(200)


def test_the_first_use_of_a_token_is_told_to_all_and_kept(server, add_server, device):
    other = add_server()
    wait_until(lambda: other.device(device.token).get("/device/v1/state").status == 200)
    new = device.post("/device/v1/token").expect(200).json()["token"]
    wait_until(lambda: other.device(new).get("/device/v1/state").status == 200)
    wait_until(lambda: server.device(device.token).get("/device/v1/state").status == 401)
    server.restart(kill=True)
    server.device(device.token).get("/device/v1/state").expect(401)
    server.device(new).get("/device/v1/state").expect(200)


def test_revocation_takes_effect_at_once(server, operator, device):
    with device.events() as stream:
        stream.next("state")
        operator.delete(f"/api/v1/devices/{device.name}").expect(204)
        assert "revoked" in stream.next("goodbye")["data"]
    device.get("/device/v1/state").expect(401)
    device.post("/device/v1/token").expect(401)
    assert operator.get(f"/api/v1/devices/{device.name}").json()["state"] == "revoked"
    operator.delete(f"/api/v1/devices/{device.name}").expect(404)
    operator.get(f"/api/v1/devices/{device.name}/desired").expect(404)


def test_revocation_reaches_the_other_instance(add_server, operator, enroll):
    other = add_server()
    there = enroll("there", server=other)
    with there.events() as stream:
        stream.next("state")
        operator.delete("/api/v1/devices/there").expect(204)
        assert "revoked" in stream.next("goodbye")["data"]
    there.get("/device/v1/state").expect(401)


def test_a_revoked_key_never_comes_back_but_its_name_does(server, operator, device,
                                                          enrolment_token):
    operator.delete(f"/api/v1/devices/{device.name}").expect(204)
    token = enrolment_token()
    refused = enrol(server, token, device.name, device.key).expect(403)
    assert refused.problem == "key-revoked"
    fresh = enrol(server, token, device.name).expect(201).json()
    assert fresh["device_id"] != device.id
    assert operator.get(f"/api/v1/devices/{device.name}").json()["id"] == fresh["device_id"]
    revoked = list(operator.items("/api/v1/devices?state=revoked"))
    assert [item["id"] for item in revoked] == [device.id]


def test_tokens_of_one_kind_do_not_open_the_other_door(server, admin, device):
    server.api(device.token).get("/api/v1/whoami").expect(401)
    server.device(admin.token).get("/device/v1/state").expect(401)
    server.device("mfd_" + "A" * 43).get("/device/v1/state").expect(401)
    server.device(None).get("/device/v1/state").expect(401)


def test_a_device_tells_of_itself(operator, device):
    device.put("/device/v1/attributes", {
        "attributes": {"os": "linux"},
        "capabilities": [{"runtime": "dlc", "hardware": "sm8650-htp"}]}).expect(204)
    device.put("/device/v1/attributes", {"attributes": {"os": "linux-6"}}).expect(204)
    seen = operator.get(f"/api/v1/devices/{device.name}").json()
    assert seen["attributes"] == {"os": "linux-6"}
    assert seen["capabilities"] == [{"runtime": "dlc", "hardware": "sm8650-htp"}]
    assert device.put("/device/v1/attributes", {"attributes": {"a": 1}}).expect(400)


def test_devices_are_listed_by_pages_and_by_presence(operator, enroll):
    names = [f"cam-{number}" for number in range(5)]
    devices = [enroll(name) for name in names]
    assert [item["name"] for item in operator.items("/api/v1/devices", limit=2)] == names
    with devices[3].events() as stream:
        stream.next("state")
        assert operator.get("/api/v1/devices/cam-3").json()["online"]
    operator.get("/api/v1/devices?after=nonsense").expect(400)
    operator.get("/api/v1/devices?online=maybe").expect(400)
    operator.get("/api/v1/devices/nobody").expect(404)


class TestSeen:
    @pytest.fixture
    def server_options(self):
        return {"push": {"seen_interval": "100ms"}}

    def test_when_a_device_was_seen_reaches_the_database(self, operator, device, server):
        device.state().expect(200)
        seen = wait_until(
            lambda: operator.get(f"/api/v1/devices/{device.name}").json()["last_seen_at"])
        assert seen.startswith("20")
        online = [item["name"] for item in operator.items("/api/v1/devices?online=true")]
        assert online == [device.name]
