/* SPDX-License-Identifier: Apache-2.0 */

/* References to nodes of the lineage: what parses is canonical, and its text parses to itself. */

#include "fuzz.h"

#include "base/arena.h"
#include "base/cleanup.h"
#include "lineage/ref.h"

#include <string.h>

static bool same(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(arena_release) struct arena arena = {0};
    const char *text = arena_strndup(&arena, (const char *)data, size);
    const char *why = NULL;
    struct ref first;
    struct ref again;
    enum ref_kind kind;

    if (ref_parse(text, &arena, &first, &why)) {
        FUZZ_HOLDS(why && why[0]);
        return 0;
    }
    FUZZ_HOLDS(strlen(first.text) <= REF_TEXT_MAX);
    FUZZ_HOLDS(ref_parse(first.text, &arena, &again, &why) == 0);
    FUZZ_HOLDS(first.kind == again.kind && same(first.text, again.text));
    FUZZ_HOLDS(same(first.space, again.space) && same(first.name, again.name));
    FUZZ_HOLDS(same(first.revision, again.revision) && same(first.variant, again.variant));
    FUZZ_HOLDS(ref_kind_parse(ref_kind_name(first.kind), &kind) && kind == first.kind);
    for (const unsigned char *c = (const unsigned char *)first.text; *c; c++)
        FUZZ_HOLDS(*c > 0x20 && *c != 0x7f);
    return 0;
}
