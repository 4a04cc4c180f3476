/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_LINEAGE_FLAGS_LINEAGE_H
#define CLI_LINEAGE_FLAGS_LINEAGE_H

#include "base/options.h"

/* Which flags `modelferry run` and `modelferry lineage` take (cli/commands.c). */
extern const struct option_entry flags_lineage_run[];
extern const struct option_entry flags_lineage_walk[];
extern const struct option_entry flags_lineage_path[];

/* Of `modelferry explain` and `modelferry impact`. */
extern const struct option_entry flags_lineage_explain_device[];
extern const struct option_entry flags_lineage_explain[];

#endif
