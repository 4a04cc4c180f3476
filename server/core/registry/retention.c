/* SPDX-License-Identifier: Apache-2.0 */
#include "core/registry/retention.h"

#include "base/cleanup.h"
#include "core/registry/archive.h"
#include "core/registry/deletions.h"
#include "db/q_deletion.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define DAY_MS ((int64_t)86400 * 1000)
/* How much one step does, and how much it looks at in one statement. */
#define CHANGES_MAX 64
#define MODELS_MAX 64
#define VERSIONS_MAX 500

const char *const retention_actions[RETENTION_ACTIONS] = {
    [RETENTION_KEEP] = "keep",
    [RETENTION_ARCHIVE] = "archive",
    [RETENTION_WAIT] = "wait",
    [RETENTION_DELETE] = "delete",
};

/* ---- what a rule means ---------------------------------------------------------------------- */

static void say(struct retention_verdict *verdict, enum retention_action action, const char *format,
                ...) PRINTF_LIKE(3, 4);

static void say(struct retention_verdict *verdict, enum retention_action action, const char *format,
                ...)
{
    va_list args;

    *verdict = (struct retention_verdict){.action = action};
    va_start(args, format);
    (void)vsnprintf(verdict->why, sizeof(verdict->why), format, args);
    va_end(args);
}

/* What lists a version keeps it from being deleted, but not from being archived. */
static bool is_only_listed(const struct q_life_uses *uses)
{
    return uses->total == 1 && strcmp(uses->uses[0].kind, "role") == 0;
}

static void say_used(struct retention_verdict *verdict, const struct q_life_uses *uses)
{
    const struct q_life_use *first = &uses->uses[0];

    if (uses->total > 1)
        say(verdict, RETENTION_KEEP, "used by %s '%.64s' and %" PRId64 " more", first->kind,
            first->name, uses->total - 1);
    else
        say(verdict, RETENTION_KEEP, "used by %s '%.64s'", first->kind, first->name);
}

/* Whether the rule keeps it, whatever uses it. */
static bool is_kept(const struct q_retention_rule *rule, const struct q_retention_version *version,
                    int64_t now_ms, struct retention_verdict *verdict)
{
    if (version->archived && !version->retired)
        say(verdict, RETENTION_KEEP, "archived by '%.64s', not by a rule", version->archived_by);
    else if (version->restored)
        say(verdict, RETENTION_KEEP, "a person restored it");
    else if (version->rank <= rule->newest)
        say(verdict, RETENTION_KEEP, "one of the newest %" PRId64, rule->newest);
    else if (rule->days && version->published_ms > now_ms - rule->days * DAY_MS)
        say(verdict, RETENTION_KEEP, "younger than %" PRId64 " days", rule->days);
    else
        return false;
    return true;
}

static void decide_retired(const struct q_retention_rule *rule,
                           const struct q_retention_version *version,
                           const struct q_life_uses *uses, int64_t now_ms,
                           struct retention_verdict *verdict)
{
    int64_t due_ms = version->archived_ms + rule->grace_days * DAY_MS;

    if (rule->grace_days == 0) {
        say(verdict, RETENTION_KEEP, "archived by the rule, which deletes nothing");
    } else if (now_ms < due_ms) {
        say(verdict, RETENTION_WAIT, "archived by the rule, to be deleted after %" PRId64 " days",
            rule->grace_days);
        verdict->due_ms = due_ms;
    } else if (is_only_listed(uses)) {
        say(verdict, RETENTION_WAIT, "role '%.80s' lists it: yank it", uses->uses[0].name);
    } else {
        say(verdict, RETENTION_DELETE, "archived by the rule %" PRId64 " days ago or more",
            rule->grace_days);
    }
}

void retention_decide(const struct q_retention_rule *rule,
                      const struct q_retention_version *version, const struct q_life_uses *uses,
                      int64_t now_ms, struct retention_verdict *ret_verdict)
{
    if (rule->newest == 0)
        say(ret_verdict, RETENTION_KEEP, "there is no rule");
    else if (is_kept(rule, version, now_ms, ret_verdict))
        return;
    else if (uses->total > 0 && !is_only_listed(uses))
        say_used(ret_verdict, uses);
    else if (version->archived)
        decide_retired(rule, version, uses, now_ms, ret_verdict);
    else if (rule->days)
        say(ret_verdict, RETENTION_ARCHIVE,
            "not one of the newest %" PRId64 ", older than %" PRId64 " days", rule->newest,
            rule->days);
    else
        say(ret_verdict, RETENTION_ARCHIVE, "not one of the newest %" PRId64, rule->newest);
}

/* ---- the rule ------------------------------------------------------------------------------- */

