# SPDX-License-Identifier: Apache-2.0
"""The server as a database role that may do what it needs and no more (docs/DATABASE.md)."""

import subprocess

import pytest

from ferry import signing
from ferry.wait import wait_until

APP = "ferry_app"


@pytest.fixture
def database(private_cluster):
    """Owned by one role, used by another."""
    private_cluster.sql(f"CREATE ROLE modelferry_app; CREATE ROLE {APP} LOGIN IN ROLE modelferry_app")
    return private_cluster.create_database("ferry")


@pytest.fixture
def owner(make_server, database):
    """modelferryd as the owner of the schema; never started."""
    server = make_server(name="owner", start=False)
    server.run("migrate")
    return server


@pytest.fixture
def server(make_server, database, owner):
    server = make_server(name="app", database_url=database.url(role=APP), start=False)
    token = owner.create_token("admin")
    server.create_token = lambda role, **_: token
    return server.start()


def test_the_whole_way_works_as_that_role(server, admin, publisher, operator, publish, assign,
                                          device):
    published = publish()
    assign(device, published)
    slot = wait_until(lambda: device.state().expect(200).json()["slots"].get("main"))
    digest = slot["manifest"]["sha256"]
    device.get(f"/device/v1/manifests/{digest}").expect(200)
    device.get(f"/device/v1/artifacts/{signing.sha256(published.data)}").expect(200)
    device.report(1, {"main": {
        "state": "installed", "model": "digits", "version": "1.0.0", "variant": "raw/cpu/fp32",
        "manifest_sha256": digest, "gap_us": None, "duration_ms": 5}}).expect(200)
    signed = signing.manifest("digits", "2.0.0", [signing.variant(
        [signing.artifact("model.onnx", published.data)])])
    path = "/api/v1/models/digits/versions"
    publisher.post(path, {"signatures": [], "signed": signed},
                   headers={"Idempotency-Key": "k"}).expect(201)
    publisher.post(f"{path}/2.0.0/signatures",
                   {"signatures": [published.key.signature(signed)]}).expect(200)
    publisher.post(path, {"signatures": [], "signed": {**signed, "version": "3.0.0"}}).expect(201)
    publisher.delete(f"{path}/3.0.0").expect(204)
    operator.delete(f"/api/v1/devices/{device.name}").expect(204)
    publisher.put(f"{path}/1.0.0/archive").expect(204)
    publisher.delete(f"{path}/1.0.0/archive").expect(204)
    publisher.put(f"{path}/1.0.0/archive").expect(204)
    admin.delete(f"{path}/1.0.0").expect(204)
    admin.put("/api/v1/models/digits/retention", {"newest": 1}).expect(200)
    admin.delete("/api/v1/models/digits/retention").expect(204)
    rules = {"approvals": 1, "aliases": {}}
    key = {"name": "k", "key": published.key.object}
    publisher.post("/api/v1/models", {"name": "empty", "keys": [key], "tags": {"a": "b"}}).expect(201)
    admin.put("/api/v1/models/empty/rules", rules).expect(200)
    admin.put("/api/v1/models/empty/retention", {"newest": 1}).expect(200)
    admin.delete("/api/v1/models/empty").expect(204)


@pytest.mark.parametrize("statement", [
    "CREATE TABLE t (i int)",
    "DROP TABLE model",
    "TRUNCATE model_version CASCADE",
    "INSERT INTO workspace (name) VALUES ('theirs')",
    "UPDATE workspace SET quota_bytes = NULL",
    "DELETE FROM schema_migration",
    "UPDATE api_token SET role = 'admin'",
    "DELETE FROM api_token",
    "UPDATE model_key SET key = '{}'",
    "DELETE FROM model_key",
    "UPDATE model_version SET version = '9'",
    "UPDATE version_signature SET added_by = 'x'",
    "UPDATE variant_artifact SET sha256 = sha256",
    "UPDATE version_state SET model_id = 0",
    "DELETE FROM version_state",
    "DELETE FROM version_deletion",
    "UPDATE version_deletion SET reason = ''",
    "DELETE FROM retention_rule",
    "UPDATE version_tag SET signed = false",
    "UPDATE version_metric SET signed = false",
    "UPDATE alias SET model_id = 0",
    "DELETE FROM alias",
    "UPDATE approval SET approved_by = 'me'",
    "DELETE FROM approval",
    "DELETE FROM registry_rules",
    "UPDATE model SET name = 'x'",
    "UPDATE audit_entry SET actor_name = 'nobody'",
    "DELETE FROM audit_entry",
])
def test_that_role_may_not(database, owner, statement):
    with pytest.raises(RuntimeError, match="permission denied|must be owner"):
        database.cluster.sql(statement, database.name, role=APP)


def test_what_is_published_is_changed_by_nobody(server, publish, database):
    publish()
    for statement in ["UPDATE model_version SET manifest = '\\x7b7d'", "DELETE FROM model_version"]:
        with pytest.raises(RuntimeError, match="published and never changes"):
            database.sql(statement)


def test_that_role_says_who_has_to_migrate(make_server, database):
    server = make_server(name="app", database_url=database.url(role=APP), start=False)
    done = server.run("migrate", check=False)
    assert done.returncode == 1
    assert "modelferryd migrate" in done.stderr


def test_a_newer_schema_is_refused(make_server, database, owner):
    database.sql("INSERT INTO schema_migration VALUES (9999, 'from-the-future', repeat('0', 64))")
    server = make_server(name="old", start=False)
    done = subprocess.run(server.command, env=server.env, capture_output=True, text=True,
                          timeout=60, check=False)
    assert done.returncode != 0
    assert "9999" in done.stderr and "newer" in done.stderr
