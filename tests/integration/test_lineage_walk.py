# SPDX-License-Identifier: Apache-2.0
"""Lineage: closures, paths and differences, beside a model of the graph written in Python."""

import random
import urllib.parse

import pytest
from ferry import openlineage as ol


def ask(api, question, **arguments):
    return api.get(f"/api/v1/lineage/{question}?" + urllib.parse.urlencode(arguments))


def refs(reply, with_start=True):
    nodes = reply.expect(200).json()["nodes"]
    return {node["ref"] for node in nodes[0 if with_start else 1:]}


def edges(reply):
    answer = reply.expect(200).json()
    names = [node["ref"] for node in answer["nodes"]]
    return {(names[e["from"]], e["kind"], names[e["to"]]) for e in answer["edges"]}


def run(number):
    return f"run:{ol.run_id(number)}"


@pytest.fixture
def say(publisher):
    """say(event, ...) sends events."""
    def send(*events):
        publisher.post("/api/v1/lineage/batch", list(events)).expect(204)
    return send


@pytest.fixture
def pipeline(say):
    """faces@3 -> clean (run 1) -> tidy@1 -> train (run 2) -> weights@7; code, a parent, a job."""
    source = ol.facet(type="git", url="https://host/x", repoUrl="https://host/repo.git", version="c0ffee")
    parent = ol.facet(run={"runId": ol.run_id(9)}, job={"namespace": "pipelines", "name": "nightly"})
    say(ol.run_event("START", ol.run_id(1), "clean", [ol.dataset("faces", "3")], second=1),
        ol.run_event("COMPLETE", ol.run_id(1), "clean", [], [ol.dataset("tidy", "1")], second=2),
        ol.run_event("COMPLETE", ol.run_id(2), "train", [ol.dataset("tidy", "1")],
                     [ol.dataset("weights", "7")], second=9, run_facets={"parent": parent},
                     job_facets={"sourceCodeLocation": source}))


LAKE = "dataset:lake#"


def test_upstream_and_downstream(pipeline, viewer):
    up = ask(viewer, "upstream", ref=LAKE + "weights@7")
    assert refs(up) == {LAKE + "weights@7", LAKE + "weights", run(2), "job:pipelines#train",
                        "code:https://host/repo.git@c0ffee", LAKE + "tidy@1", LAKE + "tidy", run(1),
                        "job:pipelines#clean", LAKE + "faces@3", LAKE + "faces"}
    assert up.json()["cut_off"] is None
    assert (run(1), "write", LAKE + "tidy@1") in edges(up)
    down = ask(viewer, "downstream", ref=LAKE + "faces")
    assert refs(down) == {LAKE + "faces", LAKE + "faces@3", run(1), LAKE + "tidy@1", run(2),
                          LAKE + "weights@7", run(9)}
    node = next(n for n in down.json()["nodes"] if n["ref"] == run(1))
    assert node["depth"] == 2
    assert (node["job"], node["state"]) == ("job:pipelines#clean", "COMPLETE")
    assert (node["started_at"], node["ended_at"]) == (ol.time(1), ol.time(2))


def test_depth_and_kinds_and_limit(pipeline, viewer):
    near = ask(viewer, "upstream", ref=LAKE + "weights@7", depth=1)
    assert refs(near) == {LAKE + "weights@7", LAKE + "weights", run(2)}
    assert near.json()["cut_off"] == "depth"
    far = ask(viewer, "upstream", ref=LAKE + "weights@7", depth=5)
    assert far.json()["cut_off"] is None
    runs = ask(viewer, "upstream", ref=LAKE + "weights@7", kinds="run")
    assert refs(runs) == {run(1), run(2)}
    assert runs.json()["edges"] == []
    few = ask(viewer, "upstream", ref=LAKE + "weights@7", limit=3)
    assert len(few.json()["nodes"]) == 3 and few.json()["cut_off"] == "limit"
    exact = ask(viewer, "upstream", ref=LAKE + "weights@7", limit=11)
    assert len(exact.json()["nodes"]) == 11 and exact.json()["cut_off"] is None
    for bad in ({"depth": 0}, {"depth": "x"}, {"limit": 100001}, {"kinds": "thing"},
                {"format": "xml"}, {"declared": "yes"}):
        refused = ask(viewer, "upstream", ref=LAKE + "weights@7", **bad).expect(400)
        assert next(iter(bad)) in refused.json()["detail"]


