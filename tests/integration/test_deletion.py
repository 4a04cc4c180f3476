# SPDX-License-Identifier: Apache-2.0
"""Versions are deleted for good: only what was archived and what nothing uses; the bytes go, and
what was signed, where it came from and who did it stay."""

import concurrent.futures

import pytest

from ferry import signing
from ferry.wait import wait_until

DIGITS = "/api/v1/models/digits"
V1 = f"{DIGITS}/versions/1.0.0"
VARIANT = f"{signing.RUNTIME}/cpu/fp32"


@pytest.fixture
def server_options(scratch):
    master = scratch / "master.key"
    master.write_text("5a" * 32 + "\n")
    master.chmod(0o600)
    return {"keys": {"master_file": master}, "uploads": {"reclaim_interval": "100ms"}}


@pytest.fixture
def two(publish):
    """digits with two versions; the first is archived."""
    first = publish()
    publish(version="2.0.0", data=b"better")
    return first


@pytest.fixture
def archived(publisher, two):
    publisher.put(f"{V1}/archive", {"reason": "drifted"}).expect(204)
    return two


def versions(api, state=None):
    query = f"?state={state}" if state else ""
    return [item["version"] for item in api.items(f"{DIGITS}/versions{query}")]


def deploy(api, device, version="1.0.0"):
    return api.put(f"/api/v1/devices/{device.name}/desired", {
        "slots": {"main": {"model": "digits", "version": version}}})


def installed(device, sequence, published, state="installed", version="1.0.0", **more):
    digest = published.reply["manifest_sha256"]
    slot = {"state": state, "model": "digits", "version": version, "variant": VARIANT,
            "manifest_sha256": digest, "gap_us": None, "duration_ms": 5, **more}
    if state == "removed":
        slot = {"state": state}
    return device.report(sequence, {"main": slot}).expect(200)


def value(database, what):
    return database.value(what)


# ---- what happens -------------------------------------------------------------------------------


def test_what_was_archived_is_deleted_and_leaves_a_tombstone(admin, viewer, archived):
    before = viewer.get(V1).json()
    manifest = viewer.get(f"{V1}/manifest").expect(200).body
    admin.delete(f"{V1}?reason=law%207").expect(204)
    admin.delete(V1).expect(204)
    shown = viewer.get(V1).expect(200).json()
    assert (shown["deleted"]["by"], shown["deleted"]["reason"]) == ("test-admin", "law 7")
    assert shown["archived"]["reason"] == "drifted" and before["deleted"] is None
    for member in ("manifest_sha256", "signed_by", "tags", "published_at", "state"):
        assert shown[member] == before[member], member
    assert viewer.get(f"{V1}/manifest").expect(200).body == manifest
    assert versions(viewer) == ["2.0.0"] and versions(viewer, "archived") == []
    assert versions(viewer, "deleted") == ["1.0.0"]
    assert viewer.get(DIGITS).json()["latest"] == "2.0.0"
    (entry,) = admin.get("/api/v1/audit?action=version.delete").json()["items"]
    assert entry["object"] == {"kind": "version", "id": "digits@1.0.0"}
    assert entry["after"] == {"deleted": True, "reason": "law 7"}
    assert entry["before"] == {"archived_by": "test-publisher", "archive_reason": "drifted"}


def test_a_search_finds_it_only_where_it_is_asked_for(admin, viewer, archived):
    admin.delete(V1).expect(204)

    def found(query):
        return [hit["version"] for hit in viewer.get(f"/api/v1/search?q={query}").json()["items"]]

    assert found("model=digits") == ["2.0.0"]
    assert found("model=digits%20and%20state=archived") == []
    (hit,) = viewer.get("/api/v1/search?q=state=deleted").json()["items"]
    assert (hit["version"], hit["state"]) == ("1.0.0", "deleted")


