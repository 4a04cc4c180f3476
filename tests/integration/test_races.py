# SPDX-License-Identifier: Apache-2.0
"""People who do the same at the same moment, by the command line: one wins, the others are told."""

import concurrent.futures

import pytest

from ferry import signing
from ferry.cli import Cli
from ferry.wait import wait_until

FAILED = 1
KIND = f"{signing.RUNTIME}/cpu/fp32"
COUNT = 6


@pytest.fixture
def team(server, add_server, admin, publisher, scratch):
    """Publishers with a key each that all may sign for digits, at two servers in turns."""
    urls = [server.url(), add_server(name="other").url()]
    people = []
    for number in range(COUNT):
        cli = Cli(scratch / f"home-{number}", env={"MODELFERRY_URL": urls[number % 2],
                                                   "MODELFERRY_TOKEN": publisher.token})
        cli.run("keys", "init")
        (cli.home / "net.bin").write_bytes(b"weights %d" % number)
        people.append(cli)
    publisher.post("/api/v1/models", {"name": "digits"}).expect(201)
    for cli in people:
        key = cli.json("keys", "show", "default")["key"]
        admin.post("/api/v1/models/digits/keys", {"name": cli.home.name, "key": key}).expect(201)
    return people


@pytest.fixture
def at_once(database):
    """at_once(team, command) runs command(cli) of all; none gets on until all came to the point
    where the database says who wins. The results in order."""
    database.sql("""
        CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN PERFORM pg_advisory_xact_lock_shared(77); RETURN NEW; END $$;
        CREATE TRIGGER hold BEFORE INSERT OR UPDATE ON model_version
            FOR EACH ROW EXECUTE FUNCTION hold()
    """)

    def run(team, command):
        with concurrent.futures.ThreadPoolExecutor(len(team)) as pool:
            with database.hold_advisory_lock(77):
                pending = [pool.submit(command, cli) for cli in team]
                wait_until(lambda: database.value(
                    "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
                    " AND datname = current_database()") == str(len(team)), deadline=60,
                           what="not all came to the point where one wins")
            return [one.result() for one in pending]

    return run


def publish(*more):
    return lambda cli: cli.run("publish", "digits@1.0.0", "--variant", KIND, "net.bin", *more,
                               status=None)


def one_won(done, *said):
    """Who won; everybody else failed, and was told."""
    assert sorted(one.status for one in done) == [0] + [FAILED] * (len(done) - 1), done
    (won,) = [number for number, one in enumerate(done) if one.status == 0]
    for number, one in enumerate(done):
        assert number == won or any(text in one.err for text in said), one
        assert number == won or "published" not in one.out, one
    return won


def stored(publisher, team, won):
    """The version, which is the winner's whole and nobody else's."""
    version = publisher.get("/api/v1/models/digits/versions/1.0.0").expect(200).json()
    artifact = version["variants"][0]["artifacts"][0]
    assert artifact["sha256"] == signing.sha256((team[won].home / "net.bin").read_bytes())
    return version


def keyid(cli):
    return signing.sha256(signing.canonical(cli.json("keys", "show", "default")["key"]))


def test_of_many_that_publish_a_version_at_once_one_wins(team, at_once, publisher):
    won = one_won(at_once(team, publish()), "is published and never changes")
    version = stored(publisher, team, won)
    assert version["state"] == "published" and version["signed_by"] == [keyid(team[won])]
    team[won].run("pull", "digits@1.0.0")
    assert len(list(publisher.items("/api/v1/models/digits/versions"))) == 1


def test_of_many_drafts_at_once_one_is_there(team, at_once, publisher):
    won = one_won(at_once(team, publish("--draft")), "is there as a draft with other contents")
    assert stored(publisher, team, won)["state"] == "draft"


def test_drafts_and_signed_versions_at_once_are_one(team, at_once, publisher):
    """Whichever is first: a draft keeps signed ones out, and the other way round."""
    drafts = team[::2]
    done = at_once(team, lambda cli: publish(*["--draft"] * (cli in drafts))(cli))
    won = one_won(done, "is there as a draft", "is published and never changes")
    state = stored(publisher, team, won)["state"]
    assert state == ("draft" if team[won] in drafts else "published")


def test_of_many_that_sign_a_draft_at_once_one_wins(team, at_once, database, publisher):
    database.sql("ALTER TABLE model_version DISABLE TRIGGER hold")
    publish("--draft")(team[0])
    database.sql("ALTER TABLE model_version ENABLE TRIGGER hold")
    done = at_once(team, lambda cli: cli.run("sign", "digits@1.0.0", "--yes", status=None))
    won = one_won(done, "is published and never changes")
    version = stored(publisher, team, 0)
    assert version["state"] == "published" and version["signed_by"] == [keyid(team[won])]


def test_who_comes_after_a_race_is_told_before_anything_is_uploaded(team, at_once, publisher):
    one_won(at_once(team[:2], publish()), "is published and never changes")
    late = team[2]
    done = publish()(late)
    assert done.status == FAILED and "versions never change" in done.err
    unseen = signing.sha256((late.home / "net.bin").read_bytes())
    assert publisher.get(f"/api/v1/artifacts/{unseen}").status == 404
