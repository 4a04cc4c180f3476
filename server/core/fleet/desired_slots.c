/* SPDX-License-Identifier: Apache-2.0 */
#include "core/fleet/desired_slots.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "core/fleet/facts.h"
#include "core/registry/registry.h"
#include "model/variant.h"
#include "proto/state.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int desired_slots_refuse(struct desired_refusal *refusal, int outcome, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    (void)vsnprintf(refusal->text, sizeof(refusal->text), format, args);
    va_end(args);
    return outcome;
}

/* Devices refuse what the image repository does not list: better that the operator hears it. */
static int check_listing(const struct desired_slot *slot, const struct q_desired_target *target,
                         struct desired_refusal *refusal)
{
    if (target->yanked)
        return desired_slots_refuse(
            refusal, DESIRED_E_YANKED,
            "slot '%s': version '%s' of '%s' was yanked by its publishers; choose "
            "another one",
            slot->slot, slot->version, slot->model);
    if (target->rooted && !target->listed)
        return desired_slots_refuse(
            refusal, DESIRED_E_UNLISTED,
            "slot '%s': version '%s' of '%s' is not listed in the image repository, "
            "devices would refuse it; a publisher of the model runs 'modelferry release "
            "%s@%s'",
            slot->slot, slot->version, slot->model, slot->model, slot->version);
    return 0;
}

int desired_slots_find_target(struct db *db, int64_t workspace_id, const struct desired_slot *slot,
                              struct arena *arena, struct q_desired_target *ret_target,
                              struct desired_refusal *refusal)
{
    int r = q_desired_target(db, workspace_id, slot->model, slot->version, arena, ret_target);

    if (r == Q_DESIRED_E_MODEL)
        return desired_slots_refuse(refusal, DESIRED_E_MODEL, "slot '%s': there is no model '%s'",
                                    slot->slot, slot->model);
    if (r == Q_DESIRED_E_VERSION)
        return desired_slots_refuse(refusal, DESIRED_E_VERSION,
                                    "slot '%s': model '%s' has no version '%s'", slot->slot,
                                    slot->model, slot->version);
    if (r)
        return r;
    if (!ret_target->published)
        return desired_slots_refuse(refusal, DESIRED_E_DRAFT,
                                    "slot '%s': version '%s' of '%s' is a draft; sign it first",
                                    slot->slot, slot->version, slot->model);
    return check_listing(slot, ret_target, refusal);
}

/* Whether it may be deployed: in use, which it stays until this is committed, and approved. */
int desired_slots_check_deployable(struct db *db, int64_t workspace_id,
                                   const struct desired_slot *slot,
                                   const struct q_desired_target *target, struct arena *arena,
                                   struct desired_refusal *refusal)
{
    const struct registry_place place = {.workspace_id = workspace_id, .model = slot->model};
    struct q_approval_tally *tally = &refusal->approvals;
    struct registry_refusal why = {{0}};
    struct q_life life;
    int r = registry_share_usable(db, &place, slot->version, arena, &life, &why);

    if (r > 0)
        return desired_slots_refuse(refusal, DESIRED_E_ARCHIVED, "slot '%s': %s", slot->slot,
                                    why.text);
    if (!r)
        r = q_approval_tally(db, workspace_id, life.model_id, target->version_id, arena, tally);
    if (r || (int64_t)tally->count >= tally->required)
        return r;
    return desired_slots_refuse(
        refusal, DESIRED_E_APPROVALS,
        "slot '%s': %" PRId64 " people must approve version '%s' of '%s', other than who "
        "uploaded it; %zu did: POST /api/v1/models/%s/versions/%s/approvals",
        slot->slot, tally->required, slot->version, slot->model, tally->count, slot->model,
        slot->version);
}

static bool is_variant(const struct q_desired_variant *candidate, const char *text)
{
    const struct variant variant = {candidate->runtime, candidate->hardware, candidate->precision};
    char name[VARIANT_TEXT_SIZE];

    variant_format(&variant, name);
    return strcmp(name, text) == 0;
}

/* Whether devices would take it: an added variant is listed by itself. */
static bool is_open(const struct q_desired_target *target, const struct q_desired_variant *variant)
{
    return !variant->yanked && (variant->listed || !target->rooted);
}

