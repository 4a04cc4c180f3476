-- SPDX-License-Identifier: Apache-2.0
-- Enrolment, devices, what they should run, what they say they run.
--
-- A change of a desired state must cost little when it is of very many devices at once, so what
-- moves is kept apart from what does not: device_state is narrow, has no index but its key and
-- room in every page (updates stay in the page and touch no index), and what changed is told by
-- one row of device_change a transaction instead of an index over all devices.

CREATE TABLE enrolment (
    id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT enrolment_pkey PRIMARY KEY,
    workspace_id bigint NOT NULL CONSTRAINT enrolment_workspace_fkey REFERENCES workspace (id),
    name text NOT NULL CONSTRAINT enrolment_name CHECK (octet_length(name) BETWEEN 1 AND 128),
    token_sha256 sha256 NOT NULL CONSTRAINT enrolment_token_sha256_key UNIQUE,
    uses_max integer NOT NULL CONSTRAINT enrolment_uses_max CHECK (uses_max >= 0),
    uses integer NOT NULL DEFAULT 0,
    attributes jsonb NOT NULL CONSTRAINT enrolment_attributes
        CHECK (jsonb_typeof(attributes) = 'object' AND octet_length(attributes::text) <= 262144),
    created_at timestamptz NOT NULL,
    created_by text NOT NULL CONSTRAINT enrolment_created_by
        CHECK (length(created_by) BETWEEN 1 AND 128),
    expires_at timestamptz NOT NULL,
    revoked_at timestamptz,
    CONSTRAINT enrolment_uses CHECK (uses >= 0 AND (uses_max = 0 OR uses <= uses_max)),
    CONSTRAINT enrolment_workspace_id_key UNIQUE (workspace_id, id)
);
COMMENT ON TABLE enrolment IS 'Tokens with which devices enrol';
COMMENT ON COLUMN enrolment.id IS 'Names the token without being it';
COMMENT ON COLUMN enrolment.workspace_id IS 'Where its devices will belong';
COMMENT ON COLUMN enrolment.name IS 'What it is for; need not be unique';
COMMENT ON COLUMN enrolment.token_sha256 IS 'SHA-256 of the token; the token itself is stored nowhere';
COMMENT ON COLUMN enrolment.uses_max IS 'How many devices may enrol with it; 0: any number (a fleet token)';
COMMENT ON COLUMN enrolment.uses IS 'How many did';
COMMENT ON COLUMN enrolment.attributes IS 'Assigned to every device that enrols with it';
COMMENT ON COLUMN enrolment.created_at IS 'When it was made';
COMMENT ON COLUMN enrolment.created_by IS 'Name of the token that made it';
COMMENT ON COLUMN enrolment.expires_at IS 'From then on it is refused';
COMMENT ON COLUMN enrolment.revoked_at IS 'From then on it is refused; NULL: not revoked';
COMMENT ON INDEX enrolment_pkey IS 'By id: revocation';
COMMENT ON INDEX enrolment_token_sha256_key IS 'By hash: a device enrols';
COMMENT ON INDEX enrolment_workspace_id_key IS 'The list by cursor; target of foreign keys that carry the workspace';

