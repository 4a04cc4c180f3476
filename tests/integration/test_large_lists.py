# SPDX-License-Identifier: Apache-2.0
"""Lists of the largest things that anybody can make the server store: cut, never fatal."""


def test_reports_as_large_as_they_can_be(operator, viewer, device, database):
    database.sql(f"""
        INSERT INTO device_report (device_id, workspace_id, sequence, received_at, envelope)
        SELECT d.id, d.workspace_id, n, now(),
               convert_to('{{"signatures":[],"signed":{{"x":"' || repeat('a', 65000) || '"}}}}',
                          'UTF8')
        FROM device d, generate_series(1, 1000) n WHERE d.name = '{device.name}'
    """)
    path = f"/api/v1/devices/{device.name}/reports"
    page = viewer.get(f"{path}?limit=1000").expect(200).json()
    assert 0 < len(page["items"]) < 1000 and page["next"]
    assert page["items"][0]["sequence"] == 1000
    viewer.get("/api/v1/whoami").expect(200)


def test_a_device_that_named_a_thousand_slots(viewer, device, database):
    database.sql(f"""
        INSERT INTO device_installed
            (device_id, workspace_id, slot, sequence, state, report, received_at)
        SELECT d.id, d.workspace_id, 'slot' || n, n, 'removed',
               jsonb_build_object('state', 'removed', 'x', repeat('a', 60000)), now()
        FROM device d, generate_series(1, 2000) n WHERE d.name = '{device.name}'
    """)
    shown = viewer.get(f"/api/v1/devices/{device.name}").expect(200).json()
    assert 0 < len(shown["installed"]) <= 64
    viewer.get("/api/v1/whoami").expect(200)
