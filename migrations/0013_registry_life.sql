-- SPDX-License-Identifier: Apache-2.0
-- What may change about models and versions after they were published: tags, metrics and
-- parameters beside the signed ones, cards, aliases, approvals, archiving; and indexes to find
-- versions by all of it. docs/REGISTRY.md lists what may change.

-- ---- models ---------------------------------------------------------------------------------

ALTER TABLE model
    ADD COLUMN card text NOT NULL DEFAULT '' CONSTRAINT model_card
        CHECK (octet_length(card) <= 262144),
    ADD COLUMN revision bigint NOT NULL DEFAULT 1 CONSTRAINT model_revision CHECK (revision >= 1),
    ADD COLUMN archived_at timestamptz,
    ADD COLUMN archived_by text CONSTRAINT model_archived_by
        CHECK (length(archived_by) BETWEEN 1 AND 128),
    ADD COLUMN archive_reason text CONSTRAINT model_archive_reason
        CHECK (octet_length(archive_reason) <= 4096),
    ADD CONSTRAINT model_archived CHECK ((archived_at IS NULL) = (archived_by IS NULL)
        AND (archived_at IS NULL) = (archive_reason IS NULL));
COMMENT ON COLUMN model.card IS 'Model card, Markdown; empty where there is none';
COMMENT ON COLUMN model.revision IS
    'Rises with every change of description, tags, card, archiving: what If-Match compares';
COMMENT ON COLUMN model.archived_at IS 'From then on it is out of use, until restored; NULL: in use';
COMMENT ON COLUMN model.archived_by IS 'Name of the token that archived it';
COMMENT ON COLUMN model.archive_reason IS 'Why; may be empty';
CREATE INDEX model_created ON model (workspace_id, created_at, id);
COMMENT ON INDEX model_created IS 'Search: by when models were made';
CREATE INDEX model_tag_search ON model_tag (workspace_id, key, value COLLATE "C") INCLUDE (model_id);
COMMENT ON INDEX model_tag_search IS 'Search: models by a tag';

-- ---- versions -------------------------------------------------------------------------------

CREATE TABLE version_state (
    version_id bigint NOT NULL CONSTRAINT version_state_pkey PRIMARY KEY,
    workspace_id bigint NOT NULL,
    model_id bigint NOT NULL,
    status text NOT NULL CONSTRAINT version_state_status
        CHECK (status IN ('draft', 'published', 'archived')),
    created_at timestamptz NOT NULL,
    published_at timestamptz,
    revision bigint NOT NULL DEFAULT 1 CONSTRAINT version_state_revision CHECK (revision >= 1),
    archived_at timestamptz,
    archived_by text CONSTRAINT version_state_archived_by
        CHECK (length(archived_by) BETWEEN 1 AND 128),
    archive_reason text CONSTRAINT version_state_archive_reason
        CHECK (octet_length(archive_reason) <= 4096),
    CONSTRAINT version_state_version_fkey FOREIGN KEY (workspace_id, version_id)
        REFERENCES model_version (workspace_id, id) ON DELETE CASCADE,
    CONSTRAINT version_state_archived CHECK ((status = 'archived') = (archived_at IS NOT NULL)
        AND (archived_at IS NULL) = (archived_by IS NULL)
        AND (archived_at IS NULL) = (archive_reason IS NULL))
) WITH (fillfactor = 90);
COMMENT ON TABLE version_state IS
    'What may change about a version, beside the version, which never does. Narrow, because search '
    'and lists read it by the ten thousand';
COMMENT ON COLUMN version_state.version_id IS 'The version; rises with creation';
COMMENT ON COLUMN version_state.workspace_id IS 'The workspace it belongs to';
COMMENT ON COLUMN version_state.model_id IS 'Of the version';
COMMENT ON COLUMN version_state.status IS
    'draft, published, or archived: published, but out of use until it is restored';
COMMENT ON COLUMN version_state.created_at IS 'Of the version';
COMMENT ON COLUMN version_state.published_at IS 'Of the version; NULL for a draft';
COMMENT ON COLUMN version_state.revision IS
    'Rises with every change of tags, metrics, parameters, card, archiving: what If-Match compares';