def test_nothing_brings_it_back(admin, publisher, operator, device, model_key, archived):
    admin.delete(V1).expect(204)
    for reply in [publisher.delete(f"{V1}/archive"), publisher.put(f"{V1}/archive"),
                  publisher.patch(V1, json={"tags": {"a": "b"}}),
                  publisher.put(f"{DIGITS}/aliases/champion", {"version": "1.0.0"}),
                  operator.post(f"{V1}/approvals", {"reason": "fine"})]:
        assert reply.expect(409).problem == "deleted", reply
        assert "deleted by 'test-admin'" in reply.json()["detail"]
    assert "deleted by 'test-admin'" in deploy(operator, device).expect(409).json()["detail"]
    again = publisher.post(f"{DIGITS}/versions", archived.envelope).expect(409)
    assert again.problem == "deleted" and "new version" in again.json()["detail"]
    other = model_key.envelope(signing.manifest("digits", "1.0.0", [signing.variant(
        [signing.artifact("model.onnx", b"better")])]))
    assert publisher.post(f"{DIGITS}/versions", other).expect(409).problem == "deleted"
    unsigned = {"signatures": [], "signed": other["signed"]}
    assert publisher.post(f"{DIGITS}/versions", unsigned).expect(409).problem == "deleted"
    assert publisher.get(f"{DIGITS}/versions/2.0.0").json()["deleted"] is None


def test_no_variant_is_added_to_it(admin, publisher, model_key, archived):
    admin.delete(V1).expect(204)
    publisher.put(f"/api/v1/artifacts/{signing.sha256(b'int8')}", body=b"int8").expect(201)
    added = signing.manifest("digits", "1.0.0", [signing.variant(
        [signing.artifact("model.onnx", b"int8")], precision="int8")])
    added["adds_to"] = archived.reply["manifest_sha256"]
    refused = publisher.post(f"{V1}/variants", model_key.envelope(added)).expect(409)
    assert refused.problem == "deleted"


def test_its_downloads_are_gone(admin, publisher, viewer, device, archived):
    artifact = f"/artifacts/{archived.sha256}"
    manifest = f"/device/v1/manifests/{archived.reply['manifest_sha256']}"
    device.get(f"/device/v1{artifact}").expect(200)
    device.get(manifest).expect(200)
    admin.delete(V1).expect(204)
    for reply in [viewer.get(f"/api/v1{artifact}"), device.get(f"/device/v1{artifact}"),
                  device.get(manifest)]:
        assert reply.expect(410).problem == "deleted"
        assert "'1.0.0' of 'digits'" in reply.json()["detail"]
    # the same bytes may come again, under another name
    publisher.put(f"/api/v1{artifact}", body=archived.data).expect(200, 201)


def test_lineage_and_explanations_stay(admin, viewer, operator, publisher, device, two):
    deploy(operator, device).expect(200)
    installed(device, 1, two)
    deploy(operator, device, "2.0.0").expect(200)
    installed(device, 2, two, "removed")
    publisher.put(f"{V1}/archive").expect(204)
    before = viewer.get("/api/v1/lineage/upstream?ref=model:digits@1.0.0").expect(200).json()
    admin.delete(f"{V1}?reason=recalled").expect(204)
    assert viewer.get("/api/v1/lineage/upstream?ref=model:digits@1.0.0").json() == before
    report = viewer.get("/api/v1/audit/reports/version?ref=model:digits@1.0.0").expect(200).json()
    about = report["signed"]["answer"]
    assert about["status"] == "deleted" and about["deleted"]["reason"] == "recalled"
    assert "version.delete" in [entry["action"] for entry in about["history"]]
    viewer.get(f"{V1}/sbom").expect(200)
    assert [e["action"] for e in viewer.items(f"{V1}/history")][0] == "version.delete"


# ---- what is refused ----------------------------------------------------------------------------


def test_only_what_was_archived_and_only_by_an_administrator(admin, publisher, viewer, two):
    refused = admin.delete(V1).expect(409)
    assert refused.problem == "version-published" and "/archive" in refused.json()["detail"]
    publisher.put(f"{V1}/archive").expect(204)
    refused = publisher.delete(V1).expect(403)
    assert refused.problem == "forbidden" and "'admin'" in refused.json()["detail"]
    viewer.delete(V1).expect(403)
    assert admin.delete(f"{DIGITS}/versions/9.0.0").expect(404).problem == "unknown-version"
    assert admin.delete(f"{V1}?state=draft").expect(409).problem == "version-published"
    admin.delete(f"{V1}?state=nonsense").expect(400)
    admin.delete(f"{V1}?reason={'x' * 5000}").expect(400, 414, 431)
    assert viewer.get(V1).json()["deleted"] is None


