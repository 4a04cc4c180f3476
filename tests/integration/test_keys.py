# SPDX-License-Identifier: Apache-2.0
"""Publishers' keys: sealed by a passphrase, exported, changed."""

import json
import subprocess

import pytest
from cryptography.hazmat.primitives import serialization

from ferry import models, signing
from ferry.cli import Cli
from ferry.terminal import Terminal

FAILED, USAGE = 1, 2


@pytest.fixture
def cli(scratch):
    return Cli(scratch / "home")


@pytest.fixture
def secret_file(cli):
    """secret_file("open sesame") -> a file with that first line, for its owner only."""
    def make(text, name="passphrase"):
        path = cli.home / name
        path.write_text(text + "\n")
        path.chmod(0o600)
        return path
    return make


def key_file(cli, name="ann"):
    return cli.home / ".config/modelferry/keys" / f"{name}.json"


def test_at_a_terminal_keys_are_sealed_and_nothing_typed_is_shown(cli):
    terminal = Terminal(cli, "keys", "init", "--name", "ann")
    terminal.answer("new passphrase of key 'ann': ", "open sesame")
    terminal.answer("once more: ", "open sesame")
    assert terminal.end() == 0, terminal.shown
    assert b"sesame" not in terminal.shown and b"sealed with a passphrase" in terminal.shown
    made = json.loads(key_file(cli).read_text())
    assert made["secret"]["encoding"] == "argon2id" and "seed" not in made["secret"]
    assert key_file(cli).stat().st_mode & 0o777 == 0o600
    assert cli.json("keys", "ls")["items"][0]["secret"] == "sealed"


def test_a_passphrase_that_is_mistyped_once_makes_no_key(cli):
    terminal = Terminal(cli, "keys", "init", "--name", "ann")
    terminal.answer("new passphrase", "open sesame")
    terminal.answer("once more: ", "open sesamE")
    assert terminal.end() == FAILED, terminal.shown
    assert not key_file(cli).exists()


def test_at_a_terminal_the_passphrase_may_be_tried_three_times(cli, secret_file):
    cli.run("keys", "init", "--name", "ann", "--passphrase-file", secret_file("open sesame"))
    terminal = Terminal(cli, "keys", "passphrase", "ann")
    for times in range(1, 3):
        terminal.answer("passphrase of key 'ann': ", "wrong", times)
    terminal.answer("passphrase of key 'ann': ", "open sesame", 3)
    terminal.answer("new passphrase of key 'ann': ", "another one")
    terminal.answer("once more: ", "another one")
    assert terminal.end() == 0, terminal.shown
    terminal = Terminal(cli, "keys", "passphrase", "ann")
    for times in range(1, 4):
        terminal.answer("passphrase of key 'ann': ", "open sesame", times)
    assert terminal.end() == FAILED and b"wrong passphrase" in terminal.shown


def test_without_a_passphrase_a_key_is_plain_and_that_is_said(cli):
    done = cli.run("keys", "init", "--name", "ann")
    assert "who can read the file can sign" in done.err
    assert json.loads(key_file(cli).read_text())["secret"]["encoding"] == "plain"
    assert key_file(cli).stat().st_mode & 0o777 == 0o600


def test_the_passphrase_never_stands_on_the_command_line(cli):
    assert cli.run("keys", "init", "--passphrase", "open sesame", status=USAGE).err
    assert not key_file(cli, "default").exists()


@pytest.fixture
def publisher_with_sealed_key(server, publisher, scratch, secret_file, cli):
    cli.env.update(MODELFERRY_URL=server.url(), MODELFERRY_TOKEN=publisher.token)
    cli.run("keys", "init", "--name", "ann", "--passphrase-file", secret_file("open sesame"))
    cli.run("model", "create", "digits", "--key", "ann")  # public: asks for nothing
    (cli.home / "model.onnx").write_bytes(models.onnx())
    return cli


