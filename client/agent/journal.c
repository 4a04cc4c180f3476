/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/journal.h"

#include "base/cleanup.h"
#include "base/log.h"

#include <stdio.h>
#include <string.h>

DEFINE_CLEANUP(cleanup_json, json_t *, json_decref);

static const char *const step_names[] = {
    [JOURNAL_ACTIVATE] = "activate",
    [JOURNAL_RELOAD] = "reload",
    [JOURNAL_ROLLBACK] = "rollback",
    [JOURNAL_COMMIT] = "commit",
};

#define TEXT(member)                                                                               \
    {                                                                                              \
#member, offsetof(struct journal_record, member),                                          \
            sizeof(((struct journal_record *)0)->member)                                           \
    }
#define TEXT_SINCE(member)                                                                         \
    {                                                                                              \
#member, offsetof(struct journal_record, member),                                          \
            sizeof(((struct journal_record *)0)->member), true                                     \
    }
#define NUMBER(member)                                                                             \
    {                                                                                              \
#member, offsetof(struct journal_record, member), 0                                        \
    }

static const struct {
    const char *name;
    size_t offset;
    size_t size;   /* 0: an int64_t */
    bool may_lack; /* agents of old did not write it */
} members[] = {
    TEXT(id),           TEXT(previous_id), TEXT(older_id),     NUMBER(state_version),
    NUMBER(started_ms), NUMBER(sequence),  NUMBER(gap_us),     NUMBER(duration_ms),
    TEXT(gap_source),   TEXT(error_code),  TEXT(error_detail), TEXT_SINCE(reload),
};

const char *journal_step_name(enum journal_step step)
{
    return step_names[step];
}

static void path_of(const char *slot, char ret_path[static SLOT_PATH_SIZE])
{
    (void)snprintf(ret_path, SLOT_PATH_SIZE, "models/%s/journal.json", slot);
}

int journal_write(const struct store *store, const char *slot, const struct journal_record *record)
{
    CLEANUP(cleanup_json) json_t *object = json_object();
    char path[SLOT_PATH_SIZE];
    int bad = json_object_set_new(object, "step", json_string(step_names[record->step]));

    for (size_t i = 0; i < ARRAY_LEN(members); i++) {
        const char *at = (const char *)record + members[i].offset;
        int64_t number;

        memcpy(&number, at, sizeof(number));
        bad |= json_object_set_new(object, members[i].name,
                                   members[i].size ? json_string(at) : json_integer(number));
    }
    if (bad)
        return log_fail(ERR_NO_MEMORY, "cannot write the journal: out of memory");
    path_of(slot, path);
    return store_save(store, path, object, 0600);
}

static bool read_member(const json_t *member, size_t size, char *at)
{
    int64_t number = json_integer_value(member);
    const char *text = json_string_value(member);

    if (!size) {
        memcpy(at, &number, sizeof(number));
        return json_is_integer(member);
    }
    if (!text || strlen(text) >= size)
        return false;
    (void)snprintf(at, size, "%s", text);
    return true;
}

static bool decode(const json_t *object, struct journal_record *record)
{
    const char *step = json_string_value(json_object_get(object, "step"));
    bool known = false;

    for (size_t i = 0; step && i < ARRAY_LEN(step_names); i++) {
        if (strcmp(step, step_names[i]) != 0)
            continue;
        record->step = (enum journal_step)i;
        known = true;
    }
    for (size_t i = 0; i < ARRAY_LEN(members); i++) {
        const json_t *member = json_object_get(object, members[i].name);

        if (!member && members[i].may_lack)
            continue;
        if (!read_member(member, members[i].size, (char *)record + members[i].offset))
            return false;
    }
    return known;
}

int journal_read(const struct store *store, const char *slot, struct journal_record *ret_record)
{
    CLEANUP(cleanup_json) json_t *object = NULL;
    struct journal_record record = {0};
    char path[SLOT_PATH_SIZE];
    int r;

    path_of(slot, path);
    r = store_load(store, path, &object);
    if (r < 0)
        return r;
    if (r == STORE_E_MISSING)
        return JOURNAL_E_NONE;
    if (r == STORE_E_BROKEN || !decode(object, &record)) {
        log_line(LOG_WARN, "ignoring '%s': it is not what the agent wrote", path);
        return JOURNAL_E_NONE;
    }
    *ret_record = record;
    return 0;
}

int journal_clear(const struct store *store, const char *slot)
{
    char path[SLOT_PATH_SIZE];

    path_of(slot, path);
    return store_remove(store, path);
}
