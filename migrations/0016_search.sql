-- SPDX-License-Identifier: Apache-2.0
-- Indexes for what the search can ask that had none yet (docs/SEARCH.md). Those on tags, metrics,
-- parameters, aliases, times and parts of variants came with them.

DROP INDEX model_version_created_by;
CREATE INDEX model_version_created_by ON model_version
    (workspace_id, created_by COLLATE "C", id);
COMMENT ON INDEX model_version_created_by IS 'Search: by who uploaded versions; by bytes';
CREATE INDEX model_created_by ON model (workspace_id, created_by COLLATE "C", id);
COMMENT ON INDEX model_created_by IS 'Search: by who made models';
CREATE INDEX model_state ON model
    (workspace_id, (CASE WHEN archived_at IS NULL THEN 'active' ELSE 'archived' END), id);
COMMENT ON INDEX model_state IS 'Search: archived models, or those in use';
CREATE INDEX variant_form ON variant
    (workspace_id, ((runtime || '/' || hardware || '/' || precision) COLLATE "C"), version_id);
COMMENT ON INDEX variant_form IS 'Search: versions by a variant as it is written';
CREATE INDEX approval_search ON approval (workspace_id, approved_by COLLATE "C", version_id)
    WHERE withdrawn_at IS NULL;
COMMENT ON INDEX approval_search IS 'Search: versions by who approved them';

CREATE STATISTICS version_param_values (mcv) ON workspace_id, name, value FROM version_param;
COMMENT ON STATISTICS version_param_values IS 'How many versions have a parameter with a value';
CREATE STATISTICS model_tag_values (mcv) ON workspace_id, key, value FROM model_tag;
COMMENT ON STATISTICS model_tag_values IS 'How many models have a tag with a value';
