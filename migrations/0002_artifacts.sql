-- SPDX-License-Identifier: Apache-2.0
--
-- Artifact bytes. Contents are cut into content-defined chunks; equal chunks of one workspace are
-- stored once. docs/PERFORMANCE.md has the figures behind the layout of chunk_page.

CREATE TABLE chunk (
    id           bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT chunk_pkey PRIMARY KEY,
    workspace_id bigint NOT NULL REFERENCES workspace (id),
    digest       bytea NOT NULL CHECK (octet_length(digest) = 32),
    size_bytes   integer NOT NULL CHECK (size_bytes BETWEEN 1 AND 1048576),
    stored_bytes integer NOT NULL CHECK (stored_bytes BETWEEN 1 AND size_bytes),
    encoding     smallint NOT NULL CHECK (encoding IN (0, 1)),
    CONSTRAINT chunk_digest UNIQUE (workspace_id, digest)
);
COMMENT ON TABLE chunk IS 'A run of bytes that artifacts and uploads of one workspace share';
COMMENT ON COLUMN chunk.id IS 'Names the chunk in content_chunk and chunk_page';
COMMENT ON COLUMN chunk.workspace_id IS 'Chunks are never shared between workspaces';
COMMENT ON COLUMN chunk.digest IS 'SHA-256 of the bytes, before encoding';
COMMENT ON COLUMN chunk.size_bytes IS 'How many bytes it stands for';
COMMENT ON COLUMN chunk.stored_bytes IS 'How many bytes its pages hold together';
COMMENT ON COLUMN chunk.encoding IS '0: as they are; 1: one zstd frame';
COMMENT ON INDEX chunk_pkey IS 'Finds the chunks of a slice';
COMMENT ON INDEX chunk_digest IS 'Finds equal chunks during an upload';

CREATE TABLE chunk_page (
    chunk_id bigint NOT NULL,
    n        integer NOT NULL CHECK (n >= 0),
    data     bytea NOT NULL,
    CONSTRAINT chunk_page_pkey PRIMARY KEY (chunk_id, n)
) WITH (autovacuum_vacuum_insert_scale_factor = 1, toast_tuple_target = 8160);
ALTER TABLE chunk_page ALTER COLUMN data SET STORAGE PLAIN;
COMMENT ON TABLE chunk_page IS
    'The bytes of chunks, one row a heap page, never out of line. Rows are written and removed '
    'only together with their chunk; a foreign key would check each row again at a third of the '
    'speed of an upload';
COMMENT ON COLUMN chunk_page.chunk_id IS 'Whose bytes';
COMMENT ON COLUMN chunk_page.n IS 'Position within the chunk, from 0';
COMMENT ON COLUMN chunk_page.data IS 'At most 8,120 bytes: all that fits one page';
COMMENT ON INDEX chunk_page_pkey IS 'Reads the bytes of chunks in order; removes them';

CREATE TABLE content (
    id           bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT content_pkey PRIMARY KEY,
    workspace_id bigint NOT NULL REFERENCES workspace (id),
    created_at   timestamptz NOT NULL DEFAULT now(),
    discarded_at timestamptz
);
COMMENT ON TABLE content IS
    'A sequence of chunks: what an artifact consists of, what an upload has so far, or garbage';
COMMENT ON COLUMN content.id IS 'Names the sequence; also the advisory lock of who writes to it';
COMMENT ON COLUMN content.workspace_id IS 'Of all its chunks';
COMMENT ON COLUMN content.created_at IS 'When its first byte was announced';
COMMENT ON COLUMN content.discarded_at IS 'Set: nothing refers to it any more, to be reclaimed';
CREATE INDEX content_discarded ON content (discarded_at) WHERE discarded_at IS NOT NULL;
COMMENT ON INDEX content_pkey IS 'Joins with artifact, upload and content_chunk';
COMMENT ON INDEX content_discarded IS 'Finds what to reclaim, oldest first';

CREATE TABLE content_chunk (
    content_id bigint NOT NULL REFERENCES content (id),
    start_byte bigint NOT NULL CHECK (start_byte >= 0),
    chunk_id   bigint NOT NULL REFERENCES chunk (id),
    CONSTRAINT content_chunk_pkey PRIMARY KEY (content_id, start_byte)
);
COMMENT ON TABLE content_chunk IS 'Which chunks a content consists of, without gaps or overlaps';
COMMENT ON COLUMN content_chunk.content_id IS 'The content';
COMMENT ON COLUMN content_chunk.start_byte IS 'Where in the content the chunk begins';
COMMENT ON COLUMN content_chunk.chunk_id IS 'The chunk; a reference keeps it from being reclaimed';
CREATE INDEX content_chunk_chunk ON content_chunk (chunk_id);
COMMENT ON INDEX content_chunk_pkey IS 'Finds the chunks of a slice of a content';
COMMENT ON INDEX content_chunk_chunk IS 'Tells whether anything still refers to a chunk';

