/* SPDX-License-Identifier: Apache-2.0 */
#include "core/fleet/desired.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "core/fleet/desired_slots.h"
#include "db/q_desired.h"
#include "model/variant.h"
#include "push/rows.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Who gets in between has made its change, so each round somebody gets on: this many at once. */
#define BULK_TRIES 64
#define UNKNOWN_NAMES_MAX 5

/* ---- one device ---------------------------------------------------------------------------------
 */

struct replacing {
    const struct desired_change *change;
    struct arena *arena;
    struct desired_refusal *refusal;
    struct q_desired_slot *present; /* what it shall run already */
    size_t present_count;
    int64_t device_id;
    int64_t version;
    const char *slots;
};

/* What the device shall run already needs no new leave. */
static bool is_present(const struct replacing *replacing, const char *slot, int64_t version_id)
{
    for (size_t i = 0; i < replacing->present_count; i++) {
        if (strcmp(replacing->present[i].slot, slot) == 0)
            return replacing->present[i].version_id == version_id;
    }
    return false;
}

static int fill_slots(struct db *db, const struct replacing *replacing, const char *capabilities,
                      struct q_desired_slot *ret_slots)
{
    const struct desired_change *change = replacing->change;

    for (size_t i = 0; i < change->slot_count; i++) {
        struct q_desired_target target;
        int r = desired_slots_find_target(db, change->workspace_id, &change->slots[i],
                                          replacing->arena, &target, replacing->refusal);

        if (r == 0 && !is_present(replacing, change->slots[i].slot, target.version_id))
            r = desired_slots_check_deployable(db, change->workspace_id, &change->slots[i], &target,
                                               replacing->arena, replacing->refusal);
        if (r == 0)
            r = desired_slots_fill_slot(&change->slots[i], &target, capabilities, replacing->arena,
                                        &ret_slots[i], replacing->refusal);
        if (r)
            return r;
    }
    return 0;
}

/* An object with the version of a state and its slots; NULL where memory ends. */
static json_t *describe(int64_t version, const char *slots)
{
    return json_pack("{s:I, s:o}", "version", (json_int_t)version, "slots",
                     json_loads(slots, 0, NULL));
}

static int set_and_record(struct db *db, struct replacing *replacing,
                          const struct q_desired_device *device,
                          const struct q_desired_assignment *assignment)
{
    const struct desired_change *change = replacing->change;
    const char *before = "{}";
    int r = 0;

    if (device->assignment_id != 0)
        r = q_desired_text(db, change->workspace_id, device->assignment_id, replacing->arena,
                           &before);
    if (r == 0)
        r = q_desired_set(db, device->id, assignment->id,
                          &(struct q_desired_author){change->actor->name, change->now_ms},
                          &replacing->version);
    if (r)
        return r;
    return audit_record(db, &(struct audit_change){
                                .workspace_id = change->workspace_id,
                                .actor = change->actor,
                                .now_ms = change->now_ms,
                                .action = AUDIT_DESIRED_REPLACE,
                                .object = change->device,
                                .before = describe(device->version, before),
                                .after = describe(replacing->version, assignment->text),
                            });
}

static int replace(struct db *db, void *arg)
{
    struct replacing *replacing = arg;
    const struct desired_change *change = replacing->change;
    struct q_desired_assignment assignment = {.text = "{}"};
    struct q_desired_device device;
    int r;

    r = q_desired_lock(db, change->workspace_id, change->device, replacing->arena, &device);
    if (r == Q_DESIRED_E_MISSING)
        return desired_slots_refuse(replacing->refusal, DESIRED_E_DEVICE,
                                    "there is no active device '%s'", change->device);
    if (r)
        return r;
    if (change->expected_version != DESIRED_ANY_VERSION &&
        change->expected_version != device.version)
        return desired_slots_refuse(replacing->refusal, DESIRED_E_MATCH,
                                    "the desired state has version %" PRId64 " now, not %" PRId64
                                    "; read it and decide again",
                                    device.version, change->expected_version);

    if (change->slot_count > 0) {
        struct q_desired_slot *slots =
            arena_array(replacing->arena, change->slot_count, sizeof(*slots));

        if (device.assignment_id != 0)
            r = q_desired_slots(db, change->workspace_id, &device.assignment_id, 1,
                                replacing->arena, &replacing->present, &replacing->present_count);
        if (r == 0)
            r = fill_slots(db, replacing, device.capabilities, slots);
        if (r == 0)
            r = desired_slots_compose(slots, change->slot_count, replacing->arena, &assignment);
        if (r == 0)
            r = q_desired_assignments(db, change->workspace_id, change->now_ms, replacing->arena,
                                      &assignment, 1);
        if (r)
            return r;
    }
    replacing->device_id = device.id;
    replacing->slots = assignment.text;
    replacing->version = device.version;
    if (assignment.id == device.assignment_id)
        return 0;
    return set_and_record(db, replacing, &device, &assignment);
}

int desired_replace(struct db *db, struct roster *roster, const struct desired_change *change,
                    struct arena *arena, int64_t *ret_version, const char **ret_slots,
                    struct desired_refusal *ret_refusal)
{
    struct replacing replacing = {.change = change, .arena = arena, .refusal = ret_refusal};
    int r;

