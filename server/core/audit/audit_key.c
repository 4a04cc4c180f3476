/* SPDX-License-Identifier: Apache-2.0 */
#include "core/audit/audit_key.h"

#include "base/cleanup.h"
#include "core/trust/online_keys.h"
#include "db/q_tuf.h"

static struct q_tuf_place shelf(int64_t workspace_id)
{
    return (struct q_tuf_place){.workspace_id = workspace_id, .repository = AUDIT_KEY_NAME};
}

static int closed(int r)
{
    return r == ONLINE_KEYS_E_CLOSED ? AUDIT_KEY_E_CLOSED : r;
}

/* Whoever makes keys waits for others, so that two who find none do not make two. */
static int make(struct db *db, const struct audit_key_place *place, struct key *ret_key)
{
    struct q_tuf_place keys = shelf(place->workspace_id);
    int r = q_tuf_lock(db, place->workspace_id);

    if (!r)
        r = online_keys_offer(db, place->vault, &keys, place->actor, place->now_ms, ret_key);
    return closed(r);
}

int audit_key_open(struct db *db, const struct audit_key_place *place, struct key_pair *ret_pair)
{
    struct q_tuf_place keys = shelf(place->workspace_id);
    struct key made;
    int r = online_keys_open_newest(db, place->vault, &keys, ret_pair);

    if (r == ONLINE_KEYS_E_NONE) {
        r = make(db, place, &made);
        if (r)
            return r;
        r = online_keys_open_newest(db, place->vault, &keys, ret_pair);
    }
    return r == ONLINE_KEYS_E_SEALED ? AUDIT_KEY_E_SEALED : closed(r);
}

int audit_key_offer(struct db *db, const struct audit_key_place *place, struct key *ret_key)
{
    CLEANUP(arena_release) struct arena arena = {0};
    struct audit_key_item *items;
    size_t count;
    int r = audit_key_list(db, place->workspace_id, &arena, &items, &count);

    if (r)
        return r;
    for (size_t i = 0; i < count; i++) {
        if (items[i].retired_ms)
            continue;
        *ret_key = items[i].key;
        return 0;
    }
    return make(db, place, ret_key);
}

int audit_key_rotate(struct db *db, const struct audit_key_place *place, struct key *ret_key)
{
    struct q_tuf_place keys = shelf(place->workspace_id);
    int r = q_tuf_lock(db, place->workspace_id);

    if (!r)
        r = online_keys_rotate(db, place->vault, &keys, place->actor, place->now_ms, ret_key);
    return closed(r);
}

int audit_key_list(struct db *db, int64_t workspace_id, struct arena *arena,
                   struct audit_key_item **ret_items, size_t *ret_count)
{
    struct q_tuf_place keys = shelf(workspace_id);
    struct q_tuf_online_key *rows;
    struct audit_key_item *items;
    size_t count;
    int r = q_tuf_online_key_list(db, &keys, arena, &rows, &count);

    if (r)
        return r;
    items = arena_array(arena, count, sizeof(*items));
    for (size_t i = 0; i < count; i++) {
        r = online_keys_public(&rows[i], &items[i].key);
        if (r)
            return r;
        items[i].created_ms = rows[i].created_ms;
        items[i].retired_ms = rows[i].retired_ms;
    }
    *ret_items = items;
    *ret_count = count;
    return 0;
}