CREATE TABLE artifact (
    id           bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT artifact_pkey PRIMARY KEY,
    workspace_id bigint NOT NULL REFERENCES workspace (id),
    sha256       bytea NOT NULL CHECK (octet_length(sha256) = 32),
    size_bytes   bigint NOT NULL CHECK (size_bytes >= 0),
    content_id   bigint NOT NULL REFERENCES content (id),
    created_at   timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT artifact_sha256 UNIQUE (workspace_id, sha256) INCLUDE (size_bytes),
    CONSTRAINT artifact_content UNIQUE (content_id)
);
COMMENT ON TABLE artifact IS 'Complete, immutable bytes whose digest was checked';
COMMENT ON COLUMN artifact.id IS 'Names the artifact within the database';
COMMENT ON COLUMN artifact.workspace_id IS 'Whose it is';
COMMENT ON COLUMN artifact.sha256 IS 'SHA-256 of all of its bytes: its name';
COMMENT ON COLUMN artifact.size_bytes IS 'Its length';
COMMENT ON COLUMN artifact.content_id IS 'Its bytes';
COMMENT ON COLUMN artifact.created_at IS 'When its upload was completed';
COMMENT ON INDEX artifact_pkey IS 'Joins with what refers to artifacts';
COMMENT ON INDEX artifact_sha256 IS 'Finds an artifact by its name; sums up a workspace';
COMMENT ON INDEX artifact_content IS 'A content is of one artifact at most';

CREATE TABLE upload (
    id           uuid NOT NULL DEFAULT gen_random_uuid() CONSTRAINT upload_pkey PRIMARY KEY,
    workspace_id bigint NOT NULL REFERENCES workspace (id),
    content_id   bigint REFERENCES content (id),
    sha256       bytea NOT NULL CHECK (octet_length(sha256) = 32),
    length_bytes bigint NOT NULL CHECK (length_bytes >= 0),
    offset_bytes bigint NOT NULL DEFAULT 0 CHECK (offset_bytes BETWEEN 0 AND length_bytes),
    tail_bytes   integer NOT NULL DEFAULT 0 CHECK (tail_bytes BETWEEN 0 AND offset_bytes),
    hash_state   bytea NOT NULL CHECK (octet_length(hash_state) = 104),
    metadata     text NOT NULL DEFAULT '' CHECK (octet_length(metadata) <= 4096),
    created_by   text NOT NULL CHECK (octet_length(created_by) <= 256),
    created_at   timestamptz NOT NULL DEFAULT now(),
    expires_at   timestamptz NOT NULL,
    completed_at timestamptz,
    CONSTRAINT upload_content UNIQUE (content_id),
    CONSTRAINT upload_complete CHECK ((completed_at IS NULL) = (content_id IS NOT NULL)),
    CONSTRAINT upload_whole CHECK (completed_at IS NULL OR offset_bytes = length_bytes)
);
COMMENT ON TABLE upload IS 'A tus upload: in progress, or complete and kept until it expires';
COMMENT ON COLUMN upload.id IS 'The last segment of its URL';
COMMENT ON COLUMN upload.workspace_id IS 'Whose it is';
COMMENT ON COLUMN upload.content_id IS 'What was stored so far; moves to the artifact at the end';
COMMENT ON COLUMN upload.sha256 IS 'What the bytes must hash to';
COMMENT ON COLUMN upload.length_bytes IS 'How many bytes it will have; counts against the quota';
COMMENT ON COLUMN upload.offset_bytes IS
    'How many were stored and hashed; chunks of the content beyond it are leftovers';
COMMENT ON COLUMN upload.tail_bytes IS
    'How many of these are in a last chunk that was cut early and grows when the upload resumes';
COMMENT ON COLUMN upload.hash_state IS 'State of SHA-256 at offset_bytes';
COMMENT ON COLUMN upload.metadata IS 'Upload-Metadata, as the client sent it';
COMMENT ON COLUMN upload.created_by IS 'Name of the token that created it';
COMMENT ON COLUMN upload.created_at IS 'When it was created';
COMMENT ON COLUMN upload.expires_at IS 'When it is removed; moves on with every byte stored';
COMMENT ON COLUMN upload.completed_at IS 'When the artifact came to be; NULL while in progress';
CREATE INDEX upload_expiry ON upload (expires_at);
CREATE INDEX upload_workspace ON upload (workspace_id, length_bytes) WHERE completed_at IS NULL;
COMMENT ON INDEX upload_pkey IS 'Finds an upload by its URL';
COMMENT ON INDEX upload_content IS 'A content is of one upload at most';
COMMENT ON INDEX upload_expiry IS 'Finds what has expired';
COMMENT ON INDEX upload_workspace IS 'Sums up what the uploads of a workspace will need';