def test_what_a_device_has_is_not_deleted(admin, publisher, operator, enroll, two):
    has, had, gone = (enroll(f"cam-{number}") for number in range(3))
    for device in (has, had, gone):
        deploy(operator, device).expect(200)
        installed(device, 1, two)
        deploy(operator, device, "2.0.0").expect(200)
    second = publisher.get(f"{DIGITS}/versions/2.0.0").json()["manifest_sha256"]
    for device in (had, gone):
        previous = {"model": "digits", "version": "1.0.0"} if device is had else None
        device.report(2, {"main": {
            "state": "installed", "model": "digits", "version": "2.0.0", "variant": VARIANT,
            "manifest_sha256": second, "gap_us": None, "duration_ms": 5,
            "previous": previous}}).expect(200)
    publisher.put(f"{V1}/archive").expect(204)
    refused = admin.delete(V1).expect(409)
    assert refused.problem == "in-use" and refused.json()["used_by_count"] == 2
    assert refused.json()["used_by"] == [{"kind": "installed", "name": "cam-0"},
                                         {"kind": "previous", "name": "cam-1"}]
    assert "installed 'cam-0'" in refused.json()["detail"]
    operator.delete("/api/v1/devices/cam-0").expect(204)
    operator.delete("/api/v1/devices/cam-1").expect(204)
    admin.delete(V1).expect(204)


def test_what_a_device_serves_is_not_deleted_whatever_it_tried_since(admin, publisher, operator,
                                                                     device, two):
    deploy(operator, device).expect(200)
    digest = two.reply["manifest_sha256"]
    serving = {"main": {"model": "digits", "version": "1.0.0", "variant": VARIANT,
                        "manifest_sha256": digest}}
    failed = {"main": {"state": "failed", "model": "digits", "version": "2.0.0",
                       "error": {"code": "bad-signature", "detail": "x"}}}
    deploy(operator, device, "2.0.0").expect(200)
    device.report(1, failed, serving=serving).expect(200)
    publisher.put(f"{V1}/archive").expect(204)
    refused = admin.delete(V1).expect(409).json()
    assert refused["used_by"] == [{"kind": "installed", "name": device.name}]
    device.report(2, {"main": {"state": "removed"}}, serving={}).expect(200)
    admin.delete(V1).expect(204)


def test_many_uses_are_counted_and_some_are_named(admin, publisher, operator, device, archived,
                                                  database):
    database.sql("""
        INSERT INTO device (workspace_id, name, public_key, keyid, token_sha256, enrolment_id,
            attributes, assigned, enrolled_at)
            SELECT workspace_id, 'fleet-' || n, public_key, sha256(n::text::bytea),
                sha256(n::text::bytea), enrolment_id, attributes, assigned, enrolled_at
            FROM device, generate_series(1, 150) n;
        INSERT INTO device_installed (device_id, workspace_id, slot, sequence, state, model,
            version, report, received_at)
            SELECT id, workspace_id, 'main', 1, 'installed', 'digits', '1.0.0', '{}', now()
            FROM device WHERE name LIKE 'fleet-%'
    """)
    refused = admin.delete(V1).expect(409).json()
    assert refused["used_by_count"] == 150 and len(refused["used_by"]) == 100


def test_an_alias_or_a_device_that_shall_run_it_are_named(admin, operator, device, archived,
                                                          database):
    """Neither can come to be by request; the deletion looks all the same."""
    deploy(operator, device, "2.0.0").expect(200)
    database.sql("""
        INSERT INTO alias SELECT v.workspace_id, v.model_id, 'champion', v.id, 1, now(), 'x'
            FROM model_version v WHERE version = '1.0.0';
        UPDATE assignment_slot SET version_id = (SELECT id FROM model_version WHERE version = '1.0.0')
    """)
    refused = admin.delete(V1).expect(409).json()
    assert refused["used_by"] == [{"kind": "alias", "name": "champion"},
                                  {"kind": "device", "name": device.name}]


# ---- bytes --------------------------------------------------------------------------------------


def age(database):
    """As if a day had gone by since anybody asked for what no version has."""
    database.sql("UPDATE artifact SET unused_since = unused_since - interval '25 hours'")