def test_text_and_graphviz(pipeline, viewer):
    text = ask(viewer, "upstream", ref=LAKE + "weights@7", format="text").expect(200).text
    lines = text.splitlines()
    assert lines[0] == LAKE + "weights@7"
    assert f"  [write] {run(2)}  (job:pipelines#train, COMPLETE {ol.time(9)})" in lines
    assert f"    [read] {LAKE}tidy@1" in lines
    dot = ask(viewer, "upstream", ref=LAKE + "weights@7", format="dot").expect(200)
    assert dot.header("Content-Type") == "text/vnd.graphviz"
    assert dot.text.startswith("digraph lineage {")
    assert dot.text.count(" -> ") == len(edges(ask(viewer, "upstream", ref=LAKE + "weights@7")))
    cut = ask(viewer, "upstream", ref=LAKE + "weights@7", format="text", depth=1).expect(200).text
    assert cut.splitlines()[-1].startswith("cut off by depth after 3 nodes")


def test_what_nobody_knows(pipeline, viewer):
    for question, arguments in (("upstream", {"ref": LAKE + "nothing"}), ("node", {"ref": run(77)}),
                                ("path", {"from": run(1), "to": "no@1"}),
                                ("diff", {"from": "no@1", "to": run(1)})):
        assert ask(viewer, question, **arguments).expect(404).problem == "unknown-node"
    ask(viewer, "upstream").expect(400)
    refused = ask(viewer, "upstream", ref="weights").expect(400)
    assert "names no node" in refused.json()["detail"]


def test_workspaces_do_not_see_each_other(pipeline, server):
    server.run("workspace", "create", "other")
    stranger = server.api(server.create_token("admin", workspace="other"))
    ask(stranger, "upstream", ref=LAKE + "weights@7").expect(404)
    ask(stranger, "node", ref=run(1)).expect(404)


def test_the_shortest_path(pipeline, say, viewer):
    found = ask(viewer, "path", **{"from": LAKE + "faces@3", "to": LAKE + "weights@7"}).json()
    assert [n["ref"] for n in found["nodes"]] == [LAKE + "faces@3", run(1), LAKE + "tidy@1", run(2),
                                                  LAKE + "weights@7"]
    assert found["direction"] == "downstream"
    assert [e["kind"] for e in found["edges"]] == ["read", "write", "read", "write"]
    back = ask(viewer, "path", **{"from": LAKE + "weights@7", "to": LAKE + "faces"}).json()
    assert [n["ref"] for n in back["nodes"]][-2:] == [LAKE + "faces@3", LAKE + "faces"]
    assert back["direction"] == "upstream"
    # a short cut wins
    say(ol.run_event("COMPLETE", ol.run_id(3), "short", [ol.dataset("faces", "3")],
                     [ol.dataset("weights", "7")], second=20))
    found = ask(viewer, "path", **{"from": LAKE + "faces@3", "to": LAKE + "weights@7"}).json()
    assert [n["ref"] for n in found["nodes"]][1:-1] == [run(3)]
    # cousins are related, and nothing flows from one to the other
    say(ol.run_event("COMPLETE", ol.run_id(4), "other", [ol.dataset("tidy", "1")],
                     [ol.dataset("report", "1")], second=30))
    pair = {"from": LAKE + "report@1", "to": LAKE + "weights@7"}
    cousins = ask(viewer, "path", **pair).json()
    assert cousins["direction"] == "related" and cousins["found"]
    assert [n["ref"] for n in cousins["nodes"]] == [LAKE + "report@1", run(4), LAKE + "tidy@1",
                                                    run(2), LAKE + "weights@7"]
    text = ask(viewer, "path", format="text", **pair).text.splitlines()
    assert text[1].startswith("  <--write-- " + run(4)) and text[-1].startswith("  --write--> ")
    assert ask(viewer, "path", directed="true", **pair).json()["found"] is False
    # nothing at all
    say(ol.dataset_event("island", "1"))
    none = ask(viewer, "path", **{"from": LAKE + "island@1", "to": LAKE + "weights@7"}).json()
    assert none == {"found": False, "direction": "none", "cut_off": None, "nodes": [], "edges": []}
    same = ask(viewer, "path", **{"from": run(1), "to": run(1)}).json()
    assert [n["ref"] for n in same["nodes"]] == [run(1)]


