# SPDX-License-Identifier: Apache-2.0
"""Models go to another server as one file, whole or not at all."""

import hashlib
import io
import json
import os
import random
import subprocess
import tarfile

import pytest

from ferry import openlineage as ol
from ferry import paths, signing
from ferry.cli import Cli
from ferry.wait import wait_until

MIB = 1 << 20
DIGITS = "/api/v1/models/digits"


def noise(size, seed=1):
    return random.Random(seed).randbytes(size)


@pytest.fixture
def model(publisher, publish):
    """digits@1.0.0 and 2.0.0 with everything that belongs to a model."""
    run = ol.run_id(1)
    shared = noise(MIB)
    publish(data=shared, metrics={"accuracy": "0.97"}, tags={"team": "vision"})
    publish(version="2.0.0", data=noise(3 * MIB, 2))
    sha256 = signing.sha256(shared)
    for event in (ol.run_event("START", run, inputs=[ol.dataset("faces", "3")]),
                  ol.run_event("COMPLETE", run, inputs=[ol.dataset("faces", "3")],
                               outputs=[ol.artifact(sha256)], second=5)):
        publisher.post("/api/v1/lineage", event).expect(201)
    publisher.patch(DIGITS, json={"description": "digits", "card": "# Digits\n",
                                  "tags": {"owner": "vision"}}).expect(200)
    publisher.patch(f"{DIGITS}/versions/1.0.0", json={
        "tags": {"stage": "prod"}, "params": {"threshold": "0.4"}, "card": "# One\n",
        "metrics": [{"name": "accuracy", "value": "0.61", "dataset": "street@2"}]}).expect(200)
    publisher.put(f"{DIGITS}/aliases/champion", {"version": "1.0.0"}).expect(200)


def converted(publisher, key, number, data, hardware="npu"):
    """Adds a variant to digits@1.0.0 that a conversion made from the artifact of the version."""
    run, sha256 = ol.run_id(number), signing.sha256(data)
    publisher.post("/api/v1/lineage", ol.run_event(
        "COMPLETE", run, inputs=[ol.artifact(signing.sha256(noise(MIB)))],
        outputs=[ol.artifact(sha256)], second=9)).expect(201)
    publisher.put(f"/api/v1/artifacts/{sha256}", body=data).expect(201)
    own = publisher.get(f"{DIGITS}/versions/1.0.0").json()["manifest_sha256"]
    variant = signing.variant([signing.artifact("model.bin", data)], hardware=hardware,
                              precision="int8")
    envelope = key.envelope(signing.manifest("digits", "1.0.0", [variant], adds_to=own,
                                             **{"from": [f"run:{run}"]}))
    return publisher.post(f"{DIGITS}/versions/1.0.0/variants", envelope).expect(201)


@pytest.fixture
def variant(publisher, model, model_key):
    """raw/npu/int8 of digits@1.0.0, which came later."""
    return converted(publisher, model_key, 2, noise(5000, 9))


@pytest.fixture
def elsewhere(make_server, cluster, _counter, template):
    """A server of its own with nothing in it."""
    database = cluster.create_database(next(_counter), template)
    server = make_server({}, name="elsewhere", database_url=database.url())
    yield server
    server.stop()
    database.drop()


@pytest.fixture
def there(elsewhere, scratch):
    """modelferry of an administrator over there."""
    token = elsewhere.create_token("admin")
    cli = Cli(scratch / "there", env={"MODELFERRY_URL": elsewhere.url(),
                                      "MODELFERRY_TOKEN": token})
    cli.api = elsewhere.api(token)
    return cli


@pytest.fixture
def exported(cli, model, scratch):
    file = scratch / "digits.ferry"
    assert cli.json("export", "digits", "-o", file)["versions"] == 2
    return file


@pytest.fixture
def exported_variant(cli, variant, scratch):
    file = scratch / "variant.ferry"
    assert cli.json("export", "digits", "-o", file)["variants"] == 1
    return file


