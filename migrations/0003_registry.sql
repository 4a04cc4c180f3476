-- SPDX-License-Identifier: Apache-2.0
-- Models, their publishers' keys, versions, variants. A foreign key between two tables with user
-- data always carries workspace_id, so that not even a bug can join two workspaces.

CREATE TABLE model (
    id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT model_pkey PRIMARY KEY,
    workspace_id bigint NOT NULL CONSTRAINT model_workspace_fkey REFERENCES workspace (id),
    name resource_name NOT NULL,
    description text NOT NULL CONSTRAINT model_description
        CHECK (octet_length(description) <= 65536),
    created_at timestamptz NOT NULL,
    created_by text NOT NULL CONSTRAINT model_created_by
        CHECK (length(created_by) BETWEEN 1 AND 128),
    CONSTRAINT model_name_key UNIQUE (workspace_id, name),
    CONSTRAINT model_workspace_id_key UNIQUE (workspace_id, id)
);
COMMENT ON TABLE model IS 'A named line of versions';
COMMENT ON COLUMN model.id IS 'Internal; never leaves the server';
COMMENT ON COLUMN model.workspace_id IS 'The workspace it belongs to';
COMMENT ON COLUMN model.name IS 'Unique in its workspace';
COMMENT ON COLUMN model.description IS 'Free text; empty where none was given';
COMMENT ON COLUMN model.created_at IS 'When it was made';
COMMENT ON COLUMN model.created_by IS 'Name of the token that made it';
COMMENT ON INDEX model_pkey IS 'By id';
COMMENT ON INDEX model_name_key IS 'By name, and the list of models by cursor';
COMMENT ON INDEX model_workspace_id_key IS 'Target of foreign keys that carry the workspace';

CREATE TABLE model_tag (
    workspace_id bigint NOT NULL,
    model_id bigint NOT NULL,
    key tag_key NOT NULL,
    value text NOT NULL CONSTRAINT model_tag_value CHECK (octet_length(value) <= 1024),
    CONSTRAINT model_tag_pkey PRIMARY KEY (model_id, key),
    CONSTRAINT model_tag_model_fkey FOREIGN KEY (workspace_id, model_id)
        REFERENCES model (workspace_id, id) ON DELETE CASCADE
);
COMMENT ON TABLE model_tag IS 'Tags of models';
COMMENT ON COLUMN model_tag.workspace_id IS 'The workspace it belongs to';
COMMENT ON COLUMN model_tag.model_id IS 'The model';
COMMENT ON COLUMN model_tag.key IS 'Unique in the model';
COMMENT ON COLUMN model_tag.value IS 'May be empty';
COMMENT ON INDEX model_tag_pkey IS 'The tags of a model';

CREATE TABLE model_key (
    workspace_id bigint NOT NULL,
    model_id bigint NOT NULL,
    keyid sha256 NOT NULL,
    name text NOT NULL CONSTRAINT model_key_name CHECK (octet_length(name) <= 128),
    key text NOT NULL CONSTRAINT model_key_key
        CHECK (octet_length(key) <= 8192 AND key::json IS NOT NULL),
    added_at timestamptz NOT NULL,
    added_by text NOT NULL CONSTRAINT model_key_added_by
        CHECK (length(added_by) BETWEEN 1 AND 128),
    revoked_at timestamptz,
    revoked_by text CONSTRAINT model_key_revoked_by CHECK (length(revoked_by) BETWEEN 1 AND 128),
    CONSTRAINT model_key_pkey PRIMARY KEY (model_id, keyid),
    CONSTRAINT model_key_model_fkey FOREIGN KEY (workspace_id, model_id)
        REFERENCES model (workspace_id, id) ON DELETE CASCADE,
    CONSTRAINT model_key_revoked CHECK ((revoked_at IS NULL) = (revoked_by IS NULL))
);
COMMENT ON TABLE model_key IS 'Keys whose signatures make a version of the model';
COMMENT ON COLUMN model_key.workspace_id IS 'The workspace it belongs to';
COMMENT ON COLUMN model_key.model_id IS 'The model';
COMMENT ON COLUMN model_key.keyid IS 'SHA-256 of the canonical JSON of TUF''s key object';
COMMENT ON COLUMN model_key.name IS 'Whose key it is; empty where none was given';
COMMENT ON COLUMN model_key.key IS 'TUF''s key object, as JSON: keyid is the digest of its canonical form';
COMMENT ON COLUMN model_key.added_at IS 'When it was added';
COMMENT ON COLUMN model_key.added_by IS 'Name of the token that added it';
COMMENT ON COLUMN model_key.revoked_at IS
    'From then on nothing is accepted that it signed; what was published stays. Never undone';
