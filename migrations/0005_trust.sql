-- SPDX-License-Identifier: Apache-2.0
-- The two TUF repositories of a workspace: the image repository, which publishers sign, and the
-- director, which says what each device shall run. TUF 1.0.33, chapter 4; Uptane 2.1, 5.3.

CREATE TABLE tuf_online_key (
    workspace_id bigint NOT NULL CONSTRAINT tuf_online_key_workspace_fkey REFERENCES workspace (id),
    repository text NOT NULL CONSTRAINT tuf_online_key_repository
        CHECK (repository IN ('image', 'director')),
    keyid sha256 NOT NULL,
    key text NOT NULL CONSTRAINT tuf_online_key_key
        CHECK (octet_length(key) <= 8192 AND key::json IS NOT NULL),
    sealed bytea NOT NULL CONSTRAINT tuf_online_key_sealed CHECK (octet_length(sealed) <= 1024),
    created_at timestamptz NOT NULL,
    retired_at timestamptz,
    CONSTRAINT tuf_online_key_pkey PRIMARY KEY (workspace_id, repository, keyid)
);
COMMENT ON TABLE tuf_online_key IS
    'Keys that the server signs with by itself: snapshot and timestamp of the image repository, '
    'and everything of the director but its root';
COMMENT ON COLUMN tuf_online_key.workspace_id IS 'The workspace it belongs to';
COMMENT ON COLUMN tuf_online_key.repository IS 'image or director';
COMMENT ON COLUMN tuf_online_key.keyid IS 'SHA-256 of the canonical JSON of TUF''s key object';
COMMENT ON COLUMN tuf_online_key.key IS 'TUF''s key object, as JSON';
COMMENT ON COLUMN tuf_online_key.sealed IS
    'The secret, sealed with the server''s master key, which is not in the database';
COMMENT ON COLUMN tuf_online_key.created_at IS 'When it was made';
COMMENT ON COLUMN tuf_online_key.retired_at IS
    'From then on it is offered to no new root; it signs as long as the root in force names it';
COMMENT ON INDEX tuf_online_key_pkey IS 'The keys of a repository';

CREATE TABLE tuf_role (
    workspace_id bigint NOT NULL CONSTRAINT tuf_role_workspace_fkey REFERENCES workspace (id),
    repository text NOT NULL CONSTRAINT tuf_role_repository
        CHECK (repository IN ('image', 'director')),
    role text COLLATE "C" NOT NULL CONSTRAINT tuf_role_role
        CHECK (role ~ '^(root|targets|snapshot|timestamp|model-[a-z0-9][a-z0-9._-]{0,62})$'),
    version bigint NOT NULL CONSTRAINT tuf_role_version CHECK (version >= 1),
    expires_at timestamptz NOT NULL,
    CONSTRAINT tuf_role_pkey PRIMARY KEY (workspace_id, repository, role)
);
COMMENT ON TABLE tuf_role IS 'Which version of each metadata file is in force';
COMMENT ON COLUMN tuf_role.workspace_id IS 'The workspace it belongs to';
COMMENT ON COLUMN tuf_role.repository IS 'image or director (which has only its root here)';
COMMENT ON COLUMN tuf_role.role IS 'As TUF names it; model-NAME is the role of a model''s publishers';
COMMENT ON COLUMN tuf_role.version IS 'Strictly rising';
COMMENT ON COLUMN tuf_role.expires_at IS 'From then on clients refuse it';
COMMENT ON INDEX tuf_role_pkey IS
    'The roles of a repository. Whoever changes a repository locks its root''s row first';
CREATE INDEX tuf_role_expiry ON tuf_role (expires_at)
    WHERE role IN ('snapshot', 'timestamp');
COMMENT ON INDEX tuf_role_expiry IS 'What the server must sign again soon';

CREATE TABLE tuf_metadata (
    workspace_id bigint NOT NULL CONSTRAINT tuf_metadata_workspace_fkey REFERENCES workspace (id),
    repository text NOT NULL CONSTRAINT tuf_metadata_repository
        CHECK (repository IN ('image', 'director')),
    role text COLLATE "C" NOT NULL CONSTRAINT tuf_metadata_role CHECK (length(role) <= 80),
    version bigint NOT NULL CONSTRAINT tuf_metadata_version CHECK (version >= 1),
    bytes bytea NOT NULL CONSTRAINT tuf_metadata_bytes CHECK (octet_length(bytes) <= 8388608),
    sha256 sha256 NOT NULL,
    created_at timestamptz NOT NULL,
    created_by text NOT NULL CONSTRAINT tuf_metadata_created_by
        CHECK (length(created_by) BETWEEN 1 AND 128),
    CONSTRAINT tuf_metadata_pkey PRIMARY KEY (workspace_id, repository, role, version)
);
COMMENT ON TABLE tuf_metadata IS
    'Signed metadata files, verbatim. Never changed: a version number is given out once. Old '
    'timestamps and snapshots are removed after a while, roots never';
COMMENT ON COLUMN tuf_metadata.workspace_id IS 'The workspace it belongs to';
COMMENT ON COLUMN tuf_metadata.repository IS 'image or director';
COMMENT ON COLUMN tuf_metadata.role IS 'As TUF names it';
COMMENT ON COLUMN tuf_metadata.version IS 'Of the file';
COMMENT ON COLUMN tuf_metadata.bytes IS 'As it was signed and is served';
COMMENT ON COLUMN tuf_metadata.sha256 IS 'Of bytes: what snapshot and timestamp say';
COMMENT ON COLUMN tuf_metadata.created_at IS 'When it was accepted or signed';
COMMENT ON COLUMN tuf_metadata.created_by IS 'Name of the token that brought it; "server" for online roles';
COMMENT ON INDEX tuf_metadata_pkey IS 'A file by its name; of two writers that race one fails here';

