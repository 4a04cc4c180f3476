# SPDX-License-Identifier: Apache-2.0
"""`modelferry tuf` against a repository whose keys, files and line are in hostile hands.

Every test ends with the next honest update: see Client.recovers.
"""

import json
import re

import pytest

from ferry import hostile, paths, signing
from ferry.cli import Cli
from ferry.forge import PAST, Repository, entry, envelope, file_name, target, target_name
from ferry.hostile import Hostile
from ferry.wallclock import WallClock

TARGET = "digits/1.0.0/model.onnx"
OLD, NEW = b"old weights" * 100, b"new weights" * 200
ENDLESS = pytest.mark.parametrize("framing", ["length", "chunked", "close"])


class Client:
    """Somebody's TUF client, their repository, and whoever stands in between."""

    def __init__(self, directory):
        self.repository = honest()
        self.server = Hostile()
        self.directory = directory
        self.metadata, self.targets = directory / "metadata", directory / "targets"
        self.cli = Cli(directory / "home")
        self.clock = WallClock(directory)
        root = directory / "root.json"
        root.write_bytes(self.repository.files["1.root.json"])
        self.cli.run("tuf", "--metadata-dir", self.metadata, "init", root)
        self.serve()

    def serve(self, repository=None):
        """What the server has from now on: this repository, wholly, and nothing else."""
        repository = repository or self.repository
        self.server.files = {f"/metadata/{name}": data for name, data in repository.files.items()}
        self.server.files |= {f"/targets/{name}": data for name, data in repository.blobs.items()}

    def fetch(self, *names, status=0):
        url = self.server.url()
        flags = [part for name in names or (TARGET,) for part in ("--target-name", name)]
        return self.cli.run(
            "tuf", "--metadata-dir", self.metadata, "--metadata-url", f"{url}/metadata",
            "--target-dir", self.targets, "--target-base-url", f"{url}/targets",
            "--low-speed-timeout", "1s", *flags, "download", status=status, env=self.clock.env)

    def has(self, data):
        return data in [file.read_bytes() for file in self.targets.glob("*")]

    def trusted(self, role):
        """The version that is stored; 0: none."""
        path = self.metadata / f"{role}.json"
        return json.loads(path.read_bytes())["signed"]["version"] if path.exists() else 0

    def refuses(self, outcome, why, *names):
        """A download fails with these words, and leaves the old file where it was."""
        done = self.fetch(*names, status=1)
        assert re.search(rf"^modelferry: {outcome}: .*{why}", done.err, re.M), done
        assert self.has(OLD) and not self.has(NEW)
        assert not list(self.targets.glob("*.part"))
        assert not list(self.directory.rglob("*escaped*"))
        return done

    def recovers(self, stolen=True):
        """The next honest update, by the repository's true owner.

        stolen  the thief had the online keys: the owner makes new ones
        """
        self.server.clear()
        self.repository.add(TARGET, NEW)
        if stolen:
            self.repository.rotate("snapshot", "timestamp")
        self.repository.publish("targets")
        self.serve()
        self.fetch()
        assert self.has(NEW)


def honest():
    """A repository in its second version: there is something to go back to."""
    repository = Repository()
    repository.add(TARGET, OLD)
    repository.publish("targets")
    return repository


@pytest.fixture
def client(scratch):
    made = Client(scratch)
    made.fetch()
    assert made.has(OLD)
    yield made
    made.server.down()


@pytest.fixture
def update(client):
    """The client, for which there is something honest and new, a root included."""
    client.repository.add(TARGET, NEW)
    client.repository.issue("root")
    client.repository.publish("targets")
    client.serve()
    return client


@pytest.fixture
def thief(client):
    """A copy of the repository whose holder has every key; served from now on."""
    made = client.repository.copy()
    made.add(TARGET, NEW)
    client.serve_thief = lambda: client.serve(made)
    return made


def reissue(repository, role, **how):
    """This role wrongly, and rightly whatever must name it."""
    order = ["targets", "snapshot", "timestamp"]
    for each in order[order.index(role):] if role in order else order:
        repository.issue(each, **(how if each == role else {}))


# ---- arbitrary software ---------------------------------------------------------------------------


@pytest.mark.parametrize("role", ["targets", "snapshot", "timestamp"])
@pytest.mark.parametrize("signers", ["nobody", "a stranger", "the wrong role"])
def test_refuses_what_its_signers_did_not_sign(client, thief, role, signers):
    stranger, other = [signing.Key()], thief.keys["targets" if role != "targets" else "timestamp"]
    reissue(thief, role, signers={"nobody": [], "a stranger": stranger}.get(signers, other))
    client.serve_thief()
    client.refuses("signature", f"{role}.json")
    client.recovers()


