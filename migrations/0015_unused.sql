-- SPDX-License-Identifier: Apache-2.0
-- Which artifacts no version has, and since when, so that their bytes are freed in the end. Who
-- ties an artifact to a variant, or lets one go, cannot forget to say so: triggers do it.

ALTER TABLE artifact ADD COLUMN unused_since timestamptz DEFAULT now();
COMMENT ON COLUMN artifact.unused_since IS
    'When it was last uploaded, asked for, or dropped by a version; NULL: a version has it';
UPDATE artifact a SET unused_since = NULL
    WHERE EXISTS (SELECT FROM variant_artifact f WHERE f.artifact_id = a.id);
CREATE INDEX artifact_unused ON artifact (unused_since) WHERE unused_since IS NOT NULL;
COMMENT ON INDEX artifact_unused IS 'Finds what to reclaim, oldest first';

CREATE FUNCTION variant_artifact_follow() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    IF TG_OP <> 'INSERT' THEN
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
COMMENT ON FUNCTION variant_artifact_follow IS 'Keeps artifact.unused_since';
CREATE TRIGGER variant_artifact_follow_tie AFTER INSERT ON variant_artifact
    FOR EACH ROW WHEN (NEW.artifact_id IS NOT NULL) EXECUTE FUNCTION variant_artifact_follow();
COMMENT ON TRIGGER variant_artifact_follow_tie ON variant_artifact IS 'A version has it';
CREATE TRIGGER variant_artifact_follow_move AFTER UPDATE OF artifact_id ON variant_artifact
    FOR EACH ROW WHEN (OLD.artifact_id IS DISTINCT FROM NEW.artifact_id)
    EXECUTE FUNCTION variant_artifact_follow();
COMMENT ON TRIGGER variant_artifact_follow_move ON variant_artifact IS
    'A draft got it, or a version let it go';
CREATE TRIGGER variant_artifact_follow_drop AFTER DELETE ON variant_artifact
    FOR EACH ROW WHEN (OLD.artifact_id IS NOT NULL) EXECUTE FUNCTION variant_artifact_follow();
COMMENT ON TRIGGER variant_artifact_follow_drop ON variant_artifact IS 'A draft that was deleted had it';