/* A conversion for an accelerator is why one adds it: it comes before what runs on the CPU. */
static bool is_better(const struct q_desired_variant *candidate,
                      const struct q_desired_variant *than)
{
    return candidate->added && strcmp(than->hardware, "cpu") == 0 &&
           strcmp(candidate->hardware, "cpu") != 0;
}

/* The variant that was named, or else the best that fits; NULL where there is none. */
static const struct q_desired_variant *pick_variant(const struct q_desired_target *target,
                                                    const char *named, const char *capabilities,
                                                    struct arena *arena)
{
    const struct q_desired_variant *picked = NULL;
    size_t count;
    const struct variant_capability *able = facts_capabilities_parse(capabilities, arena, &count);

    for (size_t i = 0; i < target->variant_count; i++) {
        const struct q_desired_variant *candidate = &target->variants[i];
        const struct variant variant = {candidate->runtime, candidate->hardware,
                                        candidate->precision};

        if (named && is_variant(candidate, named))
            return candidate;
        if (!named && is_open(target, candidate) && variant_fits(&variant, able, count) &&
            (!picked || is_better(candidate, picked)))
            picked = candidate;
    }
    return picked;
}

int desired_slots_fill_slot(const struct desired_slot *slot, const struct q_desired_target *target,
                            const char *capabilities, struct arena *arena,
                            struct q_desired_slot *ret_slot, struct desired_refusal *refusal)
{
    const struct q_desired_variant *variant =
        pick_variant(target, slot->variant, capabilities, arena);

    if (!variant && slot->variant)
        return desired_slots_refuse(refusal, DESIRED_E_VARIANT,
                                    "slot '%s': version '%s' of '%s' has no variant '%s'",
                                    slot->slot, slot->version, slot->model, slot->variant);
    if (!variant)
        return desired_slots_refuse(
            refusal, DESIRED_E_FIT,
            "slot '%s': no variant of version '%s' of '%s' fits a device that can run "
            "only '%s'; publish one that does, or name a variant",
            slot->slot, slot->version, slot->model, capabilities);
    if (!is_open(target, variant))
        return desired_slots_refuse(
            refusal, variant->yanked ? DESIRED_E_YANKED : DESIRED_E_UNLISTED,
            "slot '%s': variant '%s' was added to version '%s' of '%s', and the image repository "
            "%s; devices would refuse it",
            slot->slot, slot->variant, slot->version, slot->model,
            variant->yanked ? "lists it no more" : "does not list it yet");
    *ret_slot = (struct q_desired_slot){
        .slot = slot->slot,
        .role = slot->role,
        .reload = slot->reload,
        .model = slot->model,
        .version = slot->version,
        .version_id = target->version_id,
        .variant = *variant,
    };
    return 0;
}

static int compare_slots(const void *a, const void *b)
{
    const struct q_desired_slot *left = a;
    const struct q_desired_slot *right = b;

    return strcmp(left->slot, right->slot);
}

/* Equal sets of slots must give equal texts: sorted, and written by common/proto alone. */
int desired_slots_compose(struct q_desired_slot *slots, size_t count, struct arena *arena,
                          struct q_desired_assignment *ret_assignment)
{
    struct state state = {.slot_count = count};

    qsort(slots, count, sizeof(*slots), compare_slots);
    state.slots = arena_array(arena, count, sizeof(*state.slots));
    for (size_t i = 0; i < count; i++) {
        const struct q_desired_variant *variant = &slots[i].variant;

        state.slots[i] = (struct state_slot){
            .name = slots[i].slot,
            .model = slots[i].model,
            .version = slots[i].version,
            .role = slots[i].role,
            .reload = slots[i].reload,
            .variant = {variant->runtime, variant->hardware, variant->precision},
            .manifest_length = variant->manifest_length,
        };
        memcpy(state.slots[i].manifest_sha256, variant->manifest_sha256, DIGEST_SHA256_SIZE);
    }
    json_auto_t *root = state_encode(&state);
    AUTO_FREE char *text = root ? json_dumps(json_object_get(root, "slots"), JSON_COMPACT) : NULL;
    if (!text)
        return log_fail(ERR_NO_MEMORY, "cannot write a desired state: out of memory");

    ret_assignment->text = arena_strdup(arena, text);
    ret_assignment->slots = slots;
    ret_assignment->slot_count = count;
    digest_sha256(text, strlen(text), ret_assignment->sha256);
    return 0;
}
