# SPDX-License-Identifier: Apache-2.0
"""The image repository and the director: who signs for them, and what clients accept."""

import base64
import json
import secrets

import pytest

from ferry import paths, wait
from ferry.api import Api
from ferry.cli import Cli


@pytest.fixture
def server_options(scratch, request):
    """A master key, so that the server can sign its part; and what a test says of [tuf]."""
    path = scratch / "master.key"
    path.write_text(secrets.token_hex(32) + "\n")
    path.chmod(0o600)
    return {"keys": {"master_file": path}, "tuf": {
        "resign_interval": "100ms", **getattr(request, "param", {})}}


@pytest.fixture
def person(server, admin, scratch):
    """Makes people: each has a home, a key and a login."""
    def make(name):
        cli = Cli(scratch / name, env={"MODELFERRY_URL": server.url(),
                                       "MODELFERRY_TOKEN": admin.token})
        cli.run("keys", "init", "--name", name)
        cli.name = name
        cli.key_file = cli.home / ".config/modelferry/keys" / f"{name}.json"
        return cli
    return make


@pytest.fixture
def alice(person):
    """An administrator who has made the roots, and publishes 'digits'."""
    alice = person("alice")
    alice.run("root", "init")
    alice.run("model", "create", "digits", "--key", "alice")
    alice.run("model", "grant", "digits", "alice")
    return alice


def publish(cli, version, file="digits-1.onnx", status=0):
    return cli.run("publish", f"digits@{version}", "--variant", "onnx/cpu/fp32", paths.DATA / file,
                   status=status)


TARGET = "digits/{}/onnx/cpu/fp32/digits-1.onnx"


@pytest.fixture
def client(server, admin, scratch, alice):
    """`modelferry tuf` as somebody else's TUF client."""
    roots = scratch / "roots.json"
    alice.run("root", "export", "-o", roots)
    root = scratch / "root.json"
    root.write_text(json.dumps(json.loads(roots.read_text())["image"]))
    cli = Cli(scratch / "client", env={"MODELFERRY_URL": server.url(),
                                        "MODELFERRY_TOKEN": admin.token})
    metadata = scratch / "metadata"
    cli.run("tuf", "--metadata-dir", metadata, "init", root)

    def run(*arguments, status=0, base=None):
        base = base or f"{server.url()}/tuf/default"
        return cli.run("tuf", "--metadata-dir", metadata, "--metadata-url", f"{base}/metadata",
                       *arguments, status=status)

    run.metadata = metadata
    run.fetch = lambda version, status=0: run(
        "--target-name", TARGET.format(version), "--target-dir", scratch / "targets",
        "--target-base-url", f"{server.url()}/tuf/default/targets", "download", status=status)
    run.targets = scratch / "targets"
    return run


def test_a_client_gets_what_a_publisher_signed(alice, client):
    publish(alice, "1.0.0")
    client("refresh")
    client.fetch("1.0.0")
    [file] = client.targets.iterdir()
    assert file.read_bytes() == (paths.DATA / "digits-1.onnx").read_bytes()
    assert sorted(p.name for p in client.metadata.iterdir()) == [
        "model-digits.json", "root.json", "snapshot.json", "targets.json", "timestamp.json"]
    assert client.fetch("9.9.9", status=1).err


def test_what_was_yanked_is_refused_and_never_comes_back(alice, client):
    publish(alice, "1.0.0")
    publish(alice, "1.1.0")
    alice.run("yank", "digits@1.0.0", status=2)  # nobody confirms
    alice.run("yank", "digits@1.0.0", "--yes")
    client.fetch("1.0.0", status=1)
    client.fetch("1.1.0")
    again = alice.run("release", "digits@1.0.0", status=1)
    assert "yanked" in again.err


def test_what_its_role_lists_is_not_deleted(alice, client, admin, server):
    """It must be yanked first; then no client gets it, and no role ever lists it again."""
    publish(alice, "1.0.0")
    publish(alice, "1.1.0")
    alice.run("archive", "digits@1.0.0")
    client.fetch("1.0.0")
    refused = admin.delete("/api/v1/models/digits/versions/1.0.0").expect(409).json()
    assert refused["used_by"] == [{"kind": "role", "name": "model-digits"}]
    assert "role 'model-digits'" in alice.run("delete", "digits@1.0.0", "--yes", status=1).err
    alice.run("yank", "digits@1.0.0", "--yes")
    manifest = alice.json("model", "show", "digits@1.0.0")
    alice.run("delete", "digits@1.0.0", "--yes")
    (artifact,) = manifest["variants"][0]["artifacts"]
    for path in (f"1.0.0/{manifest['manifest_sha256']}.manifest.json",
                 f"1.0.0/onnx/cpu/fp32/{artifact['sha256']}.digits-1.onnx"):
        gone = admin.get(f"/tuf/default/targets/digits/{path}").expect(410)
        assert gone.problem == "deleted"
    client.fetch("1.1.0")


def test_what_was_deleted_is_never_listed(person, admin):
    """It was published before there were roots."""
    alice = person("alice")
    alice.run("model", "create", "digits", "--key", "alice")
    publish(alice, "1.0.0")
    alice.run("archive", "digits@1.0.0")
    alice.run("delete", "digits@1.0.0", "--yes")
    alice.run("root", "init")
    alice.run("model", "grant", "digits", "alice")
    assert "deleted" in alice.run("release", "digits@1.0.0", status=1).err
    alice.run("model", "create", "letters", "--key", "alice")
    alice.run("model", "grant", "letters", "alice")
    assert "role 'model-letters'" in alice.run("delete", "letters", "--yes", status=1).err


