-- SPDX-License-Identifier: Apache-2.0
-- A report's nonce: what was seen once is refused, under whatever sequence it comes again.

ALTER TABLE device_report ADD COLUMN nonce bytea
    CONSTRAINT device_report_nonce CHECK (octet_length(nonce) = 16);
COMMENT ON COLUMN device_report.nonce IS 'Random, as the device signed it; none in reports of old';
CREATE UNIQUE INDEX device_report_nonce_key ON device_report (device_id, nonce)
    WHERE nonce IS NOT NULL;
COMMENT ON INDEX device_report_nonce_key IS 'Of two reports with one nonce the second fails here';
