-- SPDX-License-Identifier: Apache-2.0
-- What is shown of a variant that was added to a version.

CREATE FUNCTION variant_added(added_variant_id bigint) RETURNS json LANGUAGE sql STABLE AS $$
    SELECT json_build_object('at', rfc3339(n.created_at), 'by', n.created_by,
        'manifest_sha256', encode(n.manifest_sha256, 'hex'),
        'signed_by', (SELECT json_agg(encode(g.keyid, 'hex') ORDER BY g.keyid)
                      FROM variant_signature g WHERE g.variant_id = n.variant_id))
    FROM variant_addition n WHERE n.variant_id = added_variant_id
$$;
COMMENT ON FUNCTION variant_added IS 'Who added a variant, and when; NULL where its version has it';
