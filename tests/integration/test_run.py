# SPDX-License-Identifier: Apache-2.0
"""modelferry run: commands become runs of the lineage."""

import json
import os
import signal
import subprocess
import sys

import pytest
from ferry import models, signing
from ferry.hostile import Hostile, problem, reset
from ferry.process import SANITIZER
from ferry.wait import wait_until


def sha256(path):
    return signing.sha256(path.read_bytes())


@pytest.fixture
def here(scratch):
    place = scratch / "work"
    place.mkdir()
    return place


@pytest.fixture
def hostile(server):
    with Hostile(server.api_port) as between:
        yield between


def facets(cli, ref):
    return {f["name"]: f["facet"] for f in cli.json("lineage", "show", ref)["facets"]
            if f["scope"] == "own"}


def upstream(cli, ref):
    return {n["ref"] for n in cli.json("lineage", "upstream", ref)["nodes"]}


def spooled(cli):
    return sorted((cli.home / ".local/state/modelferry/lineage").glob("*/*.json"))


def test_a_command_becomes_a_run(cli, here):
    (here / "in.txt").write_text("numbers\n")
    done = cli.json("run", "--job", "double", "--in", "in.txt", "--out", "out.txt", "--", "sh", "-c",
                    "cat in.txt in.txt > out.txt", cwd=here)
    assert (done["state"], done["exit_status"]) == ("COMPLETE", 0)
    assert done["outputs"] == [{"path": "out.txt", "sha256": sha256(here / "out.txt"), "length": 16}]
    run = f"run:{done['run']}"
    assert {f"artifact:{sha256(here / 'in.txt')}", run, "job:default#double"} <= upstream(
        cli, f"artifact:{sha256(here / 'out.txt')}")
    tool = facets(cli, run)["modelferry_tool"]
    assert tool["name"] == "sh" and tool["exitStatus"] == 0 and tool["durationMs"] >= 0
    assert tool["arguments"] == ["-c", "cat in.txt in.txt > out.txt"]
    assert tool["path"].endswith("/sh") and len(tool["sha256"]) == 64
    assert tool["workingDirectory"] == str(here)
    shown = cli.json("lineage", "show", run)
    assert (shown["state"], [e["type"] for e in shown["events"]]) == ("COMPLETE", ["COMPLETE", "START"])


def test_the_version_of_the_tool_is_asked_for(cli, here):
    tools = here / "bin"
    tools.mkdir()
    (tools / "convert").write_text("#!/bin/sh\necho \"called $*\" >> " + str(here / "calls") + "\n"
                                   "[ \"$1\" = --version ] && echo 'convert 2.31.0' && pwd > "
                                   + str(here / "where") + "\nexit 0\n")
    (tools / "convert").chmod(0o755)
    env = {"PATH": f"{tools}:{os.environ['PATH']}"}
    done = cli.json("run", "--", "convert", "--fast", cwd=here, env=env)
    assert facets(cli, f"run:{done['run']}")["modelferry_tool"]["version"] == "convert 2.31.0"
    assert (here / "calls").read_text() == "called --version\ncalled --fast\n"
    assert str(here) not in (here / "where").read_text()
    done = cli.json("run", "--no-probe", "--", "convert", "--fast", cwd=here, env=env)
    assert "version" not in facets(cli, f"run:{done['run']}")["modelferry_tool"]
    # what is named by a path may be anything: it is never run to ask it
    done = cli.json("run", "--", "bin/convert", cwd=here, env=env)
    assert "version" not in facets(cli, f"run:{done['run']}")["modelferry_tool"]
    assert (here / "calls").read_text().count("--version") == 1


def git(*words, cwd):
    subprocess.run(["git", "-c", "user.name=t", "-c", "user.email=t@example.org", *words], cwd=cwd,
                   check=True, capture_output=True)


def test_the_code_is_recorded_with_its_revision(cli, here):
    git("init", "-q", "-b", "trunk", cwd=here)
    git("remote", "add", "origin", "https://alice:hunter2@host.example/repo.git", cwd=here)
    (here / "train.py").write_text("print(1)\n")
    git("add", ".", cwd=here)
    git("commit", "-qm", "first", cwd=here)
    commit = subprocess.check_output(["git", "rev-parse", "HEAD"], cwd=here, text=True).strip()
    done = cli.json("run", "--", "true", cwd=here)
    code = f"code:https://host.example/repo.git@{commit}"
    assert code in upstream(cli, f"run:{done['run']}")
    location = facets(cli, "job:default#true")["sourceCodeLocation"]
    assert (location["branch"], location["modelferry_dirty"]) == ("trunk", False)
    (here / "train.py").write_text("print(2)\n")
    first, again = (cli.json("run", "--", "true", cwd=here)["run"] for _ in range(2))
    [dirty] = [r for r in upstream(cli, f"run:{first}") if r.startswith("code:")]
    assert dirty.startswith(code + "+dirty.")
    assert dirty in upstream(cli, f"run:{again}")
    (here / "train.py").write_text("print(3)\n")
    other = cli.json("run", "--", "true", cwd=here)["run"]
    assert dirty not in upstream(cli, f"run:{other}")
    for path in here.rglob("*"):
        assert "index.lock" not in path.name


