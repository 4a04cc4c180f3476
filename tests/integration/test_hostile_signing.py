# SPDX-License-Identifier: Apache-2.0
"""A server that lies to who signs: nothing is signed that was not checked on the signer's machine.

Bob is the second of two signers; the server that was taken over sits between him and the proposals
of the first. Whatever it changes: exit status 5 and not one signature leaves.
"""

import copy
import json
import secrets

import pytest

from ferry import paths, signing
from ferry.cli import Cli
from ferry.forge import PAST
from ferry.hostile import Hostile

UNVERIFIED, FAILED = 5, 1
MODEL = "digits/1.1.0/onnx/cpu/fp32/digits-1.onnx"
OTHER = {"length": 7, "hashes": {"sha256": "00" * 32}}


@pytest.fixture
def server_options(scratch):
    path = scratch / "master.key"
    path.write_text(secrets.token_hex(32) + "\n")
    path.chmod(0o600)
    return {"keys": {"master_file": path}}


def publish(cli, version):
    cli.run("publish", f"digits@{version}", "--variant", "onnx/cpu/fp32", paths.DATA / "digits-1.onnx")


@pytest.fixture
def hostile(server):
    with Hostile(server.api_port) as made:
        yield made


@pytest.fixture
def alice(server, admin, scratch):
    """Signs first. 1.0.0 is listed by both; a listing with 1.1.0, a root and targets wait."""
    alice = Cli(scratch / "alice", env={"MODELFERRY_URL": server.url(),
                                        "MODELFERRY_TOKEN": admin.token})
    alice.run("keys", "init", "--name", "alice")
    return alice


@pytest.fixture
def bob(alice, hostile, admin, scratch):
    """Signs second, and hears only the hostile server."""
    bob = Cli(scratch / "bob", env={"MODELFERRY_URL": hostile.url(),
                                    "MODELFERRY_TOKEN": admin.token})
    bob.run("keys", "init", "--name", "bob")
    public = scratch / "bob.pub"
    bob.run("keys", "export", "bob", "-o", public)
    for command in (["root", "init", "--threshold", "2", "--root-key", "alice", "--root-key", public],
                    ["model", "create", "digits", "--key", "alice"],
                    ["model", "grant", "digits", "alice", public, "--threshold", "2"]):
        alice.run(*command)
        bob.run("root", "sign", "--yes")
        if command[0] == "root":  # the roots first, then the targets
            alice.run(*command)
            bob.run("root", "sign", "--yes")
    publish(alice, "1.0.0")
    bob.run("root", "sign", "--yes")
    publish(alice, "1.1.0")
    alice.run("root", "renew", "--expires", "400d", "--yes")
    hostile.requests.clear()
    return bob


@pytest.fixture
def pending(admin, hostile):
    """pending(repository, role): what waits, to be changed; then it is what Bob is shown."""
    class Pending(dict):
        def show(self):
            hostile.files[self.path] = json.dumps(self).encode()

    def fetch(repository, role):
        path = f"/api/v1/tuf/{repository}/pending/{role}"
        made = Pending(admin.get(path).expect(200).json())
        made.path = path
        return made
    return fetch


def refuses(bob, hostile, repository, role, words, status=UNVERIFIED):
    done = bob.run("root", "sign", repository, role, "--yes", status=None)
    assert done.status == status and words in done.err, done
    assert not [method for method, path, _, _ in hostile.requests if method != "GET"], "it has signed"


def edit_hash(part):
    part["targets"][MODEL] = {**part["targets"][MODEL], **OTHER}


def edit_old(part):
    path = MODEL.replace("1.1.0", "1.0.0")
    part["targets"][path] = {**part["targets"][path], **OTHER}


def drop_part(part):
    del part["targets"][MODEL]


def drop_part_of_old(part):
    del part["targets"][MODEL.replace("1.1.0", "1.0.0")]


def add_stranger(part):
    part["targets"]["other/1.0.0/manifest.json"] = OTHER


def add_file(part):
    part["targets"][MODEL.replace("digits-1", "extra")] = OTHER


def delegate(part):
    part["delegations"] = {"keys": {}, "roles": []}


def expire(part):
    part["expires"] = PAST


def edit_custom(part):
    part["targets"][MODEL]["custom"]["hardware"] = "npu"


@pytest.mark.parametrize("edit, words", [
    (edit_hash, "is not what the version's manifest says"),
    (edit_custom, "is not what the version's manifest says"),
    (edit_old, "is another than what was signed before"), (drop_part, "is listed in part"),
    (drop_part_of_old, "was dropped in part"), (add_stranger, "is no path of the model"),
    (add_file, "is not what the version's manifest says"),
    (delegate, "do not belong into a model's role"), (expire, "it has expired")],
    ids=lambda each: getattr(each, "__name__", ""))
def test_a_listing_that_was_changed(bob, hostile, pending, edit, words):
    listing = pending("image", "model-digits")
    edit(listing["signed"])
    listing.show()
    refuses(bob, hostile, "image", "model-digits", words)
    hostile.clear()
    bob.run("root", "sign", "image", "model-digits", "--yes")  # and the honest one is signed


