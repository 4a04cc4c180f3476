# SPDX-License-Identifier: Apache-2.0
"""The four ways to reload, with a real application, and what each costs as its clients see it."""

import random
import re
import shlex
import socket
import threading
import time

import pytest

from ferry import paths, signing
from ferry.agent import Agent
from ferry.gateway import Gateway
from ferry.process import Process, environment
from ferry.wait import wait_until

SIZE = 20_000_000  # loading takes long enough to be seen


def model(number):
    return random.Random(number).randbytes(SIZE)


def program():
    return paths.build_dir() / "tests" / "e2e" / "app"


class Clients:
    """Ask without a pause; every request that gets no answer of a version counts as failed."""

    def __init__(self, path):
        self.path = str(path)
        self.failed = 0
        self.answers = []  # versions, as they change
        self.longest_us = 0
        self._stop = False
        self._thread = threading.Thread(target=self._ask, daemon=True)
        self._thread.start()

    def _ask(self):
        last = time.monotonic()
        while not self._stop:
            version = self._one()
            now = time.monotonic()
            if version:
                self.longest_us = max(self.longest_us, int((now - last) * 1e6))
                last = now
                if self.answers[-1:] != [version]:
                    self.answers.append(version)
            else:
                self.failed += 1
                time.sleep(0.001)

    def _one(self):
        try:
            with socket.socket(socket.AF_UNIX) as connection:
                connection.settimeout(10)
                connection.connect(self.path)
                words = connection.recv(200).split()
                return words[0].decode() if len(words) == 2 else None
        except OSError:
            return None

    def stop(self):
        self._stop = True
        self._thread.join(20)


@pytest.fixture
def gateway():
    made = Gateway()
    yield made
    made.close()


@pytest.fixture
def device(gateway, scratch, track):
    """device("main: notify") -> (key, an agent that serves 1.0.0 and runs)."""
    def make(rule, **slot):
        key = signing.Key()
        agent = track(Agent(scratch / "cam-1", {"slot": {"reload": rule, **slot}}))
        agent.enroll(gateway.url(), "mfe_test", "cam-1", [key])
        gateway.publish(key, "1.0.0", model(0))
        agent.start()
        wait_until(lambda: gateway.reported()[-1:] == [("installed", "1.0.0", None)], 40)
        return key, agent
    return make


@pytest.fixture
def start_app(scratch, track):
    def make(mode, agent, *more):
        command = [program(), mode, agent.state, scratch / "app.sock", *more]
        app = track(Process(command, scratch / "app.log", environment()))
        app.start()
        app.wait_log("^serving")
        return app
    return make


@pytest.fixture
def clients(scratch):
    made = []

    def make():
        made.append(Clients(scratch / "app.sock"))
        wait_until(lambda: made[-1].answers, what="no answer")
        made[-1].failed = 0
        return made[-1]
    yield make
    for each in made:
        each.stop()


def last_report(gateway, version, state="installed"):
    def found():
        slot = gateway.reports[-1]["slots"]["main"]
        return slot if (slot["state"], slot["version"]) == (state, version) else None
    return wait_until(found, 60, lambda: f"reports: {gateway.reported()}")


def measured(slot, mode, app=None):
    assert slot["reload"] == mode
    assert slot["gap_source"] == "application"
    if app:
        said = re.findall(r"^serving \S+ gap (\d+)$", app.log(), re.M)
        assert slot["gap_us"] == int(said[-1])
    return slot["gap_us"]


def test_notify_fails_no_request(gateway, device, start_app, clients):
    key, agent = device("main: notify")
    app = start_app("notify", agent)
    seen = clients()
    for number in range(1, 4):
        gateway.publish(key, f"1.{number}.0", model(number))
        gap = measured(last_report(gateway, f"1.{number}.0"), "notify", app)
        assert gap == 0
    wait_until(lambda: seen.answers[-1] == "1.3.0")
    assert seen.answers == ["1.0.0", "1.1.0", "1.2.0", "1.3.0"]
    assert seen.failed == 0