COMMENT ON COLUMN version_state.archived_at IS 'When it was archived; NULL: it is in use';
COMMENT ON COLUMN version_state.archived_by IS 'Name of the token that archived it';
COMMENT ON COLUMN version_state.archive_reason IS 'Why; may be empty';
COMMENT ON INDEX version_state_pkey IS 'By version';
CREATE INDEX version_state_search ON version_state (workspace_id, version_id)
    INCLUDE (model_id, status);
COMMENT ON INDEX version_state_search IS 'Search: newest first';
CREATE INDEX version_state_model ON version_state (model_id, version_id) INCLUDE (status);
COMMENT ON INDEX version_state_model IS 'Search and lists within a model, newest first';
CREATE INDEX version_state_created ON version_state (workspace_id, created_at, version_id);
COMMENT ON INDEX version_state_created IS 'Search: by when versions were uploaded';
CREATE INDEX version_state_published ON version_state (workspace_id, published_at, version_id);
COMMENT ON INDEX version_state_published IS 'Search: by when versions were published; sorting by it';
CREATE INDEX version_state_rare ON version_state (workspace_id, status, version_id)
    WHERE status <> 'published';
COMMENT ON INDEX version_state_rare IS 'Search: drafts and archived versions, which are few';
INSERT INTO version_state (version_id, workspace_id, model_id, status, created_at, published_at)
    SELECT id, workspace_id, model_id, state, created_at, published_at FROM model_version;

CREATE FUNCTION version_state_follow() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO version_state
            (version_id, workspace_id, model_id, status, created_at, published_at)
            VALUES (NEW.id, NEW.workspace_id, NEW.model_id, NEW.state, NEW.created_at,
                NEW.published_at);
    ELSE
        UPDATE version_state SET status = NEW.state, published_at = NEW.published_at
            WHERE version_id = NEW.id;
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION version_state_follow IS 'A version has its row in version_state from the start';
CREATE TRIGGER version_state_follow AFTER INSERT OR UPDATE OF state ON model_version
    FOR EACH ROW EXECUTE FUNCTION version_state_follow();
COMMENT ON TRIGGER version_state_follow ON model_version IS 'Nobody who makes a version can forget';

CREATE TABLE version_card (
    version_id bigint NOT NULL CONSTRAINT version_card_pkey PRIMARY KEY,
    workspace_id bigint NOT NULL,
    card text NOT NULL CONSTRAINT version_card_card CHECK (octet_length(card) <= 262144),
    CONSTRAINT version_card_version_fkey FOREIGN KEY (workspace_id, version_id)
        REFERENCES model_version (workspace_id, id) ON DELETE CASCADE
);
COMMENT ON TABLE version_card IS 'Model cards of versions';
COMMENT ON COLUMN version_card.version_id IS 'The version';
COMMENT ON COLUMN version_card.workspace_id IS 'The workspace it belongs to';
COMMENT ON COLUMN version_card.card IS 'Markdown';
COMMENT ON INDEX version_card_pkey IS 'By version';

-- What the manifest says is signed, and never changes; what is added later may.
ALTER TABLE version_tag
    ADD COLUMN signed boolean NOT NULL DEFAULT true;
ALTER TABLE version_tag ALTER COLUMN signed DROP DEFAULT;
COMMENT ON TABLE version_tag IS 'Tags of versions, from their manifests or set later';
COMMENT ON COLUMN version_tag.signed IS 'It is in the manifest';
CREATE INDEX version_tag_search ON version_tag
    (workspace_id, key, value COLLATE "C", version_id);
COMMENT ON INDEX version_tag_search IS 'Search: versions by a tag, newest first';
CREATE STATISTICS version_tag_values (mcv) ON workspace_id, key, value FROM version_tag;
COMMENT ON STATISTICS version_tag_values IS
    'How many versions have a tag with a value: without it the planner believes in a tenth';

ALTER TABLE version_metric
    ADD COLUMN dataset text COLLATE "C" NOT NULL DEFAULT '' CONSTRAINT version_metric_dataset
        CHECK (octet_length(dataset) <= 512),
    ADD COLUMN signed boolean NOT NULL DEFAULT true,
    ADD COLUMN main boolean NOT NULL DEFAULT true,
    ADD COLUMN set_at timestamptz,
    ADD COLUMN set_by text CONSTRAINT version_metric_set_by CHECK (length(set_by) BETWEEN 1 AND 128),
    ADD CONSTRAINT version_metric_set CHECK (signed = (set_at IS NULL)
        AND signed = (set_by IS NULL)),
    DROP CONSTRAINT version_metric_pkey,
    ADD CONSTRAINT version_metric_pkey PRIMARY KEY (version_id, name, dataset);
