/* SPDX-License-Identifier: Apache-2.0 */
#include "api/revoke.h"

#include "api/actor.h"
#include "api/api.h"
#include "base/clock.h"
#include "http/problems.h"
#include "http/request.h"

#include <errno.h>
#include <stdlib.h>

int revoke_reply(const struct call *call, const struct revoke_kind *kind, struct reply *reply)
{
    const struct api *api = call->context;
    const char *text = request_param(call->request, "id");
    struct audit_actor actor = actor_of(call);
    int r = kind->missing;
    long long id;
    char *end;

    errno = 0;
    id = strtoll(text, &end, 10);
    if (errno == 0 && *end == '\0' && id > 0)
        r = kind->revoke(call->worker, call->principal->workspace_id, id, &actor,
                         clock_wall_ms(api->clock));
    if (r == kind->missing) {
        reply_problem(reply, &problems_not_found, "there is no %s with the id '%s'", kind->noun,
                      text);
        return 0;
    }
    if (r)
        return r;
    reply_empty(reply, 204);
    return 0;
}
