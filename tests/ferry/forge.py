# SPDX-License-Identifier: Apache-2.0
"""TUF metadata by whoever holds the keys: an honest repository, or one that is signed wrongly.

Written apart from common/tuf, so that tests compare two.
"""

import copy
import datetime
import json
import urllib.parse

from .signing import Key, sha256

SPEC_VERSION = "1.0.33"
TOP = ("root", "targets", "snapshot", "timestamp")


def days(number):
    """The time in so many days, as metadata has it."""
    then = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=number)
    return then.strftime("%Y-%m-%dT%H:%M:%SZ")


PAST = days(-1)
LIFE = {"root": days(365), "snapshot": days(7), "timestamp": days(1)}
LIFE_OF_TARGETS = days(90)


def envelope(part, keys):
    """The file: the part with one signature by each key."""
    return json.dumps({"signatures": [key.signature(part) for key in keys], "signed": part}).encode()


def entry(data, version):
    """How snapshot and timestamp list a file."""
    return {"version": version, "length": len(data), "hashes": {"sha256": sha256(data)}}


def target(data, **custom):
    """How a targets role lists a target."""
    listed = {"length": len(data), "hashes": {"sha256": sha256(data)}}
    return {**listed, "custom": custom} if custom else listed


def file_name(role, version, consistent=True):
    quoted = urllib.parse.quote(role, safe="")
    if role == "root" or (consistent and role != "timestamp"):
        return f"{version}.{quoted}.json"
    return f"{quoted}.json"


def target_name(path, data):
    """Below the targets URL, under consistent snapshots."""
    folder, slash, name = path.rpartition("/")
    return f"{folder}{slash}{sha256(data)}.{name}"


class Repository:
    """Edit `parts`, then issue() what changed: nothing is checked, whatever is asked is signed.

    keys     {role: [Key]} who signs what
    parts    {role: the newest `signed`}
    current  {role: the newest file}
    files    {file name: bytes} as served below the metadata URL
    blobs    {name: bytes} as served below the targets URL
    """

    def __init__(self, consistent=True):
        self.consistent = consistent
        self.keys = {role: [Key()] for role in TOP}
        self.parts = {role: self._blank(role) for role in TOP}
        self.current = {}
        self.files = {}
        self.blobs = {}
        self.trust(*TOP)
        for role in TOP:
            self.issue(role)

    @classmethod
    def stolen(cls, files, keys):
        """What a server has: the files it serves, newest of each role, and its online keys."""
        made = cls.__new__(cls)
        made.consistent, made.keys, made.blobs = True, dict(keys), {}
        made.files = dict(files)
        made.parts, made.current = {}, {}
        for name, data in files.items():
            role = urllib.parse.unquote(name.removesuffix(".json").split(".", 1)[-1])
            part = json.loads(data)["signed"]
            if role not in made.parts or made.parts[role]["version"] < part["version"]:
                made.parts[role], made.current[role] = part, data
        return made

    def copy(self):
        """A second line of history from here on."""
        made = copy.copy(self)
        made.keys, made.parts = dict(self.keys), copy.deepcopy(self.parts)
        made.current, made.files = dict(self.current), dict(self.files)
        made.blobs = dict(self.blobs)
        return made

    def _blank(self, role):
        part = {"_type": role, "spec_version": SPEC_VERSION, "version": 0, "expires": PAST}
        if role == "root":
            return {**part, "consistent_snapshot": self.consistent, "keys": {}, "roles": {}}
        if role in ("snapshot", "timestamp"):
            return {**part, "meta": {}}
        return {**part, "_type": "targets", "targets": {}}

    def trust(self, *roles, threshold=1):
        """The root's part names the keys that `keys` has for these roles now."""
        part = self.parts["root"]
        for role in roles:
            part["keys"].update({key.keyid: key.object for key in self.keys[role]})
            part["roles"][role] = {"keyids": [key.keyid for key in self.keys[role]],
                                   "threshold": threshold}

    def rotate(self, *roles):
        """New keys for these roles, in a new root that the old root keys and the new ones sign."""
        signers = list(self.keys["root"])
        for role in roles:
            self.keys[role] = [Key()]
        self.trust(*roles)
        new = [key for key in self.keys["root"] if key not in signers]
        return self.issue("root", signers=signers + new)

    def delegate(self, name, *paths, by="targets", keys=None, threshold=1, terminating=True):
        """A new role below `by`; issue both."""
        self.keys[name] = keys or [Key()]
        self.parts[name] = self._blank(name)
        part = self.parts[by].setdefault("delegations", {"keys": {}, "roles": []})
        part["keys"].update({key.keyid: key.object for key in self.keys[name]})
        part["roles"].append({"name": name, "keyids": [key.keyid for key in self.keys[name]],
                              "threshold": threshold, "terminating": terminating,
                              "paths": list(paths)})

    def add(self, path, data, role="targets", **custom):
        """Lists a target and has it to be fetched; issue the role."""
        self.parts[role]["targets"][path] = target(data, **custom)
        self.blobs[target_name(path, data) if self.consistent else path] = data

    def issue(self, role, signers=None, version=None, expires=None, **members):
        """The role's next file; snapshot and timestamp list what is newest unless `meta` is said."""
        part = self.parts[role]
        part["version"] = part["version"] + 1 if version is None else version
        part["expires"] = expires or LIFE.get(role, LIFE_OF_TARGETS)
        if role in ("snapshot", "timestamp"):
            part["meta"] = self.listing(role)
        part.update(members)
        data = envelope(part, self.keys[role] if signers is None else signers)
        self.put(role, data)
        return data

    def put(self, role, data, version=None):
        """Serves bytes as the role's newest file, whatever they are."""
        self.current[role] = data
        version = self.parts[role]["version"] if version is None else version
        self.files[file_name(role, version, self.consistent)] = data
        return data

    def listing(self, role):
        """What snapshot or timestamp says of the newest files."""
        roles = ["snapshot"] if role == "timestamp" else [
            name for name in self.current if name not in ("root", "snapshot", "timestamp")]
        return {f"{name}.json": entry(self.current[name], self.parts[name]["version"])
                for name in roles}

    def publish(self, *roles):
        """These targets roles, then snapshot and timestamp."""
        for role in (*roles, "snapshot", "timestamp"):
            self.issue(role)