def test_a_listing_and_a_manifest_of_the_servers_own(bob, hostile, pending, admin):
    """They fit each other; but nobody who may has signed that manifest."""
    path = "/api/v1/models/digits/versions/1.1.0/manifest"
    manifest = admin.get(path).expect(200).json()["signed"]
    manifest["variants"][0]["artifacts"][0].update(OTHER)
    data = json.dumps(signing.Key().envelope(manifest)).encode()
    hostile.files[path] = data
    listing = pending("image", "model-digits")
    edit_hash(listing["signed"])
    listing["signed"]["targets"]["digits/1.1.0/manifest.json"].update(
        length=len(data), hashes={"sha256": signing.sha256(data)})
    listing.show()
    refuses(bob, hostile, "image", "model-digits", "nobody signed who may sign for the model")


@pytest.mark.parametrize("role", ["root", "targets", "model-digits"])
def test_a_version_out_of_turn(bob, hostile, pending, role):
    proposal = pending("image", role)
    proposal["signed"]["version"] += 1
    proposal.show()
    refuses(bob, hostile, "image", role, "is in force", FAILED)


@pytest.mark.parametrize("path", ["*", "*/*", "other/*/*"])
def test_targets_that_let_a_model_speak_for_another(bob, hostile, pending, path):
    proposal = pending("image", "targets")
    proposal["signed"]["delegations"]["roles"][0]["paths"] = [path]
    proposal.show()
    refuses(bob, hostile, "image", "targets", "is refused")


def test_targets_that_list_something_themselves(bob, hostile, pending):
    proposal = pending("image", "targets")
    proposal["signed"]["targets"]["digits/6.6.6/manifest.json"] = OTHER
    proposal.show()
    refuses(bob, hostile, "image", "targets", "is refused")


@pytest.mark.parametrize("repository", ["image", "director"])
def test_a_root_on_roots_of_the_servers_own(bob, hostile, pending, admin, repository):
    """A root before the proposed one that nobody signed."""
    forged = copy.deepcopy(admin.get(f"/api/v1/tuf/{repository}/roots/1").expect(200).json())
    forged["signed"]["version"] = 2
    where = ("/tuf/default/metadata/2.root.json" if repository == "image"
             else "/api/v1/tuf/director/roots/2")
    hostile.files[where] = json.dumps(forged).encode()
    refuses(bob, hostile, repository, "root", "signature")


def test_a_change_that_may_be_right_is_shown(bob, hostile, pending):
    """Another key in the root: whether that is meant, nobody but Bob knows; so it is before him."""
    stranger = signing.Key()
    proposal = pending("image", "root")
    proposal["signed"]["keys"][stranger.keyid] = stranger.object
    proposal["signed"]["roles"]["root"]["keyids"].append(stranger.keyid)
    proposal.show()
    done = bob.run("root", "sign", "image", "root", status=None)  # nobody says yes
    assert done.status == 2 and f"+ roles.root.keyids[{stranger.keyid}]" in done.out
    assert not [method for method, _, _, _ in hostile.requests if method != "GET"]


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"null", b'{"signatures":[],"signed":{}}'])
@pytest.mark.parametrize("role", ["root", "targets", "model-digits"])
def test_what_is_no_metadata(bob, hostile, pending, role, data):
    hostile.files[pending("image", role).path] = data
    refuses(bob, hostile, "image", role, "is refused")


def test_what_is_in_force_is_not_believed_either(bob, hostile, admin):
    """Who lists, yanks or grants builds on what was verified, not on what the server says is there."""
    listing = admin.get("/api/v1/tuf/image/roles/model-digits").expect(200).json()
    version = listing["signed"]["version"]
    listing["signed"]["targets"]["digits/6.6.6/manifest.json"] = OTHER
    hostile.files[f"/tuf/default/metadata/{version}.model-digits.json"] = json.dumps(listing).encode()
    targets = admin.get("/api/v1/tuf/image/roles/targets").expect(200).json()
    targets["signed"]["delegations"]["roles"][0]["threshold"] = 1
    number = targets["signed"]["version"]
    for path in (bob.home / ".config/modelferry/trust").rglob("model-digits.json"):
        path.unlink()  # so that it has to be fetched
    for command in (("release", "digits"), ("yank", "digits@1.0.0", "--yes")):
        done = bob.run(*command, status=None)
        assert done.status == UNVERIFIED and "is not what the snapshot names" in done.err, done
    hostile.files[f"/tuf/default/metadata/{number}.targets.json"] = json.dumps(targets).encode()
    for path in (bob.home / ".config/modelferry/trust").rglob("targets.json"):
        path.unlink()
    done = bob.run("model", "grant", "digits", "bob", status=None)
    assert done.status == UNVERIFIED, done
    assert not [path for method, path, _, _ in hostile.requests if method != "GET" and "tuf" in path]