COMMENT ON COLUMN model_key.revoked_by IS 'Name of the token that revoked it';
COMMENT ON INDEX model_key_pkey IS 'The keys of a model; target of version_signature';

CREATE TABLE model_version (
    id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT model_version_pkey PRIMARY KEY,
    workspace_id bigint NOT NULL,
    model_id bigint NOT NULL,
    version text COLLATE "C" NOT NULL CONSTRAINT model_version_version
        CHECK (version ~ '^[0-9A-Za-z.+-]{1,64}$'),
    state text NOT NULL CONSTRAINT model_version_state CHECK (state IN ('draft', 'published')),
    description text NOT NULL CONSTRAINT model_version_description
        CHECK (octet_length(description) <= 1048576),
    manifest bytea NOT NULL CONSTRAINT model_version_manifest
        CHECK (octet_length(manifest) BETWEEN 2 AND 2097152),
    manifest_sha256 sha256 NOT NULL,
    signed_sha256 sha256 NOT NULL,
    created_at timestamptz NOT NULL,
    created_by text NOT NULL CONSTRAINT model_version_created_by
        CHECK (length(created_by) BETWEEN 1 AND 128),
    published_at timestamptz,
    CONSTRAINT model_version_version_key UNIQUE (model_id, version),
    CONSTRAINT model_version_workspace_id_key UNIQUE (workspace_id, id),
    CONSTRAINT model_version_model_fkey FOREIGN KEY (workspace_id, model_id)
        REFERENCES model (workspace_id, id),
    CONSTRAINT model_version_published CHECK ((state = 'published') = (published_at IS NOT NULL))
);
COMMENT ON TABLE model_version IS 'Immutable versions, and drafts that still lack their signature';
COMMENT ON COLUMN model_version.id IS 'Internal; rises with creation';
COMMENT ON COLUMN model_version.workspace_id IS 'The workspace it belongs to';
COMMENT ON COLUMN model_version.model_id IS 'The model';
COMMENT ON COLUMN model_version.version IS 'Semantic version or plain number; unique in the model';
COMMENT ON COLUMN model_version.state IS
    'draft: signed by nobody, shown to no device. published: whole, signed, and never changed again';
COMMENT ON COLUMN model_version.description IS 'From the manifest; empty where it has none';
COMMENT ON COLUMN model_version.manifest IS 'The envelope, verbatim as it came (a draft''s: plus its signatures)';
COMMENT ON COLUMN model_version.manifest_sha256 IS 'Of manifest: how devices name it';
COMMENT ON COLUMN model_version.signed_sha256 IS 'Of the canonical JSON that signatures cover';
COMMENT ON COLUMN model_version.created_at IS 'When it was uploaded';
COMMENT ON COLUMN model_version.created_by IS 'Name of the token that uploaded it';
COMMENT ON COLUMN model_version.published_at IS 'When it became published; NULL for a draft';
COMMENT ON INDEX model_version_pkey IS 'By id';
COMMENT ON INDEX model_version_version_key IS 'By name; of two publishers that race one fails here';
COMMENT ON INDEX model_version_workspace_id_key IS 'Target of foreign keys that carry the workspace';
CREATE INDEX model_version_list ON model_version (model_id, id);
COMMENT ON INDEX model_version_list IS 'The list of versions, newest first, by cursor';
CREATE INDEX model_version_latest ON model_version (model_id, published_at, id)
    WHERE state = 'published';
COMMENT ON INDEX model_version_latest IS 'The version of a model that was published last';
CREATE INDEX model_version_manifest_sha256 ON model_version (workspace_id, manifest_sha256)
    WHERE state = 'published';
COMMENT ON INDEX model_version_manifest_sha256 IS 'The manifest that a device asks for by digest';

CREATE FUNCTION model_version_refuse_change() RETURNS trigger
    LANGUAGE plpgsql
    AS $$ BEGIN RAISE EXCEPTION 'version % is published and never changes', OLD.version; END $$;
COMMENT ON FUNCTION model_version_refuse_change IS 'Not even a bug may change what was published';
CREATE TRIGGER model_version_immutable BEFORE UPDATE OR DELETE ON model_version
    FOR EACH ROW WHEN (OLD.state = 'published') EXECUTE FUNCTION model_version_refuse_change();
COMMENT ON TRIGGER model_version_immutable ON model_version IS 'Drafts change, versions do not';