int retention_find(struct db *db, const struct registry_place *place, struct arena *arena,
                   struct q_retention_rule *ret_rule, struct registry_refusal *ret_refusal)
{
    int64_t model_id;
    int r = registry_find_model(db, place, &model_id, ret_refusal);

    return r ? r : q_retention_find(db, model_id, arena, ret_rule);
}

struct change {
    const struct registry_place *place;
    const struct q_retention_rule *rule;
    int64_t expected;
    struct arena *arena;
    struct q_retention_rule *ret_rule;
    struct registry_refusal *refusal;
};

static json_t *describe(const struct q_retention_rule *rule)
{
    return rule->newest == 0
               ? json_null()
               : json_pack("{s:I, s:I, s:I}", "newest", (json_int_t)rule->newest, "days",
                           (json_int_t)rule->days, "grace_days", (json_int_t)rule->grace_days);
}

static bool is_same(const struct q_retention_rule *a, const struct q_retention_rule *b)
{
    return a->newest == b->newest && a->days == b->days && a->grace_days == b->grace_days;
}

static int set(struct db *db, void *arg)
{
    const struct change *change = arg;
    const struct registry_place *place = change->place;
    struct q_retention_rule rule = *change->rule;
    struct q_retention_rule before = {0};
    struct q_life model;
    int r =
        registry_hold_model(db, place, Q_LIFE_EXCLUSIVE, change->arena, &model, change->refusal);

    if (!r)
        r = q_retention_find(db, model.id, change->arena, &before);
    if (!r)
        r = registry_match(change->expected, before.revision, change->refusal);
    if (r)
        return r;
    *change->ret_rule = before;
    if (is_same(&rule, &before))
        return 0;
    rule.set_ms = place->now_ms;
    rule.set_by = place->actor->name;
    r = q_retention_set(db, place->workspace_id, model.id, &rule);
    if (!r)
        r = q_retention_find(db, model.id, change->arena, change->ret_rule);
    return r ? r
             : registry_record(db, place, AUDIT_MODEL_SET_RETENTION, NULL, describe(&before),
                               describe(&rule));
}

int retention_set(struct db *db, const struct registry_place *place,
                  const struct q_retention_rule *rule, int64_t expected, struct arena *arena,
                  struct q_retention_rule *ret_rule, struct registry_refusal *ret_refusal)
{
    struct change change = {place, rule, expected, arena, ret_rule, ret_refusal};

    return tx_run(db, set, &change);
}

/* ---- what it does --------------------------------------------------------------------------- */

/* Some versions with what uses them, and what the rule means for each. */
static int judge(struct db *db, const struct q_retention_slice *slice,
                 const struct q_retention_rule *rule, int64_t now_ms, struct arena *arena,
                 struct retention_item **ret_items, size_t *ret_count)
{
    struct q_retention_version *versions;
    struct q_life_uses *uses;
    int64_t *ids;
    size_t count;
    int r = q_retention_versions(db, slice, arena, &versions, &count);

    if (r)
        return r;
    ids = arena_array(arena, count, sizeof(*ids));
    for (size_t i = 0; i < count; i++)
        ids[i] = versions[i].id;
    uses = arena_array(arena, count, sizeof(*uses));
    r = q_deletion_uses(db, ids, count, RETENTION_USES_NAMED, arena, uses);
    if (r)
        return r;
    *ret_items = arena_array(arena, count, sizeof(**ret_items));
    for (size_t i = 0; i < count; i++) {
        struct retention_item *item = &(*ret_items)[i];

        *item = (struct retention_item){.version = versions[i], .uses = uses[i]};
        retention_decide(rule, &item->version, &item->uses, now_ms, &item->verdict);
    }
    *ret_count = count;
    return 0;
}

int retention_plan(struct db *db, const struct registry_place *place,
                   const struct q_retention_rule *rule, int64_t before_id, int64_t limit,
                   struct arena *arena, struct retention_item **ret_items, size_t *ret_count,
                   struct registry_refusal *ret_refusal)
{
    struct q_retention_slice slice = {.before_id = before_id, .above_rank = -1, .limit = limit};
    int r = registry_find_model(db, place, &slice.model_id, ret_refusal);

    return r ? r : judge(db, &slice, rule, place->now_ms, arena, ret_items, ret_count);
}

/* One version that a rule does not keep, on its way through its transaction. */
struct act {
    const struct registry_place *place;
    int64_t model_id;
    const struct retention_item *item;
    struct arena *arena;
    bool done;
};

/* Whether the verdict is what it was, now that nobody can change it. */
static int look_again(struct db *db, const struct act *act, bool *ret_same)
{
    const struct q_retention_slice slice = {
        .model_id = act->model_id,
        .only_id = act->item->version.id,
        .above_rank = -1,
        .limit = 1,
    };
    struct q_retention_rule rule;
    struct retention_item *items;
    size_t count;
    int r = q_retention_find(db, act->model_id, act->arena, &rule);

    if (!r)
        r = judge(db, &slice, &rule, act->place->now_ms, act->arena, &items, &count);
    if (!r)
        *ret_same = count == 1 && items[0].verdict.action == act->item->verdict.action;
    return r;
}

