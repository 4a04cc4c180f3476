# SPDX-License-Identifier: Apache-2.0
"""What devices should run, as operators set it."""

import threading

import pytest

from ferry import signing
from ferry.wait import wait_until


def slot(version="1.0.0", model="digits", **more):
    return {"model": model, "version": version, **more}


def put(operator, device, slots, etag=None):
    headers = {"If-Match": etag} if etag else {}
    return operator.put(f"/api/v1/devices/{device.name}/desired", {"slots": slots},
                        headers=headers)


def test_a_state_is_set_and_read_back(operator, device, publish):
    publish()
    first = operator.get(f"/api/v1/devices/{device.name}/desired").expect(200)
    assert first.json() == {"version": 0, "slots": {}} and first.header("ETag") == '"0"'
    reply = put(operator, device, {"main": slot(), "side": slot(role="shadow")}).expect(200)
    assert reply.header("ETag") == '"1"'
    assert reply.json() == {"version": 1, "slots": {
        "main": slot(variant="raw/cpu/fp32", role="production"),
        "side": slot(variant="raw/cpu/fp32", role="shadow")}}
    assert operator.get(f"/api/v1/devices/{device.name}/desired").json() == reply.json()
    assert device.state().json()["slots"].keys() == {"main", "side"}


def test_a_kind_of_reload_is_part_of_the_state(operator, device, publish, database):
    """Another kind is another state; what is left out is left to the device again."""
    publish()
    publish(version="2.0.0", data=b"more")
    for version, reload in enumerate(("restart", "notify", None), 1):
        more = {"reload": reload} if reload else {}
        reply = put(operator, device, {"main": slot(**more)}).expect(200).json()
        assert reply["version"] == version
        assert reply["slots"]["main"].get("reload") == reload
        assert device.state().json()["slots"]["main"].get("reload") == reload
    put(operator, device, {"main": slot(reload="signal"), "side": slot(reload="reboot")}).expect(200)

    bulk = {"devices": "all", "slot": "main", **slot("2.0.0")}
    assert operator.post("/api/v1/desired", {**bulk, "reload": "watch"}).json()["changed"] == 1
    shown = operator.get(f"/api/v1/devices/{device.name}/desired").json()["slots"]
    assert (shown["main"]["reload"], shown["side"]["reload"]) == ("watch", "reboot")
    assert operator.post("/api/v1/desired", {**bulk, "reload": "watch"}).json()["unchanged"] == 1
    assert operator.post("/api/v1/desired", bulk).json()["changed"] == 1
    shown = operator.get(f"/api/v1/devices/{device.name}/desired").json()["slots"]
    assert "reload" not in shown["main"] and shown["side"]["reload"] == "reboot"
    assert operator.post("/api/v1/desired", {**bulk, "reload": "hop"}).expect(400).problem == (
        "invalid-field")
    said = [row[0] for row in database.sql(
        "SELECT coalesce(after ->> 'reload', 'own') FROM audit_entry"
        " WHERE action = 'desired.set-slot' ORDER BY seq")]
    assert said == ["watch", "own"]


def test_setting_what_is_there_changes_nothing(operator, device, publish):
    publish()
    put(operator, device, {"main": slot()}).expect(200)
    assert put(operator, device, {"main": slot()}).json()["version"] == 1
    assert put(operator, device, {}).json() == {"version": 2, "slots": {}}
    assert device.state().json() == {"version": 2, "slots": {}}


def test_if_match_compares_and_sets(operator, device, publish):
    publish()
    put(operator, device, {"main": slot()}, '"0"').expect(200)
    refused = put(operator, device, {}, '"0"').expect(412)
    assert refused.problem == "precondition-failed"
    put(operator, device, {}, "*").expect(200)
    put(operator, device, {}, '"2"').expect(200)
    put(operator, device, {}, "2").expect(400)


def test_of_many_that_race_with_if_match_one_wins(operator, device, publish):
    for number in range(8):
        publish(version=f"1.0.{number}", data=b"%d" % number)
    replies = []

    def run(number):
        replies.append(put(operator, device, {"main": slot(f"1.0.{number}")}, '"0"').status)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(replies) == [200] + [412] * 7


@pytest.mark.parametrize("slots, status, problem", [
    ({"main": slot(model="nobody")}, 404, "unknown-model"),
    ({"main": slot("9.9.9")}, 404, "unknown-version"),
    ({"main": slot(variant="onnx/gpu/fp16")}, 409, "unknown-variant"),
    ({"Main": slot()}, 400, "invalid-field"),
    ({"main": slot("not a version")}, 400, "invalid-field"),
    ({"main": slot(role="spare")}, 400, "invalid-field"),
    ({"main": {"model": "digits"}}, 400, "invalid-field"),
    ({"main": slot(reload="dance")}, 400, "invalid-field"),
    ({"main": slot(reload="device")}, 400, "invalid-field"),
    ({"main": slot(color="red")}, 400, "unknown-field"),
])
def test_mistakes_are_named_and_change_nothing(operator, device, publish, slots, status, problem):
    publish()
    assert put(operator, device, slots).expect(status).problem == problem
    assert device.state().json()["version"] == 0