CREATE TABLE version_tag (
    workspace_id bigint NOT NULL,
    version_id bigint NOT NULL,
    key tag_key NOT NULL,
    value text NOT NULL CONSTRAINT version_tag_value CHECK (octet_length(value) <= 1024),
    CONSTRAINT version_tag_pkey PRIMARY KEY (version_id, key),
    CONSTRAINT version_tag_version_fkey FOREIGN KEY (workspace_id, version_id)
        REFERENCES model_version (workspace_id, id) ON DELETE CASCADE
);
COMMENT ON TABLE version_tag IS 'Tags of versions, from their manifests';
COMMENT ON COLUMN version_tag.workspace_id IS 'The workspace it belongs to';
COMMENT ON COLUMN version_tag.version_id IS 'The version';
COMMENT ON COLUMN version_tag.key IS 'Unique in the version';
COMMENT ON COLUMN version_tag.value IS 'May be empty';
COMMENT ON INDEX version_tag_pkey IS 'The tags of a version';

CREATE TABLE version_metric (
    workspace_id bigint NOT NULL,
    version_id bigint NOT NULL,
    name tag_key NOT NULL,
    value double precision NOT NULL,
    value_text text NOT NULL CONSTRAINT version_metric_value_text
        CHECK (octet_length(value_text) BETWEEN 1 AND 1024),
    CONSTRAINT version_metric_pkey PRIMARY KEY (version_id, name),
    CONSTRAINT version_metric_version_fkey FOREIGN KEY (workspace_id, version_id)
        REFERENCES model_version (workspace_id, id) ON DELETE CASCADE
);
COMMENT ON TABLE version_metric IS 'Metrics of versions, from their manifests';
COMMENT ON COLUMN version_metric.workspace_id IS 'The workspace it belongs to';
COMMENT ON COLUMN version_metric.version_id IS 'The version';
COMMENT ON COLUMN version_metric.name IS 'Unique in the version';
COMMENT ON COLUMN version_metric.value IS 'What comparisons use';
COMMENT ON COLUMN version_metric.value_text IS 'The decimal as the publisher signed it';
COMMENT ON INDEX version_metric_pkey IS 'The metrics of a version';

CREATE TABLE version_param (
    workspace_id bigint NOT NULL,
    version_id bigint NOT NULL,
    name tag_key NOT NULL,
    value text NOT NULL CONSTRAINT version_param_value CHECK (octet_length(value) <= 1024),
    CONSTRAINT version_param_pkey PRIMARY KEY (version_id, name),
    CONSTRAINT version_param_version_fkey FOREIGN KEY (workspace_id, version_id)
        REFERENCES model_version (workspace_id, id) ON DELETE CASCADE
);
COMMENT ON TABLE version_param IS 'Parameters of versions, from their manifests';
COMMENT ON COLUMN version_param.workspace_id IS 'The workspace it belongs to';
COMMENT ON COLUMN version_param.version_id IS 'The version';
COMMENT ON COLUMN version_param.name IS 'Unique in the version';
COMMENT ON COLUMN version_param.value IS 'May be empty';
COMMENT ON INDEX version_param_pkey IS 'The parameters of a version';

CREATE TABLE variant (
    id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT variant_pkey PRIMARY KEY,
    workspace_id bigint NOT NULL,
    version_id bigint NOT NULL,
    position smallint NOT NULL CONSTRAINT variant_position CHECK (position BETWEEN 0 AND 63),
    runtime text COLLATE "C" NOT NULL CONSTRAINT variant_runtime
        CHECK (runtime ~ '^[a-z0-9][a-z0-9._+-]{0,31}$'),
    hardware text COLLATE "C" NOT NULL CONSTRAINT variant_hardware
        CHECK (hardware ~ '^[a-z0-9][a-z0-9._+-]{0,31}$'),
    precision text COLLATE "C" NOT NULL CONSTRAINT variant_precision
        CHECK (precision ~ '^[a-z0-9][a-z0-9._+-]{0,31}$'),
    CONSTRAINT variant_position_key UNIQUE (version_id, position),
    CONSTRAINT variant_name_key UNIQUE (version_id, runtime, hardware, precision),
    CONSTRAINT variant_workspace_id_key UNIQUE (workspace_id, id),
    CONSTRAINT variant_version_fkey FOREIGN KEY (workspace_id, version_id)
        REFERENCES model_version (workspace_id, id) ON DELETE CASCADE
);
COMMENT ON TABLE variant IS 'Deployable forms of a version';
COMMENT ON COLUMN variant.id IS 'Internal';
COMMENT ON COLUMN variant.workspace_id IS 'The workspace it belongs to';
COMMENT ON COLUMN variant.version_id IS 'The version';
COMMENT ON COLUMN variant.position IS 'Order in the manifest, from 0: the first that fits is chosen';
COMMENT ON COLUMN variant.runtime IS 'Such as onnx';
COMMENT ON COLUMN variant.hardware IS 'Such as cpu';
COMMENT ON COLUMN variant.precision IS 'Such as fp32';
COMMENT ON INDEX variant_pkey IS 'By id';
COMMENT ON INDEX variant_position_key IS 'The variants of a version in their order';
COMMENT ON INDEX variant_name_key IS 'A variant by its name: setting a desired state';
COMMENT ON INDEX variant_workspace_id_key IS 'Target of foreign keys that carry the workspace';

