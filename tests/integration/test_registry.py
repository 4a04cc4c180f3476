# SPDX-License-Identifier: Apache-2.0
"""Models, keys, versions, signatures: what a publisher does, and every way to do it wrong."""

import concurrent.futures
import json

import pytest

from ferry import signing

WEIGHTS = b"weights"
DIGEST = signing.sha256(WEIGHTS)


@pytest.fixture
def model(publisher, model_key):
    """A model with one key and one stored artifact; its path."""
    keys = [{"name": "alice", "key": model_key.object}]
    publisher.post("/api/v1/models", {"name": "digits", "keys": keys}).expect(201)
    publisher.put(f"/api/v1/artifacts/{DIGEST}", body=WEIGHTS).expect(201)
    return "/api/v1/models/digits"


def manifest(version="1.0.0", data=WEIGHTS, **more):
    variants = [signing.variant([signing.artifact("model.onnx", data)])]
    return signing.manifest("digits", version, variants, **more)


def draft(signed):
    return {"signatures": [], "signed": signed}


# ---- models -------------------------------------------------------------------------------------


def test_a_model_comes_back_as_it_was_made(publisher, viewer, model_key):
    made = publisher.post("/api/v1/models", {
        "name": "digits", "description": "ziffern für alle", "tags": {"team": "vision", "a": ""},
        "keys": [{"name": "alice", "key": model_key.object}]}).expect(201)
    assert made.header("Location") == "/api/v1/models/digits"
    shown = viewer.get("/api/v1/models/digits").expect(200).json()
    assert shown == made.json()
    assert shown["tags"] == {"a": "", "team": "vision"}
    assert shown["description"] == "ziffern für alle"
    assert shown["latest"] is None
    assert shown["created_by"] == "test-publisher"
    (key,) = shown["keys"]
    assert (key["keyid"], key["name"], key["key"], key["revoked_at"]) == (
        model_key.keyid, "alice", model_key.object, None)


def test_a_model_is_made_once(publisher):
    publisher.post("/api/v1/models", {"name": "digits"}).expect(201)
    again = publisher.post("/api/v1/models", {"name": "digits"}).expect(409)
    assert again.problem == "model-exists"


@pytest.mark.parametrize("body, slug, where", [
    (b"", "malformed-json", "empty"),
    (b'{"name":\n  "x",,}', "malformed-json", "line 2"),
    (b'{"name": "x", "name": "x"}', "malformed-json", "line 1"),
    (b'{"name": "a\xff"}', "malformed-json", "UTF-8"),
    (b'[]', "invalid-field", "object"),
    (b'{}', "invalid-field", "name"),
    (b'{"name": "Digits"}', "invalid-field", "name"),
    (b'{"name": 7}', "invalid-field", "name"),
    (b'{"name": "x", "descripton": ""}', "unknown-field", "descripton"),
    (b'{"name": "x", "tags": {"a b": "c"}}', "invalid-field", "tags"),
    (b'{"name": "x", "keys": [{}]}', "invalid-field", "keys[0].key"),
    (b'{"name": "x", "keys": [{"key": {"keytype": "rsa"}}]}', "invalid-field", "keys[0].key"),
])
def test_a_wrong_body_is_told_what_and_where(publisher, body, slug, where):
    reply = publisher.post("/api/v1/models", body=body).expect(400)
    assert reply.problem == slug
    assert where in reply.json()["detail"]


def test_a_syntax_error_has_its_line_and_column(publisher):
    problem = publisher.post("/api/v1/models", body=b'{"name":\n  "x",,}').json()
    assert (problem["line"], problem["column"]) == (2, 7)


def test_a_body_beyond_the_limit_is_too_large(publisher):
    body = json.dumps({"name": "x", "description": "a" * (1 << 20)}).encode()
    assert publisher.post("/api/v1/models", body=body).expect(413).problem == "too-large"


def test_one_key_twice_is_refused_and_nothing_is_made(publisher, model_key):
    keys = [{"key": model_key.object}, {"key": model_key.object}]
    reply = publisher.post("/api/v1/models", {"name": "digits", "keys": keys}).expect(400)
    assert reply.problem == "invalid-field"
    assert publisher.get("/api/v1/models/digits").expect(404).problem == "unknown-model"


