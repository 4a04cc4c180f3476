/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/counters.h"

#include "agent/slot.h"
#include "base/arena.h"
#include "base/cleanup.h"
#include "base/log.h"

#include <string.h>

#define FILE_NAME "metadata/counters.json"

struct survey {
    const struct store *store;
    const char *model;
    int64_t highest;
};

static int look_at_slot(void *state, const char *slot)
{
    CLEANUP(arena_release) struct arena arena = {0};
    struct survey *survey = state;
    struct slot_version version = {0};
    char id[SLOT_ID_SIZE];
    int r = slot_resolve(survey->store, slot, SLOT_LINK_CURRENT, id);

    if (!r)
        r = slot_load_version(survey->store, slot, id, &arena, &version);
    if (!r && strcmp(version.model, survey->model) == 0 &&
        version.release_counter > survey->highest)
        survey->highest = version.release_counter;
    return r < 0 ? r : 0;
}

int64_t counters_floor(const struct store *store, const char *model)
{
    json_auto_t *object = NULL;
    struct survey survey = {.store = store, .model = model};
    int64_t kept = 0;

    if (store_load(store, FILE_NAME, &object) == 0)
        kept = json_integer_value(json_object_get(object, model));
    if (slot_each(store, look_at_slot, &survey))
        log_line(LOG_WARN, "release counters of installed versions cannot be read");
    return kept > survey.highest ? kept : survey.highest;
}

int counters_raise(const struct store *store, const char *model, int64_t counter)
{
    json_auto_t *object = NULL;
    int r = store_load(store, FILE_NAME, &object);

    if (r < 0)
        return r;
    if (json_integer_value(json_object_get(object, model)) >= counter)
        return 0;
    if (!object)
        object = json_object();
    if (json_object_set_new(object, model, json_integer(counter)))
        return log_fail(ERR_NO_MEMORY, "cannot keep a release counter: out of memory");
    return store_save(store, FILE_NAME, object, 0600);
}