CREATE TABLE tuf_pending (
    workspace_id bigint NOT NULL CONSTRAINT tuf_pending_workspace_fkey REFERENCES workspace (id),
    repository text NOT NULL CONSTRAINT tuf_pending_repository
        CHECK (repository IN ('image', 'director')),
    role text COLLATE "C" NOT NULL CONSTRAINT tuf_pending_role CHECK (length(role) <= 80),
    version bigint NOT NULL CONSTRAINT tuf_pending_version CHECK (version >= 1),
    envelope bytea NOT NULL CONSTRAINT tuf_pending_envelope
        CHECK (octet_length(envelope) <= 8388608),
    created_at timestamptz NOT NULL,
    created_by text NOT NULL CONSTRAINT tuf_pending_created_by
        CHECK (length(created_by) BETWEEN 1 AND 128),
    CONSTRAINT tuf_pending_pkey PRIMARY KEY (workspace_id, repository, role)
);
COMMENT ON TABLE tuf_pending IS
    'The next version of a root, targets or model role that has not enough signatures yet';
COMMENT ON COLUMN tuf_pending.workspace_id IS 'The workspace it belongs to';
COMMENT ON COLUMN tuf_pending.repository IS 'image or director';
COMMENT ON COLUMN tuf_pending.role IS 'As TUF names it';
COMMENT ON COLUMN tuf_pending.version IS 'It will have';
COMMENT ON COLUMN tuf_pending.envelope IS 'With the signatures so far';
COMMENT ON COLUMN tuf_pending.created_at IS 'When it was proposed';
COMMENT ON COLUMN tuf_pending.created_by IS 'Name of the token that proposed it';
COMMENT ON INDEX tuf_pending_pkey IS 'One proposal a role at a time';

CREATE TABLE director_metadata (
    device_id bigint NOT NULL CONSTRAINT director_metadata_pkey PRIMARY KEY
        CONSTRAINT director_metadata_device_fkey REFERENCES device (id),
    workspace_id bigint NOT NULL,
    version bigint NOT NULL CONSTRAINT director_metadata_version CHECK (version >= 1),
    state_version bigint NOT NULL,
    root_version bigint NOT NULL,
    targets bytea NOT NULL CONSTRAINT director_metadata_targets
        CHECK (octet_length(targets) <= 8388608),
    snapshot bytea NOT NULL CONSTRAINT director_metadata_snapshot
        CHECK (octet_length(snapshot) <= 65536),
    timestamp bytea NOT NULL CONSTRAINT director_metadata_timestamp
        CHECK (octet_length("timestamp") <= 65536),
    signed_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL
);
COMMENT ON TABLE director_metadata IS
    'What the director last signed for each device; made when the device asks and something changed';
COMMENT ON COLUMN director_metadata.device_id IS 'The device';
COMMENT ON COLUMN director_metadata.workspace_id IS 'Of the device';
COMMENT ON COLUMN director_metadata.version IS 'Of all three files; strictly rising';
COMMENT ON COLUMN director_metadata.state_version IS 'The desired state that it says';
COMMENT ON COLUMN director_metadata.root_version IS 'The director''s root when it was signed';
COMMENT ON COLUMN director_metadata.targets IS 'targets.json, as served';
COMMENT ON COLUMN director_metadata.snapshot IS 'snapshot.json, as served';
COMMENT ON COLUMN director_metadata.timestamp IS 'timestamp.json, as served';
COMMENT ON COLUMN director_metadata.signed_at IS 'When it was signed';
COMMENT ON COLUMN director_metadata.expires_at IS 'Of all three files';
COMMENT ON INDEX director_metadata_pkey IS 'By device';

CREATE TABLE version_listing (
    version_id bigint NOT NULL CONSTRAINT version_listing_pkey PRIMARY KEY,
    workspace_id bigint NOT NULL,
    listed_at timestamptz NOT NULL,
    yanked_at timestamptz,
    yanked_by text CONSTRAINT version_listing_yanked_by CHECK (length(yanked_by) BETWEEN 1 AND 128),
    CONSTRAINT version_listing_version_fkey FOREIGN KEY (workspace_id, version_id)
        REFERENCES model_version (workspace_id, id),
    CONSTRAINT version_listing_yanked CHECK ((yanked_at IS NULL) = (yanked_by IS NULL))
);
COMMENT ON TABLE version_listing IS
    'Versions that their publishers'' role lists, or listed: what devices accept. Beside the version, '
    'which never changes';
COMMENT ON COLUMN version_listing.version_id IS 'A published version';
COMMENT ON COLUMN version_listing.workspace_id IS 'Of the version';
COMMENT ON COLUMN version_listing.listed_at IS
    'When the role first listed it: devices accept it from then on';
COMMENT ON COLUMN version_listing.yanked_at IS
    'When the role dropped it again: devices refuse it from then on. Never undone';
COMMENT ON COLUMN version_listing.yanked_by IS 'Name of the token that brought the role';
COMMENT ON INDEX version_listing_pkey IS 'By version';
