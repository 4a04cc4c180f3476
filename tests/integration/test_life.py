# SPDX-License-Identifier: Apache-2.0
"""What may change about models and versions: aliases, notes, approvals, rules, the archive."""

import concurrent.futures
import pathlib
import sys

import pytest

from ferry import paths, signing

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lint"))
import lintlib  # noqa: E402
import routes as route_lint  # noqa: E402

DIGITS = "/api/v1/models/digits"
V1 = f"{DIGITS}/versions/1.0.0"


@pytest.fixture
def two(publish):
    """digits with two versions."""
    publish(metrics={"accuracy": "0.97"}, tags={"team": "vision"}, params={"hidden": "32"})
    publish(version="2.0.0", data=b"better")


def alias(api, name, version, etag=None, **headers):
    if etag:
        headers["If-Match"] = etag
    return api.put(f"{DIGITS}/aliases/{name}", {"version": version}, headers=headers)


# ---- aliases ------------------------------------------------------------------------------------


def test_an_alias_moves_and_goes(publisher, viewer, two):
    made = alias(publisher, "champion", "1.0.0").expect(200)
    assert made.header("ETag") == '"1"'
    assert made.json()["version"] == "1.0.0" and made.json()["moved_by"] == "test-publisher"
    assert alias(publisher, "champion", "1.0.0").expect(200).header("ETag") == '"1"'
    assert alias(publisher, "champion", "2.0.0").expect(200).header("ETag") == '"2"'
    assert viewer.get(f"{DIGITS}/aliases/champion").json()["version"] == "2.0.0"
    assert viewer.get(DIGITS).json()["aliases"] == {"champion": "2.0.0"}
    assert viewer.get(f"{DIGITS}/versions/2.0.0").json()["aliases"] == ["champion"]
    publisher.delete(f"{DIGITS}/aliases/champion").expect(204)
    assert viewer.get(f"{DIGITS}/aliases/champion").expect(404).problem == "unknown-alias"
    assert publisher.delete(f"{DIGITS}/aliases/champion").expect(404).problem == "unknown-alias"


def test_an_alias_is_compared_and_set(publisher, two):
    alias(publisher, "champion", "1.0.0", **{"If-None-Match": "*"}).expect(200)
    again = alias(publisher, "champion", "2.0.0", **{"If-None-Match": "*"}).expect(412)
    assert (again.json()["etag"], again.json()["version"]) == ('"1"', "1.0.0")
    alias(publisher, "champion", "2.0.0", '"1"').expect(200)
    stale = alias(publisher, "champion", "1.0.0", '"1"').expect(412)
    assert stale.problem == "precondition-failed"
    assert (stale.json()["etag"], stale.json()["version"]) == ('"2"', "2.0.0")
    publisher.delete(f"{DIGITS}/aliases/champion", headers={"If-Match": '"1"'}).expect(412)
    publisher.delete(f"{DIGITS}/aliases/champion", headers={"If-Match": '"2"'}).expect(204)
    gone = alias(publisher, "champion", "1.0.0", '"2"').expect(412).json()
    assert gone["etag"] is None and gone["version"] is None
    # the revisions go on: nobody who saw the old one is fooled by a new one
    assert alias(publisher, "champion", "1.0.0").expect(200).header("ETag") == '"4"'
    alias(publisher, "champion", "2.0.0", "4").expect(400)


def test_of_many_that_move_an_alias_one_succeeds(server, add_server, publisher, publish):
    for number in range(8):
        publish(version=f"1.0.{number}", data=b"%d" % number)
    alias(publisher, "champion", "1.0.0").expect(200)
    other = add_server(name="other")
    apis = [publisher, other.api(publisher.token)]

    def move(number):
        return alias(apis[number % 2], "champion", f"1.0.{number}", '"1"')

    with concurrent.futures.ThreadPoolExecutor(7) as pool:
        replies = list(pool.map(move, range(1, 8)))
    assert sorted(reply.status for reply in replies) == [200] + [412] * 6
    (won,) = [reply.json()["version"] for reply in replies if reply.status == 200]
    assert all(reply.json()["version"] == won for reply in replies if reply.status == 412)
    assert publisher.get(f"{DIGITS}/aliases/champion").json()["version"] == won


