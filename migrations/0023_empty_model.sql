-- SPDX-License-Identifier: Apache-2.0
-- A model that never had a version can be deleted; what was demanded of it goes along.

ALTER TABLE registry_rules
    DROP CONSTRAINT registry_rules_model_fkey,
    ADD CONSTRAINT registry_rules_model_fkey FOREIGN KEY (workspace_id, model_id)
        REFERENCES model (workspace_id, id) ON DELETE CASCADE;