    if (change->slot_count > DESIRED_SLOTS_MAX)
        return desired_slots_refuse(ret_refusal, DESIRED_E_SLOTS, "a device has at most %d slots",
                                    DESIRED_SLOTS_MAX);
    r = tx_run(db, replace, &replacing);
    if (r == 0)
        r = rows_refresh(db, roster, replacing.device_id);
    if (r)
        return r;
    *ret_version = replacing.version;
    *ret_slots = replacing.slots;
    return 0;
}

/* ---- many devices -------------------------------------------------------------------------------
 */

struct setting {
    const struct desired_bulk *bulk;
    struct q_desired_scope scope;
    struct q_desired_target target;
    struct arena *arena;
    struct desired_refusal *refusal;
    int64_t changed;
    int64_t unchanged;
    json_t *before; /* what the slot of those that were changed ran, each once; null: nothing */
};

static int check_names(struct db *db, const struct setting *setting)
{
    const char **names;
    size_t count;
    int r;

    if (!setting->scope.names)
        return 0;
    r = q_desired_unknown(db, &setting->scope, UNKNOWN_NAMES_MAX, setting->arena, &names, &count);
    if (r || count == 0)
        return r;
    return desired_slots_refuse(setting->refusal, DESIRED_E_DEVICE,
                                "there is no active device '%s'%s; nothing "
                                "was changed",
                                names[0], count > 1 ? " (and others)" : "");
}

static json_t *describe_slot(const struct q_desired_slot *slot)
{
    char variant[VARIANT_TEXT_SIZE];

    if (!slot)
        return json_null();
    variant_format(
        &(struct variant){slot->variant.runtime, slot->variant.hardware, slot->variant.precision},
        variant);
    return json_pack("{s:s, s:s, s:s, s:s, s:s*}", "role", slot->role, "model", slot->model,
                     "version", slot->version, "variant", variant, "reload", slot->reload);
}

static int note_before(struct setting *setting, const struct q_desired_slot *slot)
{
    json_auto_t *described = describe_slot(slot);

    if (!described || !setting->before)
        return log_fail(ERR_NO_MEMORY, "cannot record a slot: out of memory");
    for (size_t i = 0; i < json_array_size(setting->before); i++) {
        if (json_equal(json_array_get(setting->before, i), described))
            return 0;
    }
    return json_array_append(setting->before, described)
               ? log_fail(ERR_NO_MEMORY, "cannot record a slot: out of memory")
               : 0;
}

/* The slots of the groups' assignments with one of them set, as an assignment for each group. */
static int compose_group(const struct setting *setting, const struct q_desired_group *group,
                         const struct q_desired_slot *present, size_t present_count,
                         struct q_desired_assignment *ret_assignment,
                         const struct q_desired_slot **ret_before)
{
    struct q_desired_slot *slots = arena_array(setting->arena, present_count + 1, sizeof(*slots));
    struct q_desired_slot set;
    size_t count = 0;
    int r = desired_slots_fill_slot(&setting->bulk->slot, &setting->target, group->capabilities,
                                    setting->arena, &set, setting->refusal);

    if (r)
        return r;
    for (size_t i = 0; i < present_count; i++) {
        if (strcmp(present[i].slot, set.slot) == 0)
            *ret_before = &present[i];
        else
            slots[count++] = present[i];
    }
    slots[count++] = set;
    if (count > DESIRED_SLOTS_MAX)
        return desired_slots_refuse(setting->refusal, DESIRED_E_SLOTS,
                                    "a device has at most %d slots", DESIRED_SLOTS_MAX);
    return desired_slots_compose(slots, count, setting->arena, ret_assignment);
}

/* Slots are ordered by assignment: where those of one begin, and how many there are. */
static const struct q_desired_slot *slots_of(const struct q_desired_slot *slots, size_t count,
                                             int64_t assignment_id, size_t *ret_count)
{
    size_t low = 0;
    size_t high = count;

    while (low < high) {
        size_t middle = (low + high) / 2;

        if (slots[middle].assignment_id < assignment_id)
            low = middle + 1;
        else
            high = middle;
    }
    for (high = low; high < count && slots[high].assignment_id == assignment_id; high++)
        continue;
    *ret_count = high - low;
    return slots + low;
}

static int compose_all(struct db *db, const struct setting *setting,
                       const struct q_desired_group *groups, size_t count,
                       struct q_desired_assignment *ret_assignments,
                       const struct q_desired_slot **ret_before)
{
    int64_t *ids = arena_array(setting->arena, count, sizeof(*ids));
    struct q_desired_slot *slots;
    size_t slot_count;
    int r;

    for (size_t i = 0; i < count; i++)
        ids[i] = groups[i].assignment_id;
    r = q_desired_slots(db, setting->scope.workspace_id, ids, count, setting->arena, &slots,
                        &slot_count);
    for (size_t i = 0; r == 0 && i < count; i++) {
        size_t present_count;
        const struct q_desired_slot *present =
            slots_of(slots, slot_count, groups[i].assignment_id, &present_count);

        r = compose_group(setting, &groups[i], present, present_count, &ret_assignments[i],
                          &ret_before[i]);
    }
    if (r)
        return r;
    return q_desired_assignments(db, setting->scope.workspace_id, setting->bulk->now_ms,
                                 setting->arena, ret_assignments, count);
}

