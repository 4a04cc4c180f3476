# SPDX-License-Identifier: Apache-2.0
"""The command line of what may change about models and versions, and of finding them."""

import concurrent.futures
import json
import re

import pytest

from ferry import signing
from ferry.cli import Cli

FAILED, USAGE = 1, 2

TIME = re.compile(r"20\d\d-\d\d-\d\d[T ][0-9:.]+Z?")
KIND = f"{signing.RUNTIME}/cpu/fp32"


@pytest.fixture
def people(server, admin, publisher, operator, viewer, scratch):
    """people("operator") -> a Cli with a token of that role."""
    tokens = {"admin": admin, "publisher": publisher, "operator": operator, "viewer": viewer}

    def make(role, token=None):
        env = {"MODELFERRY_URL": server.url(), "MODELFERRY_TOKEN": token or tokens[role].token}
        return Cli(scratch / f"home-{role}", env=env)

    return make


@pytest.fixture
def two(publish):
    """digits with two versions."""
    publish(metrics={"accuracy": "0.97"}, tags={"team": "vision"}, params={"hidden": "32"})
    publish(version="2.0.0", data=b"better", metrics={"accuracy": "0.99"})


def says(done, *texts):
    for text in texts:
        assert text in done.err, f"'{text}' is not in: {done!r}"


# ---- aliases ------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", [
    ("model", "show", "--json"), ("sbom",), ("approval", "ls", "--json"), ("lineage", "upstream"),
    ("lineage", "downstream"), ("lineage", "show"), ("explain", "version"), ("impact",)])
def test_whatever_reads_takes_an_alias(people, two, command):
    cli = people("publisher")
    for where in ("2.0.0", "1.0.0"):
        cli.run("alias", "set", "digits", "champion", where)
        said = cli.run(*command, "digits@champion")
        assert "--json" in command or f"digits@champion is {where}" in said.err
        same = cli.run(*command, f"digits@{where}")
        assert TIME.sub("T", said.out) == TIME.sub("T", same.out) and same.out + same.err
    says(cli.run(*command, "digits@nobody", status=FAILED), "nobody")


def test_an_alias_names_a_node_of_the_lineage(people, two, scratch):
    cli = people("publisher")
    cli.run("alias", "set", "digits", "champion", "1.0.0")
    for node in ("model:digits@champion", "digits@champion/raw/cpu/fp32"):
        said = cli.run("lineage", "upstream", node)
        assert said.out == cli.run("lineage", "upstream", node.replace("champion", "1.0.0")).out
    same = cli.run("lineage", "diff", "digits@champion", "digits@2.0.0").out
    assert same == cli.run("lineage", "diff", "digits@1.0.0", "digits@2.0.0").out
    says(cli.run("lineage", "upstream", "digits@not valid", status=USAGE), "names no node")
    assert cli.json("export", "digits@champion", "-o", scratch / "one.ferry")["versions"] == 1
    cli.run("pull", "digits@champion", "-o", scratch / "pulled")


@pytest.mark.parametrize("command", [
    ("publish", "digits@champion", "x.onnx"), ("sign", "digits@champion"),
    ("publish", "digits@champion", "--add-variant", "raw/npu/int8", "x.bin"),
    ("release", "digits@champion"), ("yank", "digits@champion"), ("model", "discard", "digits@champion")])
def test_what_cannot_be_taken_back_takes_the_version_itself(people, two, command):
    cli = people("publisher")
    cli.run("keys", "init", "--no-passphrase")
    cli.run("alias", "set", "digits", "champion", "1.0.0")
    says(cli.run(*command, status=USAGE), "'champion' is no version", "an alias can move meanwhile",
         "modelferry alias ls digits")


