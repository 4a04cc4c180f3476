-- SPDX-License-Identifier: Apache-2.0
-- What was read from model files before the variants that they belong to became visible.

CREATE TABLE artifact_format (
    workspace_id bigint NOT NULL,
    variant_id bigint NOT NULL,
    position smallint NOT NULL,
    info jsonb NOT NULL CONSTRAINT artifact_format_info
        CHECK (octet_length(info::text) <= 2097152),
    format text NOT NULL GENERATED ALWAYS AS (info ->> 'format') STORED
        CONSTRAINT artifact_format_format CHECK (length(format) BETWEEN 1 AND 32),
    CONSTRAINT artifact_format_pkey PRIMARY KEY (variant_id, position),
    CONSTRAINT artifact_format_artifact_fkey FOREIGN KEY (variant_id, position)
        REFERENCES variant_artifact (variant_id, position) ON DELETE CASCADE,
    CONSTRAINT artifact_format_variant_fkey FOREIGN KEY (workspace_id, variant_id)
        REFERENCES variant (workspace_id, id) ON DELETE CASCADE
);
COMMENT ON TABLE artifact_format IS
    'What model files of published variants say of themselves; files of no known format have no row';
COMMENT ON COLUMN artifact_format.workspace_id IS 'Of the variant';
COMMENT ON COLUMN artifact_format.variant_id IS 'The variant';
COMMENT ON COLUMN artifact_format.position IS 'Which of its artifacts';
COMMENT ON COLUMN artifact_format.info IS
    'Inputs, outputs, parameters and so on, as docs/FORMATS.md has them';
COMMENT ON COLUMN artifact_format.format IS 'Such as onnx';
COMMENT ON INDEX artifact_format_pkey IS 'What a version''s files say';
CREATE INDEX artifact_format_format ON artifact_format (workspace_id, format);
COMMENT ON INDEX artifact_format_format IS 'Which variants have files of a format';
