-- SPDX-License-Identifier: Apache-2.0
-- Lineage: one graph of versions and runs. docs/LINEAGE.md says what its nodes and edges mean,
-- docs/PERFORMANCE.md why it is laid out like this.
--
-- Nodes and edges are only ever added. What may move is how long an edge was observed (it only
-- gets longer) and which of the facets of one name is the latest; both are the same whatever order
-- events arrive in, and however often. The events themselves are kept as they came.

CREATE TABLE lineage_node (
    id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT lineage_node_pkey PRIMARY KEY,
    workspace_id bigint NOT NULL CONSTRAINT lineage_node_workspace_fkey REFERENCES workspace (id),
    kind smallint NOT NULL CONSTRAINT lineage_node_kind CHECK (kind BETWEEN 1 AND 8),
    ref text COLLATE "C" NOT NULL CONSTRAINT lineage_node_ref
        CHECK (octet_length(ref) BETWEEN 5 AND 10240),
    ref_sha256 sha256 NOT NULL,
    version_id bigint,
    variant_id bigint,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT lineage_node_ref_key UNIQUE (workspace_id, ref_sha256),
    CONSTRAINT lineage_node_workspace_id_key UNIQUE (workspace_id, id),
    CONSTRAINT lineage_node_version_key UNIQUE (version_id),
    CONSTRAINT lineage_node_variant_key UNIQUE (variant_id),
    CONSTRAINT lineage_node_version_fkey FOREIGN KEY (workspace_id, version_id)
        REFERENCES model_version (workspace_id, id),
    CONSTRAINT lineage_node_variant_fkey FOREIGN KEY (workspace_id, variant_id)
        REFERENCES variant (workspace_id, id)
);
COMMENT ON TABLE lineage_node IS
    'Nodes of the graph. Devices and deployments have no rows here: they are joined from device, '
    'device_ran and desired_event when the graph is read';
COMMENT ON COLUMN lineage_node.id IS 'Internal: what edges are made of';
COMMENT ON COLUMN lineage_node.workspace_id IS 'The workspace it belongs to; no edge leaves it';
COMMENT ON COLUMN lineage_node.kind IS
    '1 dataset, 2 version of a dataset, 3 code revision, 4 job, 5 run, 6 version of a model, '
    '7 variant, 8 artifact (common/lineage/ref.h)';
COMMENT ON COLUMN lineage_node.ref IS 'Its name in text, canonical; begins with what it is';
COMMENT ON COLUMN lineage_node.ref_sha256 IS 'Of ref, which is too long for an index';
COMMENT ON COLUMN lineage_node.version_id IS
    'The published version of that name; NULL: it is none, or nobody has published it yet';
COMMENT ON COLUMN lineage_node.variant_id IS 'Likewise, the variant';
COMMENT ON COLUMN lineage_node.created_at IS 'When it was first heard of';
COMMENT ON INDEX lineage_node_pkey IS 'By id: what a walk shows of its nodes';
COMMENT ON INDEX lineage_node_ref_key IS 'By name';
COMMENT ON INDEX lineage_node_workspace_id_key IS
    'Target of foreign keys that carry the workspace';
COMMENT ON INDEX lineage_node_version_key IS 'The node of a version';
COMMENT ON INDEX lineage_node_variant_key IS 'The node of a variant, and so of what runs it';

CREATE TABLE lineage_run (
    node_id bigint NOT NULL CONSTRAINT lineage_run_pkey PRIMARY KEY,
    workspace_id bigint NOT NULL,
    job_id bigint NOT NULL,
    state text NOT NULL CONSTRAINT lineage_run_state
        CHECK (state IN ('START', 'RUNNING', 'COMPLETE', 'ABORT', 'FAIL', 'OTHER')),
    ended boolean NOT NULL,
    state_at timestamptz NOT NULL,
    state_sha256 sha256 NOT NULL,
    first_at timestamptz NOT NULL,
    started_at timestamptz,
    CONSTRAINT lineage_run_node_fkey FOREIGN KEY (workspace_id, node_id)
        REFERENCES lineage_node (workspace_id, id),
    CONSTRAINT lineage_run_job_fkey FOREIGN KEY (workspace_id, job_id)
        REFERENCES lineage_node (workspace_id, id)
);
COMMENT ON TABLE lineage_run IS
    'What the events of a run say together: the greatest by (ended, state_at, state_sha256) wins, '
    'so neither order nor repetition matters';
