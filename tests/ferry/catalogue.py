# SPDX-License-Identifier: Apache-2.0
"""A registry full of models, made by SQL: the same for the same numbers."""

FILL = """
SELECT setseed(0.4711);
INSERT INTO model (workspace_id, name, description, created_at, created_by)
SELECT w.id, 'model-' || lpad(n::text, 5, '0'), 'number ' || n,
    '2026-01-01Z'::timestamptz + n * interval '1 hour', 'maker-' || n % 3
FROM workspace w, generate_series(1, {models}) n WHERE w.name = 'default';
INSERT INTO model_tag (workspace_id, model_id, key, value)
SELECT workspace_id, id, 'area', (ARRAY['vision', 'audio', 'text'])[1 + id % 3] FROM model;
UPDATE model SET archived_at = now(), archived_by = 'bench', archive_reason = ''
WHERE id % 97 = 0;

INSERT INTO model_version (workspace_id, model_id, version, state, description, manifest,
    manifest_sha256, signed_sha256, created_at, created_by, published_at)
SELECT m.workspace_id, m.id, '1.' || n || '.0', CASE WHEN draft THEN 'draft' ELSE 'published' END,
    '', '{{}}', sha256(('m' || m.id || '/' || n)::bytea), sha256(('s' || m.id || '/' || n)::bytea),
    at, 'token-' || (random() * 40)::int, CASE WHEN NOT draft THEN at + interval '1 minute' END
FROM generate_series(1, {versions}) n CROSS JOIN model m
CROSS JOIN LATERAL (SELECT (m.id * 31 + n) % 211 = 0 AS draft,
    '2026-02-01Z'::timestamptz + (n * {models} + m.id) * interval '1 minute' AS at) d
ORDER BY n, m.id;
UPDATE version_state SET status = 'archived', archived_at = now(), archived_by = 'bench',
    archive_reason = '' WHERE status = 'published' AND version_id % 101 = 0;

INSERT INTO version_tag (workspace_id, version_id, key, value, signed)
SELECT v.workspace_id, v.id, t.key, t.value, true FROM model_version v
CROSS JOIN LATERAL (SELECT random() AS a, random() AS b, random() AS c, v.id) r
CROSS JOIN LATERAL (VALUES
    ('stage', CASE WHEN a < 0.1 THEN 'prod' WHEN a < 0.3 THEN 'staging' ELSE 'dev' END),
    ('team', 'team-' || (b * 20)::int), ('site', 'site-' || (c * 100)::int),
    ('owner', 'owner-' || (b * c * 500)::int), ('build', 'b-' || v.id)) AS t (key, value);
INSERT INTO version_metric (workspace_id, version_id, name, value, value_text, dataset, signed,
    main)
SELECT v.workspace_id, v.id, t.name, t.value, t.value::text, '', true, true FROM model_version v
CROSS JOIN LATERAL (SELECT random() AS a, random() AS b, v.id) r
CROSS JOIN LATERAL (VALUES ('accuracy', round(a::numeric, 3)::float8),
    ('latency_ms', (b * 50)::int::float8), ('f1', round((a * b)::numeric, 3)::float8))
    AS t (name, value)
WHERE t.name <> 'f1' OR v.id % 400 = 0;
INSERT INTO version_metric (workspace_id, version_id, name, value, value_text, dataset, signed,
    main, set_at, set_by)
SELECT workspace_id, id, 'accuracy', 0.5 + id % 50 * 0.01, (0.5 + id % 50 * 0.01)::text,
    'dataset:street@2', false, false, now(), 'bench'
FROM model_version WHERE id % 10 = 0;
INSERT INTO version_param (workspace_id, version_id, name, value, number, signed)
SELECT v.workspace_id, v.id, t.name, t.value,
    CASE WHEN t.value ~ '^[0-9]+$' THEN t.value::float8 END, true FROM model_version v
CROSS JOIN LATERAL (VALUES ('epochs', (v.id % 64)::text),
    ('optimizer', (ARRAY['adam', 'sgd', 'lamb', '7'])[1 + v.id % 4])) AS t (name, value);
INSERT INTO variant (workspace_id, version_id, position, runtime, hardware, precision)
SELECT v.workspace_id, v.id, t.position, t.runtime, t.hardware, t.precision FROM model_version v
CROSS JOIN LATERAL (VALUES (0, 'onnx', 'cpu', 'fp32', 1), (1, 'tflite', 'cpu', 'int8', 3),
    (2, 'dlc', 'sm8650-htp', 'int8', 10)) AS t (position, runtime, hardware, precision, every)
WHERE v.id % t.every = 0;
INSERT INTO alias (workspace_id, model_id, name, version_id, revision, moved_at, moved_by)
SELECT v.workspace_id, v.model_id, a.name, a.id, 1, now(), 'bench'
FROM (SELECT model_id, workspace_id, max(id) AS newest, min(id) AS oldest FROM model_version
    WHERE state = 'published' GROUP BY 1, 2) v
CROSS JOIN LATERAL (VALUES ('champion', newest), ('shadow', oldest)) AS a (name, id)
WHERE a.name = 'champion' OR v.model_id % 4 = 0;
INSERT INTO approval (workspace_id, version_id, token_id, approved_by, role, reason, evidence,
    approved_at)
SELECT v.workspace_id, v.id, (SELECT min(id) FROM api_token), 'kim', 'admin', 'good', '[]', now()
FROM model_version v WHERE v.id % 50 = 0;
"""

FACTS = """
SELECT json_build_object('id', v.id, 'model', m.name, 'version', v.version, 'state', s.status,
    'created', ms(s.created_at), 'published', ms(s.published_at), 'created_by', v.created_by,
    'tags', (SELECT coalesce(json_object_agg(key, value), '{}') FROM version_tag t
        WHERE t.version_id = v.id),
    'metrics', (SELECT coalesce(json_object_agg(name, value), '{}') FROM version_metric t
        WHERE t.version_id = v.id AND main),
    'street', (SELECT coalesce(json_object_agg(name, value), '{}') FROM version_metric t
        WHERE t.version_id = v.id AND dataset = 'dataset:street@2'),
    'params', (SELECT coalesce(json_object_agg(name, value), '{}') FROM version_param t
        WHERE t.version_id = v.id),
    'variants', (SELECT coalesce(json_agg(ARRAY[runtime, hardware, precision]), '[]')
        FROM variant t WHERE t.version_id = v.id),
    'aliases', (SELECT coalesce(json_agg(name), '[]') FROM alias t WHERE t.version_id = v.id),
    'approved_by', (SELECT coalesce(json_agg(approved_by), '[]') FROM approval t
        WHERE t.version_id = v.id AND withdrawn_at IS NULL))
FROM model_version v JOIN version_state s ON s.version_id = v.id JOIN model m ON m.id = v.model_id
ORDER BY v.id
"""


def fill(database, models, versions):
    """models x versions, each version with five tags, two or three metrics, two parameters. A token
    must be there."""
    database.sql(FILL.format(models=models, versions=versions))
    database.sql("VACUUM ANALYZE")
