# SPDX-License-Identifier: Apache-2.0
"""Attacks on what a device and its server say to each other beside metadata and files: reports that
are replayed or changed, a state, an event stream, a token or a pause that is a lie.
"""

import json

import pytest

from ferry import hostile, signing
from ferry.agent import Agent
from ferry.forge import envelope
from ferry.scene import LAST, NEW, OLD
from ferry.wait import wait_until

REPORTS = "/device/v1/reports"


def sent(scene):
    """The bodies of the reports that the device has sent, in order."""
    return [body for method, path, _, body in scene.hostile.requests
            if method == "POST" and path == REPORTS]


def device_key(scene):
    """The thief has the device in hand, too."""
    file = json.loads((scene.agent.state / "identity" / "key.json").read_text())
    return signing.Key(bytes.fromhex(file["secret"]["seed"]))


def post(scene, body):
    return scene.workshop.server.device(scene.token()).post(REPORTS, body=body)


# ---- replay of reports ----------------------------------------------------------------------------


def test_a_replayed_report_is_refused(scene):
    """Word for word, again and again, also when newer ones have come."""
    [first] = sent(scene)
    assert post(scene, first).expect(409).problem == "report-replayed"
    scene.recovers()
    before = scene.view()
    for body in sent(scene):
        assert post(scene, body).expect(409).problem == "report-replayed"
    after = scene.view()
    for name in ("installed", "detected", "desired"):
        assert after[name] == before[name]


def test_a_nonce_counts_once_under_whatever_sequence(scene):
    """Signed by the device's own key."""
    signed = json.loads(sent(scene)[-1])["signed"]
    again = {**signed, "sequence": signed["sequence"] + 10}
    key = device_key(scene)
    assert post(scene, envelope(again, [key])).expect(409).problem == "report-replayed"
    post(scene, envelope({**again, "nonce": "ab" * 16}, [key])).expect(200)


def test_a_report_that_was_held_back_comes_too_late(scene):
    """Somebody keeps 'installed 1.1.0' to themselves, and plays it when it is no longer true."""
    scene.order(NEW)
    scene.hostile.files[REPORTS] = b'{"accepted":true}'
    scene.once()
    held = sent(scene)[-1]
    assert scene.view()["installed"]["main"]["version"] == OLD
    scene.recovers()
    assert post(scene, held).expect(409).problem == "report-replayed"
    assert scene.view()["installed"]["main"]["version"] == LAST


def test_a_changed_report_is_refused(scene):
    scene.order(NEW)
    scene.hostile.files[REPORTS] = b'{"accepted":true}'
    scene.once()
    body = json.loads(sent(scene)[-1])
    for change in ({"detected": []}, {"sequence": body["signed"]["sequence"] + 1}, {"serving": {}}):
        changed = {**body, "signed": {**body["signed"], **change}}
        if changed["signed"] == body["signed"]:
            continue
        assert post(scene, json.dumps(changed).encode()).expect(403).problem == "bad-signature"
    scene.recovers()


def test_a_report_of_another_device_is_refused(scene):
    """By its token, or by its key."""
    token, key = scene.workshop.enrolment_token, signing.Key()
    reply = scene.workshop.server.device(token).post(
        "/device/v1/enroll", signing.enrolment(key, token, f"{scene.name}-other")).expect(201)
    other = scene.workshop.server.device(reply.json()["token"])
    signed = json.loads(sent(scene)[-1])["signed"]
    newer = {**signed, "sequence": signed["sequence"] + 10, "nonce": "cd" * 16}
    assert other.post(REPORTS, body=envelope(newer, [device_key(scene)])).status in (403, 409)
    assert other.post(REPORTS, body=envelope(newer, [key])).status in (403, 409)
    assert post(scene, envelope(newer, [key])).expect(403).problem == "bad-signature"
    assert scene.view()["installed"]["main"]["version"] == OLD


@pytest.mark.parametrize("last", [(1 << 63) - 1, -1, 0, "x"])
def test_who_says_a_report_was_replayed_stops_no_later_one(scene, last):
    """The server's word about sequences is not believed: the device counts by itself."""
    scene.order(NEW)
    scene.hostile.fault(REPORTS, hostile.problem(409, "report-replayed", last_sequence=last))
    scene.once()
    assert scene.serves(NEW)
    scene.recovers()


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 413, 422, 429, 500])
def test_whatever_becomes_of_a_report_the_model_is_updated(scene, status):
    scene.order(NEW)
    scene.hostile.fault(REPORTS, hostile.status(status))
    scene.once(status=None)
    assert scene.serves(NEW)
    scene.recovers()