def test_refuses_a_role_under_its_threshold(client):
    """Two keys of three are asked for: one, and one twice, are not two."""
    mine = client.repository
    keys = mine.keys["targets"] = [signing.Key() for _ in range(3)]
    mine.trust("targets", threshold=2)
    mine.issue("root")
    mine.publish("targets")
    client.serve()
    client.fetch()
    thief = mine.copy()
    thief.add(TARGET, NEW)
    reissue(thief, "targets", signers=keys[:1])
    client.serve(thief)
    client.refuses("signature", "targets.json")
    reissue(thief, "targets", signers=[keys[0], keys[0]])
    client.serve(thief)
    client.refuses("signature", "repeated keyid")
    client.recovers()


def test_a_key_counts_once_under_whatever_name(client):
    """A threshold of two cannot be met by one key that the root lists under two keyids."""
    mine = client.repository
    one, two = signing.Key(), signing.Key()
    alias = {**one.object, "x-note": "the same key with another keyid"}
    mine.keys["targets"] = [one, two]
    mine.trust("targets", threshold=2)
    other_id = signing.sha256(signing.canonical(alias))
    mine.parts["root"]["keys"][other_id] = alias
    mine.parts["root"]["roles"]["targets"]["keyids"].append(other_id)
    mine.issue("root")
    mine.publish("targets")
    client.serve()
    client.fetch()
    thief = mine.copy()
    thief.add(TARGET, NEW)
    part = {**thief.parts["targets"], "version": thief.parts["targets"]["version"] + 1}
    signed = one.signature(part)
    thief.parts["targets"] = part
    thief.put("targets", json.dumps({"signatures": [signed, {**signed, "keyid": other_id}],
                                     "signed": part}).encode())
    thief.publish()
    client.serve(thief)
    client.refuses("signature", "targets.json")
    client.recovers()


@pytest.mark.parametrize("signers", ["old", "new"])
def test_refuses_a_root_that_one_side_did_not_sign(client, thief, signers):
    old = thief.keys["root"]
    thief.keys["root"] = [signing.Key()]
    thief.trust("root")
    thief.issue("root", signers=old if signers == "old" else thief.keys["root"])
    client.serve_thief()
    client.refuses("signature", "root.json")
    assert client.trusted("root") == 1
    client.recovers()


def test_refuses_a_target_that_was_swapped(update):
    """The metadata is honest, the file is not: as long, longer, shorter, empty."""
    for other in (NEW[:-1] + b"!", NEW + b"!", NEW[:-1], b""):
        update.server.files[f"/targets/{target_name(TARGET, NEW)}"] = other
        done = update.fetch(status=1)
        assert TARGET in done.err and update.has(OLD) and not update.has(other)
    update.recovers(stolen=False)


def test_a_delegated_role_speaks_for_its_paths_only(client):
    mine = client.repository
    mine.delegate("model-digits", "digits/*/*")
    mine.delegate("model-other", "other/*/*")
    mine.publish("targets", "model-digits", "model-other")
    mine.add("digits/2.0.0/model.onnx", NEW, role="model-other")
    mine.publish("model-other")
    client.serve()
    client.refuses("target", "digits/2.0.0", "digits/2.0.0/model.onnx")
    mine.add("digits/2.0.0/model.onnx", NEW, role="model-digits")
    mine.publish("model-digits")
    client.serve()
    client.fetch("digits/2.0.0/model.onnx")
    assert client.has(NEW)


# ---- rollback -------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ["timestamp", "snapshot", "targets"])
def test_refuses_an_older_file(client, role):
    """Properly signed by all, with one file of an earlier day."""
    mine = client.repository
    mine.publish("targets")
    client.serve()
    client.fetch()
    thief = mine.copy()
    reissue(thief, role, version=1)
    client.serve(thief)
    client.refuses("rollback", "older|lower")
    client.recovers()


def test_refuses_a_whole_older_repository(client):
    before = client.repository.copy()
    client.repository.publish("targets")
    client.serve()
    client.fetch()
    client.serve(before)
    client.refuses("rollback", "timestamp.json")
    client.recovers()


@pytest.mark.parametrize("version", [1, 3, 1 << 40])
def test_refuses_a_root_that_is_not_the_next(client, thief, version):
    thief.files["2.root.json"] = thief.issue("root", version=version)
    client.serve_thief()
    client.refuses("rollback|mismatch|format", "root.json")
    assert client.trusted("root") == 1
    client.recovers()


def test_refuses_a_snapshot_that_drops_a_role(client):
    mine = client.repository
    mine.delegate("model-digits", "digits/*/*")
    mine.publish("targets", "model-digits")
    client.serve()
    client.fetch()
    thief = mine.copy()
    listing = {"targets.json": entry(thief.current["targets"], thief.parts["targets"]["version"])}
    reissue(thief, "snapshot", meta=listing)
    client.serve(thief)
    client.refuses("rollback", "model-digits")
    client.recovers()


