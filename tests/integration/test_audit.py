# SPDX-License-Identifier: Apache-2.0
"""The audit log: an entry of every change, chained; the history of one thing."""

import re

from ferry import paths, signing

DIGITS = "/api/v1/models/digits"
V1 = f"{DIGITS}/versions/1.0.0"


def log(admin):
    """All of it, oldest first."""
    return list(reversed(list(admin.items("/api/v1/audit"))))


def check_chain(entries):
    previous = "0" * 64
    for number, entry in enumerate(entries, 1):
        whole = {**entry}
        digest = whole.pop("hash")
        assert entry["seq"] == number and entry["previous"] == previous
        assert signing.sha256(signing.canonical(whole)) == digest
        previous = digest


def walk(server, admin, publisher, operator, device, publish, model_key):
    """One of everything that can be done by request."""
    publish(metrics={"accuracy": "0.9"})
    publish(version="2.0.0", data=b"2")
    publisher.patch(V1, json={"tags": {"a": "b"}, "metrics": [
        {"name": "accuracy", "value": "0.5", "dataset": "d"}]}).expect(200)
    publisher.patch(DIGITS, json={"card": "# x"}).expect(200)
    publisher.put(f"{DIGITS}/aliases/champion", {"version": "1.0.0"}).expect(200)
    publisher.put(f"{DIGITS}/aliases/champion", {"version": "2.0.0"}).expect(200)
    publisher.delete(f"{DIGITS}/aliases/champion").expect(204)
    given = operator.post(f"{V1}/approvals", {"reason": "fine"}).expect(201).json()
    operator.delete(f"{V1}/approvals/{given['id']}").expect(204)
    rules = {"approvals": 0, "aliases": {"champion": "admin"}}
    admin.put("/api/v1/rules", rules).expect(200)
    admin.put(f"{DIGITS}/rules", rules).expect(200)
    publisher.put(f"{V1}/archive").expect(204)
    publisher.delete(f"{V1}/archive").expect(204)
    publisher.put(f"{DIGITS}/archive").expect(204)
    publisher.delete(f"{DIGITS}/archive").expect(204)
    admin.put(f"{DIGITS}/retention", {"newest": 9}).expect(200)
    publisher.post("/api/v1/models", {"name": "empty"}).expect(201)
    admin.delete("/api/v1/models/empty").expect(204)
    publish(version="0.1.0", data=b"0")
    publisher.put(f"{DIGITS}/versions/0.1.0/archive").expect(204)
    admin.delete(f"{DIGITS}/versions/0.1.0").expect(204)
    signed = signing.manifest("digits", "3.0.0", [signing.variant(
        [signing.artifact("model.onnx", b"weights")])])
    for _ in range(2):
        publisher.post(f"{DIGITS}/versions", {"signatures": [], "signed": signed}).expect(201)
        publisher.delete(f"{DIGITS}/versions/3.0.0").expect(204)
    key = signing.Key()
    admin.post(f"{DIGITS}/keys", {"name": "bob", "key": key.object}).expect(201)
    admin.delete(f"{DIGITS}/keys/{key.keyid}").expect(204)
    device.post("/device/v1/token").expect(200)
    device.put("/device/v1/attributes", {"attributes": {"site": "lab"}}).expect(204)
    slots = {"slots": {"main": {"model": "digits", "version": "1.0.0"}}}
    operator.put(f"/api/v1/devices/{device.name}/desired", slots).expect(200)
    operator.post("/api/v1/desired", {"devices": "all", "slot": "main", "model": "digits",
                                      "version": "2.0.0"}).expect(200)
    operator.delete(f"/api/v1/devices/{device.name}").expect(204)
    enrolment = operator.get("/api/v1/enrolments").json()["items"][0]
    operator.delete(f"/api/v1/enrolments/{enrolment['id']}").expect(204)
    token = admin.post("/api/v1/tokens", {"name": "x", "role": "viewer"}).expect(201).json()
    admin.delete(f"/api/v1/tokens/{token['id']}").expect(204)
    server.run("workspace", "create", "lab")


# Of trust and lineage, whose own tests make them; a server never calls the last two by itself.
ELSEWHERE = {"artifact.reclaim", "lineage.take", "trust.make-key", "trust.propose",
             "trust.accept", "trust.withdraw", "version.release", "version.yank",
             "version.add-variant", "workspace.set-limits", "workspace.create"}


def documented():
    text = (paths.ROOT / "docs/AUDIT.md").read_text().partition("\n## What is recorded\n")[2]
    return set(re.findall(r"^\| `([a-z.-]+)` \|", text, re.M))


def test_every_change_is_recorded(server, admin, publisher, operator, device, publish, model_key,
                                  database):
    walk(server, admin, publisher, operator, device, publish, model_key)
    entries = log(admin)
    check_chain(entries)
    seen = {entry["action"] for entry in entries}
    assert seen == documented() - ELSEWHERE
    assert database.sql("SELECT w.name, a.action FROM audit_entry a JOIN workspace w"
                        " ON w.id = a.workspace_id WHERE w.name = 'lab'") == [
                            ["lab", "workspace.create"]]
    assert database.sql("SELECT 1 FROM audit_entry WHERE before::text ~ 'mf[tde]_'"
                        " OR after::text ~ 'mf[tde]_'") == []