CREATE TABLE device (
    id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT device_pkey PRIMARY KEY,
    uuid uuid NOT NULL DEFAULT gen_random_uuid() CONSTRAINT device_uuid_key UNIQUE,
    workspace_id bigint NOT NULL CONSTRAINT device_workspace_fkey REFERENCES workspace (id),
    name resource_name NOT NULL,
    state text NOT NULL DEFAULT 'active' CONSTRAINT device_state_name
        CHECK (state IN ('active', 'revoked')),
    public_key bytea NOT NULL CONSTRAINT device_public_key CHECK (octet_length(public_key) = 32),
    keyid sha256 NOT NULL,
    token_sha256 sha256 NOT NULL,
    next_token_sha256 sha256,
    enrolment_id bigint NOT NULL,
    attributes jsonb NOT NULL CONSTRAINT device_attributes
        CHECK (jsonb_typeof(attributes) = 'object' AND octet_length(attributes::text) <= 262144),
    assigned jsonb NOT NULL CONSTRAINT device_assigned
        CHECK (jsonb_typeof(assigned) = 'object' AND octet_length(assigned::text) <= 262144),
    enrolled_at timestamptz NOT NULL,
    revoked_at timestamptz,
    revoked_by text CONSTRAINT device_revoked_by CHECK (length(revoked_by) BETWEEN 1 AND 128),
    report_sequence bigint NOT NULL DEFAULT 0 CONSTRAINT device_report_sequence
        CHECK (report_sequence >= 0),
    CONSTRAINT device_workspace_id_key UNIQUE (workspace_id, id),
    CONSTRAINT device_enrolment_fkey FOREIGN KEY (workspace_id, enrolment_id)
        REFERENCES enrolment (workspace_id, id),
    CONSTRAINT device_revoked CHECK ((state = 'revoked') = (revoked_at IS NOT NULL)),
    CONSTRAINT device_revoked_with CHECK ((revoked_at IS NULL) = (revoked_by IS NULL))
);
COMMENT ON TABLE device IS 'Something enrolled with its own key';
COMMENT ON COLUMN device.id IS 'Internal; rises with enrolment';
COMMENT ON COLUMN device.uuid IS 'How the device is named in what it signs';
COMMENT ON COLUMN device.workspace_id IS 'The workspace it belongs to';
COMMENT ON COLUMN device.name IS 'Unique among the active devices of its workspace';
COMMENT ON COLUMN device.state IS
    'active, or revoked: final. The name is free again then, the key is not';
COMMENT ON COLUMN device.public_key IS 'Ed25519, raw; made on the device';
COMMENT ON COLUMN device.keyid IS 'SHA-256 of the canonical JSON of TUF''s key object';
COMMENT ON COLUMN device.token_sha256 IS 'SHA-256 of the token with which it authenticates';
COMMENT ON COLUMN device.next_token_sha256 IS
    'Of a token that was issued and not used yet; both work until it is. NULL: none';
COMMENT ON COLUMN device.enrolment_id IS 'With which token it enrolled, at last';
COMMENT ON COLUMN device.attributes IS 'Reported by the device';
COMMENT ON COLUMN device.assigned IS 'Attributes assigned at enrolment; they win over reported ones';
COMMENT ON COLUMN device.enrolled_at IS 'When it enrolled, at last';
COMMENT ON COLUMN device.revoked_at IS 'When it was revoked; NULL: active';
COMMENT ON COLUMN device.revoked_by IS 'Name of the token that revoked it';
COMMENT ON COLUMN device.report_sequence IS 'Highest sequence of a report; lower ones are replays';
COMMENT ON INDEX device_pkey IS 'By id: the roster reads devices in this order';
COMMENT ON INDEX device_uuid_key IS 'No two devices share a uuid';
COMMENT ON INDEX device_workspace_id_key IS 'Target of foreign keys that carry the workspace';
CREATE UNIQUE INDEX device_name_key ON device (workspace_id, name) WHERE state = 'active';
COMMENT ON INDEX device_name_key IS 'By name; of two devices that race for a name one fails here';
CREATE INDEX device_list ON device (workspace_id, name, id);
COMMENT ON INDEX device_list IS 'The list of devices by cursor; a revoked device by name';
CREATE INDEX device_keyid ON device (workspace_id, keyid);
COMMENT ON INDEX device_keyid IS 'Whether a key was revoked before';

