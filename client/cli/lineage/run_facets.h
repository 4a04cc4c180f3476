/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_LINEAGE_RUN_FACETS_H
#define CLI_LINEAGE_RUN_FACETS_H

#include "base/arena.h"

#include <jansson.h>

/* Facets of OpenLineage that we send: each names who made it and where its schema is. */

#define RUN_FACETS_PRODUCER "https://modelferry.dev/cli/" MODELFERRY_VERSION

/* One of ours, described in docs/LINEAGE.md; a new reference, NULL where memory ends. */
json_t *run_facets_new(const char *name);

/* One of OpenLineage's own: "1-0-1/DatasetVersionDatasetFacet.json". */
json_t *run_facets_standard(const char *schema);

/* A JSON string of text that came from outside: what is no UTF-8 becomes '?'. */
json_t *run_facets_text(const char *text);

/* The name of something whose text is bytes to the system, such as a path: what is no UTF-8 becomes
 * %XX, so that different bytes are different names. In the arena. */
const char *run_facets_name(struct arena *arena, const char *bytes);

#endif