def test_models_are_listed_by_name_with_cursors(publisher):
    names = [f"m{number:02}" for number in range(7)]
    for name in reversed(names):
        publisher.post("/api/v1/models", {"name": name}).expect(201)
    assert [item["name"] for item in publisher.items("/api/v1/models", limit=3)] == names
    first = publisher.get("/api/v1/models?limit=3").expect(200).json()
    # what comes and goes before the cursor moves nothing behind it
    publisher.post("/api/v1/models", {"name": "a"}).expect(201)
    second = publisher.get(f"/api/v1/models?limit=3&after={first['next']}").expect(200).json()
    assert [item["name"] for item in second["items"]] == names[3:6]


@pytest.mark.parametrize("query", [
    "limit=0", "limit=1001", "limit=x", "limit=-1", "limit=", "after=!!", "after=", "after=a",
    "after=" + "A" * 1000])
def test_a_wrong_page_is_refused(publisher, query):
    reply = publisher.get(f"/api/v1/models?{query}").expect(400)
    assert reply.problem == "invalid-field"


def test_a_page_of_large_models_is_cut_by_bytes(publisher):
    tags = {f"tag-{number:03}": "v" * 1000 for number in range(900)}
    names = [f"m{number}" for number in range(7)]
    for name in names:
        publisher.post("/api/v1/models", {"name": name, "tags": tags}).expect(201)
    page = publisher.get("/api/v1/models?limit=1000").expect(200).json()
    assert 0 < len(page["items"]) < 7 and page["next"]
    assert [item["name"] for item in publisher.items("/api/v1/models", limit=1000)] == names


# ---- keys ---------------------------------------------------------------------------------------


def test_only_an_admin_changes_keys(admin, publisher, model, model_key):
    other = signing.Key()
    refused = publisher.post(f"{model}/keys", {"key": other.object}).expect(403)
    assert refused.problem == "forbidden" and "admin" in refused.json()["detail"]
    assert publisher.delete(f"{model}/keys/{model_key.keyid}").expect(403).problem == "forbidden"
    made = admin.post(f"{model}/keys", {"name": "bob", "key": other.object}).expect(201)
    assert made.json()["keyid"] == other.keyid
    keys = publisher.get(model).json()["keys"]
    assert {key["keyid"] for key in keys} == {model_key.keyid, other.keyid}


def test_a_revoked_key_signs_nothing_more(admin, publisher, model, model_key):
    before = publisher.post(f"{model}/versions", model_key.envelope(manifest())).expect(201)
    admin.delete(f"{model}/keys/{model_key.keyid}").expect(204)
    admin.delete(f"{model}/keys/{model_key.keyid}").expect(204)
    reply = publisher.post(f"{model}/versions", model_key.envelope(manifest("2.0.0"))).expect(422)
    assert reply.problem == "bad-signature" and reply.json()["expected_keyids"] == []
    again = admin.post(f"{model}/keys", {"key": model_key.object}).expect(409)
    assert again.problem == "key-exists"
    shown = publisher.get(f"{model}/versions/1.0.0").expect(200).json()
    assert shown == before.json()


def test_keys_that_are_not_there(admin, model):
    assert admin.delete(f"{model}/keys/{'0' * 64}").expect(404).problem == "unknown-key"
    assert admin.delete(f"{model}/keys/x").expect(404).problem == "unknown-key"
    reply = admin.post("/api/v1/models/nothing/keys", {"key": signing.Key().object}).expect(404)
    assert reply.problem == "unknown-model"


# ---- versions -----------------------------------------------------------------------------------


def test_a_version_comes_back_as_it_was_signed(publisher, viewer, model, model_key):
    signed = manifest(description="first", tags={"team": "vision"}, params={"hidden": "32"},
                      metrics={"accuracy": "0.9722", "tiny": "1e-400"}, extra={"kept": [1]})
    envelope = model_key.envelope(signed)
    body = json.dumps(envelope, indent=1).encode()
    made = publisher.post(f"{model}/versions", body=body).expect(201)
    assert made.header("Location") == f"{model}/versions/1.0.0"
    shown = viewer.get(f"{model}/versions/1.0.0").expect(200).json()
    assert shown == made.json()
    assert shown["state"] == "published" and shown["published_at"]
    assert (shown["description"], shown["tags"], shown["params"], shown["metrics"]) == (
        "first", signed["tags"], signed["params"], signed["metrics"])
    assert shown["variants"] == [{
        "runtime": "raw", "hardware": "cpu", "precision": "fp32", "artifacts": [{
            "name": "model.onnx", "length": len(WEIGHTS), "sha256": DIGEST, "stored": True,
            "info": None}], "added": None}]
    assert shown["signed_by"] == [model_key.keyid]
    stored = viewer.get(f"{model}/versions/1.0.0/manifest").expect(200)
    assert stored.body == body
    assert shown["manifest_sha256"] == signing.sha256(body)
    assert viewer.get(model).json()["latest"] == "1.0.0"