COMMENT ON COLUMN lineage_run.node_id IS 'The run';
COMMENT ON COLUMN lineage_run.workspace_id IS 'Of the run';
COMMENT ON COLUMN lineage_run.job_id IS 'The job that the winning event names';
COMMENT ON COLUMN lineage_run.state IS 'Of the winning event, as OpenLineage names it';
COMMENT ON COLUMN lineage_run.ended IS 'Whether that is COMPLETE, ABORT or FAIL';
COMMENT ON COLUMN lineage_run.state_at IS 'Time of the winning event: of its end where it ended';
COMMENT ON COLUMN lineage_run.state_sha256 IS 'Digest of the winning event';
COMMENT ON COLUMN lineage_run.first_at IS 'Earliest time of any of its events';
COMMENT ON COLUMN lineage_run.started_at IS 'Earliest time of a START; NULL: none came';
COMMENT ON INDEX lineage_run_pkey IS 'By run';
CREATE INDEX lineage_run_job ON lineage_run (job_id, first_at);
COMMENT ON INDEX lineage_run_job IS 'The runs of a job in their order';

CREATE TABLE lineage_event (
    id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT lineage_event_pkey PRIMARY KEY,
    workspace_id bigint NOT NULL CONSTRAINT lineage_event_workspace_fkey REFERENCES workspace (id),
    sha256 sha256 NOT NULL,
    run_id bigint,
    type text NOT NULL CONSTRAINT lineage_event_type CHECK (octet_length(type) BETWEEN 1 AND 16),
    at timestamptz NOT NULL,
    body text NOT NULL CONSTRAINT lineage_event_body
        CHECK (octet_length(body) BETWEEN 2 AND 1048576),
    received_at timestamptz NOT NULL,
    received_by text NOT NULL CONSTRAINT lineage_event_received_by
        CHECK (length(received_by) BETWEEN 1 AND 128),
    CONSTRAINT lineage_event_sha256_key UNIQUE (workspace_id, sha256),
    CONSTRAINT lineage_event_workspace_id_key UNIQUE (workspace_id, id),
    CONSTRAINT lineage_event_run_fkey FOREIGN KEY (workspace_id, run_id)
        REFERENCES lineage_node (workspace_id, id)
);
COMMENT ON TABLE lineage_event IS 'OpenLineage events, each once';
COMMENT ON COLUMN lineage_event.id IS 'Internal; rises as they arrive';
COMMENT ON COLUMN lineage_event.workspace_id IS 'Of the token that brought it';
COMMENT ON COLUMN lineage_event.sha256 IS 'Of body: the same event again changes nothing';
COMMENT ON COLUMN lineage_event.run_id IS 'The run that it is about; NULL: a dataset or job event';
COMMENT ON COLUMN lineage_event.type IS 'eventType of a run event, or DATASET, or JOB';
COMMENT ON COLUMN lineage_event.at IS 'eventTime: when it happened, as its sender says';
COMMENT ON COLUMN lineage_event.body IS 'Verbatim, with all facets, known or not';
COMMENT ON COLUMN lineage_event.received_at IS 'When it came';
COMMENT ON COLUMN lineage_event.received_by IS 'Name of the token that brought it';
COMMENT ON INDEX lineage_event_pkey IS 'By id: the facets that are in it';
COMMENT ON INDEX lineage_event_sha256_key IS 'Whether it came before; of two at once one waits here';
COMMENT ON INDEX lineage_event_workspace_id_key IS
    'Target of foreign keys that carry the workspace';
CREATE INDEX lineage_event_run ON lineage_event (run_id, at, id) WHERE run_id IS NOT NULL;
COMMENT ON INDEX lineage_event_run IS 'The events of a run';

CREATE TABLE lineage_edge (
    source_id bigint NOT NULL,
    target_id bigint NOT NULL,
    kind smallint NOT NULL CONSTRAINT lineage_edge_kind CHECK (kind BETWEEN 1 AND 11),
    workspace_id bigint NOT NULL,
    first_at timestamptz NOT NULL,
    last_at timestamptz NOT NULL,
    CONSTRAINT lineage_edge_pkey PRIMARY KEY (target_id, kind, source_id),
    CONSTRAINT lineage_edge_source_fkey FOREIGN KEY (workspace_id, source_id)
        REFERENCES lineage_node (workspace_id, id),
    CONSTRAINT lineage_edge_target_fkey FOREIGN KEY (workspace_id, target_id)
        REFERENCES lineage_node (workspace_id, id),
    CONSTRAINT lineage_edge_observed CHECK (first_at <= last_at)
) WITH (autovacuum_vacuum_insert_scale_factor = 0.05);
COMMENT ON TABLE lineage_edge IS
    'Edges of the graph, in the direction in which data flows: what is upstream is the source. '
    'Never removed nor pointed elsewhere. No edge is checked for closing a cycle: it is what was '
    'said';
