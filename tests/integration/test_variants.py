# SPDX-License-Identifier: Apache-2.0
"""Conversions that are added to a published version: signed by themselves, never changed."""

import concurrent.futures
import contextlib
import json
import pathlib
import re
import secrets
import subprocess
import tarfile

import pytest

from ferry import paths, quantise, signing
from ferry.agent import Agent
from ferry.cli import Cli
from ferry.wait import wait_until

FAILED, USAGE, UNVERIFIED = 1, 2, 5
DIGITS = (paths.DATA / "digits-1.onnx").read_bytes()
CONVERTER = pathlib.Path(quantise.__file__)
WHERE = "/api/v1/models/digits/versions/1.0.0"


@pytest.fixture
def server_options(scratch):
    path = scratch / "master.key"
    path.write_text(secrets.token_hex(32) + "\n")
    path.chmod(0o600)
    return {"keys": {"master_file": path}}


@pytest.fixture
def ann(server, publisher, scratch):
    cli = Cli(scratch / "ann", env={"MODELFERRY_URL": server.url(),
                                    "MODELFERRY_TOKEN": publisher.token})
    cli.run("keys", "init")
    cli.run("model", "create", "digits", "--key", "default")
    (cli.home / "model.onnx").write_bytes(DIGITS)
    return cli


@pytest.fixture
def published(ann):
    ann.run("publish", "digits@1.0.0", "model.onnx")
    return ann


def add(cli, variant="onnx/cpu/int8", *more, **options):
    return cli.run("publish", "digits@1.0.0", "--add-variant", variant, "model.int8.onnx", *more,
                   **options)


@pytest.fixture
def converted(published):
    """A real conversion, by python3-onnx, under a recorded run."""
    published.run("run", "--job", "quantise", "--in", "model.onnx", "--out", "model.int8.onnx", "--",
                  "/usr/bin/python3", CONVERTER, "model.onnx", "model.int8.onnx")
    return published


def test_a_converter_of_the_snpe_sdks_shape(published, publisher):
    """docs/CONVERSION.md word by word, with a program that takes what snpe-onnx-to-dlc takes."""
    program = published.home / "snpe-onnx-to-dlc"
    program.write_text(f"""#!/bin/sh
        while [ $# -gt 0 ]; do case $1 in
            --input_network) test -s "$2" || exit 1; shift 2;;
            --output_path) cp {paths.DATA}/formats/tiny.dlc "$2"; shift 2;;
            *) echo "unknown $1" >&2; exit 2;;
        esac; done
    """)
    program.chmod(0o755)
    command = [str(program), "--input_network", "model.onnx", "--output_path", "model.dlc"]
    said = published.json("run", "--job", "onnx-to-dlc", "--in", "model.onnx", "--out", "model.dlc", "--",
                          *command)
    uuid = said["run"]
    done = published.run("publish", "digits@1.0.0", "--add-variant",
                         "runtime=dlc,hardware=sm8650-htp,precision=int8", "model.dlc", "--from-run", uuid)
    assert "added dlc/sm8650-htp/int8 to digits@1.0.0" in done.out
    up = published.run("lineage", "upstream", "digits@1.0.0/dlc/sm8650-htp/int8").out
    assert f"run:{uuid}" in up and f"artifact:{signing.sha256(DIGITS)}" in up
    node = json.dumps(publisher.get(f"/api/v1/lineage/node?ref=run:{uuid}").expect(200).json())
    assert "snpe-onnx-to-dlc" in node and "--input_network" in node
    # one that fails is recorded, and gives no variant
    failed = published.json("run", "--job", "onnx-to-dlc", "--in", "model.onnx", "--out", "no.dlc", "--",
                            str(program), "--wrong", status=2)
    said = publisher.get(f"/api/v1/lineage/node?ref=run:{failed['run']}").expect(200).text
    assert "FAIL" in said.upper()


@pytest.fixture
def run(converted, publisher):
    """The run that made the converted file, as the lineage knows it."""
    data = (converted.home / "model.int8.onnx").read_bytes()
    said = publisher.get(f"/api/v1/lineage/upstream?ref=artifact:{signing.sha256(data)}&kinds=run"
                         ).expect(200).text
    return re.search(r"run:([0-9a-f-]{36})", said).group(1)


