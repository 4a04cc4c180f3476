# SPDX-License-Identifier: Apache-2.0
"""Attacks on what a device is given: software that no publisher released, of another version, for
another device or other hardware, in parts, or with names that lead elsewhere.

The thief has the director's online key, so that the director says whatever they like.
"""

import json
import re

import pytest

from ferry import hostile, signing
from ferry.forge import target
from ferry.scene import FILES, LAST, NEW, OLD, ROLE, content, path_of
from ferry.wait import wait_until

MANIFEST = r"digits/1\.1\.0/manifest\.json"
MODEL = r"digits/1\.1\.0/raw/cpu/fp32/model\.onnx"


@pytest.fixture
def scene(scene):
    """Has an update waiting."""
    scene.order(NEW)
    return scene


@pytest.fixture
def director(scene):
    """A thief of the director's key: edit director.targets, then director.say()."""
    thief = scene.thief("director")
    thief.targets = thief.parts["targets"]["targets"]

    def say():
        thief.publish("targets")
        scene.lie("director", thief)

    thief.say = say
    return thief


def slots(version, variant="raw/cpu/fp32", slot="main"):
    return {"model": "digits", "version": version,
            "slots": {slot: {"role": "production", "variant": variant}}}


# ---- the director's key alone ---------------------------------------------------------------------


def test_the_director_alone_cannot_name_a_version(scene, director):
    """Manifest and files are there to be had, and signed by somebody."""
    director.targets.clear()
    director.targets.update(scene.pretend("6.6.6"))
    director.say()
    scene.refused("unlisted", r"digits/6\.6\.6/manifest\.json|model-digits\.json", "image")
    for said in director.targets.values():
        assert not scene.hostile.asked(said["hashes"]["sha256"]), "it was fetched all the same"
    scene.recovers(stolen="director")


def test_the_director_alone_cannot_name_a_model(scene, director):
    """Not even one that nobody has ever released anything of."""
    director.targets.clear()
    director.targets.update({path.replace("digits/", "others/"): said
                             for path, said in scene.pretend("1.1.0").items()})
    director.say()
    scene.refused("unlisted", "others/.*|.*json", "image")
    scene.recovers(stolen="director")


@pytest.mark.parametrize("part", ["hashes", "length"])
@pytest.mark.parametrize("name", [None, "model.onnx"])
def test_the_director_alone_cannot_change_a_file(scene, director, name, part):
    """Other bytes, or more or fewer, than the publisher listed under that path."""
    data = b"another model" * 50
    scene.hostile.files[f"/device/v1/artifacts/{signing.sha256(data)}"] = data
    scene.hostile.files[f"/device/v1/manifests/{signing.sha256(data)}"] = data
    said = director.targets[path_of(NEW, name)]
    said[part] = target(data)[part]
    director.say()
    scene.refused("disagreement", MODEL if name else MANIFEST, "image", "the director says")
    scene.recovers(stolen="director")


def test_the_director_alone_cannot_yank_a_model_off_a_device(scene, director):
    """An empty list of the right device: what serves goes on, as with every slot not named."""
    director.targets.clear()
    director.say()
    scene.once(status=None)
    assert scene.serves(OLD)
    scene.recovers(stolen="director")


def test_what_was_yanked_is_refused_whatever_the_director_says(scene):
    """Its publisher took it back; a thief replays what the director said before."""
    scene.workshop.publish("3.0.0")
    scene.order("3.0.0")
    thief = scene.thief("director")
    scene.workshop.alice.run("yank", "digits@3.0.0", "--yes")
    thief.publish("targets")
    scene.lie("director", thief)
    scene.refused("unlisted", r"digits/3\.0\.0/.*", "image")
    scene.recovers(stolen="director")


def test_a_publisher_who_was_revoked_is_nobody(scene):
    """Their key lists a version of theirs; the thief of the online keys puts it in the snapshot."""
    alice, bob = scene.workshop.alice, signing.Key()
    public = scene.agent.directory / "bob.json"
    public.write_text(json.dumps(bob.file("bob")))
    alice.run("model", "grant", "digits", public)
    alice.run("model", "revoke", "digits", public)
    thief = scene.thief("image")
    thief.parts[ROLE]["targets"].update(scene.pretend("6.6.6"))
    thief.issue(ROLE, signers=[bob])
    thief.publish()
    scene.lie("image", thief)
    scene.refused("arbitrary-software", f"{ROLE}.json", "image", "signature")
    scene.recovers(stolen="image")


# ---- swapped files --------------------------------------------------------------------------------


@pytest.mark.parametrize("edit", [lambda body: body[:-1] + b"!", lambda body: body + b"!",
                                  lambda body: b"", lambda body: b"x" * len(body)],
                         ids=["a byte", "longer", "empty", "all"])