# ---- a state that is a lie ------------------------------------------------------------------------


@pytest.mark.parametrize("state", [
    b"", b"{", b"[]", b"null", b"\xff" * 64, b'{"version":"7","slots":{}}', b'{"version":-1,"slots":{}}',
    b'{"version":99999999999999999999,"slots":{}}', b'{"version":9,"slots":{"../escaped":{}}}',
    b'{"a":' * 5000], ids=range(10))
def test_survives_a_state_that_is_none(scene, state):
    scene.order(NEW)
    scene.hostile.files["/device/v1/state"] = state
    scene.refused("malformed", "state")
    scene.recovers()


@pytest.mark.parametrize("version", [1 << 40, (1 << 63) - 1])
def test_a_state_far_ahead_stops_no_later_one(scene, version):
    """What the state says is a hint: what is installed is the director's word."""
    state = {"version": version, "slots": {}}
    scene.hostile.files["/device/v1/state"] = json.dumps(state).encode()
    scene.once(status=None)
    assert scene.serves(OLD)
    scene.recovers()


def test_a_state_alone_installs_nothing(scene):
    """It names a version of the thief's, with its manifest; the director does not."""
    manifest, *_ = scene.pretend("6.6.6").values()
    scene.hostile.files["/device/v1/state"] = json.dumps({"version": 50, "slots": {"main": {
        "model": "digits", "version": "6.6.6", "role": "production",
        "variant": {"runtime": "raw", "hardware": "cpu", "precision": "fp32"},
        "manifest": {"sha256": manifest["hashes"]["sha256"], "length": manifest["length"]},
    }}}).encode()
    scene.once(status=None)
    assert scene.serves(OLD)
    assert not scene.hostile.asked(manifest["hashes"]["sha256"])
    scene.recovers()


def test_an_empty_state_takes_nothing_away(scene):
    scene.hostile.files["/device/v1/state"] = b'{"version":50,"slots":{}}'
    scene.once(status=None)
    assert scene.serves(OLD)
    scene.recovers()


# ---- events ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("stream", [
    hostile.endless("chunked"), hostile.endless("close"), hostile.silence, hostile.trickle,
    hostile.status(500), hostile.reset],
    ids=["endless", "endless close", "silent", "slow", "500", "reset"])
def test_whatever_comes_as_events_it_updates(scene, stream):
    """Push is speed, never correctness."""
    scene.hostile.fault("/device/v1/events", stream)
    scene.agent.configure({"sync": {"poll_interval": "300ms", "silence": "1s"}})
    scene.agent.start()
    scene.order(NEW)
    wait_until(lambda: scene.serves(NEW))
    scene.agent.stop()
    scene.recovers()


def test_a_storm_of_events_is_no_storm_of_requests(scene):
    """A thousand versions a second are announced; each question still waits for its answer."""
    storm = b"".join(b"event: state\nid: %d\ndata: {\"version\":%d}\n\n" % (n, n)
                     for n in range(2, 20000))
    scene.hostile.files["/device/v1/events"] = storm
    scene.hostile.fault("/device/v1/events", lambda server, request: hostile.send(
        request, hostile.Answer(200, [("Content-Type", "text/event-stream")], storm)))
    scene.agent.configure({"sync": {"retry_base": "10s", "retry_cap": "10s"}})
    scene.agent.start()
    scene.order(NEW)
    wait_until(lambda: scene.serves(NEW))
    assert len(scene.hostile.asked("/device/v1/state")) < 1000
    scene.agent.stop()
    scene.recovers()


# ---- no way back ----------------------------------------------------------------------------------


@pytest.mark.parametrize("token", ["mfd_false", "", "x" * 5000, "a b", "mfd_a\r\nX-Evil: 1",
                                   "mfd_\u00fc", None, 7])
def test_a_false_token_locks_nobody_out(scene, token):
    """Somebody in the middle answers when the device asks for a new token."""
    scene.agent.configure({"sync": {"token_rotation": "1ms"}})
    scene.hostile.files["/device/v1/token"] = json.dumps({"token": token}).encode()
    scene.once(status=None)
    assert scene.hostile.asked("/device/v1/token")
    scene.agent.configure({"sync": {"token_rotation": "30d"}})
    scene.hostile.clear()
    scene.once(status=None)
    scene.recovers()


