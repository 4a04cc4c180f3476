# SPDX-License-Identifier: Apache-2.0
"""What docs/SECURITY.md says to do when a key was lost or stolen, or a server was restored, done.

Every recovery is made with the commands of that page by the people who have the keys, while a
device that knows nothing of it goes on asking. Each ends with an honest update on the device, and
with all that the thief has being worth nothing.
"""

import json
import secrets
import shutil

import pytest

from ferry import signing
from ferry.cli import Cli
from ferry.forge import Repository
from ferry.scene import FILES, LAST, NEW, OLD, REPOSITORIES, ROLE, Scene, Workshop

FAILED = 1
NEXT = "1.3.0"


class Person(Cli):
    """Somebody with a home of their own and a key in it that is called after them."""

    def __init__(self, home, server, token):
        super().__init__(home, env={"MODELFERRY_URL": server.url(), "MODELFERRY_TOKEN": token})
        self.name = home.name
        self.file = self.home / f".config/modelferry/keys/{self.name}.json"
        self.run("keys", "init", "--name", self.name)
        self.public = home.parent / f"{self.name}.pub"
        self.run("keys", "export", self.name, "-o", self.public)
        seed = json.loads(self.file.read_text())["secret"]["seed"]
        self.key = signing.Key(bytes.fromhex(seed))

    @property
    def id(self):
        """As much of the keyid as one would type."""
        return self.key.keyid[:12]

    def lose(self):
        self.file.unlink()


class Company(Workshop):
    """Ann, Bob and Cat, of whom two must sign roots and top-level targets; Pat publishes."""

    def people(self):
        self.ann, self.bob, self.cat = (self.person(name) for name in ("ann", "bob", "cat"))
        init = ["root", "init", "--threshold", "2", "--root-key", "ann",
                "--root-key", self.bob.public, "--root-key", self.cat.public]
        for _ in range(2):  # director and image
            self.ann.run(*init)
            self.bob.run("root", "sign", "--yes")
        self.ann.run("root", "export", "-o", self.roots)
        self.alice = self.pat = self.person("pat")
        self.alice_key = self.pat.key
        self.ann.run("model", "create", "digits", "--key", self.pat.public)
        self.ann.run("model", "grant", "digits", self.pat.public)
        self.bob.run("root", "sign", "--yes")
        self.pat.run("root", "trust", self.roots)

    def start_again(self, database=None):
        """The same server at the same place."""
        self.server.write_config({
            "api": {"address": f"127.0.0.1:{self.server.api_port}"},
            "device": {"address": f"127.0.0.1:{self.server.device_port}"},
            **({"database": {"url": database.url()}} if database else {})})
        self.server.start()

    def person(self, name):
        return Person(self.directory / name, self.server, self.api.token)

    def joins(self, name):
        """Somebody new, who was given the roots by those who have them."""
        made = self.person(name)
        made.run("root", "trust", self.roots)
        return made


@pytest.fixture
def company(database, scratch):
    directory = scratch / "company"
    directory.mkdir()
    made = Company(database, directory)
    yield made
    made.stop()


@pytest.fixture
def scene(company, scratch, track, request):
    made = Scene(company, scratch, track, "cam-1")
    request.node.ferry_processes = [company.server, made.agent]
    yield made
    made.close()


def update(scene, publisher, version=NEXT):
    """An honest update: published, ordered, installed, and nothing is held against anybody."""
    scene.hostile.clear()
    scene.workshop.alice = publisher
    scene.workshop.publish(version)
    scene.order(version)
    scene.once()
    assert scene.serves(version)
    assert scene.detected() == [] and scene.status()["detected"] == []


def nothing_by(scene, thief, repository, file, serves=NEXT):
    """What the thief signs is refused, and what runs goes on running."""
    scene.lie(repository, thief)
    done = scene.once(status=1)
    assert f"refused: arbitrary-software: {repository} {file}" in done.stderr, done.stderr
    assert scene.serves(serves)
    scene.hostile.clear()
    scene.once()
    assert scene.detected() == []


class Loot:
    """What a thief took of a server: its online keys, and all that it had for the device then."""

    def __init__(self, scene):
        self.scene = scene
        self.keys = {each: scene.workshop.online_keys(each)[-1:] for each in REPOSITORIES}
        self.files = {each: scene.loot(each) for each in REPOSITORIES}

    def is_worth_nothing(self, serves=NEXT):
        """Neither what the keys sign now, on top of what is in force, nor what was signed then."""
        for repository in REPOSITORIES:
            online = self.keys[repository]
            signs = ("targets", "snapshot", "timestamp")[repository == "image":]
            for version in (None, 1 << 40):
                forged = Repository.stolen(self.scene.loot(repository),
                                           {role: online for role in signs})
                for role in signs:
                    forged.issue(role, version=version)
                nothing_by(self.scene, forged, repository, "timestamp.json", serves)
            nothing_by(self.scene, self.files[repository], repository, "timestamp.json", serves)


