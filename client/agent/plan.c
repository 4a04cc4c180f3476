/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/plan.h"

#include "crypto/text.h"

#include <string.h>

static const struct plan_have *find_have(const struct plan_have *have, size_t count,
                                         const char *slot)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(have[i].slot, slot) == 0)
            return &have[i];
    return NULL;
}

static bool has_failed(const struct plan_have *have)
{
    return have->failed_manifest && *have->failed_manifest;
}

static enum plan_action decide(const struct state *state, const struct state_slot *want,
                               const struct plan_have *have)
{
    char manifest[DIGEST_SHA256_HEX_SIZE];
    char variant[VARIANT_TEXT_SIZE];
    bool failed_this;

    if (strcmp(want->role, "production") != 0)
        return PLAN_KEEP;
    if (!have)
        return PLAN_INSTALL;
    text_hex(want->manifest_sha256, DIGEST_SHA256_SIZE, manifest);
    variant_format(&want->variant, variant);
    failed_this = has_failed(have) && strcmp(have->failed_manifest, manifest) == 0;
    if (failed_this)
        return have->failed_state_version == state->version ? PLAN_SKIP : PLAN_INSTALL;
    if (!have->manifest_sha256 || strcmp(have->manifest_sha256, manifest) != 0 ||
        strcmp(have->variant, variant) != 0)
        return PLAN_INSTALL;
    return have->managed && !has_failed(have) ? PLAN_KEEP : PLAN_ADOPT;
}

void plan_make(const struct state *state, const struct plan_have *have, size_t have_count,
               struct arena *arena, struct plan_step **ret_steps, size_t *ret_count)
{
    struct plan_step *steps = arena_array(arena, state->slot_count + have_count, sizeof(*steps));
    size_t count = 0;

    for (size_t i = 0; i < state->slot_count; i++) {
        const struct state_slot *want = &state->slots[i];
        const struct plan_have *got = find_have(have, have_count, want->name);

        steps[count++] = (struct plan_step){
            .action = decide(state, want, got), .slot = want->name, .want = want, .have = got};
    }
    for (size_t i = 0; i < have_count; i++)
        if (have[i].managed && !state_find(state, have[i].slot))
            steps[count++] =
                (struct plan_step){.action = PLAN_RELEASE, .slot = have[i].slot, .have = &have[i]};
    *ret_steps = steps;
    *ret_count = count;
}