CREATE TABLE variant_artifact (
    workspace_id bigint NOT NULL,
    variant_id bigint NOT NULL,
    position smallint NOT NULL CONSTRAINT variant_artifact_position
        CHECK (position BETWEEN 0 AND 63),
    name text COLLATE "C" NOT NULL CONSTRAINT variant_artifact_name
        CHECK (name ~ '^[A-Za-z0-9_][A-Za-z0-9._+-]{0,127}$'),
    sha256 sha256 NOT NULL,
    size_bytes bigint NOT NULL CONSTRAINT variant_artifact_size CHECK (size_bytes >= 0),
    artifact_id bigint CONSTRAINT variant_artifact_artifact_fkey REFERENCES artifact (id),
    CONSTRAINT variant_artifact_pkey PRIMARY KEY (variant_id, position),
    CONSTRAINT variant_artifact_name_key UNIQUE (variant_id, name),
    CONSTRAINT variant_artifact_variant_fkey FOREIGN KEY (workspace_id, variant_id)
        REFERENCES variant (workspace_id, id) ON DELETE CASCADE
);
COMMENT ON TABLE variant_artifact IS 'What a variant consists of';
COMMENT ON COLUMN variant_artifact.workspace_id IS 'The workspace it belongs to';
COMMENT ON COLUMN variant_artifact.variant_id IS 'The variant';
COMMENT ON COLUMN variant_artifact.position IS 'Order in the manifest, from 0';
COMMENT ON COLUMN variant_artifact.name IS 'File name on the device; unique in the variant';
COMMENT ON COLUMN variant_artifact.sha256 IS 'Digest that was signed';
COMMENT ON COLUMN variant_artifact.size_bytes IS 'Length that was signed';
COMMENT ON COLUMN variant_artifact.artifact_id IS
    'The stored bytes, which it keeps from being collected; NULL while a draft still lacks them';
COMMENT ON INDEX variant_artifact_pkey IS 'The artifacts of a variant in their order';
COMMENT ON INDEX variant_artifact_name_key IS 'Names are unique';
CREATE INDEX variant_artifact_artifact ON variant_artifact (artifact_id)
    WHERE artifact_id IS NOT NULL;
COMMENT ON INDEX variant_artifact_artifact IS 'Whether an artifact is still needed';
CREATE INDEX variant_artifact_sha256 ON variant_artifact (workspace_id, sha256);
COMMENT ON INDEX variant_artifact_sha256 IS 'Whether a device may fetch an artifact by its digest';

CREATE TABLE version_signature (
    workspace_id bigint NOT NULL,
    version_id bigint NOT NULL,
    model_id bigint NOT NULL,
    keyid sha256 NOT NULL,
    added_at timestamptz NOT NULL,
    added_by text NOT NULL CONSTRAINT version_signature_added_by
        CHECK (length(added_by) BETWEEN 1 AND 128),
    CONSTRAINT version_signature_pkey PRIMARY KEY (version_id, keyid),
    CONSTRAINT version_signature_version_fkey FOREIGN KEY (workspace_id, version_id)
        REFERENCES model_version (workspace_id, id) ON DELETE CASCADE,
    CONSTRAINT version_signature_key_fkey FOREIGN KEY (model_id, keyid)
        REFERENCES model_key (model_id, keyid)
);
COMMENT ON TABLE version_signature IS 'Which keys'' signatures were verified; the signatures are in the manifest';
COMMENT ON COLUMN version_signature.workspace_id IS 'The workspace it belongs to';
COMMENT ON COLUMN version_signature.version_id IS 'The version';
COMMENT ON COLUMN version_signature.model_id IS 'The model of the version and of the key';
COMMENT ON COLUMN version_signature.keyid IS 'The key';
COMMENT ON COLUMN version_signature.added_at IS 'When it was verified';
COMMENT ON COLUMN version_signature.added_by IS 'Name of the token that brought it';
COMMENT ON INDEX version_signature_pkey IS 'Who signed a version';
