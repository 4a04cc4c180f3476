# SPDX-License-Identifier: Apache-2.0
"""Attacks on what a device is told: metadata of director and image repository that is signed by
too few, old, expired, far ahead or not of a piece. The thief has taken the server, with its online
keys; what else they have, each test says.

Each ends as Scene.refused and Scene.recovers say: the old model serves, the reason is in the log
and in the server's view of the device, and the next honest update installs.
"""

import pytest

from ferry import signing
from ferry.forge import PAST, envelope, file_name
from ferry.scene import LAST, NEW, OLD, ROLE

ONLINE = [("image", "snapshot"), ("image", "timestamp"), ("director", "targets"),
          ("director", "snapshot"), ("director", "timestamp")]
CHAIN = {"image": [ROLE, "targets", "snapshot", "timestamp"],
         "director": ["targets", "snapshot", "timestamp"]}


def each(*pairs):
    return pytest.mark.parametrize("repository, role", pairs,
                                   ids=["-".join(pair) for pair in pairs])


@pytest.fixture
def scene(scene, request):
    """Has an update waiting. What comes in one bundle passes the same checks as file by file."""
    scene.hostile.bundled = getattr(request, "param", "bundle") == "bundle"
    scene.order(NEW)
    return scene


both_ways = pytest.mark.parametrize("scene", ["bundle", "files"], indirect=True)


def reissue(thief, repository, role, **how):
    """This role wrongly, and rightly whatever must name it."""
    order = CHAIN[repository]
    for name in order[order.index(role):]:
        if name == role or name in ("snapshot", "timestamp"):
            thief.issue(name, **(how if name == role else {}))


# ---- arbitrary software ---------------------------------------------------------------------------


@both_ways
@each(("image", "targets"), ("image", ROLE), *ONLINE)
@pytest.mark.parametrize("signers", ["nobody", "a stranger"])
def test_refuses_what_its_signers_did_not_sign(scene, repository, role, signers):
    thief = scene.thief(repository)
    reissue(thief, repository, role, signers=[] if signers == "nobody" else [signing.Key()])
    scene.lie(repository, thief)
    scene.refused("arbitrary-software", f"{role}.json", repository, "signature")
    scene.recovers(stolen=repository)


def test_online_keys_cannot_sign_for_publishers(scene):
    thief = scene.thief("image")
    reissue(thief, "image", ROLE, signers=thief.keys["snapshot"])
    scene.lie("image", thief)
    scene.refused("arbitrary-software", f"{ROLE}.json", "image", "signature")
    scene.recovers(stolen="image")


@pytest.mark.parametrize("signers", ["the online key", "a new key alone"])
@pytest.mark.parametrize("repository", ["image", "director"])
def test_online_keys_cannot_make_a_root(scene, repository, signers):
    thief = scene.thief(repository)
    thief.keys["root"] = [signing.Key()] if "new" in signers else thief.keys["timestamp"]
    thief.trust("root")
    thief.issue("root")
    scene.lie(repository, thief)
    scene.refused("arbitrary-software", "root.json", repository, "signature")
    scene.recovers()


@pytest.mark.parametrize("times, words", [(1, "1 good signature"), (2, "keyid")])
def test_one_of_two_publishers_is_not_enough(scene, times, words):
    """Nor is that one twice."""
    bob = signing.Key()
    thief = scene.thief("image")
    part = thief.parts["targets"]["delegations"]
    part["keys"][bob.keyid] = bob.object
    part["roles"][0].update(threshold=2, keyids=[scene.workshop.alice_key.keyid, bob.keyid])
    thief.issue("targets")
    reissue(thief, "image", ROLE, signers=thief.keys[ROLE] * times)
    scene.lie("image", thief)
    scene.refused("arbitrary-software", f"{ROLE}.json", "image", words)
    scene.recovers(stolen="image")


# ---- rollback -------------------------------------------------------------------------------------


def test_refuses_a_whole_older_set(scene):
    """Replayed by somebody in the middle, who has no key at all."""
    before = scene.loot("director")
    scene.order(OLD)
    scene.once()
    scene.lie("director", before)
    scene.order(NEW)
    scene.refused("rollback", "timestamp.json", "director", "older")
    scene.recovers()