def test_a_draft_reaches_no_device(operator, publisher, device, publish, model_key):
    publish()
    data = b"weights"
    signed = signing.manifest("digits", "2.0.0",
                              [signing.variant([signing.artifact("model.onnx", data)])])
    draft = publisher.post("/api/v1/models/digits/versions",
                           {"signatures": [], "signed": signed}).expect(201).json()
    assert draft["state"] == "draft"
    refused = put(operator, device, {"main": slot("2.0.0")}).expect(409)
    assert refused.problem == "version-not-published"
    bulk = {"devices": "all", "slot": "main", **slot("2.0.0")}
    assert operator.post("/api/v1/desired", bulk).expect(409).problem == "version-not-published"
    device.get(f"/device/v1/manifests/{draft['manifest_sha256']}").expect(404)


def test_the_variant_follows_the_capabilities(operator, enroll, publish):
    data = b"weights"
    artifacts = [signing.artifact("model.bin", data)]
    publish(data=data, name="model.bin", variants=[
        signing.variant(artifacts, "npu", "sm8650-htp", "int8"),
        signing.variant(artifacts, "micro", "cpu", "int8"),
        signing.variant(artifacts, "raw", "cpu", "fp32")])
    phone = enroll("phone", capabilities=[{"runtime": "npu", "hardware": "sm8650-htp"},
                                          {"runtime": "raw", "hardware": "cpu"}])
    board = enroll("board", capabilities=[{"runtime": "raw", "hardware": "cpu"}])
    clock = enroll("clock", capabilities=[])

    operator.post("/api/v1/desired", {"devices": ["phone", "board"], "slot": "main",
                                      **slot()}).expect(200)
    desired = {name: operator.get(f"/api/v1/devices/{name}/desired").json()["slots"]
               for name in ("phone", "board")}
    assert desired["phone"]["main"]["variant"] == "npu/sm8650-htp/int8"
    assert desired["board"]["main"]["variant"] == "raw/cpu/fp32"

    refused = put(operator, clock, {"main": slot()}).expect(409)
    assert refused.problem == "no-fitting-variant"
    refused = operator.post("/api/v1/desired", {"devices": "all", "slot": "main",
                                                **slot("1.0.0")}).expect(409)
    assert refused.problem == "no-fitting-variant"
    put(operator, clock, {"main": slot(variant="micro/cpu/int8")}).expect(200)
    assert phone.state and board.state


def test_one_slot_of_many_keeps_the_others(operator, enroll, publish):
    one, two = enroll("one"), enroll("two")
    publish()
    publish(version="2.0.0", data=b"2")
    put(operator, one, {"side": slot()}).expect(200)
    body = {"devices": ["two", "one", "two"], "slot": "main", **slot("2.0.0")}
    assert operator.post("/api/v1/desired", body).expect(200).json() == {
        "changed": 2, "unchanged": 0}
    assert operator.post("/api/v1/desired", body).json() == {"changed": 0, "unchanged": 2}
    wait_until(lambda: one.state().json()["version"] == 2)
    assert one.state().json()["slots"].keys() == {"main", "side"}
    wait_until(lambda: two.state().json()["slots"].keys() == {"main"})


def test_all_or_none(operator, enroll, publish):
    one = enroll("one")
    publish()
    body = {"devices": ["one", "ghost"], "slot": "main", **slot()}
    refused = operator.post("/api/v1/desired", body).expect(404)
    assert refused.problem == "unknown-device" and "ghost" in refused.json()["detail"]
    assert one.state().json()["version"] == 0


@pytest.mark.parametrize("devices", [[], "some", ["Not A Name"], [1], {}, None])
def test_nonsense_for_devices(operator, publish, devices):
    publish()
    refused = operator.post("/api/v1/desired", {"devices": devices, "slot": "main", **slot()})
    assert refused.expect(400).problem == "invalid-field"


def test_bulk_changes_that_race_lose_nothing(operator, enroll, publish):
    devices = [enroll(f"cam-{number}") for number in range(6)]
    slots = [f"slot-{number}" for number in range(6)]
    publish()
    replies = []

    def run(name):
        replies.append(operator.post("/api/v1/desired",
                                     {"devices": "all", "slot": name, **slot()}).status)

    threads = [threading.Thread(target=run, args=(name,)) for name in slots]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert replies == [200] * len(slots)
    for device in devices:
        assert sorted(operator.get(f"/api/v1/devices/{device.name}/desired").json()["slots"]) == slots


