/* SPDX-License-Identifier: Apache-2.0 */
#ifndef API_LINEAGE_REPLY_H
#define API_LINEAGE_REPLY_H

#include "base/buffer.h"
#include "core/lineage/graph_json.h"
#include "http/router.h"
#include "lineage/ref.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What all questions to the lineage share: their arguments, and how they are answered. */

#define LINEAGE_REPLY_MAX ((size_t)256 << 20)

enum lineage_format {
    LINEAGE_JSON,
    LINEAGE_DOT,
    LINEAGE_TEXT,
};

struct lineage_ask {
    enum lineage_format format; /* ?format=json|dot|text */
    uint32_t depth;             /* ?depth=N; 0: any */
    size_t limit;               /* ?limit=N nodes */
    graph_kinds kinds;          /* ?kinds=dataset,run */
    bool declared;              /* ?declared=true */
    bool directed;              /* ?directed=true */
};

/* Both: false where the reply holds the problem. */
bool lineage_reply_ask(const struct call *call, struct lineage_ask *ret_ask, struct reply *reply);
bool lineage_reply_ref(const struct call *call, const char *argument, struct ref *ret_ref,
                       struct reply *reply);

/* Always returns 0. */
int lineage_reply_unknown(const struct ref *ref, struct reply *reply);
int lineage_reply_send(const struct lineage_ask *ask, const struct buffer *buffer,
                       struct reply *reply);

#endif
