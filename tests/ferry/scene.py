# SPDX-License-Identifier: Apache-2.0
"""What an attack is tried on: a real server, its publisher, a device, and a hostile server between.

A Workshop is shared by the tests of a module: server, publisher, versions 1.0.0 (OLD), 1.1.0 (NEW)
and 1.2.0 (LAST) of 'digits'. A Scene is one device of it and whoever stands in its way.
"""

import json
import re
import secrets

import nacl.secret

from . import paths, signing
from .agent import Agent
from .cli import Cli
from .forge import Repository, envelope, target
from .hostile import Hostile
from .server import Server
from .wallclock import WallClock

OLD, NEW, LAST = "1.0.0", "1.1.0", "1.2.0"
FILES = ("model.onnx", "labels.txt", "tokenizer.json")
REPOSITORIES = ("image", "director")
ROLE = "model-digits"


def content(version, name):
    """What a file of a version holds: other bytes of another length for each."""
    return f"{name} of version {version}\n".encode() * (1000 + 10 * int(version[2]))


def path_of(version, name, variant="raw/cpu/fp32"):
    """A file's path as a target; name None: the manifest's."""
    return f"digits/{version}/{variant}/{name}" if name else f"digits/{version}/manifest.json"


class Workshop:
    """server, database; alice (the command line of who publishes), alice_key; api (an admin's)."""

    def __init__(self, database, directory, options=None):
        self.database = database
        self.directory = directory
        self.master_key = secrets.token_bytes(32)
        master = directory / "master.key"
        master.write_text(self.master_key.hex() + "\n")
        master.chmod(0o600)
        self.server = Server(database.url(), directory,
                             {"keys": {"master_file": master}, **(options or {})}).start()
        self.api = self.server.api(self.server.create_token("admin"))
        self.roots = directory / "roots.json"
        self.people()
        self.published = []
        for version in (OLD, NEW, LAST):
            self.publish(version)
        made = self.api.post("/api/v1/enrolments", {"name": "devices", "uses": 0}).expect(201)
        self.enrolment_token = made.json()["token"]

    def people(self):
        """Who has which keys: here one does everything."""
        self.alice = Cli(self.directory / "alice", env={"MODELFERRY_URL": self.server.url(),
                                                        "MODELFERRY_TOKEN": self.api.token})
        self.alice.run("keys", "init", "--name", "alice")
        self.alice.run("root", "init")
        self.alice.run("model", "create", "digits", "--key", "alice")
        self.alice.run("model", "grant", "digits", "alice")
        file = self.alice.home / ".config/modelferry/keys/alice.json"
        self.alice_key = signing.Key(bytes.fromhex(json.loads(file.read_text())["secret"]["seed"]))
        self.alice.run("root", "export", "-o", self.roots)

    def publish(self, version, release_counter=None):
        """A version of two variants: for this hardware, and for other."""
        variants = []
        for variant, extra in (("raw/cpu/fp32", ""), ("raw/npu/int8", "-npu")):
            folder = self.directory / f"files-{version}{extra}"
            folder.mkdir()
            variants += ["--variant", variant]
            for name in FILES:
                (folder / name).write_bytes(content(version, name) + extra.encode())
                variants.append(folder / name)
        counter = ["--release-counter", release_counter] if release_counter else []
        self.alice.run("publish", f"digits@{version}", *counter, *variants)
        self.published.append(version)

    def stop(self):
        self.server.stop()

    # ---- what a thief finds on the server -------------------------------------------------------

    def online_keys(self, repository):
        """The keys that the server signs with: in its database, under its master key."""
        rows = self.database.sql(
            "SELECT encode(sealed, 'hex') FROM tuf_online_key"
            f" WHERE repository = '{repository}' ORDER BY created_at")
        box = nacl.secret.SecretBox(self.master_key)
        return [signing.Key(box.decrypt(bytes.fromhex(row[0]))[:32]) for row in rows]

    # ---- what its owners do ------------------------------------------------------------

    def sign_all_anew(self):
        """Next versions of targets and of the model's role, as when keys are granted."""
        for role in ("targets", ROLE):
            where = f"/api/v1/tuf/image/roles/{role}"
            part = self.api.get(where).expect(200).json()["signed"]
            part["version"] += 1
            self.api.post(where, body=envelope(part, [self.alice_key])).expect(201)

    def new_online_key(self, repository):
        """The recovery from a stolen server: a new key, in a new root that its owners sign."""
        where = f"/api/v1/tuf/{repository}"
        made = self.api.post(f"{where}/online-key", {"rotate": True}).expect(200).json()
        part = self.api.get(f"{where}/roles/root").expect(200).json()["signed"]
        old = {keyid for role in ("snapshot", "timestamp") for keyid in part["roles"][role]["keyids"]}
        part["version"] += 1
        part["keys"] = {keyid: key for keyid, key in part["keys"].items() if keyid not in old}
        part["keys"][made["keyid"]] = made["key"]
        for role in part["roles"].values():
            role["keyids"] = [made["keyid"] if each in old else each for each in role["keyids"]]
        self.api.post(f"{where}/roles/root", body=envelope(part, [self.alice_key])).expect(201)