def test_versions_are_listed_newest_first(publisher, model, model_key):
    names = ["1.0.0", "3", "0.9.0-rc.1+b", "2.0.0"]
    for name in names:
        publisher.post(f"{model}/versions", model_key.envelope(manifest(name))).expect(201)
    publisher.post(f"{model}/versions", draft(manifest("9.0.0"))).expect(201)
    every = [item["version"] for item in publisher.items(f"{model}/versions", limit=2)]
    assert every == ["9.0.0", *reversed(names)]
    published = publisher.items(f"{model}/versions?state=published", limit=1)
    assert [item["version"] for item in published] == list(reversed(names))
    drafts = publisher.items(f"{model}/versions?state=draft")
    assert [item["version"] for item in drafts] == ["9.0.0"]
    assert publisher.get(f"{model}/versions?state=x").expect(400).problem == "invalid-field"
    assert publisher.get(model).json()["latest"] == "2.0.0"


def test_a_page_of_large_versions_is_cut_by_bytes(publisher, model):
    tags = {f"tag-{number:03}": "v" * 1000 for number in range(900)}
    names = [f"{number}.0.0" for number in range(7)]
    for name in names:
        publisher.post(f"{model}/versions", draft(manifest(name, tags=tags))).expect(201)
    page = publisher.get(f"{model}/versions?limit=1000").expect(200).json()
    assert 0 < len(page["items"]) < 7 and page["next"]
    every = [item["version"] for item in publisher.items(f"{model}/versions", limit=1000)]
    assert every == list(reversed(names))


def test_a_version_never_changes(publisher, model, model_key):
    envelope = model_key.envelope(manifest())
    publisher.post(f"{model}/versions", envelope).expect(201)
    other = model_key.envelope(manifest(description="other"))
    reply = publisher.post(f"{model}/versions", other).expect(409)
    assert reply.problem == "version-exists" and reply.json()["state"] == "published"
    # the very same is what somebody sends who never got the answer
    again = publisher.post(f"{model}/versions", envelope).expect(200)
    assert again.json()["state"] == "published"
    assert publisher.delete(f"{model}/versions/1.0.0").expect(409).problem == "version-published"


def test_a_signature_by_another_key_names_the_key_that_was_expected(publisher, model, model_key):
    stranger = signing.Key()
    reply = publisher.post(f"{model}/versions", stranger.envelope(manifest())).expect(422)
    assert reply.problem == "bad-signature"
    assert reply.json()["expected_keyids"] == [model_key.keyid]
    assert model_key.keyid in reply.json()["detail"]
    assert publisher.get(f"{model}/versions/1.0.0").expect(404).problem == "unknown-version"


def test_a_signature_over_other_bytes_is_refused(publisher, model, model_key):
    envelope = model_key.envelope(manifest())
    envelope["signed"]["description"] = "changed"
    reply = publisher.post(f"{model}/versions", envelope).expect(422)
    assert reply.problem == "bad-signature" and "does not verify" in reply.json()["detail"]
    assert reply.json()["expected_keyids"] == [model_key.keyid]


def test_one_good_signature_does_not_cover_a_bad_one(admin, publisher, model, model_key):
    other = signing.Key()
    admin.post(f"{model}/keys", {"key": other.object}).expect(201)
    signed = manifest()
    wrong = {"keyid": other.keyid, "sig": model_key.signature(signed)["sig"]}
    envelope = {"signatures": [model_key.signature(signed), wrong], "signed": signed}
    assert publisher.post(f"{model}/versions", envelope).expect(422).problem == "bad-signature"


