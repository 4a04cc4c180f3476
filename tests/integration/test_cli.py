# SPDX-License-Identifier: Apache-2.0
"""The modelferry command, every command and every way that each can fail."""

import json
import os
import pty
import re
import stat
import subprocess

import pytest

from ferry import models, paths, signing
from ferry.cli import Cli
from ferry.frontends import certificate
from ferry.terminal import Terminal
from ferry.wait import wait_until

FAILED, USAGE, UNREACHABLE, TIMED_OUT, UNVERIFIED = 1, 2, 3, 4, 5


@pytest.fixture
def people(server, admin, publisher, operator, viewer, scratch):
    """people("operator") -> a Cli with a home of its own and a token of that role."""
    tokens = {"admin": admin, "publisher": publisher, "operator": operator, "viewer": viewer}

    def make(role, url=None, token=None):
        env = {"MODELFERRY_URL": url or server.url(),
               "MODELFERRY_TOKEN": token or tokens[role].token}
        return Cli(scratch / f"home-{role}", env=env)

    return make


@pytest.fixture
def ann(people):
    """A publisher with a key and a model that it may sign for."""
    cli = people("publisher")
    cli.run("keys", "init")
    cli.run("model", "create", "digits", "--key", "default", "--description", "digits, read")
    return cli


def write(cli, name="model.onnx", data=b"weights"):
    """A file; one that is called .onnx is a model that has the data in it."""
    path = cli.home / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(models.onnx(data) if name.endswith(".onnx") else data)
    return path


def says(done, *texts):
    for text in texts:
        assert text in done.err, f"'{text}' is not in: {done!r}"


# ---- who and where ------------------------------------------------------------------------------


def test_login_stores_a_profile_for_its_owner_only(server, publisher, scratch):
    cli = Cli(scratch / "home")
    done = cli.run("login", server.url(), input=publisher.token + "\n")
    assert "publisher" in done.out and publisher.token not in done.out + done.err
    profile = cli.home / ".config/modelferry/profiles/default.json"
    assert stat.S_IMODE(profile.stat().st_mode) == 0o600
    assert cli.json("whoami")["token"]["roles"] == ["publisher"]
    cli.run("logout")
    assert not profile.exists()
    says(cli.run("whoami", status=USAGE), "there is no profile 'default'", "modelferry login")


def test_login_reads_a_token_file_and_keeps_profiles_apart(server, publisher, viewer, scratch):
    cli = Cli(scratch / "home")
    (cli.home / "token").write_text(viewer.token)
    cli.run("login", server.url() + "/", "--token-file", "token", "--profile", "look")
    cli.run("login", server.url(), input=publisher.token)
    assert cli.json("whoami", "--profile", "look")["token"]["roles"] == ["viewer"]
    assert cli.json("whoami")["token"]["roles"] == ["publisher"]
    assert cli.json("whoami", env={"MODELFERRY_PROFILE": "look"})["profile"] == "look"


def test_login_with_a_wrong_token_stores_nothing(server, scratch):
    cli = Cli(scratch / "home")
    says(cli.run("login", server.url(), input="mft_wrong", status=FAILED), "401", "log in again")
    says(cli.run("login", server.url(), input="", status=USAGE), "no token came")
    says(cli.run("login", server.url(), input="two words", status=USAGE), "that is no token")
    assert not (cli.home / ".config/modelferry/profiles").exists()


def test_login_at_a_terminal_shows_nothing_of_the_token(server, publisher, scratch):
    cli = Cli(scratch / "home")
    terminal = Terminal(cli, "login", server.url())
    terminal.answer("token:", publisher.token)
    assert terminal.end() == 0, terminal.shown
    assert publisher.token.encode() not in terminal.shown and b"workspace" in terminal.shown


def test_unreachable_and_foreign_servers_are_told_apart(people, scratch):
    gone = people("publisher", url=f"http://127.0.0.1:{paths.free_port()}")
    says(gone.run("model", "ls", status=UNREACHABLE), "is the server running")
    error = json.loads(gone.run("model", "ls", "--json", status=UNREACHABLE).err)
    assert error["exit"] == UNREACHABLE and "error" in error and "hint" in error


