/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/trust.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "tuf/key_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FOLDER "identity/trust"
#define PATH_SIZE (sizeof(FOLDER) + KEY_ID_SIZE + sizeof(".json"))

DEFINE_CLEANUP(cleanup_closedir, DIR *, (void)closedir);

int trust_pin(const struct store *store, const char *key_file,
              char ret_detail[static TRUST_DETAIL_SIZE])
{
    CLEANUP(key_pair_release) struct key_pair pair = {0};
    struct fields_error error = {0};
    char path[PATH_SIZE];
    int r;

    r = key_file_read(AT_FDCWD, key_file, false, &pair, &error);
    if (r > 0) {
        (void)snprintf(ret_detail, TRUST_DETAIL_SIZE, "cannot use key file '%.200s': %.250s",
                       key_file, r == KEY_E_MISSING ? "there is no such file" : error.text);
        return TRUST_E_BROKEN;
    }
    if (r)
        return r;
    (void)snprintf(path, sizeof(path), FOLDER "/%s.json", pair.key.id);
    r = key_file_write(store->dir_fd, path, &pair, false);
    return r == KEY_E_EXISTS ? 0 : r;
}

static bool is_key_name(const char *name)
{
    return strspn(name, "0123456789abcdef") == KEY_ID_SIZE - 1 &&
           strcmp(name + KEY_ID_SIZE - 1, ".json") == 0;
}

static int load_key(const struct store *store, const char *name, struct trust *trust,
                    char *ret_detail)
{
    CLEANUP(key_pair_release) struct key_pair pair = {0};
    struct fields_error error = {0};
    char path[PATH_SIZE];
    int r;

    (void)snprintf(path, sizeof(path), FOLDER "/%s", name);
    r = key_file_read(store->dir_fd, path, false, &pair, &error);
    if (r > 0) {
        (void)snprintf(ret_detail, TRUST_DETAIL_SIZE, "cannot use '%.120s/%s': %.250s", store->path,
                       path, error.text);
        return TRUST_E_BROKEN;
    }
    if (r)
        return r;
    if (trust->count == TRUST_KEYS_MAX) {
        (void)snprintf(ret_detail, TRUST_DETAIL_SIZE, "'%s/" FOLDER "' holds more than %d keys",
                       store->path, TRUST_KEYS_MAX);
        return TRUST_E_BROKEN;
    }
    trust->keys[trust->count++] = pair.key;
    return 0;
}

int trust_load(const struct store *store, struct trust *ret_trust,
               char ret_detail[static TRUST_DETAIL_SIZE])
{
    CLEANUP(trust_release)
    struct trust trust = {.keys = calloc(TRUST_KEYS_MAX, sizeof(struct key))};
    CLEANUP(cleanup_closedir) DIR *dir = NULL;
    int fd = openat(store->dir_fd, FOLDER, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0 && errno == ENOENT)
        return TRUST_E_NONE;
    dir = fd < 0 ? NULL : fdopendir(fd);
    if (!dir || !trust.keys) {
        int r = log_fail_errno("cannot list '%s/" FOLDER "'", store->path);

        cleanup_close(&fd);
        return r;
    }
    for (struct dirent *entry = readdir(dir); entry; entry = readdir(dir)) {
        int r = is_key_name(entry->d_name) ? load_key(store, entry->d_name, &trust, ret_detail) : 0;

        if (r)
            return r;
    }
    if (!trust.count)
        return TRUST_E_NONE;
    *ret_trust = trust;
    trust = (struct trust){0};
    return 0;
}

int trust_verify(const struct trust *trust, const char *workspace, const char *model,
                 const struct envelope *envelope, char ret_detail[static TRUST_DETAIL_SIZE])
{
    struct envelope_verdict verdict;
    int r;

    (void)workspace; /* a pinned key signs every model; who delegates will look at these */
    r = envelope_verify(envelope, trust->keys, trust->count, 1, &verdict);
    if (r != ENVELOPE_E_UNVERIFIED)
        return r;
    if (!envelope->signature_count)
        (void)snprintf(ret_detail, TRUST_DETAIL_SIZE, "the manifest of '%s' is not signed", model);
    else if (verdict.bad_count)
        (void)snprintf(ret_detail, TRUST_DETAIL_SIZE,
                       "the signature on the manifest of '%s' by key %.16s... does not verify",
                       model, envelope->signatures[0].keyid);
    else
        (void)snprintf(ret_detail, TRUST_DETAIL_SIZE,
                       "the manifest of '%s' is signed by key %.16s..., which this device does not "
                       "trust; trusted is %.16s...%s",
                       model, envelope->signatures[0].keyid, trust->keys[0].id,
                       trust->count > 1 ? " and others" : "");
    return TRUST_E_UNVERIFIED;
}

void trust_release(struct trust *trust)
{
    if (!trust)
        return;
    free(trust->keys);
    *trust = (struct trust){0};
}
