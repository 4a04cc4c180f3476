-- SPDX-License-Identifier: Apache-2.0
-- Which versions of a model are kept. What a rule does not keep is archived first, and deleted for
-- good after a while; what somebody restored is left alone from then on.

CREATE TABLE retention_rule (
    model_id bigint NOT NULL CONSTRAINT retention_rule_pkey PRIMARY KEY,
    workspace_id bigint NOT NULL,
    newest integer CONSTRAINT retention_rule_newest CHECK (newest BETWEEN 1 AND 1000000),
    days integer CONSTRAINT retention_rule_days CHECK (days BETWEEN 1 AND 36500),
    grace_days integer CONSTRAINT retention_rule_grace_days CHECK (grace_days BETWEEN 1 AND 36500),
    revision bigint NOT NULL CONSTRAINT retention_rule_revision CHECK (revision >= 1),
    set_at timestamptz NOT NULL,
    set_by text NOT NULL CONSTRAINT retention_rule_set_by CHECK (length(set_by) BETWEEN 1 AND 128),
    CONSTRAINT retention_rule_model_fkey FOREIGN KEY (workspace_id, model_id)
        REFERENCES model (workspace_id, id) ON DELETE CASCADE
);
COMMENT ON TABLE retention_rule IS 'Which versions of a model are kept';
COMMENT ON COLUMN retention_rule.model_id IS 'The model';
COMMENT ON COLUMN retention_rule.workspace_id IS 'Of the model';
COMMENT ON COLUMN retention_rule.newest IS
    'So many that were published last are kept; NULL: the rule was removed, its revisions go on';
COMMENT ON COLUMN retention_rule.days IS 'Those younger than this are kept; NULL: age keeps none';
COMMENT ON COLUMN retention_rule.grace_days IS
    'So long what the rule archived can be restored; NULL: it is never deleted';
COMMENT ON COLUMN retention_rule.revision IS 'Rises with every change: what If-Match compares';
COMMENT ON COLUMN retention_rule.set_at IS 'When it was last changed';
COMMENT ON COLUMN retention_rule.set_by IS 'Name of the token that changed it';
COMMENT ON INDEX retention_rule_pkey IS 'The rule of a model; all of them in order';

ALTER TABLE version_state
    ADD COLUMN retired boolean NOT NULL DEFAULT false,
    ADD COLUMN restored boolean NOT NULL DEFAULT false,
    ADD CONSTRAINT version_state_retired CHECK (NOT retired OR status IN ('archived', 'deleted'));
COMMENT ON COLUMN version_state.retired IS
    'The rule of its model archived it, not a person: the rule may delete it, too';
COMMENT ON COLUMN version_state.restored IS
    'A person took it out of the archive: the rule leaves it alone';
