-- SPDX-License-Identifier: Apache-2.0
-- Checkpoints of the audit log: signed words on what its entries were. Who can write to the
-- database, but has not the master key, cannot make the chain anew without contradicting them.

CREATE TABLE audit_checkpoint (
    workspace_id bigint NOT NULL
        CONSTRAINT audit_checkpoint_workspace_fkey REFERENCES workspace (id),
    seq bigint NOT NULL CONSTRAINT audit_checkpoint_seq CHECK (seq >= 1),
    at timestamptz NOT NULL,
    envelope text NOT NULL CONSTRAINT audit_checkpoint_envelope
        CHECK (octet_length(envelope) BETWEEN 2 AND 16384),
    CONSTRAINT audit_checkpoint_pkey PRIMARY KEY (workspace_id, seq)
);
COMMENT ON TABLE audit_checkpoint IS
    'Signed checkpoints of the audit log. Never changed nor removed';
COMMENT ON COLUMN audit_checkpoint.workspace_id IS 'The workspace it belongs to';
COMMENT ON COLUMN audit_checkpoint.seq IS 'The entry that it names; it says the same of those before';
COMMENT ON COLUMN audit_checkpoint.at IS 'When it was signed';
COMMENT ON COLUMN audit_checkpoint.envelope IS 'As it was signed, with the audit key, JSON';
COMMENT ON INDEX audit_checkpoint_pkey IS 'The newest; the list by cursor';
CREATE TRIGGER audit_checkpoint_immutable BEFORE UPDATE OR DELETE ON audit_checkpoint
    FOR EACH ROW EXECUTE FUNCTION audit_entry_refuse_change();
COMMENT ON TRIGGER audit_checkpoint_immutable ON audit_checkpoint IS 'Append-only, for the owner too';
CREATE TRIGGER audit_checkpoint_kept BEFORE TRUNCATE ON audit_checkpoint
    FOR EACH STATEMENT EXECUTE FUNCTION audit_entry_refuse_change();
COMMENT ON TRIGGER audit_checkpoint_kept ON audit_checkpoint IS 'Append-only, for the owner too';
