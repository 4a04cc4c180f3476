-- SPDX-License-Identifier: Apache-2.0
-- What devices were told to run and what they said that they ran, for good: the far end of the
-- lineage. Devices and deployments are no rows of lineage_node; a walk joins them from here, so that
-- a change of a whole fleet costs one row.

CREATE TABLE desired_event (
    id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT desired_event_pkey PRIMARY KEY,
    workspace_id bigint NOT NULL CONSTRAINT desired_event_workspace_fkey REFERENCES workspace (id),
    at timestamptz NOT NULL,
    actor text NOT NULL CONSTRAINT desired_event_actor CHECK (octet_length(actor) BETWEEN 1 AND 512),
    assignment_id bigint,
    devices int8multirange NOT NULL CONSTRAINT desired_event_devices CHECK (NOT isempty(devices)),
    device_count bigint NOT NULL CONSTRAINT desired_event_count CHECK (device_count >= 1),
    CONSTRAINT desired_event_assignment_fkey FOREIGN KEY (workspace_id, assignment_id)
        REFERENCES assignment (workspace_id, id)
);
COMMENT ON TABLE desired_event IS
    'Changes of desired states: which devices were told to run which assignment from then on. Only '
    'added to, in the transaction of the change';
COMMENT ON COLUMN desired_event.id IS 'The number of a deployment: rises with time';
COMMENT ON COLUMN desired_event.workspace_id IS 'Of the devices';
COMMENT ON COLUMN desired_event.at IS 'When it was changed';
COMMENT ON COLUMN desired_event.actor IS 'Who changed it';
COMMENT ON COLUMN desired_event.assignment_id IS 'What they shall run; NULL: nothing';
COMMENT ON COLUMN desired_event.devices IS
    'Ids of the devices; neighbours are one range, so that a fleet is a few bytes';
COMMENT ON COLUMN desired_event.device_count IS 'How many they are';
COMMENT ON INDEX desired_event_pkey IS 'By number';
CREATE INDEX desired_event_assignment ON desired_event (assignment_id, id);
COMMENT ON INDEX desired_event_assignment IS 'Downstream: the deployments of a variant';
CREATE INDEX desired_event_device ON desired_event USING gist (devices);
COMMENT ON INDEX desired_event_device IS 'Upstream: what a device was told, and when';

CREATE INDEX assignment_slot_variant ON assignment_slot (variant_id);
COMMENT ON INDEX assignment_slot_variant IS 'Downstream: the assignments that run a variant';

CREATE TABLE device_ran (
    id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT device_ran_pkey PRIMARY KEY,
    workspace_id bigint NOT NULL,
    device_id bigint NOT NULL,
    slot resource_name NOT NULL,
    sequence bigint NOT NULL CONSTRAINT device_ran_sequence CHECK (sequence >= 0),
    since timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    model text COLLATE "C" CONSTRAINT device_ran_model CHECK (octet_length(model) <= 63),
    version text COLLATE "C" CONSTRAINT device_ran_version CHECK (octet_length(version) <= 64),
    variant text COLLATE "C" CONSTRAINT device_ran_variant CHECK (octet_length(variant) <= 98),
    manifest_sha256 sha256,
    variant_id bigint,
    CONSTRAINT device_ran_device_fkey FOREIGN KEY (workspace_id, device_id)
        REFERENCES device (workspace_id, id),
    CONSTRAINT device_ran_variant_fkey FOREIGN KEY (workspace_id, variant_id)
        REFERENCES variant (workspace_id, id),
    CONSTRAINT device_ran_whole CHECK ((model IS NULL) = (version IS NULL)
        AND (model IS NULL) = (variant IS NULL) AND (model IS NULL) = (manifest_sha256 IS NULL))
);
COMMENT ON TABLE device_ran IS
    'What each slot of a device served from when on, as the device said in reports that it signed. '
    'A row is added where it differs from the one before; never changed nor removed, while the '
    'reports themselves are pruned';
COMMENT ON COLUMN device_ran.id IS 'Rises as reports are accepted';
COMMENT ON COLUMN device_ran.workspace_id IS 'Of the device';
COMMENT ON COLUMN device_ran.device_id IS 'The device';
COMMENT ON COLUMN device_ran.slot IS 'The slot';
COMMENT ON COLUMN device_ran.sequence IS 'Of the report that first said so; 0: from before there was history';
COMMENT ON COLUMN device_ran.since IS 'The time of that report, by the clock of the device';
COMMENT ON COLUMN device_ran.received_at IS 'When it came, by the clock of the server';
COMMENT ON COLUMN device_ran.model IS 'What it serves; NULL: nothing any more';
COMMENT ON COLUMN device_ran.version IS 'The version it serves';
COMMENT ON COLUMN device_ran.variant IS 'The variant it serves: runtime/hardware/precision';
COMMENT ON COLUMN device_ran.manifest_sha256 IS 'Names for certain what it serves';
COMMENT ON COLUMN device_ran.variant_id IS
    'The variant of this registry with that manifest; NULL: there is none';
COMMENT ON INDEX device_ran_pkey IS 'By id';
CREATE INDEX device_ran_device ON device_ran (device_id, slot, id);
COMMENT ON INDEX device_ran_device IS
    'What the slots of a device served, and when; upstream of a device';
CREATE INDEX device_ran_of_variant ON device_ran (variant_id, device_id)
    WHERE variant_id IS NOT NULL;
COMMENT ON INDEX device_ran_of_variant IS 'Downstream: which devices run a variant, or ever ran it';

-- What is known from before: what devices should run now, and what they last installed.

INSERT INTO desired_event (workspace_id, at, actor, assignment_id, devices, device_count)
    SELECT s.workspace_id, now(), 'modelferryd', s.assignment_id,
        range_agg(int8range(s.device_id, s.device_id, '[]')), count(*)
    FROM device_state s WHERE s.active AND s.assignment_id IS NOT NULL
    GROUP BY s.workspace_id, s.assignment_id;

INSERT INTO device_ran (workspace_id, device_id, slot, sequence, since, received_at, model, version,
        variant, manifest_sha256, variant_id)
    SELECT i.workspace_id, i.device_id, i.slot, 0, i.received_at, i.received_at, i.model, i.version,
        i.report->>'variant', i.manifest_sha256, t.id
    FROM device_installed i
    LEFT JOIN model_version v ON v.workspace_id = i.workspace_id
        AND v.manifest_sha256 = i.manifest_sha256 AND v.state = 'published'
    LEFT JOIN variant t ON t.version_id = v.id
        AND concat_ws('/', t.runtime, t.hardware, t.precision) = i.report->>'variant'
    WHERE i.state = 'installed' AND i.model IS NOT NULL AND i.version IS NOT NULL
        AND i.manifest_sha256 IS NOT NULL AND i.report->>'variant' IS NOT NULL;

CREATE FUNCTION history_refuse_change() RETURNS trigger
    LANGUAGE plpgsql
    AS $$ BEGIN RAISE EXCEPTION 'history is never changed nor removed'; END $$;
COMMENT ON FUNCTION history_refuse_change IS 'Not even a bug may rewrite what was';
CREATE TRIGGER desired_event_stays BEFORE UPDATE OR DELETE ON desired_event
    FOR EACH ROW EXECUTE FUNCTION history_refuse_change();
COMMENT ON TRIGGER desired_event_stays ON desired_event IS 'Rows are only added';
CREATE TRIGGER device_ran_stays BEFORE UPDATE OR DELETE ON device_ran
    FOR EACH ROW EXECUTE FUNCTION history_refuse_change();
COMMENT ON TRIGGER device_ran_stays ON device_ran IS 'Rows are only added';
