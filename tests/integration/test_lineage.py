# SPDX-License-Identifier: Apache-2.0
"""Lineage: what comes in as OpenLineage events."""

import concurrent.futures
import copy
import uuid

import pytest
from ferry import openlineage as ol


def test_an_event_is_taken_as_marquez_clients_expect(publisher):
    event = ol.run_event("START", ol.run_id(1), inputs=[ol.dataset("faces", "3")])
    taken = publisher.post("/api/v1/lineage", event).expect(201).json()
    assert taken["known"] is False
    again = publisher.post("/api/v1/lineage", event).expect(200).json()
    assert again == {"sha256": taken["sha256"], "known": True}


@pytest.mark.parametrize("spoil, pointer", [
    (lambda e: e.pop("eventTime"), "/eventTime"),
    (lambda e: e.update(eventTime="now"), "/eventTime"),
    (lambda e: e.pop("producer"), "/producer"),
    (lambda e: e["run"].update(runId="17"), "/run/runId"),
    (lambda e: e["job"].pop("name"), "/job/name"),
    (lambda e: e["inputs"][0].pop("namespace"), "/inputs/0/namespace"),
    (lambda e: e["inputs"][0]["facets"].update({"a/b": 1}), "/inputs/0/facets/a~1b"),
    (lambda e: e.update(eventType="DONE"), "/eventType"),
])
def test_a_malformed_event_is_answered_with_its_field(publisher, spoil, pointer):
    event = ol.run_event("START", ol.run_id(1), inputs=[ol.dataset("faces", "3")])
    spoil(event)
    refused = publisher.post("/api/v1/lineage", event).expect(400)
    assert refused.problem == "invalid-field"
    assert refused.json()["pointer"] == pointer


def test_what_is_no_json_is_answered_with_the_place(publisher):
    refused = publisher.post("/api/v1/lineage", body=b'{"eventTime":\n!}').expect(400)
    assert refused.problem == "malformed-json"
    assert refused.json()["line"] == 2
    publisher.post("/api/v1/lineage", body=b"[" * 200000).expect(400)
    publisher.post("/api/v1/lineage", body=b"x" * ((1 << 20) + 1)).expect(413)


def test_a_batch_takes_what_is_good(publisher):
    good = ol.run_event("START", ol.run_id(1))
    bad = ol.run_event("START", "nobody")
    publisher.post("/api/v1/lineage/batch", [good, ol.dataset_event("faces", "1")]).expect(204)
    publisher.post("/api/v1/lineage/batch", []).expect(204)
    said = publisher.post("/api/v1/lineage/batch",
                          [good, bad, ol.job_event(inputs=[ol.dataset("faces")])]).expect(200).json()
    assert said["status"] == "partial_success"
    assert said["summary"] == {"received": 3, "successful": 2, "failed": 1}
    [failed] = said["failed_events"]
    assert (failed["index"], failed["pointer"], failed["retriable"]) == (1, "/run/runId", False)
    said = publisher.post("/api/v1/lineage/batch", [bad]).expect(200).json()
    assert said["status"] == "failure"
    publisher.post("/api/v1/lineage/batch", {"events": []}).expect(400)


def test_only_publishers_write(viewer, operator, api):
    event = ol.run_event("START", ol.run_id(1))
    viewer.post("/api/v1/lineage", event).expect(403)
    operator.post("/api/v1/lineage/batch", [event]).expect(403)
    api.post("/api/v1/lineage", event).expect(401)


def test_instances_that_take_the_same_events_at_once_agree(server, add_server, publisher, database):
    """Many senders, two instances, every event twice, speaking of the same few datasets."""
    other = publisher.__class__(add_server().api_port, publisher.token)
    events = []
    for number in range(40):
        run = str(uuid.UUID(int=number % 10))
        names = [ol.dataset(f"d{n}", str(number % 3)) for n in range(8)]
        events.append(ol.run_event(["START", "COMPLETE"][number % 2], run, inputs=names,
                                   outputs=list(reversed(copy.deepcopy(names))), second=number))
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        for reply in pool.map(lambda job: job[0].post("/api/v1/lineage", job[1]),
                              [(side, event) for event in events for side in (publisher, other)]):
            reply.expect(200, 201)
    assert int(database.value("SELECT count(*) FROM lineage_event")) == 40
    edges = int(database.value("SELECT count(*) FROM lineage_edge WHERE kind IN (2, 3)"))
    # run n % 10 saw versions n % 3 for n = n, n + 10, n + 20, n + 30: each of the three
    assert edges == 10 * 8 * 3 * 2
