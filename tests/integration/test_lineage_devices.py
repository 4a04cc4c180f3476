# SPDX-License-Identifier: Apache-2.0
"""Lineage of what is published, deployed and run: versions, variants, artifacts, devices."""

import urllib.parse

import pytest
from ferry import openlineage as ol
from ferry import paths, signing


def ask(api, question, **arguments):
    return api.get(f"/api/v1/lineage/{question}?" + urllib.parse.urlencode(arguments)).expect(200).json()


def refs(answer):
    return {node["ref"] for node in answer["nodes"]}


def edges(answer):
    names = [node["ref"] for node in answer["nodes"]]
    return {(names[e["from"]], e["kind"], names[e["to"]]) for e in answer["edges"]}


def artifact(data):
    return "artifact:" + signing.sha256(data)


def run(number):
    return f"run:{ol.run_id(number)}"


VARIANT = "/raw/cpu/fp32"


@pytest.fixture
def trained(publisher, publish):
    """faces@3 -> train (run 1) -> digits@1.0.0, whose publisher says so."""
    publisher.post("/api/v1/lineage", ol.run_event(
        "COMPLETE", ol.run_id(1), inputs=[ol.dataset("faces", "3")])).expect(201)
    return publish("digits", "1.0.0", b"one", **{"from": [run(1)]})


def test_a_version_comes_from_what_its_publisher_signed(trained, viewer):
    up = ask(viewer, "upstream", ref="digits@1.0.0")
    assert edges(up) >= {
        (artifact(b"one"), "contains", "model:digits@1.0.0" + VARIANT),
        ("model:digits@1.0.0" + VARIANT, "contains", "model:digits@1.0.0"),
        (run(1), "from", "model:digits@1.0.0"),
        (run(1), "from", "model:digits@1.0.0" + VARIANT),
        (run(1), "from", artifact(b"one")),
        ("dataset:lake#faces@3", "read", run(1))}
    # each of the three alone leads back to the dataset
    for node in ("digits@1.0.0" + VARIANT, artifact(b"one")):
        assert "dataset:lake#faces@3" in refs(ask(viewer, "upstream", ref=node))


def test_what_a_publisher_says_is_checked(publisher, publish, model_key):
    publish()
    for bad, words in (("faces", "names no node"), ("device:cam-1", "nothing is made from a device")):
        variants = [signing.variant([signing.artifact("model.onnx", b"weights")])]
        manifest = signing.manifest("digits", "2.0.0", variants, **{"from": ["run:" + ol.run_id(1), bad]})
        refused = publisher.post("/api/v1/models/digits/versions", model_key.envelope(manifest)).expect(400)
        assert refused.json()["field"] == "signed.from[1]" and words in refused.json()["detail"]


def test_a_draft_has_no_lineage_until_it_is_signed(publisher, publish, model_key, viewer):
    publish()
    variants = [signing.variant([signing.artifact("model.onnx", b"weights")])]
    manifest = signing.manifest("digits", "2.0.0", variants, **{"from": ["dataset:faces@3"]})
    publisher.post("/api/v1/models/digits/versions", {"signatures": [], "signed": manifest}).expect(201)
    viewer.get("/api/v1/lineage/upstream?ref=digits@2.0.0").expect(404)
    publisher.post("/api/v1/models/digits/versions/2.0.0/signatures",
                   {"signatures": [model_key.signature(manifest)]}).expect(200)
    assert "dataset:default#faces@3" in refs(ask(viewer, "upstream", ref="digits@2.0.0"))


def test_bytes_that_were_there_before_are_not_from_here(publisher, publish, viewer):
    """Two versions share a file: what the second was made from did not make it."""
    tokens, first, second = (signing.artifact(*pair) for pair in (
        ("tokens.txt", b"tokens"), ("model.onnx", b"first"), ("model.onnx", b"second")))
    publisher.put(f"/api/v1/artifacts/{signing.sha256(b'tokens')}", body=b"tokens").expect(201)
    publish("digits", "1.0.0", b"first", variants=[signing.variant([first, tokens])],
            **{"from": ["dataset:old@1"]})
    publish("digits", "2.0.0", b"second", variants=[signing.variant([second, tokens])],
            **{"from": ["dataset:new@1"]})
    assert refs(ask(viewer, "upstream", ref=artifact(b"tokens"))) == {
        artifact(b"tokens"), "dataset:default#old@1"}
    assert "dataset:default#new@1" in refs(ask(viewer, "upstream", ref=artifact(b"second")))
    down = refs(ask(viewer, "downstream", ref="dataset:new@1"))
    assert "model:digits@2.0.0" in down and "model:digits@1.0.0" not in down