@pytest.mark.parametrize("name", ["latest", "v7", "7", "1.0.0", "Champion", "a" * 64])
def test_what_looks_like_a_version_is_no_alias(publisher, two, name):
    assert alias(publisher, name, "1.0.0").expect(400).problem == "invalid-field"


def test_an_alias_needs_a_published_version(publisher, model_key, two):
    assert alias(publisher, "champion", "9.0.0").expect(404).problem == "unknown-version"
    variants = [signing.variant([signing.artifact("model.onnx", b"weights")])]
    signed = signing.manifest("digits", "3.0.0", variants)
    publisher.post(f"{DIGITS}/versions", {"signatures": [], "signed": signed}).expect(201)
    refused = alias(publisher, "champion", "3.0.0").expect(409)
    assert refused.problem == "version-not-published" and "sign it" in refused.json()["detail"]


def test_a_protected_alias_needs_a_role(admin, publisher, operator, viewer, two):
    assert viewer.get("/api/v1/rules").json()["aliases"] == {}
    admin.put("/api/v1/rules", {"approvals": 0, "aliases": {"champion": "operator"}}).expect(200)
    refused = alias(publisher, "champion", "1.0.0").expect(403)
    assert refused.problem == "alias-protected" and "'operator'" in refused.json()["detail"]
    alias(publisher, "shadow", "1.0.0").expect(200)
    alias(operator, "champion", "1.0.0").expect(200)
    alias(admin, "champion", "2.0.0").expect(200)
    publisher.delete(f"{DIGITS}/aliases/champion").expect(403)
    # what the model says wins
    admin.put(f"{DIGITS}/rules", {"approvals": 0, "aliases": {"champion": "publisher"}}).expect(200)
    alias(operator, "champion", "1.0.0").expect(403)
    alias(publisher, "champion", "1.0.0").expect(200)
    publisher.put("/api/v1/rules", {"approvals": 0, "aliases": {}}).expect(403)


def test_rules_are_compared_and_set(admin, two):
    none = admin.get(f"{DIGITS}/rules").expect(200)
    assert none.header("ETag") == '"0"' and none.json()["set_by"] is None
    rules = {"approvals": 1, "aliases": {}}
    first = admin.put(f"{DIGITS}/rules", rules, headers={"If-None-Match": "*"}).expect(200)
    assert first.header("ETag") == '"1"'
    stale = admin.put(f"{DIGITS}/rules", rules, headers={"If-None-Match": "*"}).expect(412)
    assert stale.json()["etag"] == '"1"'
    admin.put(f"{DIGITS}/rules", rules, headers={"If-Match": '"1"'}).expect(200)
    for wrong in [{"approvals": 17, "aliases": {}}, {"approvals": 1},
                  {"approvals": 1, "aliases": {"champion": "viewer"}},
                  {"approvals": 1, "aliases": {"v1": "admin"}}]:
        admin.put(f"{DIGITS}/rules", wrong).expect(400)
    assert admin.put("/api/v1/models/none/rules", rules).expect(404).problem == "unknown-model"


# ---- notes --------------------------------------------------------------------------------------


def test_tags_come_beside_those_that_are_signed(publisher, viewer, two):
    publisher.patch(V1, json={"tags": {"stage": "prod", "git": "abc"}}).expect(200)
    shown = viewer.get(V1).json()
    assert shown["tags"] == {"git": "abc", "stage": "prod", "team": "vision"}
    assert shown["signed"]["tags"] == ["team"]
    publisher.patch(V1, json={"tags": {"stage": "dev", "git": None}}).expect(200)
    assert viewer.get(V1).json()["tags"] == {"stage": "dev", "team": "vision"}
    for value in ("audio", None):
        refused = publisher.patch(V1, json={"tags": {"team": value, "x": "y"}}).expect(409)
        assert refused.problem == "immutable" and "tags.team" in refused.json()["detail"]
    assert viewer.get(V1).json()["tags"] == {"stage": "dev", "team": "vision"}
    # saying what is so already is no change
    publisher.patch(V1, json={"tags": {"team": "vision"}}).expect(200)


