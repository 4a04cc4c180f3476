# SPDX-License-Identifier: Apache-2.0
"""Rules say which versions are kept: the others are archived, and deleted some days later; never
what something uses, not even where the use begins in between."""

import concurrent.futures
import re

import pytest

from ferry import signing
from ferry.wait import wait_until

DIGITS = "/api/v1/models/digits"
RETENTION = f"{DIGITS}/retention"
VARIANT = f"{signing.RUNTIME}/cpu/fp32"
FAST = {"retention": {"interval": "100ms"}, "uploads": {"reclaim_interval": "100ms"}}


@pytest.fixture
def server_options():
    """Nobody waits for the rule but who asks for it."""
    return {"retention": {"interval": "24h"}}


@pytest.fixture
def six(publish, database):
    """digits 1.0.0 to 6.0.0, published 600, 500 to 100 days ago."""
    made = [publish(version=f"{number}.0.0", data=b"%d" % number) for number in range(1, 7)]
    grow_old(database)
    return made


def grow_old(database):
    database.sql("""
        UPDATE version_state s SET published_at = now() - interval '100 days'
            * (7 - split_part(v.version, '.', 1)::int)
            FROM model_version v WHERE v.id = s.version_id AND s.published_at IS NOT NULL
    """)


def pass_days(database, days):
    database.sql("UPDATE version_state SET archived_at = archived_at - interval '1 day'"
                 f" * {days} WHERE status = 'archived'")


def engine(make_server, name="engine"):
    """An instance that carries out the rules at once, again and again."""
    return make_server(FAST, name=name)


def rule(newest, days=None, grace_days=30):
    return {"newest": newest, "days": days, "grace_days": grace_days}


def state(api):
    """What became of each version: "kept", "archived" or "deleted", by number."""
    found = {}
    for kind in ("published", "archived", "deleted"):
        for item in api.items(f"{DIGITS}/versions?state={kind}"):
            found[item["version"]] = "kept" if kind == "published" else kind
    return {int(version.partition(".")[0]): found[version] for version in sorted(found)}


def plan(api, query=""):
    return {int(item["version"].partition(".")[0]): item
            for item in api.items(f"{RETENTION}/plan{query}", limit=4)}


def actions(api, query=""):
    return {number: item["action"] for number, item in sorted(plan(api, query).items())}


def deploy(api, device, version):
    return api.put(f"/api/v1/devices/{device.name}/desired", {
        "slots": {"main": {"model": "digits", "version": version}}})


KEPT = {number: "kept" for number in range(1, 7)}


# ---- the rule -----------------------------------------------------------------------------------


def test_a_rule_is_compared_and_set(admin, publisher, viewer, publish):
    publish()
    none = viewer.get(RETENTION).expect(200)
    assert none.header("ETag") == '"0"' and none.json()["newest"] is None
    made = admin.put(RETENTION, rule(3, 90), headers={"If-None-Match": "*"}).expect(200)
    assert made.header("ETag") == '"1"'
    assert {name: made.json()[name] for name in rule(3)} == rule(3, 90)
    admin.put(RETENTION, rule(3, 90)).expect(200)
    assert viewer.get(RETENTION).header("ETag") == '"1"', "what changes nothing is no change"
    stale = admin.put(RETENTION, rule(4), headers={"If-None-Match": "*"}).expect(412)
    assert stale.json()["etag"] == '"1"'
    admin.put(RETENTION, rule(4), headers={"If-Match": '"1"'}).expect(200)
    publisher.put(RETENTION, rule(1)).expect(403)
    publisher.delete(RETENTION).expect(403)
    admin.delete(RETENTION).expect(204)
    admin.delete(RETENTION).expect(204)
    assert viewer.get(RETENTION).json()["newest"] is None
    assert viewer.get(RETENTION).header("ETag") == '"3"', "the revisions go on"
    changes = [(entry["before"], entry["after"]) for entry in
               admin.items("/api/v1/audit?action=model.set-retention")]
    four, three = ({"newest": 4, "days": 0, "grace_days": 30},
                   {"newest": 3, "days": 90, "grace_days": 30})
    assert changes == [(four, None), (three, four), (None, three)]
    admin.put("/api/v1/models/none/retention", rule(1)).expect(404)


@pytest.mark.parametrize("wrong", [rule(0), rule(-1), rule(None), rule(1, 0), rule(1, None, 0),
                                   rule(1000001), {"newest": 1, "other": 2}, {"days": 3}, [],
                                   {"newest": "3"}])
