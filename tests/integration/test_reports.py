# SPDX-License-Identifier: Apache-2.0
"""Signed reports of devices."""

import json

from ferry import signing


def installed(version="1.0.0", **more):
    return {"state": "installed", "model": "digits", "version": version,
            "variant": "raw/cpu/fp32", "manifest_sha256": "ab" * 32, "reload": "notify",
            "gap_us": 184, "gap_source": "application", "duration_ms": 912, **more}


def test_a_report_is_kept_and_shown(operator, device):
    assert device.report(1, {"main": installed()}, 7).expect(200).json() == {"accepted": True}
    failed = {"state": "failed", "model": "digits", "version": "2.0.0",
              "error": {"code": "arbitrary-software", "detail": "no"}}
    device.report(5, {"main": installed("1.1.0"), "side": failed}).expect(200)

    seen = operator.get(f"/api/v1/devices/{device.name}").json()["installed"]
    assert (seen["main"]["version"], seen["main"]["gap_us"], seen["main"]["sequence"]) == (
        "1.1.0", 184, 5)
    assert seen["side"]["error"]["code"] == "arbitrary-software"
    reports = list(operator.items(f"/api/v1/devices/{device.name}/reports", limit=1))
    assert [report["sequence"] for report in reports] == [5, 1]
    envelope = reports[0]["report"]
    device.key.private.public_key().verify(bytes.fromhex(envelope["signatures"][0]["sig"]),
                                           signing.canonical(envelope["signed"]))


def test_a_replay_is_refused(device, operator):
    device.report(3, {"main": installed()}).expect(200)
    for sequence in (3, 2, 1):
        refused = device.report(sequence, {"main": installed("0.0.1")}).expect(409)
        assert refused.problem == "report-replayed" and refused.json()["last_sequence"] == 3
    assert operator.get(f"/api/v1/devices/{device.name}").json()["installed"]["main"][
        "version"] == "1.0.0"
    device.report(4, {"main": installed()}).expect(200)


def test_only_the_device_s_own_key_counts(device, enroll):
    other = enroll("other")
    signed = signing.report(device.id, 1, {"main": installed()})
    refused = device.post("/device/v1/reports", other.key.envelope(signed)).expect(403)
    assert refused.problem == "bad-signature" and device.key.keyid in refused.json()["detail"]
    refused = other.post("/device/v1/reports", other.key.envelope(signed)).expect(409)
    assert refused.problem == "report-of-other-device"
    refused = device.post("/device/v1/reports", {"signatures": [], "signed": signed}).expect(403)
    assert refused.problem == "bad-signature"
    envelope = device.key.envelope(signed)
    envelope["signed"]["slots"]["main"]["version"] = "6.6.6"
    assert device.post("/device/v1/reports", envelope).expect(403).problem == "bad-signature"


def test_mistakes_are_named(device):
    assert device.report(0, {}).expect(400).problem == "invalid-field"
    assert device.report(1, {"main": {"state": "dancing"}}).expect(400).problem == "invalid-field"
    assert device.report(1, {}, color="red").expect(400).problem == "unknown-field"
    assert device.post("/device/v1/reports", body=b"{").expect(400).problem == "malformed-json"
    large = json.dumps({"signatures": [], "signed": {"x": "y" * 70000}}).encode()
    assert device.post("/device/v1/reports", body=large).expect(413).problem == "too-large"


def test_old_reports_are_forgotten(database, device, operator):
    device.report(1, {"main": installed()}).expect(200)
    database.sql("INSERT INTO device_report (device_id, workspace_id, sequence, received_at,"
                 " envelope) SELECT device_id, workspace_id, n, now(), envelope FROM device_report,"
                 " generate_series(2, 1200) AS n")
    database.sql("UPDATE device SET report_sequence = 1200")
    device.report(1201, {"main": installed()}).expect(200)
    assert database.value("SELECT count(*) FROM device_report") == "1000"
    first = operator.get(f"/api/v1/devices/{device.name}/reports?limit=1").json()["items"][0]
    assert first["sequence"] == 1201
