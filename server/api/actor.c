/* SPDX-License-Identifier: Apache-2.0 */
#include "api/actor.h"

#include "api/authenticate.h"

struct audit_actor actor_of(const struct call *call)
{
    return (struct audit_actor){
        .kind = "token",
        .id = call->principal->id,
        .name = call->principal->name,
        .role = authenticate_role_name(call->principal->roles),
        .address = request_peer(call->request),
    };
}