def test_a_quantised_model_is_added_to_its_version(converted, publisher, run):
    before = publisher.get(WHERE).expect(200).json()
    manifest = publisher.get(f"{WHERE}/manifest").body
    done = add(converted, "runtime=onnx,hardware=cpu,precision=int8", "--from-run", run)
    assert "added onnx/cpu/int8 to digits@1.0.0" in done.out
    shown = publisher.get(WHERE).expect(200).json()
    assert publisher.get(f"{WHERE}/manifest").body == manifest, "the version never changes"
    assert shown["manifest_sha256"] == before["manifest_sha256"]
    own, added = shown["variants"]
    assert own == before["variants"][0] and own["added"] is None
    assert added["added"]["signed_by"] == before["signed_by"]
    info = added["artifacts"][0]["info"]
    assert info["quantisation"] == "int8" and info["parameters"] >= 651
    document = publisher.get(f"{WHERE}/manifest?variant=onnx/cpu/int8").expect(200)
    assert signing.sha256(document.body) == added["added"]["manifest_sha256"]
    assert document.json()["signed"]["adds_to"] == before["manifest_sha256"]
    assert document.json()["signed"]["from"] == [f"run:{run}"]
    publisher.get(f"{WHERE}/manifest?variant=onnx/gpu/int8").expect(404)


def test_its_lineage_leads_back_to_what_it_was_converted_from(converted, publisher, run):
    add(converted, "onnx/cpu/int8", "--from-run", run)
    said = publisher.get("/api/v1/lineage/upstream?ref=model:digits@1.0.0/onnx/cpu/int8"
                         ).expect(200).text
    assert f"run:{run}" in said and f"artifact:{signing.sha256(DIGITS)}" in said
    own = publisher.get("/api/v1/lineage/upstream?ref=model:digits@1.0.0/onnx/cpu/fp32").text
    assert run not in own, "the version's own variant does not come from the conversion"


def test_a_variant_is_added_once_and_never_changes(converted, publisher):
    add(converted)
    again = publisher.get(f"{WHERE}/manifest?variant=onnx/cpu/int8").body
    same = publisher.post(f"{WHERE}/variants", body=again, headers={"Content-Type": "application/json"})
    assert same.status == 200, "the very same is a success"
    assert "was added to digits@1.0.0 before" in add(converted).err
    other = add(converted, "onnx/cpu/int8", "--from", "dataset:faces@3", status=FAILED)
    assert "has the variant 'onnx/cpu/int8'" in other.err
    (converted.home / "model.int8.onnx").write_bytes(DIGITS)
    assert "variants never change" in add(converted, status=FAILED).err
    assert publisher.get(f"{WHERE}/manifest?variant=onnx/cpu/int8").body == again
    own = converted.run("publish", "digits@1.0.0", "--add-variant", "onnx/cpu/fp32",
                        "model.int8.onnx", status=FAILED)
    assert "has the variant 'onnx/cpu/fp32'" in own.err and "never change" in own.err
    assert len(publisher.get(WHERE).json()["variants"]) == 2


def sent(publisher, key, **change):
    """Adds model.onnx of the version again, under another name; change: of the manifest."""
    shown = publisher.get(WHERE).expect(200).json()
    variant = signing.variant([signing.artifact("model.onnx", DIGITS)], "onnx", "npu")
    manifest = signing.manifest("digits", "1.0.0", [variant], adds_to=shown["manifest_sha256"])
    envelope = key.envelope({**manifest, **change})
    return publisher.post(f"{WHERE}/variants", envelope)


@pytest.fixture
def version(publish):
    return publish("digits", "1.0.0", data=DIGITS)