def test_signatures_of_others_may_be_there_too(publisher, model, model_key):
    signed = manifest()
    stranger = signing.Key()
    envelope = {"signatures": [stranger.signature(signed), model_key.signature(signed)],
                "signed": signed}
    made = publisher.post(f"{model}/versions", envelope).expect(201).json()
    assert made["signed_by"] == [model_key.keyid]


def test_nothing_is_visible_before_it_is_whole(publisher, model, model_key):
    data = b"not uploaded yet"
    envelope = model_key.envelope(manifest(data=data))
    reply = publisher.post(f"{model}/versions", envelope).expect(409)
    assert reply.problem == "missing-artifacts"
    assert reply.json()["missing"] == [
        {"name": "model.onnx", "sha256": signing.sha256(data), "length": len(data)}]
    assert publisher.get(f"{model}/versions/1.0.0").expect(404).problem == "unknown-version"
    publisher.put(f"/api/v1/artifacts/{signing.sha256(data)}", body=data).expect(201)
    publisher.post(f"{model}/versions", envelope).expect(201)


def test_a_wrong_length_is_told(publisher, model, model_key):
    signed = manifest()
    signed["variants"][0]["artifacts"][0]["length"] += 1
    reply = publisher.post(f"{model}/versions", model_key.envelope(signed)).expect(409)
    assert reply.problem == "missing-artifacts"
    assert f"has {len(WEIGHTS)}" in reply.json()["detail"]


@pytest.mark.parametrize("change, where", [
    ({"model": "other"}, "signed.model"),
    ({"workspace": "other"}, "signed.workspace"),
    ({"version": "1.0"}, "version"),
    ({"_type": "x"}, "_type"),
    ({"variants": []}, "variants"),
    ({"created": "yesterday"}, "created"),
    ({"metrics": {"accuracy": "good"}}, "metrics"),
    ({"metrics": {"accuracy": "1e999"}}, "metrics"),
])
def test_a_wrong_manifest_is_told_where(publisher, model, model_key, change, where):
    envelope = model_key.envelope({**manifest(), **change})
    reply = publisher.post(f"{model}/versions", envelope).expect(400)
    assert reply.problem == "invalid-field"
    assert where in reply.json()["detail"]


def test_an_envelope_with_more_than_its_members_is_refused(publisher, model, model_key):
    envelope = {**model_key.envelope(manifest()), "sigs": []}
    assert publisher.post(f"{model}/versions", envelope).expect(400).problem == "unknown-field"


def test_what_is_unknown_is_said(publisher, model):
    nothing = "/api/v1/models/nothing"
    for path in [nothing, f"{nothing}/versions", f"{nothing}/versions/1", f"{nothing}/versions/1/manifest"]:
        assert publisher.get(path).expect(404).problem == "unknown-model"
    for path in [f"{model}/versions/1", f"{model}/versions/1/manifest"]:
        assert publisher.get(path).expect(404).problem == "unknown-version"
    assert publisher.delete(f"{model}/versions/1").expect(404).problem == "unknown-version"
    reply = publisher.post(f"{nothing}/versions", signing.Key().envelope(
        signing.manifest("nothing", "1", [signing.variant([signing.artifact("a", b"")])])))
    assert reply.expect(404).problem == "unknown-model"


def test_of_two_publishers_that_race_one_wins(publisher, model, model_key):
    envelopes = [model_key.envelope(manifest(description=f"by {number}")) for number in range(8)]
    with concurrent.futures.ThreadPoolExecutor(8) as threads:
        replies = list(threads.map(lambda e: publisher.post(f"{model}/versions", e), envelopes))
    assert sorted(reply.status for reply in replies) == [201] + 7 * [409]
    (winner,) = [reply.json() for reply in replies if reply.status == 201]
    assert publisher.get(f"{model}/versions/1.0.0").expect(200).json() == winner


# ---- drafts -------------------------------------------------------------------------------------


