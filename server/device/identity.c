/* SPDX-License-Identifier: Apache-2.0 */
#include "device/identity.h"

#include "crypto/secret.h"
#include "device/gateway.h"
#include "device/newcomers.h"
#include "http/listener.h"
#include "push/roster.h"
#include "push/rows.h"

#include <string.h>

/* It may have enrolled at another instance a moment ago: a worker asks the database. */
static int may_look_up(const struct gateway *gateway, const uint8_t *hash)
{
    int r = newcomers_ask(gateway->newcomers, hash, clock_monotonic_us(gateway->clock) / 1000);

    if (r == 0)
        return LISTENER_E_LATER;
    return r == NEWCOMERS_E_WRONG ? LISTENER_E_TOKEN : ERR_UNAVAILABLE;
}

static int look_up(const struct gateway *gateway, struct db *db, const uint8_t *hash,
                   struct roster_device **ret_device)
{
    int r = rows_find(db, gateway->roster, hash);

    if (r)
        return r;
    r = roster_authenticate(gateway->roster, hash, clock_wall_ms(gateway->clock) / 1000,
                            ret_device);
    if (r == 0)
        return 0;
    newcomers_wrong(gateway->newcomers, hash, clock_monotonic_us(gateway->clock) / 1000);
    return LISTENER_E_TOKEN;
}

int identity_authenticate(void *context, void *worker, const char *token, struct arena *arena,
                          struct principal *ret_principal)
{
    const struct gateway *gateway = context;
    uint8_t hash[DIGEST_SHA256_SIZE];
    struct roster_device *device;
    int r;

    (void)arena;
    if (strncmp(token, "mfd_", 4) != 0 || strlen(token) >= SECRET_TOKEN_SIZE)
        return LISTENER_E_TOKEN;
    secret_token_hash(token, hash);
    r = roster_authenticate(gateway->roster, hash, clock_wall_ms(gateway->clock) / 1000, &device);
    if (r == ROSTER_E_LOADING)
        return ERR_UNAVAILABLE;
    if (r)
        r = worker ? look_up(gateway, worker, hash, &device) : may_look_up(gateway, hash);
    if (r)
        return r;
    *ret_principal = (struct principal){
        .workspace_id = roster_device_workspace(device),
        .id = roster_device_id(device),
        .roles = ROLE_DEVICE,
        .name = roster_device_name(device),
        .subject = device,
    };
    return 0;
}

struct audit_actor identity_actor(const struct call *call)
{
    return (struct audit_actor){
        .kind = "device",
        .id = call->principal->id,
        .name = call->principal->name,
        .role = "",
        .address = request_peer(call->request),
    };
}