def test_metrics_are_measured_on_datasets(publisher, viewer, publish):
    publish(metrics={"accuracy": "0.97", "loss": "0.1"}, measured_on={"accuracy": "mnist@1"})
    publisher.patch(V1, json={"metrics": [
        {"name": "accuracy", "value": "0.61", "dataset": "street@2"},
        {"name": "latency_ms", "value": "12.5"},
        {"name": "latency_ms", "value": "9", "dataset": "phone"}]}).expect(200)
    shown = viewer.get(V1).json()
    # the signed one is meant where no dataset is named, else the one set last
    assert shown["metrics"]["accuracy"] == "0.97" and shown["metrics"]["loss"] == "0.1"
    assert shown["metrics"]["latency_ms"] in ("9", "12.5")
    assert shown["signed"]["metrics"] == ["accuracy", "loss"]
    by_name = {(m["name"], m["dataset"]): m for m in shown["measurements"]}
    assert by_name["accuracy", "mnist@1"]["signed"]
    assert by_name["accuracy", "street@2"]["value"] == "0.61"
    assert by_name["accuracy", "street@2"]["set_by"] == "test-publisher"
    assert not by_name["latency_ms", None]["signed"]
    refused = publisher.patch(V1, json={"metrics": [
        {"name": "accuracy", "value": "0.99", "dataset": "mnist@1"}]}).expect(409)
    assert refused.problem == "immutable"
    publisher.patch(V1, json={"metrics": [
        {"name": "latency_ms", "value": None, "dataset": "phone"}]}).expect(200)
    assert viewer.get(V1).json()["metrics"]["latency_ms"] == "12.5"


def test_params_have_types(publisher, viewer, two):
    publisher.patch(V1, json={"params": {"epochs": 12, "lr": "1e-3", "fused": True,
                                         "optimiser": "adam"}}).expect(200)
    shown = viewer.get(V1).json()
    assert shown["params"] == {"epochs": "12", "fused": "true", "hidden": "32", "lr": "1e-3",
                               "optimiser": "adam"}
    assert shown["param_types"] == {"epochs": "number", "fused": "boolean", "hidden": "number",
                                    "lr": "number", "optimiser": "string"}
    assert publisher.patch(V1, json={"params": {"hidden": "64"}}).expect(409).problem == "immutable"


@pytest.mark.parametrize("member", ["variants", "description", "state", "version", "created_at",
                                    "manifest", "signed_by", "signature"])
def test_everything_else_never_changes(publisher, viewer, two, member):
    before = viewer.get(V1).json()
    refused = publisher.patch(V1, json={member: "x", "tags": {"a": "b"}}).expect(409)
    assert refused.problem == "immutable"
    assert "tags, metrics, params, card" in refused.json()["detail"]
    assert viewer.get(V1).json() == before


# What docs/REGISTRY.md lists, as routes: all else of a version answers 409, or is no route at all.
CHANGES = {("PATCH", ""), ("DELETE", ""), ("POST", "/variants"), ("POST", "/approvals"),
           ("DELETE", "/approvals/{id}"), ("PUT", "/archive"), ("DELETE", "/archive")}
MAY_CHANGE = ["tags", "metrics", "params", "card", "aliases", "variants", "approvals", "archive"]


def test_every_other_way_to_change_a_version_is_refused(publisher, admin, viewer, model_key, two):
    table = route_lint.declared(lintlib.Tree(paths.ROOT))
    prefix = "/api/v1/models/{model}/versions/{version}"
    parts = sorted({path.removeprefix(prefix) for _, path in table if path.startswith(prefix)})
    assert "" in parts and "/manifest" in parts and "/signatures" in parts
    before, manifest = viewer.get(V1).json(), viewer.get(f"{V1}/manifest").body
    other = signing.manifest("digits", "1.0.0", [signing.variant([signing.artifact(
        "model.onnx", b"better")])])
    bodies = {"/signatures": {"signatures": [model_key.signature(other)]}}
    refused = 0
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        for part in parts:
            if (method, part) in CHANGES:
                continue
            body = None if method == "DELETE" else bodies.get(part, model_key.envelope(other))
            for api in (publisher, admin):
                reply = api.request(method, V1 + part.replace("{id}", "1"), json=body)
                assert reply.status == (409 if (method, prefix + part) in table else 405), reply
                if reply.status == 409:
                    refused += 1
                    assert reply.json()["may_change"] == MAY_CHANGE, reply
    assert refused == 2 * 4
    envelope = model_key.envelope(other)
    assert publisher.post(f"{DIGITS}/versions", envelope).expect(409).json()[
        "may_change"] == MAY_CHANGE
    assert publisher.patch(V1, json={"tags": {"team": "x"}}).expect(409).json()[
        "may_change"] == MAY_CHANGE
    assert viewer.get(V1).json() == before and viewer.get(f"{V1}/manifest").body == manifest


