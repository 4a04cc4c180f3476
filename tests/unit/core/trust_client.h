/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TRUST_CLIENT_H
#define TRUST_CLIENT_H

#include "trust_fixture.h"
#include "tuf/rolename.h"
#include "tuf/updater.h"

/* A client of the image repository that knows only version 1 of its root. */

static inline int trust_client_fetch(void *state, const char *name, size_t max_bytes,
                                     struct buffer *ret_bytes)
{
    struct q_tuf_place place = {TRUST_WORKSPACE, "image"};
    struct q_tuf_file file;
    const char *role;
    int64_t version;
    int r;

    struct trust_fixture *fixture = state;

    (void)max_bytes;
    ck_assert(rolename_parse_file(&fixture->arena, name, &version, &role));
    r = q_tuf_get(fixture->db, &place, role, version, &fixture->arena, &file);
    if (r == Q_TUF_E_MISSING)
        return UPDATER_FETCH_E_MISSING;
    ck_assert_int_eq(r, 0);
    buffer_append(ret_bytes, file.bytes, file.size);
    return 0;
}

/* A device that knows only version 1 of root. */
static inline int trust_client_load(void *state, const char *role, size_t max_bytes,
                                    struct buffer *ret_bytes)
{
    if (strcmp(role, "root") != 0)
        return UPDATER_STORE_E_MISSING;
    return trust_client_fetch(state, "1.root.json", max_bytes, ret_bytes);
}

static inline int trust_client_save(void *state, const char *role, const void *bytes, size_t size)
{
    (void)state;
    (void)role;
    (void)bytes;
    (void)size;
    return 0;
}

static inline int trust_client_drop(void *state, const char *role)
{
    (void)state;
    (void)role;
    return 0;
}

static inline int trust_client_finds(struct trust_fixture *fixture, const char *path)
{
    struct updater_config config = {
        .source = {trust_client_fetch, fixture},
        .store = { trust_client_load, trust_client_save, trust_client_drop, fixture},
        .limits = updater_limits_default,
        .now_ms = fixture->now_ms,
    };
    struct metadata_target target;
    struct updater *updater;
    int r;

    ck_assert_int_eq(updater_new(&config, &updater), 0);
    r = updater_refresh(updater);
    if (!r)
        r = updater_find(updater, path, &target);
    updater_free(updater);
    return r;
}

#endif