def test_an_alias_is_set_listed_and_removed(people, two):
    cli = people("publisher")
    done = cli.run("alias", "set", "digits", "champion", "1.0.0")
    assert done.out == "'champion' of model 'digits' is 1.0.0\n"
    assert cli.json("alias", "set", "digits", "champion", "2.0.0")["revision"] == 2
    cli.run("alias", "set", "digits", "shadow", "1.0.0")
    listed = cli.json("alias", "ls", "digits")["items"]
    assert [(one["alias"], one["version"]) for one in listed] == [
        ("champion", "2.0.0"), ("shadow", "1.0.0")]
    assert "champion" in cli.run("alias", "ls", "digits").out
    assert cli.json("alias", "rm", "digits", "shadow") == {
        "model": "digits", "alias": "shadow", "removed": True}
    says(cli.run("alias", "rm", "digits", "shadow", status=FAILED), "shadow")
    says(cli.run("alias", "set", "digits", "champion", "9.9.9", status=FAILED), "9.9.9")
    says(cli.run("alias", "set", "digits", "latest", "1.0.0", status=USAGE), "is no alias")
    says(cli.run("alias", "set", "digits", "champion", "champion", status=USAGE), "is no version")
    says(people("viewer").run("alias", "set", "digits", "x", "1.0.0", status=FAILED), "--profile")


def test_an_alias_is_moved_only_from_where_it_was_seen(people, two):
    cli = people("publisher")
    cli.run("alias", "set", "digits", "champion", "1.0.0", "--expect", "none")
    says(cli.run("alias", "set", "digits", "champion", "2.0.0", "--expect", "none", status=FAILED),
         "1.0.0")
    cli.run("alias", "set", "digits", "champion", "2.0.0", "--expect", "1.0.0")
    says(cli.run("alias", "set", "digits", "champion", "1.0.0", "--expect", "1.0.0", status=FAILED),
         "points to 2.0.0, not to 1.0.0", "somebody moved it")
    says(cli.run("alias", "rm", "digits", "champion", "--expect", "1.0.0", status=FAILED),
         "points to 2.0.0")
    says(cli.run("alias", "set", "digits", "none", "1.0.0", "--expect", "2.0.0", status=FAILED),
         "points to nothing")
    cli.run("alias", "rm", "digits", "champion", "--expect", "2.0.0")
    says(cli.run("alias", "set", "digits", "a", "1.0.0", "--expect", "x", status=USAGE), "--expect")


def test_of_many_that_move_an_alias_from_one_place_one_succeeds(people, publish):
    for number in range(6):
        publish(version=f"1.0.{number}", data=b"%d" % number)
    cli = people("publisher")
    cli.run("alias", "set", "digits", "champion", "1.0.0")
    with concurrent.futures.ThreadPoolExecutor(5) as pool:
        done = list(pool.map(lambda n: cli.run("alias", "set", "digits", "champion", f"1.0.{n}",
                                               "--expect", "1.0.0", status=None), range(1, 6)))
    assert sorted(one.status for one in done) == [0] + [FAILED] * 4
    (won,) = [n for n, one in enumerate(done, 1) if one.status == 0]
    assert cli.json("alias", "ls", "digits")["items"][0]["version"] == f"1.0.{won}"


def test_an_alias_stands_for_its_version(people, two, device):
    cli = people("publisher")
    cli.run("alias", "set", "digits", "champion", "1.0.0")
    assert cli.json("model", "show", "digits@champion")["version"] == "1.0.0"
    assert cli.json("pull", "digits@champion")["version"] == "1.0.0"
    assert (cli.home / "digits-1.0.0" / "model.onnx").read_bytes() == b"weights"
    cli.run("tag", "set", "digits@champion", "road=wet")
    assert cli.json("model", "show", "digits@1.0.0")["tags"]["road"] == "wet"
    says(cli.run("model", "show", "digits@nobody", status=FAILED), "nobody", "digits")
    says(cli.run("model", "show", "digits@La Test", status=USAGE), "is no version")
    done = people("operator").run("deploy", "digits@champion", "--device", device.name)
    assert "to digits@1.0.0" in done.out
    says(done, "digits@champion is 1.0.0")
    says(cli.run("model", "discard", "digits@champion", status=USAGE), "is no version")


