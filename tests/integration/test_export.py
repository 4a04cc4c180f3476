# SPDX-License-Identifier: Apache-2.0
"""Models go to another server as one file, whole or not at all."""

import hashlib
import io
import json
import random
import subprocess
import tarfile

import pytest

from ferry import openlineage as ol
from ferry import paths, signing
from ferry.cli import Cli

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
    assert there.json("import", exported)["published"] == 0


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
