/* SPDX-License-Identifier: Apache-2.0 */
#include "simulator.h"

#include "base/cleanup.h"
#include "tuf/envelope.h"
#include "tuf/rolename.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

#define FILE_MAX ((size_t)8 << 20)

struct buffer *simulator_file(struct simulator_files *files, const char *name, bool make)
{
    struct simulator_file *file;

    for (size_t i = 0; i < files->count; i++)
        if (strcmp(files->files[i].name, name) == 0)
            return &files->files[i].bytes;
    if (!make)
        return NULL;
    ck_assert_uint_lt(files->count, ARRAY_LEN(files->files));
    file = &files->files[files->count++];
    (void)snprintf(file->name, sizeof(file->name), "%s", name);
    file->bytes = BUFFER(FILE_MAX);
    return &file->bytes;
}

void simulator_remove(struct simulator_files *files, const char *name)
{
    for (size_t i = 0; i < files->count; i++) {
        if (strcmp(files->files[i].name, name) != 0)
            continue;
        buffer_release(&files->files[i].bytes);
        files->files[i] = files->files[--files->count];
        return;
    }
}

static void files_release(struct simulator_files *files)
{
    while (files->count)
        simulator_remove(files, files->files[0].name);
}

struct simulator_signers *simulator_signers(struct simulator *sim, const char *role)
{
    struct simulator_signers *signers;

    for (size_t i = 0; i < sim->signers_count; i++)
        if (strcmp(sim->signers[i].role, role) == 0)
            return &sim->signers[i];
    ck_assert_uint_lt(sim->signers_count, ARRAY_LEN(sim->signers));
    signers = &sim->signers[sim->signers_count++];
    (void)snprintf(signers->role, sizeof(signers->role), "%s", role);
    return signers;
}

struct key *simulator_add_signer(struct simulator *sim, const char *role)
{
    struct simulator_signers *signers = simulator_signers(sim, role);

    ck_assert_uint_lt(signers->count, SIMULATOR_SIGNERS);
    ck_assert_int_eq(key_generate(role, &signers->pairs[signers->count]), 0);
    return &signers->pairs[signers->count++].key;
}

static size_t public_keys(const struct simulator_signers *signers, struct key *ret_keys)
{
    for (size_t i = 0; i < signers->count; i++)
        ret_keys[i] = signers->pairs[i].key;
    return signers->count;
}

void simulator_set_root_role(struct simulator *sim, const char *role, int64_t threshold)
{
    struct key keys[SIMULATOR_SIGNERS];
    size_t count = public_keys(simulator_signers(sim, role), keys);

    ck_assert_int_eq(builder_root_role(sim->root, role, keys, count, threshold), 0);
}

void simulator_rotate(struct simulator *sim, const char *role, size_t count, int64_t threshold)
{
    simulator_signers(sim, role)->count = 0;
    for (size_t i = 0; i < count; i++)
        (void)simulator_add_signer(sim, role);
    simulator_set_root_role(sim, role, threshold);
}

static void sign(struct simulator *sim, const char *role, const json_t *part, struct buffer *bytes)
{
    struct simulator_signers *signers = simulator_signers(sim, role);
    struct signer all[SIMULATOR_SIGNERS];

    for (size_t i = 0; i < signers->count; i++)
        all[i] = key_signer(&signers->pairs[i]);
    buffer_clear(bytes);
    ck_assert_int_eq(envelope_build(part, all, signers->count, bytes), 0);
}

static int64_t version_of(const json_t *part)
{
    return json_integer_value(json_object_get(part, "version"));
}

void simulator_publish_part(struct simulator *sim, const char *role, json_t *part)
{
    CLEANUP(arena_release) struct arena arena = {0};
    const char *quoted = rolename_quote(&arena, role);
    const char *name =
        strcmp(role, "timestamp") == 0
            ? "timestamp.json"
            : arena_printf(&arena, "%lld.%s.json", (long long)version_of(part), quoted);

    sign(sim, role, part, simulator_file(&sim->published, name, true));
}

void simulator_bump(json_t **part)
{
    json_t *next = builder_next(*part, SIMULATOR_NOW_MS + 10 * SIMULATOR_DAY_MS);

    json_decref(*part);
    *part = next;
}

void simulator_expire(json_t *part)
{
    json_object_set_new(part, "expires", json_string("2025-12-31T23:59:59Z"));
}

void simulator_edit(struct simulator *sim, const char *name, const char *from, const char *to)
{
    struct buffer *file = simulator_file(&sim->published, name, false);
    char *place;

    ck_assert_ptr_nonnull(file);
    place = strstr(file->bytes, from);
    ck_assert_ptr_nonnull(place);
    ck_assert_uint_eq(strlen(from), strlen(to));
    memcpy(place, to, strlen(to));
}

/* What a listing says of a published part. */
static void list(struct simulator *sim, json_t *listing, const char *role, const json_t *part)
{
    CLEANUP(arena_release) struct arena arena = {0};
    const char *published = arena_printf(&arena, "%lld.%s.json", (long long)version_of(part),
                                         rolename_quote(&arena, role));
    const char *name = arena_printf(&arena, "%s.json", role);
    struct buffer *bytes = simulator_file(&sim->published, published, true);

    ck_assert_int_eq(builder_meta(listing, name, version_of(part), bytes->bytes, bytes->size), 0);
    if (!sim->with_hashes) {
        json_t *file = json_object_get(json_object_get(listing, "meta"), name);

        (void)json_object_del(file, "hashes");
        (void)json_object_del(file, "length");
    }
}

void simulator_list(struct simulator *sim, const char *role, const json_t *part)
{
    list(sim, sim->snapshot, role, part);
}

void simulator_publish_root(struct simulator *sim)
{
    simulator_bump(&sim->root);
    simulator_publish_part(sim, "root", sim->root);
}