def is_empty(there):
    return there.api.get("/api/v1/models").json()["items"] == []


def test_a_model_arrives_with_all_that_belongs_to_it(viewer, exported, there, model_key):
    done = there.json("import", exported, "--trust", model_key.keyid)
    assert (done["published"], done["present"], done["events"]) == (2, 0, 2)
    for path in (DIGITS, f"{DIGITS}/versions/1.0.0", f"{DIGITS}/versions/2.0.0"):
        here, copy = viewer.get(path).json(), there.api.get(path).json()
        for member in ("description", "tags", "params", "metrics", "aliases", "variants",
                       "manifest_sha256", "signed_by", "latest"):
            assert here.get(member) == copy.get(member), member
    for path in (f"{DIGITS}/card", f"{DIGITS}/versions/1.0.0/card",
                 f"{DIGITS}/versions/1.0.0/manifest"):
        assert viewer.get(path).body == there.api.get(path).body != b""
    for data in (noise(MIB), noise(3 * MIB, 2)):
        assert there.api.get(f"/api/v1/artifacts/{signing.sha256(data)}").body == data
    query = "/api/v1/lineage/upstream?ref=digits@1.0.0"
    nodes = [{n["ref"] for n in api.get(query).expect(200).json()["nodes"]}
             for api in (viewer, there.api)]
    assert nodes[0] == nodes[1] and any("faces" in ref for ref in nodes[0])


def test_variants_that_were_added_come_along(viewer, exported_variant, there, model_key):
    done = there.json("import", exported_variant, "--trust", model_key.keyid)
    assert (done["published"], done["variants"], done["events"]) == (2, 1, 3)
    where = f"{DIGITS}/versions/1.0.0"
    for path in (f"{where}/manifest?variant=raw/npu/int8", f"{where}/manifest",
                 f"/api/v1/artifacts/{signing.sha256(noise(5000, 9))}"):
        assert viewer.get(path).expect(200).body == there.api.get(path).expect(200).body
    query = "/api/v1/lineage/upstream?ref=model:digits@1.0.0/raw/npu/int8"
    here, copy = ({n["ref"] for n in api.get(query).expect(200).json()["nodes"]}
                  for api in (viewer, there.api))
    assert here == copy and f"run:{ol.run_id(2)}" in copy
    done = there.json("import", exported_variant)
    assert (done["published"], done["variants"], done["present"]) == (0, 0, 2)


def test_a_variant_reaches_a_site_that_has_the_version(exported, publisher, cli, there, scratch,
                                                       model_key):
    there.run("import", exported, "--trust", model_key.keyid)
    converted(publisher, model_key, 3, noise(4000, 7))
    cli.run("export", "digits@1.0.0", "-o", scratch / "later.ferry")
    done = there.json("import", scratch / "later.ferry")
    assert (done["published"], done["variants"], done["present"]) == (0, 1, 1)
    # another one of that name over there is not replaced
    converted(there.api, model_key, 4, noise(3000, 6), hardware="gpu")
    converted(publisher, model_key, 5, noise(2000, 5), hardware="gpu")
    cli.run("export", "digits@1.0.0", "-o", scratch / "latest.ferry")
    said = there.run("import", scratch / "latest.ferry", status=5)
    assert "another digits@1.0.0/raw/gpu/int8" in said.err and "nothing was imported" in said.err