def test_the_table_of_actions_is_the_documented_one():
    code = (paths.ROOT / "server/core/audit/audit.c").read_text()
    assert set(re.findall(r'= +\{"([a-z.-]+)",', code)) == documented()


def test_an_entry_says_who_from_where_before_and_after(admin, publisher, publish):
    publish()
    publish(version="2.0.0", data=b"2")
    publisher.put(f"{DIGITS}/aliases/champion", {"version": "1.0.0"}).expect(200)
    publisher.put(f"{DIGITS}/aliases/champion", {"version": "2.0.0"}).expect(200)
    entry = admin.get("/api/v1/audit?limit=1").json()["items"][0]
    assert entry["action"] == "alias.set"
    assert entry["object"] == {"kind": "alias", "id": "digits@champion"}
    assert entry["before"] == {"version": "1.0.0"} and entry["after"] == {"version": "2.0.0"}
    actor = entry["actor"]
    assert (actor["kind"], actor["name"], actor["role"]) == ("token", "test-publisher", "publisher")
    assert actor["address"] == "127.0.0.1" and entry["workspace"] == "default"
    who = publisher.get("/api/v1/whoami").json()["token"]["id"]
    assert actor["id"] == who


def test_what_failed_leaves_no_entry(admin, publisher, operator, device, publish):
    publish()
    before = len(log(admin))
    publisher.post("/api/v1/models", {"name": "digits"}).expect(409)
    publisher.put(f"{DIGITS}/aliases/champion", {"version": "9.0.0"}).expect(404)
    publisher.patch(V1, json={"tags": {"a": "b"}}, headers={"If-Match": '"9"'}).expect(412)
    operator.put(f"/api/v1/devices/{device.name}/desired",
                 {"slots": {"main": {"model": "digits", "version": "9.0.0"}}}).expect(404)
    publisher.delete(V1).expect(409)
    # what changes nothing is no change
    publisher.put(f"/api/v1/artifacts/{signing.sha256(b'weights')}", body=b"weights").expect(200)
    operator.put(f"/api/v1/devices/{device.name}/desired", {"slots": {}}).expect(200)
    assert len(log(admin)) == before


def test_the_log_is_filtered(admin, publisher, publish, server):
    publish()
    publisher.put(f"{DIGITS}/aliases/champion", {"version": "1.0.0"}).expect(200)
    token = publisher.get("/api/v1/whoami").json()["token"]["id"]
    by_actor = list(admin.items(f"/api/v1/audit?actor=token:{token}", limit=2))
    assert by_actor and all(entry["actor"]["id"] == token for entry in by_actor)
    assert [e["action"] for e in admin.items("/api/v1/audit?object=version:digits@1.0.0")] == [
        "version.publish"]
    assert [e["object"]["id"] for e in admin.items("/api/v1/audit?action=alias.set")] == [
        "digits@champion"]
    for wrong in ("actor=7", "actor=token:x", "object=digits", "object=a:b&action=c"):
        assert admin.get(f"/api/v1/audit?{wrong}").expect(400).problem == "bad-request"
    publisher.get("/api/v1/audit").expect(403)


def test_the_history_of_one_thing(publisher, viewer, operator, enroll, publish):
    publish()
    publish(version="2.0.0", data=b"2")
    publish("letters", "1.0.0", b"l")
    publisher.put(f"{DIGITS}/aliases/champion", {"version": "1.0.0"}).expect(200)
    publisher.put(f"{DIGITS}/aliases/champion", {"version": "2.0.0"}).expect(200)

    def actions(path):
        return [entry["action"] for entry in viewer.items(path, limit=2)]

    assert actions(f"{V1}/history") == ["alias.set", "alias.set", "version.publish"]
    assert actions(f"{DIGITS}/versions/2.0.0/history") == ["alias.set", "version.publish"]
    assert actions(f"{DIGITS}/history") == ["alias.set", "alias.set", "version.publish",
                                            "version.publish", "model.create"]
    assert actions(f"{DIGITS}/aliases/champion/history") == ["alias.set", "alias.set"]
    first, second = enroll("cam-1"), enroll("cam-2")
    bulk = {"slot": "main", "model": "digits", "version": "1.0.0"}
    operator.post("/api/v1/desired", {"devices": [first.name], **bulk}).expect(200)
    operator.post("/api/v1/desired", {"devices": "all", **bulk}).expect(200)
    assert actions(f"/api/v1/devices/{first.name}/history") == [
        "desired.set-slot", "desired.set-slot", "device.enrol"]
    assert actions(f"/api/v1/devices/{second.name}/history") == ["desired.set-slot",
                                                                "device.enrol"]
    entry = viewer.get(f"{V1}/history").json()["items"][0]
    assert "address" not in entry["actor"] and "hash" not in entry
    assert viewer.get("/api/v1/models/none/history").expect(404).problem == "not-found"


def test_a_workspace_has_a_log_of_its_own(server, admin, publish):
    publish()
    server.run("workspace", "create", "lab")
    other = admin.with_token(server.create_token("admin", workspace="lab"))
    entries = log(other)
    check_chain(entries)
    assert [entry["action"] for entry in entries] == ["workspace.create", "token.create"]
    assert {entry["actor"]["kind"] for entry in entries} == {"server"}
    other.get(f"{V1}/history").expect(404)
