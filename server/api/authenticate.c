/* SPDX-License-Identifier: Apache-2.0 */
#include "api/authenticate.h"

#include "api/api.h"
#include "base/cleanup.h"
#include "core/tokens.h"

#include <string.h>

static const struct {
    const char *name;
    unsigned role;
} roles[] = {
    {"admin",     ROLE_ADMIN    },
    {"publisher", ROLE_PUBLISHER},
    {"operator",  ROLE_OPERATOR },
    {"viewer",    ROLE_VIEWER   },
};

unsigned authenticate_roles(const char *role)
{
    for (size_t i = 0; i < ARRAY_LEN(roles); i++) {
        if (strcmp(roles[i].name, role) == 0)
            return roles[i].role;
    }
    return 0;
}

const char *authenticate_role_name(unsigned role)
{
    for (size_t i = 0; i < ARRAY_LEN(roles); i++) {
        if (roles[i].role == role)
            return roles[i].name;
    }
    return "";
}

int authenticate_token(void *context, void *worker, const char *token, struct arena *arena,
                       struct principal *ret_principal)
{
    const struct api *api = context;
    struct q_token found;
    int r;

    if (!atomic_load(&api->schema_is_ready))
        return ERR_UNAVAILABLE;
    r = tokens_authenticate(worker, token, clock_wall_ms(api->clock), arena, &found);
    if (r == TOKENS_E_REFUSED)
        return LISTENER_E_TOKEN;
    if (r)
        return r;
    *ret_principal = (struct principal){
        .workspace_id = found.workspace_id,
        .id = found.id,
        .roles = authenticate_roles(found.role),
        .name = found.name,
    };
    return 0;
}
