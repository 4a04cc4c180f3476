/* SPDX-License-Identifier: Apache-2.0 */
#include "api/whoami.h"

#include "api/encode.h"
#include "core/tokens.h"
#include "http/problems.h"

int whoami_on_get(const struct call *call, struct reply *reply)
{
    struct q_token token;
    int r;

    r = tokens_get(call->worker, call->principal->workspace_id, call->principal->id, call->arena,
                   &token);
    if (r == TOKENS_E_MISSING) {
        reply_problem(reply, &problems_unauthenticated, "the token is not known any more");
        return 0;
    }
    if (r)
        return r;
    reply_json(reply, 200,
               json_pack("{s:s, s:{s:I, s:s, s:[s], s:o}}", "workspace", token.workspace, "token",
                         "id", (json_int_t)token.id, "name", token.name, "roles", token.role,
                         "expires_at", encode_time(token.expires_ms)));
    return 0;
}