@pytest.mark.parametrize("change, problem, words", [
    ({"adds_to": "ab" * 32}, "invalid-field", "signed.adds_to"),
    ({"adds_to": "00" * 32}, "invalid-field", "signed.adds_to"),
    ({"version": "2.0.0"}, "invalid-field", "signed.version"),
    ({"workspace": "lab"}, "invalid-field", "signed.workspace"),
    ({"release_counter": 9}, "invalid-field", "signed.release_counter"),
    ({"metrics": {"accuracy": "1"}}, "invalid-field", "of versions, not of variants"),
    ({"variants": [signing.variant([signing.artifact("m.onnx", b"gone")], "raw")]},
     "variant-exists", "never changes"),
    ({"variants": [signing.variant([signing.artifact("m.onnx", b"gone")], "onnx", "npu")]},
     "missing-artifacts", "not stored"),
    ({"variants": [signing.variant([signing.artifact("m.tflite", DIGITS)], "tflite")]},
     "wrong-format", "should be a TensorFlow Lite model"),
    ({"signature": {"inputs": [], "outputs": []}}, "contradicted-signature", "also takes 'image'")])
def test_what_does_not_fit_its_version_is_refused(version, publisher, model_key, change, problem,
                                                  words):
    refused = sent(publisher, model_key, **change)
    assert refused.problem == problem and words in refused.json()["detail"], refused
    assert len(publisher.get(WHERE).json()["variants"]) == 1
    sent(publisher, model_key).expect(201)


def test_only_the_models_keys_add_variants(version, publisher):
    assert sent(publisher, signing.Key()).expect(422).problem == "bad-signature"


def test_nothing_is_added_to_a_draft(publisher, version, model_key):
    draft = {"signatures": [], "signed": signing.manifest("digits", "2.0.0", [
        signing.variant([signing.artifact("model.onnx", DIGITS)])])}
    made = publisher.post("/api/v1/models/digits/versions", draft).expect(201).json()
    variant = signing.variant([signing.artifact("model.onnx", DIGITS)], "onnx", "npu")
    envelope = model_key.envelope(signing.manifest("digits", "2.0.0", [variant],
                                                   adds_to=made["manifest_sha256"]))
    refused = publisher.post("/api/v1/models/digits/versions/2.0.0/variants", envelope).expect(409)
    assert refused.problem == "version-not-published"


def test_it_is_pulled_and_verified_by_itself(converted):
    add(converted)
    converted.run("pull", "digits@1.0.0", "-o", "one", "--variant", "onnx/cpu/int8")
    folder = converted.home / "one"
    wanted = (converted.home / "model.int8.onnx").read_bytes()
    assert (folder / "model.int8.onnx").read_bytes() == wanted
    signed = json.loads((folder / ".manifest-onnx~cpu~int8.json").read_text())["signed"]
    assert "adds_to" in signed
    converted.run("pull", "digits@1.0.0", "-o", "all")
    assert (converted.home / "all/onnx/cpu/int8/model.int8.onnx").read_bytes() == wanted
    assert (converted.home / "all/onnx/cpu/fp32/model.onnx").read_bytes() == DIGITS
    refused = converted.run("pull", "digits@1.0.0", "--variant", "x/y/z", status=FAILED)
    assert "it has: onnx/cpu/fp32, onnx/cpu/int8" in refused.err


def test_pull_refuses_a_variant_that_was_changed(converted, database):
    add(converted)
    database.sql("BEGIN; ALTER TABLE variant_addition DISABLE TRIGGER ALL;"
                 " UPDATE variant_addition SET manifest = convert_to(replace(convert_from(manifest,"
                 " 'UTF8'), '\"created\":\"2', '\"created\":\"3'), 'UTF8'); COMMIT")
    done = converted.run("pull", "digits@1.0.0", "--variant", "onnx/cpu/int8", status=UNVERIFIED)
    assert "not signed by a key that is trusted" in done.err