@pytest.mark.parametrize("kind", ["artifacts", "manifests"])
def test_refuses_a_file_that_was_swapped(scene, kind, edit):
    """After honest metadata."""
    scene.hostile.fault(f"/device/v1/{kind}/", hostile.change(edit))
    scene.refused("wrong-bytes|endless-data|unreachable|missing",
                  MANIFEST if kind == "manifests" else f"{MODEL}|.*txt|.*json")
    scene.recovers()


@pytest.mark.parametrize("other", [OLD, LAST])
def test_refuses_the_tokenizer_of_another_version(scene, other):
    """In place of the right one, whole and once properly signed; shorter or longer."""
    digest = signing.sha256(content(NEW, "tokenizer.json"))
    scene.hostile.files[f"/device/v1/artifacts/{digest}"] = content(other, "tokenizer.json")
    scene.refused("wrong-bytes|endless-data", ".*/tokenizer.json")
    scene.recovers()


@pytest.mark.parametrize("name", ["model.onnx", "tokenizer.json"])
def test_refuses_a_mixture_of_versions(scene, director, name):
    """The director puts a slot together of files that are each properly released."""
    old = content(OLD, name)
    del director.targets[path_of(NEW, name)]
    director.targets[path_of(OLD, name)] = target(old, **slots(OLD))
    director.say()
    scene.refused("mix-and-match", ".*", "director")
    scene.recovers(stolen="director")


@pytest.mark.parametrize("version", [OLD, LAST])
def test_refuses_a_manifest_of_another_version(scene, director, version):
    """Two manifests for one slot, or that of one version with the files of another."""
    right = director.targets.pop(path_of(NEW, None))
    path = f"/api/v1/models/digits/versions/{version}/manifest"
    other = scene.workshop.api.get(path).expect(200).body
    director.targets[path_of(version, None)] = target(other, **slots(version))
    director.say()
    scene.refused("mix-and-match", ".*", "director")
    director.targets[path_of(NEW, None)] = right
    director.say()
    scene.refused("mix-and-match", ".*", "director")
    scene.recovers(stolen="director")


@pytest.mark.parametrize("name", [None, *FILES])
def test_refuses_a_version_that_is_not_named_whole(scene, director, name):
    """The director leaves a file out: nothing activates."""
    del director.targets[path_of(NEW, name)]
    director.say()
    scene.refused("missing|mix-and-match|disagreement", ".*", "director" if not name else None)
    scene.recovers(stolen="director")


# ---- partial bundle -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", FILES)
def test_nothing_activates_while_a_file_is_missing(scene, name):
    """Whichever of the three it is."""
    digest = signing.sha256(content(NEW, name))
    scene.hostile.files[f"/device/v1/artifacts/{digest}"] = None
    scene.refused("missing|unreachable", f".*/{re.escape(name)}")
    assert not [path for path in scene.agent.slot().rglob("*") if NEW in path.name]
    scene.recovers()


def thin_out(scene, file, how):
    """Bundles lack this file of both repositories, or say that there is none."""
    def thin(body):
        bundle = json.loads(body)
        for files in bundle.values():
            for name in [name for name in files if name.endswith(file)]:
                if how == "left out":
                    del files[name]
                else:
                    files[name] = None
        return json.dumps(bundle).encode()
    scene.hostile.fault("/device/v1/bundle", hostile.change(thin))


BUNDLED = pytest.mark.parametrize("file, repository", [
    ("timestamp.json", "director"), ("snapshot.json", "director"), ("targets.json", "director"),
    (f"{ROLE}.json", "image")])


@pytest.fixture
def listed_anew(scene):
    """There is a role of the model's publishers that the device has not yet."""
    version = f"4.0.{len(scene.workshop.published)}"
    scene.workshop.publish(version)
    return scene


@BUNDLED
def test_what_a_bundle_leaves_out_is_asked_for_alone(listed_anew, file, repository):
    thin_out(listed_anew, file, "left out")
    listed_anew.once()
    assert listed_anew.serves(NEW)
    assert listed_anew.hostile.asked("metadata" if repository == "image" else "director")


@BUNDLED
def test_a_bundle_that_denies_a_file_is_refused(listed_anew, file, repository):
    thin_out(listed_anew, file, "said to be missing")
    listed_anew.refused("missing", file, repository)
    listed_anew.recovers()


# ---- wrong device, wrong hardware -----------------------------------------------------------------


def neighbour(scene):
    """Another device of the workspace whose director is ahead of ours; its files."""
    key, token = signing.Key(), scene.workshop.enrolment_token
    name = f"{scene.name}-other"
    reply = scene.workshop.server.device(token).post(
        "/device/v1/enroll", signing.enrolment(key, token, name)).expect(201).json()
    files = {}
    for version in (OLD, NEW, OLD, NEW):
        scene.order(version, name=name)
        files = scene.loot("director", reply["token"])
    return files