# ---- tags, metrics, parameters, cards -----------------------------------------------------------


def test_tags_and_parameters_are_set_and_removed(people, two):
    cli = people("publisher")
    cli.run("tag", "set", "digits@1.0.0", "stage=prod", "note=a=b")
    cli.run("param", "set", "digits@1.0.0", "threshold=0.4", "mode=fast")
    shown = cli.json("model", "show", "digits@1.0.0")
    assert shown["tags"] == {"team": "vision", "stage": "prod", "note": "a=b"}
    assert shown["params"] == {"hidden": "32", "threshold": "0.4", "mode": "fast"}
    assert shown["param_types"]["threshold"] == "number"
    cli.run("tag", "rm", "digits@1.0.0", "stage", "note")
    cli.run("param", "rm", "digits@1.0.0", "mode")
    shown = cli.json("model", "show", "digits@1.0.0")
    assert shown["tags"] == {"team": "vision"} and "mode" not in shown["params"]
    assert cli.json("tag", "set", "digits", "area=vision")["model"] == "digits"
    assert cli.json("model", "show", "digits")["tags"] == {"area": "vision"}
    for words in [("tag", "set", "digits@1.0.0", "team=x"), ("tag", "rm", "digits@1.0.0", "team"),
                  ("param", "set", "digits@1.0.0", "hidden=1"),
                  ("metric", "set", "digits@1.0.0", "accuracy=1")]:
        says(cli.run(*words, status=FAILED), "signed manifest", "never changes")
    for words in [("tag", "set", "digits", "x"), ("tag", "set", "digits", "a b=x"),
                  ("tag", "set", "digits", "a=1", "a=2"), ("param", "set", "digits", "a=1"),
                  ("metric", "set", "digits@1.0.0", "f1=high"), ("tag", "set", "digits")]:
        assert cli.run(*words, status=USAGE).err, words


def test_a_metric_is_measured_again_on_a_dataset(people, two):
    cli = people("publisher")
    cli.run("metric", "set", "digits@1.0.0", "accuracy=0.61", "--dataset", "dataset:street@2")
    cli.run("metric", "set", "digits@1.0.0", "f1=0.5")
    shown = cli.json("model", "show", "digits@1.0.0")
    assert shown["metrics"] == {"accuracy": "0.97", "f1": "0.5"}
    street = [one for one in shown["measurements"] if one["dataset"] == "dataset:street@2"]
    assert [(one["name"], one["value"], one["set_by"]) for one in street] == [
        ("accuracy", "0.61", "test-publisher")]
    assert "dataset:street@2" in cli.run("model", "show", "digits@1.0.0").out
    cli.run("metric", "rm", "digits@1.0.0", "accuracy", "--dataset", "dataset:street@2")
    cli.run("metric", "rm", "digits@1.0.0", "f1")
    assert cli.json("model", "show", "digits@1.0.0")["metrics"] == {"accuracy": "0.97"}


def test_a_card_comes_back_byte_for_byte(people, two):
    cli = people("publisher")
    card = "# Digits\n\nReads <b>digits</b>, \u00e9 and \u2713.\n"
    (cli.home / "card.md").write_text(card)
    cli.run("card", "set", "digits@1.0.0", "card.md")
    cli.run("card", "set", "digits", "-", input="of the model")
    assert cli.run("card", "show", "digits@1.0.0").out == card
    assert cli.json("card", "show", "digits") == {"model": "digits", "card": "of the model"}
    assert "card" in cli.run("model", "show", "digits@1.0.0").out
    says(cli.run("card", "show", "digits@2.0.0"), "has no card")
    cli.run("card", "set", "digits", "-", input="")
    assert cli.json("card", "show", "digits")["card"] == ""
    (cli.home / "large.md").write_text("x" * (256 * 1024 + 1))
    says(cli.run("card", "set", "digits", "large.md", status=USAGE), "at most 262144 bytes")
    (cli.home / "binary.md").write_bytes(b"\xff\xfe")
    says(cli.run("card", "set", "digits", "binary.md", status=USAGE), "UTF-8")
    says(cli.run("card", "set", "digits", "none.md", status=USAGE), "cannot read 'none.md'")


