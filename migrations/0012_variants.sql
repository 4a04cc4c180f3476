-- SPDX-License-Identifier: Apache-2.0
-- Variants that were added to a version after it was published: conversions. Each is a signed
-- document of its own, so that the version and its manifest never change.

CREATE TABLE variant_addition (
    variant_id bigint NOT NULL CONSTRAINT variant_addition_pkey PRIMARY KEY,
    workspace_id bigint NOT NULL,
    version_id bigint NOT NULL,
    manifest bytea NOT NULL CONSTRAINT variant_addition_manifest
        CHECK (octet_length(manifest) BETWEEN 2 AND 2097152),
    manifest_sha256 sha256 NOT NULL,
    created_at timestamptz NOT NULL,
    created_by text NOT NULL CONSTRAINT variant_addition_created_by
        CHECK (length(created_by) BETWEEN 1 AND 128),
    CONSTRAINT variant_addition_variant_fkey FOREIGN KEY (workspace_id, variant_id)
        REFERENCES variant (workspace_id, id),
    CONSTRAINT variant_addition_version_fkey FOREIGN KEY (workspace_id, version_id)
        REFERENCES model_version (workspace_id, id)
);
COMMENT ON TABLE variant_addition IS
    'Variants that their version''s own manifest does not have. Never changed nor removed';
COMMENT ON COLUMN variant_addition.variant_id IS 'The variant';
COMMENT ON COLUMN variant_addition.workspace_id IS 'Of the version';
COMMENT ON COLUMN variant_addition.version_id IS 'The version that it was added to';
COMMENT ON COLUMN variant_addition.manifest IS
    'The envelope, verbatim: a manifest of this variant alone, which names the version''s own';
COMMENT ON COLUMN variant_addition.manifest_sha256 IS 'Of manifest: how devices name it';
COMMENT ON COLUMN variant_addition.created_at IS 'When it was added';
COMMENT ON COLUMN variant_addition.created_by IS 'Name of the token that added it';
COMMENT ON INDEX variant_addition_pkey IS 'By variant: whether it was added';
CREATE INDEX variant_addition_version ON variant_addition (version_id);
COMMENT ON INDEX variant_addition_version IS 'What was added to a version';
CREATE INDEX variant_addition_manifest_sha256 ON variant_addition (workspace_id, manifest_sha256);
COMMENT ON INDEX variant_addition_manifest_sha256 IS 'The manifest that a device asks for by digest';

CREATE TRIGGER variant_addition_stays BEFORE UPDATE OR DELETE ON variant_addition
    FOR EACH ROW EXECUTE FUNCTION history_refuse_change();
COMMENT ON TRIGGER variant_addition_stays ON variant_addition IS 'What was signed never changes';

CREATE TABLE variant_signature (
    workspace_id bigint NOT NULL,
    variant_id bigint NOT NULL,
    model_id bigint NOT NULL,
    keyid sha256 NOT NULL,
    CONSTRAINT variant_signature_pkey PRIMARY KEY (variant_id, keyid),
    CONSTRAINT variant_signature_variant_fkey FOREIGN KEY (variant_id)
        REFERENCES variant_addition (variant_id),
    CONSTRAINT variant_signature_key_fkey FOREIGN KEY (model_id, keyid)
        REFERENCES model_key (model_id, keyid)
);
COMMENT ON TABLE variant_signature IS
    'Which keys'' signatures of added variants were verified; the signatures are in the manifest';
COMMENT ON COLUMN variant_signature.workspace_id IS 'Of the variant';
COMMENT ON COLUMN variant_signature.variant_id IS 'An added variant';
COMMENT ON COLUMN variant_signature.model_id IS 'The model of the variant and of the key';
COMMENT ON COLUMN variant_signature.keyid IS 'The key';
COMMENT ON INDEX variant_signature_pkey IS 'Who signed an added variant';

CREATE TABLE variant_listing (
    variant_id bigint NOT NULL CONSTRAINT variant_listing_pkey PRIMARY KEY
        CONSTRAINT variant_listing_variant_fkey REFERENCES variant_addition (variant_id),
    workspace_id bigint NOT NULL,
    listed_at timestamptz NOT NULL,
    yanked_at timestamptz,
    yanked_by text CONSTRAINT variant_listing_yanked_by CHECK (length(yanked_by) BETWEEN 1 AND 128),
    CONSTRAINT variant_listing_yanked CHECK ((yanked_at IS NULL) = (yanked_by IS NULL))
);
COMMENT ON TABLE variant_listing IS
    'Added variants that their publishers'' role lists, or listed: as version_listing for versions';
COMMENT ON COLUMN variant_listing.variant_id IS 'An added variant';
COMMENT ON COLUMN variant_listing.workspace_id IS 'Of the variant';
COMMENT ON COLUMN variant_listing.listed_at IS
    'When the role first listed it: devices accept it from then on';
COMMENT ON COLUMN variant_listing.yanked_at IS
    'When the role dropped it again: devices refuse it from then on. Never undone';
COMMENT ON COLUMN variant_listing.yanked_by IS 'Name of the token that brought the role';
COMMENT ON INDEX variant_listing_pkey IS 'By variant';
