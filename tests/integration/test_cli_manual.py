# SPDX-License-Identifier: Apache-2.0
"""modelferry(1) and the command table say the same."""

import re
import subprocess

import pytest

from ferry import paths
from ferry.process import environment

PAGE = (paths.ROOT / "docs/man/modelferry.1").read_text()


def help_of(*words):
    done = subprocess.run([paths.program("modelferry"), "help", *words], env=environment(),
                          capture_output=True, text=True, check=True)
    return done.stdout


@pytest.fixture(scope="module")
def commands():
    """The words of every command, from the overview."""
    listed = help_of().split("commands:\n")[1].split("\n\n")[0]
    return [re.match(r"  (\S+(?: \S+)*?)\s{2,}", line).group(1) for line in listed.splitlines()]


def flags_in(help_text):
    return set(re.findall(r"^  (?:-\w, |    )--([a-z-]+)", help_text, re.M))


def items(page):
    """What each .It of the COMMANDS section documents: words -> (operands, flags)."""
    section = page.split(".Sh COMMANDS\n")[1].split(".Sh ")[0]
    found = {}
    words = None
    for line in section.splitlines():
        command = re.match(r"\.It Cm (.+)", line)
        if command:
            text = re.sub(r"\b(Oo|Oc|Ar)\b ?", lambda m: {"Oo": "[", "Oc": "]"}.get(m[1], ""),
                          command.group(1))
            words = re.match(r"[a-z]+(?: [a-z]+)*", command.group(1)).group(0)
            found[words] = (text, set())
        flag = re.match(r"\.It (?:Fl \w , )?Fl Fl ([a-z-]+)", line)
        if flag:
            found[words][1].add(flag.group(1))
    return found


def test_the_manual_has_every_command_and_no_other(commands):
    assert sorted(items(PAGE)) == sorted(commands)


def test_the_manual_has_every_flag_and_no_other(commands):
    common = flags_in(help_of().split("common options:\n")[1])
    documented = items(PAGE)
    for words in commands:
        own = flags_in(help_of(*words.split()).split("common options:\n")[0])
        assert documented[words][1] == own, words
    section = PAGE.split(".Sh OPTIONS\n")[1].split(".Sh ")[0]
    assert set(re.findall(r"Fl Fl ([a-z-]+)", section)) == common


def test_the_manual_has_the_operands_of_every_command(commands):
    for words in commands:
        usage = re.match(r"usage: modelferry (.*)", help_of(*words.split())).group(1)
        operands = re.findall(r"[A-Z][A-Z@]+", usage.replace("[OPTIONS]", ""))
        assert re.findall(r"[A-Z][A-Z@]+", items(PAGE)[words][0]) == operands, words


def test_the_manual_has_every_exit_status():
    header = (paths.ROOT / "client/cli/cli.h").read_text()
    statuses = set(re.findall(r"CLI_[A-Z_]+ = (\d+)", header))
    section = PAGE.split(".Sh EXIT STATUS\n")[1].split(".Sh ")[0]
    assert set(re.findall(r"^\.It (\d+)$", section, re.M)) == statuses
