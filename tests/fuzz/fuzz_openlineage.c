/* SPDX-License-Identifier: Apache-2.0 */

/*
 * OpenLineage events: a refusal says where and why; of what is taken every reference is canonical,
 * every edge joins two of the nodes, and every facet is found again in the text as it was sent.
 */

#include "fuzz.h"

#include "base/arena.h"
#include "base/cleanup.h"
#include "lineage/claims.h"
#include "lineage/openlineage.h"
#include "lineage/pick.h"
#include "lineage/ref.h"

#include <string.h>

static void check_nodes(const struct claims *claims, struct arena *arena)
{
    for (size_t i = 0; i < claims->node_count; i++) {
        const char *why;
        struct ref ref;

        FUZZ_HOLDS(ref_parse(claims->nodes[i].ref, arena, &ref, &why) == 0);
        FUZZ_HOLDS(ref.kind == claims->nodes[i].kind);
        FUZZ_HOLDS(strcmp(ref.text, claims->nodes[i].ref) == 0);
    }
}

static void check_edges(const struct claims *claims)
{
    for (size_t i = 0; i < claims->edge_count; i++) {
        FUZZ_HOLDS(claims->edges[i].source < claims->node_count);
        FUZZ_HOLDS(claims->edges[i].target < claims->node_count);
        FUZZ_HOLDS(claims_edge_name(claims->edges[i].kind)[0]);
    }
}

static void check_facets(const struct claims *claims, const char *bytes, size_t size)
{
    for (size_t i = 0; i < claims->facet_count; i++) {
        const struct claims_facet *facet = &claims->facets[i];
        const char *part;
        size_t part_size;

        FUZZ_HOLDS(facet->node < claims->node_count);
        FUZZ_HOLDS(facet->other == CLAIMS_NONE || facet->other < claims->node_count);
        FUZZ_HOLDS(pick_part(bytes, size, facet->path, &part, &part_size));
        FUZZ_HOLDS(part_size >= 2 && part[0] == '{' && part[part_size - 1] == '}');
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(arena_release) struct arena arena = {0};
    struct openlineage_event event;
    struct fields_error error = {0};
    struct claims claims;
    int r = openlineage_parse(data, size, &arena, &event, &error);

    if (r) {
        FUZZ_HOLDS(r > 0 && error.text[0]);
        return 0;
    }
    FUZZ_HOLDS(event.input_count <= OPENLINEAGE_DATASETS_MAX);
    FUZZ_HOLDS(openlineage_count_facets(&event) <= OPENLINEAGE_FACETS_TOTAL_MAX);
    claims_derive(&event, &arena, &claims);
    check_nodes(&claims, &arena);
    check_edges(&claims);
    check_facets(&claims, (const char *)data, size);
    return 0;
}