def test_bytes_go_and_those_that_others_have_stay(admin, publisher, viewer, publish, database):
    shared, own = b"shared" * 1000, b"own" * 1000
    for data in (shared, own):
        publisher.put(f"/api/v1/artifacts/{signing.sha256(data)}", body=data).expect(201)
    both = [signing.variant([signing.artifact("a.onnx", shared), signing.artifact("b.onnx", own)])]
    publish(data=shared, variants=both)
    publish(version="2.0.0", data=shared)
    publisher.put(f"{V1}/archive").expect(204)
    admin.delete(V1).expect(204)
    wait_until(lambda: age(database) or value(database, "SELECT count(*) FROM artifact") == "1", 30)
    wait_until(lambda: value(database, "SELECT sum(size_bytes) FROM chunk") == str(len(shared)), 30)
    assert viewer.get(f"/api/v1/artifacts/{signing.sha256(shared)}").expect(200).body == shared
    viewer.get(f"/api/v1/artifacts/{signing.sha256(own)}").expect(410)
    assert value(database, "SELECT count(*) FROM chunk_page p WHERE NOT EXISTS"
                           " (SELECT FROM chunk c WHERE c.id = p.chunk_id)") == "0"


def test_a_draft_keeps_the_bytes_that_it_shares(admin, publisher, model_key, archived, database):
    signed = signing.manifest("digits", "3.0.0", [signing.variant(
        [signing.artifact("model.onnx", archived.data)])])
    publisher.post(f"{DIGITS}/versions", {"signatures": [], "signed": signed}).expect(201)
    admin.delete(V1).expect(204)
    age(database)
    publisher.get(f"/api/v1/artifacts/{archived.sha256}").expect(200)
    publisher.post(f"{DIGITS}/versions/3.0.0/signatures",
                   {"signatures": [model_key.signature(signed)]}).expect(200)
    assert publisher.get(f"/api/v1/artifacts/{archived.sha256}").body == archived.data


# ---- races --------------------------------------------------------------------------------------


HOLD = """
CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN PERFORM pg_advisory_xact_lock(77); RETURN NEW; END $$;
"""


def blocked(database, count):
    return lambda: int(database.value(
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
        " AND datname = current_database()")) >= count


def test_two_that_let_go_of_the_same_bytes_leave_none(admin, publisher, publish, database):
    """Both are under way, neither is committed: without turns, each would see the other's tie."""
    publish("digits", "1.0.0", b"same")
    publisher.put(f"{V1}/archive").expect(204)
    publish("letters", "2.0.0", b"other")
    signed = signing.manifest("letters", "1.0.0", [signing.variant(
        [signing.artifact("model.onnx", b"same")])])
    publisher.post("/api/v1/models/letters/versions", {"signatures": [], "signed": signed}).expect(201)
    database.sql(HOLD + "CREATE TRIGGER hold BEFORE INSERT ON audit_entry FOR EACH ROW"
                        " EXECUTE FUNCTION hold()")
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        with database.hold_advisory_lock(77):
            replies = [pool.submit(admin.with_token(admin.token).delete,
                                   f"/api/v1/models/{model}/versions/1.0.0")
                       for model in ("digits", "letters")]
            wait_until(blocked(database, 2), what="the deletions are not held")
        assert [reply.result().status for reply in replies] == [204, 204]
    database.sql("DROP TRIGGER hold ON audit_entry")
    assert value(database, "SELECT count(*) FROM artifact WHERE unused_since IS NULL") == "1"