def test_a_rule_that_keeps_nothing_is_refused(admin, publish, wrong):
    publish()
    admin.put(RETENTION, wrong).expect(400)
    assert admin.get(RETENTION).json()["newest"] is None


# ---- what it would do ---------------------------------------------------------------------------


def test_a_plan_says_what_would_happen_and_why(admin, publisher, operator, viewer, enroll, six):
    runs, had = enroll("cam-1"), enroll("cam-2")
    deploy(operator, runs, "1.0.0").expect(200)
    publisher.put(f"{DIGITS}/aliases/champion", {"version": "2.0.0"}).expect(200)
    had.report(1, {"main": {
        "state": "installed", "model": "digits", "version": "6.0.0", "variant": VARIANT,
        "manifest_sha256": six[5].reply["manifest_sha256"], "gap_us": None, "duration_ms": 5,
        "previous": {"model": "digits", "version": "3.0.0"}}}).expect(200)
    publisher.put(f"{DIGITS}/versions/4.0.0/archive").expect(204)
    publisher.delete(f"{DIGITS}/versions/4.0.0/archive").expect(204)
    admin.put(RETENTION, rule(1, 150)).expect(200)
    found = plan(viewer)
    assert {number: (item["action"], item["why"]) for number, item in found.items()} == {
        1: ("keep", "used by device 'cam-1'"),
        2: ("keep", "used by alias 'champion'"),
        3: ("keep", "used by previous 'cam-2'"),
        4: ("keep", "a person restored it"),
        5: ("archive", "not one of the newest 1, older than 150 days"),
        6: ("keep", "one of the newest 1")}
    assert found[1]["used_by"] == [{"kind": "device", "name": "cam-1"}]
    assert found[6]["state"] == "published" and found[6]["used_by_count"] == 1
    assert actions(viewer, "?newest=1&days=250")[5] == "keep"
    assert state(viewer) == KEPT, "nothing was changed"
    for wrong in ("newest=0", "newest=x", "days=3", "grace_days=1", "newest=1&days=0",
                  "newest=99999999999999999999"):
        viewer.get(f"{RETENTION}/plan?{wrong}").expect(400)
    admin.delete(RETENTION).expect(204)
    assert set(actions(viewer).values()) == {"keep"}
    assert actions(viewer, "?newest=4")[1] == "keep" and actions(viewer, "?newest=1")[5] == "archive"


def test_what_a_person_archived_takes_nobodys_place(publisher, viewer, six):
    publisher.put(f"{DIGITS}/versions/6.0.0/archive").expect(204)
    assert actions(viewer, "?newest=2") == {
        1: "archive", 2: "archive", 3: "archive", 4: "keep", 5: "keep", 6: "keep"}


# ---- what it does -------------------------------------------------------------------------------


def test_versions_are_archived_then_deleted_and_the_bytes_go(admin, viewer, six, database,
                                                             make_server):
    admin.put(RETENTION, rule(2)).expect(200)
    server = engine(make_server)
    archived = {1: "archived", 2: "archived", 3: "archived", 4: "archived", 5: "kept", 6: "kept"}
    wait_until(lambda: state(viewer) == archived)
    shown = viewer.get(f"{DIGITS}/versions/1.0.0").json()["archived"]
    assert shown["by"] == "modelferryd"
    assert shown["reason"] == "retention: not one of the newest 2"
    assert set(actions(viewer).values()) == {"keep", "wait"}
    assert plan(viewer)[1]["due_at"] > plan(viewer)[1]["archived_at"]
    pass_days(database, 31)
    wait_until(lambda: state(viewer) == {
        1: "deleted", 2: "deleted", 3: "deleted", 4: "deleted", 5: "kept", 6: "kept"})
    entries = list(admin.items("/api/v1/audit"))
    for action in ("version.archive", "version.delete"):
        of = [entry for entry in entries if entry["action"] == action]
        assert len(of) == 4 and {entry["actor"]["kind"] for entry in of} == {"server"}
        assert all("retention: " in entry["after"]["reason"] for entry in of)
    database.sql("UPDATE artifact SET unused_since = unused_since - interval '25 hours'")
    wait_until(lambda: database.value("SELECT count(*) FROM artifact") == "2")
    for name, count in (("retention_archived_total", 4), ("retention_deleted_total", 4),
                        ("versions_deleted_total", 4)):
        metrics = server.api().get("/metrics").text
        assert int(re.search(rf"^modelferry_{name} (\d+)$", metrics, re.M)[1]) == count, name