def test_a_draft_is_not_changed_but_replaced(publisher, model_key, two):
    variants = [signing.variant([signing.artifact("model.onnx", b"weights")])]
    body = {"signatures": [], "signed": signing.manifest("digits", "3.0.0", variants)}
    publisher.post(f"{DIGITS}/versions", body).expect(201)
    for path in ("", "/manifest"):
        refused = publisher.put(f"{DIGITS}/versions/3.0.0{path}", body).expect(409)
        assert refused.problem == "version-exists" and "DELETE it" in refused.json()["detail"]
        assert publisher.put(f"{DIGITS}/versions/9.0.0{path}", body).expect(404)


@pytest.mark.parametrize("body, slug", [
    ({"nonsense": 1}, "unknown-field"),
    ({"tags": []}, "invalid-field"),
    ({"tags": {"a b": "c"}}, "invalid-field"),
    ({"tags": {"a": 1}}, "invalid-field"),
    ({"tags": {"a": "x" * 1025}}, "invalid-field"),
    ({"metrics": [{"name": "a", "value": "fast"}]}, "invalid-field"),
    ({"metrics": [{"name": "a", "value": "1e999"}]}, "invalid-field"),
    ({"metrics": [{"name": "a"}]}, "invalid-field"),
    ({"metrics": [{"name": "a", "value": "1"}, {"name": "a", "value": "2"}]}, "invalid-field"),
    ({"metrics": [{"name": "a", "value": "1", "dataset": ""}]}, "invalid-field"),
    ({"params": {"a": [1]}}, "invalid-field"),
    ({"card": 7}, "invalid-field"),
])
def test_wrong_notes_are_refused(publisher, two, body, slug):
    refused = publisher.patch(V1, json=body).expect(400)
    assert refused.problem == slug


def test_notes_are_compared_and_set(publisher, viewer, two):
    first = viewer.get(V1).header("ETag")
    changed = publisher.patch(V1, json={"tags": {"a": "b"}}, headers={"If-Match": first})
    etag = changed.expect(200).header("ETag")
    assert etag != first and viewer.get(V1).header("ETag") == etag
    stale = publisher.patch(V1, json={"tags": {"a": "c"}}, headers={"If-Match": first}).expect(412)
    assert stale.json()["etag"] == etag
    same = publisher.patch(V1, json={"tags": {"a": "b"}}).expect(200)
    assert same.header("ETag") == etag


def test_cards_are_markdown(publisher, viewer, two):
    card = "# Digits\n\n<script>alert(1)</script> über alles\n"
    assert viewer.get(f"{V1}/card").expect(200).body == b""
    for path in (V1, DIGITS):
        publisher.patch(path, json={"card": card}).expect(200)
        reply = viewer.get(f"{path}/card").expect(200)
        assert reply.text == card and reply.header("Content-Type").startswith("text/markdown")
        assert viewer.get(path).json()["card_bytes"] == len(card.encode())
    publisher.patch(V1, json={"card": "x" * 262145}).expect(400)
    viewer.patch(V1, json={"card": "mine"}).expect(403)


def test_a_model_changes_but_for_its_name(publisher, viewer, two):
    publisher.patch(DIGITS, json={"description": "new", "tags": {"owner": "vision"}}).expect(200)
    shown = viewer.get(DIGITS).json()
    assert shown["description"] == "new" and shown["tags"] == {"owner": "vision"}
    assert publisher.patch(DIGITS, json={"name": "letters"}).expect(409).problem == "immutable"
    assert publisher.patch("/api/v1/models/none", json={"tags": {}}).expect(404)