ALTER TABLE version_metric
    ALTER COLUMN dataset DROP DEFAULT, ALTER COLUMN signed DROP DEFAULT,
    ALTER COLUMN main DROP DEFAULT;
COMMENT ON TABLE version_metric IS 'Metrics of versions, from their manifests or measured later';
COMMENT ON COLUMN version_metric.name IS 'Unique in the version and dataset';
COMMENT ON COLUMN version_metric.value_text IS 'The decimal as it was signed or sent';
COMMENT ON COLUMN version_metric.dataset IS 'What it was measured on; empty where that was not said';
COMMENT ON COLUMN version_metric.signed IS 'It is in the manifest';
COMMENT ON COLUMN version_metric.main IS
    'The one that is meant where no dataset is named: the signed one, else the one set last';
COMMENT ON COLUMN version_metric.set_at IS 'When it was set; NULL: it is signed';
COMMENT ON COLUMN version_metric.set_by IS 'Name of the token that set it; NULL: it is signed';
COMMENT ON INDEX version_metric_pkey IS 'The metrics of a version';
CREATE UNIQUE INDEX version_metric_main ON version_metric (version_id, name) WHERE main;
COMMENT ON INDEX version_metric_main IS 'Search: whether a version has a metric; one is meant';
CREATE INDEX version_metric_search ON version_metric (workspace_id, name, value, version_id)
    WHERE main;
COMMENT ON INDEX version_metric_search IS 'Search: versions by a metric; sorting by it';
CREATE INDEX version_metric_dataset ON version_metric
    (workspace_id, name, dataset, value, version_id) WHERE dataset <> '';
COMMENT ON INDEX version_metric_dataset IS 'Search: versions by a metric on a dataset';

ALTER TABLE version_param
    ADD COLUMN number double precision,
    ADD COLUMN signed boolean NOT NULL DEFAULT true;
ALTER TABLE version_param ALTER COLUMN signed DROP DEFAULT;
UPDATE version_param SET number = value::double precision
    WHERE value ~ '^-?[0-9]{1,15}([.][0-9]{1,15})?$';
COMMENT ON TABLE version_param IS 'Parameters of versions, from their manifests or set later';
COMMENT ON COLUMN version_param.number IS 'value, where it is a number; NULL: it is a text';
COMMENT ON COLUMN version_param.signed IS 'It is in the manifest';
CREATE INDEX version_param_search ON version_param
    (workspace_id, name, value COLLATE "C", version_id);
COMMENT ON INDEX version_param_search IS 'Search: versions by a parameter';
CREATE INDEX version_param_number ON version_param (workspace_id, name, number, version_id)
    WHERE number IS NOT NULL;
COMMENT ON INDEX version_param_number IS 'Search: versions by a parameter that is a number';

CREATE FUNCTION version_signed_refuse_change() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    -- A draft that is removed takes what it says along.
    IF EXISTS (SELECT FROM model_version WHERE id = OLD.version_id) THEN
        RAISE EXCEPTION 'what the manifest of version % says never changes', OLD.version_id;
    END IF;
    RETURN OLD;
END $$;
COMMENT ON FUNCTION version_signed_refuse_change IS
    'Not even a bug may change what was signed, while its version is there';
CREATE TRIGGER version_tag_signed BEFORE UPDATE OR DELETE ON version_tag
    FOR EACH ROW WHEN (OLD.signed) EXECUTE FUNCTION version_signed_refuse_change();
COMMENT ON TRIGGER version_tag_signed ON version_tag IS 'Signed tags never change';
CREATE TRIGGER version_metric_signed BEFORE UPDATE OR DELETE ON version_metric
    FOR EACH ROW WHEN (OLD.signed) EXECUTE FUNCTION version_signed_refuse_change();
COMMENT ON TRIGGER version_metric_signed ON version_metric IS 'Signed metrics never change';
CREATE TRIGGER version_param_signed BEFORE UPDATE OR DELETE ON version_param
    FOR EACH ROW WHEN (OLD.signed) EXECUTE FUNCTION version_signed_refuse_change();
