# SPDX-License-Identifier: Apache-2.0
"""Keys are replaced while clients go on updating: publishers', targets', root and online keys."""

import json
import secrets

import pytest

from ferry import paths, signing
from ferry.cli import Cli
from ferry.wallclock import WallClock

FAILED, USAGE, UNVERIFIED = 1, 2, 5
TARGET = "digits/{}/onnx/cpu/fp32/digits-1.onnx"


@pytest.fixture
def server_options(scratch):
    path = scratch / "master.key"
    path.write_text(secrets.token_hex(32) + "\n")
    path.chmod(0o600)
    return {"keys": {"master_file": path}}


class Person(Cli):
    """Somebody with a home, a key and a login."""

    def key_file(self, name=None):
        return self.home / ".config/modelferry/keys" / f"{name or self.name}.json"

    def keyid(self, name=None):
        return signing.sha256(signing.canonical(
            json.loads(self.key_file(name).read_text())["key"]))

    def public(self):
        """The public half of the key, as a file to hand over."""
        path = self.home / f"{self.name}.pub"
        if not path.exists():
            self.run("keys", "export", self.name, "-o", path)
        return path


@pytest.fixture
def person(server, admin, scratch):
    def make(name, url=None):
        made = Person(scratch / name, env={"MODELFERRY_URL": url or server.url(),
                                           "MODELFERRY_TOKEN": admin.token})
        made.name = name
        made.run("keys", "init", "--name", name)
        return made
    return make


@pytest.fixture
def alice(person):
    """An administrator who has made the roots and publishes 'digits', all with one key."""
    alice = person("alice")
    alice.run("root", "init")
    alice.run("model", "create", "digits", "--key", "alice")
    alice.run("model", "grant", "digits", "alice")
    publish(alice, "1.0.0")
    return alice


def publish(cli, version, status=0, *more):
    return cli.run("publish", f"digits@{version}", "--variant", "onnx/cpu/fp32",
                   paths.DATA / "digits-1.onnx", *more, status=status)


class Client:
    """`modelferry tuf`, started from the first root."""

    def __init__(self, server, admin, scratch, bundle):
        self.cli = Cli(scratch / "client", env={"MODELFERRY_URL": server.url(),
                                                "MODELFERRY_TOKEN": admin.token})
        self.metadata, self.targets = scratch / "metadata", scratch / "targets"
        self.url = f"{server.url()}/tuf/default"
        root = scratch / "first-root"
        root.write_text(json.dumps(json.loads(bundle)["image"]))
        self.cli.run("tuf", "--metadata-dir", self.metadata, "init", root)

    def fetch(self, *versions, status=0, env=None):
        names = [part for version in versions for part in ("--target-name", TARGET.format(version))]
        return self.cli.run(
            "tuf", "--metadata-dir", self.metadata, "--metadata-url", f"{self.url}/metadata",
            *names, "--target-dir", self.targets, "--target-base-url", f"{self.url}/targets",
            "download", status=status, env=env)

    def trusted(self, role):
        return json.loads((self.metadata / f"{role}.json").read_text())["signed"]


@pytest.fixture
def client(server, admin, scratch, alice):
    made = Client(server, admin, scratch, alice.run("root", "export").out)
    made.fetch("1.0.0")
    return made


def roots(fetch):
    """Walks N -> N+1 as the specification says, written apart from ours: the last root."""
    root, number = None, 1
    while True:
        envelope = fetch(number)
        if envelope is None:
            return root
        part = envelope["signed"]
        assert part["version"] == number
        for signer in (root or part, part):
            signed_by(envelope, signer["keys"], signer["roles"]["root"])
        root, number = part, number + 1


