/* SPDX-License-Identifier: Apache-2.0 */
#include "api/audit_key.h"

#include "api/actor.h"
#include "api/api.h"
#include "api/encode.h"
#include "base/cleanup.h"
#include "core/audit/audit_key.h"
#include "db/tx.h"

static const struct problem no_master_key = {"no-master-key", 503, "The server cannot sign"};
static const struct problem sealed_key = {"sealed-key", 503, "The server cannot open its key"};

int audit_key_refuse(struct reply *reply, int r)
{
    if (r < 0)
        return r;
    if (r == AUDIT_KEY_E_SEALED)
        reply_problem(reply, &sealed_key,
                      "the audit key is sealed with another master key; restore the file that "
                      "keys.master_file named, or rotate the key: modelferry audit key --rotate");
    else
        reply_problem(reply, &no_master_key,
                      "this server has no master key; its operator configures keys.master_file");
    return 0;
}

struct wish {
    struct audit_key_place place;
    struct audit_actor actor;
    struct arena *arena;
    bool rotate;
    struct key key;
    struct audit_key_item *items;
    size_t count;
};

static int fulfil(struct db *db, void *arg)
{
    struct wish *wish = arg;
    int r = wish->rotate ? audit_key_rotate(db, &wish->place, &wish->key)
                         : audit_key_offer(db, &wish->place, &wish->key);

    if (r)
        return r;
    return audit_key_list(db, wish->place.workspace_id, wish->arena, &wish->items, &wish->count);
}

static json_t *encode_retired(const struct wish *wish)
{
    json_t *retired = json_array();

    for (size_t i = 0; i < wish->count; i++) {
        const struct audit_key_item *item = &wish->items[i];

        if (item->retired_ms)
            (void)json_array_append_new(retired,
                                        json_pack("{s:s, s:o, s:o, s:o}", "keyid", item->key.id,
                                                  "key", key_to_json(&item->key), "created_at",
                                                  encode_time(item->created_ms), "retired_at",
                                                  encode_time(item->retired_ms)));
    }
    return retired;
}

static int answer(const struct call *call, bool rotate, struct reply *reply)
{
    const struct api *api = call->context;
    struct wish wish = {
        .actor = actor_of(call),
        .arena = call->arena,
        .rotate = rotate,
    };
    int r;

    wish.place = (struct audit_key_place){
        .vault = api->vault,
        .workspace_id = call->principal->workspace_id,
        .actor = &wish.actor,
        .now_ms = clock_wall_ms(api->clock),
    };
    r = tx_run(call->worker, fulfil, &wish);
    if (r)
        return audit_key_refuse(reply, r);
    reply_json(reply, 200,
               json_pack("{s:s, s:o, s:o}", "keyid", wish.key.id, "key", key_to_json(&wish.key),
                         "retired", encode_retired(&wish)));
    return 0;
}

int audit_key_on_get(const struct call *call, struct reply *reply)
{
    return answer(call, false, reply);
}

int audit_key_on_post(const struct call *call, struct reply *reply)
{
    return answer(call, true, reply);
}