def test_without_a_grace_nothing_is_deleted(admin, viewer, six, database, make_server):
    admin.put(RETENTION, rule(5, grace_days=None)).expect(200)
    engine(make_server)
    wait_until(lambda: state(viewer)[1] == "archived")
    pass_days(database, 36000)
    admin.put(RETENTION, rule(4, grace_days=None)).expect(200)
    wait_until(lambda: state(viewer)[2] == "archived")
    assert state(viewer)[1] == "archived"
    assert plan(viewer)[1]["why"] == "archived by the rule, which deletes nothing"


def test_what_a_person_archived_or_restored_is_left_alone(admin, publisher, viewer, six, database,
                                                          make_server):
    publisher.put(f"{DIGITS}/versions/1.0.0/archive").expect(204)
    admin.put(RETENTION, rule(2)).expect(200)
    engine(make_server)
    wait_until(lambda: state(viewer)[4] == "archived")
    publisher.delete(f"{DIGITS}/versions/2.0.0/archive").expect(204)
    pass_days(database, 31)
    wait_until(lambda: state(viewer) == {
        1: "archived", 2: "kept", 3: "deleted", 4: "deleted", 5: "kept", 6: "kept"})
    assert viewer.get(f"{DIGITS}/versions/1.0.0").json()["archived"]["by"] == "test-publisher"


def test_what_is_used_stays_as_long_as_it_is(admin, publisher, operator, viewer, device, six,
                                             database, make_server):
    deploy(operator, device, "1.0.0").expect(200)
    publisher.put(f"{DIGITS}/aliases/champion", {"version": "2.0.0"}).expect(200)
    admin.put(RETENTION, rule(1)).expect(200)
    engine(make_server)
    wait_until(lambda: state(viewer) == {
        1: "kept", 2: "kept", 3: "archived", 4: "archived", 5: "archived", 6: "kept"})
    # an archived one that a device says to have, all the same
    device.report(1, {"main": {
        "state": "installed", "model": "digits", "version": "3.0.0", "variant": VARIANT,
        "manifest_sha256": six[2].reply["manifest_sha256"], "gap_us": None,
        "duration_ms": 5}}).expect(200)
    pass_days(database, 31)
    wait_until(lambda: state(viewer) == {
        1: "kept", 2: "kept", 3: "archived", 4: "deleted", 5: "deleted", 6: "kept"})
    publisher.put(f"{DIGITS}/aliases/champion", {"version": "6.0.0"}).expect(200)
    wait_until(lambda: state(viewer)[2] == "archived")
    assert state(viewer)[1] == "kept"


def test_a_rule_that_keeps_more_saves_what_is_not_deleted_yet(admin, viewer, six, database,
                                                              make_server):
    admin.put(RETENTION, rule(2)).expect(200)
    server = engine(make_server)
    wait_until(lambda: state(viewer)[4] == "archived")
    server.stop()
    admin.put(RETENTION, rule(4)).expect(200)
    pass_days(database, 31)
    assert actions(viewer) == {1: "delete", 2: "delete", 3: "keep", 4: "keep", 5: "keep",
                               6: "keep"}
    engine(make_server, "again")
    wait_until(lambda: state(viewer) == {
        1: "deleted", 2: "deleted", 3: "archived", 4: "archived", 5: "kept", 6: "kept"})


def test_an_archived_model_is_left_alone(admin, publisher, publish, viewer, six, make_server):
    publish("letters", "1.0.0", b"a")
    publish("letters", "2.0.0", b"b")
    publisher.put(f"{DIGITS}/archive").expect(204)
    for model in ("digits", "letters"):
        admin.put(f"/api/v1/models/{model}/retention", rule(1)).expect(200)
    engine(make_server)
    wait_until(lambda: viewer.get("/api/v1/models/letters/versions/1.0.0").json()["archived"])
    assert state(viewer) == KEPT


# ---- when things go wrong -----------------------------------------------------------------------


HOLD = """
CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN PERFORM pg_advisory_xact_lock(77); RETURN NEW; END $$;
"""


def blocked(database, count):
    return lambda: int(database.value(
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
        " AND datname = current_database()")) >= count


def test_a_use_that_begins_between_look_and_archiving_is_seen(admin, operator, viewer, device, six,
                                                              database, make_server):
    """A deployment is under way, not committed, when the engine decides: it waits, looks again."""
    database.sql(HOLD + "CREATE TRIGGER hold BEFORE INSERT ON desired_event FOR EACH ROW"
                        " EXECUTE FUNCTION hold()")
    admin.put(RETENTION, rule(5)).expect(200)
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        with database.hold_advisory_lock(77):
            deployment = pool.submit(deploy, operator, device, "1.0.0")
            wait_until(blocked(database, 1), what="the deployment is not held")
            assert actions(viewer)[1] == "archive", "nobody sees the deployment yet"
            engine(make_server)
            wait_until(blocked(database, 2), what="the engine does not wait for the deployment")
        assert deployment.result().status == 200
    admin.put(RETENTION, rule(4)).expect(200)
    wait_until(lambda: state(viewer)[2] == "archived")
    assert state(viewer)[1] == "kept"


