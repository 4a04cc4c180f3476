/* SPDX-License-Identifier: Apache-2.0 */
#include "api/routes.h"

#include "api/artifacts.h"
#include "api/health.h"
#include "api/uploads.h"
#include "http/role.h"

/* Handlers get a struct api as call.context. Bodies of JSON are at most 1 MiB but for envelopes. */
const struct route routes_api[] = {
  /* clang-format off */
    {"GET", "/healthz", ROLES_PUBLIC, ROUTE_INLINE, 0, ROUTE_NO_LOG, health_live},
    {"GET", "/readyz",  ROLES_PUBLIC, ROUTE_WORKER, 0, ROUTE_NO_LOG, health_ready},

    {"PUT",     "/api/v1/artifacts/{sha256}", ROLES_PUBLISH, ROUTE_STREAM, 0, 0, artifacts_put},
    {"GET",     "/api/v1/artifacts/{sha256}", ROLES_READ,    ROUTE_WORKER, 0, 0, artifacts_get},
    {"OPTIONS", "/api/v1/uploads",            ROLES_PUBLIC,  ROUTE_INLINE, 0, 0, uploads_options},
    {"POST",    "/api/v1/uploads",            ROLES_PUBLISH, ROUTE_STREAM, 0, 0, uploads_create},
    {"HEAD",    "/api/v1/uploads/{id}",       ROLES_PUBLISH, ROUTE_WORKER, 0, 0, uploads_head},
    {"PATCH",   "/api/v1/uploads/{id}",       ROLES_PUBLISH, ROUTE_STREAM, 0, 0, uploads_patch},
    {"DELETE",  "/api/v1/uploads/{id}",       ROLES_PUBLISH, ROUTE_WORKER, 0, 0, uploads_delete},
    {NULL},
  /* clang-format on */
};