def test_no_secret_is_recorded(cli, here):
    done = cli.json(
        "run", "--env", "FLAVOUR", "--", "true", "--token=mft_1", "--api-key", "mft_2", "--Password", "mft_3",
        "https://bob:mft_4@host/x", "--epochs=3", "--verbose", "plain", cwd=here,
        env={"FLAVOUR": "sweet", "AWS_SECRET_ACCESS_KEY": "mft_5", "OMP_NUM_THREADS": "2"})
    said = cli.json("lineage", "show", f"run:{done['run']}")
    assert "mft_" not in json.dumps(said)
    tool = {f["name"]: f["facet"] for f in said["facets"]}
    assert tool["modelferry_tool"]["arguments"] == [
        "--token=***", "--api-key", "***", "--Password", "***", "https://bob:***@host/x",
        "--epochs=3", "--verbose", "plain"]
    variables = tool["modelferry_environment"]["variables"]
    assert variables["FLAVOUR"] == "sweet" and variables["OMP_NUM_THREADS"] == "2"
    assert not {"AWS_SECRET_ACCESS_KEY", "HOME", "MODELFERRY_TOKEN"} & set(variables)
    refused = cli.run("run", "--env", "AWS_SECRET_ACCESS_KEY", "--", "touch", "made", cwd=here, status=2)
    assert "no secrets" in refused.err and not (here / "made").exists()


def test_exit_status_output_and_input_pass_through(cli, here):
    done = cli.run("run", "--", "sh", "-c", "cat; echo oops >&2; exit 7", cwd=here, status=7,
                   input="through\n")
    assert done.out == "through\n" and "oops\n" in done.err
    assert "failed: exit status 7" in done.err
    run = done.err.split("run:")[1].split()[0]
    shown = cli.json("lineage", "show", f"run:{run}")
    assert shown["state"] == "FAIL"
    error = next(f for f in shown["facets"] if f["name"] == "errorMessage")
    assert error["facet"]["message"] == "exit status 7"
    missing = cli.run("run", "--", "no-such-command", cwd=here, status=127)
    assert "cannot run 'no-such-command': No such file" in missing.err
    (here / "plain").write_text("x")
    cli.run("run", "--", "./plain", cwd=here, status=126)


def test_an_output_that_was_not_made_is_a_failure(cli, here):
    done = cli.run("run", "--out", "model.bin", "--", "true", cwd=here, status=1)
    assert "'model.bin' was not made" in done.err
    run = done.err.split("run:")[1].split()[0]
    assert cli.json("lineage", "show", f"run:{run}")["state"] == "FAIL"


def test_what_cannot_be_read_is_told_before_anything_runs(cli, here):
    os.mkfifo(here / "pipe")
    for words, message, status in (
            (["--in", "nothing.csv"], "is neither", 2),
            (["--in", "device:cam-1"], "does not read or write a device", 2),
            (["--out", "x", "--publish", "digits"], "MODEL@VERSION", 2),
            (["--publish", "digits@1.0.0"], "publishes what --out names", 2),
            (["--in", "pipe"], "it is no file", 1)):
        done = cli.run("run", *words, "--", "touch", "made", cwd=here, status=status)
        assert message in done.err
        assert not (here / "made").exists()


def test_datasets_by_name_by_directory_and_by_version(cli, here):
    (here / "data/sub").mkdir(parents=True)
    (here / "data/b.txt").write_text("b")
    (here / "data/sub/a.txt").write_text("a")
    (here / "data/link").symlink_to("b.txt")
    (here / "faces.csv").write_text("1,2\n")
    done = cli.json("run", "--in", "data", "--in", "dataset:lake#faces=faces.csv", "--in",
                    "dataset:labels@7", "--in", "digits@1.0.0", "--out", "dataset:clean=out", "--",
                    "mkdir", "out", cwd=here)
    listing = subprocess.check_output(
        "find . -type f -printf '%P\\0' | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum",
        shell=True, cwd=here / "data", text=True).split()[0]
    empty = signing.sha256(b"")
    assert {f"dataset:file#{here}/data@sha256:{listing}",
            f"dataset:lake#faces@sha256:{sha256(here / 'faces.csv')}",
            "dataset:default#labels@7", "model:digits@1.0.0"} <= upstream(
                cli, f"dataset:clean@sha256:{empty}")
    assert f"run:{done['run']}" in upstream(cli, "dataset:clean")