def test_there_is_an_end_of_notes(publisher, two):
    publisher.patch(V1, json={"tags": {f"t{i}": "" for i in range(1000)}}).expect(200)
    refused = publisher.patch(V1, json={"tags": {"one-more": ""}}).expect(409)
    assert refused.problem == "too-many-notes"
    publisher.patch(V1, json={"tags": {"one-more": "", "t0": None}}).expect(200)


def test_the_signature_of_a_model_is_shown(viewer, publish):
    signature = {"inputs": [{"name": "x", "type": "float32", "shape": [1, 64]}],
                 "outputs": [{"name": "y", "type": "int64", "shape": [1]}]}
    publish(signature=signature)
    assert viewer.get(V1).json()["signature"] == signature


# ---- approvals ----------------------------------------------------------------------------------


@pytest.fixture
def people(admin):
    """people("ann", role) -> an Api by that name."""

    def make(name, role="operator"):
        made = admin.post("/api/v1/tokens", {"name": name, "role": role}).expect(201).json()
        return admin.with_token(made["token"])

    return make


def approve(api, version="1.0.0", reason="looks good", **more):
    return api.post(f"{DIGITS}/versions/{version}/approvals", {"reason": reason, **more})


def test_approvals_say_who_when_and_why(people, viewer, two):
    ann = people("ann")
    evidence = ["https://ci.example/run/7", "run:00000000-0000-4000-8000-000000000000"]
    given = approve(ann, evidence=evidence).expect(201)
    assert given.header("Location") == f"{V1}/approvals/{given.json()['id']}"
    assert approve(ann).expect(409).problem == "already-approved"
    shown = viewer.get(f"{V1}/approvals").json()
    (item,) = shown["items"]
    assert item == given.json() and item["evidence"] == evidence and item["withdrawn"] is None
    assert (item["approved_by"], item["role"], item["reason"]) == ("ann", "operator", "looks good")
    assert (shown["required"], shown["counted"]) == (0, ["ann"])
    assert viewer.get(V1).json()["approved_by"] == ["ann"]
    approve(viewer).expect(403)
    ann.post(f"{V1}/approvals", {}).expect(400)
    assert approve(ann, "9.0.0").expect(404).problem == "unknown-version"


def test_an_approval_is_withdrawn_by_who_gave_it(admin, people, two):
    ann, bob = people("ann"), people("bob")
    first = approve(ann).json()["id"]
    second = approve(bob).json()["id"]
    assert bob.delete(f"{V1}/approvals/{first}").expect(403).problem == "forbidden"
    ann.delete(f"{V1}/approvals/{first}?reason=too%20slow").expect(204)
    ann.delete(f"{V1}/approvals/{first}").expect(204)
    admin.delete(f"{V1}/approvals/{second}").expect(204)
    for wrong in ("999", "x", "0"):
        assert ann.delete(f"{V1}/approvals/{wrong}").expect(404).problem == "unknown-approval"
    shown = ann.get(f"{V1}/approvals").json()
    assert shown["counted"] == []
    assert shown["items"][0]["withdrawn"]["by"] == "ann"
    assert shown["items"][0]["withdrawn"]["reason"] == "too slow"
    assert shown["items"][1]["withdrawn"]["by"] == "test-admin" or shown["items"][1]["withdrawn"]
    approve(ann).expect(201)


def deploy(operator, device, version="1.0.0"):
    return operator.put(f"/api/v1/devices/{device.name}/desired",
                        {"slots": {"main": {"model": "digits", "version": version}}})


