# SPDX-License-Identifier: Apache-2.0
"""Who may do what: tokens, roles, workspaces."""

import pytest

from ferry import signing

ROLES = ["admin", "publisher", "operator", "viewer"]


def test_whoami_says_who_asks(server, admin):
    made = admin.post("/api/v1/tokens", {"name": "ci", "role": "publisher"}).expect(201).json()
    me = admin.with_token(made["token"]).get("/api/v1/whoami").expect(200).json()
    assert me == {"workspace": "default", "token": {
        "id": made["id"], "name": "ci", "roles": ["publisher"], "expires_at": None}}


def test_a_token_is_shown_once_and_stored_as_a_hash(admin, database):
    made = admin.post("/api/v1/tokens", {"name": "ci", "role": "viewer"}).expect(201).json()
    assert made["token"].startswith("mft_")
    (listed,) = [item for item in admin.items("/api/v1/tokens") if item["id"] == made["id"]]
    assert "token" not in listed and listed["created_by"] == "test-admin"
    everything = str(database.sql("SELECT * FROM api_token"))
    assert made["token"] not in everything
    assert signing.sha256(made["token"].encode()) in everything


def test_a_revoked_token_is_refused_at_once(admin):
    made = admin.post("/api/v1/tokens", {"name": "ci", "role": "viewer"}).expect(201).json()
    viewer = admin.with_token(made["token"])
    viewer.get("/api/v1/models").expect(200)
    admin.delete(f"/api/v1/tokens/{made['id']}").expect(204)
    refused = viewer.get("/api/v1/models").expect(401)
    assert refused.problem == "unauthenticated"
    assert refused.header("WWW-Authenticate").startswith("Bearer")
    admin.delete(f"/api/v1/tokens/{made['id']}").expect(204)
    (listed,) = [item for item in admin.items("/api/v1/tokens") if item["id"] == made["id"]]
    assert listed["revoked_at"]


def test_an_expired_token_is_refused(admin, database):
    made = admin.post("/api/v1/tokens",
                      {"name": "ci", "role": "viewer", "expires_in_s": 3600}).expect(201).json()
    assert made["expires_at"]
    viewer = admin.with_token(made["token"])
    viewer.get("/api/v1/models").expect(200)
    database.sql(f"UPDATE api_token SET expires_at = now() WHERE id = {made['id']}")
    assert viewer.get("/api/v1/models").expect(401).problem == "unauthenticated"


@pytest.mark.parametrize("token", [
    "", "x", "mft_", "mft_" + "A" * 43, "mfd_" + "A" * 43, "mft_" + "A" * 4000])
def test_a_wrong_token_is_refused(api, token):
    reply = api.get("/api/v1/models", headers={"Authorization": f"Bearer {token}"}).expect(401)
    assert reply.problem == "unauthenticated"


def test_a_use_is_noted_once_a_minute(admin, database):
    made = admin.post("/api/v1/tokens", {"name": "ci", "role": "viewer"}).expect(201).json()
    viewer = admin.with_token(made["token"])

    def noted():
        return database.value(f"SELECT xmin::text || ' ' || coalesce(last_used_at::text, '')"
                              f" FROM api_token WHERE id = {made['id']}")

    viewer.get("/api/v1/whoami").expect(200)
    first = noted()
    viewer.get("/api/v1/whoami").expect(200)
    assert noted() == first
    database.sql("UPDATE api_token SET last_used_at = last_used_at - interval '61 seconds'")
    viewer.get("/api/v1/whoami").expect(200)
    assert noted().split(" ", 1)[1] >= first.split(" ", 1)[1]
    (listed,) = [item for item in admin.items("/api/v1/tokens") if item["id"] == made["id"]]
    assert listed["last_used_at"]


ALLOWED = [
    ("GET", "/api/v1/whoami", ROLES),
    ("GET", "/api/v1/tokens", ["admin"]),
    ("POST", "/api/v1/tokens", ["admin"]),
    ("DELETE", "/api/v1/tokens/999999", ["admin"]),
    ("GET", "/api/v1/models", ROLES),
    ("POST", "/api/v1/models", ["admin", "publisher"]),
    ("GET", "/api/v1/models/x", ROLES),
    ("POST", "/api/v1/models/x/keys", ["admin"]),
    ("DELETE", "/api/v1/models/x/keys/x", ["admin"]),
    ("GET", "/api/v1/models/x/versions", ROLES),
    ("POST", "/api/v1/models/x/versions", ["admin", "publisher"]),
    ("GET", "/api/v1/models/x/versions/1", ROLES),
    ("DELETE", "/api/v1/models/x/versions/1", ["admin", "publisher"]),
    ("GET", "/api/v1/models/x/versions/1/manifest", ROLES),
    ("POST", "/api/v1/models/x/versions/1/signatures", ["admin", "publisher"]),
]