def test_refuses_what_the_director_says_to_another_device(scene):
    """Honestly signed, newer than ours, for this workspace, about a model we run."""
    scene.lie("director", neighbour(scene))
    scene.refused("wrong-device", "targets.json", "director", scene.view()["id"])
    scene.workshop.new_online_key("director")
    scene.recovers()


@pytest.mark.parametrize("custom", [
    {"device": "00000000-0000-4000-8000-000000000000"}, {"workspace": "acme"}, {"device": None},
    {"device": "", "workspace": ""}], ids=["unknown", "workspace", "none", "empty"])
def test_refuses_a_director_that_names_somebody_else(scene, director, custom):
    part = director.parts["targets"]
    part["custom"] = {name: value for name, value in {**part["custom"], **custom}.items()
                      if value is not None}
    director.say()
    scene.refused("wrong-device", "targets.json", "director")
    scene.recovers(stolen="director")


def test_refuses_a_director_that_names_nobody(scene, director):
    del director.parts["targets"]["custom"]
    director.say()
    scene.refused("wrong-device", "targets.json", "director")
    scene.recovers(stolen="director")


def test_a_device_that_the_server_does_not_know_serves_on(scene):
    """Revoked: it is told nothing any more, and what it has goes on serving."""
    scene.workshop.api.delete(f"/api/v1/devices/{scene.name}").expect(204)
    done = scene.once(status=1)
    assert "401" in done.stderr or "revoked" in done.stderr
    assert scene.serves(OLD)


def test_refuses_a_variant_for_other_hardware(scene, director):
    """Released by its publisher, for hardware that this device has not."""
    director.targets.clear()
    variant = "raw/npu/int8"
    image = scene.thief("image").parts[ROLE]["targets"]
    for path in (path_of(NEW, None), *(path_of(NEW, name, variant) for name in FILES)):
        director.targets[path] = {**image[path], "custom": slots(NEW, variant)}
    director.say()
    scene.refused("wrong-hardware", ".*", "director", "npu")
    scene.recovers(stolen="director")


def test_refuses_hardware_that_the_publisher_did_not_say(scene, director):
    """The files of one variant under the name of another."""
    variant = "raw/npu/int8"
    image = scene.thief("image").parts[ROLE]["targets"]
    for name in FILES:
        director.targets[path_of(NEW, name)] = {**image[path_of(NEW, name, variant)],
                                                "custom": slots(NEW)}
    director.say()
    scene.refused("disagreement", ".*", "image")
    scene.recovers(stolen="director")


def test_refuses_a_publisher_who_contradicts_the_path(scene):
    """Both repositories have the path, but what it is for differs."""
    thief = scene.thief("image")
    for name in FILES:
        thief.parts[ROLE]["targets"][path_of(NEW, name)]["custom"]["hardware"] = "npu"
    thief.publish(ROLE)
    scene.lie("image", thief)
    scene.refused("disagreement", ".*", "image", "raw/cpu/fp32")
    scene.recovers(stolen="image")


# ---- kinds of reload ------------------------------------------------------------------------------

WORDS = ["notify", "signal", "restart", "reboot", "dance", "touch escaped", "../escaped", "é"]


@pytest.mark.parametrize("own", ["watch", "restart true"])
@pytest.mark.parametrize("word", WORDS)
def test_the_director_makes_no_reload(scene, director, word, own):
    """It picks among the rules of the device's owner: the update comes, by the owner's rule, and
    what was asked beyond is told."""
    if word == own.split()[0]:
        pytest.skip("that one is the owner's")
    scene.agent.configure({"slot": {"reload": f"main: {own}"}})
    for said in director.targets.values():
        said["custom"]["slots"]["main"]["reload"] = word
    director.say()
    done = scene.once()
    assert scene.serves(NEW) and not scene.escaped()
    assert re.search(rf"refused: wrong-reload: director targets.json: .*'{re.escape(word)}'.*"
                     rf"its own, '{own.split()[0]}'", done.stderr), done.stderr
    for seen in (scene.status()["detected"], scene.view()["detected"]):
        assert [(each["check"], each["file"]) for each in seen] == [("wrong-reload", "targets.json")]
    told = [each["slots"]["main"] for each in scene.reports() if "main" in each["slots"]][0]
    assert (told["version"], told["reload"]) == (NEW, own.split()[0])
    scene.recovers(stolen="director")


@pytest.mark.parametrize("word", [7, "", None, {"restart": "rm"}, "x" * 33])
def test_a_reload_that_is_no_word_refuses_what_the_director_says(scene, director, word):
    for said in director.targets.values():
        said["custom"]["slots"]["main"]["reload"] = word
    director.say()
    scene.refused("malformed", "targets.json", "director", "reload")
    scene.recovers(stolen="director")