def test_two_drafts_that_let_go_of_the_same_bytes_leave_none(publisher, publish, database):
    publish("digits", "1.0.0", b"first")
    publish("letters", "1.0.0", b"second")
    publisher.put(f"/api/v1/artifacts/{signing.sha256(b'same')}", body=b"same").expect(201)
    for model in ("digits", "letters"):
        signed = signing.manifest(model, "2.0.0", [signing.variant(
            [signing.artifact("model.onnx", b"same")])])
        publisher.post(f"/api/v1/models/{model}/versions",
                       {"signatures": [], "signed": signed}).expect(201)
    database.sql(HOLD + "CREATE TRIGGER hold BEFORE INSERT ON audit_entry FOR EACH ROW"
                        " EXECUTE FUNCTION hold()")
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        with database.hold_advisory_lock(77):
            replies = [pool.submit(publisher.with_token(publisher.token).delete,
                                   f"/api/v1/models/{model}/versions/2.0.0")
                       for model in ("digits", "letters")]
            wait_until(blocked(database, 2), what="the deletions are not held")
        assert [reply.result().status for reply in replies] == [204, 204]
    database.sql("DROP TRIGGER hold ON audit_entry")
    assert value(database, "SELECT count(*) FROM artifact a WHERE unused_since IS NULL"
                           f" AND encode(sha256, 'hex') = '{signing.sha256(b'same')}'") == "0"


def test_a_use_that_begins_in_between_is_seen(admin, publisher, operator, device, archived,
                                              database):
    """A restoration and a deployment are under way when the deletion begins: it waits for them."""
    publisher.delete(f"{V1}/archive").expect(204)
    database.sql(HOLD + "CREATE TRIGGER hold BEFORE INSERT ON desired_event FOR EACH ROW"
                        " EXECUTE FUNCTION hold()")
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        with database.hold_advisory_lock(77):
            deployment = pool.submit(deploy, operator, device)
            wait_until(blocked(database, 1), what="the deployment is not held")
            archive = pool.submit(publisher.with_token(publisher.token).put, f"{V1}/archive")
            wait_until(blocked(database, 2), what="nothing waits for the deployment")
        assert deployment.result().status == 200 and archive.result().status == 409
    assert admin.delete(V1).expect(409).problem == "version-published"


def test_of_deleting_restoring_and_deploying_one_comes_first(admin, publisher, operator, enroll,
                                                             add_server, publish, database):
    """Whoever is first: no device shall run, and no alias points to, what is deleted."""
    other = add_server(name="other")
    device = enroll()
    for number in range(6):
        version = f"1.0.{number}"
        path = f"{DIGITS}/versions/{version}"
        publish(version=version, data=b"%d" % number)
        publisher.put(f"{path}/archive").expect(204)
        calls = [
            lambda path=path: other.api(admin.token).delete(path),
            lambda path=path: publisher.with_token(publisher.token).delete(f"{path}/archive"),
            lambda version=version: deploy(operator, device, version),
            lambda version=version: other.api(publisher.token).put(
                f"{DIGITS}/aliases/champion", {"version": version}),
        ]
        with concurrent.futures.ThreadPoolExecutor(len(calls)) as pool:
            replies = [pool.submit(call) for call in calls]
            assert {reply.result().status for reply in replies} <= {200, 204, 409}
    assert value(database, "SELECT count(*) FROM version_deletion x WHERE EXISTS (SELECT FROM alias"
                           " a WHERE a.version_id = x.version_id) OR EXISTS (SELECT FROM"
                           " assignment_slot s JOIN device_state t USING (assignment_id)"
                           " WHERE s.version_id = x.version_id)") == "0"


def test_an_upload_of_the_same_bytes_counts_on_them(admin, publisher, model_key, archived, database,
                                                    viewer):
    """The publisher was told that the bytes are there, then their only version is deleted."""
    publisher.put(f"/api/v1/artifacts/{archived.sha256}", body=archived.data).expect(200)
    admin.delete(V1).expect(204)
    wait_until(lambda: value(database, "SELECT count(*) FROM artifact WHERE unused_since"
                                       " > now() - interval '1 hour'") == "1")
    envelope = model_key.envelope(signing.manifest("digits", "3.0.0", [signing.variant(
        [signing.artifact("model.onnx", archived.data)])]))
    publisher.post(f"{DIGITS}/versions", envelope).expect(201)
    age(database)
    assert viewer.get(f"/api/v1/artifacts/{archived.sha256}").expect(200).body == archived.data
    assert value(database, "SELECT count(*) FROM artifact WHERE unused_since IS NOT NULL") == "0"


