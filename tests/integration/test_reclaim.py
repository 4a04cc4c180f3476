# SPDX-License-Identifier: Apache-2.0
"""Bytes that nothing has are freed, beside uploads, on several instances, killed in between."""

import concurrent.futures
import http.client
import random
import re

import pytest

from ferry import signing
from ferry.wait import wait_until

MIB = 1 << 20
GONE = (OSError, http.client.HTTPException)

ORPHANS = ("SELECT count(*) FROM chunk c WHERE NOT EXISTS"
           " (SELECT FROM content_chunk r WHERE r.chunk_id = c.id)")
BROKEN = """
SELECT count(*) FROM chunk c LEFT JOIN LATERAL
    (SELECT sum(octet_length(data)) AS bytes FROM chunk_page p WHERE p.chunk_id = c.id) p ON true
    WHERE c.stored_bytes IS DISTINCT FROM p.bytes
"""


@pytest.fixture
def server_options():
    return {"uploads": {"reclaim_interval": "100ms"}}


def noise(size, seed=1):
    return random.Random(seed).randbytes(size)


def put(api, data):
    return api.put(f"/api/v1/artifacts/{signing.sha256(data)}", body=data)


def get(api, data):
    return api.get(f"/api/v1/artifacts/{signing.sha256(data)}")


def age(database):
    """As if a day had gone by since anybody asked for what no version has."""
    database.sql("UPDATE artifact SET unused_since = unused_since - interval '25 hours'")


def count(database, what):
    return int(database.sql(what)[0][0])


def metric(api, name):
    return int(re.search(rf"^modelferry_{name} (\d+)$", api.get("/metrics").text, re.M)[1])


def test_what_no_version_has_goes_after_a_while(api, publisher, viewer, admin, database, publish):
    used, unused = noise(MIB), noise(2 * MIB, 2)
    publish(data=used)
    put(publisher, unused).expect(201)
    age(database)
    wait_until(lambda: count(database, "SELECT count(*) FROM artifact") == 1, 30)
    get(viewer, unused).expect(404)
    wait_until(lambda: count(database, "SELECT sum(size_bytes) FROM chunk") == MIB, 30)
    assert get(viewer, used).expect(200).body == used
    wait_until(lambda: metric(api, "reclaimed_bytes_total") == 2 * MIB)
    assert metric(api, "reclaimed_artifacts_total") == 1
    assert metric(api, "reclaimed_chunks_total") > 1
    (entry,) = admin.get("/api/v1/audit?action=artifact.reclaim").json()["items"]
    assert entry["object"]["id"] == signing.sha256(unused)
    assert (entry["before"], entry["after"]) == ({"length": 2 * MIB}, None)
    # what was freed is stored anew
    put(publisher, unused).expect(201)
    assert get(viewer, unused).expect(200).body == unused


def test_who_asks_for_it_keeps_it(publisher, database, add_server):
    """A publisher that learned that the bytes are there can count on them for a day."""
    data = noise(100_000)
    put(publisher, data).expect(201)
    database.sql("UPDATE artifact SET unused_since = unused_since - interval '23 hours'")
    put(publisher, data).expect(200)
    assert count(database, "SELECT count(*) FROM artifact"
                           " WHERE unused_since > now() - interval '1 hour'") == 1


def test_a_draft_keeps_what_it_waits_for(publisher, database, publish):
    data = noise(100_000)
    publish()
    signed = signing.manifest("digits", "2.0.0", [
        signing.variant([signing.artifact("model.onnx", data)])])
    publisher.post("/api/v1/models/digits/versions", {"signatures": [], "signed": signed}).expect(201)
    put(publisher, data).expect(201)
    age(database)
    # the sweep has looked at it
    wait_until(lambda: count(database, "SELECT count(*) FROM artifact WHERE unused_since"
                                       " > now() - interval '1 hour'") == 1)
    assert get(publisher, data).expect(200).body == data
    publisher.delete("/api/v1/models/digits/versions/2.0.0").expect(204)
    age(database)
    wait_until(lambda: count(database, "SELECT count(*) FROM artifact"
                                       " WHERE unused_since IS NOT NULL") == 0)


def test_no_upload_loses_a_byte(server, add_server, publisher, database, model_key, publish):
    """Uploads that share chunks with what is being removed, on two instances, one of which is
    killed again and again: whatever was acknowledged and published is whole."""
    publish()
    other = add_server(name="other", options={"uploads": {"reclaim_interval": "100ms"}})
    shared = [noise(MIB, seed) for seed in range(4)]
    kept = {}
    rounds = 6
    ports = [other.api_port, server.api_port]

    def client(number):
        dice = random.Random(number)
        api = publisher.with_token(publisher.token)
        done = 0
        while done < rounds:
            data = dice.choice(shared) + b"%d.%d" % (number, done) + dice.choice(shared)
            version = f"1.{number + 1}.{done}"
            envelope = model_key.envelope(signing.manifest("digits", version, [
                signing.variant([signing.artifact("model.onnx", data)])]))
            try:
                api.port = ports[number % 2]
                if put(api, data).status not in (200, 201):
                    continue
                if dice.random() < 0.5:
                    done += 1  # abandoned: garbage, with chunks that the others need
                    continue
                reply = api.post("/api/v1/models/digits/versions", envelope)
            except GONE:
                continue
            if reply.status in (200, 201):
                kept[version] = data
                done += 1
            elif reply.status not in (409, 503):
                reply.expect(201)
            elif reply.problem == "version-exists":
                kept[version] = data
                done += 1
        return number

    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        clients = [pool.submit(client, number) for number in range(6)]
        kills = 0
        while not all(done.done() for done in clients):
            age(database)
            if kills < 4:
                other.restart(kill=True)
                ports[0] = other.api_port
                kills += 1
        for done in clients:
            done.result()
    age(database)
    wait_until(lambda: count(database, "SELECT count(*) FROM artifact"
                                       " WHERE unused_since IS NOT NULL") == 0 or age(database), 60)
    wait_until(lambda: count(database, "SELECT count(*) FROM content"
                                       " WHERE discarded_at IS NOT NULL") == 0, 60)
    assert kept and kills == 4
    assert count(database, "SELECT count(*) FROM artifact") == len(set(kept.values())) + 1
    for data in kept.values():
        assert get(publisher, data).expect(200).body == data
    assert count(database, ORPHANS) == 0
    assert count(database, BROKEN) == 0