def test_tls_is_verified_with_the_authority_that_login_was_told(make_server, scratch):
    certificate(scratch)
    server = make_server({"api": {"tls_cert": scratch / "fullchain.pem",
                                  "tls_key": scratch / "privkey.pem"}}, start=False)
    server.start(ready=False).wait_listening()
    token = server.create_token("publisher")
    url = f"https://127.0.0.1:{server.api_port}"
    cli = Cli(scratch / "home")
    says(cli.run("login", url, input=token, status=UNREACHABLE), "--ca-file")
    cli.run("login", url, "--ca-file", "../fullchain.pem", input=token)
    assert cli.json("whoami", cwd="/")["url"] == url


def test_a_server_without_its_database_is_worth_another_try(make_server, private_cluster,
                                                            private_database, scratch):
    server = make_server(database_url=private_database.url())
    cli = Cli(scratch / "home", env={"MODELFERRY_URL": server.url(),
                                     "MODELFERRY_TOKEN": server.create_token("admin")})
    cli.run("model", "ls")
    private_cluster.stop("immediate")
    done = cli.run("model", "create", "digits", "--json", status=UNREACHABLE)
    assert json.loads(done.err.splitlines()[-1])["problem"]["status"] == 503
    private_cluster.start()
    wait_until(lambda: cli.run("model", "create", "digits", status=None).status == 0)


def test_an_answer_that_is_not_ours_is_refused(people, scratch):
    import http.server
    import threading

    class Html(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"<html>hello</html>")

        def log_message(self, *_):
            pass

    foreign = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Html)
    thread = threading.Thread(target=foreign.serve_forever)
    thread.start()
    cli = people("publisher", url=f"http://127.0.0.1:{foreign.server_address[1]}")
    done = cli.run("whoami", status=FAILED)
    foreign.shutdown()
    thread.join()
    foreign.server_close()
    says(done, "not JSON", "is this the address of a modelferry server?")


def test_roles_are_refused_with_the_role_that_is_needed(people):
    viewer = people("viewer")
    for words in (["model", "create", "x"], ["token", "ls"], ["enrolment", "create", "x"],
                  ["device", "revoke", "x"], ["deploy", "x@1", "--all"]):
        says(viewer.run(*words, status=FAILED), "403", "use a token with that role")


# ---- tokens -------------------------------------------------------------------------------------


def test_tokens_are_made_listed_and_revoked(server, people):
    admin = people("admin")
    made = admin.json("token", "create", "ci", "--role", "publisher", "--expires", "30d")
    assert made["token"].startswith("mft_") and made["role"] == "publisher"
    assert admin.run("token", "create", "look", "-q").out.startswith("mft_")
    listed = {item["name"]: item for item in admin.json("token", "ls")["items"]}
    assert listed["ci"]["expires_at"] and "token" not in listed["ci"]
    assert "ci" in admin.run("token", "ls").out
    ci = people("ci", token=made["token"])
    assert ci.json("whoami")["token"]["name"] == "ci"
    admin.run("token", "revoke", made["id"])
    says(ci.run("whoami", status=FAILED), "401", "revoked")
    says(admin.run("token", "revoke", "999999", status=FAILED), "404")


# ---- models and versions ------------------------------------------------------------------------


def test_a_version_is_published_and_shown(ann):
    write(ann)
    made = ann.json("publish", "digits@1.0.0", "model.onnx", "--metric", "accuracy=0.97",
                    "--param", "hidden=32", "--tag", "team=vision", "--description", "the first")
    assert made["state"] == "published" and made["metrics"] == {"accuracy": "0.97"}
    assert [upload["upload"] for upload in made["uploads"]] == ["sent"]
    shown = ann.json("model", "show", "digits", "1.0.0")
    assert shown["variants"][0]["artifacts"][0]["sha256"] == signing.sha256(models.onnx())
    assert shown["tags"] == {"team": "vision"} and shown["params"] == {"hidden": "32"}
    human = ann.run("model", "show", "digits@1.0.0").out
    for text in ("accuracy=0.97", "onnx/cpu/fp32", "model.onnx", "125 B", "published"):
        assert text in human
    model = ann.json("model", "show", "digits")
    assert model["latest"] == "1.0.0" and [v["version"] for v in model["versions"]] == ["1.0.0"]
    assert "1.0.0" in ann.run("model", "show", "digits").out
    assert [item["name"] for item in ann.json("model", "ls")["items"]] == ["digits"]
    assert "digits, read" in ann.run("model", "ls").out