def test_watch_reports_the_gap_of_the_application(gateway, device, start_app, clients):
    key, agent = device("main: watch")
    app = start_app("watch", agent)
    seen = clients()
    gateway.publish(key, "1.1.0", model(1))
    gap = measured(last_report(gateway, "1.1.0"), "watch", app)
    wait_until(lambda: seen.answers[-1] == "1.1.0")
    assert gap > 0 and seen.longest_us > 0


def test_signal_reports_the_gap_of_the_application(gateway, device, start_app, clients, scratch):
    pidfile = scratch / "app.pid"
    key, agent = device(f"main: signal HUP pidfile {pidfile}")
    app = start_app("signal", agent)
    pidfile.write_text(f"{app.pid}\n")
    seen = clients()
    gateway.publish(key, "1.1.0", model(1))
    gap = measured(last_report(gateway, "1.1.0"), "signal", app)
    wait_until(lambda: seen.answers[-1] == "1.1.0")
    assert gap > 0 and seen.longest_us > 0


def restart_command(scratch, agent_state, fail=""):
    """What a supervisor does: ends the old process, waits, starts a new one."""
    run = " ".join(shlex.quote(str(part)) for part in (
        program(), "restart", agent_state, scratch / "app.sock"))
    script = scratch / "restart"
    script.write_text(
        "#!/bin/sh\n"
        f"old=$(cat {scratch}/app.pid)\n"
        'kill "$old" 2>/dev/null\n'
        'while kill -0 "$old" 2>/dev/null; do sleep 0.01; done\n'
        f"{run} {fail} >>{scratch}/restarted.log 2>&1 </dev/null &\n"
        f"echo $! >{scratch}/app.pid\n")
    script.chmod(0o755)
    return script


@pytest.fixture
def restarted(scratch):
    """Ends what the restart command started."""
    yield
    import os
    import signal
    pidfile = scratch / "app.pid"
    if pidfile.exists():
        try:
            os.kill(int(pidfile.read_text()), signal.SIGTERM)
        except ProcessLookupError:
            pass


def test_restart_reports_from_end_to_start(gateway, device, clients, scratch, restarted):
    script = restart_command(scratch, scratch / "cam-1" / "state")
    key, agent = device(f"main: restart {script}")
    seen = clients()  # of the process that the first installation started
    gateway.publish(key, "1.1.0", model(1))
    gap = measured(last_report(gateway, "1.1.0"), "restart")
    wait_until(lambda: seen.answers[-1] == "1.1.0")
    assert gap > 0 and seen.longest_us > 0
    assert seen.failed > 0


def test_restart_without_the_library_reports_what_the_command_took(gateway, device):
    key, agent = device("main: restart true")
    gateway.publish(key, "1.1.0", model(1))
    slot = last_report(gateway, "1.1.0")
    assert slot["gap_source"] == "agent" and slot["gap_us"] > 0


@pytest.mark.parametrize("mode", ["watch", "notify"])
def test_without_an_application_there_is_no_gap_to_report(gateway, device, mode):
    key, agent = device(f"main: {mode}")
    gateway.publish(key, "1.1.0", model(1))
    slot = last_report(gateway, "1.1.0")
    assert slot["gap_us"] is None and slot["gap_source"] == "none"