def test_an_idempotency_key_repeats_the_answer(operator, device, publish):
    publish()
    body = {"devices": "all", "slot": "main", **slot()}
    headers = {"Idempotency-Key": "deploy-1"}
    first = operator.post("/api/v1/desired", body, headers=headers).expect(200).json()
    assert first == {"changed": 1, "unchanged": 0}
    assert operator.post("/api/v1/desired", body, headers=headers).json() == first


def test_viewers_look_and_publishers_do_not_deploy(viewer, publisher, device, publish):
    publish()
    viewer.get(f"/api/v1/devices/{device.name}/desired").expect(200)
    put(viewer, device, {}).expect(403)
    put(publisher, device, {}).expect(403)


def test_devices_get_what_is_published_in_their_workspace_only(server, device, publish):
    published = publish()
    sha256 = published.reply["manifest_sha256"]
    manifest = device.get(f"/device/v1/manifests/{sha256}").expect(200)
    assert signing.sha256(manifest.body) == sha256
    assert device.get(f"/device/v1/artifacts/{published.sha256}").expect(200).body == published.data

    server.run("workspace", "create", "elsewhere")
    foreign = server.api(server.create_token("operator", workspace="elsewhere"))
    token = foreign.post("/api/v1/enrolments", {"name": "x"}).expect(201).json()["token"]
    reply = server.device(token).post(
        "/device/v1/enroll", signing.enrolment(signing.Key(), token, device.name)).expect(201)
    stranger = server.device(reply.json()["token"])
    assert reply.json()["workspace"] == "elsewhere"
    stranger.get(f"/device/v1/manifests/{sha256}").expect(404)
    stranger.get(f"/device/v1/artifacts/{published.sha256}").expect(404)
    assert [item["id"] for item in foreign.items("/api/v1/devices")] == [reply.json()["device_id"]]
    foreign.post("/api/v1/desired", {"devices": "all", "slot": "main", **slot()}).expect(404)
    device.get("/device/v1/manifests/nonsense").expect(404)


# ---- how far they are ---------------------------------------------------------------------------


def progress(asker, devices, version="1.0.0", **more):
    reply = asker.post("/api/v1/desired/progress", {
        "devices": devices, "slot": "main", "model": "digits", "version": version, **more})
    return {each["device"]: each for each in reply.expect(200).json()["settled"]}


def report_on(device, sequence, published, state, state_version, **more):
    word = {"state": state, "model": published.model, "version": published.version, **more}
    if state == "installed":
        word |= {"variant": "raw/cpu/fp32", "manifest_sha256": published.reply["manifest_sha256"]}
    device.report(sequence, {"main": word}, state_version).expect(200)


def test_progress_tells_who_has_answered(operator, viewer, enroll, publish, assign):
    first = publish()
    second = publish("digits", "2.0.0", b"second")
    names = ["done", "failed", "other", "revoked", "silent", "nobody", "old-failure"]
    devices = {name: enroll(name) for name in names if name != "nobody"}
    for name in ("done", "failed", "revoked", "silent", "old-failure"):
        assign(name, first)
    assign("other", second)
    report_on(devices["done"], 1, first, "installed", 1, gap_us=7, gap_source="agent")
    error = {"code": "no-space", "detail": "full"}
    report_on(devices["failed"], 1, first, "failed", 1, error=error)
    report_on(devices["old-failure"], 1, first, "failed", 1, error=error)
    assign("old-failure", second)
    assign("old-failure", first)
    operator.delete("/api/v1/devices/revoked").expect(204)
    assert progress(viewer, names) == {
        "done": {"device": "done", "state": "installed", "gap_us": 7},
        "failed": {"device": "failed", "state": "failed", "error": error},
        "other": {"device": "other", "state": "superseded"},
        "revoked": {"device": "revoked", "state": "revoked"},
        "nobody": {"device": "nobody", "state": "missing"}}
    assert progress(viewer, ["silent", "silent"]) == {}


def test_progress_of_many_comes_in_parts(viewer, publish):
    publish()
    names = [f"none-{number}" for number in range(2500)]
    rounds = 0
    while names:
        reply = viewer.post("/api/v1/desired/progress", {
            "devices": names, "slot": "main", "model": "digits", "version": "1.0.0"})
        answer = reply.expect(200).json()
        settled = {each["device"] for each in answer["settled"]}
        names = [name for name in names if name not in settled]
        assert answer["more"] == bool(names)
        rounds += 1
    assert rounds == 3


def test_progress_refuses_what_makes_no_sense(viewer, publish):
    publish()

    def refused(status, problem, **more):
        reply = viewer.post("/api/v1/desired/progress", {
            "devices": ["a"], "slot": "main", "model": "digits", "version": "1.0.0", **more})
        assert reply.expect(status).problem == problem
    refused(404, "unknown-version", version="9.0.0")
    refused(404, "unknown-version", model="none")
    refused(400, "invalid-field", devices="all")
    refused(400, "invalid-field", devices=[])
    refused(400, "invalid-field", devices=["Not A Name"])