# ---- freeze ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ["root", "timestamp", "snapshot", "targets", "model-digits"])
def test_refuses_what_has_expired(client, role):
    """An expired root is kept, so that the one after it is found."""
    mine = client.repository
    mine.delegate("model-digits", "digits/2/*")
    mine.publish("targets", "model-digits")
    thief = mine.copy()
    thief.add("digits/2/m.onnx", NEW, role="model-digits")
    if role == "root":
        mine.files |= {"2.root.json": thief.issue("root", expires=PAST)}
        mine.parts["root"]["version"] = 2
        mine.issue("root")
    elif role == "model-digits":
        thief.issue(role, expires=PAST)
    else:
        thief.issue("model-digits")
    reissue(thief, role, **({} if role in ("root", "model-digits") else {"expires": PAST}))
    client.serve(thief)
    client.refuses("freeze", f"{role}.json", "digits/2/m.onnx")
    assert client.trusted("root") == (2 if role == "root" else 1)
    client.recovers()


def test_an_old_set_that_is_replayed_is_noticed_when_it_expires(client):
    """Until then there is nothing to notice: it is the newest that the client has seen."""
    client.fetch()
    client.clock.days = 2
    client.refuses("freeze", "timestamp.json")
    for role in ("targets", "snapshot", "timestamp"):
        client.repository.issue(role, expires="2099-01-01T00:00:00Z")
    client.serve()
    client.fetch()
    client.clock.days = 0
    client.recovers(stolen=False)


def test_a_clock_that_was_set_back_lets_nothing_older_in(client):
    before = client.repository.copy()
    client.repository.publish("targets")
    client.serve()
    client.fetch()
    client.serve(before)
    client.clock.days = -1000
    client.refuses("rollback", "timestamp.json")
    client.recovers(stolen=False)


# ---- fast-forward ---------------------------------------------------------------------------------


@pytest.mark.parametrize("version", [1 << 31, (1 << 63) - 1])
@pytest.mark.parametrize("role", ["timestamp", "snapshot", "targets"])
def test_recovers_from_huge_versions_once_the_key_is_another(client, thief, role, version):
    """A thief of online keys drives a version to the end; new keys in a new root undo it."""
    mine = client.repository
    reissue(thief, role, version=version)
    client.serve_thief()
    client.fetch()
    for _ in range(3):
        mine.publish("targets")
    client.serve()
    assert "rollback" in client.fetch(status=1).err
    (client.targets / "digits%2F1.0.0%2Fmodel.onnx").write_bytes(OLD)
    client.recovers()


def test_more_than_64_bits_are_no_version(client, thief):
    reissue(thief, "timestamp", version=1 << 64)
    client.serve_thief()
    client.refuses("format", "timestamp.json")
    client.recovers()


# ---- mix and match --------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ["snapshot", "targets"])
def test_refuses_files_of_different_days(client, thief, role):
    """The right name and version, and a good signature, over another file than was named."""
    reissue(thief, "targets")
    name = file_name(role, thief.parts[role]["version"])
    part = {**thief.parts[role], "expires": "2098-01-01T00:00:00Z"}
    thief.files[name] = envelope(part, thief.keys[role])
    client.serve_thief()
    client.refuses("mismatch|endless", f"{role}.json")
    client.recovers()


@pytest.mark.parametrize("role", ["snapshot", "targets"])
def test_refuses_another_version_under_a_name(client, thief, role):
    before = client.repository.current[role]
    reissue(thief, "targets")
    thief.files[file_name(role, thief.parts[role]["version"])] = before
    client.serve_thief()
    client.refuses("mismatch|rollback|endless", f"{role}.json")
    client.recovers()


# ---- the line -------------------------------------------------------------------------------------

FILES = [r"/metadata/2\.root\.json", r"timestamp\.json", r"snapshot\.json", r"targets\.json"]


@ENDLESS
@pytest.mark.parametrize("file", FILES)
def test_reads_no_more_metadata_than_it_must(update, file, framing):
    update.server.fault(file, hostile.endless(framing))
    update.refuses("endless", "longer than")
    update.recovers(stolen=False)


@ENDLESS
def test_reads_no_more_of_a_target_than_was_listed(update, framing):
    update.server.fault("^/targets/", hostile.endless(framing))
    update.fetch(status=1)
    assert update.has(OLD)
    assert sum(file.stat().st_size for file in update.targets.iterdir()) == len(OLD)
    update.recovers(stolen=False)


