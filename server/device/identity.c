/* SPDX-License-Identifier: Apache-2.0 */
#include "device/identity.h"

#include "crypto/secret.h"
#include "device/gateway.h"
#include "http/listener.h"
#include "push/roster.h"

#include <string.h>

int identity_authenticate(void *context, void *worker, const char *token, struct arena *arena,
                          struct principal *ret_principal)
{
    const struct gateway *gateway = context;
    uint8_t hash[DIGEST_SHA256_SIZE];
    struct roster_device *device;
    int r;

    (void)worker;
    (void)arena;
    if (strncmp(token, "mfd_", 4) != 0 || strlen(token) >= SECRET_TOKEN_SIZE)
        return LISTENER_E_TOKEN;
    secret_token_hash(token, hash);
    r = roster_authenticate(gateway->roster, hash, clock_wall_ms(gateway->clock) / 1000, &device);
    if (r == ROSTER_E_LOADING)
        return ERR_UNAVAILABLE;
    if (r)
        return LISTENER_E_TOKEN;
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