def test_a_rule_that_changes_between_look_and_archiving_is_seen(admin, viewer, publish, six,
                                                                database, make_server):
    admin.put(RETENTION, rule(5)).expect(200)
    database.sql(HOLD + "CREATE TRIGGER hold BEFORE INSERT ON audit_entry FOR EACH ROW"
                        " EXECUTE FUNCTION hold()")
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        with database.hold_advisory_lock(77):
            change = pool.submit(admin.put, RETENTION, rule(6))
            wait_until(blocked(database, 1), what="the change is not held")
            engine(make_server)
            wait_until(blocked(database, 2), what="the engine does not wait for the change")
        assert change.result().status == 200
    # the engine has gone on to others
    publish("letters", "1.0.0", b"a")
    publish("letters", "2.0.0", b"b")
    admin.put("/api/v1/models/letters/retention", rule(1)).expect(200)
    wait_until(lambda: viewer.get("/api/v1/models/letters/versions/1.0.0").json()["archived"])
    assert state(viewer) == KEPT


def test_a_restoration_between_look_and_deletion_is_seen(admin, publisher, viewer, six, database,
                                                         make_server):
    admin.put(RETENTION, rule(5)).expect(200)
    first = engine(make_server)
    wait_until(lambda: state(viewer)[1] == "archived")
    first.stop()
    pass_days(database, 31)
    database.sql(HOLD + "CREATE TRIGGER hold BEFORE INSERT ON audit_entry FOR EACH ROW"
                        " EXECUTE FUNCTION hold()")
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        with database.hold_advisory_lock(77):
            restored = pool.submit(publisher.delete, f"{DIGITS}/versions/1.0.0/archive")
            wait_until(blocked(database, 1), what="the restoration is not held")
            assert actions(viewer)[1] == "delete"
            engine(make_server, "again")
            wait_until(blocked(database, 2), what="the engine does not wait")
        assert restored.result().status == 204
    admin.put(RETENTION, rule(4)).expect(200)
    wait_until(lambda: state(viewer)[2] == "archived")
    assert state(viewer)[1] == "kept"


def test_a_server_killed_between_archiving_and_deleting_loses_nothing(admin, viewer, six, database,
                                                                      make_server):
    """It dies inside the deletion; another one finishes it."""
    admin.put(RETENTION, rule(3)).expect(200)
    server = engine(make_server)
    wait_until(lambda: state(viewer)[3] == "archived")
    database.sql(HOLD + "CREATE TRIGGER hold BEFORE INSERT ON version_deletion FOR EACH ROW"
                        " EXECUTE FUNCTION hold()")
    with database.hold_advisory_lock(77):
        pass_days(database, 31)
        wait_until(blocked(database, 1), what="the deletion is not held")
        server.kill()
        database.disconnect_all()
    database.sql("DROP TRIGGER hold ON version_deletion")
    assert [state(viewer)[number] for number in (1, 2, 3)] == ["archived"] * 3
    assert database.value("SELECT count(*) FROM variant_artifact WHERE artifact_id IS NULL") == "0"
    engine(make_server, "again")
    wait_until(lambda: state(viewer) == {
        1: "deleted", 2: "deleted", 3: "deleted", 4: "kept", 5: "kept", 6: "kept"})


def test_two_instances_do_everything_once(admin, viewer, publish, database, make_server):
    for number in range(1, 81):
        publish(version=f"{number}.0.0", data=b"%d" % number)
    database.sql("UPDATE version_state SET published_at = now() - interval '1 day'")
    admin.put(RETENTION, rule(3)).expect(200)
    for name in ("one", "two", "three"):
        engine(make_server, name)
    wait_until(lambda: list(state(viewer).values()).count("archived") == 77, 60)
    pass_days(database, 31)
    wait_until(lambda: list(state(viewer).values()).count("deleted") == 77, 60)
    for action in ("version.archive", "version.delete"):
        assert len(list(admin.items(f"/api/v1/audit?action={action}"))) == 77
    assert {number for number, what in state(viewer).items() if what == "kept"} == {78, 79, 80}