COMMENT ON COLUMN lineage_edge.source_id IS 'What it leads from';
COMMENT ON COLUMN lineage_edge.target_id IS 'What it leads to';
COMMENT ON COLUMN lineage_edge.kind IS
    '1 job to run, 2 read, 3 write, 4 read without a version, 5 write without a version, '
    '6 dataset to its version, 7 code to run, 8 run to the run it is part of, 9 declared by a job, '
    '10 contained in, 11 published from (common/lineage/claims.h)';
COMMENT ON COLUMN lineage_edge.workspace_id IS 'Of both ends';
COMMENT ON COLUMN lineage_edge.first_at IS 'Earliest time for which anybody said so';
COMMENT ON COLUMN lineage_edge.last_at IS 'Latest time for which anybody said so';
COMMENT ON INDEX lineage_edge_pkey IS 'Upstream: all that a walk needs of an edge';
CREATE UNIQUE INDEX lineage_edge_downstream ON lineage_edge (source_id, kind, target_id);
COMMENT ON INDEX lineage_edge_downstream IS 'Downstream: all that a walk needs of an edge';
CREATE INDEX lineage_edge_read_any ON lineage_edge (source_id, first_at) INCLUDE (target_id)
    WHERE kind = 4;
COMMENT ON INDEX lineage_edge_read_any IS
    'Who read a dataset, without saying which version, while one was the latest';
CREATE INDEX lineage_edge_write_any ON lineage_edge (target_id, last_at) INCLUDE (source_id)
    WHERE kind = 5;
COMMENT ON INDEX lineage_edge_write_any IS
    'Who wrote a dataset last before a time, without saying which version';
CREATE INDEX lineage_edge_version ON lineage_edge (source_id, first_at) INCLUDE (target_id)
    WHERE kind = 6;
COMMENT ON INDEX lineage_edge_version IS 'The latest version of a dataset before a time';

CREATE FUNCTION lineage_edge_refuse_change() RETURNS trigger
    LANGUAGE plpgsql
    AS $$ BEGIN RAISE EXCEPTION 'an edge of the lineage is never changed nor removed'; END $$;
COMMENT ON FUNCTION lineage_edge_refuse_change IS 'Not even a bug may rewrite what was said';
CREATE TRIGGER lineage_edge_grows BEFORE UPDATE ON lineage_edge
    FOR EACH ROW WHEN (
        (OLD.source_id, OLD.target_id, OLD.kind, OLD.workspace_id)
            IS DISTINCT FROM (NEW.source_id, NEW.target_id, NEW.kind, NEW.workspace_id)
        OR NEW.first_at > OLD.first_at OR NEW.last_at < OLD.last_at)
    EXECUTE FUNCTION lineage_edge_refuse_change();
COMMENT ON TRIGGER lineage_edge_grows ON lineage_edge IS
    'The time for which an edge was observed may get longer; nothing else may change';
CREATE TRIGGER lineage_edge_stays BEFORE DELETE ON lineage_edge
    FOR EACH ROW EXECUTE FUNCTION lineage_edge_refuse_change();
COMMENT ON TRIGGER lineage_edge_stays ON lineage_edge IS 'Edges are never removed';

CREATE TABLE lineage_claim (
    workspace_id bigint NOT NULL,
    target_id bigint NOT NULL,
    kind smallint NOT NULL,
    source_id bigint NOT NULL,
    event_id bigint NOT NULL,
    CONSTRAINT lineage_claim_pkey PRIMARY KEY (target_id, kind, source_id, event_id),
    CONSTRAINT lineage_claim_edge_fkey FOREIGN KEY (target_id, kind, source_id)
        REFERENCES lineage_edge (target_id, kind, source_id),
    CONSTRAINT lineage_claim_event_fkey FOREIGN KEY (workspace_id, event_id)
        REFERENCES lineage_event (workspace_id, id)
);
COMMENT ON TABLE lineage_claim IS
    'Which events say that an edge is there. Edges between a version, its variants and artifacts, '
    'and those of publish --from, are said by the signed version and the audit log instead';
COMMENT ON COLUMN lineage_claim.workspace_id IS 'Of the edge';
COMMENT ON COLUMN lineage_claim.target_id IS 'Target of the edge';
COMMENT ON COLUMN lineage_claim.kind IS 'Kind of the edge';
COMMENT ON COLUMN lineage_claim.source_id IS 'Source of the edge';
COMMENT ON COLUMN lineage_claim.event_id IS 'The event';
COMMENT ON INDEX lineage_claim_pkey IS 'Who says so';