def test_the_difference_of_two_ancestries(pipeline, say, viewer):
    say(ol.run_event("COMPLETE", ol.run_id(5), "train", [ol.dataset("tidy", "2"), ol.dataset("extra", "1")],
                     [ol.dataset("weights", "8")], second=50),
        ol.run_event("COMPLETE", ol.run_id(6), "clean", [ol.dataset("faces", "3")],
                     [ol.dataset("tidy", "2")], second=40))
    pair = {"from": LAKE + "weights@7", "to": LAKE + "weights@8"}
    said = ask(viewer, "diff", **pair).expect(200).json()
    assert {(c["from"]["ref"], c["to"]["ref"]) for c in said["changed"]} == {
        (LAKE + "tidy@1", LAKE + "tidy@2"), (run(1), run(6)), (run(2), run(5))}
    assert {n["ref"] for n in said["removed"]} == {"code:https://host/repo.git@c0ffee"}
    assert {n["ref"] for n in said["added"]} == {LAKE + "extra@1", LAKE + "extra"}
    assert said["common"] == len(refs(ask(viewer, "upstream", ref=pair["from"]))
                                 & refs(ask(viewer, "upstream", ref=pair["to"])))
    text = ask(viewer, "diff", format="text", **pair).text
    assert f"~ {LAKE}tidy@1\n  -> {LAKE}tidy@2\n" in text
    assert f"+ {LAKE}extra@1\n" in text
    dot = ask(viewer, "diff", format="dot", **pair).text
    assert dot.count("color=red,fontcolor=red") == 5 and dot.count("color=green,fontcolor=green") == 6
    assert ask(viewer, "diff", **{"from": run(1), "to": run(1)}).json()["added"] == []
    only = ask(viewer, "diff", kinds="run,code", **pair).expect(200).json()
    assert {c["from"]["kind"] for c in only["changed"]} == {"run"} and only["added"] == []
    assert [n["kind"] for n in only["removed"]] == ["code"]
    text = ask(viewer, "diff", format="text", kinds="dataset-version", **pair).text
    assert f"+ {LAKE}extra@1\n" in text and "run:" not in text and "code:" not in text


def test_facets_are_kept_as_they_were_sent(publisher, viewer):
    body = (b'{"eventTime":"2026-01-02T03:04:05Z","producer":"p:x","eventType":"START","run":{"runId":"'
            + ol.run_id(1).encode() + b'","facets":{"strange/one":{ "n" : 1.10, "e":1E+2,'
            b'"u":"\\u0000\\u00e9"}}},"job":{"namespace":"n","name":"j"},"inputs":[{"namespace":"s",'
            b'"name":"d","inputFacets":{"rows":{"n":7}}}]}')
    sent = publisher.post("/api/v1/lineage", body=body).expect(201).json()
    reply = ask(viewer, "node", ref=run(1)).expect(200)
    assert b'"facet":{ "n" : 1.10, "e":1E+2,"u":"\\u0000\\u00e9"}' in reply.body
    own, of_input = reply.json()["facets"]
    assert (own["name"], own["scope"], own["event"]) == ("strange/one", "own", sent["sha256"])
    assert (of_input["scope"], of_input["of"], of_input["facet"]) == ("input", "dataset:s#d", {"n": 7})
    [event] = reply.json()["events"]
    assert (event["type"], event["received_by"]) == ("START", "test-publisher")
    assert viewer.get(f"/api/v1/lineage/events/{event['sha256']}").expect(200).body == body
    viewer.get("/api/v1/lineage/events/" + "0" * 64).expect(404)
    # a later one replaces it; a later still takes it away
    publisher.post("/api/v1/lineage", ol.run_event("RUNNING", ol.run_id(1), second=300, run_facets={
        "strange/one": ol.facet(n=2)})).expect(201)
    facets = ask(viewer, "node", ref=run(1)).json()["facets"]
    assert next(f for f in facets if f["name"] == "strange/one")["facet"]["n"] == 2
    publisher.post("/api/v1/lineage", ol.run_event("RUNNING", ol.run_id(1), second=301, run_facets={
        "strange/one": ol.facet(_deleted=True)})).expect(201)
    facets = ask(viewer, "node", ref=run(1)).json()["facets"]
    assert not [f for f in facets if f["name"] == "strange/one"]