def test_a_version_is_shown_with_its_signature_and_variants(people, publish):
    shape = {"inputs": [{"name": "image", "type": "float32", "shape": ["N", 64]}],
             "outputs": [{"name": "digit", "type": "float32", "shape": ["N", 10]}]}
    data, side = b"weights", b"labels"
    people("publisher")
    publish(data=side, version="0.1.0")  # brings the second artifact there
    publish(data=data, signature=shape, variants=[
        signing.variant([signing.artifact("model.onnx", data), signing.artifact("labels.txt", side)]),
        signing.variant([signing.artifact("model.bin", data)], runtime="custom",
                        precision="int8")])
    cli = people("viewer")
    shown = cli.json("model", "show", "digits@1.0.0")
    assert shown["signature"] == shape
    assert [len(variant["artifacts"]) for variant in shown["variants"]] == [2, 1]
    out = cli.run("model", "show", "digits@1.0.0").out
    for text in [KIND, "labels.txt", "custom/cpu/int8", "image", "float32", "N, 64"]:
        assert text in out, text


# ---- approvals, rules, archive ------------------------------------------------------------------


def test_a_deployment_needs_the_approvals_that_rules_demand(people, two, server, device):
    admin, operator = people("admin"), people("operator")
    assert admin.json("rules", "set", "--approvals", "2")["approvals"] == 2
    assert admin.json("rules", "show")["approvals"] == 2
    deploy = ("deploy", "digits@1.0.0", "--device", device.name)
    says(operator.run(*deploy, status=FAILED), "approv", "missing")
    says(operator.run("approve", "digits@1.0.0", status=USAGE), "--reason")
    given = operator.json("approve", "digits@1.0.0", "--reason", "passed the road test",
                          "--evidence", "https://ci.example/77", "--evidence", "run:1")
    assert given["evidence"] == ["https://ci.example/77", "run:1"]
    says(operator.run("approve", "digits@1.0.0", "--reason", "again", status=FAILED), "already")
    admin.run("approve", "digits@1.0.0", "--reason", "fine")
    listed = admin.json("approval", "ls", "digits@1.0.0")
    assert listed["required"] == 2 and len(listed["items"]) == 2
    assert sorted(listed["counted"]) == ["test-admin", "test-operator"]
    says(admin.run("approval", "ls", "digits@1.0.0"), "2 of 2 that a deployment needs")
    operator.run(*deploy)
    operator.run("approval", "withdraw", "digits@1.0.0", "--reason", "a mistake")
    says(operator.run("approval", "withdraw", "digits@1.0.0", status=FAILED), "have not approved")
    withdrawn = admin.json("approval", "ls", "digits@1.0.0")
    assert [one["withdrawn"]["reason"] for one in withdrawn["items"] if one["withdrawn"]] == [
        "a mistake"]
    assert withdrawn["counted"] == ["test-admin"]
    own = [one["id"] for one in withdrawn["items"] if one["approved_by"] == "test-admin"]
    says(operator.run("approval", "withdraw", "digits@1.0.0", str(own[0]), status=FAILED), "admin")
    says(operator.run("approval", "withdraw", "digits@1.0.0", "../..", status=FAILED), "approval")


