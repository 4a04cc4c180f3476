# SPDX-License-Identifier: Apache-2.0
"""The auditor's questions: what a device ran, what became of a dataset, who deployed on what evidence."""

import html.parser
import json
import secrets

import pytest
from ferry import openlineage as ol
from ferry import signing

KIND = f"{signing.RUNTIME}/cpu/fp32"
VARIANT = f"model:digits@1.0.0/{KIND}"
DIGITS = "/api/v1/models/digits/versions/1.0.0"
RUN = f"run:{ol.run_id(1)}"


@pytest.fixture
def server_options(scratch):
    path = scratch / "master.key"
    path.write_text(secrets.token_hex(32))
    path.chmod(0o600)
    return {"keys": {"master_file": path}}


@pytest.fixture
def trained(publisher, operator, publish):
    """faces@3 -> train (run 1) -> digits@1.0.0, measured and approved; 2.0.0 is from elsewhere."""
    event = ol.run_event("COMPLETE", ol.run_id(1), inputs=[ol.dataset("faces", "3")])
    event["run"]["facets"] = {"params": {"_producer": "https://x/y", "_schemaURL": "https://x/z",
                                         "rate": 0.25, "~/weird": True}}
    publisher.post("/api/v1/lineage", event).expect(201)
    first = publish("digits", "1.0.0", b"one", metrics={"accuracy": "0.97"}, **{"from": [RUN]})
    operator.post(f"{DIGITS}/approvals", {"reason": "better than before", "evidence": [
        "https://ci.example.org/7"]}).expect(201)
    publisher.patch(DIGITS, json={"metrics": [
        {"name": "accuracy", "value": "0.91", "dataset": "lab"}]}).expect(200)
    return first, publish("digits", "2.0.0", b"two")


def serving(published, variant=KIND):
    return {"model": published.model, "version": published.version, "variant": variant,
            "manifest_sha256": published.reply["manifest_sha256"]}


def deploy(operator, version, slot="main", devices="all"):
    operator.post("/api/v1/desired", {"devices": devices, "slot": slot, "model": "digits",
                                      "version": version}).expect(200)


def ask(api, kind, ref, at=None):
    time = f"&at={at}" if at else ""
    envelope = api.get(f"/api/v1/audit/reports/{kind}?ref={ref}{time}").expect(200).json()
    key = api.get("/api/v1/audit/key").json()
    [signature] = envelope["signatures"]
    assert signature["keyid"] == key["keyid"] and envelope["signed"]["key"] == key["key"]
    signing.verify(key["key"], envelope["signed"], signature["sig"])
    assert envelope["signed"]["kind"] == kind and envelope["signed"]["workspace"] == "default"
    return envelope["signed"]["answer"]


T1, T2, T3 = "2026-03-01T10:00:00.000Z", "2026-03-02T10:00:00.000Z", "2026-03-03T10:00:00.000Z"


@pytest.fixture
def history(database, trained, enroll, operator):
    """cam-1 ran 1.0.0 from T1 to T2, then 2.0.0; cam-2 was only told."""
    first, second = trained
    ran, told = enroll("cam-1"), enroll("cam-2")
    database.sql("UPDATE device SET enrolled_at = '2026-02-01T00:00:00Z'")
    deploy(operator, "1.0.0")
    ran.report(1, {}, serving={"main": serving(first)}, time=T1).expect(200)
    deploy(operator, "2.0.0", devices=["cam-1"])
    ran.report(2, {}, serving={"main": serving(second)}, time=T2).expect(200)
    return ran, told


def test_what_a_device_ran_at_a_time(history, viewer):
    answer = ask(viewer, "device", "device:cam-1", "2026-03-01T12:00:00Z")
    assert (answer["device"], answer["uuid"], answer["state"]) == ("cam-1", history[0].id, "active")
    [slot] = answer["slots"]
    assert (slot["slot"], slot["model"], slot["version"], slot["variant"], slot["ref"]) == (
        "main", "digits", "1.0.0", KIND, VARIANT)
    assert (slot["since"], slot["until"], slot["report"]) == (T1, T2, 1)
    [made] = answer["provenance"]
    assert made["ref"] == VARIANT
    check_provenance(made)
    before = ask(viewer, "device", "device:cam-1", "2026-02-28T12:00:00Z")
    assert before["slots"] == [] and before["told"] is None and before["provenance"] == []
    now = ask(viewer, "device", "device:cam-1")
    [slot] = now["slots"]
    assert (slot["version"], slot["until"]) == ("2.0.0", None)
    [deployed] = slot["deployed"]
    assert (deployed["deployment"], deployed["by"], deployed["devices"]) == (2, "test-operator", 1)
    assert now["told"]["deployment"] == 2
    assert now["told"]["slots"] == [{"slot": "main", "role": "production", "model": "digits",
                                     "version": "2.0.0", "variant": KIND}]
    other = ask(viewer, "device", f"device:{history[1].id}")
    assert other["slots"] == [] and other["told"]["slots"][0]["version"] == "1.0.0"