static int carry_out(struct db *db, struct act *act)
{
    const char *version = act->item->version.version;
    const char *why = arena_printf(act->arena, "retention: %s", act->item->verdict.why);
    struct registry_refusal refusal = {{0}};
    bool deleted;
    int r;

    if (act->item->verdict.action == RETENTION_DELETE)
        return deletions_delete(db, act->place, version, why, act->arena, &deleted, &refusal);
    r = archive_put(db, act->place, version, why, act->arena, &refusal);
    return r ? r : q_retention_retire(db, act->item->version.id);
}

static int run(struct db *db, void *arg)
{
    struct act *act = arg;
    struct registry_refusal refusal = {{0}};
    struct q_life model = {.archived_ms = 1};
    struct q_life version;
    bool same = false;
    int r = registry_hold_model(db, act->place, Q_LIFE_SHARED, act->arena, &model, &refusal);

    act->done = false;
    if (!r)
        r = registry_hold_version(db, act->place, model.id, act->item->version.version,
                                  Q_LIFE_EXCLUSIVE, act->arena, &version, &refusal);
    if (!r && model.archived_ms == 0)
        r = look_again(db, act, &same);
    if (!r && same)
        r = carry_out(db, act);
    act->done = !r && same;
    return r;
}

/* Where somebody else was first, it is left for the next step. */
static int do_one(struct db *db, const struct q_retention_model *model,
                  const struct retention_item *item, int64_t now_ms,
                  struct retention_result *result)
{
    CLEANUP(arena_release) struct arena arena = {0};
    const struct registry_place place = {model->workspace_id, model->name, &audit_server, now_ms};
    struct act act = {.place = &place, .model_id = model->id, .item = item, .arena = &arena};
    int r = tx_run(db, run, &act);

    if (r < 0)
        return r;
    if (act.done && item->verdict.action == RETENTION_DELETE)
        result->deleted++;
    else if (act.done)
        result->archived++;
    return 0;
}

static bool is_full(const struct retention_result *result)
{
    return result->archived + result->deleted >= CHANGES_MAX;
}

static int do_some(struct db *db, const struct q_retention_model *model,
                   const struct retention_item *items, size_t count, int64_t now_ms,
                   struct retention_result *result)
{
    int r = 0;

    for (size_t i = 0; !r && i < count && !is_full(result); i++) {
        enum retention_action action = items[i].verdict.action;

        if (action == RETENTION_ARCHIVE || action == RETENTION_DELETE)
            r = do_one(db, model, &items[i], now_ms, result);
    }
    return r;
}

static int do_model(struct db *db, const struct q_retention_model *model, int64_t now_ms,
                    struct retention_result *result)
{
    struct q_retention_slice slice = {.model_id = model->id, .limit = VERSIONS_MAX};
    size_t count = VERSIONS_MAX;
    int r = 0;

    while (!r && count == VERSIONS_MAX && !is_full(result)) {
        CLEANUP(arena_release) struct arena arena = {0};
        struct q_retention_rule rule;
        struct retention_item *items;

        r = q_retention_find(db, model->id, &arena, &rule);
        slice.above_rank = rule.newest;
        if (!r)
            r = judge(db, &slice, &rule, now_ms, &arena, &items, &count);
        if (!r)
            r = do_some(db, model, items, count, now_ms, result);
        if (!r && count > 0)
            slice.before_id = items[count - 1].version.id;
    }
    return r;
}

int retention_step(struct db *db, int64_t now_ms, struct retention_result *ret_result)
{
    CLEANUP(arena_release) struct arena arena = {0};
    struct retention_result result = {0};
    struct q_retention_model *models;
    size_t count = MODELS_MAX;
    int64_t after_id = 0;
    int r = 0;

    while (!r && count == MODELS_MAX && !is_full(&result)) {
        r = q_retention_models(db, after_id, MODELS_MAX, &arena, &models, &count);
        for (size_t i = 0; !r && i < count && !is_full(&result); i++) {
            r = do_model(db, &models[i], now_ms, &result);
            after_id = models[i].id;
        }
    }
    if (r)
        return r;
    result.more = is_full(&result);
    *ret_result = result;
    return 0;
}

void retention_count(struct retention_totals *totals, const struct retention_result *result)
{
    atomic_fetch_add(&totals->archived, (uint_fast64_t)result->archived);
    atomic_fetch_add(&totals->deleted, (uint_fast64_t)result->deleted);
}
