/* SPDX-License-Identifier: Apache-2.0 */
#include "core/registry/notes.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "core/registry/version_content.h"
#include "db/q_note.h"

#include <string.h>

const struct notes_member notes_version[] = {
    {"tags",                                                                       "set, changed and removed; those in the manifest are signed and stay"},
    {"metrics",                                                                            "measured again, on any dataset; those in the manifest are signed and stay"},
    {"params","set, changed and removed; those in the manifest are signed and stay"},
    {"card",                                                                     "replaced"},
    {NULL                                                                           }
};

const struct notes_member notes_model[] = {
    {"description",               "replaced"},
    {"tags",                           "set, changed and removed"},
    {"card","replaced"},
    {NULL                     }
};

const char *const notes_immutable[] = {
    "model",    "version",         "state",     "created_at", "created_by",  "published_at", "name",
    "variants", "manifest_sha256", "signed_by", "signature",  "description", "manifest",     NULL};

bool notes_may_change(const struct notes_member *members, const char *name)
{
    for (const struct notes_member *member = members; member->name; member++) {
        if (strcmp(member->name, name) == 0)
            return true;
    }
    return false;
}

/* ---- one kind of notes -------------------------------------------------------------------- */

/* Items as the arrays that statements take; only those that change anything. */
struct delta {
    const char **names;
    const char **values;
    const char **numbers;
    const char **datasets;
    size_t count;
};

struct work {
    const struct registry_place *place;
    const char *version; /* NULL: a model's notes */
    const struct notes_change *change;
    struct arena *arena;
    struct registry_refusal *refusal;
    struct q_life life;
    json_t *before; /* what changes: {"tags": {"a": "x"}, ...} */
    json_t *after;
    int64_t revision;
};

enum kind {
    TAGS,
    METRICS,
    PARAMS
};

static const char *const kind_names[] = {"tags", "metrics", "params"};

/* How an item is named in the audit log: a metric with its dataset. */
static const char *label(const struct work *work, const struct notes_item *item)
{
    if (!item->dataset || !*item->dataset)
        return item->name;
    return arena_printf(work->arena, "%s@%s", item->name, item->dataset);
}

