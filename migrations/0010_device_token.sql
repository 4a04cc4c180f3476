-- SPDX-License-Identifier: Apache-2.0
-- An instance that meets a token it does not know yet looks it up: the device may have enrolled, or
-- have got the token, at another instance a moment ago.

CREATE INDEX device_token ON device (token_sha256) WHERE state = 'active';
COMMENT ON INDEX device_token IS 'Whose token it is, where the roster does not know it yet';
CREATE INDEX device_next_token ON device (next_token_sha256)
    WHERE state = 'active' AND next_token_sha256 IS NOT NULL;
COMMENT ON INDEX device_next_token IS 'Likewise for a token that was not used yet';
