/* SPDX-License-Identifier: Apache-2.0 */
#include "api/checkpoints.h"

#include "api/actor.h"
#include "api/api.h"
#include "api/audit_key.h"
#include "api/encode.h"
#include "core/audit/checkpoints.h"
#include "http/page.h"
#include "http/problems.h"

static json_t *encode(const struct q_checkpoint *checkpoint)
{
    return json_pack("{s:I, s:o, s:o}", "seq", (json_int_t)checkpoint->seq, "at",
                     encode_time(checkpoint->at_ms), "envelope",
                     encode_stored(checkpoint->envelope));
}

int checkpoints_on_list(const struct call *call, struct reply *reply)
{
    struct q_checkpoint_page found;
    struct page page;
    json_t *items;
    int r = page_parse_id(call, &page, reply);

    if (r)
        return r == PAGE_E_REFUSED ? 0 : r;
    r = q_checkpoint_list(call->worker, call->principal->workspace_id, page.after_id, page.limit,
                          call->arena, &found);
    if (r)
        return r;
    items = json_array();
    for (size_t i = 0; i < found.count; i++)
        (void)json_array_append_new(items, encode(&found.items[i]));
    page_reply_id(reply, items, found.more, found.count > 0 ? found.items[found.count - 1].seq : 0);
    return 0;
}

int checkpoints_on_post(const struct call *call, struct reply *reply)
{
    const struct api *api = call->context;
    struct audit_actor actor = actor_of(call);
    const struct audit_key_place place = {
        .vault = api->vault,
        .workspace_id = call->principal->workspace_id,
        .actor = &actor,
        .now_ms = clock_wall_ms(api->clock),
    };
    struct q_checkpoint made;
    bool is_new;
    int r = checkpoints_make(call->worker, &place, call->arena, &made, &is_new);

    if (r == CHECKPOINTS_E_EMPTY) {
        reply_problem(reply, &problems_not_found,
                      "nothing was recorded in this workspace yet; there is nothing to sign");
        return 0;
    }
    if (r)
        return audit_key_refuse(reply, r);
    reply_json(reply, is_new ? 201 : 200, encode(&made));
    return 0;
}