def test_rules_arrive_and_approvals_stay_where_they_were_given(publisher, admin, model, cli, there,
                                                               scratch, model_key):
    rules = {"approvals": 1, "aliases": {"champion": "admin"}}
    admin.put(f"{DIGITS}/rules", rules).expect(200)
    admin.put(f"{DIGITS}/retention", {"newest": 5, "days": None, "grace_days": 9}).expect(200)
    publisher.post(f"{DIGITS}/versions/1.0.0/approvals",
                   {"reason": "held up in the field", "evidence": ["https://wiki/1"]}).expect(201)
    file = scratch / "ruled.ferry"
    cli.run("export", "digits", "-o", file)
    with tarfile.open(file) as tar:
        index = json.load(tar.extractfile("index.json"))
    approvals = {v["version"]: v["approvals"] for v in index["models"][0]["versions"]}
    assert approvals["2.0.0"] == []
    assert approvals["1.0.0"][0]["reason"] == "held up in the field"
    said = there.run("import", file, "--trust", model_key.keyid)
    assert "1 versions have approvals in the file" in said.err
    copy = there.api.get(f"{DIGITS}/rules").json()
    assert {name: copy[name] for name in rules} == rules
    kept = there.api.get(f"{DIGITS}/retention").json()
    assert (kept["newest"], kept["days"], kept["grace_days"]) == (5, None, 9)
    # who approves there is a person over there
    shown = there.api.get(f"{DIGITS}/versions/1.0.0/approvals").json()
    assert (shown["items"], shown["required"]) == ([], 1)
    # rules that were set there since are kept
    there.api.put(f"{DIGITS}/rules", {"approvals": 3, "aliases": {}}).expect(200)
    there.run("import", file)
    assert there.api.get(f"{DIGITS}/rules").json()["approvals"] == 3


def test_rules_take_an_administrator(admin, model, cli, elsewhere, there, scratch, model_key):
    admin.put(f"{DIGITS}/rules", {"approvals": 1, "aliases": {}}).expect(200)
    file = scratch / "ruled.ferry"
    cli.run("export", "digits", "-o", file)
    there.env["MODELFERRY_TOKEN"] = elsewhere.create_token("publisher")
    said = there.run("import", file, "--trust", model_key.keyid, status=1)
    assert "set the rules of model 'digits'" in said.err and "admin" in said.err
    assert there.api.get(f"{DIGITS}/versions").json()["items"] == [], "no version without its rules"
    there.env["MODELFERRY_TOKEN"] = elsewhere.create_token("admin")
    assert there.json("import", file)["published"] == 2


def test_importing_again_writes_nothing(exported, there, model_key):
    there.run("import", exported, "--trust", model_key.keyid)
    there.api.patch(f"{DIGITS}/versions/1.0.0", json={"tags": {"stage": "field"}}).expect(200)
    there.api.put(f"{DIGITS}/aliases/champion", {"version": "2.0.0"}).expect(200)
    before = there.api.get("/api/v1/audit?limit=1").json()["items"][0]["seq"]
    done = there.json("import", exported)
    assert (done["published"], done["present"]) == (0, 2)
    # what was changed over there since stays as it is
    assert there.api.get(f"{DIGITS}/versions/1.0.0").json()["tags"]["stage"] == "field"
    assert there.api.get(f"{DIGITS}/aliases/champion").json()["version"] == "2.0.0"
    assert there.api.get("/api/v1/audit?limit=1").json()["items"][0]["seq"] == before


def test_an_import_that_broke_off_is_finished(exported, there, model_key):
    """As where the network went away between two versions."""
    there.api.post("/api/v1/models", {"name": "digits", "keys": [
        {"name": "test", "key": model_key.object}]}).expect(201)
    data = noise(MIB)
    there.api.put(f"/api/v1/artifacts/{signing.sha256(data)}", body=data).expect(201)
    assert there.json("import", exported)["published"] == 2
    assert there.api.get(f"{DIGITS}/card").text == "# Digits\n"
    assert there.json("import", exported)["published"] == 0