def test_a_server_killed_in_between_has_deleted_nothing(server, admin, archived, database):
    database.sql(HOLD + "CREATE TRIGGER hold BEFORE INSERT ON audit_entry FOR EACH ROW"
                        " EXECUTE FUNCTION hold()")

    def delete():
        try:
            return admin.delete(V1).status
        except OSError:
            return None

    with database.hold_advisory_lock(77), concurrent.futures.ThreadPoolExecutor(1) as thread:
        pending = thread.submit(delete)
        wait_until(blocked(database, 1), what="the deletion is not held")
        server.kill()
        assert pending.result() is None
    database.sql("DROP TRIGGER hold ON audit_entry")
    wait_until(lambda: database.value(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
        " AND application_name = 'modelferryd'") == "0", what="backends of the dead server remain")
    assert value(database, "SELECT count(*) FROM version_deletion") == "0"
    assert value(database, "SELECT count(*) FROM variant_artifact WHERE artifact_id IS NULL") == "0"
    server.stop()
    server.start()
    server.api(admin.token).delete(V1).expect(204)


# ---- models -------------------------------------------------------------------------------------


def test_a_model_without_versions_is_deleted_and_its_name_is_free(admin, publisher, viewer,
                                                                  model_key, publish):
    publish()
    letters = "/api/v1/models/letters"
    publisher.post("/api/v1/models", {"name": "letters", "keys": [
        {"name": "test", "key": model_key.object}]}).expect(201)
    signed = signing.manifest("letters", "1.0.0", [signing.variant(
        [signing.artifact("model.onnx", b"weights")])])
    publisher.post(f"{letters}/versions", {"signatures": [], "signed": signed}).expect(201)
    admin.put(f"{letters}/rules", {"approvals": 2, "aliases": {}}).expect(200)
    publisher.delete(letters).expect(403)
    refused = admin.delete(letters).expect(409)
    assert refused.problem == "in-use"
    assert refused.json()["used_by"] == [{"kind": "version", "name": "1.0.0"}]
    publisher.delete(f"{letters}/versions/1.0.0").expect(204)
    admin.delete(letters).expect(204)
    assert admin.delete(letters).expect(404).problem == "unknown-model"
    assert [model["name"] for model in viewer.items("/api/v1/models")] == ["digits"]
    publisher.post("/api/v1/models", {"name": "letters"}).expect(201)
    assert viewer.get(f"{letters}/rules").json()["approvals"] == 0


def test_a_model_with_tombstones_stays(admin, archived):
    admin.delete(V1).expect(204)
    refused = admin.delete(DIGITS).expect(409).json()
    assert {use["name"] for use in refused["used_by"]} == {"1.0.0", "2.0.0"}
    assert "archive it instead" in refused["detail"]


def test_a_model_is_not_deleted_from_under_a_publication(admin, publisher, model_key, publish,
                                                         database):
    """The publication is under way, not committed: the deletion waits, and sees it."""
    publish("digits", "1.0.0", b"weights")
    publisher.post("/api/v1/models", {"name": "letters", "keys": [
        {"name": "test", "key": model_key.object}]}).expect(201)
    envelope = model_key.envelope(signing.manifest("letters", "1.0.0", [signing.variant(
        [signing.artifact("model.onnx", b"weights")])]))
    database.sql(HOLD + "CREATE TRIGGER hold BEFORE INSERT ON audit_entry FOR EACH ROW"
                        " EXECUTE FUNCTION hold()")
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        with database.hold_advisory_lock(77):
            publication = pool.submit(publisher.post, "/api/v1/models/letters/versions", envelope)
            wait_until(blocked(database, 1), what="the publication is not held")
            deletion = pool.submit(admin.delete, "/api/v1/models/letters")
            wait_until(blocked(database, 2), what="the deletion does not wait")
        assert publication.result().status == 201
        assert deletion.result().expect(409).problem == "in-use"


# ---- in the database ----------------------------------------------------------------------------


def test_a_tombstone_is_moved_by_nobody(admin, archived, database):
    admin.delete(V1).expect(204)
    for statement, why in [
            ("UPDATE version_state SET status = 'archived' WHERE status = 'deleted'", "never comes"),
            ("DELETE FROM version_deletion", "never changed"),
            ("UPDATE version_deletion SET deleted_by = 'x'", "never changed"),
            ("DELETE FROM model_version WHERE version = '1.0.0'", "never changes")]:
        with pytest.raises(RuntimeError, match=why):
            database.sql(statement)
