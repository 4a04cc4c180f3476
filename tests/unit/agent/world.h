/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UNIT_AGENT_WORLD_H
#define UNIT_AGENT_WORLD_H

#include "agent/slot.h"
#include "agent/store.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "crypto/secret.h"

#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

/* A state directory of the test's own, with slots and versions as the agent would make them. */
struct world {
    char path[64];
    struct store store;
};

static inline void world_init(struct world *world)
{
    *world = (struct world){.store = STORE_NONE};
    ck_assert(secret_init());
    (void)snprintf(world->path, sizeof(world->path), "/tmp/mf-unit-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(world->path));
    ck_assert_int_eq(store_open(world->path, &world->store), 0);
}

static inline void world_release(struct world *world)
{
    store_release(&world->store);
    ck_assert_int_eq(file_remove_tree(AT_FDCWD, world->path), 0);
}

static inline void world_write(const struct world *world, const char *path, const char *text)
{
    ck_assert_int_eq(file_replace(world->store.dir_fd, path, text, strlen(text), 0644), 0);
}

static inline bool world_has(const struct world *world, const char *path)
{
    return faccessat(world->store.dir_fd, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

#define WORLD_COUNTER 1 /* the release counter of what is installed */

/* Installs a version whose one artifact, model.onnx, holds `text`; returns its id. */
static inline void world_install(const struct world *world, const char *slot, const char *version,
                                 const char *text, char ret_id[static SLOT_ID_SIZE])
{
    char manifest[DIGEST_SHA256_HEX_SIZE];
    char path[SLOT_PATH_SIZE];
    struct slot_artifact artifact = {.name = "model.onnx", .length = (int64_t)strlen(text)};
    struct slot_version made = {.model = "digits",
                                .version = version,
                                .variant = "onnx/cpu/fp32",
                                .manifest_sha256 = manifest,
                                .release_counter = WORLD_COUNTER,
                                .artifacts = &artifact,
                                .artifact_count = 1};
    AUTO_CLOSE int fd = -1;

    (void)snprintf(manifest, sizeof(manifest), "%064zx", strlen(text) * 31 + (size_t)text[0]);
    digest_sha256(text, strlen(text), artifact.sha256);
    slot_id(&made, ret_id);
    ck_assert_int_eq(slot_create(&world->store, slot), 0);
    (void)snprintf(path, sizeof(path), "models/%s/versions/%s", slot, ret_id);
    ck_assert_int_eq(file_mkdirs(world->store.dir_fd, path, 0755), 0);
    fd = openat(world->store.dir_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(file_replace(fd, "model.onnx", text, strlen(text), 0444), 0);
    ck_assert_int_eq(slot_save_version(fd, &made), 0);
}

/* The end of every main(). */
static inline int world_run(Suite *suite, TCase *tcase)
{
    SRunner *runner = srunner_create(suite);
    int failed;

    suite_add_tcase(suite, tcase);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}

#endif
