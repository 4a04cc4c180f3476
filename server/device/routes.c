/* SPDX-License-Identifier: Apache-2.0 */
#include "device/routes.h"

#include "device/artifacts.h"
#include "device/attributes.h"
#include "device/enroll.h"
#include "device/events.h"
#include "device/manifests.h"
#include "device/reports.h"
#include "device/state.h"
#include "device/token.h"
#include "device/trust.h"
#include "http/role.h"
#include "proto/enrolment.h"
#include "proto/report.h"

/* Handlers get a struct gateway as call.context. What devices ask all the time is answered inline,
 * from memory. */
const struct route routes_device[] = {
  /* clang-format off */
    {"POST", "/device/v1/enroll",             ROLES_PUBLIC, ROUTE_WORKER, ENROLMENT_SIZE_MAX,    0,            enroll_post},
    {"GET",  "/device/v1/state",              ROLES_DEVICE, ROUTE_INLINE, 0,                     ROUTE_NO_LOG, state_get},
    {"GET",  "/device/v1/events",             ROLES_DEVICE, ROUTE_INLINE, 0,                     ROUTE_NO_LOG, events_get},
    {"GET",  "/device/v1/manifests/{sha256}", ROLES_DEVICE, ROUTE_WORKER, 0,                     0,            manifests_get},
    {"GET",  "/device/v1/artifacts/{sha256}", ROLES_DEVICE, ROUTE_WORKER, 0,                     0,            artifacts_fetch},
    {"POST", "/device/v1/reports",            ROLES_DEVICE, ROUTE_WORKER, REPORT_SIZE_MAX,       0,            reports_on_post},
    {"POST", "/device/v1/token",              ROLES_DEVICE, ROUTE_WORKER, 0,                     0,            token_post},
    {"PUT",  "/device/v1/attributes",         ROLES_DEVICE, ROUTE_WORKER, DEVICE_FACTS_SIZE_MAX, 0,            attributes_put},
    {"GET",  "/device/v1/bundle",             ROLES_DEVICE, ROUTE_WORKER, 0,                     0,            trust_bundle},
    {"GET",  "/device/v1/director/{file}",    ROLES_DEVICE, ROUTE_WORKER, 0,                     0,            trust_director},

    {"GET", "/tuf/{workspace}/metadata/{file}",                                                   ROLES_DEVICE, ROUTE_WORKER, 0, ROUTE_OPEN, trust_metadata},
    {"GET", "/tuf/{workspace}/targets/{model}/{version}/{file}",                                  ROLES_DEVICE, ROUTE_WORKER, 0, ROUTE_OPEN, trust_manifest},
    {"GET", "/tuf/{workspace}/targets/{model}/{version}/{runtime}/{hardware}/{precision}/{file}", ROLES_DEVICE, ROUTE_WORKER, 0, ROUTE_OPEN, trust_artifact},
    {NULL},
  /* clang-format on */
};
