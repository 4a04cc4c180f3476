/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/withdrawn.h"

#include "agent/slot.h"
#include "base/cleanup.h"
#include "tuf/targetpath.h"

#include <string.h>

enum {
    SERVED = 1
};

/* The version's own manifest, or that of the variant where it was added. */
static bool is_manifest_of(struct arena *arena, const struct slot_version *version,
                           const char *path)
{
    return strcmp(targetpath_manifest(arena, version->model, version->version), path) == 0 ||
           strcmp(targetpath_variant(arena, version->model, version->version, version->variant),
                  path) == 0;
}

/* Returns SERVED where the slot serves the version whose manifest is called so. */
static int serves(const struct store *store, const char *slot, const char *path)
{
    CLEANUP(arena_release) struct arena arena = {0};
    struct slot_version version;
    char id[SLOT_ID_SIZE];
    int r = slot_resolve(store, slot, SLOT_LINK_CURRENT, id);

    if (!r)
        r = slot_load_version(store, slot, id, &arena, &version);
    if (r)
        return r < 0 ? r : 0;
    return is_manifest_of(&arena, &version, path) ? SERVED : 0;
}

struct question {
    const struct store *store;
    const char *path;
};

static int ask(void *state, const char *slot)
{
    const struct question *question = state;

    return serves(question->store, slot, question->path);
}

void withdrawn_let_go(const struct store *store, struct detections *detections)
{
    for (size_t i = 0; i < detections->count; i++) {
        struct detections_entry *entry = &detections->entries[i];
        struct question question = {.store = store, .path = entry->file};

        if (entry->check == DETECTION_WITHDRAWN && slot_each(store, ask, &question) == 0)
            entry->seen = false;
    }
}