CREATE TABLE assignment (
    id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT assignment_pkey PRIMARY KEY,
    workspace_id bigint NOT NULL CONSTRAINT assignment_workspace_fkey REFERENCES workspace (id),
    sha256 sha256 NOT NULL,
    slots text NOT NULL CONSTRAINT assignment_slots CHECK (octet_length(slots) <= 65536),
    created_at timestamptz NOT NULL,
    CONSTRAINT assignment_sha256_key UNIQUE (workspace_id, sha256),
    CONSTRAINT assignment_workspace_id_key UNIQUE (workspace_id, id)
);
COMMENT ON TABLE assignment IS
    'A set of slots and what each runs, stored once for all devices that should run exactly it. '
    'Never changed nor removed: it is also the history of what devices were told';
COMMENT ON COLUMN assignment.id IS 'Internal';
COMMENT ON COLUMN assignment.workspace_id IS 'The workspace it belongs to';
COMMENT ON COLUMN assignment.sha256 IS 'Of slots: equal sets are one row';
COMMENT ON COLUMN assignment.slots IS 'The member "slots" of the state that devices get, as sent';
COMMENT ON COLUMN assignment.created_at IS 'When it was first set on a device';
COMMENT ON INDEX assignment_pkey IS 'By id';
COMMENT ON INDEX assignment_sha256_key IS 'The row of a set of slots, if there is one';
COMMENT ON INDEX assignment_workspace_id_key IS 'Target of foreign keys that carry the workspace';

CREATE TABLE assignment_slot (
    workspace_id bigint NOT NULL,
    assignment_id bigint NOT NULL,
    slot resource_name NOT NULL,
    role text NOT NULL CONSTRAINT assignment_slot_role CHECK (role IN ('production', 'shadow')),
    version_id bigint NOT NULL,
    variant_id bigint NOT NULL,
    CONSTRAINT assignment_slot_pkey PRIMARY KEY (assignment_id, slot),
    CONSTRAINT assignment_slot_assignment_fkey FOREIGN KEY (workspace_id, assignment_id)
        REFERENCES assignment (workspace_id, id),
    CONSTRAINT assignment_slot_version_fkey FOREIGN KEY (workspace_id, version_id)
        REFERENCES model_version (workspace_id, id),
    CONSTRAINT assignment_slot_variant_fkey FOREIGN KEY (workspace_id, variant_id)
        REFERENCES variant (workspace_id, id)
);
COMMENT ON TABLE assignment_slot IS 'What an assignment runs in one slot';
COMMENT ON COLUMN assignment_slot.workspace_id IS 'The workspace it belongs to';
COMMENT ON COLUMN assignment_slot.assignment_id IS 'The assignment';
COMMENT ON COLUMN assignment_slot.slot IS 'Unique in the assignment';
COMMENT ON COLUMN assignment_slot.role IS 'production, or shadow: it sees the same inputs';
COMMENT ON COLUMN assignment_slot.version_id IS 'A published version';
COMMENT ON COLUMN assignment_slot.variant_id IS 'Of that version';
COMMENT ON INDEX assignment_slot_pkey IS 'The slots of an assignment';
CREATE INDEX assignment_slot_version ON assignment_slot (version_id);
COMMENT ON INDEX assignment_slot_version IS 'Which assignments, and so which devices, name a version';

CREATE TABLE device_state (
    device_id bigint NOT NULL CONSTRAINT device_state_pkey PRIMARY KEY
        CONSTRAINT device_state_device_fkey REFERENCES device (id),
    workspace_id bigint NOT NULL,
    active boolean NOT NULL DEFAULT true,
    capabilities text COLLATE "C" NOT NULL CONSTRAINT device_state_capabilities
        CHECK (octet_length(capabilities) <= 4288),
    assignment_id bigint,
    version bigint NOT NULL DEFAULT 0 CONSTRAINT device_state_version CHECK (version >= 0),
    revision bigint NOT NULL DEFAULT 0 CONSTRAINT device_state_revision CHECK (revision >= 0)
) WITH (fillfactor = 45, autovacuum_vacuum_scale_factor = 0.05);
COMMENT ON TABLE device_state IS
    'What moves often about a device. assignment_id has no foreign key: assignments are never '
    'removed, and the check would triple the time of a change of a whole fleet';