def test_a_device_gets_it_when_the_version_is_deployed_again(
        converted, operator, server, scratch, track, enrolment_token):
    """What runs on the CPU gives way to a conversion for the accelerator, not before it is asked."""
    key = json.loads((converted.home / ".config/modelferry/keys/default.json").read_text())
    agent = track(Agent(scratch / "phone", {
        "device": {"capability": ["onnx/cpu", "onnx/npu"]}}))
    agent.enroll(server.device_url(), enrolment_token(), "phone",
                 trust=[signing.Key(bytes.fromhex(key["secret"]["seed"]))])
    agent.start()
    order = {"devices": ["phone"], "slot": "main", "model": "digits", "version": "1.0.0"}
    operator.post("/api/v1/desired", order).expect(200)
    wait_until(lambda: agent.serves(DIGITS), what="the version's own variant")
    add(converted, "onnx/npu/int8")
    slots = operator.get("/api/v1/devices/phone/desired").json()["slots"]
    assert slots["main"]["variant"] == "onnx/cpu/fp32", "nothing changes by itself"
    operator.post("/api/v1/desired", order).expect(200)
    wanted = (converted.home / "model.int8.onnx").read_bytes()
    wait_until(lambda: agent.serves(wanted, name="model.int8.onnx"), what="the added variant")
    said = wait_until(lambda: operator.get("/api/v1/devices/phone").json()["installed"].get("main"),
                      what="a report")
    wait_until(lambda: operator.get("/api/v1/devices/phone").json()["installed"]["main"]["variant"]
               == "onnx/npu/int8", what=lambda: f"a report of it: {said}")


NPU = "onnx/npu/int8"
ORDER = {"devices": ["phone"], "slot": "main", "model": "digits", "version": "1.0.0"}


def quantised(cli):
    """The published model, converted by python3-onnx."""
    cli.run("run", "--job", "quantise", "--in", "model.onnx", "--out", "model.int8.onnx", "--",
            "/usr/bin/python3", CONVERTER, "model.onnx", "model.int8.onnx")
    return (cli.home / "model.int8.onnx").read_bytes()


@pytest.fixture
def alice(server, admin, scratch):
    """An administrator who publishes 'digits'; no roots yet."""
    cli = Cli(scratch / "alice", env={"MODELFERRY_URL": server.url(),
                                      "MODELFERRY_TOKEN": admin.token})
    cli.run("keys", "init", "--name", "alice")
    cli.run("model", "create", "digits", "--key", "alice")
    (cli.home / "model.onnx").write_bytes(DIGITS)
    return cli


def make_roots(alice):
    alice.run("root", "init")
    alice.run("model", "grant", "digits", "alice")
    alice.run("root", "export", "-o", "roots.json")


@pytest.fixture
def rooted(alice):
    make_roots(alice)
    alice.run("publish", "digits@1.0.0", "model.onnx")
    alice.wanted = quantised(alice)
    return alice


@pytest.fixture
def phone(rooted, server, scratch, track, enrolment_token, admin):
    """A device that trusts the roots, with an accelerator; it serves the version's own variant."""
    agent = track(Agent(scratch / "phone", {"device": {"capability": ["onnx/cpu", "onnx/npu"]}}))
    agent.enroll(server.device_url(), enrolment_token(), "phone", root=rooted.home / "roots.json")
    admin.post("/api/v1/desired", ORDER).expect(200)
    agent.call("run", "--once")
    assert agent.serves(DIGITS)
    return agent


def slot_of(admin):
    return admin.get("/api/v1/devices/phone/desired").json()["slots"]["main"]


def listed(admin):
    return admin.get("/api/v1/tuf/image/roles/model-digits").expect(200).json()["signed"]["targets"]


def test_with_roots_a_device_gets_it_too(rooted, phone, admin):
    """Listed by its publisher, named by the director, and yanked again alone."""
    add(rooted, NPU)
    assert "digits/1.0.0/onnx~npu~int8.json" in listed(admin)
    assert slot_of(admin)["variant"] == "onnx/cpu/fp32", "nothing changes by itself"
    admin.post("/api/v1/desired", ORDER).expect(200)
    assert slot_of(admin)["variant"] == NPU
    phone.start()
    wait_until(lambda: phone.serves(rooted.wanted, name="model.int8.onnx"), what="the added variant")
    wait_until(lambda: admin.get("/api/v1/devices/phone").json()["installed"]["main"]["variant"]
               == NPU, what="a report of it")
    assert phone.status()["detected"] == [], "what was added counts as listed"
    rooted.run("yank", "digits@1.0.0", "--variant", NPU, "--yes")
    wait_until(lambda: [each["check"] for each in phone.status()["detected"]] == ["withdrawn"],
               what="the device hears of the yank")
    assert phone.serves(rooted.wanted, name="model.int8.onnx"), "what serves goes on"
    refused = admin.post("/api/v1/desired", {**ORDER, "variant": NPU}).expect(409)
    assert refused.problem == "version-yanked"
    admin.post("/api/v1/desired", ORDER).expect(200)
    wait_until(lambda: phone.serves(DIGITS) and phone.status()["detected"] == [], what="the other")
    again = rooted.run("release", "digits@1.0.0")
    assert NPU not in again.out, "what was yanked never comes back"