@both_ways
@each(*ONLINE)
def test_refuses_an_older_file(scene, repository, role):
    scene.loot("director")  # has version 2 signed
    scene.order(OLD)
    scene.once()
    scene.order(NEW)
    thief = scene.thief(repository)
    reissue(thief, repository, role, version=1)
    scene.lie(repository, thief)
    name = "timestamp|snapshot" if role != "targets" else "snapshot"
    scene.refused("rollback", f"({name}).json", repository, "older|lower")
    scene.recovers(stolen=repository)


def test_refuses_an_older_listing_of_its_publisher(scene):
    """Signed by the publisher, before a version was yanked, say."""
    thief = scene.thief("image")
    listing = thief.listing("snapshot")
    listing[f"{ROLE}.json"] = {"version": listing[f"{ROLE}.json"]["version"] - 1}
    reissue(thief, "image", "snapshot", meta=listing)
    scene.lie("image", thief)
    scene.refused("rollback", "snapshot.json", "image", ROLE)
    scene.recovers(stolen="image")


def test_refuses_a_snapshot_that_drops_a_role(scene):
    thief = scene.thief("image")
    listing = {name: each for name, each in thief.listing("snapshot").items() if ROLE not in name}
    reissue(thief, "image", "snapshot", meta=listing)
    scene.lie("image", thief)
    scene.refused("rollback", "snapshot.json", "image", ROLE)
    scene.recovers(stolen="image")


@pytest.mark.parametrize("repository", ["image", "director"])
@pytest.mark.parametrize("step", [-1, 0, 2])
def test_refuses_a_root_that_is_not_the_next(scene, repository, step):
    """Signed by all who must, the thief of an old root's keys may do that."""
    thief = scene.thief(repository)
    current = thief.parts["root"]["version"]
    data = thief.issue("root", version=max(1, current + step))
    scene.lie(repository, {f"{current + 1}.root.json": data})
    scene.refused("rollback|mix-and-match|malformed", "root.json", repository, "version")
    scene.recovers()


# ---- freeze ---------------------------------------------------------------------------------------


@both_ways
@each(("image", "root"), ("director", "root"), ("image", "targets"), ("image", ROLE), *ONLINE)
def test_refuses_what_has_expired(scene, repository, role):
    """Properly signed, a day ago at the latest."""
    thief = scene.thief(repository)
    if role == "root":
        thief.issue("root", expires=PAST)
    else:
        reissue(thief, repository, role, expires=PAST)
    scene.lie(repository, thief)
    scene.refused("freeze", f"{role}.json", repository, "expired")
    if role == "root":  # it is kept, as it must be: its owners make the one after it
        thief.issue("root")
        scene.hostile.clear()
        scene.lie(repository, {name: data for name, data in thief.files.items() if "root" in name})
        scene.order(LAST)
        scene.once()
        assert scene.serves(LAST) and scene.detected() == []
        return
    scene.recovers(stolen=repository)


def hold_back(scene, *paths):
    """All metadata of now goes on being served, and what the server answers to these paths."""
    for repository in ("image", "director"):
        scene.lie(repository, scene.loot(repository))
    for path in paths:
        reply = scene.workshop.server.device(scene.token()).get(path)
        scene.hostile.files[path] = reply.expect(200).body


def test_a_world_that_is_held_back_is_noticed_when_it_expires(scene):
    """Until then nothing can be noticed: it is the newest that there is to see."""
    scene.order(OLD)
    scene.once()
    hold_back(scene, "/device/v1/state")
    scene.order(NEW)
    scene.once()
    assert scene.serves(OLD) and scene.detected() == []
    scene.clock.days = 3
    scene.refused("freeze", "timestamp.json", "director", "expired")
    scene.recovers()


def test_metadata_that_is_held_back_is_noticed_where_the_state_is_not(scene):
    scene.order(OLD)
    scene.once()
    hold_back(scene)
    scene.order(NEW)
    scene.refused("freeze", "targets.json", "director", "desired state")
    scene.recovers()


def test_a_clock_that_was_set_back_lets_nothing_older_in(scene):
    """The replayed set has not expired by that clock; it is older than what was seen."""
    before = {repository: scene.loot(repository) for repository in ("image", "director")}
    scene.order(OLD)
    for repository in before:
        scene.workshop.new_online_key(repository)
    scene.once()
    scene.clock.days = -4000
    scene.order(NEW)
    for repository, files in before.items():
        scene.lie(repository, {name: data for name, data in files.items() if "root" not in name})
    scene.refused("rollback|arbitrary-software", "timestamp.json", "director")
    scene.hostile.clear()
    scene.order(LAST)
    scene.once()
    assert scene.serves(LAST), "and what is newer still gets in"


