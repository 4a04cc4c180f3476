/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/trust.h"

#include "base/cleanup.h"

#include <stdio.h>
#include <string.h>

_Static_assert(TRUST_DETAIL_SIZE == PINNED_KEYS_DETAIL_SIZE, "details are handed through");
_Static_assert(TRUST_DETAIL_SIZE == ROOTS_DETAIL_SIZE, "details are handed through");

const char *trust_mode_name(enum trust_mode mode)
{
    return mode == TRUST_ROOTS ? "roots" : "keys";
}

static int from_keys(int r)
{
    if (r <= 0)
        return r;
    return r == PINNED_KEYS_E_NONE ? TRUST_E_NONE : TRUST_E_BROKEN;
}

static int from_roots(int r)
{
    if (r <= 0)
        return r;
    return r == ROOTS_E_NONE ? TRUST_E_NONE : TRUST_E_BROKEN;
}

/* ---- enrolment */

static int refuse(char *ret_detail, const char *why)
{
    (void)snprintf(ret_detail, TRUST_DETAIL_SIZE, "%s", why);
    return TRUST_E_BROKEN;
}

/* Keys may be added to keys only: not even damaged roots are a reason to trust them. */
static int check_keys(const struct store *store, const struct config *config, char *ret_detail)
{
    CLEANUP(roots_release) struct roots roots = {0};
    int r = 0;

    if (roots_load(store, &roots, ret_detail) != ROOTS_E_NONE)
        return refuse(ret_detail, "this device trusts pinned roots, which is more than a pinned "
                                  "key is worth: leave --trust out, or start over with an empty "
                                  "state directory");
    for (size_t i = 0; !r && i < config->trust.count; i++)
        r = from_keys(pinned_keys_check(config->trust.texts[i], ret_detail));
    return r;
}

int trust_check(const struct store *store, const struct config *config,
                char ret_workspace[static NAME_MAX_BYTES + 1],
                char ret_detail[static TRUST_DETAIL_SIZE])
{
    CLEANUP(trust_release) struct trust trust = {0};
    int r;

    ret_workspace[0] = '\0';
    if (config->root_file && config->trust.count)
        return refuse(ret_detail, "give either --root or --trust: a device trusts roots or keys");
    if (config->trust.count)
        return check_keys(store, config, ret_detail);
    r = config->root_file ? from_roots(roots_read(config->root_file, &trust.roots, ret_detail))
                          : trust_load(store, &trust, ret_detail);
    if (!r)
        (void)snprintf(ret_workspace, NAME_MAX_BYTES + 1, "%s", trust.roots.workspace);
    return r;
}

/* Keys that a crash leaves beside roots mean nothing, and go the next time. */
static int pin_roots(const struct store *store, const char *file, char *ret_detail)
{
    int r = from_roots(roots_pin(store, file, ret_detail));

    return r ? r : pinned_keys_drop(store);
}

int trust_enroll(const struct store *store, const struct config *config,
                 char ret_detail[static TRUST_DETAIL_SIZE])
{
    char workspace[NAME_MAX_BYTES + 1];
    int r = trust_check(store, config, workspace, ret_detail);

    if (!r && config->root_file)
        r = pin_roots(store, config->root_file, ret_detail);
    for (size_t i = 0; !r && i < config->trust.count; i++)
        r = from_keys(pinned_keys_add(store, config->trust.texts[i], ret_detail));
    return r;
}

/* ---- loading */

int trust_load(const struct store *store, struct trust *ret_trust,
               char ret_detail[static TRUST_DETAIL_SIZE])
{
    struct trust trust = {.mode = TRUST_ROOTS};
    int r = from_roots(roots_load(store, &trust.roots, ret_detail));

    if (r == TRUST_E_NONE) {
        trust.mode = TRUST_KEYS;
        r = from_keys(pinned_keys_load(store, &trust.keys, ret_detail));
    }
    if (r)
        return r;
    *ret_trust = trust;
    return 0;
}

void trust_release(struct trust *trust)
{
    if (!trust)
        return;
    pinned_keys_release(&trust->keys);
    roots_release(&trust->roots);
    *trust = (struct trust){0};
}