def test_a_deployment_needs_approvals_by_different_people(admin, operator, people, publisher,
                                                          device, two):
    admin.put("/api/v1/rules", {"approvals": 2, "aliases": {}}).expect(200)
    refused = deploy(operator, device).expect(409)
    assert refused.problem == "approvals-missing"
    assert (refused.json()["required"], refused.json()["approved_by"],
            refused.json()["missing"]) == (2, [], 2)
    approve(publisher).expect(201)  # who uploaded it does not count
    approve(people("ann")).expect(201)
    approve(people("ann")).expect(409)  # another token of the same person
    refused = deploy(operator, device).expect(409).json()
    assert (refused["approved_by"], refused["missing"]) == (["ann"], 1)
    bulk = {"devices": "all", "slot": "main", "model": "digits", "version": "1.0.0"}
    assert operator.post("/api/v1/desired", bulk).expect(409).problem == "approvals-missing"
    bob = people("bob")
    given = approve(bob).expect(201).json()["id"]
    deploy(operator, device).expect(200)
    assert operator.post("/api/v1/desired", bulk).expect(200).json()["unchanged"] == 1
    # what runs stays when leave is withdrawn; nothing new comes
    bob.delete(f"{V1}/approvals/{given}").expect(204)
    deploy(operator, device).expect(200)
    operator.put(f"/api/v1/devices/{device.name}/desired", {"slots": {}}).expect(200)
    assert deploy(operator, device).expect(409).problem == "approvals-missing"


def test_a_model_may_demand_more_but_not_less(admin, operator, people, device, two):
    admin.put("/api/v1/rules", {"approvals": 1, "aliases": {}}).expect(200)
    admin.put(f"{DIGITS}/rules", {"approvals": 0, "aliases": {}}).expect(200)
    deploy(operator, device).expect(409)
    approve(people("ann")).expect(201)
    deploy(operator, device).expect(200)
    admin.put(f"{DIGITS}/rules", {"approvals": 2, "aliases": {}}).expect(200)
    refused = deploy(operator, device, "2.0.0").expect(409).json()
    assert (refused["required"], refused["missing"]) == (2, 2)


# ---- archive ------------------------------------------------------------------------------------


def versions(api, state=None):
    query = f"?state={state}" if state else ""
    return [item["version"] for item in api.items(f"{DIGITS}/versions{query}")]


def test_a_version_is_archived_and_restored(publisher, viewer, operator, device, two):
    publisher.put(f"{V1}/archive", {"reason": "drifted"}).expect(204)
    publisher.put(f"{V1}/archive").expect(204)
    assert versions(viewer) == ["2.0.0"] and versions(viewer, "archived") == ["1.0.0"]
    archived = viewer.get(V1).expect(200).json()["archived"]
    assert (archived["by"], archived["reason"]) == ("test-publisher", "drifted")
    assert alias(publisher, "champion", "1.0.0").expect(409).problem == "archived"
    assert deploy(operator, device).expect(409).problem == "archived"
    viewer.delete(f"{V1}/archive").expect(403)
    publisher.delete(f"{V1}/archive").expect(204)
    publisher.delete(f"{V1}/archive").expect(204)
    assert versions(viewer) == ["2.0.0", "1.0.0"] and viewer.get(V1).json()["archived"] is None
    deploy(operator, device).expect(200)


def test_the_latest_version_is_one_in_use(publisher, viewer, two):
    assert viewer.get(DIGITS).json()["latest"] == "2.0.0"
    publisher.put(f"{DIGITS}/versions/2.0.0/archive").expect(204)
    assert viewer.get(DIGITS).json()["latest"] == "1.0.0"


def test_what_is_in_use_is_not_archived(publisher, operator, enroll, two):
    devices = [enroll(f"cam-{number}") for number in range(3)]
    for device in devices[:2]:
        deploy(operator, device).expect(200)
    alias(publisher, "champion", "1.0.0").expect(200)
    refused = publisher.put(f"{V1}/archive").expect(409)
    assert refused.problem == "in-use" and refused.json()["used_by_count"] == 3
    assert refused.json()["used_by"] == [
        {"kind": "alias", "name": "champion"}, {"kind": "device", "name": "cam-0"},
        {"kind": "device", "name": "cam-1"}]
    assert "alias 'champion'" in refused.json()["detail"]
    alias(publisher, "champion", "2.0.0").expect(200)
    deploy(operator, devices[0], "2.0.0").expect(200)
    assert publisher.put(f"{V1}/archive").expect(409).json()["used_by_count"] == 1
    # a device that was revoked uses nothing any more
    operator.delete(f"/api/v1/devices/{devices[1].name}").expect(204)
    publisher.put(f"{V1}/archive").expect(204)
    # the model has a device yet
    refused = publisher.put(f"{DIGITS}/archive").expect(409).json()
    assert refused["used_by"] == [{"kind": "device", "name": "cam-0"}]