@pytest.mark.parametrize("event_first", [True, False])
def test_a_run_that_wrote_a_version_wrote_its_parts(publisher, publish, viewer, event_first):
    event = ol.run_event("COMPLETE", ol.run_id(1), inputs=[ol.dataset("faces", "3")],
                         outputs=[ol.dataset("digits", "1.0.0", namespace="modelferry:models")])
    if event_first:
        publisher.post("/api/v1/lineage", event).expect(201)
    publish("digits", "1.0.0", b"one")
    if not event_first:
        publisher.post("/api/v1/lineage", event).expect(201)
    down = ask(viewer, "downstream", ref="dataset:lake#faces@3")
    assert {"model:digits@1.0.0", "model:digits@1.0.0" + VARIANT, artifact(b"one")} <= refs(down)


def test_a_fine_tuned_version_follows_the_files_that_were_read(trained, publisher, publish, viewer):
    publisher.post("/api/v1/lineage", ol.run_event(
        "COMPLETE", ol.run_id(2), "tune", [ol.artifact(signing.sha256(b"one"))],
        [ol.artifact(signing.sha256(b"two"))])).expect(201)
    publish("digits", "2.0.0", b"two")
    assert "dataset:lake#faces@3" in refs(ask(viewer, "upstream", ref="digits@2.0.0"))
    assert "model:digits@2.0.0" in refs(ask(viewer, "downstream", ref="digits@1.0.0"))
    path = ask(viewer, "path", **{"from": "digits@1.0.0", "to": "digits@2.0.0"})
    assert [n["ref"] for n in path["nodes"]] == [
        "model:digits@1.0.0", "model:digits@1.0.0" + VARIANT, artifact(b"one"), run(2),
        artifact(b"two"), "model:digits@2.0.0" + VARIANT, "model:digits@2.0.0"]
    assert path["direction"] == "downstream"


# ---- devices -------------------------------------------------------------------------------------


def serving(published):
    return {"model": published.model, "version": published.version, "variant": "raw/cpu/fp32",
            "manifest_sha256": published.reply["manifest_sha256"]}


def test_devices_are_at_the_far_end(trained, enroll, assign, viewer, operator, database):
    told, ran, idle = (enroll(name) for name in ("told", "ran", "idle"))
    assign(told, trained)
    assign(ran, trained)
    ran.report(1, {}, serving={"main": serving(trained)}).expect(200)
    down = ask(viewer, "downstream", ref="dataset:lake#faces@3")
    variant = "model:digits@1.0.0" + VARIANT
    assert {"device:told", "device:ran"} == {r for r in refs(down) if r.startswith("device:")}
    assert (variant, "ran", "device:ran") in edges(down)
    assert (variant, "ran", "device:told") not in edges(down)
    assert (variant, "deployed", "deployment:1") in edges(down)
    assert ("deployment:1", "told", "device:told") in edges(down)
    node = next(n for n in down["nodes"] if n["ref"] == "device:ran")
    assert node["kind"] == "device" and node["label"] == ran.id
    deployment = next(n for n in down["nodes"] if n["ref"] == "deployment:1")
    assert "by test-operator, 1 devices" in deployment["label"]
    assert refs(ask(viewer, "downstream", ref="dataset:lake#faces@3", kinds="device")) == {
        "device:told", "device:ran"}

    up = ask(viewer, "upstream", ref="device:ran")
    assert {"device:ran", variant, "deployment:2", run(1), "dataset:lake#faces@3"} <= refs(up)
    assert "dataset:lake#faces@3" in refs(ask(viewer, "upstream", ref="device:told"))
    assert refs(ask(viewer, "upstream", ref="device:idle")) == {"device:idle"}
    assert "dataset:lake#faces@3" in refs(ask(viewer, "upstream", ref=f"device:{ran.id}"))
    assert ask(viewer, "upstream", ref="device:ran", depth=1)["cut_off"] == "depth"
    up = ask(viewer, "upstream", ref="deployment:1")
    assert (variant, "deployed", "deployment:1") in edges(up)
    path = ask(viewer, "path", **{"from": "dataset:lake#faces@3", "to": "device:ran"})
    assert [n["ref"] for n in path["nodes"]] == ["dataset:lake#faces@3", run(1), variant, "device:ran"]
    for unknown in ("device:nobody", "deployment:99"):
        viewer.get(f"/api/v1/lineage/upstream?ref={unknown}").expect(404)
    text = viewer.get("/api/v1/lineage/upstream?format=text&ref=device:ran").expect(200).text
    assert f"\n  [ran] {variant}" in text
    assert viewer.get("/api/v1/lineage/node?ref=device:ran").expect(200).json()["facets"] == []

    # a revoked device keeps its history, and its name is free
    operator.request("DELETE", "/api/v1/devices/ran").expect(204)
    fresh = enroll("ran")
    assert refs(ask(viewer, "upstream", ref="device:ran")) == {"device:ran"}
    down = ask(viewer, "downstream", ref="dataset:lake#faces@3", kinds="device")
    assert refs(down) == {"device:told", f"device:{ran.id}"}
    assert fresh.id != ran.id