static bool is_same(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

static json_t *text_or_null(const char *text)
{
    return text ? json_string(text) : json_null();
}

static int refuse_signed(const struct work *work, enum kind kind, const char *name)
{
    return registry_refuse(work->refusal, REGISTRY_E_SIGNED,
                           "%s.%s is in the signed manifest of %s@%s and never changes; %s",
                           kind_names[kind], name, work->place->model, work->version,
                           kind == METRICS ? "name the dataset of another measurement"
                                           : "use another name");
}

/* Keeps the items that change anything, and notes what they change. */
static int compare(const struct work *work, enum kind kind, const struct notes_item *items,
                   size_t count, const struct q_note_value *present, struct delta *ret_delta)
{
    json_auto_t *before = json_object();
    json_auto_t *after = json_object();
    struct delta *delta = ret_delta;
    int failed = 0;

    for (size_t i = 0; i < count; i++) {
        if (is_same(items[i].value, present[i].value))
            continue;
        if (present[i].is_signed)
            return refuse_signed(work, kind, items[i].name);
        delta->names[delta->count] = items[i].name;
        delta->values[delta->count] = items[i].value;
        delta->datasets[delta->count] = items[i].dataset;
        delta->numbers[delta->count++] =
            items[i].value ? version_content_number(items[i].value, work->arena) : NULL;
        failed |=
            json_object_set_new(before, label(work, &items[i]), text_or_null(present[i].value)) |
            json_object_set_new(after, label(work, &items[i]), text_or_null(items[i].value));
    }
    if (delta->count > 0)
        failed |= json_object_set(work->before, kind_names[kind], before) |
                  json_object_set(work->after, kind_names[kind], after);
    return failed ? log_fail(ERR_NO_MEMORY, "cannot record notes: out of memory") : 0;
}

static int find_present(struct db *db, const struct work *work, enum kind kind,
                        const struct delta *wanted, struct q_note_value **ret_present)
{
    int64_t id = work->life.id;

    if (!work->version)
        return q_note_model_tags(db, id, wanted->names, wanted->count, work->arena, ret_present);
    switch (kind) {
    case TAGS:
        return q_note_version_tags(db, id, wanted->names, wanted->count, work->arena, ret_present);
    case PARAMS:
        return q_note_version_params(db, id, wanted->names, wanted->count, work->arena,
                                     ret_present);
    default:
        return q_note_version_metrics(db, id, wanted->names, wanted->datasets, wanted->count,
                                      work->arena, ret_present);
    }
}

static int store(struct db *db, const struct work *work, enum kind kind, const struct delta *delta)
{
    static int (*const setters[])(struct db *, const struct q_note_set *, struct arena *) = {
        [TAGS] = q_note_set_version_tags,
        [METRICS] = q_note_set_version_metrics,
        [PARAMS] = q_note_set_version_params,
    };
    const struct q_note_set set = {
        .workspace_id = work->place->workspace_id,
        .id = work->life.id,
        .names = delta->names,
        .values = delta->values,
        .numbers = delta->numbers,
        .datasets = delta->datasets,
        .count = delta->count,
        .by = work->place->actor->name,
        .now_ms = work->place->now_ms,
    };

    return (work->version ? setters[kind] : q_note_set_model_tags)(db, &set, work->arena);
}

static struct delta make_delta(const struct work *work, size_t count)
{
    return (struct delta){
        .names = arena_array(work->arena, count, sizeof(char *)),
        .values = arena_array(work->arena, count, sizeof(char *)),
        .numbers = arena_array(work->arena, count, sizeof(char *)),
        .datasets = arena_array(work->arena, count, sizeof(char *)),
    };
}

static int change_kind(struct db *db, struct work *work, enum kind kind,
                       const struct notes_item *items, size_t count)
{
    struct delta wanted = make_delta(work, count);
    struct delta delta = make_delta(work, count);
    struct q_note_value *present;
    int r;

    if (count == 0)
        return 0;
    for (size_t i = 0; i < count; i++) {
        wanted.names[i] = items[i].name;
        wanted.datasets[i] = items[i].dataset;
    }
    wanted.count = count;
    r = find_present(db, work, kind, &wanted, &present);
    if (!r)
        r = compare(work, kind, items, count, present, &delta);
    if (r || delta.count == 0)
        return r;
    return store(db, work, kind, &delta);
}

/* ---- texts -------------------------------------------------------------------------------- */

/* Returns whether the text changes; notes it. */
static int change_text(struct work *work, const char *name, const char *before, const char *after,
                       bool *ret_changed)
{
    *ret_changed = after && strcmp(before, after) != 0;
    if (!*ret_changed)
        return 0;
    if (json_object_set_new(work->before, name, json_string(before)) ||
        json_object_set_new(work->after, name, json_string(after)))
        return log_fail(ERR_NO_MEMORY, "cannot record a text: out of memory");
    return 0;
}

static int change_version_card(struct db *db, struct work *work)
{
    const char *card;
    bool changed = false;
    int r;

    if (!work->change->card)
        return 0;
    r = q_note_version_card(db, work->life.id, work->arena, &card);
    if (!r)
        r = change_text(work, "card", card, work->change->card, &changed);
    if (r || !changed)
        return r;
    return q_note_set_version_card(db, work->place->workspace_id, work->life.id,
                                   work->change->card);
}

static int change_model_texts(struct db *db, struct work *work)
{
    struct q_note_model note;
    bool description = false;
    bool card = false;
    int r = q_note_model(db, work->life.id, work->arena, &note);

    if (!r)
        r = change_text(work, "description", note.description, work->change->description,
                        &description);
    if (!r)
        r = change_text(work, "card", note.card, work->change->card, &card);
    if (r || (!description && !card))
        return r;
    if (description)
        note.description = work->change->description;
    if (card)
        note.card = work->change->card;
    return q_note_set_model(db, work->life.id, &note);
}

/* ---- changing ----------------------------------------------------------------------------- */

static int check_counts(struct db *db, const struct work *work)
{
    struct q_note_counts counts = {0};
    int r = work->version ? q_note_counts(db, work->life.id, &counts)
                          : q_note_model_tag_count(db, work->life.id, &counts.tags);

    if (r)
        return r;
    if (counts.tags > NOTES_MAX || counts.params > NOTES_MAX || counts.metrics > NOTES_MAX)
        return registry_refuse(work->refusal, REGISTRY_E_MANY,
                               "at most %d tags, metrics and parameters each; remove some first",
                               NOTES_MAX);
    return 0;
}

static int hold(struct db *db, struct work *work)
{
    struct q_life model;
    int r = registry_hold_model(db, work->place, work->version ? Q_LIFE_SHARED : Q_LIFE_EXCLUSIVE,
                                work->arena, &model, work->refusal);

    if (r)
        return r;
    work->life = model;
    if (!work->version)
        return 0;
    r = registry_hold_version(db, work->place, model.id, work->version, Q_LIFE_EXCLUSIVE,
                              work->arena, &work->life, work->refusal);
    return r ? r : registry_check_kept(db, &work->life, work->arena, work->refusal);
}

/* Nothing is recorded of what changed nothing. */
static int finish(struct db *db, struct work *work)
{
    int r;

    work->revision = work->life.revision;
    if (json_object_size(work->after) == 0)
        return 0;
    r = check_counts(db, work);
    if (!r)
        r = (work->version ? q_note_touch_version : q_note_touch_model)(db, work->life.id);
    if (r)
        return r;
    work->revision++;
    return registry_record(db, work->place,
                           work->version ? AUDIT_VERSION_ANNOTATE : AUDIT_MODEL_CHANGE,
                           work->version, json_incref(work->before), json_incref(work->after));
}

static int run(struct db *db, void *arg)
{
    struct work *work = arg;
    const struct notes_change *change = work->change;
    json_auto_t *before = json_object();
    json_auto_t *after = json_object();
    int r;

    work->before = before;
    work->after = after;
    r = hold(db, work);
    if (!r)
        r = registry_match(change->expected, work->life.revision, work->refusal);
    if (!r)
        r = change_kind(db, work, TAGS, change->tags, change->tag_count);
    if (!r)
        r = change_kind(db, work, METRICS, change->metrics, change->metric_count);
    if (!r)
        r = change_kind(db, work, PARAMS, change->params, change->param_count);
    if (!r)
        r = work->version ? change_version_card(db, work) : change_model_texts(db, work);
    return r ? r : finish(db, work);
}

static int change_it(struct db *db, struct work *work, int64_t *ret_revision)
{
    int r = tx_run(db, run, work);

    if (!r)
        *ret_revision = work->revision;
    return r;
}

int notes_change_version(struct db *db, const struct registry_place *place, const char *version,
                         const struct notes_change *change, struct arena *arena,
                         int64_t *ret_revision, struct registry_refusal *ret_refusal)
{
    struct work work = {
        .place = place,
        .version = version,
        .change = change,
        .arena = arena,
        .refusal = ret_refusal,
    };

    return change_it(db, &work, ret_revision);
}

int notes_change_model(struct db *db, const struct registry_place *place,
                       const struct notes_change *change, struct arena *arena,
                       int64_t *ret_revision, struct registry_refusal *ret_refusal)
{
    struct work work = {
        .place = place,
        .change = change,
        .arena = arena,
        .refusal = ret_refusal,
    };

    return change_it(db, &work, ret_revision);
}

/* ---- reading ------------------------------------------------------------------------------ */

struct reading {
    const struct registry_place *place;
    const char *version;
    struct arena *arena;
    const char **ret_card;
    struct registry_refusal *refusal;
};

static int read_card(struct db *db, void *arg)
{
    const struct reading *reading = arg;
    struct q_note_model note;
    struct q_life version;
    int64_t model_id;
    int r = registry_find_model(db, reading->place, &model_id, reading->refusal);

    if (r)
        return r;
    if (!reading->version) {
        r = q_note_model(db, model_id, reading->arena, &note);
        if (!r)
            *reading->ret_card = note.card;
        return r;
    }
    r = registry_hold_version(db, reading->place, model_id, reading->version, Q_LIFE_SHARED,
                              reading->arena, &version, reading->refusal);
    return r ? r : q_note_version_card(db, version.id, reading->arena, reading->ret_card);
}

int notes_card(struct db *db, const struct registry_place *place, const char *version,
               struct arena *arena, const char **ret_card, struct registry_refusal *ret_refusal)
{
    struct reading reading = {place, version, arena, ret_card, ret_refusal};

    return tx_run(db, read_card, &reading);
}
