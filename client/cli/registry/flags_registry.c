/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/registry/flags_registry.h"

#include "cli/flags.h"

const struct option_entry flags_registry_search[] = {
    SWITCH("models", models, "Finds models instead of versions."),
    TEXT("sort", sort, "FIELD",
         "Sorts by a field, such as 'metrics.accuracy desc'. Otherwise newest first."),
    FLAG_LIMIT,
    END,
};

#define FLAG_REASON(help_) TEXT("reason", reason, "TEXT", help_)

const struct option_entry flags_registry_alias_set[] = {
    TEXT("expect", expect, "VERSION",
         "Only if the alias points to VERSION, or with 'none' only if there is no such alias."),
    END,
};

const struct option_entry flags_registry_alias_rm[] = {
    TEXT("expect", expect, "VERSION", "Only if the alias points to VERSION."),
    END,
};

const struct option_entry flags_registry_metric[] = {
    TEXT("dataset", dataset, "DATASET", "What it was measured on, such as dataset:street@2."),
    END,
};

const struct option_entry flags_registry_approve[] = {
    FLAG_REASON("Why; must be said."),
    LIST("evidence", evidence, "TEXT",
         "What it rests on, such as a link to a report or run:UUID; may be repeated."),
    END,
};

const struct option_entry flags_registry_reason[] = {FLAG_REASON("Why."), END};

const struct option_entry flags_registry_delete[] = {FLAG_REASON("Why."), FLAG_YES, END};

const struct option_entry flags_registry_rules_set[] = {
    {.name = "approvals",
     .type = OPTION_INTEGER,
     AT(approvals),
     .fallback = "-1",
     .min = -1,
     .max = 16,
     .value_name = "N",
     .help = "So many people must approve a version before it is deployed. -1 is as before."},
    LIST("protect", protect, "ALIAS=ROLE",
         "Moving ALIAS takes a token with ROLE, or an administrator's; may be repeated."),
    LIST("unprotect", unprotect, "ALIAS", "Takes that back; may be repeated."),
    END,
};

/* clang-format off */
#define FLAG_NUMBER(name_, member, value_, fallback_, max_, help_)                                 \
    {                                                                                              \
        .name = (name_), .type = OPTION_INTEGER, AT(member), .fallback = (fallback_), .min = 0,    \
        .max = (max_), .value_name = (value_), .help = (help_)                                     \
    }
#define FLAGS_RETENTION                                                                            \
    FLAG_NUMBER("newest", newest, "N", "0", 1000000, "Keeps the N that were published last; at least 1."), \
    FLAG_NUMBER("days", keep_days, "DAYS", "0", 36500, "Keeps those younger than this; 0 is that age keeps none."), \
    FLAG_NUMBER("grace", grace_days, "DAYS", "30", 36500, "What is not kept is archived, and deleted for good after so long; 0 is never.")
/* clang-format on */

const struct option_entry flags_registry_retention_set[] = {FLAGS_RETENTION, END};

const struct option_entry flags_registry_retention_plan[] = {FLAGS_RETENTION, FLAG_LIMIT, END};

const struct option_entry flags_registry_audit_ls[] = {
    TEXT("object", object, "KIND:ID", "Only what changed this, such as version:digits@1.0.0."),
    TEXT("actor", actor, "KIND:ID", "Only what this one did, such as token:7."),
    TEXT("action", action, "ACTION", "Only this action, such as alias.move."),
    FLAG_LIMIT,
    END,
};
