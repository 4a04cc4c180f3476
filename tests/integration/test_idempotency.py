# SPDX-License-Identifier: Apache-2.0
"""Idempotency-Key: sent again, at the same time, and across the death of the server."""

import concurrent.futures
import contextlib

import pytest

from ferry import signing
from ferry.wait import wait_until

MODELS = "/api/v1/models"


def key(value):
    return {"Idempotency-Key": value}


def test_a_request_sent_again_gets_the_first_reply(publisher, database):
    first = publisher.post(MODELS, {"name": "digits"}, headers=key("k1")).expect(201)
    again = publisher.post(MODELS, {"name": "digits"}, headers=key("k1")).expect(201)
    assert again.body == first.body
    assert again.header("Location") == first.header("Location")
    assert again.header("Content-Type") == first.header("Content-Type")
    assert again.header("Idempotent-Replayed") == "true"
    assert first.header("Idempotent-Replayed") is None
    assert database.value("SELECT count(*) FROM model") == "1"
    publisher.post(MODELS, {"name": "digits"}, headers=key("k2")).expect(409)


def test_a_key_for_another_request_is_refused(publisher):
    publisher.post(MODELS, {"name": "a"}, headers=key("k")).expect(201)
    reply = publisher.post(MODELS, {"name": "b"}, headers=key("k")).expect(422)
    assert reply.problem == "idempotency-key-reused"
    assert publisher.get(f"{MODELS}/b").status == 404


def test_a_key_belongs_to_its_token(admin, publisher):
    publisher.post(MODELS, {"name": "a"}, headers=key("k")).expect(201)
    admin.post(MODELS, {"name": "b"}, headers=key("k")).expect(201)


def test_a_failure_is_not_kept(publisher, model_key):
    publisher.post(MODELS, {"name": "digits", "keys": [{"key": model_key.object}]}).expect(201)
    data = b"uploaded late"
    envelope = model_key.envelope(signing.manifest(
        "digits", "1.0.0", [signing.variant([signing.artifact("model.onnx", data)])]))
    path = f"{MODELS}/digits/versions"
    publisher.post(path, envelope, headers=key("k")).expect(409)
    publisher.put(f"/api/v1/artifacts/{signing.sha256(data)}", body=data).expect(201)
    publisher.post(path, envelope, headers=key("k")).expect(201)
    publisher.post(path, envelope, headers=key("k")).expect(201)


@pytest.mark.parametrize("value", ["", "x" * 256, "a\tb", "ü"])
def test_a_wrong_key_is_refused(publisher, value):
    reply = publisher.post(MODELS, {"name": "a"}, headers={"Idempotency-Key": value.encode()})
    assert reply.expect(400).problem == "bad-request"


def test_at_the_same_time_one_has_the_effect_and_all_get_its_reply(publisher, database):
    def post(_):
        return publisher.post(MODELS, {"name": "digits"}, headers=key("k")).expect(201)

    with concurrent.futures.ThreadPoolExecutor(8) as threads:
        replies = list(threads.map(post, range(16)))
    assert len({reply.body for reply in replies}) == 1
    assert [reply.header("Idempotent-Replayed") for reply in replies].count(None) == 1
    assert database.value("SELECT count(*) FROM model") == "1"


def test_a_key_is_forgotten_after_a_day(publisher, database):
    publisher.post(MODELS, {"name": "a"}, headers=key("k")).expect(201)
    database.sql("UPDATE idempotency_key SET created_at = now() - interval '23 hours 59 minutes'")
    publisher.post(MODELS, {"name": "a"}, headers=key("k")).expect(201)
    database.sql("UPDATE idempotency_key SET created_at = now() - interval '24 hours 1 minute'")
    assert publisher.post(MODELS, {"name": "a"}, headers=key("k")).expect(409)
    publisher.post(MODELS, {"name": "b"}, headers=key("other")).expect(201)
    assert database.value("SELECT string_agg(key, ',') FROM idempotency_key") == "other"


def test_a_server_killed_within_leaves_neither_effect_nor_reply(server, publisher, database):
    """The request is held right before its reply is stored; then the server dies."""
    database.sql("""
        CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN PERFORM pg_advisory_xact_lock(77); RETURN NEW; END $$;
        CREATE TRIGGER hold BEFORE UPDATE ON idempotency_key FOR EACH ROW EXECUTE FUNCTION hold()
    """)

    def post():
        with contextlib.suppress(OSError, ConnectionError, Exception):
            return publisher.post(MODELS, {"name": "digits"}, headers=key("k"))

    with database.hold_advisory_lock(77), concurrent.futures.ThreadPoolExecutor(1) as thread:
        pending = thread.submit(post)
        wait_until(lambda: database.value(
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'advisory'"
            " AND datname = current_database()") == "1", what="the request is not held")
        server.kill()
        pending.result()
    database.sql("DROP TRIGGER hold ON idempotency_key")
    wait_until(lambda: database.value(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
        " AND application_name = 'modelferryd'") == "0", what="backends of the dead server remain")
    assert database.value("SELECT count(*) FROM model") == "0"
    assert database.value("SELECT count(*) FROM idempotency_key") == "0"
    server.stop()
    server.start()
    api = server.api(publisher.token)
    api.post(MODELS, {"name": "digits"}, headers=key("k")).expect(201)
    assert api.post(MODELS, {"name": "digits"}, headers=key("k")).expect(201).header(
        "Idempotent-Replayed") == "true"