def check_provenance(made):
    """All that the words of an auditor ask for."""
    assert made["published_at"] and made["uploaded_by"] == "test-publisher"
    [signer] = made["signers"]
    assert signer["name"] == "test" and len(signer["keyid"]) == 64
    [variant] = made["variants"]
    assert variant["artifacts"] == [{"name": "model.onnx", "sha256": signing.sha256(b"one"), "length": 3}]
    assert [(m["value"], m["dataset"], m["signed"], m["set_by"]) for m in made["metrics"]] == [
        ("0.97", "", True, None), ("0.91", "lab", False, "test-publisher")]
    [approval] = made["approvals"]
    assert (approval["by"], approval["role"], approval["reason"], approval["evidence"]) == (
        "test-operator", "operator", "better than before", ["https://ci.example.org/7"])
    assert made["approvals_demanded"] == 0 and approval["withdrawn_at"] is None
    assert [d["deployment"] for d in made["deployments"]] == [1]
    assert made["deployments"][0]["by"] == "test-operator" and made["deployments"][0]["devices"] == 2
    assert made["datasets"] == ["dataset:lake#faces@3"]
    [run] = made["runs"]
    assert (run["run"], run["state"]) == (RUN, "COMPLETE")
    assert run["events"][0]["received_by"] == "test-publisher"
    facets = {f["name"]: json.loads(f["text"]) for f in run["facets"]}
    assert facets["params"]["rate"] == 0.25
    assert RUN in {n["ref"] for n in made["lineage"]["nodes"]} and made["lineage"]["cut_off"] is None
    actions = [entry["action"] for entry in made["history"]]
    assert actions == ["version.publish", "version.approve", "version.annotate"]


def test_who_approved_and_deployed_a_version(history, viewer, operator):
    operator.put("/api/v1/models/digits/aliases/champion", {"version": "1.0.0"})
    check_provenance(ask(viewer, "version", "digits@1.0.0"))
    given = operator.get(f"{DIGITS}/approvals").json()["items"][0]
    operator.delete(f"{DIGITS}/approvals/{given['id']}").expect(204)
    [approval] = ask(viewer, "version", "digits@1.0.0")["approvals"]
    assert approval["withdrawn_by"] == "test-operator" and approval["withdrawn_at"]


def test_which_devices_run_what_a_dataset_went_into(history, viewer, enroll, operator):
    answer = ask(viewer, "impact", "dataset:lake%23faces@3")
    assert answer["versions"] == ["model:digits@1.0.0"] and answer["variants"] == [VARIANT]
    [row] = answer["ran"]
    assert (row["device"], row["slot"], row["ran"]) == ("cam-1", "main", VARIANT)
    assert (row["from"], row["until"]) == (T1, T2)
    assert (answer["devices_ever"], answer["devices_now"], answer["cut_off"]) == (1, 0, None)
    assert [w["device"] for w in answer["waiting"]] == ["cam-2"]
    assert [d["deployment"] for d in answer["deployments"]] == [1]
    # it comes back, in another slot too
    ran = history[0]
    digest = answer_of(viewer)
    back = {"main": digest, "side": digest}
    ran.report(3, {}, serving=back, time=T3).expect(200)
    again = ask(viewer, "impact", "dataset:lake%23faces@3")
    assert [(r["slot"], r["from"], r["until"]) for r in again["ran"]] == [
        ("main", T1, T2), ("main", T3, None), ("side", T3, None)]
    assert (again["devices_ever"], again["devices_now"]) == (1, 1)
    operator.delete("/api/v1/devices/cam-1").expect(204)
    gone = ask(viewer, "impact", "dataset:lake%23faces@3")
    assert (gone["devices_ever"], gone["devices_now"]) == (1, 0)
    assert {r["state"] for r in gone["ran"]} == {"revoked"}


