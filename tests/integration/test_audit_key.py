# SPDX-License-Identifier: Apache-2.0
"""The key with which the server signs what it says about the past."""

import secrets

import pytest
from ferry import signing


@pytest.fixture
def server_options(scratch):
    path = scratch / "master.key"
    path.write_text(secrets.token_hex(32))
    path.chmod(0o600)
    return {"keys": {"master_file": path}}


def test_the_audit_key_is_one_until_it_is_rotated(admin, viewer, publisher):
    first = viewer.get("/api/v1/audit/key").expect(200).json()
    assert publisher.get("/api/v1/audit/key").json() == first
    assert first["keyid"] == signing.sha256(signing.canonical(first["key"]))
    assert first["retired"] == []
    publisher.post("/api/v1/audit/key").expect(403)
    second = admin.post("/api/v1/audit/key").expect(200).json()
    assert second["keyid"] != first["keyid"]
    assert [(k["keyid"], k["key"]) for k in second["retired"]] == [(first["keyid"], first["key"])]
    assert viewer.get("/api/v1/audit/key").json() == second
    made = list(reversed(list(admin.items("/api/v1/audit?action=trust.make-key"))))
    assert [e["after"]["keyid"] for e in made] == [first["keyid"], second["keyid"]]
    assert {e["object"]["id"] for e in made} == {"audit"}


def test_the_audit_key_is_saved_for_later(cli, scratch, viewer):
    key = viewer.get("/api/v1/audit/key").json()
    file = scratch / "audit.json"
    made = cli.run("audit", "key", "-o", str(file))
    assert key["keyid"] in made.out and "another way" in made.err
    assert cli.json("keys", "show", str(file))["key"] == key["key"]
    assert "exists" in cli.run("audit", "key", "-o", str(file), status=1).err
    assert "admin" in cli.run("audit", "key", "--rotate", status=1).err
    assert viewer.get("/api/v1/audit/key").json() == key


def test_no_audit_key_without_a_master_key(make_server):
    server = make_server({}, name="keyless")
    admin = server.api(server.create_token("admin"))
    for refused in (admin.get("/api/v1/audit/key"), admin.post("/api/v1/audit/key")):
        assert refused.status == 503 and refused.json()["type"].endswith("/no-master-key")
        assert "keys.master_file" in refused.json()["detail"]