def test_rules_change_only_where_it_is_said(people, two):
    admin = people("admin")
    admin.run("rules", "set", "--approvals", "1", "--protect", "champion=operator")
    admin.run("rules", "set", "--protect", "shadow=publisher")
    shown = admin.json("rules", "show")
    assert shown["approvals"] == 1
    assert shown["aliases"] == {"champion": "operator", "shadow": "publisher"}
    admin.run("rules", "set", "--unprotect", "shadow")
    assert admin.json("rules", "show")["aliases"] == {"champion": "operator"}
    says(people("publisher").run("alias", "set", "digits", "champion", "1.0.0", status=FAILED),
         "protected")
    people("operator").run("alias", "set", "digits", "champion", "1.0.0")
    admin.run("rules", "set", "digits", "--protect", "champion=publisher")
    people("publisher").run("alias", "set", "digits", "champion", "2.0.0")
    assert "champion=publisher" in admin.run("rules", "show", "digits").out
    says(admin.run("rules", "set", status=USAGE), "say what to change")
    says(admin.run("rules", "set", "--protect", "x", status=USAGE), "KEY=VALUE")
    says(people("operator").run("rules", "set", "--approvals", "0", status=FAILED), "403")


def test_what_is_archived_is_out_of_use_until_it_is_restored(people, two):
    cli = people("publisher")
    cli.run("alias", "set", "digits", "champion", "1.0.0")
    says(cli.run("archive", "digits@1.0.0", status=FAILED), "champion")
    cli.run("alias", "rm", "digits", "champion")
    assert cli.json("archive", "digits@1.0.0", "--reason", "old") == {
        "model": "digits", "version": "1.0.0", "archived": True}
    assert cli.json("model", "show", "digits@1.0.0")["archived"]["reason"] == "old"
    says(cli.run("alias", "set", "digits", "champion", "1.0.0", status=FAILED), "archived")
    assert cli.run("restore", "digits@1.0.0").out == "restored digits@1.0.0\n"
    cli.run("alias", "set", "digits", "champion", "1.0.0")
    cli.run("archive", "digits")
    assert cli.json("model", "ls")["items"] == []
    cli.run("restore", "digits")
    assert len(cli.json("model", "ls")["items"]) == 1


def test_what_was_archived_is_deleted_by_an_administrator(people, two):
    cli, admin = people("publisher"), people("admin")
    says(admin.run("delete", "digits@1.0.0", "--yes", status=FAILED), "archive")
    cli.run("archive", "digits@1.0.0")
    says(cli.run("delete", "digits@1.0.0", "--yes", status=FAILED), "'admin'")
    says(admin.run("delete", "digits@1.0.0", status=USAGE), "--yes")
    says(admin.run("model", "discard", "digits@1.0.0", status=FAILED), "published")
    assert admin.json("delete", "digits@1.0.0", "--yes", "--reason", "law 7") == {
        "model": "digits", "version": "1.0.0", "deleted": True}
    shown = cli.json("model", "show", "digits@1.0.0")
    assert shown["deleted"]["reason"] == "law 7"
    assert "law 7" in cli.run("model", "show", "digits@1.0.0").out
    listed = cli.json("model", "show", "digits", "--state", "deleted")["versions"]
    assert [each["version"] for each in listed] == ["1.0.0"]
    says(cli.run("model", "show", "digits", "--state", "gone", status=USAGE), "deleted")
    says(cli.run("restore", "digits@1.0.0", status=FAILED), "never comes back")
    says(admin.run("delete", "digits", "--yes", status=FAILED), "archive it instead")
    cli.run("model", "create", "letters")
    assert admin.json("delete", "letters", "--yes") == {"model": "letters", "deleted": True}
    assert admin.run("delete", "digits@1.0.0", "--yes").out == "deleted digits@1.0.0\n"


def test_a_rule_says_which_versions_are_kept(people, two):
    cli, admin = people("publisher"), people("admin")
    assert "every version is kept" in cli.run("retention", "show", "digits").out
    tried = cli.json("retention", "plan", "digits", "--newest", "1")["items"]
    assert [(each["version"], each["action"]) for each in tried] == [
        ("2.0.0", "keep"), ("1.0.0", "archive")]
    assert "one of the newest 1" in cli.run("retention", "plan", "digits", "--newest", "1").out
    says(cli.run("retention", "set", "digits", "--newest", "1", status=FAILED), "--profile")
    says(admin.run("retention", "set", "digits", "--days", "3", status=USAGE), "--newest")
    says(cli.run("retention", "plan", "digits", "--days", "3", status=USAGE), "--newest")
    set_ = admin.json("retention", "set", "digits", "--newest", "2", "--days", "90", "--grace", "0")
    assert (set_["newest"], set_["days"], set_["grace_days"]) == (2, 90, None)
    assert "90" in cli.run("retention", "show", "digits").out
    kept = cli.json("retention", "plan", "digits", "--limit", "1")["items"]
    assert [each["action"] for each in kept] == ["keep"]
    assert admin.json("retention", "rm", "digits") == {"model": "digits", "removed": True}
    assert cli.json("retention", "show", "digits")["newest"] is None