# ---- fast-forward ---------------------------------------------------------------------------------


@each(*ONLINE)
@pytest.mark.parametrize("version", [1 << 31, (1 << 63) - 1])
def test_recovers_from_huge_versions_once_the_key_is_another(scene, repository, role, version):
    """A thief drives a version to the end, and nothing honest is newer until the key is another."""
    scene.order(OLD)
    thief = scene.thief(repository)
    chain = CHAIN[repository][CHAIN[repository].index(role):]
    for name in chain if role != "timestamp" else ["snapshot", "timestamp"]:
        thief.issue(name, version=version if name == role else 1000)
    scene.lie(repository, thief)
    scene.once()
    scene.hostile.clear()
    scene.order(NEW)
    scene.refused("rollback", "(timestamp|snapshot).json", repository, "older|lower")
    scene.recovers(stolen=repository)


def test_more_than_64_bits_are_no_version(scene):
    thief = scene.thief("director")
    thief.issue("timestamp", version=1 << 64)
    scene.lie("director", thief)
    scene.refused("malformed", "timestamp.json", "director")
    scene.recovers()


# ---- mix and match --------------------------------------------------------------------------------


@both_ways
@each(("image", "snapshot"), ("image", "targets"), ("image", ROLE), ("director", "snapshot"),
      ("director", "targets"))
def test_refuses_another_file_than_was_named(scene, repository, role):
    """The right name, version and signature, over something else than was named."""
    thief = scene.thief(repository)
    reissue(thief, repository, role)
    name = file_name(role, thief.parts[role]["version"])
    other = {**thief.parts[role], "x-other": "yes"}
    thief.files[name] = envelope(other, thief.keys[role])
    scene.lie(repository, thief)
    scene.refused("mix-and-match|endless-data", f"{role}.json", repository)
    scene.recovers(stolen=repository)


@each(("image", "snapshot"), ("image", ROLE), ("director", "snapshot"), ("director", "targets"))
def test_refuses_yesterdays_file_under_todays_name(scene, repository, role):
    """Of the length and hash that are named, and with the version that is not."""
    thief = scene.thief(repository)
    old = thief.current[role]
    thief.parts[role]["version"] += 1
    thief.put(role, old)
    order = CHAIN[repository]
    for name in order[order.index(role) + 1:]:
        if name in ("snapshot", "timestamp"):
            thief.issue(name)
    scene.lie(repository, thief)
    scene.refused("mix-and-match|rollback", f"{role}.json", repository, "version")
    scene.recovers(stolen=repository)


def test_refuses_a_director_of_another_workspaces_root(scene):
    """The two repositories are each other's strangers: files of one are nothing in the other."""
    image = scene.loot("image")
    scene.lie("director", {"timestamp.json": image["timestamp.json"]})
    scene.refused("arbitrary-software", "timestamp.json", "director", "signature")
    scene.recovers()


# ---- not even metadata ----------------------------------------------------------------------------


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b'{"signatures":[],"signed":{}}', b"\xff" * 40,
                                  b'{"signed":' * 1000, b"null"],
                         ids=["empty", "cut", "list", "hollow", "bytes", "deep", "null"])
@each(("image", "timestamp"), ("director", "timestamp"))
def test_survives_what_is_no_metadata(scene, repository, role, data):
    if data == b"\xff" * 40:
        scene.hostile.bundled = False  # a bundle cannot hold them
    scene.lie(repository, {f"{role}.json": data})
    scene.refused("malformed|arbitrary-software", f"{role}.json", repository)
    scene.recovers()


# ---- no way back ----------------------------------------------------------------------------------


def test_one_attack_after_another_leaves_it_able_to_update(scene):
    """All of them on one device, one after the other, and never a good word in between."""
    wrongs = [{"signers": []}, {"version": 1}, {"expires": PAST}, {"version": 1 << 64},
              {"spec_version": "9.0.0"}, {"_type": "root"}, {"expires": "soon"}, {"version": -1},
              {"version": 0}, {"meta": {}}]
    for repository, role in ONLINE:
        for wrong in wrongs if role != "targets" else wrongs[:-1]:
            thief = scene.thief(repository)
            reissue(thief, repository, role, **wrong)
            scene.hostile.metadata.clear()
            scene.lie(repository, thief)
            scene.once(status=1)
            assert scene.serves(OLD)
    scene.workshop.new_online_key("director")
    scene.recovers(stolen="image")