COMMENT ON COLUMN device_state.device_id IS 'The device';
COMMENT ON COLUMN device_state.workspace_id IS 'Of the device';
COMMENT ON COLUMN device_state.active IS 'Whether device.state is active';
COMMENT ON COLUMN device_state.capabilities IS
    'What it can run: runtime/hardware, sorted, with commas between; here and not in device because '
    'devices are set in groups of equal capabilities and assignment';
COMMENT ON COLUMN device_state.assignment_id IS 'What its slots should run; NULL: nothing';
COMMENT ON COLUMN device_state.version IS 'Of the desired state; rises with every change of it';
COMMENT ON COLUMN device_state.revision IS
    'Rises with every change that the roster must know: desired state, tokens, revocation';
COMMENT ON INDEX device_state_pkey IS 'By device';

CREATE TABLE device_change (
    id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT device_change_pkey PRIMARY KEY,
    changed_xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    changed_at timestamptz NOT NULL DEFAULT now(),
    device_ids bigint[] NOT NULL CONSTRAINT device_change_device_ids
        CHECK (cardinality(device_ids) BETWEEN 1 AND 100000),
    revisions bigint[],
    versions bigint[],
    assignment_ids bigint[],
    CONSTRAINT device_change_moves CHECK (
        (revisions IS NULL AND versions IS NULL AND assignment_ids IS NULL)
        OR (cardinality(revisions) = cardinality(device_ids)
            AND cardinality(versions) = cardinality(device_ids)
            AND cardinality(assignment_ids) = cardinality(device_ids)))
);
ALTER TABLE device_change
    ALTER COLUMN device_ids SET STORAGE EXTERNAL,
    ALTER COLUMN revisions SET STORAGE EXTERNAL,
    ALTER COLUMN versions SET STORAGE EXTERNAL,
    ALTER COLUMN assignment_ids SET STORAGE EXTERNAL;
COMMENT ON TABLE device_change IS
    'Which devices a transaction changed, kept for an hour. An instance that read all with '
    'changed_xid below the xmin of its snapshot never has to look at these again, and misses none';
COMMENT ON COLUMN device_change.id IS 'Names the row';
COMMENT ON COLUMN device_change.changed_xid IS 'The transaction';
COMMENT ON COLUMN device_change.changed_at IS 'When it began';
COMMENT ON COLUMN device_change.device_ids IS 'Whose row in device or device_state changed';
COMMENT ON COLUMN device_change.revisions IS
    'Where only desired states changed: device_state.revision of each device, so that who follows '
    'need not read the devices; else NULL';
COMMENT ON COLUMN device_change.versions IS 'Likewise, device_state.version';
COMMENT ON COLUMN device_change.assignment_ids IS 'Likewise, device_state.assignment_id; 0: none';
COMMENT ON INDEX device_change_pkey IS 'By id';
CREATE INDEX device_change_xid ON device_change (changed_xid);
COMMENT ON INDEX device_change_xid IS 'The sweep of each instance: what changed since the last';
CREATE INDEX device_change_age ON device_change (changed_at);
COMMENT ON INDEX device_change_age IS 'Forgetting old rows';

CREATE FUNCTION device_change_notify() RETURNS trigger
    LANGUAGE plpgsql
    AS $$ BEGIN NOTIFY device_change; RETURN NULL; END $$;
COMMENT ON FUNCTION device_change_notify IS 'Wakes every instance; once a transaction';
CREATE TRIGGER device_change_notify AFTER INSERT ON device_change
    FOR EACH STATEMENT EXECUTE FUNCTION device_change_notify();
COMMENT ON TRIGGER device_change_notify ON device_change IS
    'Whoever writes a change cannot forget to tell';