@pytest.mark.parametrize("mode", ["notify", "watch"])
def test_goes_back_when_the_application_cannot_use_it(gateway, device, start_app, clients, mode):
    key, agent = device(f"main: {mode}")
    app = start_app(mode, agent, "1.1.0")
    seen = clients()
    gateway.publish(key, "1.1.0", model(1))
    slot = last_report(gateway, "1.1.0", "failed")
    assert slot["error"] == {"code": "reload-failed", "detail":
                             "the application cannot serve it: the test wants it to fail"}
    assert agent.serves(model(0))
    assert seen.answers == ["1.0.0"] and seen.failed == 0
    assert app.log().count("failed 1.1.0") == 1

    count = len(gateway.reports)
    agent.stop()
    agent.start()
    agent.wait_log("not trying it again")
    gateway.publish(key, "1.2.0", model(2))
    last_report(gateway, "1.2.0")
    assert len(gateway.reports) == count + 1
    wait_until(lambda: seen.answers[-1] == "1.2.0")


def test_goes_back_when_the_command_fails(gateway, device, scratch):
    current = scratch / "cam-1" / "state" / "models" / "main" / "current"
    script = scratch / "picky"
    script.write_text(f"#!/bin/sh\ncase $(readlink {current}) in versions/1.1.0-*) exit 7;; esac\n")
    script.chmod(0o755)
    key, agent = device(f"main: restart {script}")
    gateway.publish(key, "1.1.0", model(1))
    slot = last_report(gateway, "1.1.0", "failed")
    assert slot["error"]["detail"] == f"'{script}' ended with status 7"
    assert agent.serves(model(0))


def test_keeps_the_first_version_though_its_reload_failed(gateway, scratch, track):
    """There is nothing to go back to: it is verified, and better than nothing."""
    key = signing.Key()
    agent = track(Agent(scratch / "cam-1", {"slot": {"reload": "main: restart exit 7"}}))
    agent.enroll(gateway.url(), "mfe_test", "cam-1", [key])
    gateway.publish(key, "1.0.0", model(0))
    agent.call("run", "--once", status=1)
    assert agent.serves(model(0))
    assert gateway.reported() == [("failed", "1.0.0", "reload-failed")]


def test_goes_back_when_nobody_answers_in_time(gateway, device, start_app, scratch):
    pidfile = scratch / "app.pid"
    key, agent = device(f"main: signal WINCH pidfile {pidfile}", reload_timeout="1s")
    app = start_app("signal", agent)
    pidfile.write_text(f"{app.pid}\n")  # WINCH means nothing to it
    gateway.publish(key, "1.1.0", model(1))
    slot = last_report(gateway, "1.1.0", "failed")
    assert "did not say within 1000 ms" in slot["error"]["detail"]
    assert agent.serves(model(0))


def test_a_version_in_use_is_not_removed(gateway, device, start_app, scratch):
    """The application holds 1.0.0 (it was stopped in mid-drain) while two more come."""
    key, agent = device("main: watch", reload_timeout="200ms")
    app = start_app("restart", agent)
    held = agent.current()
    agent.stop()
    agent.configure({"slot": {"reload": "main: signal WINCH pid 999999999"}})
    import json
    for number in (1, 2):
        gateway.publish(key, f"1.{number}.0", model(number))
        subprocess_once(agent)
        assert (held / "model.onnx").read_bytes() == model(0)
    app.stop()
    gateway.publish(key, "1.3.0", model(3))
    subprocess_once(agent)
    assert not held.exists()
    assert json.loads(agent.call("status", "--json", status=3).stdout)["slots"]["main"][
        "current"]["version"] == "1.3.0"


def subprocess_once(agent):
    """--once, with an application that does not know of this agent's socket."""
    agent.configure({"agent": {"socket": str(agent.directory / "other.sock")}})
    agent.call("run", "--once")


def test_an_application_outlives_its_agent(gateway, device, start_app, clients):
    """The agent is killed and started again: the application is connected to again, and told."""
    key, agent = device("main: notify")
    app = start_app("notify", agent)
    seen = clients()
    agent.kill()
    gateway.publish(key, "1.1.0", model(1))
    agent.start()
    last_report(gateway, "1.1.0")
    wait_until(lambda: seen.answers[-1] == "1.1.0")
    assert seen.failed == 0
    app.wait_log("^serving 1.1.0")
