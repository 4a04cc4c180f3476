/* SPDX-License-Identifier: Apache-2.0 */
#ifndef API_API_H
#define API_API_H

#include "base/clock.h"
#include "blob/reclaim.h"
#include "core/registry/retention.h"
#include "core/trust/image.h"
#include "core/trust/vault.h"
#include "http/listener.h"
#include "work/pool.h"

#include <stdatomic.h>
#include <stdint.h>

struct blob;
struct roster;

/* What the handlers of the api listener reach through call.context. Built by app.c, which owns all
 * of it; complete before the listener serves, and constant from then on but for the flags. */
struct api {
    const struct clock *clock;
    struct blob *blob;
    struct roster *roster;
    struct pool *pool;
    struct pool *stream_pool; /* uploads */
    struct listener *api_listener;
    struct listener *device_listener;
    const struct vault *vault;
    struct image_lifetimes lifetimes;
    int64_t started_wall_ms;
    struct reclaim_totals reclaimed; /* counts */
    struct retention_totals retained;
    atomic_uint_fast64_t versions_deleted;
    atomic_bool schema_is_ready; /* the migrations are applied */
    atomic_bool database_is_up;  /* when last asked */
};

#endif