@pytest.mark.parametrize("after", ["315360000", "99999999999999999999", "-5",
                                   "Fri, 31 Dec 9999 23:59:59 GMT", "soon"])
@pytest.mark.parametrize("status", [503, 429])
def test_nobody_puts_a_device_to_sleep_for_good(scene, status, after):
    scene.hostile.fault("/device/v1/(state|bundle|director)",
                        hostile.status(status, Retry_After=after))
    scene.agent.start()
    waits = scene.agent.wait_log(r"trying again in (\d+) ms")
    assert int(waits.group(1)) <= 2 * 3600 * 1000
    scene.agent.stop()
    scene.recovers()


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_does_not_carry_the_token_away(scene, status):
    """Nor does what another server says count for more."""
    with hostile.Hostile() as other:
        scene.order(NEW)
        for path in ("state", "bundle", "director", "artifacts"):
            scene.hostile.fault(f"/device/v1/{path}",
                                hostile.status(status, Location=f"{other.url()}/elsewhere"))
        scene.once(status=1)
        assert scene.serves(OLD)
        assert not any("Authorization" in headers for _, _, headers, _ in other.requests)
    scene.recovers()


def test_a_revoked_token_of_a_stolen_device_is_worth_nothing(scene):
    """What the thief read from the line ends with the device's revocation, on the next request."""
    token = scene.token()
    scene.workshop.api.delete(f"/api/v1/devices/{scene.name}").expect(204)
    device = scene.workshop.server.device(token)
    for path in ("state", "bundle", "director/timestamp.json"):
        wait_until(lambda path=path: device.get(f"/device/v1/{path}").status == 401)
    assert device.post(REPORTS, body=sent(scene)[-1]).status == 401
    scene.once(status=1)
    assert scene.serves(OLD)


# ---- enrolment ------------------------------------------------------------------------------------

ENROLLED = {"device": "cam-1", "device_id": "0b0c7b2e-6a1d-4a51-8e7e-0c3a4f5d6e7f",
            "workspace": "default", "token": "mfd_x", "poll_interval_s": 300}


@pytest.fixture
def newcomer(workshop, scratch, track):
    """A device that enrols with whatever answers there."""
    agent = track(Agent(scratch / "newcomer", {"server": {"low_speed_timeout": "1s"}}))
    agent.hostile = hostile.Hostile(workshop.server.device_port)

    def enroll(status=0):
        return agent.enroll(agent.hostile.url(), workshop.enrolment_token, scratch.name.lower(),
                            root=workshop.roots, status=status)
    agent.try_to = enroll
    yield agent
    agent.hostile.down()


@pytest.mark.parametrize("answer", [
    {"workspace": "acme"}, {"token": ""}, {"token": "x" * 5000}, {"token": "mfd_a\r\nX-Evil: 1"},
    {"token": None}, {"device_id": "../../escaped"}, {"device_id": ""}, {"workspace": "../x"},
    {"poll_interval_s": (1 << 63) - 1}, {"poll_interval_s": -1}, {"device": "a/../b"}],
    ids=lambda answer: "-".join(answer))
def test_a_false_enrolment_is_none(newcomer, answer):
    """Nothing is kept of it, and the honest answer to the next try is."""
    newcomer.hostile.files["/device/v1/enroll"] = json.dumps({**ENROLLED, **answer}).encode()
    done = newcomer.try_to(status=1)
    assert "cannot enrol" in done.stderr
    assert not list(newcomer.directory.parent.rglob("*escaped*"))
    newcomer.hostile.clear()
    newcomer.try_to()
    newcomer.call("run", "--once")


@pytest.mark.parametrize("fault", [hostile.endless("chunked"), hostile.trickle, hostile.silence,
                                   hostile.reset, hostile.cut(10), hostile.status(500)],
                         ids=["endless", "slow", "silence", "reset", "cut", "500"])
def test_an_enrolment_that_fails_is_tried_again(newcomer, fault):
    """Also where the server has enrolled it, and only the answer was lost."""
    newcomer.hostile.fault("/device/v1/enroll", fault)
    newcomer.try_to(status=1)
    newcomer.hostile.clear()
    newcomer.try_to()
    newcomer.call("run", "--once")
