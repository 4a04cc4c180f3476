#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Writes module.pt, a TorchScript module, with Debian's python3-torch (1.13).

usage: tests/data/formats/make_torchscript.py [DIRECTORY]      (default: beside this file)

PyTorch is too large for an installation that only runs tests, so that the file is kept, and this
script beside it.
"""

import pathlib
import sys

import torch


class Module(torch.nn.Module):
    """One layer."""

    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(4, 3)

    def forward(self, x):
        return torch.relu(self.layer(x))


def main():
    folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else __file__).resolve()
    folder = folder if folder.is_dir() else folder.parent
    torch.manual_seed(1)
    torch.jit.script(Module()).save(str(folder / "module.pt"))


if __name__ == "__main__":
    main()