COMMENT ON TRIGGER version_param_signed ON version_param IS 'Signed parameters never change';

CREATE INDEX model_version_created_by ON model_version (workspace_id, created_by, id);
COMMENT ON INDEX model_version_created_by IS 'Search: by who uploaded versions';
CREATE INDEX model_version_name ON model_version (workspace_id, version, id);
COMMENT ON INDEX model_version_name IS 'Search: by the name of the version';
CREATE INDEX variant_search ON variant (workspace_id, runtime, version_id)
    INCLUDE (hardware, precision);
COMMENT ON INDEX variant_search IS 'Search: versions by runtime';
CREATE INDEX variant_hardware ON variant (workspace_id, hardware, version_id);
COMMENT ON INDEX variant_hardware IS 'Search: versions by hardware';
CREATE INDEX variant_precision ON variant (workspace_id, precision, version_id);
COMMENT ON INDEX variant_precision IS 'Search: versions by precision';

-- ---- aliases --------------------------------------------------------------------------------

CREATE TABLE alias (
    workspace_id bigint NOT NULL,
    model_id bigint NOT NULL,
    name resource_name NOT NULL,
    version_id bigint,
    revision bigint NOT NULL CONSTRAINT alias_revision CHECK (revision >= 1),
    moved_at timestamptz NOT NULL,
    moved_by text NOT NULL CONSTRAINT alias_moved_by CHECK (length(moved_by) BETWEEN 1 AND 128),
    CONSTRAINT alias_pkey PRIMARY KEY (model_id, name),
    CONSTRAINT alias_model_fkey FOREIGN KEY (workspace_id, model_id)
        REFERENCES model (workspace_id, id),
    CONSTRAINT alias_version_fkey FOREIGN KEY (workspace_id, version_id)
        REFERENCES model_version (workspace_id, id)
);
COMMENT ON TABLE alias IS 'Movable names of versions';
COMMENT ON COLUMN alias.workspace_id IS 'The workspace it belongs to';
COMMENT ON COLUMN alias.model_id IS 'The model';
COMMENT ON COLUMN alias.name IS 'Unique in the model';
COMMENT ON COLUMN alias.version_id IS
    'A published version of the model; NULL: the alias was removed, and its revisions go on';
COMMENT ON COLUMN alias.revision IS 'Rises with every move: what If-Match compares';
COMMENT ON COLUMN alias.moved_at IS 'When it was last moved';
COMMENT ON COLUMN alias.moved_by IS 'Name of the token that moved it';
COMMENT ON INDEX alias_pkey IS 'The aliases of a model; one of them';
CREATE INDEX alias_version ON alias (version_id) WHERE version_id IS NOT NULL;
COMMENT ON INDEX alias_version IS 'The aliases of a version';
CREATE INDEX alias_search ON alias (workspace_id, name, version_id) INCLUDE (model_id)
    WHERE version_id IS NOT NULL;
COMMENT ON INDEX alias_search IS 'Search: models and versions by an alias';

-- ---- approvals ------------------------------------------------------------------------------