def test_a_slot_has_one_kind_of_reload(scene, director):
    director.targets[path_of(NEW, "model.onnx")]["custom"]["slots"]["main"]["reload"] = "notify"
    director.say()
    scene.refused("mix-and-match", MODEL, "director")
    scene.recovers(stolen="director")


# ---- names that lead elsewhere --------------------------------------------------------------------

PATHS = ["../../escaped", "/tmp/escaped", "digits/1.1.0/../../../escaped",
         "digits/1.1.0/raw/cpu/fp32/../escaped", "digits/1.1.0/raw/cpu/fp32/..",
         "digits/1.1.0/raw/cpu/fp32/.escaped", "digits/../../manifest.json",
         "digits/1.1.0/onnx/../fp32/escaped", "digits//manifest.json", "escaped", "",
         "digits/1.1.0/raw/cpu/fp32/esc\naped", "digits/1.1.0/raw/cpu/fp32/a/escaped",
         "digits/1.1.0/raw/cpu/fp32/x" + "y" * 300]


@pytest.mark.parametrize("path", PATHS)
def test_names_of_targets_lead_nowhere(scene, director, path):
    """Also where the publisher is in it: both repositories list it."""
    data = b"root:x:0:0:"
    digest = signing.sha256(data)
    scene.hostile.files[f"/device/v1/artifacts/{digest}"] = data
    image = scene.thief("image")
    image.parts[ROLE]["targets"][path] = target(data)
    image.publish(ROLE)
    scene.lie("image", image)
    director.targets[path] = target(data, **slots(NEW))
    director.say()
    scene.refused("bad-path", ".*", "director")
    scene.workshop.new_online_key("image")
    scene.recovers(stolen="director")


@pytest.mark.parametrize("slot", ["../escaped", "/escaped", "..", "", "a/escaped", "x" * 100])
def test_names_of_slots_lead_nowhere(scene, director, slot):
    for said in director.targets.values():
        said["custom"] = slots(NEW, slot=slot)
    director.say()
    scene.refused("bad-path", "targets.json", "director", "slot")
    scene.recovers(stolen="director")


@pytest.mark.parametrize("name", ["../../escaped", "/tmp/escaped", "..", "sub/escaped", ".escaped",
                                  "a\nb", ".version.json", ""])
def test_names_in_a_manifest_lead_nowhere(scene, director, name):
    """A publisher signs it, and both repositories agree on it."""
    data = content(NEW, "model.onnx")
    manifest = json.dumps(scene.workshop.alice_key.envelope(signing.manifest("digits", NEW, [
        signing.variant([signing.artifact(name, data)])]))).encode()
    digest = signing.sha256(manifest)
    scene.hostile.files[f"/device/v1/manifests/{digest}"] = manifest
    image = scene.thief("image")
    image.parts[ROLE]["targets"][path_of(NEW, None)] = target(manifest)
    image.publish(ROLE)
    scene.lie("image", image)
    for path in [path_of(NEW, each) for each in FILES[1:]]:
        del director.targets[path]
    director.targets[path_of(NEW, None)] = target(manifest, **slots(NEW))
    director.say()
    scene.refused("bad-path|malformed|mix-and-match|disagreement", ".*", None)
    scene.workshop.new_online_key("image")
    scene.recovers(stolen="director")


# ---- release counters -----------------------------------------------------------------------------


def test_refuses_a_lower_release_counter(scene):
    """A publisher can say that nothing older must ever come back, whoever asks for it."""
    scene.workshop.publish("2.0.0", release_counter=7)
    scene.order("2.0.0")
    scene.once()
    scene.order(NEW)
    done = scene.once(status=1)
    assert re.search(r"refused: rollback: .*counter", done.stderr), done.stderr
    assert scene.serves("2.0.0")
    assert [each for each in scene.detected() if each[0] == "rollback"]
    scene.workshop.publish("2.1.0", release_counter=7)
    scene.order("2.1.0")
    scene.once()
    assert scene.serves("2.1.0") and scene.detected() == []


# ---- by push, while it runs -----------------------------------------------------------------------


def test_a_running_agent_reports_and_recovers_by_itself(scene, director):
    """Nobody starts it anew: it detects, says so, goes on serving, and takes the next update."""
    scene.order(OLD)
    scene.agent.configure({"sync": {"poll_interval": "200ms"}})
    director.targets.clear()
    director.targets.update(scene.pretend("6.6.6"))
    director.say()
    scene.agent.start()
    wait_until(lambda: any(check == "unlisted" for check, *_ in scene.detected()))
    assert scene.serves(OLD)
    scene.hostile.clear()
    scene.workshop.new_online_key("director")
    scene.order(LAST)
    wait_until(lambda: scene.serves(LAST))
    wait_until(lambda: scene.detected() == [])