def test_yanking_the_version_takes_it_along(rooted, admin):
    add(rooted, NPU)
    assert "leave out --variant" in rooted.run(
        "yank", "digits@1.0.0", "--variant", "onnx/cpu/fp32", "--yes", status=FAILED).err
    rooted.run("yank", "digits@1.0.0", "--yes")
    assert listed(admin) == {}
    version = admin.get(WHERE).json()
    added = version["variants"][1]["added"]
    assert added["listed_at"] and added["yanked_at"]
    assert version["listed_at"] < version["yanked"]["at"] and version["yanked"]["by"] == "test-admin"
    assert re.search(r"^yanked +at=", rooted.run("model", "show", "digits@1.0.0").out, re.M)


def test_what_was_yanked_is_not_exported(rooted, admin):
    """Nobody shall release it at another site unawares."""
    rooted.run("publish", "digits@2.0.0", "model.onnx")
    before = admin.get(WHERE).json()
    assert before["listed_at"] and before["yanked"] is None
    rooted.run("yank", "digits@1.0.0", "--yes")
    done = rooted.run("export", "digits", "-o", "digits.tar")
    assert "digits@1.0.0 was yanked: it is left behind" in done.err
    with tarfile.open(rooted.home / "digits.tar") as file:
        index = json.load(file.extractfile("index.json"))
    assert [each["version"] for each in index["models"][0]["versions"]] == ["2.0.0"]
    refused = rooted.run("export", "digits@1.0.0", "-o", "one.tar", status=FAILED)
    assert "version '1.0.0' of model 'digits' was yanked by 'test-admin'" in refused.err
    assert not (rooted.home / "one.tar").exists()


def test_roots_that_are_made_later_list_what_was_added(alice, admin):
    """Which is also how who was cut off between adding and listing goes on."""
    alice.run("publish", "digits@1.0.0", "model.onnx")
    quantised(alice)
    add(alice, NPU)
    make_roots(alice)
    done = alice.run("release", "digits@1.0.0")
    assert f"released digits@1.0.0/{NPU}" in done.out
    assert {"digits/1.0.0/manifest.json", "digits/1.0.0/onnx~npu~int8.json",
            f"digits/1.0.0/{NPU}/model.int8.onnx"} <= set(listed(admin))


def test_it_is_not_listed_without_its_version(alice, admin, enroll):
    alice.run("publish", "digits@1.0.0", "model.onnx")
    make_roots(alice)
    quantised(alice)
    refused = add(alice, NPU, status=FAILED)
    assert "modelferry release digits@1.0.0" in refused.err
    enroll("phone", capabilities=[{"runtime": "onnx", "hardware": "npu"}])
    assert admin.post("/api/v1/desired", ORDER).expect(409).problem == "version-not-listed"
    alice.run("release", "digits@1.0.0")
    admin.post("/api/v1/desired", ORDER).expect(200)
    assert slot_of(admin)["variant"] == NPU


def test_two_publishers_must_sign_and_are_shown_the_difference(rooted, server, admin, scratch):
    bob = Cli(scratch / "bob", env={name: rooted.env[name] for name in (
        "MODELFERRY_URL", "MODELFERRY_TOKEN")})
    bob.run("keys", "init", "--name", "bob")
    bob.run("keys", "export", "bob", "-o", rooted.home / "bob.pub")
    bob.run("root", "trust", rooted.home / "roots.json")
    rooted.run("model", "grant", "digits", "bob.pub", "--threshold", "2")
    rooted.run("release", "digits")
    bob.run("root", "sign", "--yes")
    add(rooted, NPU)
    assert "digits/1.0.0/onnx~npu~int8.json" not in listed(admin), "one is not enough"
    shown = bob.run("root", "sign", "--yes").out
    assert "onnx~npu~int8.json" in shown
    assert "digits/1.0.0/onnx~npu~int8.json" in listed(admin)