@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGINT, signal.SIGUSR1])
def test_signals_pass_through(cli, here, sent):
    """The command ends as it likes, and we as the command."""
    script = ("import signal,sys,pathlib\n"
              f"signal.signal({int(sent)}, lambda *_: sys.exit(42))\n"
              "pathlib.Path('ready').touch()\nsignal.pause()\n")
    process = subprocess.Popen([cli.binary, "run", "--", sys.executable, "-c", script],
                               env=cli.env, cwd=here, stderr=subprocess.PIPE, text=True)
    wait_until(lambda: (here / "ready").exists(), 60)
    process.send_signal(sent)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 42 and not SANITIZER.search(err), err


def test_a_command_that_a_signal_ends_ends_us_alike(cli, here):
    process = subprocess.run([cli.binary, "run", "--", "sh", "-c", "kill -TERM $$"], env=cli.env,
                             cwd=here, stderr=subprocess.PIPE, text=True, timeout=60, check=False)
    assert process.returncode == -signal.SIGTERM
    assert "ended by signal 15" in process.stderr


def test_events_wait_while_the_server_is_away(cli, here, server):
    server.stop()
    done = cli.run("run", "--job", "offline", "--out", "x", "--", "sh", "-c", "echo hi > x", cwd=here)
    assert "is kept until the server takes it" in done.err
    run = done.err.split("run:")[1].split()[0]
    assert len(spooled(cli)) == 2
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in spooled(cli))
    waiting = cli.run("lineage", "send", status=3)
    assert "0 events were sent, 2 are waiting" in waiting.err
    server.start()
    env = {"MODELFERRY_URL": server.url()}
    # another port: another server, as far as anybody can tell
    assert cli.json("lineage", "send", env=env)["sent"] == 0
    old, = (cli.home / ".local/state/modelferry/lineage").iterdir()
    cli.run("run", "--", "true", cwd=here, env=env)
    new = signing.sha256(server.url().encode())[:16]
    (old.parent / new).mkdir(exist_ok=True)
    for path in old.glob("*.json"):
        path.rename(old.parent / new / path.name)
    assert "sent 2 lineage events of earlier runs" in cli.run("run", "--", "true", cwd=here, env=env).err
    assert spooled(cli) == []
    assert cli.json("lineage", "show", f"run:{run}", env=env)["state"] == "COMPLETE"


def test_a_spooled_event_that_is_refused_stands_in_nobodys_way(cli, here, server):
    folder = cli.home / ".local/state/modelferry/lineage" / signing.sha256(server.url().encode())[:16]
    folder.mkdir(parents=True)
    (folder / "0000000000000001-aa.json").write_text('{"eventTime": "now"}')
    done = cli.run("run", "--", "true", cwd=here)
    assert "was refused" in done.err and "eventTime" in done.err
    assert [path.name for path in folder.iterdir()] == ["0000000000000001-aa.json.refused"]


def test_a_reader_may_run_but_not_record(cli, here, viewer):
    done = cli.run("run", "--", "true", cwd=here, env={"MODELFERRY_TOKEN": viewer.token})
    assert "is kept until" in done.err
    assert len(spooled(cli)) == 2


def test_a_run_within_a_run_is_a_part_of_it(cli, here):
    done = cli.run("run", "--job", "outer", "--", cli.binary, "run", "--job", "inner", "--", "sh", "-c",
                   "echo $MODELFERRY_RUN $OPENLINEAGE_PARENT_ID", cwd=here)
    inner, parent = done.out.split()
    assert parent == f"default/inner/{inner}"
    outer = done.err.split("run:")[-1].split()[0]
    downstream = {n["ref"] for n in cli.json("lineage", "downstream", f"run:{inner}")["nodes"]}
    assert f"run:{outer}" in downstream and outer != inner


def test_what_is_read_has_no_other_version_than_its_digest(cli):
    (cli.home / "faces.csv").write_text("a,b\n")
    said = cli.run("run", "--in", "dataset:faces@3=faces.csv", "--", "true", status=2)
    assert "write dataset:NAME=PATH" in said.err
    cli.run("run", "--in", "dataset:faces=faces.csv", "--in", "dataset:faces@3", "--", "true")