CREATE TABLE device_seen (
    device_id bigint NOT NULL CONSTRAINT device_seen_pkey PRIMARY KEY
        CONSTRAINT device_seen_device_fkey REFERENCES device (id),
    seen_at timestamptz NOT NULL,
    online_until timestamptz NOT NULL
) WITH (fillfactor = 45, autovacuum_vacuum_scale_factor = 0.05);
COMMENT ON TABLE device_seen IS 'When devices were last heard of, written in batches';
COMMENT ON COLUMN device_seen.device_id IS 'The device';
COMMENT ON COLUMN device_seen.seen_at IS 'When it was last heard of';
COMMENT ON COLUMN device_seen.online_until IS
    'It counts as online until then: ahead of now while it is connected or polls in time';
COMMENT ON INDEX device_seen_pkey IS 'By device';

CREATE TABLE device_report (
    device_id bigint NOT NULL,
    workspace_id bigint NOT NULL,
    sequence bigint NOT NULL CONSTRAINT device_report_sequence CHECK (sequence >= 1),
    received_at timestamptz NOT NULL,
    envelope bytea NOT NULL CONSTRAINT device_report_envelope
        CHECK (octet_length(envelope) BETWEEN 2 AND 65536),
    CONSTRAINT device_report_pkey PRIMARY KEY (device_id, sequence),
    CONSTRAINT device_report_device_fkey FOREIGN KEY (workspace_id, device_id)
        REFERENCES device (workspace_id, id)
);
COMMENT ON TABLE device_report IS 'Signed reports of devices, the latest thousand of each';
COMMENT ON COLUMN device_report.device_id IS 'Whose signature it bears';
COMMENT ON COLUMN device_report.workspace_id IS 'Of the device';
COMMENT ON COLUMN device_report.sequence IS 'The device''s own count';
COMMENT ON COLUMN device_report.received_at IS 'When it came';
COMMENT ON COLUMN device_report.envelope IS 'Verbatim: the signature can be checked again at any time';
COMMENT ON INDEX device_report_pkey IS 'The reports of a device, newest first, by cursor';

CREATE TABLE device_installed (
    device_id bigint NOT NULL,
    workspace_id bigint NOT NULL,
    slot resource_name NOT NULL,
    sequence bigint NOT NULL CONSTRAINT device_installed_sequence CHECK (sequence >= 1),
    state text NOT NULL CONSTRAINT device_installed_state
        CHECK (state IN ('installed', 'failed', 'removed')),
    model text COLLATE "C" CONSTRAINT device_installed_model CHECK (octet_length(model) <= 63),
    version text COLLATE "C" CONSTRAINT device_installed_version
        CHECK (octet_length(version) <= 64),
    manifest_sha256 sha256,
    report jsonb NOT NULL CONSTRAINT device_installed_report
        CHECK (jsonb_typeof(report) = 'object' AND octet_length(report::text) <= 65536),
    received_at timestamptz NOT NULL,
    CONSTRAINT device_installed_pkey PRIMARY KEY (device_id, slot),
    CONSTRAINT device_installed_device_fkey FOREIGN KEY (workspace_id, device_id)
        REFERENCES device (workspace_id, id)
);
COMMENT ON TABLE device_installed IS 'What a device last said of each slot';
COMMENT ON COLUMN device_installed.device_id IS 'The device';
COMMENT ON COLUMN device_installed.workspace_id IS 'Of the device';
COMMENT ON COLUMN device_installed.slot IS 'The slot';
COMMENT ON COLUMN device_installed.sequence IS 'Of the report that said so';
COMMENT ON COLUMN device_installed.state IS 'installed, failed, or removed';
COMMENT ON COLUMN device_installed.model IS 'The model it is about';
COMMENT ON COLUMN device_installed.version IS 'The version it is about';
COMMENT ON COLUMN device_installed.manifest_sha256 IS 'Names the version for certain';
COMMENT ON COLUMN device_installed.report IS 'The report''s whole word on the slot';
COMMENT ON COLUMN device_installed.received_at IS 'When it came';
COMMENT ON INDEX device_installed_pkey IS 'The slots of a device';