@pytest.mark.parametrize("how", ["flag", "descriptor", "variable", "file variable"])
def test_a_pipeline_signs_with_a_sealed_key(publisher_with_sealed_key, how, secret_file):
    cli = publisher_with_sealed_key
    path = secret_file("open sesame", "for-ci")
    arguments = ["publish", "digits@1.0.0", "model.onnx"]
    if how == "descriptor":
        command = f"exec 3<{path}; exec \"$@\" --passphrase-file /dev/fd/3"
        subprocess.run(["bash", "-c", command, "bash", cli.binary, *arguments], cwd=cli.home,
                       env=cli.env, check=True, capture_output=True, timeout=60)
    elif how == "flag":
        cli.run(*arguments, "--passphrase-file", path)
    else:
        env = ({"MODELFERRY_PASSPHRASE": "open sesame"} if how == "variable"
               else {"MODELFERRY_PASSPHRASE_FILE": str(path)})
        cli.run(*arguments, env=env)
    assert cli.json("model", "show", "digits@1.0.0")["state"] == "published"


def test_nothing_is_published_without_the_passphrase(publisher_with_sealed_key, secret_file):
    cli = publisher_with_sealed_key
    asked = cli.run("publish", "digits@1.0.0", "model.onnx", status=FAILED)
    assert "is sealed, and nobody is there" in asked.err and "--passphrase-file" in asked.err
    wrong = cli.run("publish", "digits@1.0.0", "model.onnx", "--passphrase-file",
                    secret_file("open barley"), status=FAILED)
    assert "wrong passphrase for key 'ann'" in wrong.err and "barley" not in wrong.err
    assert cli.json("model", "show", "digits")["versions"] == []


def test_a_damaged_key_file_is_told_and_the_others_are_listed(cli, secret_file):
    sealed = ("--passphrase-file", secret_file("open sesame"))
    for name in ("ann", "bob"):
        cli.run("keys", "init", "--name", name, *sealed)
    text = key_file(cli).read_text()
    key_file(cli).write_text(text[:len(text) // 2])
    listed = cli.run("keys", "ls", "--json", status=FAILED)
    assert [item["name"] for item in listed.json()["items"]] == ["bob"]
    assert "restore it from a copy" in listed.err
    key_file(cli).write_text(text)
    key_file(cli).chmod(0o644)
    assert "chmod 600" in cli.run("keys", "show", "ann", status=FAILED).err


def test_a_change_of_the_passphrase_is_whole_or_nothing(cli, secret_file):
    old, new = secret_file("open sesame", "old"), secret_file("another one", "new")
    cli.run("keys", "init", "--name", "ann", "--passphrase-file", old)
    before = key_file(cli).read_text()
    short = secret_file("short", "short")
    for wrong in (("--passphrase-file", new), ("--passphrase-file", old),
                  ("--passphrase-file", old, "--new-passphrase-file", short)):
        assert cli.run("keys", "passphrase", "ann", *wrong, status=None).status != 0
        assert key_file(cli).read_text() == before
    cli.run("keys", "passphrase", "ann", "--passphrase-file", old, "--new-passphrase-file", new)
    after = json.loads(key_file(cli).read_text())
    assert after["key"] == json.loads(before)["key"] and after["secret"]["encoding"] == "argon2id"
    cli.run("keys", "passphrase", "ann", "--passphrase-file", old, "--no-passphrase", status=FAILED)
    cli.run("keys", "passphrase", "ann", "--passphrase-file", new, "--no-passphrase")
    assert json.loads(key_file(cli).read_text())["secret"]["encoding"] == "plain"


def test_what_is_exported_is_the_public_half_and_no_more(cli):
    cli.run("keys", "init", "--name", "ann")
    seed = json.loads(key_file(cli).read_text())["secret"]["seed"]
    key = signing.Key(bytes.fromhex(seed))
    exported = cli.run("keys", "export", "ann").out
    assert json.loads(exported) == key.file("ann") and seed not in exported
    pem = cli.run("keys", "export", "ann", "--pem").out
    public = serialization.load_pem_public_key(pem.encode())
    raw = public.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    assert raw.hex() == key.public_hex
    cli.run("keys", "export", "ann", "-o", "ann.pub")
    assert json.loads((cli.home / "ann.pub").read_text()) == key.file("ann")
    assert "exists" in cli.run("keys", "export", "ann", "-o", "ann.pub", status=FAILED).err
    assert cli.json("keys", "show", "./ann.pub")["key"] == key.object