def test_the_outputs_are_published_when_asked(cli, here, publisher):
    cli.run("keys", "init", "--no-passphrase")
    cli.run("model", "create", "digits", "--key", "default")
    (here / "data.csv").write_text("1\n")
    (here / "trained.onnx").write_bytes(models.onnx())
    done = cli.run("run", "--job", "train", "--in", "dataset:faces=data.csv", "--out", "model.onnx",
                   "--publish", "digits@1.0.0", "--metric", "accuracy=0.9", "--", "cp",
                   "trained.onnx", "model.onnx", cwd=here)
    assert "published digits@1.0.0" in done.out
    run = done.err.split("run:")[1].split()[0]
    up = upstream(cli, "digits@1.0.0")
    assert {f"run:{run}", f"dataset:default#faces@sha256:{sha256(here / 'data.csv')}"} <= up
    manifest = publisher.get("/api/v1/models/digits/versions/1.0.0/manifest").json()["signed"]
    assert manifest["from"] == [f"run:{run}"] and manifest["metrics"] == {"accuracy": "0.9"}
    # nothing is published by a command that failed
    cli.run("run", "--out", "model.onnx", "--publish", "digits@2.0.0", "--", "false", cwd=here, status=1)
    publisher.get("/api/v1/models/digits/versions/2.0.0").expect(404)


def test_publish_says_what_it_is_from(cli, here, publisher):
    cli.run("keys", "init", "--no-passphrase")
    cli.run("model", "create", "digits", "--key", "default")
    (here / "model.onnx").write_bytes(models.onnx(b"one"))
    run = "0190f1d2-9c1b-7e3c-9a5e-0123456789ab"
    cli.run("publish", "digits@1.0.0", "model.onnx", "--from", run, "--from", "dataset:faces@3", cwd=here)
    assert {f"run:{run}", "dataset:default#faces@3"} <= upstream(cli, "digits@1.0.0")
    (here / "model.onnx").write_bytes(models.onnx(b"two"))
    cli.run("publish", "digits@2.0.0", "model.onnx", "--from", "digits@1.0.0", cwd=here)
    assert "dataset:default#faces@3" in upstream(cli, "digits@2.0.0")
    bad = cli.run("publish", "digits@3.0.0", "model.onnx", "--from", "faces", cwd=here, status=2)
    assert "names no node" in bad.err


def test_what_is_read_and_written_again_is_a_cycle(cli, here):
    """A copy is the same bytes: the run is above and below them, and no question loops."""
    (here / "a").write_text("a")
    done = cli.json("run", "--in", "a", "--out", "b", "--", "cp", "a", "b", cwd=here)
    run, both = f"run:{done['run']}", "artifact:" + sha256(here / "a")
    assert run in upstream(cli, both) and both in upstream(cli, run)
    assert run in {n["ref"] for n in cli.json("lineage", "downstream", both)["nodes"]}


def test_the_lineage_commands_print_what_the_server_says(cli, here):
    (here / "a").write_text("a")
    done = cli.json("run", "--in", "a", "--out", "b", "--", "sh", "-c", "cat a a > b",
                    cwd=here)
    run, made = f"run:{done['run']}", "artifact:" + sha256(here / "b")
    text = cli.run("lineage", "upstream", made).out.splitlines()
    assert text[0] == made and f"  [write] {run}" in text[1]
    assert cli.run("lineage", "downstream", "sha256:" + sha256(here / "a"), "--format", "dot").out.startswith(
        "digraph lineage {")
    assert cli.run("lineage", "upstream", made, "--kinds", "run", "--depth", "1").out.startswith(f"1  {run}")
    path = cli.run("lineage", "path", made, run).out.splitlines()
    assert path[1].startswith(f"  <--write-- {run}")
    diff = cli.run("lineage", "diff", run, made).out
    assert diff.startswith(f"--- {run}\n+++ {made}\n")
    assert cli.run("lineage", "upstream", "nonsense", status=2).err.count("names no node") == 1
    unknown = "run:" + "0" * 8 + "-0000-0000-0000-" + "0" * 12
    refused = cli.run("lineage", "upstream", unknown, status=1).err
    assert unknown in refused and "cannot ask for the lineage" in refused
    assert json.loads(cli.run("lineage", "upstream", made, "--format", "json").out)["start"] == made


def test_a_full_disk_loses_the_lineage_and_not_the_run(cli, here, server):
    server.stop()
    blocked = cli.home / ".local/state/modelferry"
    blocked.parent.mkdir(parents=True)
    blocked.write_text("in the way")
    done = cli.run("run", "--out", "x", "--", "sh", "-c", "echo hi > x", cwd=here)
    assert "the lineage of this run is lost" in done.err
    assert (here / "x").read_text() == "hi\n"


