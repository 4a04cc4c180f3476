# SPDX-License-Identifier: Apache-2.0
"""docs/publishing-with-curl.md, run as it stands."""

import json
import re
import secrets
import shutil
import subprocess

import pytest

from ferry import paths, signing
from ferry.cli import Cli

PAGE = (paths.ROOT / "docs/publishing-with-curl.md").read_text()
BLOCKS = re.findall(r"^```sh\n(.*?)^```$", PAGE, re.M | re.S)


@pytest.fixture
def server_options(scratch):
    path = scratch / "master.key"
    path.write_text(secrets.token_hex(32) + "\n")
    path.chmod(0o600)
    return {"keys": {"master_file": path}}


@pytest.fixture
def session(server, publisher, scratch):
    """Runs text as one bash session, as a reader of the page would."""
    shutil.copy(paths.DATA / "digits-1.onnx", scratch / "model.onnx")

    def run(text, **env):
        return subprocess.run(["bash", "-c", text], cwd=scratch, stdin=subprocess.DEVNULL,
                              env={"PATH": "/usr/bin:/bin", "HOME": str(scratch),
                                   "FERRY_URL": server.url(), "FERRY_TOKEN": publisher.token, **env},
                              capture_output=True, text=True, check=False)

    return run


def test_the_page_publishes_a_version(session, publisher, scratch):
    done = session("".join(BLOCKS))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "digits@1.0.0 is published, signed by " in done.stdout
    version = publisher.get("/api/v1/models/digits/versions/1.0.0").expect(200).json()
    assert version["state"] == "published" and version["metrics"] == {"accuracy": "0.9722"}
    artifact = version["variants"][0]["artifacts"][0]
    data = (scratch / "model.onnx").read_bytes()
    assert artifact["sha256"] == signing.sha256(data) and artifact["stored"] is True
    assert publisher.get(f"/api/v1/artifacts/{artifact['sha256']}").body == data


def test_the_page_shows_why_it_was_refused(session):
    done = session("".join(BLOCKS[:1]), FERRY_TOKEN="mft_wrong")
    assert done.returncode != 0 and "unauthenticated" in done.stderr


def test_the_page_is_right_about_what_jq_gets_wrong(session, publisher):
    """A newline in the description: the server must say that the signature is not good."""
    text = "".join(BLOCKS).replace('"published with curl"', '"two\\nlines"')
    done = session(text)
    assert done.returncode != 0 and "bad-signature" in done.stderr
    assert publisher.get("/api/v1/models/digits/versions/1.0.0").status == 404


def test_the_page_signs_a_draft_too(session, publisher):
    draft = """
jq '.signatures = []' envelope.json > draft.json
ferry POST "/api/v1/models/$MODEL/versions" --json @draft.json | jq -r .state
jq '{signatures}' envelope.json > signatures.json
ferry POST "/api/v1/models/$MODEL/versions/$VERSION/signatures" --json @signatures.json |
    jq -r .state
"""
    done = session("".join(BLOCKS[:8]) + draft)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.split()[-2:] == ["draft", "published"]


def test_the_page_lists_what_it_published(session, server, admin, publisher, scratch):
    """With roots, and a key that was granted the model; devices find both versions."""
    done = session("".join(BLOCKS))
    assert done.returncode == 0, done.stdout + done.stderr
    alice = Cli(scratch / "alice", env={"MODELFERRY_URL": server.url(),
                                        "MODELFERRY_TOKEN": admin.token})
    key = {"modelferry_key": 1, "name": "publisher",
           "key": json.loads((scratch / "key.json").read_text())}
    (scratch / "public.json").write_text(json.dumps(key))
    for command in (["keys", "init", "--name", "alice"], ["root", "init"],
                    ["model", "grant", "digits", scratch / "public.json"],
                    ["root", "export", "-o", scratch / "roots.json"]):
        alice.run(*command)
    without_model = "".join(block for block in BLOCKS if "/api/v1/models --json" not in block)
    model = 'MODEL=digits VERSION=${VERSION:-1.0.0}\n'
    done = session(BLOCKS[0] + BLOCKS[1] + BLOCKS[2] + model + BLOCKS[-1], LISTS="yes")
    assert done.returncode == 0, done.stdout + done.stderr
    done = session(model + without_model, LISTS="yes", VERSION="1.1.0")
    assert done.returncode == 0, done.stdout + done.stderr
    listed = admin.get("/api/v1/tuf/image/roles/model-digits").expect(200).json()["signed"]
    assert listed["version"] == 2
    assert sorted(path.split("/")[1] for path in listed["targets"]) == ["1.0.0"] * 2 + ["1.1.0"] * 2
    (scratch / "root.json").write_text(json.dumps(json.loads(
        (scratch / "roots.json").read_text())["image"]))
    alice.run("tuf", "--metadata-dir", scratch / "metadata", "init", scratch / "root.json")
    alice.run("tuf", "--metadata-dir", scratch / "metadata", "--metadata-url",
              f"{server.url()}/tuf/default/metadata", "--target-name",
              "digits/1.1.0/onnx/cpu/fp32/model.onnx", "--target-dir", scratch / "targets",
              "--target-base-url", f"{server.url()}/tuf/default/targets", "download")