# ---- the server's online keys ---------------------------------------------------------------------


def test_stolen_online_keys(company, scene):
    ann, bob = company.ann, company.bob
    loot = Loot(scene)
    # what a thief of online keys can do: choose among what was released, and spoil the versions
    scene.order(NEW)
    scene.once()
    assert scene.serves(NEW)
    spoilt = scene.thief("director")
    for role in ("targets", "snapshot", "timestamp"):
        spoilt.issue(role, version=1 << 40)
    scene.lie("director", spoilt)
    scene.once()
    scene.hostile.clear()
    scene.order(LAST)
    assert "rollback" in scene.once(status=1).stderr

    waits = ann.run("root", "rotate", "--online-key", "--yes")
    assert waits.out.count("waits for signatures") == 2
    bob.run("root", "sign", "--yes")

    scene.once()
    assert scene.serves(LAST)
    update(scene, company.pat)
    loot.is_worth_nothing()


def test_lost_online_keys(company, scene):
    """The master key is gone, and nobody opens what it sealed; but for who has a copy of it."""
    loot = Loot(scene)
    company.stop()
    (company.directory / "master.key").write_text(secrets.token_hex(32) + "\n")
    company.start_again()
    scene.order(NEW)
    scene.once(status=1)
    assert scene.serves(OLD)

    company.ann.run("root", "rotate", "--online-key", "--yes")
    company.bob.run("root", "sign", "--yes")

    scene.once()
    assert scene.serves(NEW)
    update(scene, company.pat)
    loot.is_worth_nothing()


# ---- a publisher's key ----------------------------------------------------------------------------


def replace_publisher(company, scene, *versions):
    """Dora takes Pat's place, and answers for these versions."""
    pat, ann, bob = company.pat, company.ann, company.bob
    dora = company.joins("dora")
    shown = ann.run("model", "grant", "digits", dora.public, "--instead-of", pat.id)
    assert f"+ delegations.keys.{dora.key.keyid}.keytype" in shown.out
    assert f"- delegations.keys.{pat.key.keyid}.keytype" in shown.out
    bob.run("root", "sign", "--yes")
    refused = scene.once(status=None)  # nobody who may has signed what is listed
    assert f"refused: arbitrary-software: image {ROLE}.json" in refused.stderr
    refused = dora.run("release", "digits", status=5)
    assert "release digits@VERSION ... --anew" in refused.err
    named = [f"digits@{version}" for version in versions]
    dora.run("release", *named, "--anew", "--trust", pat.public, "--yes")
    revoked = ann.run("model", "key", "revoke", "digits", pat.key.keyid)
    assert "signs nothing more of 'digits'" in revoked.out
    return dora


def test_a_lost_publishers_key(company, scene):
    company.pat.lose()
    dora = replace_publisher(company, scene, OLD, NEW, LAST)
    scene.once()
    assert scene.serves(OLD) and scene.detected() == []
    update(scene, dora)
    scene.order(NEW)
    scene.once()
    assert scene.serves(NEW), "what was listed before is still there"


def test_a_stolen_publishers_key(company, scene):
    """The thief has published 6.6.6 with it and the device runs that; then the server is taken too."""
    thief = Person(company.directory / "thief", company.server, company.api.token)
    shutil.copy(company.pat.file, thief.file)
    thief.run("root", "trust", company.roots)
    bad = company.directory / "model.onnx"
    bad.write_bytes(b"malice")
    thief.run("publish", "digits@6.6.6", "--variant", "raw/cpu/fp32", bad)
    scene.order("6.6.6")
    scene.once()
    assert scene.agent.serves(b"malice")

    dora = replace_publisher(company, scene, OLD, NEW, LAST)

    late = thief.run("publish", "digits@7.7.7", "--variant", "raw/cpu/fp32", bad, status=FAILED)
    assert "was revoked" in late.err
    for device in ("cam-1", "any"):
        refused = company.api.post("/api/v1/desired", {
            "devices": [device], "slot": "main", "model": "digits", "version": "6.6.6"})
        assert (refused.status, refused.json()["type"].split("/")[-1]) == (409, "version-yanked")
    assert "withdrawn" in scene.once(status=None).stderr
    update(scene, dora)

    # with the server and its online keys: what the stolen key signs is signed by nobody
    stolen = scene.thief("image")
    assert stolen.keys[ROLE][0].keyid == company.pat.key.keyid
    for role in (ROLE, "snapshot", "timestamp"):
        stolen.issue(role)
    scene.lie("image", stolen)
    scene.order(LAST)
    assert f"refused: arbitrary-software: image {ROLE}.json" in scene.once(status=1).stderr
    company.ann.run("root", "rotate", "--online-key", "--yes")
    company.bob.run("root", "sign", "--yes")
    update(scene, dora, "1.4.0")


