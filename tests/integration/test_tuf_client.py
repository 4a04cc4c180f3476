# SPDX-License-Identifier: Apache-2.0
"""`modelferry tuf` as a program that others drive: statuses, files, URLs, what is not fetched."""

import json

import pytest

from ferry.cli import Cli
from ferry.forge import Repository, days
from ferry.hostile import Hostile, status
from ferry.wallclock import WallClock

DATA = {"a": b"first", "b/c": b"second", "d": b"third"}


class Client:
    """A repository, its server and a client of it."""

    def __init__(self, directory, prefix=""):
        self.repository = Repository()
        for name, data in DATA.items():
            self.repository.add(name, data)
        self.repository.publish("targets")
        self.server = Hostile()
        self.directory = directory
        self.metadata, self.targets = directory / "metadata", directory / "targets"
        self.cli = Cli(directory / "home")
        self.metadata_url = f"{self.server.url()}{prefix}/metadata"
        self.targets_url = f"{self.server.url()}{prefix}/targets"
        self.root = directory / "first-root"
        self.root.write_bytes(self.repository.files["1.root.json"])
        self.prefix = prefix
        self.serve()

    def serve(self):
        files = {f"{self.prefix}/metadata/{name}": data
                 for name, data in self.repository.files.items()}
        files |= {f"{self.prefix}/targets/{name}": data
                  for name, data in self.repository.blobs.items()}
        self.server.files = files

    def run(self, *arguments, expect=0, env=None):
        self.server.requests.clear()
        return self.cli.run("tuf", *arguments, status=expect, env=env)

    def init(self):
        return self.run("--metadata-dir", self.metadata, "init", self.root)

    def refresh(self, **options):
        return self.run("--metadata-dir", self.metadata, "--metadata-url", self.metadata_url,
                        "refresh", **options)

    def download(self, *names, **options):
        flags = [part for name in names for part in ("--target-name", name)]
        return self.run("--metadata-url", self.metadata_url, "--metadata-dir", self.metadata,
                        *flags, "--target-dir", self.targets, "--target-base-url",
                        self.targets_url, "download", **options)

    def asked(self):
        """Paths in order, below the prefix."""
        return [path.removeprefix(self.prefix) for _, path, _, _ in self.server.requests]


@pytest.fixture
def client(scratch):
    made = Client(scratch)
    made.init()
    yield made
    made.server.down()


@pytest.mark.parametrize("arguments", [
    (), ("init",), ("nothing",), ("refresh",), ("download",), ("--no-such-flag", "refresh"),
    ("--metadata-dir",), ("--metadata-dir", "m", "init"), ("--metadata-dir", "m", "init", "missing"),
    ("--metadata-dir", "m", "init", "r", "s"), ("--metadata-dir", "m", "refresh"),
    ("--metadata-dir", "m", "--metadata-url", "http://127.0.0.1:1/", "refresh", "more"),
    ("--metadata-dir", "m", "--metadata-url", "http://127.0.0.1:1/", "refresh"),
    ("--metadata-dir", "m", "--metadata-url", "http://127.0.0.1:1/", "download"),
    ("--metadata-dir", "m", "--metadata-url", "no url", "refresh"),
    ("--low-speed-timeout", "never", "refresh"), ("--json", "refresh"), ("--profile",)])
def test_whatever_is_wrong_the_status_is_one(scratch, arguments):
    done = Cli(scratch / "home").run("tuf", *arguments, status=1)
    assert done.err and not done.out


def test_help_is_no_failure(scratch):
    assert "usage: modelferry tuf" in Cli(scratch / "home").run("tuf", "--help").out


def test_init_asks_nobody_and_stores_the_root_as_it_is(client):
    assert client.asked() == []
    assert (client.metadata / "root.json").read_bytes() == client.root.read_bytes()
    assert [file.name for file in client.metadata.iterdir()] == ["root.json"]


