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

static int pin_keys(const struct store *store, const struct options_list *files, char *ret_detail)
{
    CLEANUP(roots_release) struct roots roots = {0};
    int r = 0;

    if (roots_load(store, &roots, ret_detail) != ROOTS_E_NONE)
        return refuse(ret_detail, "this device trusts pinned roots, which is more than a pinned "
                                  "key is worth: leave --trust out, or start over with an empty "
                                  "state directory");
    for (size_t i = 0; !r && i < files->count; i++)
        r = from_keys(pinned_keys_add(store, files->texts[i], ret_detail));
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
    CLEANUP(trust_release) struct trust trust = {0};
    int r = 0;

    if (config->root_file && config->trust.count)
        return refuse(ret_detail, "give either --root or --trust: a device trusts roots or keys");
    if (config->root_file)
        r = pin_roots(store, config->root_file, ret_detail);
    else if (config->trust.count)
        r = pin_keys(store, &config->trust, ret_detail);
    return r ? r : trust_load(store, &trust, ret_detail);
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