def test_an_answer_that_is_lost_makes_no_second_run(cli, here, server, hostile, database):
    """The server took the events, and we do not know: sent again, they change nothing."""
    env = {"MODELFERRY_URL": hostile.url()}
    hostile.fault("/api/v1/lineage", lambda up, request: (up.ask(request), reset(up, request)))
    done = cli.run("run", "--out", "x", "--", "sh", "-c", "echo hi > x", cwd=here, env=env)
    assert "is kept until the server takes it" in done.err
    run = "run:" + done.err.split("run:")[1].split()[0]
    assert len(spooled(cli)) == 2
    before = cli.json("lineage", "show", run)
    hostile.clear()
    assert cli.json("lineage", "send", env=env)["sent"] == 2
    assert cli.json("lineage", "send", env=env)["sent"] == 0
    assert cli.json("lineage", "show", run) == before
    assert database.value("SELECT count(*) FROM lineage_event") == "2"


def test_a_server_that_hangs_up_or_refuses_does_not_stop_the_run(cli, here, hostile):
    env = {"MODELFERRY_URL": hostile.url()}
    for fault in (problem(500, "internal"), problem(429, "slow-down"), problem(403, "forbidden")):
        hostile.clear()
        hostile.fault("/api/v1/lineage", fault)
        before = len(spooled(cli))
        assert "is kept" in cli.run("run", "--", "true", cwd=here, env=env).err
        assert len(spooled(cli)) == before + 2
    hostile.clear()
    hostile.fault("/api/v1/lineage", problem(400, "bad-event"))
    assert "the lineage of this run is lost" in cli.run("run", "--", "true", cwd=here, env=env).err
    hostile.clear()
    assert cli.json("lineage", "send", env=env)["sent"] == 6


def test_the_recorder_is_killed_and_the_command_goes_on(cli, here):
    process = subprocess.Popen([cli.binary, "run", "--job", "long", "--", "sh", "-c",
                                "echo $MODELFERRY_RUN > id; touch ready; read line; echo $line > got"],
                               env=cli.env, cwd=here, stdin=subprocess.PIPE, text=True)
    wait_until(lambda: (here / "ready").exists(), 60)
    process.kill()
    process.wait(timeout=60)
    process.stdin.write("more\n")
    process.stdin.close()
    wait_until(lambda: (here / "got").exists() and (here / "got").read_text() == "more\n", 60)
    shown = cli.json("lineage", "show", f"run:{(here / 'id').read_text().strip()}")
    assert [e["type"] for e in shown["events"]] == ["START"]  # how it ended nobody saw


def test_a_command_that_is_killed_is_a_failure(cli, here):
    done = cli.run("run", "--", "sh", "-c", "kill -KILL $$", cwd=here, status=-signal.SIGKILL)
    assert "ended by signal 9" in done.err
    run = "run:" + done.err.split("run:")[1].split()[0]
    assert cli.json("lineage", "show", run)["state"] == "FAIL"
    assert facets(cli, run)["modelferry_tool"]["signal"] == 9


def test_paths_of_odd_bytes(cli, here):
    odd = os.fsencode(here) + b"/caf\xe9 \n#@%"
    os.mkdir(odd)
    with open(odd + b"/x\xff\n", "wb") as file:
        file.write(b"odd")
    done = subprocess.run([cli.binary, "run", "--json", "--in", odd, "--in", odd + b"/x\xff\n", "--", "true"],
                          env=cli.env, cwd=here, capture_output=True, timeout=60, check=True)
    up = upstream(cli, f"run:{json.loads(done.stdout)['run']}")
    assert "artifact:" + signing.sha256(b"odd") in up
    [directory] = [ref for ref in up if "@sha256:" in ref]
    assert "caf%25E9%20%0A%23%40%25@sha256:" in directory


def test_output_of_any_size_passes_through(cli, here):
    process = subprocess.run([cli.binary, "run", "--out", "big", "--", "sh", "-c",
                              "head -c 80000000 /dev/zero | tee big"], env=cli.env, cwd=here,
                             capture_output=True, timeout=120, check=True)
    assert len(process.stdout) == 80000000
    run = "run:" + process.stderr.decode().split("run:")[1].split()[0]
    made = signing.sha256(b"\0" * 80000000)
    assert f"artifact:{made}" in {n["ref"] for n in cli.json("lineage", "downstream", run)["nodes"]}