def signed_by(envelope, keys, role):
    """By the threshold of a role's keys."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    good = set()
    for each in envelope["signatures"]:
        if each["keyid"] in role["keyids"]:
            public = bytes.fromhex(keys[each["keyid"]]["keyval"]["public"])
            Ed25519PublicKey.from_public_bytes(public).verify(
                bytes.fromhex(each["sig"]), signing.canonical(envelope["signed"]))
            good.add(public)
    assert len(good) >= role["threshold"], envelope["signatures"]


@pytest.fixture
def image_root(admin):
    def fetch(number):
        reply = admin.get(f"/tuf/default/metadata/{number}.root.json")
        return reply.json() if reply.status == 200 else None
    return lambda: roots(fetch)


@pytest.fixture
def director_root(device):
    def fetch(number):
        reply = device.get(f"/device/v1/director/{number}.root.json")
        return reply.json() if reply.status == 200 else None
    return lambda: roots(fetch)


# ---- a publisher's key ----------------------------------------------------------------------------


def test_one_key_that_does_everything_is_replaced_by_one_command(alice, client, image_root,
                                                                 director_root):
    old = alice.keyid()
    done = alice.run("keys", "rotate", "--yes")
    new = alice.keyid()
    assert new != old
    for line in (f"+ delegations.keys.{new}.keytype", f"- delegations.keys.{old}.keytype",
                 f"+ keys.{new}.keytype", f"- keys.{old}.keytype"):
        assert line in done.out, done
    client.fetch("1.0.0")
    publish(alice, "1.1.0")
    client.fetch("1.1.0")
    for root in (image_root(), director_root()):
        assert root["version"] == 2 and root["roles"]["root"]["keyids"] == [new]
        assert old not in root["keys"]
    assert [item["name"] for item in alice.json("keys", "ls")["items"]] == ["alice"]
    retired = alice.home / f".config/modelferry/keys/alice.json.retired-{old[:8]}"
    keys = {key["keyid"]: key["revoked_at"] for key in alice.json("model", "show", "digits")["keys"]}
    assert keys[old] and not keys[new]
    refused = publish(alice, "1.2.0", FAILED, "--key", retired)
    assert "was revoked" in refused.err
    alice.run("root", "renew", "--yes", "--key", retired, status=FAILED)


def test_a_second_rotation_follows_the_first(alice, client, image_root):
    for number in (2, 3):
        alice.run("keys", "rotate", "alice", "--yes")
        client.fetch("1.0.0")
        assert image_root()["version"] == number


def test_nothing_is_signed_that_nobody_confirmed(alice, client, image_root):
    before = alice.keyid()
    done = alice.run("keys", "rotate", status=USAGE)
    assert "there is no terminal to ask at" in done.err
    assert alice.keyid() == before and image_root()["version"] == 1
    client.fetch("1.0.0")
    alice.run("keys", "rotate", "--yes")  # with the key that the first try made
    assert not list(alice.home.glob(".config/modelferry/keys/*.next"))


def test_a_key_that_nothing_names_is_not_rotated(alice, person):
    alice.run("keys", "init", "--name", "idle")
    done = alice.run("keys", "rotate", "idle", "--yes", status=FAILED)
    assert "names key 'idle'" in done.err
    assert not alice.key_file("idle").with_suffix(".json.next").exists()


def test_a_publisher_rotates_with_the_help_of_who_signs_the_targets(alice, person, client, scratch):
    bob = person("bob")
    alice.run("root", "export", "-o", scratch / "roots.json")
    bob.run("root", "trust", scratch / "roots.json")
    alice.run("model", "grant", "digits", bob.public())
    publish(bob, "1.1.0")
    old = bob.keyid()
    waits = bob.run("keys", "rotate", "--yes")
    next_file = bob.key_file().with_suffix(".json.next")
    command = f"modelferry model grant digits {next_file} --instead-of {old[:16]}"
    assert command in waits.out and bob.keyid() == old
    client.fetch("1.0.0", "1.1.0")
    alice.run(*command.split()[1:])
    client.fetch("1.0.0", "1.1.0")  # bob has signed it with both keys already
    bob.run("keys", "rotate", "--yes")
    assert bob.keyid() != old
    publish(bob, "1.2.0")
    client.fetch("1.2.0")
    keys = {key["keyid"]: key["revoked_at"] for key in bob.json("model", "show", "digits")["keys"]}
    assert keys[old] and not keys[bob.keyid()]


def test_a_model_of_two_signers_rotates_one_after_another(alice, person, client, scratch):
    bob = person("bob")
    alice.run("root", "export", "-o", scratch / "roots.json")
    bob.run("root", "trust", scratch / "roots.json")
    alice.run("model", "grant", "digits", bob.public(), "--threshold", "2")
    client.fetch("1.0.0", status=FAILED)  # one of two have signed what is listed
    alice.run("release", "digits")
    bob.run("root", "sign", "--yes")
    client.fetch("1.0.0")
    old = alice.keyid()
    first = alice.run("keys", "rotate", "--yes")
    assert "waits for signatures: 1 of 2" in first.out and alice.keyid() == old
    again = alice.run("keys", "rotate", "--yes", status=FAILED)
    assert "waits for signatures" in again.err and "root sign image model-digits" in again.err
    bob.run("root", "sign", "--yes")
    client.fetch("1.0.0")
    alice.run("keys", "rotate", "--yes")
    assert alice.keyid() != old
    client.fetch("1.0.0")


def test_a_sealed_key_is_rotated_into_a_sealed_key(alice, client):
    secret = alice.home / "passphrase"
    secret.write_text("open sesame\n")
    secret.chmod(0o600)
    alice.run("keys", "passphrase", "--new-passphrase-file", secret)
    alice.run("keys", "rotate", "--yes", status=FAILED)  # nobody to ask
    alice.run("keys", "rotate", "--yes", "--passphrase-file", secret)
    made = json.loads(alice.key_file().read_text())
    assert made["secret"]["encoding"] == "argon2id"
    publish(alice, "1.1.0", 0, "--passphrase-file", secret)
    client.fetch("1.1.0")


# ---- roots ----------------------------------------------------------------------------------------


@pytest.fixture
def board(person, scratch):
    """Ann, Bob and Cat, of whom two must sign roots and targets; Ann publishes."""
    people = ann, bob, cat = [person(name) for name in ("ann", "bob", "cat")]
    init = ["root", "init", "--threshold", "2"]
    for each in people:
        init += ["--root-key", "ann" if each is ann else each.public()]
    ann.run(*init)
    bob.run("root", "sign", "--yes")
    ann.run(*init)
    bob.run("root", "sign", "--yes")
    ann.run("root", "export", "-o", scratch / "roots.json")
    cat.run("root", "trust", scratch / "roots.json")
    ann.run("model", "create", "digits", "--key", "ann")
    ann.run("model", "grant", "digits", "ann")
    bob.run("root", "sign", "--yes")
    publish(ann, "1.0.0")
    return people


@pytest.fixture
def board_client(server, admin, scratch, board):
    made = Client(server, admin, scratch, (scratch / "roots.json").read_text())
    made.fetch("1.0.0")
    return made


def test_a_root_key_is_replaced_by_the_threshold_of_old_and_new(board, board_client, person,
                                                                image_root):
    ann, bob, cat = board
    dan = person("dan")
    change = f"{cat.keyid()[:12]}={dan.public()}"
    shown = ann.run("root", "rotate", "--root-key", change, "--yes")
    assert f"+ roles.root.keyids[{dan.keyid()}]" in shown.out
    assert f"- roles.root.keyids[{cat.keyid()}]" in shown.out
    assert "waits for signatures: 1 of 2" in shown.out
    assert "of the root before it: 1 of 2" in shown.out
    board_client.fetch("1.0.0")
    assert image_root()["version"] == 1
    again = ann.run("root", "rotate", "--root-key", change, "--yes", status=FAILED)
    assert "waits for signatures" in again.err
    signed = bob.run("root", "sign", "--yes")
    assert signed.out.count("version 2 is in force") == 2
    assert image_root()["roles"]["root"]["threshold"] == 2
    board_client.fetch("1.0.0")
    assert board_client.trusted("root")["version"] == 2
    # the new key counts from now on, the old one does not
    for root in (dan, ann):
        root.run("root", "trust", ann.home.parent / "roots.json", status=None)
    ann.run("root", "renew", "director", "--yes")
    refused = cat.run("root", "sign", "director", "root", "--yes", status=FAILED)
    assert "none of the keys that are here may sign director root" in refused.err
    dan.run("root", "sign", "director", "root", "--yes")


def test_a_threshold_is_raised_and_lowered(board, board_client, image_root):
    ann, bob, cat = board
    ann.run("root", "rotate", "image", "--threshold", "3", "--yes")
    bob.run("root", "sign", "--yes")
    assert image_root()["version"] == 1  # three must sign the new one
    cat.run("root", "sign", "--yes")
    assert image_root()["roles"]["root"]["threshold"] == 3
    board_client.fetch("1.0.0")
    ann.run("root", "rotate", "image", "--threshold", "1", "--yes")
    for each in (bob, cat):
        assert image_root()["version"] == 2
        each.run("root", "sign", "--yes")
    assert image_root()["roles"]["root"]["threshold"] == 1
    board_client.fetch("1.0.0")
    refused = ann.run("root", "rotate", "--threshold", "4", "--yes", status=USAGE)
    assert "4 of 'root' must sign, and it would have 3 keys" in refused.err


def test_targets_keys_change_without_a_gap(board, board_client, person, image_root):
    ann, bob, cat = board
    eve = person("eve")
    rotate = ("root", "rotate", "--targets-key", f"ann={eve.key_file()}", "--targets-key",
              f"{cat.keyid()[:12]}=", "--yes")
    first = ann.run(*rotate)
    assert "image targets: version 3 waits for signatures: 1 of 2" in first.out
    assert image_root()["version"] == 1
    bob.run("root", "sign", "--yes")
    board_client.fetch("1.0.0")
    second = ann.run(*rotate)  # ann, bob and eve have signed them: now the root
    assert "image root: version 2 waits" in second.out and "image targets" not in second.out
    bob.run("root", "sign", "--yes")
    board_client.fetch("1.0.0")
    assert set(image_root()["roles"]["targets"]["keyids"]) == {bob.keyid(), eve.keyid()}


def test_a_lone_targets_key_is_replaced_without_a_gap(alice, client, person, image_root):
    alice.run("keys", "init", "--name", "tara")
    alice.run("root", "rotate", "--targets-key", "alice=tara", "--key", "alice", "--yes")
    client.fetch("1.0.0")
    assert image_root()["roles"]["targets"]["keyids"] == [alice.keyid("tara")]
    refused = alice.run("model", "grant", "digits", "tara", "--key", "alice", status=FAILED)
    assert "none of the keys that are here may sign image targets" in refused.err
    alice.run("model", "grant", "digits", "tara", "--key", "tara")
    client.fetch("1.0.0")


def test_what_would_break_clients_is_told_before_they_break(alice, client, person):
    bob = person("bob")
    done = alice.run("model", "grant", "digits", bob.public(), "--instead-of", "alice")
    assert "clients refuse it until their holders run: modelferry release digits" in done.err
    client.fetch("1.0.0", status=FAILED)


def test_roots_and_targets_are_renewed_before_they_expire(alice, client, image_root, admin):
    def expiry():
        status = admin.get("/api/v1/tuf").expect(200).json()
        return {(name, role["role"]): role["expires_at"] for name in ("image", "director")
                for role in status[name]["roles"]}
    before = expiry()
    shown = alice.run("root", "renew", "--expires", "500d", "--yes")
    assert shown.out.count("~ expires = ") == 3 and "keys." not in shown.out
    after = expiry()
    for name in (("image", "root"), ("director", "root"), ("image", "targets")):
        assert after[name] > before[name]
    assert after["image", "model-digits"] == before["image", "model-digits"]
    alice.run("release", "digits", "--expires", "500d")
    assert expiry()["image", "model-digits"] > before["image", "model-digits"]
    client.fetch("1.0.0")


def test_what_has_expired_already_is_renewed_too(person, server, admin, scratch):
    """Root and targets for two hours, and a clock that is three hours on."""
    alice = person("alice")
    alice.run("root", "init", "--expires", "2h")
    alice.run("model", "create", "digits", "--key", "alice")
    alice.run("model", "grant", "digits", "alice", "--expires", "2h")
    publish(alice, "1.0.0")
    alice.run("release", "digits", "--expires", "2h")
    client = Client(server, admin, scratch, alice.run("root", "export").out)
    client.fetch("1.0.0")
    late = WallClock(scratch, days=3 / 24)
    assert "root.json: version 1 has expired" in client.fetch("1.0.0", status=1, env=late.env).err
    refused = alice.run("release", "digits", status=UNVERIFIED, env=late.env)
    assert "root renew" in refused.err
    alice.run("root", "renew", "--yes", env=late.env)
    assert "model-digits.json" in client.fetch("1.0.0", status=1, env=late.env).err
    alice.run("release", "digits", env=late.env)
    client.fetch("1.0.0", env=late.env)


# ---- online keys ----------------------------------------------------------------------------------


def test_online_keys_are_replaced_and_everybody_follows(alice, client, device, image_root,
                                                        director_root, admin, operator):
    operator.put(f"/api/v1/devices/{device.name}/desired",
                 {"slots": {"main": {"model": "digits", "version": "1.0.0",
                                    "variant": "onnx/cpu/fp32"}}}).expect(200)
    before = device.get("/device/v1/director/timestamp.json").expect(200).json()
    old = image_root()["roles"]["timestamp"]["keyids"], director_root()["roles"]["targets"]["keyids"]
    done = alice.run("root", "rotate", "--online-key", "--yes")
    assert "+ roles.snapshot.keyids[" in done.out
    image, director = image_root(), director_root()
    new = image["roles"]["timestamp"]["keyids"], director["roles"]["targets"]["keyids"]
    assert not set(old[0] + old[1]) & set(new[0] + new[1])
    client.fetch("1.0.0")
    assert client.trusted("timestamp")["version"] > 1
    for name, root in (("timestamp", image), ("timestamp", director)):
        path = ("/tuf/default/metadata" if root is image else "/device/v1/director")
        said = (admin if root is image else device).get(f"{path}/{name}.json").expect(200).json()
        signed_by(said, root["keys"], root["roles"][name])
    after = device.get("/device/v1/director/timestamp.json").expect(200).json()
    assert after["signed"]["version"] == before["signed"]["version"] + 1
    bundle = device.get("/device/v1/bundle?director=1&image=1").expect(200).json()
    assert json.loads(bundle["director"]["2.root.json"])["signed"] == director
    publish(alice, "1.1.0")
    client.fetch("1.1.0")


def test_until_the_root_is_signed_the_old_online_key_signs(board, board_client, image_root, admin):
    ann, bob, _ = board
    ann.run("root", "rotate", "--online-key", "--yes")
    publish(ann, "1.1.0")  # needs a new snapshot
    board_client.fetch("1.1.0")
    old = image_root()["roles"]["timestamp"]["keyids"]
    bob.run("root", "sign", "--yes")
    assert image_root()["roles"]["timestamp"]["keyids"] != old
    board_client.fetch("1.0.0", "1.1.0")


def test_a_rotation_that_was_withdrawn_takes_the_key_that_is_there(board, image_root, admin):
    ann, bob, _ = board
    def offered():
        return admin.post("/api/v1/tuf/image/online-key", {}).expect(200).json()["keyid"]
    ann.run("root", "rotate", "image", "--online-key", "--yes")
    made = offered()
    ann.run("root", "withdraw", "image", "root")
    ann.run("root", "rotate", "image", "--online-key", "--yes")
    assert offered() == made
    bob.run("root", "sign", "--yes")
    assert image_root()["roles"]["snapshot"]["keyids"] == [made]


@pytest.mark.parametrize("arguments, why", [
    (("--yes",), "say what changes"), (("--root-key", "alice", "--yes"), "no change of keys"),
    (("nowhere", "--online-key", "--yes"), "no repository"),
    (("--root-key", "alice=", "--yes"), "it would have 0 keys"),
    (("--root-key", "=alice", "--yes"), "signs for 'root' already"),
    (("--root-key", "0123456789ab=alice", "--yes"), "already"),
    (("--root-key", "0123456789ab=", "--yes"), "does not sign for 'root'")])
def test_changes_that_make_no_sense_are_refused(alice, image_root, arguments, why):
    refused = alice.run("root", "rotate", *arguments, status=None)
    assert refused.status in (FAILED, USAGE) and why in refused.err
    assert image_root()["version"] == 1


def test_a_new_targets_key_that_is_elsewhere_signs_after_the_root(alice, client, person, image_root):
    """One file cannot have both signatures then: the root goes first, and that is not for ever."""
    bob = person("bob")
    alice.run("root", "export", "-o", alice.home / "roots.json")
    bob.run("root", "trust", alice.home / "roots.json")
    done = alice.run("root", "rotate", "--targets-key", f"alice={bob.public()}", "--yes")
    assert "whoever has them runs: modelferry root renew image" in done.err
    assert image_root()["roles"]["targets"]["keyids"] == [bob.keyid()]
    client.fetch("1.0.0", status=FAILED)
