-- SPDX-License-Identifier: Apache-2.0
-- Of an added variant it is shown, too, since when its publishers' role lists it.

CREATE OR REPLACE FUNCTION variant_added(added_variant_id bigint) RETURNS json LANGUAGE sql STABLE
AS $$
    SELECT json_build_object('at', rfc3339(n.created_at), 'by', n.created_by,
        'manifest_sha256', encode(n.manifest_sha256, 'hex'),
        'signed_by', (SELECT json_agg(encode(g.keyid, 'hex') ORDER BY g.keyid)
                      FROM variant_signature g WHERE g.variant_id = n.variant_id),
        'listed_at', rfc3339(k.listed_at), 'yanked_at', rfc3339(k.yanked_at))
    FROM variant_addition n LEFT JOIN variant_listing k ON k.variant_id = n.variant_id
    WHERE n.variant_id = added_variant_id
$$;