def test_a_cycle_is_stored_and_ends(say, viewer):
    for number in range(3):
        say(ol.run_event("COMPLETE", ol.run_id(number + 1), f"j{number}",
                         [ol.dataset("ring", str(number))],
                         [ol.dataset("ring", str((number + 1) % 3))], second=number))
    self_loop = ol.run_event("COMPLETE", ol.run_id(8), "self", [ol.dataset("own", "1")],
                             [ol.dataset("own", "1")])
    say(self_loop)
    for question in ("upstream", "downstream"):
        answer = ask(viewer, question, ref=LAKE + "ring@0")
        assert {LAKE + f"ring@{n}" for n in range(3)} | {run(n) for n in (1, 2, 3)} <= refs(answer)
        assert len([e for e in edges(answer) if e[1] in ("read", "write")]) == 6
        text = ask(viewer, question, ref=LAKE + "ring@0", format="text").expect(200).text
        assert f"{LAKE}ring@0  (above)" in text
        assert run(8) in refs(ask(viewer, question, ref=LAKE + "own@1"))
    found = ask(viewer, "path", **{"from": LAKE + "ring@1", "to": LAKE + "ring@0"}).json()
    assert [n["ref"] for n in found["nodes"]] == [LAKE + "ring@1", run(2), LAKE + "ring@2", run(3),
                                                  LAKE + "ring@0"]


def test_a_deep_chain_is_walked_to_its_end(say, viewer):
    events = [ol.run_event("COMPLETE", ol.run_id(n + 1), "step", [ol.dataset("chain", str(n))],
                           [ol.dataset("chain", str(n + 1))], second=n) for n in range(900)]
    say(*events)
    answer = ask(viewer, "upstream", ref=LAKE + "chain@900").expect(200).json()
    assert len(answer["nodes"]) == 1 + 1 + 900 + 900 + 1 and answer["cut_off"] is None
    assert max(node["depth"] for node in answer["nodes"]) == 1800
    text = ask(viewer, "upstream", ref=LAKE + "chain@900", format="text").expect(200).text
    assert " 1800: [read] dataset:lake#chain@0" in text


def distances(edges_of, start):
    """The shortest way to everything, in edges."""
    found, todo = {start: 0}, [start]
    for at in todo:
        for other in edges_of.get(at, ()):
            if other not in found:
                found[other] = found[at] + 1
                todo.append(other)
    return found


