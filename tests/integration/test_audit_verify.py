# SPDX-License-Identifier: Apache-2.0
"""What is changed in the audit log behind the server's back is found, and named."""

import json
import secrets

import pytest

from ferry import signing
from ferry.cli import Cli
from ferry.wait import wait_until

ENTRIES = 12


@pytest.fixture
def server_options(scratch):
    path = scratch / "master.key"
    path.write_text(secrets.token_hex(32))
    path.chmod(0o600)
    return {"keys": {"master_file": path}}


@pytest.fixture
def auditor(server, admin, scratch):
    """modelferry of an administrator, with a memory of its own."""
    return Cli(scratch / "auditor", env={"MODELFERRY_URL": server.url(),
                                         "MODELFERRY_TOKEN": admin.token})


@pytest.fixture
def tamper(database):
    """tamper(sql): as the superuser, with every trigger off."""
    return lambda sql: database.sql(f"SET session_replication_role = replica; {sql}")


@pytest.fixture
def log(admin, publisher, auditor):
    """A log of some entries, signed at its end, verified once."""
    seq = 0
    number = 0
    while seq < ENTRIES:
        publisher.post("/api/v1/models", {"name": f"model-{number}"}).expect(201)
        number += 1
        seq = newest(admin)
    admin.post("/api/v1/audit/checkpoints").expect(201)
    assert auditor.json("audit", "verify")["sound"]
    return newest(admin)


def newest(admin):
    return admin.get("/api/v1/audit?limit=1").json()["items"][0]["seq"]


def findings(auditor, *arguments):
    done = auditor.run("audit", "verify", "--json", *arguments, status=5)
    result = json.loads(done.out)
    assert not result["sound"] and result["finding_count"] == len(result["findings"])
    return [(f["kind"], f["seq"]) for f in result["findings"]]


def rehash(database, tamper, first):
    """What an intruder would do: makes the chain anew from an entry on."""
    rows = database.sql(
        "SELECT e.seq, w.name, rfc3339(at), actor_kind, actor_id, actor_name, actor_role,"
        " actor_address, action, object_kind, object_id, before, after, encode(previous, 'hex'),"
        " encode(hash, 'hex') FROM audit_entry e JOIN workspace w ON w.id = workspace_id"
        f" WHERE e.seq >= {first} ORDER BY e.seq")
    previous = None
    for row in rows:
        entry = {
            "workspace": row[1], "seq": int(row[0]), "at": row[2],
            "actor": {"kind": row[3], "id": int(row[4]), "name": row[5], "role": row[6],
                      "address": row[7]},
            "action": row[8], "object": {"kind": row[9], "id": row[10]},
            "before": json.loads(row[11]) if row[11] else None,
            "after": json.loads(row[12]) if row[12] else None,
            "previous": previous or row[13],
        }
        previous = signing.sha256(signing.canonical(entry))
        tamper(f"UPDATE audit_entry SET previous = '\\x{entry['previous']}',"
               f" hash = '\\x{previous}' WHERE seq = {row[0]}")


def test_a_sound_log_is_sound(auditor, log, admin, publisher):
    again = auditor.json("audit", "verify")
    assert (again["sound"], again["entries"], again["newest"]) == (True, log, log)
    assert again["signed"] == log and again["findings"] == []
    publisher.post("/api/v1/models", {"name": "later"}).expect(201)
    later = auditor.run("audit", "verify")
    assert f"{log + 1} entries" in later.out and f"signed up to entry {log}" in later.out
    auditor.run("audit", "checkpoint")
    assert auditor.json("audit", "verify")["signed"] == log + 1
    # where nothing happened, nothing is signed anew
    admin.post("/api/v1/audit/checkpoints").expect(200)


@pytest.mark.parametrize("change", [
    "actor_name = 'somebody else'", "at = at + interval '1 second'", "action = 'model.change'",
    "object_id = 'other'", "after = '{}'", "actor_address = '192.0.2.7'", "hash = previous",
])
def test_an_edited_entry_is_named(auditor, log, tamper, change):
    tamper(f"UPDATE audit_entry SET {change} WHERE seq = 5")
    assert findings(auditor) == [("edited", 5)]
    # and again: what is wrong is not taken for what is remembered
    assert findings(auditor) == [("edited", 5)]


def test_a_dropped_entry_is_named(auditor, log, tamper):
    tamper("DELETE FROM audit_entry WHERE seq IN (1, 5, 8, 9)")
    assert findings(auditor) == [("dropped", 8), ("dropped", 5), ("dropped", 1)]
    said = auditor.run("audit", "verify", status=5)
    assert "entries 8 to 9 are gone" in said.out and "entry 5 is gone" in said.out


def test_reordered_entries_are_named(auditor, log, tamper):
    tamper("UPDATE audit_entry SET seq = 1000 WHERE seq = 5;"
           "UPDATE audit_entry SET seq = 5 WHERE seq = 7;"
           "UPDATE audit_entry SET seq = 7 WHERE seq = 1000")
    assert findings(auditor) == [("reordered", 7), ("reordered", 5)]
    said = auditor.run("audit", "verify", status=5)
    assert "what stands as entry 5 was recorded as entry 7" in said.out


