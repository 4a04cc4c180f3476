-- SPDX-License-Identifier: Apache-2.0
-- The key with which the server signs what it says about the past: reports, and checkpoints of the
-- audit log. Kept as the online keys of the TUF repositories are, though no root names it.

ALTER TABLE tuf_online_key
    DROP CONSTRAINT tuf_online_key_repository,
    ADD CONSTRAINT tuf_online_key_repository
        CHECK (repository IN ('image', 'director', 'audit'));
COMMENT ON TABLE tuf_online_key IS
    'Keys that the server signs with by itself: snapshot and timestamp of the image repository, '
    'everything of the director but its root, and what it says about the past';
COMMENT ON COLUMN tuf_online_key.repository IS
    'image or director; audit: reports, and checkpoints of the audit log';
COMMENT ON COLUMN tuf_online_key.retired_at IS
    'From then on it is offered to no new root; it signs as long as the root in force names it. '
    'An audit key signs nothing any more';
