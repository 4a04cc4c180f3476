# SPDX-License-Identifier: Apache-2.0
"""Every module has its header and its unit test at the mirrored path."""

import pathlib

import lintlib

# Modules that are nothing without PostgreSQL, a socket or the modules around them, and the test
# that drives them (what stands behind ':' is for readers).
TESTED_ELSEWHERE = {
    "server/core/registry/aliases.c": "tests/integration/test_life.py: aliases",
    "server/core/registry/approvals.c": "tests/integration/test_life.py: approvals",
    "server/core/registry/archive.c": "tests/integration/test_life.py: archive",
    "server/core/registry/deletions.c": "tests/integration/test_deletion.py",
    "server/core/registry/notes.c": "tests/integration/test_life.py: notes",
    "server/core/registry/formats.c": "tests/integration/test_formats.py",
    "server/core/registry/version_envelope.c": "tests/unit/core/registry/test_versions.c",
    "server/core/registry/variants.c": "tests/integration/test_variants.py",
    "server/core/registry/registry.c": "tests/integration/test_life.py",
    "server/core/registry/rules.c": "tests/integration/test_life.py: aliases, approvals",
    "server/core/registry/search.c": "tests/integration/test_search.py",
    "server/core/registry/search_find.c": "tests/integration/test_search.py",
    "server/core/registry/search_terms.c": "tests/integration/test_search.py",
    "server/core/fleet/desired.c": "tests/integration/test_desired.py",
    "server/core/fleet/desired_slots.c": "tests/unit/core/fleet/test_desired.c",
    "server/core/fleet/devices.c": "tests/integration/test_enrolment.py",
    "server/core/fleet/enrolments.c": "tests/integration/test_enrolment.py",
    "server/core/lineage/explain.c": "tests/integration/test_explain.py",
    "server/core/audit/audit_report.c": "tests/integration/test_explain.py: signed, unsigned, edited",
    "server/core/fleet/facts.c": "tests/integration/test_enrolment.py",
    "server/core/fleet/reports.c": "tests/integration/test_reports.py",
    "server/core/lineage/walk.c": "tests/integration/test_lineage_walk.py",
    "server/core/lineage/walk_ahead.c": "tests/integration/test_lineage_walk.py: deep graphs",
    "server/core/lineage/walk_diff.c": "tests/integration/test_lineage_walk.py",
    "server/core/lineage/walk_level.c": "tests/integration/test_lineage_walk.py",
    "server/core/lineage/walk_rim.c": "tests/integration/test_lineage_devices.py",
    "server/http/download_stream.c": "tests/integration/test_downloads.py",
    "server/http/etag.c": "tests/integration/test_downloads.py",
    "server/app.c": "tests/integration/test_server.py",
    "server/commands.c": "tests/integration/test_server.py",
    "server/dev.c": "deploy/quickstart",
    "server/schema.c": "tests/integration/test_outage.py",
    "client/agent/chores.c": "tests/integration/test_agent.py: tokens, attributes",
    "client/agent/daemon.c": "tests/integration/test_agent.py",
    "client/agent/enroll.c": "tests/integration/test_agent.py: enrolment",
    "client/agent/status.c": "tests/e2e/test_reload.py",
    "client/agent/withdrawn.c": "tests/integration/test_recovery.py",
    "server/core/audit/checkpoints.c": "tests/integration/test_audit_verify.py",
    "client/cli/audit/audit_chain.c": "tests/integration/test_audit_verify.py",
    "client/cli/audit/audit_memory.c": "tests/integration/test_audit_verify.py",
    "client/cli/audit/audit_source.c": "tests/integration/test_audit_verify.py",
    "client/cli/access/credential.c": "tests/integration/test_cli.py: tokens, enrolments",
    "client/cli/export/export_index.c": "tests/integration/test_export.py",
    "client/cli/export/import_trust.c": "tests/integration/test_export.py",
    "client/cli/export/import_notes.c": "tests/integration/test_export.py",
    "client/cli/export/export_notes.c": "tests/integration/test_export.py",
    "client/cli/export/import_check.c": "tests/integration/test_export.py",
    "client/cli/export/bundle.c": "tests/integration/test_export.py",
    "client/cli/subject.c": "tests/integration/test_cli_registry.py",
    "client/cli/trust/additions.c": "tests/integration/test_variants.py: pull, release",
    "client/cli/trust/ceremony.c": "tests/integration/test_rotation.py",
    "client/cli/publish/describe.c": "tests/integration/test_formats.py",
    "client/cli/publish/inspection.c": "tests/integration/test_formats.py",
    "client/cli/lineage/flags_lineage.c": "tests/integration/test_cli_manual.py",
    "client/cli/registry/flags_registry.c": "tests/integration/test_cli_manual.py",
    "client/cli/trust/key_swap.c": "tests/integration/test_rotation.py",
    "client/cli/lineage/lineage_spool.c": "tests/integration/test_run.py: what waits for the server",
    "client/cli/trust/listing_check.c": "tests/integration/test_rotation.py",
    "client/cli/keys/online_key.c": "tests/integration/test_rotation.py",
    "client/cli/trust/review.c": "tests/integration/test_rotation.py",
    "client/cli/trust/root_change.c": "tests/integration/test_rotation.py",
    "client/cli/trust/rotation.c": "tests/integration/test_rotation.py",
    "client/cli/trust/workspace.c": "tests/integration/test_trust.py",
    "client/cli/trust/proposal.c": "tests/integration/test_trust.py",
    "client/cli/trust/release.c": "tests/integration/test_trust.py",
    "client/cli/trust/root_parts.c": "tests/integration/test_trust.py",
    "client/cli/trust/trust.c": "tests/integration/test_trust.py",
    "client/cli/trust/trust_role.c": "tests/integration/test_rotation.py",
    "client/cli/trust/trust_roots.c": "tests/integration/test_rotation.py",
    "client/cli/trust/trust_bundle.c": "tests/integration/test_trust.py",
}

