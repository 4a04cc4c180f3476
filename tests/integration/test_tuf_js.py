# SPDX-License-Identifier: Apache-2.0
"""A TUF client that is not ours: npm's tuf-js reads the image repository."""

import json
import pathlib
import secrets
import subprocess

import pytest

from ferry import npm, paths
from ferry.cli import Cli

PACKAGE = "tuf-js@2.2.1"  # the last that runs on Debian's Node.js
SCRIPT = pathlib.Path(__file__).with_name("tuf_client.js")
DATA = (paths.DATA / "digits-1.onnx").read_bytes()


def target(version):
    return f"digits/{version}/onnx/cpu/fp32/digits-1.onnx"


@pytest.fixture(scope="session")
def modules():
    return npm.install(PACKAGE)


@pytest.fixture
def server_options(scratch):
    """A master key, and a repository that is open: a stock client knows no tokens of ours."""
    path = scratch / "master.key"
    path.write_text(secrets.token_hex(32) + "\n")
    path.chmod(0o600)
    return {"keys": {"master_file": path}, "tuf": {"open": True, "resign_interval": "100ms"}}


@pytest.fixture
def person(server, admin, scratch):
    def make(name):
        cli = Cli(scratch / name, env={"MODELFERRY_URL": server.url(),
                                       "MODELFERRY_TOKEN": admin.token})
        cli.run("keys", "init", "--name", name)
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


class Client:
    """tuf-js with a directory of its own, which trusts the root of today."""

    def __init__(self, modules, server, signer, directory):
        self.modules, self.url = modules, f"{server.url()}/tuf/default"
        self.metadata, self.targets = directory / "metadata", directory / "targets"
        for made in (self.metadata, self.targets):
            made.mkdir(parents=True)
        roots = directory / "roots.json"
        signer.run("root", "export", "-o", roots)
        (self.metadata / "root.json").write_text(
            json.dumps(json.loads(roots.read_text())["image"]))

    def get(self, *names):
        """What it downloaded, in order; or why it did not."""
        done = subprocess.run(
            ["node", str(SCRIPT), str(self.modules), str(self.metadata), self.url,
             str(self.targets), *names], capture_output=True, text=True, timeout=120, check=False)
        assert done.stdout, done.stderr
        said = json.loads(done.stdout)
        assert (done.returncode == 0) == ("files" in said)
        if "failed" in said:
            return said["failed"]
        return [pathlib.Path(name).read_bytes() for name in said["files"]]

    def version(self, role):
        return json.loads((self.metadata / f"{role}.json").read_text())["signed"]["version"]


@pytest.fixture
def client(modules, server, alice, scratch):
    return Client(modules, server, alice, scratch / "tuf-js")


def publish(cli, version):
    return cli.run("publish", f"digits@{version}", "--variant", "onnx/cpu/fp32",
                   paths.DATA / "digits-1.onnx")


def test_it_downloads_what_a_publisher_signed(alice, client):
    publish(alice, "1.0.0")
    assert client.get(target("1.0.0")) == [DATA]
    [manifest] = client.get("digits/1.0.0/manifest.json")
    assert json.loads(manifest)["signed"]["version"] == "1.0.0"
    assert "no role lists" in client.get(target("9.9.9"))


def test_it_no_longer_finds_what_was_yanked(alice, client):
    publish(alice, "1.0.0")
    publish(alice, "1.1.0")
    assert client.get(target("1.0.0"), target("1.1.0")) == [DATA, DATA]
    alice.run("yank", "digits@1.0.0", "--yes")
    assert "no role lists" in client.get(target("1.0.0"))
    assert client.get(target("1.1.0")) == [DATA]


def test_it_downloads_a_variant_that_was_added(alice, client, scratch):
    publish(alice, "1.0.0")
    document, file = "digits/1.0.0/raw~npu~int8.json", "digits/1.0.0/raw/npu/int8/converted.bin"
    assert "no role lists" in client.get(document)
    (scratch / "converted.bin").write_bytes(b"converted")
    alice.run("publish", "digits@1.0.0", "--add-variant", "raw/npu/int8", scratch / "converted.bin")
    [manifest, converted] = client.get(document, file)
    assert "adds_to" in json.loads(manifest)["signed"] and converted == b"converted"
    alice.run("yank", "digits@1.0.0", "--variant", "raw/npu/int8", "--yes")
    assert "no role lists" in client.get(file)
    assert client.get(target("1.0.0")) == [DATA]


@pytest.mark.parametrize("rotate", [
    ("keys", "rotate", "alice", "--yes"), ("root", "rotate", "--online-key", "--yes")])
def test_it_follows_keys_that_rotate(alice, client, rotate):
    publish(alice, "1.0.0")
    assert client.get(target("1.0.0")) == [DATA]
    before = client.version("root")
    alice.run(*rotate)
    publish(alice, "1.1.0")
    assert client.get(target("1.0.0"), target("1.1.0")) == [DATA, DATA]
    assert client.version("root") > before


def test_it_counts_to_the_threshold_of_a_model(alice, person, client, scratch):
    publish(alice, "1.0.0")
    assert client.get(target("1.0.0")) == [DATA]
    bob = person("bob")
    alice.run("root", "export", "-o", scratch / "roots.json")
    bob.run("root", "trust", scratch / "roots.json")
    alice.run("model", "grant", "digits", bob.key_file, "--threshold", "2")
    assert "model-digits was signed by 1/2 keys" in client.get(target("1.0.0"))
    alice.run("release", "digits")
    bob.run("root", "sign", "image", "model-digits", "--yes")
    assert client.get(target("1.0.0")) == [DATA]