CREATE TABLE lineage_facet (
    workspace_id bigint NOT NULL,
    node_id bigint NOT NULL,
    scope smallint NOT NULL CONSTRAINT lineage_facet_scope CHECK (scope BETWEEN 1 AND 3),
    other_id bigint NOT NULL CONSTRAINT lineage_facet_other CHECK (other_id >= 0),
    name text COLLATE "C" NOT NULL CONSTRAINT lineage_facet_name
        CHECK (octet_length(name) BETWEEN 0 AND 256),
    at timestamptz NOT NULL,
    event_sha256 sha256 NOT NULL,
    event_id bigint NOT NULL,
    path text NOT NULL CONSTRAINT lineage_facet_path CHECK (octet_length(path) <= 1024),
    deleted boolean NOT NULL,
    CONSTRAINT lineage_facet_pkey PRIMARY KEY (node_id, scope, other_id, name),
    CONSTRAINT lineage_facet_node_fkey FOREIGN KEY (workspace_id, node_id)
        REFERENCES lineage_node (workspace_id, id),
    CONSTRAINT lineage_facet_event_fkey FOREIGN KEY (workspace_id, event_id)
        REFERENCES lineage_event (workspace_id, id)
);
COMMENT ON TABLE lineage_facet IS
    'Where the latest facet of each name is: the greatest by (at, event_sha256) wins, whatever '
    'order events arrive in. Its text stays in the event';
COMMENT ON COLUMN lineage_facet.workspace_id IS 'Of the node';
COMMENT ON COLUMN lineage_facet.node_id IS 'What it describes; of input and output facets the run or job';
COMMENT ON COLUMN lineage_facet.scope IS '1 the node itself, 2 an input of it, 3 an output of it';
COMMENT ON COLUMN lineage_facet.other_id IS 'The input or output; 0 where scope is 1';
COMMENT ON COLUMN lineage_facet.name IS 'As OpenLineage or its sender calls it';
COMMENT ON COLUMN lineage_facet.at IS 'Time of the event';
COMMENT ON COLUMN lineage_facet.event_sha256 IS 'Digest of the event';
COMMENT ON COLUMN lineage_facet.event_id IS 'The event that holds it';
COMMENT ON COLUMN lineage_facet.path IS 'Where in the event: a JSON pointer';
COMMENT ON COLUMN lineage_facet.deleted IS 'Whether the event says _deleted: it is not shown';
COMMENT ON INDEX lineage_facet_pkey IS 'The facets of a node';

-- What was published before there was lineage.

INSERT INTO lineage_node (workspace_id, kind, ref, ref_sha256, version_id)
    SELECT v.workspace_id, 6, n.ref, pg_catalog.sha256(convert_to(n.ref, 'UTF8')), v.id
    FROM model_version v JOIN model m ON m.id = v.model_id
    CROSS JOIN LATERAL (SELECT 'model:' || m.name || '@' || v.version AS ref) n
    WHERE v.state = 'published';

INSERT INTO lineage_node (workspace_id, kind, ref, ref_sha256, variant_id)
    SELECT v.workspace_id, 7, n.ref, pg_catalog.sha256(convert_to(n.ref, 'UTF8')), v.id
    FROM variant v JOIN lineage_node o ON o.version_id = v.version_id
    CROSS JOIN LATERAL
        (SELECT concat_ws('/', o.ref, v.runtime, v.hardware, v.precision) AS ref) n;

INSERT INTO lineage_node (workspace_id, kind, ref, ref_sha256)
    SELECT DISTINCT a.workspace_id, 8, n.ref, pg_catalog.sha256(convert_to(n.ref, 'UTF8'))
    FROM variant_artifact a JOIN lineage_node o ON o.variant_id = a.variant_id
    CROSS JOIN LATERAL (SELECT 'artifact:' || encode(a.sha256, 'hex') AS ref) n;

INSERT INTO lineage_edge (source_id, target_id, kind, workspace_id, first_at, last_at)
    SELECT r.id, o.id, 10, o.workspace_id, v.published_at, v.published_at
    FROM model_version v JOIN lineage_node o ON o.version_id = v.id
    JOIN variant t ON t.version_id = v.id JOIN lineage_node r ON r.variant_id = t.id;

INSERT INTO lineage_edge (source_id, target_id, kind, workspace_id, first_at, last_at)
    SELECT DISTINCT n.id, r.id, 10, r.workspace_id, v.published_at, v.published_at
    FROM model_version v JOIN variant t ON t.version_id = v.id
    JOIN lineage_node r ON r.variant_id = t.id
    JOIN variant_artifact a ON a.variant_id = t.id
    JOIN lineage_node n ON n.workspace_id = a.workspace_id AND n.ref_sha256 =
        pg_catalog.sha256(convert_to('artifact:' || encode(a.sha256, 'hex'), 'UTF8'));