void simulator_publish_timestamp(struct simulator *sim)
{
    simulator_bump(&sim->timestamp);
    list(sim, sim->timestamp, "snapshot", sim->snapshot);
    simulator_publish_part(sim, "timestamp", sim->timestamp);
}

void simulator_publish_snapshot(struct simulator *sim)
{
    simulator_bump(&sim->snapshot);
    list(sim, sim->snapshot, "targets", sim->targets);
    simulator_publish_part(sim, "snapshot", sim->snapshot);
    simulator_publish_timestamp(sim);
}

void simulator_publish_all(struct simulator *sim)
{
    simulator_bump(&sim->targets);
    simulator_publish_part(sim, "targets", sim->targets);
    simulator_publish_snapshot(sim);
}

json_t *simulator_delegate(struct simulator *sim, json_t *delegator, const char *name,
                           const char *path_pattern, bool terminating, const char *target)
{
    json_t *part = builder_new("targets", 1, SIMULATOR_NOW_MS + 10 * SIMULATOR_DAY_MS);
    uint8_t digest[DIGEST_SHA256_SIZE];
    struct key keys[SIMULATOR_SIGNERS];
    struct builder_delegation delegation = {
        .name = name,
        .keys = keys,
        .threshold = 1,
        .paths = &path_pattern,
        .path_count = 1,
        .terminating = terminating,
    };

    if (simulator_signers(sim, name)->count == 0)
        (void)simulator_add_signer(sim, name);
    delegation.key_count = public_keys(simulator_signers(sim, name), keys);
    ck_assert_int_eq(builder_delegate(delegator, &delegation), 0);
    digest_sha256(name, strlen(name), digest);
    if (target)
        ck_assert_int_eq(builder_target(part, target, (int64_t)strlen(name), digest, NULL), 0);
    simulator_publish_part(sim, name, part);
    list(sim, sim->snapshot, name, part);
    return part;
}

void simulator_init(struct simulator *sim)
{
    static const char *const roles[] = {"root", "timestamp", "snapshot", "targets"};
    int64_t expires_ms = SIMULATOR_NOW_MS + 10 * SIMULATOR_DAY_MS;

    *sim = (struct simulator){.now_ms = SIMULATOR_NOW_MS};
    sim->root = builder_new("root", 1, expires_ms);
    sim->timestamp = builder_new("timestamp", 0, expires_ms);
    sim->snapshot = builder_new("snapshot", 0, expires_ms);
    sim->targets = builder_new("targets", 0, expires_ms);
    for (size_t i = 0; i < ARRAY_LEN(roles); i++)
        simulator_rotate(sim, roles[i], 1, 1);
    simulator_publish_part(sim, "root", sim->root);
    simulator_publish_all(sim);
    sign(sim, "root", sim->root, simulator_file(&sim->stored, "root", true));
}

void simulator_release(struct simulator *sim)
{
    updater_free(sim->updater);
    json_decref(sim->root);
    json_decref(sim->timestamp);
    json_decref(sim->snapshot);
    json_decref(sim->targets);
    files_release(&sim->published);
    files_release(&sim->stored);
}

/* ---- the client's two interfaces ---------------------------------------------------------------
 */

static int fetch(void *state, const char *name, size_t max_bytes, struct buffer *ret_bytes)
{
    struct simulator *sim = state;
    const struct buffer *file = simulator_file(&sim->published, name, false);

    (void)strncat(sim->log, name, sizeof(sim->log) - strlen(sim->log) - 2);
    (void)strncat(sim->log, " ", sizeof(sim->log) - strlen(sim->log) - 1);
    if (!file)
        return UPDATER_FETCH_E_MISSING;
    if (file->size > max_bytes)
        return UPDATER_FETCH_E_TOO_LONG;
    buffer_append(ret_bytes, file->bytes, file->size);
    return 0;
}

static int load(void *state, const char *role, size_t max_bytes, struct buffer *ret_bytes)
{
    struct simulator *sim = state;
    const struct buffer *file = simulator_file(&sim->stored, role, false);

    if (!file || file->size > max_bytes)
        return UPDATER_STORE_E_MISSING;
    buffer_append(ret_bytes, file->bytes, file->size);
    return 0;
}

static int save(void *state, const char *role, const void *bytes, size_t size)
{
    struct simulator *sim = state;
    struct buffer *file = simulator_file(&sim->stored, role, true);

    buffer_clear(file);
    buffer_append(file, bytes, size);
    return 0;
}

static int drop(void *state, const char *role)
{
    struct simulator *sim = state;

    simulator_remove(&sim->stored, role);
    return 0;
}

struct updater_store simulator_store(struct simulator *sim)
{
    return (struct updater_store){load, save, drop, sim};
}

int simulator_refresh(struct simulator *sim)
{
    struct updater_config config = {
        .source = {fetch, sim},
        .store = simulator_store(sim),
        .limits = updater_limits_default,
        .now_ms = sim->now_ms,
    };

    updater_free(sim->updater);
    sim->updater = NULL;
    sim->log[0] = '\0';
    ck_assert_int_eq(updater_new(&config, &sim->updater), 0);
    return updater_refresh(sim->updater);
}

int simulator_find(struct simulator *sim, const char *path)
{
    struct metadata_target target;
    int r = updater_find(sim->updater, path, &target);

    if (!r)
        ck_assert_str_eq(target.path, path);
    return r;
}

int64_t simulator_stored(struct simulator *sim, const char *role)
{
    const struct buffer *file = simulator_file(&sim->stored, role, false);
    json_auto_t *document = file ? json_loadb(file->bytes, file->size, 0, NULL) : NULL;

    return version_of(json_object_get(document, "signed"));
}