def test_a_director_alone_cannot_name_one(rooted, phone, admin, database):
    """It was added, so the server has it, but its publishers did not list it."""
    stranger = Cli(rooted.home.parent / "plain", env={name: rooted.env[name] for name in (
        "MODELFERRY_URL", "MODELFERRY_TOKEN")})
    keys = rooted.home / ".config/modelferry/keys/alice.json"
    (stranger.home / "model.int8.onnx").write_bytes(rooted.wanted)
    add(stranger, NPU, "--key", keys)
    assert "digits/1.0.0/onnx~npu~int8.json" not in listed(admin), "no root is trusted there"
    assert admin.post("/api/v1/desired", {**ORDER, "variant": NPU}).expect(409)
    database.sql("INSERT INTO variant_listing SELECT variant_id, workspace_id, now()"
                 " FROM variant_addition")
    admin.post("/api/v1/desired", ORDER).expect(200)
    assert slot_of(admin)["variant"] == NPU
    refused = phone.call("run", "--once", status=1)
    assert "refused: unlisted: image" in refused.stderr and phone.serves(DIGITS)


# ---- cut off, and racing ----------------------------------------------------------------------------


@pytest.fixture
def held(database):
    """held(table): within the block nothing can be inserted there; waits for who tries."""
    database.sql("CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS"
                 " $$ BEGIN PERFORM pg_advisory_xact_lock(77); RETURN NEW; END $$")

    @contextlib.contextmanager
    def hold(table):
        database.sql(f"CREATE TRIGGER hold BEFORE INSERT ON {table} FOR EACH ROW"
                     " EXECUTE FUNCTION hold()")
        with database.hold_advisory_lock(77):
            yield lambda: wait_until(lambda: database.value(
                "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'advisory'"
                " AND datname = current_database()") == "1", what=f"nobody writes to {table}")
        database.sql(f"DROP TRIGGER hold ON {table}")

    return hold


