-- SPDX-License-Identifier: Apache-2.0
-- Deletion for good of versions that were archived: their bytes go. The version itself, what was
-- signed, its lineage and its history stay, so that what ran somewhere can be explained for ever,
-- and so that no other version can ever bear its name.

ALTER TABLE version_state
    DROP CONSTRAINT version_state_status,
    DROP CONSTRAINT version_state_archived,
    ADD CONSTRAINT version_state_status
        CHECK (status IN ('draft', 'published', 'archived', 'deleted')),
    ADD CONSTRAINT version_state_archived
        CHECK ((status IN ('archived', 'deleted')) = (archived_at IS NOT NULL)
        AND (archived_at IS NULL) = (archived_by IS NULL)
        AND (archived_at IS NULL) = (archive_reason IS NULL));
COMMENT ON COLUMN version_state.status IS
    'draft, published, archived: published, but out of use until it is restored; or deleted: '
    'archived once, and its bytes are gone for good';

CREATE FUNCTION version_state_refuse_return() RETURNS trigger
    LANGUAGE plpgsql
    AS $$ BEGIN RAISE EXCEPTION 'version % is deleted and never comes back', OLD.version_id; END $$;
COMMENT ON FUNCTION version_state_refuse_return IS 'Not even a bug may use what has no bytes';
CREATE TRIGGER version_state_deleted BEFORE UPDATE OR DELETE ON version_state
    FOR EACH ROW WHEN (OLD.status = 'deleted') EXECUTE FUNCTION version_state_refuse_return();
COMMENT ON TRIGGER version_state_deleted ON version_state IS 'Deletion is final';

CREATE TABLE version_deletion (
    version_id bigint NOT NULL CONSTRAINT version_deletion_pkey PRIMARY KEY,
    workspace_id bigint NOT NULL,
    deleted_at timestamptz NOT NULL,
    deleted_by text NOT NULL CONSTRAINT version_deletion_deleted_by
        CHECK (length(deleted_by) BETWEEN 1 AND 128),
    reason text NOT NULL CONSTRAINT version_deletion_reason CHECK (octet_length(reason) <= 4096),
    CONSTRAINT version_deletion_version_fkey FOREIGN KEY (workspace_id, version_id)
        REFERENCES model_version (workspace_id, id)
);
COMMENT ON TABLE version_deletion IS
    'Versions that were deleted: the tombstone beside the version, which never changes';
COMMENT ON COLUMN version_deletion.version_id IS 'A published version that was archived before';
COMMENT ON COLUMN version_deletion.workspace_id IS 'Of the version';
COMMENT ON COLUMN version_deletion.deleted_at IS 'When it was deleted';
COMMENT ON COLUMN version_deletion.deleted_by IS 'Name of the token that deleted it';
COMMENT ON COLUMN version_deletion.reason IS 'Why; may be empty';
COMMENT ON INDEX version_deletion_pkey IS 'By version: whether it was deleted';
CREATE TRIGGER version_deletion_stays BEFORE UPDATE OR DELETE ON version_deletion
    FOR EACH ROW EXECUTE FUNCTION history_refuse_change();
COMMENT ON TRIGGER version_deletion_stays ON version_deletion IS 'Rows are only added';

COMMENT ON COLUMN variant_artifact.artifact_id IS
    'The stored bytes, which it keeps from being collected; NULL while a draft still lacks them, '
    'and once its version was deleted';

-- What devices have, by the version that they name: who deletes one must find them.
CREATE INDEX device_installed_version ON device_installed (workspace_id, model, version)
    WHERE state = 'installed';
COMMENT ON INDEX device_installed_version IS 'Which devices have a version installed';
CREATE INDEX device_installed_previous ON device_installed
    (workspace_id, (report #>> '{previous,model}'), (report #>> '{previous,version}'))
    WHERE report #>> '{previous,model}' IS NOT NULL;
COMMENT ON INDEX device_installed_previous IS 'Which devices can go back to a version';

-- Two that let go of the same artifact at the same time each saw the other's tie, so that nobody
-- said that it is unused and its bytes stayed for ever. The artifact's row makes them take turns.
CREATE OR REPLACE FUNCTION variant_artifact_follow() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    IF TG_OP <> 'INSERT' THEN
        PERFORM FROM artifact WHERE id = OLD.artifact_id FOR NO KEY UPDATE;
        -- Another statement, so that it sees what was committed until the lock was had.
        UPDATE artifact SET unused_since = now()
            WHERE id = OLD.artifact_id AND NOT EXISTS
                (SELECT FROM variant_artifact f WHERE f.artifact_id = OLD.artifact_id);
    END IF;
    IF TG_OP <> 'DELETE' THEN
        UPDATE artifact SET unused_since = NULL
            WHERE id = NEW.artifact_id AND unused_since IS NOT NULL;
    END IF;
    RETURN NULL;
END $$;
UPDATE artifact a SET unused_since = now() WHERE unused_since IS NULL
    AND NOT EXISTS (SELECT FROM variant_artifact f WHERE f.artifact_id = a.id);