@pytest.mark.parametrize("seed", range(3))
def test_deep_graphs_with_short_cuts_and_rings_are_walked_level_by_level(say, viewer, seed):
    """Several levels are read at once where they are narrow; nobody may notice."""
    chance = random.Random(seed)
    above, below, events = {}, {}, []
    for n in range(400):
        reads = {n} | {max(0, n - chance.choice([1, 2, 40])) for _ in range(seed)}
        reads |= {min(400, n + 30)} if chance.random() < 0.02 * seed else set()
        events.append(ol.run_event("COMPLETE", ol.run_id(n + 1), "step",
                                   [ol.dataset("deep", str(each)) for each in sorted(reads)],
                                   [ol.dataset("deep", str(n + 1))], second=n))
        pairs = [(LAKE + f"deep@{each}", run(n + 1)) for each in reads]
        for source, target in [*pairs, (run(n + 1), LAKE + f"deep@{n + 1}")]:
            below.setdefault(source, []).append(target)
            above.setdefault(target, []).append(source)
    say(*events)
    for question, start, edges_of in (("upstream", "deep@400", above), ("downstream", "deep@0", below)):
        want = distances(edges_of, LAKE + start)
        for depth in (0, 3, 70):
            asked = {"depth": depth} if depth else {}
            answer = ask(viewer, question, ref=LAKE + start, **asked).expect(200).json()
            got = {node["ref"]: node["depth"] for node in answer["nodes"]
                   if node["ref"].startswith(("run:", LAKE + "deep@"))}
            assert got == {ref: far for ref, far in want.items() if not depth or far <= depth}
            assert answer["cut_off"] == ("depth" if depth and max(want.values()) > depth else None)


def test_what_jobs_declare_is_followed_only_when_asked(say, viewer):
    say(ol.job_event("plan", [ol.dataset("a")], [ol.dataset("b")]))
    assert refs(ask(viewer, "downstream", ref=LAKE + "a")) == {LAKE + "a"}
    assert refs(ask(viewer, "downstream", ref=LAKE + "a", declared="true")) == {
        LAKE + "a", "job:pipelines#plan", LAKE + "b"}


def test_the_upstream_of_a_job_is_that_of_its_runs(pipeline, viewer):
    assert {run(1), LAKE + "faces@3"} <= refs(ask(viewer, "upstream", ref="job:pipelines#clean"))
    assert {run(1), LAKE + "weights@7"} <= refs(ask(viewer, "downstream", ref="job:pipelines#clean"))


# ---- reads and writes that do not say a version --------------------------------------------------


def test_an_unversioned_read_is_of_what_was_written_last(say, viewer):
    for day in range(3):
        say(ol.run_event("START", ol.run_id(10 + day), "load", [ol.dataset("raw", str(day))],
                         second=100 * day),
            ol.run_event("COMPLETE", ol.run_id(10 + day), "load", [], [ol.dataset("table")],
                         second=100 * day + 10),
            ol.run_event("COMPLETE", ol.run_id(20 + day), "use", [ol.dataset("table")],
                         [ol.dataset("result", str(day))], second=100 * day + 20))
    for day in range(3):
        up = ask(viewer, "upstream", ref=LAKE + f"result@{day}")
        assert {r for r in refs(up) if r.startswith("run:")} == {run(10 + day), run(20 + day)}
        assert (run(10 + day), "assumed", run(20 + day)) in edges(up)
        down = ask(viewer, "downstream", ref=LAKE + f"raw@{day}")
        assert {r for r in refs(down) if "result@" in r} == {LAKE + f"result@{day}"}
    # all of them, where the dataset itself is asked about
    assert {LAKE + f"result@{day}" for day in range(3)} <= refs(ask(viewer, "downstream", ref=LAKE + "table"))
    assert {LAKE + f"raw@{day}" for day in range(3)} <= refs(ask(viewer, "upstream", ref=LAKE + "table"))


def test_a_late_write_finds_its_readers(say, viewer):
    say(ol.run_event("COMPLETE", ol.run_id(1), "use", [ol.dataset("t")], [ol.dataset("r", "1")], second=50))
    assert refs(ask(viewer, "upstream", ref=run(1)), False) == {LAKE + "t", "job:pipelines#use"}
    say(ol.run_event("COMPLETE", ol.run_id(2), "make", [], [ol.dataset("t")], second=10))
    assert run(2) in refs(ask(viewer, "upstream", ref=LAKE + "r@1"))
    say(ol.run_event("COMPLETE", ol.run_id(3), "make", [], [ol.dataset("t", "9")], second=20))
    up = refs(ask(viewer, "upstream", ref=LAKE + "r@1"))
    assert run(3) in up and LAKE + "t@9" in up and run(2) not in up
    # once the reader says what it read, nothing is assumed
    say(ol.run_event("OTHER", ol.run_id(1), "use", [ol.dataset("t", "5")], second=60))
    up = refs(ask(viewer, "upstream", ref=LAKE + "r@1"))
    assert LAKE + "t@5" in up and run(3) not in up