@pytest.mark.parametrize("killed", ["server", "client"])
def test_whoever_is_killed_the_same_command_finishes_it(killed, viewer, exported_variant, elsewhere,
                                                        there, model_key):
    """As soon as anything of it is there."""
    admin = there.api
    with subprocess.Popen([there.binary, "import", str(exported_variant), "--trust",
                           model_key.keyid], env=there.env, stderr=subprocess.DEVNULL) as importing:
        wait_until(lambda: admin.get("/api/v1/models").json()["items"])
        if killed == "server":
            elsewhere.restart(kill=True)
        importing.kill()
    there.env["MODELFERRY_URL"] = elsewhere.url()
    there.run("import", exported_variant, "--trust", model_key.keyid)
    api = elsewhere.api(there.env["MODELFERRY_TOKEN"])
    for path in (f"{DIGITS}/versions/1.0.0/manifest", f"{DIGITS}/card",
                 f"{DIGITS}/versions/1.0.0/manifest?variant=raw/npu/int8"):
        assert viewer.get(path).expect(200).body == api.get(path).expect(200).body
    assert api.get(f"{DIGITS}/aliases/champion").json()["version"] == "1.0.0"
    assert there.json("import", exported_variant)["published"] == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="mounts a small tmpfs")
def test_a_full_disk_leaves_no_export_and_is_gone_on_from(cli, model, there, scratch, model_key):
    disk = scratch / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o"]
    subprocess.run([*mount, "size=5m", "tmpfs", str(disk)], check=True)
    try:
        # the parts fit, the file beside them does not
        said = cli.run("export", "digits", "-o", disk / "digits.ferry", status=1)
        assert "No space left" in said.err and "make room" in said.err
        assert [path.name for path in disk.iterdir()] == ["digits.ferry.parts"]
        subprocess.run([*mount, "remount,size=20m", str(disk)], check=True)
        cli.run("export", "digits", "-o", disk / "digits.ferry")
        assert there.json("import", disk / "digits.ferry", "--trust", model_key.keyid)["published"] == 2
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)


def test_any_tar_reads_it(exported):
    with tarfile.open(exported) as tar:
        names = tar.getnames()
        index = json.load(tar.extractfile("index.json"))
        for name in names:
            if name.startswith(("artifacts/", "manifests/", "events/")):
                digest = hashlib.sha256(tar.extractfile(name).read()).hexdigest()
                assert name.split("/")[1] == digest
        said = tar.extractfile("sha256").read().decode()
        end = tar.getmember("sha256").offset
    assert names[0] == "index.json" and names[-1] == "sha256"
    assert index["models"][0]["aliases"] == {"champion": "1.0.0"}
    assert hashlib.sha256(exported.read_bytes()[:end]).hexdigest() == said