def test_a_cycle_above_a_version_ends_every_question(publisher, publish, operator, viewer, enroll):
    """Three runs that read what the others wrote, in a ring; versions come out of two of them."""
    for number in range(3):
        publisher.post("/api/v1/lineage", ol.run_event(
            "COMPLETE", ol.run_id(number + 1), f"j{number}", [ol.dataset("ring", str(number))],
            [ol.dataset("ring", str((number + 1) % 3))], second=number)).expect(201)
    first = publish("digits", "1.0.0", b"one", **{"from": [RUN]})
    publish("digits", "2.0.0", b"two", **{"from": [f"run:{ol.run_id(3)}"]})
    device = enroll("cam-1")
    deploy(operator, "1.0.0")
    device.report(1, {}, serving={"main": serving(first)}, time=T1).expect(200)
    ring = {f"dataset:lake#ring@{number}" for number in range(3)}
    [made] = ask(viewer, "device", "device:cam-1")["provenance"]
    assert set(made["datasets"]) == ring and len(made["runs"]) == 3
    assert set(ask(viewer, "version", "digits@2.0.0")["datasets"]) == ring
    impact = ask(viewer, "impact", "dataset:lake%23ring@2")
    assert sorted(impact["versions"]) == ["model:digits@1.0.0", "model:digits@2.0.0"]
    assert (impact["devices_now"], impact["cut_off"]) == (1, None)
    diff = viewer.get("/api/v1/lineage/diff?from=model:digits@1.0.0&to=model:digits@2.0.0")
    assert not {node["ref"] for node in diff.expect(200).json()["added"]} & ring
    assert viewer.get(f"{DIGITS}/sbom").expect(200).json()["bomFormat"] == "CycloneDX"


def answer_of(viewer):
    """What a device says that serves digits@1.0.0."""
    version = viewer.get(DIGITS).json()
    return {"model": "digits", "version": "1.0.0", "variant": KIND,
            "manifest_sha256": version["manifest_sha256"]}


def test_a_wrong_clock_moves_nothing_out_of_its_bounds(database, trained, enroll, viewer):
    """A device whose clock is in the next century, and one that woke up in 1970."""
    first, _ = trained
    future, past = enroll("future"), enroll("past")
    future.report(1, {}, serving={"main": serving(first)}, time="2126-01-01T00:00:00Z").expect(200)
    past.report(1, {}, serving={"main": serving(first)}, time="1970-01-01T00:00:00Z").expect(200)
    [slot] = ask(viewer, "device", "device:future")["slots"]
    assert slot["since"] == slot["said_at"] and slot["said_since"].startswith("2126")
    [slot] = ask(viewer, "device", "device:past")["slots"]
    assert slot["said_since"].startswith("1970")
    assert slot["since"] == database.value("SELECT rfc3339(enrolled_at) FROM device WHERE name = 'past'")
    assert ask(viewer, "device", "device:past", "1980-01-01T00:00:00Z")["slots"] == []


def test_what_is_not_from_here_is_told_without_provenance(trained, enroll, viewer):
    first, _ = trained
    device = enroll("cam-1")
    stranger = {**serving(first), "manifest_sha256": "0" * 64}
    device.report(1, {}, serving={"main": stranger}).expect(200)
    answer = ask(viewer, "device", "device:cam-1")
    [slot] = answer["slots"]
    assert slot["ref"] is None and slot["manifest_sha256"] == "0" * 64 and slot["deployed"] == []
    assert answer["provenance"] == []


def test_questions_that_cannot_be_answered(trained, viewer, api):
    for path, status in (("device?ref=device:nobody", 404), ("version?ref=digits@9.0.0", 404),
                         ("impact?ref=dataset:nothing@1", 404), ("device", 400),
                         ("device?ref=digits@1.0.0", 400), ("version?ref=dataset:faces@3", 400),
                         ("impact?ref=device:cam-1", 400), ("device?ref=device:x&at=yesterday", 400)):
        assert viewer.get(f"/api/v1/audit/reports/{path}").status == status, path
    assert api.get("/api/v1/audit/reports/version?ref=digits@1.0.0").status == 401


def test_a_workspace_is_not_told_of_another(history, server, viewer):
    server.run("workspace", "create", "lab")
    other = server.api(server.create_token("admin", workspace="lab"))
    for path in ("device?ref=device:cam-1", "version?ref=digits@1.0.0", "impact?ref=dataset:lake%23faces@3"):
        assert other.get(f"/api/v1/audit/reports/{path}").status == 404, path