class Model:
    """The rules of docs/LINEAGE.md, by brute force."""

    def __init__(self, events):
        self.facts = {}
        for event in events:
            self.take(event)

    def note(self, source, kind, target, at):
        key = (source, kind, target)
        better = max if kind == "write-any" else min
        self.facts[key] = better(self.facts.get(key, at), at)

    def take(self, event):
        at, doer = event["eventTime"], f"run:{event['run']['runId']}"
        self.note(f"job:pipelines#{event['job']['name']}", "job", doer, at)
        for side, verb in (("inputs", "read"), ("outputs", "write")):
            for dataset in event[side]:
                name = LAKE + dataset["name"]
                version = dataset["facets"].get("version", {}).get("datasetVersion")
                node = f"{name}@{version}" if version else name
                if version:
                    self.note(name, "version-of", node, at)
                kind = verb if version else verb + "-any"
                pair = (node, kind, doer) if verb == "read" else (doer, kind, node)
                self.note(*pair, at)

    def assumed(self):
        found = set()
        for (name, kind, reader), at in self.facts.items():
            if kind != "read-any" or any(
                    k == "read" and t == reader and s.startswith(name + "@") for s, k, t in self.facts):
                continue
            writes = [(when, source) for (source, k, target), when in self.facts.items()
                      if k == "write-any" and target == name]
            writes += [(when, target) for (source, k, target), when in self.facts.items()
                       if k == "version-of" and source == name]
            writes = [(when, made) for when, made in writes if when < at or (
                when == at and made != reader and (reader, "write", made) not in self.facts)]
            if writes:
                last = max(writes)[0]
                found |= {(made, "assumed", reader) for when, made in writes if when == last}
        return found

    def closure(self, start, upstream):
        every = set(self.facts) | self.assumed()
        seen, todo = {start}, [start]
        if upstream and "@" not in start and start.startswith("dataset:"):
            versions = [t for s, k, t in every if k == "version-of" and s == start]
            seen |= set(versions)
            todo += versions
        used = set()
        while todo:
            at = todo.pop()
            if at.startswith("dataset:") and "@" not in at and at != start:
                continue
            for edge in every:
                source, _, target = edge
                if (target if upstream else source) != at:
                    continue
                used.add(edge)
                other = source if upstream else target
                if other not in seen:
                    seen.add(other)
                    todo.append(other)
        return seen, used


@pytest.mark.parametrize("seed", range(6))
def test_closures_are_those_of_the_rules(publisher, viewer, seed):
    """Random events of few datasets, versions and moments, so that every rule meets every other."""
    chance = random.Random(seed)
    events = []
    for _ in range(45):
        def some():
            return [ol.dataset(f"d{chance.randrange(3)}", chance.choice([None, None, "1", "2"]))
                    for _ in range(chance.randrange(3))]
        number = chance.randrange(9)
        events.append(ol.run_event(chance.choice(["START", "COMPLETE", "OTHER"]), ol.run_id(number + 1),
                                   f"j{number % 2}", some(), some(), second=chance.randrange(12)))
    model = Model(events)
    chance.shuffle(events)
    publisher.post("/api/v1/lineage/batch", events).expect(204)
    nodes = {end for source, _, target in model.facts for end in (source, target)}
    below = {}
    for node in sorted(nodes):
        if node.startswith("job:"):
            continue
        for question, upstream in (("upstream", True), ("downstream", False)):
            seen, used = model.closure(node, upstream)
            answer = ask(viewer, question, ref=node)
            assert refs(answer) == seen, (question, node)
            assert edges(answer) == used, (question, node)
            below[question, node] = seen
    exact = {n for n in nodes if n.startswith("run:") or "@" in n}
    for node in exact:
        for other in below["upstream", node] & exact:
            assert node in below["downstream", other], (other, node)
