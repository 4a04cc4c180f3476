-- SPDX-License-Identifier: Apache-2.0
-- Workspaces, API tokens, idempotency keys, and the types that all tables share.

CREATE DOMAIN resource_name AS text COLLATE "C"
    CONSTRAINT resource_name_shape CHECK (VALUE ~ '^[a-z0-9][a-z0-9._-]{0,62}$');
COMMENT ON DOMAIN resource_name IS
    'Name of a workspace, model, device, slot or alias; sorts by bytes, so that cursors are stable';

CREATE DOMAIN sha256 AS bytea
    CONSTRAINT sha256_length CHECK (octet_length(VALUE) = 32);
COMMENT ON DOMAIN sha256 IS 'A raw SHA-256';

CREATE DOMAIN tag_key AS text COLLATE "C"
    CONSTRAINT tag_key_shape CHECK (VALUE ~ '^[A-Za-z0-9_./-]{1,128}$');
COMMENT ON DOMAIN tag_key IS 'Key of a tag, name of a metric or a parameter';

CREATE FUNCTION ms(at timestamptz) RETURNS bigint
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN floor(extract(epoch FROM at) * 1000)::bigint;
COMMENT ON FUNCTION ms IS 'Milliseconds since 1970: how times cross to the server';

CREATE FUNCTION at_ms(ms bigint) RETURNS timestamptz
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN to_timestamp(0) + ms * interval '1 millisecond';
COMMENT ON FUNCTION at_ms IS 'The inverse of ms()';

CREATE FUNCTION rfc3339(at timestamptz) RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"');
COMMENT ON FUNCTION rfc3339 IS 'How times are written in JSON';

CREATE TABLE workspace (
    id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT workspace_pkey PRIMARY KEY,
    name resource_name NOT NULL CONSTRAINT workspace_name_key UNIQUE,
    quota_bytes bigint CONSTRAINT workspace_quota CHECK (quota_bytes >= 0),
    artifact_limit_bytes bigint
        CONSTRAINT workspace_artifact_limit CHECK (artifact_limit_bytes > 0),
    created_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE workspace IS 'Hard partition of everything: no query crosses it';
COMMENT ON COLUMN workspace.id IS 'Every table with user data carries it as workspace_id';
COMMENT ON COLUMN workspace.name IS 'How people and manifests name it';
COMMENT ON COLUMN workspace.quota_bytes IS
    'Logical bytes of artifacts and running uploads, at most; NULL: no limit';
COMMENT ON COLUMN workspace.artifact_limit_bytes IS 'Largest single artifact; NULL: no limit';
COMMENT ON COLUMN workspace.created_at IS 'When it was made';
COMMENT ON INDEX workspace_pkey IS 'By id: foreign keys';
COMMENT ON INDEX workspace_name_key IS 'By name: token and workspace commands';

INSERT INTO workspace (name) VALUES ('default');

CREATE TABLE api_token (
    id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT api_token_pkey PRIMARY KEY,
    workspace_id bigint NOT NULL CONSTRAINT api_token_workspace_fkey REFERENCES workspace (id),
    name text NOT NULL CONSTRAINT api_token_name CHECK (octet_length(name) BETWEEN 1 AND 128),
    role text NOT NULL CONSTRAINT api_token_role
        CHECK (role IN ('admin', 'publisher', 'operator', 'viewer')),
    token_sha256 sha256 NOT NULL CONSTRAINT api_token_token_sha256_key UNIQUE,
    created_at timestamptz NOT NULL,
    created_by text NOT NULL CONSTRAINT api_token_created_by
        CHECK (length(created_by) BETWEEN 1 AND 128),
    expires_at timestamptz,
    revoked_at timestamptz,
    last_used_at timestamptz
);
COMMENT ON TABLE api_token IS 'Bearer tokens of people and pipelines';
COMMENT ON COLUMN api_token.id IS 'Names the token without being it';
COMMENT ON COLUMN api_token.workspace_id IS 'The one workspace that it opens';
COMMENT ON COLUMN api_token.name IS 'Whose it is: appears as created_by; need not be unique';
COMMENT ON COLUMN api_token.role IS 'What it may do';
COMMENT ON COLUMN api_token.token_sha256 IS 'SHA-256 of the token; the token itself is stored nowhere';
COMMENT ON COLUMN api_token.created_at IS 'When it was made';
COMMENT ON COLUMN api_token.created_by IS 'Name of the token that made it, or "modelferryd"';
COMMENT ON COLUMN api_token.expires_at IS 'From then on it is refused; NULL: never';
COMMENT ON COLUMN api_token.revoked_at IS 'From then on it is refused; NULL: not revoked';
COMMENT ON COLUMN api_token.last_used_at IS 'Brought up to date at most once a minute';
COMMENT ON INDEX api_token_pkey IS 'By id: revocation';
COMMENT ON INDEX api_token_token_sha256_key IS 'By hash: authentication of every API request';
CREATE INDEX api_token_list ON api_token (workspace_id, id);
COMMENT ON INDEX api_token_list IS 'The list of tokens of a workspace, by cursor';

CREATE TABLE idempotency_key (
    workspace_id bigint NOT NULL
        CONSTRAINT idempotency_key_workspace_fkey REFERENCES workspace (id),
    token_id bigint NOT NULL CONSTRAINT idempotency_key_token_fkey REFERENCES api_token (id),
    key text COLLATE "C" NOT NULL CONSTRAINT idempotency_key_key
        CHECK (octet_length(key) BETWEEN 1 AND 255),
    request_sha256 sha256 NOT NULL,
    status smallint CONSTRAINT idempotency_key_status CHECK (status BETWEEN 200 AND 299),
    content_type text CONSTRAINT idempotency_key_content_type
        CHECK (octet_length(content_type) <= 128),
    location text CONSTRAINT idempotency_key_location CHECK (octet_length(location) <= 1024),
    body bytea CONSTRAINT idempotency_key_body CHECK (octet_length(body) <= 16777216),
    created_at timestamptz NOT NULL,
    CONSTRAINT idempotency_key_pkey PRIMARY KEY (workspace_id, token_id, key)
);
COMMENT ON TABLE idempotency_key IS
    'Replies to requests with Idempotency-Key, written in the transaction of their effect';
COMMENT ON COLUMN idempotency_key.workspace_id IS 'Of the token';
COMMENT ON COLUMN idempotency_key.token_id IS 'A key means something to the token that sent it only';
COMMENT ON COLUMN idempotency_key.key IS 'As the client sent it';
COMMENT ON COLUMN idempotency_key.request_sha256 IS
    'Of method, path and body: the same key with another request is a mistake';
COMMENT ON COLUMN idempotency_key.status IS
    'HTTP status of the reply; NULL only inside the transaction of the first request';
COMMENT ON COLUMN idempotency_key.content_type IS 'Of the reply; NULL: it has no body';
COMMENT ON COLUMN idempotency_key.location IS 'Its Location header; NULL: none';
COMMENT ON COLUMN idempotency_key.body IS 'Body of the reply';
COMMENT ON COLUMN idempotency_key.created_at IS 'It is forgotten 24 hours later';
COMMENT ON INDEX idempotency_key_pkey IS
    'The replay; a second request waits here for the first to commit';
CREATE INDEX idempotency_key_created_at ON idempotency_key (created_at);
COMMENT ON INDEX idempotency_key_created_at IS 'Forgetting old keys';
