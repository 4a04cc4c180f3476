/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_REGISTRY_FLAGS_REGISTRY_H
#define CLI_REGISTRY_FLAGS_REGISTRY_H

#include "base/options.h"

/* Which flags the commands about models and versions take (cli/commands.c). */
extern const struct option_entry flags_registry_search[];
extern const struct option_entry flags_registry_alias_set[];
extern const struct option_entry flags_registry_alias_rm[];
extern const struct option_entry flags_registry_metric[];
extern const struct option_entry flags_registry_approve[];
extern const struct option_entry flags_registry_reason[];
extern const struct option_entry flags_registry_delete[];
extern const struct option_entry flags_registry_rules_set[];
extern const struct option_entry flags_registry_retention_set[];
extern const struct option_entry flags_registry_retention_plan[];
extern const struct option_entry flags_registry_audit_ls[];

#endif