def test_a_model_is_archived_with_its_versions(publisher, viewer, operator, device, model_key,
                                               two):
    alias(publisher, "champion", "1.0.0").expect(200)
    publisher.put(f"{DIGITS}/archive", {"reason": "replaced by letters"}).expect(204)
    assert [m["name"] for m in viewer.items("/api/v1/models")] == []
    (model,) = viewer.items("/api/v1/models?state=archived")
    assert model["archived"]["reason"] == "replaced by letters"
    assert deploy(operator, device).expect(409).problem == "archived"
    assert alias(publisher, "shadow", "1.0.0").expect(409).problem == "archived"
    variants = [signing.variant([signing.artifact("model.onnx", b"weights")])]
    envelope = model_key.envelope(signing.manifest("digits", "3.0.0", variants))
    assert publisher.post(f"{DIGITS}/versions", envelope).expect(409).problem == "archived"
    publisher.delete(f"{DIGITS}/archive").expect(204)
    publisher.post(f"{DIGITS}/versions", envelope).expect(201)
    deploy(operator, device).expect(200)


def test_what_is_published_is_archived_not_deleted(publisher, model_key, two):
    refused = publisher.delete(V1).expect(409)
    assert refused.problem == "version-published" and "/archive" in refused.json()["detail"]
    variants = [signing.variant([signing.artifact("model.onnx", b"weights")])]
    signed = signing.manifest("digits", "3.0.0", variants, tags={"a": "b"}, metrics={"m": "1"})
    publisher.post(f"{DIGITS}/versions", {"signatures": [], "signed": signed}).expect(201)
    refused = publisher.put(f"{DIGITS}/versions/3.0.0/archive").expect(409)
    assert "delete it" in refused.json()["detail"]
    publisher.patch(f"{DIGITS}/versions/3.0.0", json={"tags": {"c": "d"}}).expect(200)
    publisher.delete(f"{DIGITS}/versions/3.0.0").expect(204)


def test_archiving_and_deploying_do_not_pass_each_other(publisher, operator, enroll, two):
    """Whichever is first: never does a device shall run what is archived."""
    devices = [enroll(f"cam-{number}") for number in range(6)]

    def run(number):
        if number < 0:
            return publisher.put(f"{V1}/archive").status
        return deploy(operator, devices[number]).status

    with concurrent.futures.ThreadPoolExecutor(7) as pool:
        statuses = list(pool.map(run, [0, 1, 2, -1, 3, 4, 5]))
    archived, deployed = statuses.pop(3), statuses
    assert archived in (204, 409) and set(deployed) <= {200, 409}
    assert (archived == 204) == (200 not in deployed)


# ---- in the database ----------------------------------------------------------------------------


def test_signed_notes_are_changed_by_nobody(database, two):
    for statement in ["UPDATE version_tag SET value = 'x'", "DELETE FROM version_tag",
                      "UPDATE version_metric SET value = 1", "DELETE FROM version_metric",
                      "UPDATE version_param SET value = 'x'", "DELETE FROM version_param"]:
        with pytest.raises(RuntimeError, match="never changes"):
            database.sql(statement)


def test_two_publishers_race_for_a_version(server, add_server, publisher, model_key, publish):
    publish()
    other = add_server(name="other")
    apis = [publisher, other.api(publisher.token)]
    for number in range(8):
        publisher.put(f"/api/v1/artifacts/{signing.sha256(b'%d' % number)}",
                      body=b"%d" % number).expect(201)

    def submit(number):
        variants = [signing.variant([signing.artifact("model.onnx", b"%d" % number)])]
        envelope = model_key.envelope(signing.manifest("digits", "2.0.0", variants))
        return apis[number % 2].post(f"{DIGITS}/versions", envelope)

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        replies = list(pool.map(submit, range(8)))
    assert sorted(reply.status for reply in replies) == [201] + [409] * 7
    (won,) = [reply.json() for reply in replies if reply.status == 201]
    for reply in replies:
        if reply.status == 409:
            assert reply.problem == "version-exists"
            assert reply.json()["manifest_sha256"] == won["manifest_sha256"]