def test_several_variants_share_their_bytes(ann):
    write(ann, "model.onnx", b"onnx")
    write(ann, "out/model.tflite", b"lite")
    write(ann, "labels.txt", b"0 1 2")
    made = ann.json("publish", "digits@1.0.0", "--variant", "onnx/cpu/fp32", "model.onnx",
                    "labels.txt", "--variant", "raw/cpu/int8", "net.bin=out/model.tflite",
                    "labels.txt")
    assert [upload["upload"] for upload in made["uploads"]] == ["sent", "sent", "sent", "present"]
    variants = {v["runtime"]: [a["name"] for a in v["artifacts"]] for v in made["variants"]}
    assert variants == {"onnx": ["model.onnx", "labels.txt"], "raw": ["net.bin", "labels.txt"]}


def test_a_version_exists_once(ann):
    write(ann)
    ann.run("publish", "digits@1.0.0", "model.onnx")
    write(ann, data=b"others")
    says(ann.run("publish", "digits@1.0.0", "model.onnx", status=FAILED),
         "version '1.0.0' of model 'digits' exists", "versions never change")
    assert ann.json("publish", "digits@1.0.1", "model.onnx")["state"] == "published"


def test_publishing_needs_a_model_a_key_and_files(ann, people):
    write(ann)
    says(ann.run("publish", "none@1.0.0", "model.onnx", status=FAILED), "404", "model create")
    says(ann.run("publish", "digits@1.0.0", "gone.onnx", status=FAILED), "gone.onnx",
         "No such file")
    says(ann.run("publish", "digits@1.0", "model.onnx", status=USAGE), "'1.0' is no version")
    says(ann.run("publish", "digits@1.0.0", "model.onnx", "--metric", "accuracy=good",
                 status=USAGE), "accuracy=good")
    ann.run("keys", "init", "--name", "stranger")
    says(ann.run("publish", "digits@1.0.0", "model.onnx", "--key", "stranger", status=FAILED),
         "is not registered for model 'digits'", "expected one of: ", "(default)")
    assert ann.json("model", "show", "digits")["versions"] == []


def test_models_exist_once_and_names_are_checked(ann):
    says(ann.run("model", "create", "digits", status=FAILED), "409")
    says(ann.run("model", "create", "Digits", status=USAGE), "is no name of a model")
    says(ann.run("model", "show", "none", status=FAILED), "404")
    says(ann.run("model", "show", "digits", "9.9.9", status=FAILED), "404")


def test_keys_of_a_model_are_added_and_revoked(ann, people):
    admin = people("admin")
    ann.run("keys", "init", "--name", "bob")
    public = ann.run("keys", "show", "bob", "--json").out
    assert "secret" not in public
    (admin.home / "bob.json").write_text(public)
    added = admin.json("model", "key", "add", "digits", "bob.json")
    says(admin.run("model", "key", "add", "digits", "bob.json", status=FAILED), "409")
    write(ann)
    assert ann.json("publish", "digits@1.0.0", "model.onnx", "--key", "bob")["signed_by"] == [
        added["keyid"]]
    admin.run("model", "key", "revoke", "digits", added["keyid"][:12])
    says(ann.run("publish", "digits@1.0.1", "model.onnx", "--key", "bob", status=FAILED),
         "was revoked for model 'digits'")
    says(admin.run("model", "key", "revoke", "digits", "0123456789ab", status=FAILED),
         "has no key that starts with")


def test_lists_go_on_behind_the_first_page(ann, publisher):
    for number in range(12):
        publisher.post("/api/v1/models", {"name": f"m{number:02}"}).expect(201)
    assert len(ann.json("model", "ls", "--limit", "5")["items"]) == 5
    assert len(ann.json("model", "ls")["items"]) == 13


# ---- drafts -------------------------------------------------------------------------------------


@pytest.fixture
def draft(ann):
    """A pipeline without a key uploads 1.1.0; ann holds the key and has published 1.0.0."""
    write(ann, data=b"first")
    ann.run("publish", "digits@1.0.0", "model.onnx", "--metric", "accuracy=0.90")
    path = write(ann, data=b"second")
    made = ann.json("publish", "digits@1.1.0", path, "--draft", "--metric", "accuracy=0.97")
    assert made["state"] == "draft" and made["signed_by"] == []
    return ann


def test_a_draft_is_shown_checked_and_signed(draft):
    done = draft.run("sign", "digits@1.1.0", "--yes")
    assert "digits@1.1.0, compared with version 1.0.0" in done.out
    assert '~ metrics.accuracy = "0.90" -> "0.97"' in done.out
    assert re.search(r"~ variants\[onnx/cpu/fp32\]\.artifacts\[model\.onnx\]\.hashes\.sha256",
                     done.out)
    says(done, "checked model.onnx against the server's copy")
    assert draft.json("model", "show", "digits@1.1.0")["state"] == "published"
    says(draft.run("sign", "digits@1.1.0", "--yes", status=FAILED), "is no draft")