def begin_to_add(cli):
    return subprocess.Popen([cli.binary, "publish", "digits@1.0.0", "--add-variant", NPU,
                             "model.int8.onnx"], env=cli.env, cwd=cli.home,
                            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def variants_of(admin):
    return ["/".join((each["runtime"], each["hardware"], each["precision"]))
            for each in admin.get(WHERE).expect(200).json()["variants"]]


def test_a_publisher_killed_before_it_is_listed_repeats_the_command(rooted, admin, held):
    with held("tuf_metadata") as wait, begin_to_add(rooted) as adding:
        wait()
        adding.kill()
        adding.wait()
    assert variants_of(admin) == ["onnx/cpu/fp32", NPU]
    assert admin.post("/api/v1/desired", {**ORDER, "variant": NPU}).status in (404, 409)
    document = admin.get(f"{WHERE}/manifest?variant={NPU}").expect(200).body
    said = add(rooted, NPU)
    assert "was added to digits@1.0.0 before" in said.err
    assert "digits/1.0.0/onnx~npu~int8.json" in listed(admin)
    assert admin.get(f"{WHERE}/manifest?variant={NPU}").body == document, "it is the same"
    role = admin.get("/api/v1/tuf/image/roles/model-digits").json()["signed"]["version"]
    add(rooted, NPU)
    assert variants_of(admin) == ["onnx/cpu/fp32", NPU]
    assert admin.get("/api/v1/tuf/image/roles/model-digits").json()["signed"]["version"] == role, (
        "what is listed is not signed anew")


def test_a_server_killed_meanwhile_keeps_nothing_of_it(rooted, server, admin, held, database):
    with held("variant_addition") as wait, begin_to_add(rooted) as adding:
        wait()
        server.kill()
        adding.kill()
        adding.wait()
    wait_until(lambda: database.value(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
        " AND application_name = 'modelferryd'") == "0", what="backends of the dead server remain")
    server.stop()
    server.start()
    rooted.env["MODELFERRY_URL"] = server.url()
    rooted.run("root", "trust", "roots.json")
    again = server.api(admin.token)
    assert variants_of(again) == ["onnx/cpu/fp32"] and len(listed(again)) == 2
    add(rooted, NPU)
    assert variants_of(again) == ["onnx/cpu/fp32", NPU]
    assert "digits/1.0.0/onnx~npu~int8.json" in listed(again)


def test_a_database_that_restarts_meanwhile_keeps_nothing_of_it(rooted, admin, held, database):
    with held("variant_addition") as wait, begin_to_add(rooted) as adding:
        wait()
        database.disconnect_all()
        adding.kill()
        adding.wait()
    database.sql("DROP TRIGGER IF EXISTS hold ON variant_addition")
    wait_until(lambda: admin.get("/readyz").status == 200, what="the server finds its database")
    add(rooted, NPU)
    assert variants_of(admin) == ["onnx/cpu/fp32", NPU]
    assert "digits/1.0.0/onnx~npu~int8.json" in listed(admin)


def test_of_two_who_add_the_same_one_wins(version, server, publisher, model_key):
    own = publisher.get(WHERE).json()["manifest_sha256"]

    def send(number):
        variant = signing.variant([signing.artifact(f"{number}.onnx", DIGITS)], "onnx", "npu")
        return server.api(publisher.token).post(f"{WHERE}/variants", model_key.envelope(
            signing.manifest("digits", "1.0.0", [variant], adds_to=own)))

    with concurrent.futures.ThreadPoolExecutor(4) as parallel:
        answers = list(parallel.map(send, range(4)))
    assert sorted(answer.status for answer in answers) == [201, 409, 409, 409]
    assert {answer.problem for answer in answers if answer.status == 409} == {"variant-exists"}
    won = next(number for number, answer in enumerate(answers) if answer.status == 201)
    (added,) = [each for each in publisher.get(WHERE).json()["variants"] if each["added"]]
    assert added["artifacts"][0]["name"] == f"{won}.onnx"


def test_another_models_publisher_adds_nothing_here(rooted, server, admin, scratch):
    """Neither with a key of the other model, nor as who may sign the other model's role."""
    bob = Cli(scratch / "bob", env={"MODELFERRY_URL": server.url(),
                                    "MODELFERRY_TOKEN": admin.token})
    bob.run("keys", "init", "--name", "bob")
    bob.run("keys", "export", "bob", "-o", rooted.home / "bob.pub")
    bob.run("model", "create", "faces", "--key", "bob")
    bob.run("root", "trust", rooted.home / "roots.json")
    rooted.run("model", "grant", "faces", "bob.pub")
    (bob.home / "model.int8.onnx").write_bytes(rooted.wanted)
    refused = add(bob, NPU, status=FAILED)
    assert "is not registered for model 'digits'" in refused.err
    assert variants_of(admin) == ["onnx/cpu/fp32"]
    # a key of 'digits' is his, too, but the role is not
    rooted.run("model", "key", "add", "digits", "bob.pub")
    said = add(bob, NPU, status=FAILED)
    assert "does not list it yet" in said.err
    assert "digits/1.0.0/onnx~npu~int8.json" not in listed(admin)
    assert admin.post("/api/v1/desired", {**ORDER, "variant": NPU}).status in (404, 409)
    refused = rooted.run("release", "digits@1.0.0", status=UNVERIFIED)
    assert "is not signed by key 'alice'" in refused.err, "nobody lists unseen what another signed"


def test_explaining_a_device_names_what_was_added(rooted, phone, admin):
    add(rooted, NPU)
    admin.post("/api/v1/desired", ORDER).expect(200)
    phone.call("run", "--once")
    wait_until(lambda: admin.get("/api/v1/devices/phone").json()["installed"]["main"]["variant"]
               == NPU, what="a report of it")
    said = rooted.run("explain", "device", "phone", "--json").json()
    added = admin.get(WHERE).json()["variants"][1]["added"]
    text = json.dumps(said)
    assert NPU in text and added["manifest_sha256"] in text and added["signed_by"][0] in text
    assert NPU in rooted.run("explain", "device", "phone").out


@pytest.mark.parametrize("flags, words", [
    (["--draft"], "leave out --draft"), (["--metric", "accuracy=1"], "are of versions"),
    (["--variant", "onnx/cpu/fp32"], "exclude each other")])
def test_usage(converted, flags, words):
    assert words in add(converted, "onnx/cpu/int8", *flags, status=USAGE).err
    assert "is no variant" in add(converted, "runtime=onnx", status=USAGE).err