/*
 * Moves each group to its new assignment. Groups are read without locks: a device that another
 * transaction changes in between is not moved, and is found in another group next time.
 */
static int move_groups(struct db *db, struct setting *setting, bool *ret_done)
{
    struct q_desired_group *groups;
    size_t count;
    size_t moving = 0;
    int64_t expected = 0;
    int64_t moved = 0;
    int r;

    r = q_desired_groups(db, &setting->scope, setting->arena, &groups, &count);
    if (r)
        return r;
    struct q_desired_assignment *assignments =
        arena_array(setting->arena, count, sizeof(*assignments));
    const struct q_desired_slot **before = arena_array(setting->arena, count, sizeof(*before));
    int64_t *ids = arena_array(setting->arena, count, sizeof(*ids));
    r = compose_all(db, setting, groups, count, assignments, before);

    setting->unchanged = 0;
    for (size_t i = 0; r == 0 && i < count; i++) {
        if (assignments[i].id == groups[i].assignment_id) {
            setting->unchanged += groups[i].count;
            continue;
        }
        ids[moving] = assignments[i].id;
        groups[moving++] = groups[i];
        expected += groups[moving - 1].count;
        r = note_before(setting, before[i]);
    }
    if (r == 0 && moving > 0)
        r = q_desired_move(
            db, &setting->scope, setting->arena, groups, ids, moving,
            &(struct q_desired_author){setting->bulk->actor->name, setting->bulk->now_ms}, &moved);
    if (r)
        return r;
    setting->changed += moved;
    *ret_done = moved == expected;
    return 0;
}

/* The names, as far as they were given. */
static json_t *describe_devices(const struct setting *setting)
{
    json_auto_t *names = json_array();

    if (!setting->scope.names)
        return json_string("all");
    for (size_t i = 0; i < setting->scope.name_count; i++) {
        if (json_array_append_new(names, json_string(setting->scope.names[i])))
            return NULL;
    }
    return json_incref(names);
}

static int record(struct db *db, const struct setting *setting)
{
    const struct desired_bulk *bulk = setting->bulk;
    const struct desired_slot *slot = &bulk->slot;

    if (setting->changed == 0)
        return 0;
    return audit_record(
        db, &(struct audit_change){
                .workspace_id = bulk->workspace_id,
                .actor = bulk->actor,
                .now_ms = bulk->now_ms,
                .action = AUDIT_DESIRED_SET_SLOT,
                .object = setting->scope.names ? "named" : "all",
                .before = json_incref(setting->before),
                .after = json_pack("{s:o, s:s, s:s, s:s, s:s, s:s?, s:s*, s:I, s:I}", "devices",
                                   describe_devices(setting), "slot", slot->slot, "role",
                                   slot->role, "model", slot->model, "version", slot->version,
                                   "variant", slot->variant, "reload", slot->reload, "changed",
                                   (json_int_t)setting->changed, "unchanged",
                                   (json_int_t)setting->unchanged),
            });
}

static int set_slot(struct db *db, void *arg)
{
    struct setting *setting = arg;
    int r;

    setting->changed = 0;
    json_decref(setting->before); /* of a try before this one */
    setting->before = json_array();
    r = desired_slots_find_target(db, setting->scope.workspace_id, &setting->bulk->slot,
                                  setting->arena, &setting->target, setting->refusal);
    if (r == 0)
        r = desired_slots_check_deployable(db, setting->scope.workspace_id, &setting->bulk->slot,
                                           &setting->target, setting->arena, setting->refusal);
    if (r == 0)
        r = check_names(db, setting);
    for (int i = 0; r == 0 && i < BULK_TRIES; i++) {
        int64_t changed_before = setting->changed;
        bool done = false;

        r = move_groups(db, setting, &done);
        if (r == 0 && done) {
            /* What was moved in an earlier round counted as unchanged in this one. */
            setting->unchanged -= changed_before;
            return record(db, setting);
        }
    }
    if (r)
        return r;
    return desired_slots_refuse(setting->refusal, DESIRED_E_CONFLICT,
                                "others change the same devices all the time; try again");
}

int desired_set_slot(struct db *db, const struct desired_bulk *bulk, struct arena *arena,
                     int64_t *ret_changed, int64_t *ret_unchanged,
                     struct desired_refusal *ret_refusal)
{
    struct setting setting = {
        .bulk = bulk,
        .scope = {bulk->workspace_id, bulk->devices, bulk->device_count},
        .arena = arena,
        .refusal = ret_refusal,
    };
    int r = tx_run(db, set_slot, &setting);

    json_decref(setting.before);
    if (r)
        return r;
    *ret_changed = setting.changed;
    *ret_unchanged = setting.unchanged;
    return 0;
}
