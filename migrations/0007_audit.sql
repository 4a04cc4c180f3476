-- SPDX-License-Identifier: Apache-2.0
-- The audit log: every change, by whom, from where, before and after. Append-only, and chained by
-- digests, so that what is edited, dropped or reordered is found out even where the owner of the
-- database did it. docs/AUDIT.md says what is hashed.

CREATE TABLE audit_entry (
    workspace_id bigint NOT NULL CONSTRAINT audit_entry_workspace_fkey REFERENCES workspace (id),
    seq bigint NOT NULL CONSTRAINT audit_entry_seq CHECK (seq >= 1),
    at timestamptz NOT NULL,
    actor_kind text NOT NULL CONSTRAINT audit_entry_actor_kind
        CHECK (actor_kind IN ('token', 'device', 'enrolment', 'server')),
    actor_id bigint NOT NULL CONSTRAINT audit_entry_actor_id CHECK (actor_id >= 0),
    actor_name text NOT NULL CONSTRAINT audit_entry_actor_name
        CHECK (octet_length(actor_name) BETWEEN 1 AND 512),
    actor_role text NOT NULL CONSTRAINT audit_entry_actor_role
        CHECK (octet_length(actor_role) <= 32),
    actor_address text NOT NULL CONSTRAINT audit_entry_actor_address
        CHECK (octet_length(actor_address) <= 128),
    action text COLLATE "C" NOT NULL CONSTRAINT audit_entry_action
        CHECK (action ~ '^[a-z]+(-[a-z]+)*([.][a-z]+(-[a-z]+)*)+$' AND octet_length(action) <= 64),
    object_kind text COLLATE "C" NOT NULL CONSTRAINT audit_entry_object_kind
        CHECK (object_kind ~ '^[a-z]+(-[a-z]+)*$' AND octet_length(object_kind) <= 64),
    object_id text COLLATE "C" NOT NULL CONSTRAINT audit_entry_object_id
        CHECK (octet_length(object_id) BETWEEN 1 AND 512),
    before jsonb CONSTRAINT audit_entry_before CHECK (octet_length(before::text) <= 8388608),
    after jsonb CONSTRAINT audit_entry_after CHECK (octet_length(after::text) <= 8388608),
    previous sha256 NOT NULL,
    hash sha256 NOT NULL,
    CONSTRAINT audit_entry_pkey PRIMARY KEY (workspace_id, seq)
);
COMMENT ON TABLE audit_entry IS
    'What was changed, written in the transaction of the change. Never changed nor removed';
COMMENT ON COLUMN audit_entry.workspace_id IS 'The workspace it happened in; each has a chain of its own';
COMMENT ON COLUMN audit_entry.seq IS 'From 1, without gaps';
COMMENT ON COLUMN audit_entry.at IS 'When, by the clock of the instance that did it';
COMMENT ON COLUMN audit_entry.actor_kind IS
    'Who did it: an API token, a device, a device with an enrolment token, or the server itself';
COMMENT ON COLUMN audit_entry.actor_id IS 'Of the token, device or enrolment; 0: the server itself';
COMMENT ON COLUMN audit_entry.actor_name IS 'Its name then';
COMMENT ON COLUMN audit_entry.actor_role IS 'The role of the token then; empty where there is none';
COMMENT ON COLUMN audit_entry.actor_address IS
    'Where the request came from; empty on the server''s own machine';
COMMENT ON COLUMN audit_entry.action IS 'What was done, such as version.publish';
COMMENT ON COLUMN audit_entry.object_kind IS 'To what kind of thing';
COMMENT ON COLUMN audit_entry.object_id IS
    'To which of them, such as digits@1.0.0; what belongs to a model begins with its name and @';
COMMENT ON COLUMN audit_entry.before IS 'What it was; NULL: not there';
COMMENT ON COLUMN audit_entry.after IS 'What it became; NULL: gone';
COMMENT ON COLUMN audit_entry.previous IS 'hash of the entry before; zeros in the first';
COMMENT ON COLUMN audit_entry.hash IS 'SHA-256 of the canonical JSON of all the others';
COMMENT ON INDEX audit_entry_pkey IS 'The chain, and the log by cursor';
CREATE INDEX audit_entry_object ON audit_entry (workspace_id, object_kind, object_id, seq);
COMMENT ON INDEX audit_entry_object IS 'The history of one thing, by cursor';
CREATE INDEX audit_entry_model ON audit_entry
    (workspace_id, split_part(object_id COLLATE "C", '@', 1), seq)
    WHERE object_kind IN ('model', 'version', 'alias');
COMMENT ON INDEX audit_entry_model IS 'The history of a model with all that belongs to it, by cursor';
CREATE INDEX audit_entry_actor ON audit_entry (workspace_id, actor_kind, actor_id, seq);
COMMENT ON INDEX audit_entry_actor IS 'What a token or a device did, by cursor';
CREATE INDEX audit_entry_action ON audit_entry (workspace_id, action, seq);
COMMENT ON INDEX audit_entry_action IS 'Changes of one sort, by cursor';

CREATE FUNCTION audit_entry_check_chain() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
DECLARE
    last record;
BEGIN
    SELECT seq, hash INTO last FROM audit_entry
        WHERE workspace_id = NEW.workspace_id ORDER BY seq DESC LIMIT 1;
    IF NEW.seq <> coalesce(last.seq, 0) + 1
        OR NEW.previous <> coalesce(last.hash, decode(repeat('00', 32), 'hex')) THEN
        RAISE EXCEPTION 'audit entry % does not continue the chain', NEW.seq;
    END IF;
    RETURN NEW;
END $$;
COMMENT ON FUNCTION audit_entry_check_chain IS 'An entry continues the chain of its workspace';
CREATE TRIGGER audit_entry_chain BEFORE INSERT ON audit_entry
    FOR EACH ROW EXECUTE FUNCTION audit_entry_check_chain();
COMMENT ON TRIGGER audit_entry_chain ON audit_entry IS 'Nothing gets in between';

CREATE FUNCTION audit_entry_refuse_change() RETURNS trigger
    LANGUAGE plpgsql
    AS $$ BEGIN RAISE EXCEPTION 'the audit log is append-only'; END $$;
COMMENT ON FUNCTION audit_entry_refuse_change IS 'Not even a bug may change what happened';
CREATE TRIGGER audit_entry_immutable BEFORE UPDATE OR DELETE ON audit_entry
    FOR EACH ROW EXECUTE FUNCTION audit_entry_refuse_change();
COMMENT ON TRIGGER audit_entry_immutable ON audit_entry IS 'Append-only, for the owner too';
CREATE TRIGGER audit_entry_kept BEFORE TRUNCATE ON audit_entry
    FOR EACH STATEMENT EXECUTE FUNCTION audit_entry_refuse_change();
COMMENT ON TRIGGER audit_entry_kept ON audit_entry IS 'Append-only, for the owner too';
