# SPDX-License-Identifier: Apache-2.0
"""Fixtures for every test below: see ferry/fixtures.py."""

pytest_plugins = ["ferry.fixtures"]