def test_every_route_keeps_to_its_roles(admin, api):
    people = {role: admin.with_token(admin.post(
        "/api/v1/tokens", {"name": role, "role": role}).expect(201).json()["token"])
        for role in ROLES}
    for method, path, allowed in ALLOWED:
        assert api.request(method, path).expect(401).problem == "unauthenticated"
        for role, caller in people.items():
            reply = caller.request(method, path)
            if role in allowed:
                assert reply.status not in (401, 403), (method, path, role, reply)
            else:
                assert reply.expect(403).problem == "forbidden", (method, path, role)


@pytest.mark.parametrize("body, slug", [
    ({}, "invalid-field"),
    ({"name": "x"}, "invalid-field"),
    ({"name": "", "role": "viewer"}, "invalid-field"),
    ({"name": "a\nb", "role": "viewer"}, "invalid-field"),
    ({"name": "x" * 129, "role": "viewer"}, "invalid-field"),
    ({"name": "x", "role": "root"}, "invalid-field"),
    ({"name": "x", "role": "viewer", "expires_in_s": 0}, "invalid-field"),
    ({"name": "x", "role": "viewer", "expires_in_s": 1 << 40}, "invalid-field"),
    ({"name": "x", "role": "viewer", "expires_in": 5}, "unknown-field"),
])
def test_a_wrong_token_draft_is_refused(admin, body, slug):
    assert admin.post("/api/v1/tokens", body).expect(400).problem == slug


@pytest.mark.parametrize("id", ["0", "-1", "x", "1x", "99999999999999999999", "999999"])
def test_there_is_no_such_token(admin, id):
    assert admin.delete(f"/api/v1/tokens/{id}").expect(404).problem == "not-found"


def test_tokens_are_listed_with_cursors(admin):
    made = [admin.post("/api/v1/tokens", {"name": "t", "role": "viewer"}).expect(201).json()["id"]
            for _ in range(5)]
    listed = [item["id"] for item in admin.items("/api/v1/tokens", limit=2)]
    assert listed == sorted(listed) and listed[-5:] == made


def test_a_workspace_sees_nothing_of_another(server, admin, publisher, publish):
    published = publish("digits", "1.0.0", b"weights")
    made = publisher.post("/api/v1/models", {"name": "only-here"}).expect(201)
    assert made
    server.run("workspace", "create", "other")
    assert "other" in server.run("workspace", "ls").stdout.split()
    theirs = server.api(server.create_token("admin", workspace="other"))
    assert theirs.get("/api/v1/whoami").json()["workspace"] == "other"
    assert list(theirs.items("/api/v1/models")) == []
    assert theirs.get("/api/v1/models/digits").expect(404).problem == "unknown-model"
    assert theirs.get("/api/v1/models/digits/versions/1.0.0/manifest").status == 404
    assert theirs.get(f"/api/v1/artifacts/{signing.sha256(b'weights')}").status == 404
    ours = {item["id"] for item in admin.items("/api/v1/tokens")}
    assert not ours & {item["id"] for item in theirs.items("/api/v1/tokens")}
    for token in ours:
        theirs.delete(f"/api/v1/tokens/{token}").expect(404)
    admin.get("/api/v1/whoami").expect(200)
    # the same names may be used there, and a manifest of here is not of there
    keys = [{"key": published.key.object}]
    theirs.post("/api/v1/models", {"name": "digits", "keys": keys}).expect(201)
    reply = theirs.post("/api/v1/models/digits/versions", published.envelope).expect(400)
    assert reply.problem == "invalid-field" and "workspace" in reply.json()["detail"]
    # bytes that only the other workspace has are missing here
    envelope = published.key.envelope({**published.envelope["signed"], "workspace": "other"})
    reply = theirs.post("/api/v1/models/digits/versions", envelope).expect(409)
    assert reply.problem == "missing-artifacts"