# ---- a key of the roots ---------------------------------------------------------------------------


def replace_root_key(company):
    """Dan takes Cat's place in the roots and for the top-level targets."""
    dan = company.joins("dan")
    change = f"{company.cat.id}={dan.public}"
    company.ann.run("root", "rotate", "--root-key", change, "--targets-key", change, "--yes")
    company.bob.run("root", "sign", "--yes")
    company.ann.run("root", "rotate", "--root-key", change, "--targets-key", change, "--yes",
                    status=None)
    company.bob.run("root", "sign", "--yes", status=None)
    return dan


def test_a_lost_root_key(company, scene):
    company.cat.lose()
    dan = replace_root_key(company)
    scene.once()
    update(scene, company.pat)
    # the new one counts
    company.ann.run("root", "renew", "--yes")
    dan.run("root", "sign", "--yes")
    update(scene, company.pat, "1.4.0")


@pytest.mark.parametrize("repository", ["image", "director"])
def test_a_stolen_root_key(company, scene, repository):
    """One of two is not enough today; and with another one tomorrow it is still not enough."""
    cat = signing.Key(bytes.fromhex(json.loads(company.cat.file.read_text())["secret"]["seed"]))
    alone = scene.thief(repository)
    alone.keys["root"] = [cat]
    alone.issue("root")
    nothing_by(scene, alone, repository, "root.json", OLD)

    replace_root_key(company)

    update(scene, company.pat)
    both = scene.thief(repository)
    both.keys["root"] = [cat, company.ann.key]
    both.issue("root")
    nothing_by(scene, both, repository, "root.json")


# ---- a server from a backup -----------------------------------------------------------------------


@pytest.fixture
def restored(cluster, company, _counter):
    """restored(dump) -> the database of a backup, as another one."""
    made = []

    def restore(dump):
        made.append(cluster.create_database(next(_counter)))
        made[-1].restore(dump)
        return made[-1]

    yield restore
    company.stop()
    for each in made:
        each.drop()


def test_a_backup_from_before_a_root(company, scene, database, scratch, restored):
    """The root that is younger is brought back by who has it; then as with any backup."""
    dump = database.dump(scratch / "backup")
    backup = Loot(scene)
    dan = replace_root_key(company)
    scene.order(NEW)
    scene.once()
    lost = Loot(scene)
    company.stop()
    company.database = restored(dump)
    company.start_again(company.database)
    for repository in ("image", "director"):
        root = scene.agent.state / "metadata" / repository / "root.json"
        company.api.post(f"/api/v1/tuf/{repository}/roles/root",
                         body=root.read_bytes()).expect(201)

    company.ann.run("root", "rotate", "--online-key", "--yes")
    dan.run("root", "sign", "--yes")

    scene.once()
    assert scene.serves(OLD) and scene.detected() == []
    update(scene, company.pat)
    backup.is_worth_nothing()
    lost.is_worth_nothing()


def test_a_server_that_was_restored_from_a_backup(company, scene, database, scratch, restored):
    """Who has the backup too, or kept what the lost server said, gets nowhere with it."""
    dump = database.dump(scratch / "backup")
    backup = Loot(scene)
    for version in (NEW, LAST):
        scene.order(version)
        scene.once()
    lost = Loot(scene)
    company.publish(NEXT)
    assert scene.serves(LAST)
    company.stop()
    company.database = restored(dump)
    company.start_again(company.database)
    scene.order(NEW)
    assert "refused: rollback: director timestamp.json" in scene.once(status=1).stderr
    assert scene.serves(LAST)

    company.ann.run("root", "rotate", "--online-key", "--yes")
    company.bob.run("root", "sign", "--yes")

    scene.once()
    assert scene.serves(NEW) and scene.detected() == []
    company.pat.run("publish", f"digits@{NEXT}", "--variant", "raw/cpu/fp32",
                    *(company.directory / f"files-{NEXT}" / name for name in FILES))
    scene.order(NEXT)
    scene.once()
    assert scene.serves(NEXT)
    update(scene, company.pat, "1.4.0")
    backup.is_worth_nothing("1.4.0")
    lost.is_worth_nothing("1.4.0")