# Layers whose modules speak to PostgreSQL, a socket or a whole program: integration tests cover
# them, and a unit test would only restate them.
INTEGRATION_LAYERS = ("server/db/q_", "server/api/", "server/device/", "server/image/")

ROOTS = ("common/", "server/", "client/")


def _wanted(path):
    """Where the test may be: at the module's name, or at that of the module it is a part of
    (options_value.c is tested by test_options.c)."""
    folder = pathlib.Path("tests/unit", *path.parts[1:-1])
    stems = [path.stem]
    while "_" in stems[-1]:
        stems.append(stems[-1].rsplit("_", 1)[0])
    # What is common to a layer's topics (cli/keys/cmd_keys.c, cli/fleet/cmd_device.c) is tested in
    # the layer's own folder.
    folders = [folder, folder.parent] if len(path.parts) > 3 else [folder]
    return [str(place / f"test_{stem}.c") for place in folders for stem in stems]


def check(tree):
    """A module is .h, .c and test_*.c."""
    tests = {str(path) for path in tree.files("*.c") if str(path).startswith("tests/unit/")}
    headers = {str(path) for path in tree.files("*.h")}
    for path in tree.files("*.c"):
        name = str(path)
        if not name.startswith(ROOTS) or path.stem == "main":
            continue
        if name[:-2] + ".h" not in headers:
            yield f"{name}: no {path.stem}.h beside it: the header is the contract"
        if name in TESTED_ELSEWHERE or name.startswith(INTEGRATION_LAYERS):
            continue
        wanted = _wanted(path)
        if not tests.intersection(wanted):
            yield f"{name}: no {wanted[0]}"
    if not (tree.root / "tests/lint/mirrored.py").is_file():
        return
    for name, test in sorted(TESTED_ELSEWHERE.items()):
        for path in (name, test.partition(":")[0]):
            if not (tree.root / path).is_file():
                yield f"tests/lint/mirrored.py: '{path}' is gone: mend the entry of '{name}'"


if __name__ == "__main__":
    lintlib.main(check)