def test_an_entry_that_was_dropped_and_closed_up_is_named(auditor, log, tamper):
    tamper("DELETE FROM audit_entry WHERE seq = 5;"
           "UPDATE audit_entry SET seq = seq + 1000 WHERE seq > 5;"
           "UPDATE audit_entry SET seq = seq - 1001 WHERE seq > 1000")
    found = findings(auditor)
    assert ("truncated", log) in found and ("reordered", 5) in found


def test_an_edit_with_a_new_hash_is_named(auditor, log, tamper, database):
    tamper("UPDATE audit_entry SET after = '{}' WHERE seq = 5")
    rehash(database, lambda sql: tamper(sql) if sql.endswith("seq = 5") else None, 5)
    assert findings(auditor) == [("edited", 5)]


def test_a_chain_made_anew_contradicts_its_checkpoint(auditor, log, tamper, database, scratch):
    tamper("UPDATE audit_entry SET after = '{}' WHERE seq = 5")
    rehash(database, tamper, 5)
    assert ("rewritten", log) in findings(auditor)
    # somebody who never looked before sees it by the signature alone
    fresh = Cli(scratch / "fresh", env=auditor_env(auditor))
    assert findings(fresh) == [("rewritten", log)]
    # and without the checkpoint, who looked before
    tamper("DELETE FROM audit_checkpoint")
    assert findings(auditor) == [("rewritten", log)]


def auditor_env(auditor):
    return {name: auditor.env[name] for name in ("MODELFERRY_URL", "MODELFERRY_TOKEN")}


def test_a_log_that_was_cut_off_is_noticed(auditor, log, tamper):
    tamper(f"DELETE FROM audit_entry WHERE seq > {log - 2}")
    assert set(findings(auditor)) == {("truncated", log - 1)}
    tamper("DELETE FROM audit_checkpoint")
    assert findings(auditor) == [("truncated", log - 1)]
    tamper("DELETE FROM audit_entry")
    assert findings(auditor) == [("truncated", 1)]


def test_a_forged_checkpoint_is_noticed(auditor, log, tamper):
    tamper("UPDATE audit_checkpoint SET envelope = replace(envelope, '\"seq\":', '\"seq\":1')")
    assert findings(auditor) == [("checkpoint", 0)]


def test_a_key_that_was_slipped_in_is_not_believed(auditor, log, admin, scratch, tamper):
    """Rotation is announced by another way than the server."""
    admin.post("/api/v1/audit/key").expect(200)
    admin.post("/api/v1/audit/checkpoints").expect(201)
    said = auditor.run("audit", "verify", status=5)
    assert "not known here" in said.out and "--key" in said.out
    file = scratch / "audit.json"
    auditor.run("audit", "key", "-o", file)
    assert auditor.json("audit", "verify", "--key", file)["sound"]
    assert auditor.json("audit", "verify")["sound"]
    fresh = Cli(scratch / "fresh", env=auditor_env(auditor))
    assert auditor.json("audit", "verify")["sound"]
    assert fresh.json("audit", "verify", "--key", file)["sound"]


def test_an_export_is_verified_without_the_server(auditor, log, scratch, server, publisher):
    file = scratch / "audit.log"
    auditor.run("audit", "verify", "--export", file)
    assert "File exists" in auditor.run("audit", "verify", "--export", file, status=1).err
    publisher.post("/api/v1/models", {"name": "later"}).expect(201)
    auditor.run("audit", "verify")
    server.stop()
    away = Cli(scratch / "away")
    for verifier in (auditor, away):
        result = verifier.json("audit", "verify", file)
        assert (result["sound"], result["entries"], result["signed"]) == (True, log, log)
    lines = file.read_text().splitlines(keepends=True)
    changed = scratch / "changed.log"
    changed.write_text("".join(lines).replace("model-1", "model-X", 1))
    assert [kind for kind, _ in findings(away, changed)] == ["edited"]
    changed.write_text("".join(lines[:-4] + [lines[-3], lines[-4]] + lines[-2:]))
    assert "reordered" in [kind for kind, _ in findings(away, changed)]
    changed.write_text("".join(lines[:-4] + lines[-3:]))
    assert "no whole audit log" in away.run("audit", "verify", changed, status=5).err
    for cut in (1, 2, len(lines) // 2, len(lines) - 1):
        changed.write_text("".join(lines[:cut]))
        assert "cut off" in away.run("audit", "verify", changed, status=5).err
    changed.write_text("")
    away.run("audit", "verify", changed, status=5)


def test_the_log_is_signed_by_itself(add_server, server, admin, publisher):
    publisher.post("/api/v1/models", {"name": "digits"}).expect(201)
    options = {"audit": {"checkpoint_interval": "100ms"}}
    for name in ("other", "third"):
        add_server(options, name=name)

    def signed():
        items = admin.get("/api/v1/audit/checkpoints").expect(200).json()["items"]
        return items and items[0]["seq"] == newest(admin)

    wait_until(signed)
    publisher.post("/api/v1/models", {"name": "letters"}).expect(201)
    wait_until(signed)
    items = list(admin.items("/api/v1/audit/checkpoints", limit=1))
    assert len({item["seq"] for item in items}) == len(items) >= 2
    publisher.get("/api/v1/audit/checkpoints").expect(403)


def test_nothing_is_signed_without_a_master_key(make_server):
    server = make_server({}, name="keyless")
    admin = server.api(server.create_token("admin"))
    assert admin.post("/api/v1/audit/checkpoints").expect(503).problem == "no-master-key"