def test_a_draft_is_published_by_its_signature(publisher, viewer, model, model_key):
    signed = manifest()
    made = publisher.post(f"{model}/versions", draft(signed)).expect(201).json()
    assert (made["state"], made["published_at"], made["signed_by"]) == ("draft", None, [])
    assert viewer.get(model).json()["latest"] is None
    signature = model_key.signature(signed)
    published = publisher.post(f"{model}/versions/1.0.0/signatures",
                               {"signatures": [signature]}).expect(200).json()
    assert (published["state"], published["signed_by"]) == ("published", [model_key.keyid])
    envelope = viewer.get(f"{model}/versions/1.0.0/manifest").expect(200)
    assert envelope.json() == {"signatures": [signature], "signed": signed}
    assert published["manifest_sha256"] == signing.sha256(envelope.body)
    # again: the answer was lost; another: too late
    publisher.post(f"{model}/versions/1.0.0/signatures", {"signatures": [signature]}).expect(200)
    late = signing.Key().signature(signed)
    reply = publisher.post(f"{model}/versions/1.0.0/signatures", {"signatures": [late]})
    assert reply.expect(409).problem == "version-published"


def test_a_draft_waits_for_its_artifacts(publisher, model, model_key):
    data = b"comes later"
    signed = manifest(data=data)
    made = publisher.post(f"{model}/versions", draft(signed)).expect(201).json()
    assert made["variants"][0]["artifacts"][0]["stored"] is False
    signatures = {"signatures": [model_key.signature(signed)]}
    reply = publisher.post(f"{model}/versions/1.0.0/signatures", signatures).expect(409)
    assert reply.problem == "missing-artifacts"
    assert publisher.get(f"{model}/versions/1.0.0").json()["state"] == "draft"
    publisher.put(f"/api/v1/artifacts/{signing.sha256(data)}", body=data).expect(201)
    shown = publisher.get(f"{model}/versions/1.0.0").json()
    assert shown["variants"][0]["artifacts"][0]["stored"] is True
    publisher.post(f"{model}/versions/1.0.0/signatures", signatures).expect(200)


def test_a_draft_takes_no_wrong_signature(publisher, model, model_key):
    signed = manifest()
    publisher.post(f"{model}/versions", draft(signed)).expect(201)
    path = f"{model}/versions/1.0.0/signatures"
    wrong = [
        ({"signatures": [signing.Key().signature(signed)]}, 422, "bad-signature"),
        ({"signatures": [model_key.signature(manifest("2.0.0"))]}, 422, "bad-signature"),
        ({"signatures": []}, 400, "invalid-field"),
        ({"signatures": [{"keyid": "x", "sig": ""}]}, 400, "invalid-field"),
        ({"signatures": [model_key.signature(signed)], "signed": {}}, 400, "unknown-field"),
        ({}, 400, "invalid-field"),
    ]
    for body, status, slug in wrong:
        assert publisher.post(path, body).expect(status).problem == slug
    assert publisher.get(f"{model}/versions/1.0.0").json()["state"] == "draft"
    reply = publisher.post(f"{model}/versions/3/signatures", wrong[0][0]).expect(404)
    assert reply.problem == "unknown-version"


def test_a_draft_is_in_the_way_until_it_is_deleted(publisher, model, model_key):
    publisher.post(f"{model}/versions", draft(manifest())).expect(201)
    publisher.post(f"{model}/versions", draft(manifest())).expect(200)
    same = publisher.post(f"{model}/versions", model_key.envelope(manifest())).expect(409)
    assert same.problem == "version-exists" and "sign it" in same.json()["detail"]
    other = publisher.post(f"{model}/versions", draft(manifest(description="x"))).expect(409)
    assert other.problem == "version-exists" and "DELETE" in other.json()["detail"]
    publisher.delete(f"{model}/versions/1.0.0").expect(204)
    publisher.delete(f"{model}/versions/1.0.0").expect(404)
    publisher.post(f"{model}/versions", model_key.envelope(manifest())).expect(201)


def test_no_device_gets_a_draft(publisher, operator, device, model):
    data = b"of a draft only"
    publisher.put(f"/api/v1/artifacts/{signing.sha256(data)}", body=data).expect(201)
    made = publisher.post(f"{model}/versions", draft(manifest(data=data))).expect(201).json()
    reply = operator.put(f"/api/v1/devices/{device.name}/desired", {
        "slots": {"main": {"model": "digits", "version": "1.0.0"}}})
    assert 400 <= reply.status < 500 and reply.problem
    assert device.get(f"/device/v1/manifests/{made['manifest_sha256']}").status == 404
    assert device.get(f"/device/v1/artifacts/{signing.sha256(data)}").status == 404
