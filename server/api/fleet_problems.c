/* SPDX-License-Identifier: Apache-2.0 */
#include "api/fleet_problems.h"

#include "api/registry_problems.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "http/problems.h"

const struct problem fleet_problems_unknown_device = {"unknown-device", 404, "Unknown device"};

static const struct problem unknown_variant = {"unknown-variant", 409, "Unknown variant"};
static const struct problem no_fitting_variant = {"no-fitting-variant", 409, "No variant fits"};
static const struct problem version_not_listed = {"version-not-listed", 409,
                                                  "Version is not listed"};
static const struct problem version_yanked = {"version-yanked", 409, "Version was yanked"};
static const struct problem too_many_slots = {"too-many-slots", 409, "Too many slots"};

static const struct {
    int outcome;
    const struct problem *problem;
} outcomes[] = {
    {DESIRED_E_DEVICE,    &fleet_problems_unknown_device    },
    {DESIRED_E_MODEL,     &registry_problems_unknown_model  },
    {DESIRED_E_VERSION,   &registry_problems_unknown_version},
    {DESIRED_E_DRAFT,     &registry_problems_not_published  },
    {DESIRED_E_ARCHIVED,  &registry_problems_archived       },
    {DESIRED_E_APPROVALS, &registry_problems_approvals      },
    {DESIRED_E_VARIANT,   &unknown_variant                  },
    {DESIRED_E_FIT,       &no_fitting_variant               },
    {DESIRED_E_MATCH,     &problems_precondition_failed     },
    {DESIRED_E_SLOTS,     &too_many_slots                   },
    {DESIRED_E_CONFLICT,  &problems_conflict                },
    {DESIRED_E_UNLISTED,  &version_not_listed               },
    {DESIRED_E_YANKED,    &version_yanked                   },
};

void fleet_problems_device(struct reply *reply, const char *device)
{
    reply_problem(reply, &fleet_problems_unknown_device,
                  "there is no device '%s' in this workspace, or it was revoked; GET "
                  "/api/v1/devices lists them",
                  device);
}

/* What is missing, for programs. */
static void add_approvals(struct reply *reply, const struct q_approval_tally *tally)
{
    json_t *names = json_array();

    for (size_t i = 0; i < tally->count; i++)
        (void)json_array_append_new(names, json_string(tally->approved_by[i]));
    reply_problem_member(reply, "required", json_integer((json_int_t)tally->required));
    reply_problem_member(reply, "approved_by", names);
    reply_problem_member(reply, "missing",
                         json_integer((json_int_t)(tally->required - (int64_t)tally->count)));
}

int fleet_problems_desired(struct reply *reply, int outcome, const struct desired_refusal *refusal)
{
    for (size_t i = 0; i < ARRAY_LEN(outcomes); i++) {
        if (outcomes[i].outcome != outcome)
            continue;
        reply_problem(reply, outcomes[i].problem, "%s", refusal->text);
        if (outcome == DESIRED_E_APPROVALS)
            add_approvals(reply, &refusal->approvals);
        return 0;
    }
    return log_fail(ERR_INTERNAL, "a change of desired states ended with %d", outcome);
}
