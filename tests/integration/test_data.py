# SPDX-License-Identifier: Apache-2.0
"""The committed models are what their training script makes."""

import hashlib
import json
import pathlib
import subprocess

import pytest

DATA = pathlib.Path(__file__).resolve().parents[1] / "data"


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A folder with the models, trained anew."""
    folder = tmp_path_factory.mktemp("digits")
    subprocess.run(["/usr/bin/python3", "-B", DATA / "train.py", folder], check=True,
                   capture_output=True, timeout=600)
    return folder


@pytest.mark.parametrize("name", ["digits-1.onnx", "digits-2.onnx", "digits.json"])
def test_training_reproduces_the_committed_file(trained, name):
    assert (trained / name).read_bytes() == (DATA / name).read_bytes()


def test_the_model_files_of_other_formats_are_what_their_script_writes(tmp_path):
    subprocess.run(["/usr/bin/python3", "-B", DATA / "formats/make.py", tmp_path], check=True,
                   capture_output=True, timeout=600)
    written = sorted(path.name for path in tmp_path.iterdir())
    kept = {path.name for path in (DATA / "formats").iterdir()} - set(written)
    assert kept == {"README.md", "make.py", "make_torchscript.py", "module.pt", "protobuf.py"}
    for name in written:
        assert (tmp_path / name).read_bytes() == (DATA / "formats" / name).read_bytes(), name


def test_the_description_is_of_these_files():
    for entry in json.loads((DATA / "digits.json").read_text()):
        data = (DATA / entry["file"]).read_bytes()
        assert entry["length"] == len(data)
        assert entry["sha256"] == hashlib.sha256(data).hexdigest()


def test_the_second_model_predicts_better():
    first, second = json.loads((DATA / "digits.json").read_text())
    assert float(first["metrics"]["accuracy"]) > 0.7
    assert float(second["metrics"]["accuracy"]) > float(first["metrics"]["accuracy"]) + 0.1