# ---- history, search ----------------------------------------------------------------------------


def test_every_change_is_in_the_history(people, two, device):
    cli = people("publisher")
    cli.run("alias", "set", "digits", "champion", "1.0.0")
    cli.run("tag", "set", "digits@1.0.0", "stage=prod")
    cli.run("alias", "set", "digits", "champion", "2.0.0")
    people("operator").run("deploy", "digits@2.0.0", "--device", device.name)
    viewer = people("viewer")
    alias = viewer.json("history", "digits@champion")["items"]
    assert [entry["after"]["version"] for entry in alias] == ["2.0.0", "1.0.0"]
    assert alias[0]["actor"]["name"] == "test-publisher"
    version = viewer.json("history", "digits@1.0.0")["items"]
    assert [entry["after"]["tags"] for entry in version if "tags" in (entry["after"] or {})] == [
        {"stage": "prod"}]
    assert len(viewer.json("history", "digits")["items"]) > len(version)
    assert viewer.json("history", f"device:{device.name}")["items"]
    assert "test-publisher" in viewer.run("history", "digits@champion").out
    says(viewer.run("history", "nothing", status=FAILED), "nothing is recorded")
    log = people("admin").json("audit", "ls", "--limit", "5")["items"]
    assert len(log) == 5 and log[0]["seq"] == log[1]["seq"] + 1
    moved = people("admin").json("audit", "ls", "--object", "alias:digits@champion")["items"]
    assert [entry["seq"] for entry in moved] == [entry["seq"] for entry in alias]
    action = moved[0]["action"]
    assert all(entry["action"] == action
               for entry in people("admin").json("audit", "ls", "--action", action)["items"])
    says(people("admin").run("audit", "ls", "--action", "x", "--actor", "y", status=USAGE), "one of")
    says(viewer.run("audit", "ls", status=FAILED), "403")


def test_versions_and_models_are_found(people, two):
    people("publisher").run("alias", "set", "digits", "champion", "2.0.0")
    people("publisher").run("tag", "set", "digits", "area=vision")
    cli = people("viewer")

    def found(*words):
        return [one["version"] for one in cli.json("search", *words)["items"]]

    assert found() == ["2.0.0", "1.0.0"]
    assert found("metrics.accuracy > 0.98") == ["2.0.0"]
    assert found("tags.team = 'vision' and not alias exists") == ["1.0.0"]
    assert found("", "--sort", "metrics.accuracy") == ["1.0.0", "2.0.0"]
    assert found("", "--sort", "metrics.accuracy desc", "--limit", "1") == ["2.0.0"]
    models = cli.json("search", "--models", "tags.area = vision and alias = champion")["items"]
    assert [one["name"] for one in models] == ["digits"]
    out = cli.run("search", f"runtime = {signing.RUNTIME}").out
    assert "champion" in out and KIND in out and "accuracy=0.97" in out
    says(cli.run("search", "model = x"), "no version matches")
    says(cli.run("search", "metrics.accuracy > x", status=FAILED), "column 20", "a number expected")
    error = json.loads(cli.run("search", "a = 1", "--json", status=FAILED).err)
    assert error["problem"]["column"] == 1
    says(cli.run("search", "", "--sort", "stars", status=FAILED), "order_by, column 1")
    says(cli.run("search", "x" * 70000, status=USAGE), "too long")