def test_metadata_lies_flat_under_unversioned_names(client):
    client.repository.delegate("team/\u00fcber ?", "team/*")
    client.repository.add("team/x", b"theirs", role="team/\u00fcber ?")
    client.repository.publish("targets", "team/\u00fcber ?")
    client.repository.rotate("root")
    client.repository.rotate("timestamp")
    client.repository.publish("targets")
    client.serve()
    client.refresh()
    client.download("team/x")
    names = sorted(file.name for file in client.metadata.iterdir())
    assert names == ["root.json", "snapshot.json", "targets.json", "team%2F%C3%BCber%20%3F.json",
                     "timestamp.json"]
    for name in names:
        assert json.loads((client.metadata / name).read_bytes())["signed"]
    assert "/metadata/1.team%2F%C3%BCber%20%3F.json" in client.asked()


def test_nothing_is_fetched_that_is_here_and_valid(client):
    client.download("a")
    *metadata, target = client.asked()
    assert metadata == ["/metadata/2.root.json", "/metadata/timestamp.json",
                        "/metadata/2.snapshot.json", "/metadata/2.targets.json"]
    assert target.startswith("/targets/")
    client.download("a")
    assert client.asked() == ["/metadata/2.root.json", "/metadata/timestamp.json"]
    [file] = client.targets.iterdir()
    file.write_bytes(b"changed")
    client.download("a")
    assert len([path for path in client.asked() if path.startswith("/targets/")]) == 1
    assert file.read_bytes() == DATA["a"]


def test_several_targets_share_one_refresh(client):
    client.download(*DATA)
    asked = client.asked()
    assert asked.count("/metadata/timestamp.json") == 1
    assert asked.count("/metadata/2.targets.json") == 1
    assert len([path for path in asked if path.startswith("/targets/")]) == len(DATA)
    assert sorted(file.read_bytes() for file in client.targets.iterdir()) == sorted(DATA.values())


@pytest.mark.parametrize("broken", ["unknown", "b/c"])
def test_it_stops_at_the_first_target_that_fails(client, broken):
    client.server.fault(r"/targets/b/", status(404))
    client.download("a", broken, "d", expect=1)
    assert [file.read_bytes() for file in client.targets.iterdir()] == [DATA["a"]]
    assert not [path for path in client.asked() if path.endswith(".d")]


def test_a_target_that_changed_keeps_its_file_name(client):
    client.download("b/c")
    [before] = client.targets.iterdir()
    client.repository.add("b/c", b"another")
    client.repository.publish("targets")
    client.serve()
    client.download("b/c")
    assert list(client.targets.iterdir()) == [before] and before.read_bytes() == b"another"


@pytest.mark.parametrize("prefix", ["/a%2Fb%20c/%7euser", "/x//y", "/x/../y/./z", "/q%3Fa=b"])
def test_urls_are_used_as_they_are_given(scratch, prefix):
    client = Client(scratch, prefix)
    client.init()
    client.download("b/c")
    paths = [path for _, path, _, _ in client.server.requests]
    assert all(path.startswith((f"{prefix}/metadata/", f"{prefix}/targets/b/")) for path in paths)
    client.metadata_url += "/"  # a slash at the end is not doubled
    client.refresh()
    assert client.asked() == ["/metadata/2.root.json", "/metadata/timestamp.json"]
    client.server.down()


def test_time_is_that_of_the_c_library(client, scratch):
    clock = WallClock(scratch, days=0)
    client.repository.issue("timestamp", expires=days(3))
    client.serve()
    client.refresh(env=clock.env)
    clock.days = 5
    assert "timestamp.json: version 3 has expired" in client.refresh(env=clock.env, expect=1).err
    clock.days = 0
    client.refresh(env=clock.env)


@pytest.mark.parametrize("url, sent", [
    ("{own}", True), ("{own}/", True), ("{own}0", False), ("http://127.0.0.1", False),
    ("http://elsewhere.example", False), (None, False)])
def test_a_token_goes_to_its_own_server_only(client, url, sent):
    env = {"MODELFERRY_TOKEN": "mft_secret"}
    if url:
        env["MODELFERRY_URL"] = url.format(own=client.server.url())
    client.download("a", env=env)
    headers = [headers for _, _, headers, _ in client.server.requests]
    assert len(headers) == 5
    for each in headers:
        assert ("Authorization" in each) == sent
        assert sent or "mft_secret" not in str(each)