@pytest.mark.parametrize("fault", ["trickle", "trickle_body", "silence"])
@pytest.mark.parametrize("file", ["timestamp.json", "^/targets/"])
def test_gives_up_on_a_byte_a_second(update, file, fault):
    update.server.fault(file, getattr(hostile, fault))
    done = update.fetch(status=1)
    assert re.search("too slow|timed? ?out|[Ll]ess than|silent|nothing came", done.err), done
    assert update.has(OLD) and not update.has(NEW)
    update.recovers(stolen=False)


@pytest.mark.parametrize("fault", [hostile.status(500), hostile.status(503), hostile.status(404),
                                   hostile.reset, hostile.cut(20)],
                         ids=["500", "503", "404", "reset", "cut"])
@pytest.mark.parametrize("file", [*FILES[1:], "^/targets/"])
def test_a_request_that_was_dropped_costs_nothing_but_time(update, file, fault):
    update.server.fault(file, fault)
    update.fetch(status=1)
    assert update.has(OLD) and not update.has(NEW)
    update.recovers(stolen=False)


def test_a_server_that_is_away_costs_nothing_but_time(client):
    client.server.down()
    client.fetch(status=1)
    client.server.up()
    client.recovers(stolen=False)


# ---- names ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["../escaped", "/tmp/escaped", "a/../../escaped", "..",
                                  "..%2fescaped", "x\\..\\escaped", ".part"])
def test_names_of_targets_lead_nowhere(client, name):
    """Whatever it is called, it lands in the folder, or is refused."""
    client.repository.add(name, NEW)
    client.repository.publish("targets")
    client.serve()
    client.fetch(name, status=None)
    inside = [file for file in client.targets.rglob("*") if file.is_file()]
    assert all(file.parent == client.targets for file in inside)
    outside = [file for file in client.directory.rglob("*escaped*") if file not in inside]
    assert not outside and not (paths.ROOT.parent / "escaped").exists()
    client.recovers()


@pytest.mark.parametrize("name", ["../escaped", "a/b", "..", ".", "1.root", "with space",
                                  "\u00fcber", "x" * 100])
def test_names_of_roles_lead_nowhere(client, name):
    mine = client.repository
    mine.delegate(name, "odd/*")
    mine.add("odd/model", NEW, role=name)
    mine.publish("targets")
    mine.publish("targets", name)
    client.serve()
    client.fetch("odd/model")
    assert client.has(NEW)
    assert all(file.parent == client.metadata for file in client.metadata.rglob("*"))
    assert not [file for file in client.directory.rglob("*escaped*")
                if file.parent != client.metadata]
    client.recovers(stolen=False)


@pytest.mark.parametrize("name", ["root", "timestamp", "snapshot", "targets"])
def test_no_delegated_role_takes_the_place_of_a_top_level_one(client, name):
    """Who may delegate could otherwise put a file of theirs where the trusted root is stored."""
    mine = client.repository
    mine.publish("targets")
    client.serve()
    client.fetch()
    thief = mine.copy()
    key = signing.Key()
    part = {**thief.parts["targets"], "version": 1, "targets": {"odd/model": target(NEW)}}
    data = envelope(part, [key])
    thief.parts["targets"]["delegations"] = {
        "keys": {key.keyid: key.object},
        "roles": [{"name": name, "keyids": [key.keyid], "threshold": 1, "terminating": True,
                   "paths": ["odd/*"]}]}
    thief.issue("targets")
    listing = {"targets.json": entry(thief.current["targets"], thief.parts["targets"]["version"])}
    thief.issue("snapshot", meta={f"{name}.json": entry(data, 1), **listing})
    thief.issue("timestamp")
    thief.files |= {f"1.{name}.json": data}
    thief.blobs[target_name("odd/model", NEW)] = NEW
    client.serve(thief)
    client.refuses("format", f"'{name}' is a top-level role", "odd/model")
    for role in ("root", "timestamp", "snapshot", "targets"):
        stored = json.loads((client.metadata / f"{role}.json").read_bytes())["signed"]
        assert stored["_type"] == role and "odd/model" not in stored.get("targets", {})
    client.recovers()


# ---- no way back ----------------------------------------------------------------------------------


def test_one_attack_after_another_leaves_it_able_to_update(client):
    """Nothing of what was refused is remembered."""
    mine = client.repository
    before = mine.copy()
    mine.publish("targets")
    client.serve()
    client.fetch()
    for attack in range(8):
        thief = mine.copy()
        thief.add(TARGET, NEW)
        client.server.clear()
        reissue(thief, ["targets", "snapshot", "timestamp"][attack % 3],
                **[{"signers": []}, {"version": 1}, {"expires": PAST}, {"version": 1 << 64},
                   {"spec_version": "9.0.0"}, {"meta": {}}, {"_type": "root"},
                   {"expires": "soon"}][attack])
        client.serve(thief if attack != 5 else before)
        client.fetch(status=1)
        assert client.has(OLD) and not client.has(NEW)
    client.recovers()
