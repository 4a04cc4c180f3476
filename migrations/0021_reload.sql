-- SPDX-License-Identifier: Apache-2.0
-- How a slot's application is to be told of another model, where that is not left to the device.

ALTER TABLE assignment_slot ADD COLUMN reload text
    CONSTRAINT assignment_slot_reload
    CHECK (reload IN ('watch', 'notify', 'signal', 'restart', 'reboot'));
COMMENT ON COLUMN assignment_slot.reload IS
    'Which of the device''s own rules it shall go by; NULL: the one that it prefers itself';
