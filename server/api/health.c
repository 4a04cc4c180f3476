/* SPDX-License-Identifier: Apache-2.0 */
#include "api/health.h"

#include "api/api.h"
#include "db/db.h"
#include "http/problems.h"
#include "push/roster.h"

int health_live(const struct call *call, struct reply *reply)
{
    static const char text[] = "ok\n";

    (void)call;
    reply_bytes(reply, 200, "text/plain", text, sizeof(text) - 1);
    return 0;
}

int health_ready(const struct call *call, struct reply *reply)
{
    static const char text[] = "ready\n";
    const struct api *api = call->context;

    if (atomic_load(&api->schema_is_ready) && !roster_ready(api->roster)) {
        reply_problem(reply, &problems_unavailable, "the devices are still being loaded");
        return 0;
    }
    if (!atomic_load(&api->schema_is_ready) || !db_ping(call->worker)) {
        reply_problem(reply, &problems_unavailable,
                      "the database does not answer; try again later");
        return 0;
    }
    reply_bytes(reply, 200, "text/plain", text, sizeof(text) - 1);
    return 0;
}