CREATE TABLE approval (
    id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT approval_pkey PRIMARY KEY,
    workspace_id bigint NOT NULL,
    version_id bigint NOT NULL,
    token_id bigint NOT NULL CONSTRAINT approval_token_fkey REFERENCES api_token (id),
    approved_by text NOT NULL CONSTRAINT approval_approved_by
        CHECK (length(approved_by) BETWEEN 1 AND 128),
    role text NOT NULL CONSTRAINT approval_role CHECK (octet_length(role) <= 32),
    reason text NOT NULL CONSTRAINT approval_reason CHECK (octet_length(reason) BETWEEN 1 AND 4096),
    evidence jsonb NOT NULL CONSTRAINT approval_evidence
        CHECK (jsonb_typeof(evidence) = 'array' AND octet_length(evidence::text) <= 262144),
    approved_at timestamptz NOT NULL,
    withdrawn_at timestamptz,
    withdrawn_by text CONSTRAINT approval_withdrawn_by
        CHECK (length(withdrawn_by) BETWEEN 1 AND 128),
    withdraw_reason text CONSTRAINT approval_withdraw_reason
        CHECK (octet_length(withdraw_reason) <= 4096),
    CONSTRAINT approval_version_fkey FOREIGN KEY (workspace_id, version_id)
        REFERENCES model_version (workspace_id, id),
    CONSTRAINT approval_withdrawn CHECK ((withdrawn_at IS NULL) = (withdrawn_by IS NULL)
        AND (withdrawn_at IS NULL) = (withdraw_reason IS NULL))
);
COMMENT ON TABLE approval IS 'Who found a version fit for deployment, and why. Never removed';
COMMENT ON COLUMN approval.id IS 'Names the approval';
COMMENT ON COLUMN approval.workspace_id IS 'The workspace it belongs to';
COMMENT ON COLUMN approval.version_id IS 'A published version';
COMMENT ON COLUMN approval.token_id IS 'The token with which it was given';
COMMENT ON COLUMN approval.approved_by IS 'Name of the token: whose approval it is';
COMMENT ON COLUMN approval.role IS 'Role of the token then';
COMMENT ON COLUMN approval.reason IS 'Why';
COMMENT ON COLUMN approval.evidence IS 'What it rests on: texts, such as links to reports';
COMMENT ON COLUMN approval.approved_at IS 'When';
COMMENT ON COLUMN approval.withdrawn_at IS 'From then on it counts no more; NULL: it counts';
COMMENT ON COLUMN approval.withdrawn_by IS 'Name of the token that withdrew it';
COMMENT ON COLUMN approval.withdraw_reason IS 'Why; may be empty';
COMMENT ON INDEX approval_pkey IS 'By id: withdrawing';
CREATE UNIQUE INDEX approval_once ON approval (version_id, approved_by) WHERE withdrawn_at IS NULL;
COMMENT ON INDEX approval_once IS 'One approval a person counts; how many a version has';
CREATE INDEX approval_list ON approval (version_id, id);
COMMENT ON INDEX approval_list IS 'The approvals of a version, withdrawn ones too';

-- ---- what a workspace or a model demands -------------------------------------------------------

CREATE TABLE registry_rules (
    id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT registry_rules_pkey PRIMARY KEY,
    workspace_id bigint NOT NULL CONSTRAINT registry_rules_workspace_fkey
        REFERENCES workspace (id),
    model_id bigint,
    approvals smallint NOT NULL CONSTRAINT registry_rules_approvals
        CHECK (approvals BETWEEN 0 AND 16),
    protected jsonb NOT NULL CONSTRAINT registry_rules_protected
        CHECK (jsonb_typeof(protected) = 'object' AND octet_length(protected::text) <= 65536),
    revision bigint NOT NULL CONSTRAINT registry_rules_revision CHECK (revision >= 1),
    set_at timestamptz NOT NULL,
    set_by text NOT NULL CONSTRAINT registry_rules_set_by CHECK (length(set_by) BETWEEN 1 AND 128),
    CONSTRAINT registry_rules_scope UNIQUE NULLS NOT DISTINCT (workspace_id, model_id),
    CONSTRAINT registry_rules_model_fkey FOREIGN KEY (workspace_id, model_id)
        REFERENCES model (workspace_id, id)
);
COMMENT ON TABLE registry_rules IS 'What administrators demand of a workspace''s models, or of one';
COMMENT ON COLUMN registry_rules.id IS 'Internal';
COMMENT ON COLUMN registry_rules.workspace_id IS 'The workspace';
COMMENT ON COLUMN registry_rules.model_id IS 'The model; NULL: all of the workspace';
COMMENT ON COLUMN registry_rules.approvals IS
    'So many people must approve a version before it is deployed; the larger of both counts';
COMMENT ON COLUMN registry_rules.protected IS
    'Aliases that need a role to be moved: {"champion": "operator"}; the model''s entry wins';
COMMENT ON COLUMN registry_rules.revision IS 'Rises with every change: what If-Match compares';
COMMENT ON COLUMN registry_rules.set_at IS 'When it was last changed';
COMMENT ON COLUMN registry_rules.set_by IS 'Name of the token that changed it';
COMMENT ON INDEX registry_rules_pkey IS 'By id';
COMMENT ON INDEX registry_rules_scope IS 'The rules of a workspace or a model';