def test_an_export_that_was_cut_off_imports_nothing(exported, there, scratch, model_key):
    whole = exported.read_bytes()
    broken = scratch / "broken.ferry"
    for size in (0, 100, 512, 5000, MIB, len(whole) // 2, len(whole) - 1024, len(whole) - 1):
        broken.write_bytes(whole[:size])
        said = there.run("import", broken, "--trust", model_key.keyid, status=5)
        assert "no whole export" in said.err and "nothing was imported" in said.err
        assert is_empty(there)
    broken.write_bytes(whole + b"\0" * 512)
    there.run("import", broken, "--trust", model_key.keyid, status=5)
    assert is_empty(there)


def rewrite(source, target, change):
    """An export that somebody packed anew, with a digest that is right."""
    with tarfile.open(source) as tar:
        members = [(name, tar.extractfile(name).read()) for name in tar.getnames()]
    with open(target, "wb") as out:
        with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as tar:
            for name, data in members[:-1]:
                changed = change(name, data)
                if changed is not None:
                    info = tarfile.TarInfo(name)
                    info.size = len(changed)
                    tar.addfile(info, io.BytesIO(changed))
            end = tar.offset
    data = target.read_bytes()[:end]
    digest = hashlib.sha256(data).hexdigest().encode()
    info = tarfile.TarInfo("sha256")
    info.size = len(digest)
    block = info.tobuf(tarfile.USTAR_FORMAT) + digest + b"\0" * (512 - len(digest))
    target.write_bytes(data + block + b"\0" * 1024)


def test_an_export_that_was_edited_imports_nothing(exported, there, scratch, model_key):
    whole = bytearray(exported.read_bytes())
    broken = scratch / "broken.ferry"
    for at in (0, 300, 600, 2000, len(whole) // 2, len(whole) - 1500, len(whole) - 10):
        changed = bytearray(whole)
        changed[at] ^= 1
        broken.write_bytes(changed)
        there.run("import", broken, "--trust", model_key.keyid, status=5)
        assert is_empty(there)
    rewrite(exported, broken, lambda name, data: data)
    there.run("import", broken, status=5)  # nobody is trusted
    stranger = signing.Key()
    changes = [
        lambda name, data: data.replace(b"0.97", b"0.99") if "manifests" in name else data,
        lambda name, data: data[:-1] + b"!" if "artifacts" in name else data,
        lambda name, data: None if "artifacts" in name else data,
        lambda name, data: None if "manifests" in name else data,
        lambda name, data: data.replace(b'"1.0.0"', b'"9.0.0"') if name == "index.json" else data,
        lambda name, data: data.replace(b"modelferry-export", b"modelferry-xxxxxx"),
        lambda name, data: None if name == "index.json" else data,
    ]
    for change in changes:
        rewrite(exported, broken, change)
        there.run("import", broken, "--trust", model_key.keyid, status=5)
        assert is_empty(there)
    rewrite(exported, broken, lambda name, data: data)
    said = there.run("import", broken, "--trust", stranger.keyid, status=None)
    assert said.status != 0 and is_empty(there)
    there.run("import", broken, "--trust", model_key.keyid)
    assert not is_empty(there)


def edited_index(change):
    """As rewrite() takes it: index.json with change(the model in it) made."""
    def edit(name, data):
        if name != "index.json":
            return data
        index = json.loads(data)
        change(index["models"][0])
        return json.dumps(index).encode()
    return edit


def version_of(model, name="1.0.0"):
    return next(v for v in model["versions"] if v["version"] == name)


@pytest.mark.parametrize("change, words", [
    (lambda m: m.update(name="../digits"), "models[0].name"),
    (lambda m: m.update(tags={"team": 7}), "models[0].tags"),
    (lambda m: m.update(aliases={"champion": "none such"}), "models[0].aliases"),
    (lambda m: m.update(rules={"approvals": -1, "aliases": {}}), "models[0].rules.approvals"),
    (lambda m: m.update(retention={"newest": 0}), "models[0].retention.newest"),
    (lambda m: m.update(surprise=1), "surprise"),
    (lambda m: version_of(m).update(manifest_sha256="zz"), "manifest_sha256"),
    (lambda m: version_of(m)["notes"].update(params={"a": []}), "notes.params"),
    (lambda m: version_of(m)["notes"].update(metrics=[{"name": "a", "value": "fast"}]),
     "metrics[0].value"),
    (lambda m: version_of(m)["added"][0].update(variant="raw/gpu/int8"), "signed as another"),
    (lambda m: version_of(m, "2.0.0").update(added=version_of(m)["added"]), "was signed as"),
    (lambda m: version_of(m).update(manifest_sha256=version_of(m)["added"][0]["manifest_sha256"],
                                    added=[]), "signed as another"),
    (lambda m: version_of(m)["added"][0].update(manifest_sha256="ab" * 32), "is missing"),
])
def test_an_index_that_was_edited_imports_nothing(exported_variant, there, scratch, model_key, change,
                                                  words):
    broken = scratch / "broken.ferry"
    rewrite(exported_variant, broken, edited_index(change))
    said = there.run("import", broken, "--trust", model_key.keyid, status=5)
    assert words in said.err and "nothing was imported" in said.err
    assert is_empty(there)


@pytest.mark.parametrize("change", [
    lambda data: data.replace(b"COMPLETE", b"COMPLETT"),
    lambda data: b"not JSON",
    lambda data: b"{}",
])
@pytest.mark.parametrize("renamed", [False, True])
def test_an_event_that_was_edited_imports_nothing(exported, there, scratch, model_key, change, renamed):
    """An event is called by its digest; an editor can rename it, too."""
    broken = scratch / "broken.ferry"
    with tarfile.open(exported) as tar:
        names = [name for name in tar.getnames() if name.startswith("events/")]
        events = {name: tar.extractfile(name).read() for name in names}
    name = next(name for name, data in events.items() if b"COMPLETE" in data)
    edited = change(events[name])
    rewrite(exported, broken, lambda n, data: edited if n == name else data)
    if renamed:
        whole = broken.read_bytes()
        with tarfile.open(broken) as tar:
            member = tar.getmember(name)
        member.name = f"events/{signing.sha256(edited)}"
        header = member.tobuf(tarfile.USTAR_FORMAT)
        broken.write_bytes(whole[:member.offset] + header + whole[member.offset + 512:])
        rewrite(broken, scratch / "again.ferry", lambda n, data: data)
        broken = scratch / "again.ferry"
    said = there.run("import", broken, "--trust", model_key.keyid, status=5)
    assert "events/" in said.err and is_empty(there)


def test_an_event_that_was_exchanged_imports_nothing(exported, there, scratch, model_key):
    """Another one, as good, under the same name."""
    broken = scratch / "broken.ferry"
    rewrite(exported, broken, lambda name, data: data.replace(b"pipelines", b"pipelinez"))
    said = there.run("import", broken, "--trust", model_key.keyid, status=5)
    assert "is another event" in said.err and is_empty(there)


def test_nobody_is_trusted_unasked(exported, there, model_key):
    said = there.run("import", exported, status=5)
    assert model_key.keyid in said.err and "--trust" in said.err and is_empty(there)
    other = signing.Key()
    there.api.post("/api/v1/models", {"name": "digits", "keys": [
        {"name": "other", "key": other.object}]}).expect(201)
    said = there.run("import", exported, status=5)
    assert "not signed by a key that is trusted" in said.err
    assert there.api.get(f"{DIGITS}/versions").json()["items"] == []
    there.run("import", exported, "--trust", model_key.keyid)


def test_another_version_of_that_name_is_not_replaced(exported, there, model_key):
    there.api.post("/api/v1/models", {"name": "digits", "keys": [
        {"name": "test", "key": model_key.object}]}).expect(201)
    data = b"other"
    there.api.put(f"/api/v1/artifacts/{signing.sha256(data)}", body=data).expect(201)
    there.api.post(f"{DIGITS}/versions", model_key.envelope(signing.manifest("digits", "1.0.0", [
        signing.variant([signing.artifact("model.onnx", data)])]))).expect(201)
    said = there.run("import", exported, status=5)
    assert "another digits@1.0.0" in said.err
    assert len(there.api.get(f"{DIGITS}/versions").json()["items"]) == 1


def test_one_version_is_exported_alone_and_nothing_is_overwritten(cli, model, scratch):
    file = scratch / "one.ferry"
    assert cli.json("export", "digits@2.0.0", "-o", file)["artifacts"] == 1
    before = file.read_bytes()
    assert "exists" in cli.run("export", "digits", "-o", file, status=1).err
    assert file.read_bytes() == before
    cli.run("export", "digits@9.0.0", "-o", scratch / "none.ferry", status=1)
    assert not (scratch / "none.ferry").exists()
    assert "--output" in cli.run("export", "digits", status=2).err


def run_small(tool, *arguments):
    """A program without sanitizers, with less memory than the artifact is long."""
    binary = paths.program("modelferry", paths.plain_build_dir())
    done = subprocess.run(["sh", "-c", 'ulimit -d 81920; exec "$@"', "sh", binary,
                           *map(str, arguments)], env=tool.env, capture_output=True, text=True,
                          check=False)
    assert done.returncode == 0, done.stderr


def test_memory_does_not_grow_with_the_artifact(cli, publish, there, scratch, model_key):
    publish(data=noise(96 * MIB, 3))
    file = scratch / "large.ferry"
    if paths.plain_build_dir() == paths.build_dir():
        pytest.skip("needs a build without sanitizers")
    run_small(cli, "-q", "export", "digits", "-o", file)
    run_small(there, "-q", "import", file, "--trust", model_key.keyid)
