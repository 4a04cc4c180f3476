# SPDX-License-Identifier: Apache-2.0
"""A tus client that is not ours: npm's tus-js-client uploads, is interrupted and resumes."""

import json
import pathlib
import random
import subprocess

import pytest

from ferry import npm, signing, tus
from ferry.tus import Upload
from ferry.wait import wait_until

MIB = 1 << 20
PACKAGE = "tus-js-client@4.3.1"
SCRIPT = pathlib.Path(__file__).with_name("tus_client.js")


@pytest.fixture(scope="session")
def modules():
    return npm.install(PACKAGE)


class Client:
    """One run of the script; what it says is read as it comes."""

    def __init__(self, modules, port, publisher, path, sha256, storage, chunk):
        self.process = subprocess.Popen(
            ["node", str(SCRIPT), str(modules), f"http://127.0.0.1:{port}/api/v1/uploads",
             publisher.token, str(path), sha256, str(storage), str(chunk)],
            stdout=subprocess.PIPE, text=True)
        self.resumed = False
        self.accepted = []

    def read(self):
        """The next thing it says, or None at its end."""
        line = self.process.stdout.readline()
        if not line:
            return None
        said = json.loads(line)
        self.resumed |= "resumed" in said
        if "accepted" in said:
            self.accepted.append(said["accepted"])
        return said

    def until_accepted(self, size):
        while not self.accepted or self.accepted[-1] < size:
            assert self.read() is not None, "the client ended early"

    def finish(self):
        last = None
        while (said := self.read()) is not None:
            last = said
        assert self.process.wait() == 0 and "done" in last, last
        return last["done"]

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


@pytest.fixture
def file(scratch):
    data = random.Random(3).randbytes(20 * MIB + 1)
    path = scratch / "model.onnx"
    path.write_bytes(data)
    return path, data


@pytest.fixture
def run(modules, publisher, file, scratch, server):
    """run(port=…, chunk=…) -> a Client that uploads the file."""
    made = []

    def start(port=None, chunk=2 * MIB):
        path, data = file
        made.append(Client(modules, port or server.api_port, publisher, path,
                           signing.sha256(data), scratch / "urls.json", chunk))
        return made[-1]

    yield start
    for client in made:
        client.kill()


def stored(api, file):
    return api.get(f"/api/v1/artifacts/{signing.sha256(file[1])}").expect(200).body == file[1]


def test_uploads(run, publisher, file):
    location = run().finish()
    assert stored(publisher, file)
    head = publisher.head("/" + location.split("/", 3)[3], headers=tus.RESUMABLE).expect(200)
    assert head.header("Upload-Offset") == str(len(file[1]))
    assert "filename" in head.header("Upload-Metadata")


def test_uploads_in_one_piece(run, publisher, file):
    run(chunk=1 << 40).finish()
    assert stored(publisher, file)


def test_resumes_after_it_was_killed(run, publisher, file):
    first = run()
    first.until_accepted(6 * MIB)
    first.kill()
    second = run()
    second.finish()
    assert second.resumed
    assert second.accepted[0] > 6 * MIB
    assert stored(publisher, file)


def test_goes_on_by_itself_when_the_connection_is_cut(run, publisher, file, proxy, server):
    way = proxy(server.api_port)
    client = run(way.port)
    client.until_accepted(6 * MIB)
    way.cut_all()
    client.finish()
    assert stored(publisher, file)


def test_goes_on_by_itself_when_the_server_is_killed(run, publisher, file, proxy, server):
    way = proxy(server.api_port)
    client = run(way.port, chunk=1 * MIB)
    client.until_accepted(5 * MIB)
    server.restart(kill=True)
    way.target = ("127.0.0.1", server.api_port)
    client.finish()
    publisher.port = server.api_port
    assert stored(publisher, file)


def test_hands_over_to_another_instance(run, publisher, file, add_server):
    first = run()
    first.until_accepted(6 * MIB)
    first.kill()
    other = add_server()
    storage = json.loads((file[0].parent / "urls.json").read_text())
    location = "/" + next(iter(storage.values()))["uploadUrl"].split("/", 3)[3]
    upload = Upload(other.api(publisher.token), location, file[1])
    wait_until(lambda: upload.patch(upload.offset(), file[1][upload.offset():]).status == 204, 20)
    assert stored(publisher, file)