def test_history_has_what_changed_and_nothing_twice(trained, publish, device, database):
    second = publish("digits", "2.0.0", b"two")
    device.report(1, {}, serving={"main": serving(trained)}).expect(200)
    device.report(2, {}, serving={"main": serving(trained)}).expect(200)
    device.report(3, {}, serving={"main": serving(second), "side": serving(trained)}).expect(200)
    device.report(4, {}, serving={"side": serving(trained)}).expect(200)
    device.report(5, {}, serving={"main": serving(trained), "side": serving(trained)}).expect(200)
    rows = database.sql("SELECT sequence, slot, version, variant_id IS NOT NULL FROM device_ran"
                        " ORDER BY id")
    assert [row[:3] for row in rows] == [
        ["1", "main", "1.0.0"], ["3", "main", "2.0.0"], ["3", "side", "1.0.0"], ["4", "main", ""],
        ["5", "main", "1.0.0"]]
    assert [row[3] for row in rows] == ["t", "t", "t", "f", "t"]
    with pytest.raises(RuntimeError, match="never changed"):
        database.sql("UPDATE device_ran SET version = '3'")
    with pytest.raises(RuntimeError, match="never changed"):
        database.sql("DELETE FROM desired_event; DELETE FROM device_ran")


def test_what_devices_serve_that_is_not_from_here_is_kept(trained, device, database, viewer):
    stranger = {**serving(trained), "manifest_sha256": "0" * 64}
    device.report(1, {}, serving={"main": stranger}).expect(200)
    assert database.value("SELECT model FROM device_ran WHERE variant_id IS NULL") == "digits"
    assert refs(ask(viewer, "upstream", ref="device:device-1")) == {"device:device-1"}


def test_a_fleet_is_one_row(trained, enroll, operator, database, viewer):
    names = [f"cam-{number}" for number in range(12)]
    for name in names:
        enroll(name)
    operator.post("/api/v1/desired", {"devices": "all", "slot": "main", "model": "digits",
                                      "version": "1.0.0"}).expect(200)
    assert database.sql("SELECT device_count, (SELECT count(*) FROM unnest(devices)) FROM desired_event") == [
        ["12", "1"]]
    down = ask(viewer, "downstream", ref="digits@1.0.0", kinds="device")
    assert refs(down) == {f"device:{name}" for name in names}
    few = ask(viewer, "downstream", ref="digits@1.0.0", limit=8)
    assert len(few["nodes"]) == 8 and few["cut_off"] == "limit"
    operator.post("/api/v1/desired", {"devices": names[:2], "slot": "side", "model": "digits",
                                      "version": "1.0.0"}).expect(200)
    assert database.value("SELECT device_count FROM desired_event ORDER BY id DESC LIMIT 1") == "2"


def test_versions_from_before_lineage_are_in_the_graph(publish, viewer, database):
    """The migration fills in what was published before: take it away, and fill in again."""
    publish("digits", "1.0.0", b"one")
    before = ask(viewer, "upstream", ref="digits@1.0.0")
    text = (paths.ROOT / "migrations/0006_lineage.sql").read_text(encoding="utf-8")
    backfill = text[text.index("-- What was published before"):].replace(
        "workspace_id, first_at, last_at)", "workspace_id, at)").replace(
        "v.published_at, v.published_at", "v.published_at")
    database.cluster.sql("ALTER TABLE lineage_edge DISABLE TRIGGER USER; DELETE FROM lineage_edge;"
                         "DELETE FROM lineage_node;" + backfill, database.name)
    assert ask(viewer, "upstream", ref="digits@1.0.0") == before