def test_two_people_must_sign_where_the_threshold_is_two(person, scratch):
    ann, bob = person("ann"), person("bob")
    public = scratch / "bob.public.json"
    public.write_text(bob.run("keys", "show", "--json").out)
    init = ("root", "init", "--root-key", "ann", "--root-key", public, "--threshold", "2")
    ann.run(*init)
    shown = ann.json("root", "show")
    assert [p["role"] for p in shown["image"]["pending"]] == ["root"]
    assert not shown["image"]["roles"]
    bob.run("root", "sign", "image", "root", status=2)  # nobody confirms
    for repository in ("image", "director"):
        signed = bob.run("root", "sign", repository, "root", "--yes")
        assert "version 1 is in force" in signed.out
    ann.run(*init)  # goes on with the targets
    bob.run("root", "sign", "image", "targets", "--yes")
    shown = ann.json("root", "show")
    assert not shown["image"]["pending"]
    assert {r["role"] for r in shown["image"]["roles"]} >= {"root", "targets", "snapshot"}
    ann.run(*init, status=1)  # done already


def test_a_key_that_was_not_granted_cannot_publish(alice, person, scratch):
    eve = person("eve")
    alice.run("root", "export", "-o", scratch / "roots.json")
    eve.run("root", "trust", scratch / "roots.json")
    refused = publish(eve, "1.0.0", status=None)
    assert refused.status != 0
    shown = alice.json("root", "show")
    assert "model-digits" not in [r["role"] for r in shown["image"]["roles"]]


def test_a_revoked_publisher_is_out(alice, person, client, scratch):
    bob = person("bob")
    alice.run("root", "export", "-o", scratch / "roots.json")
    bob.run("root", "trust", scratch / "roots.json")
    alice.run("model", "grant", "digits", bob.key_file)
    publish(bob, "1.0.0")
    client.fetch("1.0.0")
    alice.run("model", "revoke", "digits", bob.key_file)
    client.fetch("1.0.0", status=1)  # only bob had signed it
    publish(alice, "1.1.0")
    client.fetch("1.1.0")


def test_nobody_reads_it_without_a_token(server, alice, make_server, server_options, admin):
    assert server.api().get("/tuf/default/metadata/1.root.json").status == 401
    basic = server.api().get("/tuf/default/metadata/1.root.json",
                             headers={"Authorization": _basic("x", admin.token)})
    assert basic.status == 200
    wrong = server.api().get("/tuf/default/metadata/1.root.json",
                             headers={"Authorization": _basic("x", "mft_wrong")})
    assert wrong.status == 401


def _basic(user, password):
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def test_open_repositories_need_none(make_server, server_options, admin, server, alice):
    other = make_server({**server_options, "tuf": {"open": True}}, name="open")
    assert Api(other.api_port).get("/tuf/default/metadata/1.root.json").status == 200
    assert Api(other.device_port).get("/tuf/default/metadata/timestamp.json").status == 200


def test_the_director_says_what_a_device_runs(alice, enroll, operator, server):
    device = enroll(capabilities=[{"runtime": "onnx", "hardware": "cpu"}])
    publish(alice, "1.0.0")
    first = device.get("/device/v1/director/timestamp.json").expect(200).json()["signed"]
    assert first["version"] == 1
    operator.put(f"/api/v1/devices/{device.name}/desired",
                 {"slots": {"main": {"model": "digits", "version": "1.0.0"}}}).expect(200)
    bundle = device.get("/device/v1/bundle").expect(200).json()
    targets = json.loads(bundle["director"]["2.targets.json"])["signed"]
    assert targets["custom"]["name"] == device.name
    assert TARGET.format("1.0.0") in targets["targets"]
    image = json.loads(bundle["image"]["1.model-digits.json"])["signed"]["targets"]
    for path, target in targets["targets"].items():
        assert image[path]["hashes"] == target["hashes"]
        assert image[path]["length"] == target["length"]
    assert bundle["image"]["2.root.json"] is None
    assert device.get("/device/v1/director/1.targets.json").status == 404
    known = device.get("/device/v1/bundle?director=1&image=1").expect(200).json()
    assert "1.root.json" not in known["image"] and "1.root.json" not in known["director"]


@pytest.mark.parametrize("server_options", [{"timestamp_lifetime": "10s"}], indirect=True)
def test_metadata_is_signed_again_before_it_expires(server, alice, admin):
    def version():
        name = "/tuf/default/metadata/timestamp.json"
        return admin.get(name).expect(200).json()["signed"]["version"]
    before = version()
    wait.wait_until(lambda: version() > before, 30)


def test_without_a_master_key_the_server_says_so(make_server, server, admin, alice):
    other = make_server({}, name="keyless")
    api = Api(other.api_port, token=admin.token)
    refused = api.post("/api/v1/tuf/image/online-key", {})
    assert refused.status == 503 and refused.json()["type"].endswith("/no-master-key")


@pytest.mark.parametrize("body, status, slug", [
    ({"signatures": [], "signed": {}}, 400, "bad-metadata"),
    ({}, 400, "bad-metadata"),
])
def test_bad_metadata_is_refused_with_a_reason(admin, alice, body, status, slug):
    refused = admin.post("/api/v1/tuf/image/roles/targets", body)
    assert refused.status == status and refused.json()["type"].endswith(slug)
    assert refused.json()["detail"]


def test_roles_of_the_server_are_not_for_people(admin, publisher, alice):
    assert admin.post("/api/v1/tuf/image/roles/timestamp", {}).status == 404
    assert admin.post("/api/v1/tuf/nowhere/roles/root", {}).status == 404
    assert publisher.post("/api/v1/tuf/image/roles/root", {}).status == 403