def test_without_a_master_key_the_answer_is_not_signed(trained, make_server, viewer, cli, scratch):
    other = make_server({}, name="keyless")
    reply = other.api(viewer.token).get("/api/v1/audit/reports/version?ref=digits@1.0.0").expect(200).json()
    assert reply["signatures"] == [] and "key" not in reply["signed"]
    env = {"MODELFERRY_URL": other.url()}
    assert "is not signed" in cli.run("explain", "version", "digits@1.0.0", env=env).err
    refused = cli.run("explain", "version", "digits@1.0.0", "-o", scratch / "r.json", env=env, status=1)
    assert "cannot sign" in refused.err and not (scratch / "r.json").exists()


# ---- the command line ----------------------------------------------------------------------------


class Page(html.parser.HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.tags, self.texts = [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)

    def handle_data(self, data):
        self.texts.append(data)


def test_a_report_is_exported_and_verified_offline(history, cli, scratch, server):
    report, page, key = scratch / "r.json", scratch / "r.html", scratch / "audit.json"
    cli.run("audit", "key", "-o", key)
    done = cli.run("explain", "device", "cam-1", "--at", "2026-03-01T12:00:00Z", "-o", report, "--html", page)
    for words in ("slot: main", "version: 1.0.0", "by: test-operator", "dataset:lake#faces@3",
                  "better than before", "name: accuracy", "https://ci.example.org/7"):
        assert words in done.out, words
    assert done.out.count("\nref: ") + done.out.startswith("ref: ") == 1, "what was asked is said once"
    server.stop()
    env = {"MODELFERRY_URL": "", "MODELFERRY_TOKEN": ""}
    good = cli.run("audit", "verify", report, "--key", key, env=env)
    assert "is as it was signed" in good.out and good.err == ""
    alone = cli.run("audit", "verify", report, env=env)
    assert "names that key" in alone.err
    text = page.read_text()
    shown = Page(text)
    assert "script" not in shown.tags and {"better than before", "0.97", "cam-1"} <= set(shown.texts)
    assert not any(word in text for word in ("src=", "href=", "@import"))


def test_an_edited_report_is_found(history, cli, scratch):
    report, key = scratch / "r.json", scratch / "audit.json"
    cli.run("audit", "key", "-o", key)
    cli.run("impact", "dataset:lake#faces@3", "-o", report)
    whole = report.read_bytes()
    envelope = json.loads(whole)
    envelope["signed"]["answer"]["devices_ever"] = 0
    edited = {
        "edited": json.dumps(envelope).encode(),
        "cut off": whole[:-7],
        "unsigned": json.dumps({"signatures": [], "signed": json.loads(whole)["signed"]}).encode(),
        "of nobody": whole.replace(b'"key":{', b'"no":{'),
        "no report": b'{"signatures":[],"signed":{"modelferry_report":2}}',
    }
    for name, data in edited.items():
        file = scratch / "edited.json"
        file.write_bytes(data)
        assert cli.run("audit", "verify", file, "--key", key, status=None).status == 5, name
    # a forger's own key fits his report, and is not the server's
    forger = signing.Key()
    part = {**json.loads(whole)["signed"], "key": forger.object}
    file.write_text(json.dumps(forger.envelope(part)))
    refused = cli.run("audit", "verify", file, "--key", key, status=5)
    assert forger.keyid in refused.err
    cli.run("audit", "verify", file)
    # written anew with white space it is the same report
    file.write_text(json.dumps(json.loads(whole), indent=4))
    cli.run("audit", "verify", file, "--key", key)
    exists = cli.run("impact", "dataset:lake#faces@3", "-o", report, status=1)
    assert "exists" in exists.err and report.read_bytes() == whole


def test_foreign_words_cannot_break_out(trained, publisher, operator, cli, scratch):
    words = "<script>alert(1)</script>\"'&\u202e\x1b[31m"
    operator.post("/api/v1/models/digits/versions/2.0.0/approvals", {"reason": words}).expect(201)
    done = cli.run("explain", "version", "digits@2.0.0", "--html", scratch / "r.html")
    assert "\x1b" not in done.out and "\u202e" not in done.out
    shown = Page((scratch / "r.html").read_text())
    assert "script" not in shown.tags and words in "".join(shown.texts)


def test_with_json_the_report_itself_is_printed(history, cli, scratch):
    file = scratch / "r.json"
    file.write_text(json.dumps(cli.json("explain", "version", "digits@1.0.0")))
    assert cli.json("audit", "verify", file)["kind"] == "version"
    assert cli.run("explain", "device", "cam-1", "--at", "yesterday", status=2).err.count("is no time") == 1
    assert "names no node" in cli.run("impact", "faces", status=2).err
    assert "nothing is known of" in cli.run("explain", "device", "nobody", status=1).err