def test_signing_asks_first(draft):
    says(draft.run("sign", "digits@1.1.0", status=USAGE), "--yes")
    assert draft.json("model", "show", "digits@1.1.0")["state"] == "draft"


@pytest.mark.parametrize("answer, state", [("y", "published"), ("n", "draft"), ("", "draft")])
def test_signing_does_what_is_answered_at_a_terminal(draft, answer, state):
    ours, theirs = pty.openpty()
    process = subprocess.Popen([draft.binary, "sign", "digits@1.1.0"], env=draft.env, stdin=theirs,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    os.close(theirs)
    os.write(ours, answer.encode() + b"\n")
    out, err = process.communicate(timeout=60)
    os.close(ours)
    assert "sign this with key" in err and "metrics.accuracy" in out
    assert process.returncode == (0 if state == "published" else FAILED), err
    assert draft.json("model", "show", "digits@1.1.0")["state"] == state


def test_signing_checks_local_files(draft):
    says(draft.run("sign", "digits@1.1.0", "model.onnx", "--yes"),
         "checked model.onnx against model.onnx")


def test_signing_refuses_files_that_differ(draft):
    write(draft, data=b"tampered")
    says(draft.run("sign", "digits@1.1.0", "model.onnx", "--yes", status=UNVERIFIED),
         "is not what the draft has", "nothing was signed")
    says(draft.run("sign", "digits@1.1.0", "other.txt", "--yes", status=USAGE),
         "no artifact named 'other.txt'")
    assert draft.json("model", "show", "digits@1.1.0")["state"] == "draft"


def test_signing_refuses_a_key_that_is_not_registered(draft):
    draft.run("keys", "init", "--name", "stranger")
    says(draft.run("sign", "digits@1.1.0", "--key", "stranger", "--yes", status=FAILED),
         "is not registered for model 'digits'")


def forge(database, version, old, new):
    """What a server that was broken into could do to a manifest."""
    changed = database.sql(
        "BEGIN; ALTER TABLE model_version DISABLE TRIGGER ALL; UPDATE model_version SET manifest ="
        f" convert_to(replace(convert_from(manifest, 'UTF8'), '{old}', '{new}'), 'UTF8')"
        f" WHERE version = '{version}' RETURNING version; COMMIT;")
    assert changed == [[version]]


def test_signing_compares_with_signed_versions_only(draft, database):
    forge(database, "1.0.0", '"0.90"', '"0.97"')
    says(draft.run("sign", "digits@1.1.0", "--yes", status=UNVERIFIED),
         "'digits@1.0.0' is not signed by a key that is trusted")
    assert draft.json("model", "show", "digits@1.1.0")["state"] == "draft"


def test_pull_refuses_a_manifest_that_was_changed(draft, database):
    forge(database, "1.0.0", '"0.90"', '"0.99"')
    says(draft.run("pull", "digits@1.0.0", status=UNVERIFIED), "1 of them bad")
    forge(database, "1.0.0", "digits", "others")
    says(draft.run("pull", "digits@1.0.0", status=UNVERIFIED), "is about 'others@1.0.0'")
    assert not (draft.home / "digits-1.0.0").exists()


def test_a_draft_is_discarded_and_a_version_is_not(draft):
    says(draft.run("publish", "digits@1.1.0", "model.onnx", status=FAILED), "exists as a draft",
         "modelferry sign digits@1.1.0")
    draft.run("model", "discard", "digits@1.1.0")
    says(draft.run("model", "discard", "digits@1.1.0", status=FAILED), "404")
    says(draft.run("model", "discard", "digits@1.0.0", status=FAILED), "409")


# ---- pull ---------------------------------------------------------------------------------------


def test_a_version_is_pulled_and_verified(ann, people):
    write(ann, data=b"w" * 3_000_000)
    ann.run("publish", "digits@1.0.0", "model.onnx")
    viewer = people("viewer")
    pulled = viewer.json("pull", "digits@1.0.0")
    folder = viewer.home / "digits-1.0.0"
    assert (folder / "model.onnx").read_bytes() == models.onnx(b"w" * 3_000_000)
    assert pulled["signed_by"] == ann.json("keys", "ls")["items"][0]["keyid"]
    assert not pulled["trusted_by_you"]
    assert json.loads((folder / ".manifest.json").read_text())["signed"]["version"] == "1.0.0"
    viewer.run("pull", "digits@1.0.0")
    (folder / "model.onnx").write_bytes(b"mine")
    says(viewer.run("pull", "digits@1.0.0", status=FAILED), "exists and is something else")


def test_pull_goes_on_where_it_was(ann, people, server, proxy):
    data = os.urandom(3_000_000)
    write(ann, data=data)
    ann.run("publish", "digits@1.0.0", "model.onnx")
    through = proxy(server.api_port)
    viewer = people("viewer", url=f"http://127.0.0.1:{through.port}")
    through.cut_after = 1_200_000
    viewer.run("pull", "digits@1.0.0", "-o", "out")
    assert (viewer.home / "out/model.onnx").read_bytes() == models.onnx(data)
    assert through.cuts >= 2


def test_pull_continues_a_partial_file_of_an_earlier_process(ann, people, server, proxy):
    data = os.urandom(3_000_000)
    write(ann, data=data)
    ann.run("publish", "digits@1.0.0", "model.onnx")
    viewer = people("viewer")
    (viewer.home / "out").mkdir()
    (viewer.home / "out/.model.onnx.part").write_bytes(models.onnx(data)[:2_000_000])
    through = proxy(server.api_port)
    cli = people("viewer", url=f"http://127.0.0.1:{through.port}")
    cli.run("pull", "digits@1.0.0", "-o", "out")
    assert (viewer.home / "out/model.onnx").read_bytes() == models.onnx(data)
    assert through.bytes_from_target < 1_500_000
    assert not (viewer.home / "out/.model.onnx.part").exists()


def test_pull_throws_a_partial_file_of_something_else_away(ann, people):
    write(ann, data=b"w" * 3_000_000)
    ann.run("publish", "digits@1.0.0", "model.onnx")
    viewer = people("viewer")
    (viewer.home / "out").mkdir()
    (viewer.home / "out/.model.onnx.part").write_bytes(b"x" * 1000)
    says(viewer.run("pull", "digits@1.0.0", "-o", "out", status=UNVERIFIED), "are not those")
    viewer.run("pull", "digits@1.0.0", "-o", "out")


def test_pull_trusts_only_whom_it_is_told_to(ann, people):
    write(ann)
    ann.run("publish", "digits@1.0.0", "model.onnx")
    keyid = ann.json("keys", "ls")["items"][0]["keyid"]
    viewer = people("viewer")
    viewer.run("keys", "init", "--name", "other")
    says(viewer.run("pull", "digits@1.0.0", "--trust", "other", status=UNVERIFIED),
         "is not signed by a key that is trusted")
    assert not (viewer.home / "digits-1.0.0").exists()
    assert viewer.json("pull", "digits@1.0.0", "--trust", keyid)["trusted_by_you"]


def test_pull_takes_one_variant_or_all(ann, people):
    write(ann, "a.onnx", b"a")
    write(ann, "b.tflite", b"b")
    ann.run("publish", "digits@1", "--variant", "onnx/cpu/fp32", "a.onnx", "--variant",
            "raw/cpu/int8", "b.tflite")
    viewer = people("viewer")
    viewer.run("pull", "digits@1", "-o", "all")
    assert (viewer.home / "all/onnx/cpu/fp32/a.onnx").read_bytes() == models.onnx(b"a")
    assert (viewer.home / "all/raw/cpu/int8/b.tflite").read_bytes() == b"b"
    viewer.run("pull", "digits@1", "-o", "one", "--variant", "raw/cpu/int8")
    assert (viewer.home / "one/b.tflite").read_bytes() == b"b"
    says(viewer.run("pull", "digits@1", "--variant", "dlc/x/int8", status=FAILED),
         "it has: onnx/cpu/fp32, raw/cpu/int8")


# ---- devices ------------------------------------------------------------------------------------


def test_enrolment_prints_what_to_paste(people, server):
    operator = people("operator")
    operator.run("keys", "init")
    made = operator.json("enrolment", "create", "lab", "--uses", "0", "--expires", "2h",
                         "--attribute", "site=lab", "--device-url", server.device_url())
    assert made["token"].startswith("mfe_") and made["uses"] == 0
    assert made["attributes"] == {"site": "lab"}
    assert f"--url={server.device_url()}" in made["command"] and "--trust=" in made["command"]
    human = operator.run("enrolment", "create", "one")
    assert "mfe_" in human.out and "modelferry-agent enroll" in human.err
    assert {item["name"] for item in operator.json("enrolment", "ls")["items"]} == {"lab", "one"}
    assert "lab" in operator.run("enrolment", "ls").out
    operator.run("enrolment", "revoke", made["id"])
    says(operator.run("enrolment", "revoke", "99999", status=FAILED), "404")


def test_what_enrolment_prints_enrols_a_device(people, server, scratch):
    operator = people("operator")
    operator.run("keys", "init")
    made = operator.json("enrolment", "create", "lab", "--device-url", server.device_url())
    folder = scratch / "device"
    folder.mkdir()
    agent = paths.program("modelferry-agent")
    command = made["command"].replace("modelferry-agent", agent, 1)
    done = subprocess.run(["sh", "-c", f"{command} --name=cam-1 --state-dir={folder}/state"],
                          cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert operator.json("device", "show", "cam-1")["state"] == "active"


def test_devices_are_listed_shown_and_revoked(people, device, publish, assign):
    operator = people("operator")
    published = publish("digits", "1.0.0")
    assign(device, published)
    device.report(1, {"main": {
        "state": "failed", "model": "digits", "version": "1.0.0", "variant": "raw/cpu/fp32",
        "error": {"code": "bad-signature", "detail": "\x1b[31mno\x1b[0m"}}}, 1).expect(200)
    assert [item["name"] for item in operator.json("device", "ls")["items"]] == [device.name]
    assert operator.json("device", "ls", "--online")["items"] == []
    assert device.name in operator.run("device", "ls").out
    shown = operator.run("device", "show", device.name).out
    assert "digits@1.0.0" in shown and "failed" in shown and "raw/cpu" in shown
    assert "\x1b" not in shown and "\\x1b[31mno" in shown
    assert operator.json("device", "show", device.name)["desired"]["version"] == 1
    reports = operator.json("device", "reports", device.name)["items"]
    assert reports[0]["sequence"] == 1
    assert "bad-signature" in operator.run("device", "reports", device.name).out
    operator.run("device", "revoke", device.name)
    assert device.state().status == 401
    says(operator.run("device", "show", "nobody", status=FAILED), "404")
    says(operator.run("device", "revoke", "nobody", status=FAILED), "404")


def test_deploy_sets_what_devices_should_run(people, enroll, publish):
    operator = people("operator")
    publish("digits", "1.0.0")
    one, two = enroll("cam-1"), enroll("cam-2")
    assert operator.json("deploy", "digits@1.0.0", "--device", "cam-1", "--device", "cam-1") == {
        "changed": 1, "unchanged": 0}
    wait_until(lambda: slots(one) == {"main": "1.0.0"})
    assert slots(two) == {}
    assert "(1 had it already)" in operator.run("deploy", "digits@1.0.0", "--all").out
    wait_until(lambda: slots(two) == {"main": "1.0.0"})
    operator.run("deploy", "digits@1.0.0", "--all", "--slot", "aux")
    wait_until(lambda: slots(one) == {"aux": "1.0.0", "main": "1.0.0"})


def test_deploy_names_a_kind_of_reload(people, enroll, publish):
    operator = people("operator")
    enroll("cam-1")
    publish()
    operator.run("deploy", "digits@1.0.0", "--all", "--reload", "restart")
    assert operator.json("device", "show", "cam-1")["desired"]["slots"]["main"]["reload"] == "restart"
    refused = operator.run("deploy", "digits@1.0.0", "--all", "--reload", "dance", status=2)
    says(refused, '"watch", "notify", "signal", "restart" or "reboot"')
    operator.run("deploy", "digits@1.0.0", "--all")
    assert "reload" not in operator.json("device", "show", "cam-1")["desired"]["slots"]["main"]


def test_deploy_refuses_what_cannot_be(people, device, publish):
    operator = people("operator")
    publish("digits", "1.0.0")
    says(operator.run("deploy", "digits@2.0.0", "--all", status=FAILED), "404")
    says(operator.run("deploy", "digits@1.0.0", "--device", "nobody", status=FAILED), "nobody")
    says(operator.run("deploy", "digits@1.0.0", "--all", "--variant", "dlc/x/int8",
                      status=FAILED), "dlc/x/int8")
    assert device.state().json()["slots"] == {}


def report_slot(published, state="installed", **more):
    return {"main": {"state": state, "model": published.model, "version": published.version,
                     "variant": "raw/cpu/fp32",
                     "manifest_sha256": published.reply["manifest_sha256"], **more}}


def slots(device):
    """What the device is told to run; it learns of a change a moment after it was committed."""
    return {name: slot["version"] for name, slot in device.state().json()["slots"].items()}


def start(cli, *words):
    return subprocess.Popen([cli.binary, *words], env=cli.env, cwd=cli.home, text=True,
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE)


def test_deploy_waits_until_every_device_has_it(server, people, enroll, publish):
    operator = people("operator")
    published = publish("digits", "1.0.0")
    one, two = enroll("cam-1"), enroll("cam-2")
    waiting = start(operator, "deploy", "digits@1.0.0", "--all", "--wait", "--json")
    wait_until(lambda: two.state().json()["version"] == 1)
    for each in (one, two):
        each.report(1, report_slot(published, gap_us=184, gap_source="agent", reload="watch"),
                    1).expect(200)
    out, err = waiting.communicate(timeout=60)
    assert waiting.returncode == 0, err
    answer = json.loads(out)
    assert {device["device"]: device["state"] for device in answer["devices"]} == {
        "cam-1": "installed", "cam-2": "installed"}
    assert answer["devices"][0]["gap_us"] == 184
    assert "/api/v1/desired/progress" in server.log()
    assert "/api/v1/devices/cam-" not in server.log()


def test_deploy_waits_over_a_restart_of_the_server(server, people, enroll, publish):
    operator = people("operator")
    published = publish("digits", "1.0.0")
    one = enroll("cam-1")
    waiting = start(operator, "deploy", "digits@1.0.0", "--all", "--wait")
    server.wait_log("POST /api/v1/desired/progress 200")
    port, device_port = server.api_port, server.device_port
    server.write_config({"api": {"address": f"127.0.0.1:{port}"},
                         "device": {"address": f"127.0.0.1:{device_port}"}})
    server.restart(kill=True)
    one.report(1, report_slot(published), 1).expect(200)
    out, err = waiting.communicate(timeout=60)
    assert waiting.returncode == 0, out + err


def test_deploy_tells_that_a_device_failed(people, enroll, publish):
    operator = people("operator")
    published = publish("digits", "1.0.0")
    one = enroll("cam-1")
    waiting = start(operator, "deploy", "digits@1.0.0", "--device", "cam-1", "--wait")
    wait_until(lambda: one.state().json()["version"] == 1)
    one.report(1, report_slot(published, "failed", error={"code": "no-space", "detail": "full"}),
               1).expect(200)
    out, err = waiting.communicate(timeout=60)
    assert waiting.returncode == FAILED
    assert "cam-1  failed  no-space: full" in out and "1 of 1 devices have not installed it" in err


def test_deploy_does_not_believe_a_failure_of_before(people, enroll, publish):
    operator = people("operator")
    first = publish("digits", "1.0.0")
    publish("digits", "2.0.0", b"others")
    one = enroll("cam-1")
    operator.run("deploy", "digits@1.0.0", "--all")
    one.report(1, report_slot(first, "failed", error={"code": "x", "detail": "y"}), 1).expect(200)
    operator.run("deploy", "digits@2.0.0", "--all")
    waiting = start(operator, "deploy", "digits@1.0.0", "--all", "--wait")
    wait_until(lambda: one.state().json()["version"] == 3)
    one.report(2, report_slot(first), 3).expect(200)
    out, err = waiting.communicate(timeout=60)
    assert waiting.returncode == 0, out + err


def test_deploy_stops_waiting(people, enroll, publish):
    operator = people("operator")
    publish("digits", "1.0.0")
    enroll("cam-1")
    done = operator.run("deploy", "digits@1.0.0", "--all", "--wait", "--timeout", "1s", "--json",
                        status=TIMED_OUT)
    assert json.loads(done.out)["devices"][0]["state"] == "pending"
    says(done, "1 of 1 devices have not answered in time")


# ---- transfers that break -----------------------------------------------------------------------

BIG = 48 << 20


@pytest.fixture(scope="module")
def big_bytes():
    return os.urandom(BIG)


@pytest.fixture
def big(ann, big_bytes):
    return write(ann, "big.onnx", big_bytes)


def upload_offset(cli, publisher):
    """How far the one upload is that this home remembers; None where there is none."""
    folder = cli.home / ".local/state/modelferry/uploads"
    ids = [path.read_text() for path in folder.glob("*") if path.suffix != ".tmp"]
    if not ids:
        return None
    reply = publisher.head(f"/api/v1/uploads/{ids[0]}", headers={"Tus-Resumable": "1.0.0"})
    return int(reply.header("Upload-Offset", 0)) if reply.status == 200 else None


def midway(cli, publisher, process):
    """Waits until the server has some of it, not all."""
    def some():
        assert process.poll() is None, process.communicate()
        offset = upload_offset(cli, publisher)
        return offset and 0 < offset < BIG
    wait_until(some, 60)


def test_an_upload_that_was_killed_goes_on(ann, big, publisher, server, proxy, people):
    through = proxy(server.api_port)
    slow = people("publisher", url=f"http://127.0.0.1:{through.port}")
    process = start(slow, "publish", "digits@1.0.0", "big.onnx")
    midway(slow, publisher, process)
    process.kill()
    process.communicate()
    before = upload_offset(slow, publisher)
    assert before > 0
    made = slow.json("publish", "digits@1.0.0", "big.onnx")
    assert [upload["upload"] for upload in made["uploads"]] == ["resumed"]
    assert made["state"] == "published"
    assert list((slow.home / ".local/state/modelferry/uploads").glob("*")) == []


def test_an_upload_that_was_interrupted_says_that_it_goes_on(ann, big, publisher):
    process = start(ann, "publish", "digits@1.0.0", "big.onnx")
    midway(ann, publisher, process)
    process.send_signal(2)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "interrupted while uploading 'big.onnx', at " in err
    assert "the same command goes on from there" in err
    assert ann.json("publish", "digits@1.0.0", "big.onnx")["uploads"][0]["upload"] == "resumed"


def test_an_interrupt_is_heard_while_nothing_moves(ann, big, publisher, server, proxy, people):
    through = proxy(server.api_port)
    cli = people("publisher", url=f"http://127.0.0.1:{through.port}")
    process = start(cli, "publish", "digits@1.0.0", "big.onnx")
    midway(cli, publisher, process)
    through.stalled = True
    process.send_signal(2)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130 and "the same command goes on from there" in err


def test_an_upload_outlives_the_server(ann, big, publisher, server, proxy, people):
    through = proxy(server.api_port)
    cli = people("publisher", url=f"http://127.0.0.1:{through.port}")
    process = start(cli, "publish", "digits@1.0.0", "big.onnx", "--json")
    midway(cli, publisher, process)
    server.kill()
    server.start()
    through.retarget(server.api_port)
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    assert json.loads(out)["state"] == "published"


def test_an_upload_gives_up_in_the_end(ann, big, publisher, server, proxy, people):
    through = proxy(server.api_port)
    cli = people("publisher", url=f"http://127.0.0.1:{through.port}")
    process = start(cli, "publish", "digits@1.0.0", "big.onnx", "--retry-for=1s")
    midway(cli, publisher, process)
    through.refuse = True
    through.cut_all()
    _, err = process.communicate(timeout=120)
    assert process.returncode == UNREACHABLE
    assert "the same command goes on from there" in err
    through.refuse = False
    assert cli.json("publish", "digits@1.0.0", "big.onnx")["uploads"][0]["upload"] == "resumed"


def test_an_upload_that_the_server_forgot_starts_anew(ann, big, publisher):
    process = start(ann, "publish", "digits@1.0.0", "big.onnx")
    midway(ann, publisher, process)
    process.kill()
    process.communicate()
    state = next((ann.home / ".local/state/modelferry/uploads").glob("*"))
    publisher.delete(f"/api/v1/uploads/{state.read_text()}",
                     headers={"Tus-Resumable": "1.0.0"}).expect(204)
    assert ann.json("publish", "digits@1.0.0", "big.onnx")["uploads"][0]["upload"] == "sent"


def test_progress_is_drawn_on_a_terminal_only(ann, big):
    done = ann.run("publish", "digits@1.0.0", "big.onnx")
    assert "\r" not in done.err
    ours, theirs = pty.openpty()
    process = subprocess.Popen([ann.binary, "pull", "digits@1.0.0"], cwd=ann.home,
                               env={**ann.env, "TERM": "xterm"}, stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=theirs)
    os.close(theirs)
    shown = b""
    while True:
        try:
            more = os.read(ours, 65536)
        except OSError:
            break
        shown += more
    assert process.wait() == 0, shown
    process.stdout.close()
    os.close(ours)
    assert b"big.onnx" in shown and b"% " in shown and b"48.0 MiB" in shown