class Scene:
    """One device. Its clock, its line and what is said over it are the test's."""

    def __init__(self, workshop, directory, track, name):
        self.workshop = workshop
        self.name = name
        self.hostile = Hostile(workshop.server.device_port)
        self.clock = WallClock(directory)
        self.agent = track(Agent(directory / name, {"server": {"low_speed_timeout": "1s"}}))
        self.agent.env.update(self.clock.env)
        self.agent.enroll(self.hostile.url(), workshop.enrolment_token, name, root=workshop.roots)
        self.order(OLD)
        self.once()
        assert self.serves(OLD)

    def close(self):
        self.hostile.down()

    # ---- the device -----------------------------------------------------------------------------

    def status(self):
        """What the agent says of itself; not while it runs, hence the exit status."""
        return json.loads(self.agent.call("status", "--json", status=3).stdout)

    def once(self, status=0):
        return self.agent.call("run", "--once", status=status)

    def serves(self, version):
        return all(self.agent.serves(content(version, name), name=name) for name in FILES)

    def order(self, version, variant=None, name=None):
        """The operator wants this version on the device."""
        more = {"variant": variant} if variant else {}
        self.workshop.api.post("/api/v1/desired", {
            "devices": [name or self.name], "slot": "main", "model": "digits", "version": version,
            **more}).expect(200)

    def view(self):
        """The device as the server shows it."""
        return self.workshop.api.get(f"/api/v1/devices/{self.name}").expect(200).json()

    def reports(self):
        """The `signed` parts of the reports that the server has, newest first."""
        items = self.workshop.api.items(f"/api/v1/devices/{self.name}/reports")
        return [each["report"]["signed"] for each in items]

    def detected(self):
        """[(check, repository or None, file, detail)] as the server shows it."""
        return [(each["check"], each.get("repository"), each["file"], each["detail"])
                for each in self.view()["detected"]]

    # ---- how an attack must end -----------------------------------------------------------------

    def refused(self, check, file, repository=None, words=""):
        """One cycle: nothing is switched; log, status and server say which check failed, and why.

        check, file, words  regular expressions
        """
        done = self.once(status=1)
        assert self.serves(OLD), "the old model does not serve any more"
        assert not self.escaped()
        where = f"{repository} " if repository else ""
        line = rf"refused: (?:{check}): {where}(?:{file}): .*(?:{words})"
        assert re.search(line, done.stderr), f"no '{line}' in the log: {done.stderr}"
        told = self.status()["detected"]
        shown = self.view()["detected"]
        for seen in (told, shown):
            assert [each for each in seen
                    if re.fullmatch(check, each["check"]) and each.get("repository") == repository
                    and re.fullmatch(file, each["file"]) and re.search(words, each["detail"])], seen
        return done

    def recovers(self, stolen=None):
        """The next honest update installs, and nothing is held against the server any more.

        stolen  "image" or "director": the thief had that one's online key; its owners rotate it
        """
        self.hostile.clear()
        self.clock.days = 0
        if stolen:
            self.workshop.new_online_key(stolen)
        self.order(LAST)
        self.once()
        assert self.serves(LAST)
        assert self.detected() == [] and self.status()["detected"] == []
        installed = self.view()["installed"]["main"]
        assert (installed["state"], installed["version"]) == ("installed", LAST)

    def escaped(self):
        """Files that lie where no file of ours should."""
        return [*self.agent.directory.parent.rglob("*escaped*"), *paths.ROOT.glob("*escaped*")]

    # ---- the attacker ---------------------------------------------------------------------------

    def token(self):
        """Whoever is in the middle reads it from the requests."""
        for _, _, headers, _ in reversed(self.hostile.requests):
            if headers.get("Authorization", "").startswith("Bearer mfd_"):
                return headers["Authorization"].removeprefix("Bearer ")
        raise AssertionError("the device has not asked anything yet")

    def loot(self, repository, token=None):
        """{file name: bytes} of all metadata that the server has for the device now."""
        api = self.workshop.server.device(token or self.token())
        files = api.get("/device/v1/bundle").expect(200).json()[repository]
        return {name: text.encode() for name, text in files.items() if text is not None}

    def thief(self, repository):
        """Whoever took the server: what it serves and its online keys. The publisher's key is in
        `keys` of the offline roles too; a test says so where the thief is to have that."""
        online = self.workshop.online_keys(repository)[-1:]
        offline = [self.workshop.alice_key]
        keys = {"root": offline, "targets": offline, ROLE: offline, "snapshot": online,
                "timestamp": online}
        if repository == "director":
            keys["targets"] = online
        return Repository.stolen(self.loot(repository), keys)

    def lie(self, repository, files):
        """From now on these metadata files are what the device gets: a Repository, or a dict."""
        self.hostile.lie(repository, getattr(files, "files", files))

    def pretend(self, version, variant="raw/cpu/fp32", slot="main"):
        """What a thief's director says for a version of the thief's own, and its files."""
        manifest = json.dumps(signing.Key().envelope(signing.manifest("digits", version, [
            signing.variant([signing.artifact(name, content(version, name)) for name in FILES],
                            *variant.split("/"))]))).encode()
        custom = {"model": "digits", "version": version,
                  "slots": {slot: {"role": "production", "variant": variant}}}
        files = {None: manifest, **{name: content(version, name) for name in FILES}}
        for data in files.values():
            digest = signing.sha256(data)
            self.hostile.files[f"/device/v1/artifacts/{digest}"] = data
            self.hostile.files[f"/device/v1/manifests/{digest}"] = data
        return {path_of(version, name, variant): target(data, **custom)
                for name, data in files.items()}
