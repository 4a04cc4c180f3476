/* SPDX-License-Identifier: Apache-2.0 */
#include "core/trust/vault.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"
#include "crypto/secret.h"
#include "crypto/text.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#define FILE_MAX 128

static int refuse(const char *path, const char *why)
{
    log_line(LOG_ERROR, "cannot use the master key '%s': %s", path, why);
    return VAULT_E_FILE;
}

static int check_mode(const char *path)
{
    struct stat stat_;

    if (stat(path, &stat_) < 0)
        return log_fail_errno("cannot look at '%s'", path);
    if (stat_.st_mode & (S_IRWXG | S_IRWXO))
        return refuse(path, "others may read it; chmod 600 it");
    return 0;
}

static int decode(struct vault *vault, const char *path, char *text)
{
    text[strcspn(text, " \t\r\n")] = '\0';
    if (!text_unhex(text, vault->key, sizeof(vault->key)))
        return refuse(path, "64 hex digits are expected, such as of 'openssl rand -hex 32'");
    vault->open = true;
    return 0;
}

static int read_key(struct vault *vault, const char *path, bool *ret_missing)
{
    char *text = NULL;
    size_t size = 0;
    int r = file_read(AT_FDCWD, path, FILE_MAX, &text, &size);

    *ret_missing = r == FILE_E_MISSING;
    if (r == FILE_E_TOO_LARGE)
        return refuse(path, "it is too large");
    if (r)
        return r < 0 ? r : VAULT_E_FILE;
    r = check_mode(path);
    if (!r)
        r = decode(vault, path, text);
    secret_wipe(text, size);
    free(text);
    return r;
}

int vault_load(struct vault *vault, const char *path)
{
    bool missing;
    int r = read_key(vault, path, &missing);

    return missing ? refuse(path, "no such file") : r;
}

int vault_load_or_make(struct vault *vault, const char *path)
{
    uint8_t key[SEAL_KEY_SIZE];
    char text[2 * SEAL_KEY_SIZE + 2];
    bool missing;
    int r = read_key(vault, path, &missing);

    if (!missing)
        return r;
    secret_random(key, sizeof(key));
    text_hex(key, sizeof(key), text);
    text[2 * SEAL_KEY_SIZE] = '\n';
    r = file_replace(AT_FDCWD, path, text, 2 * SEAL_KEY_SIZE + 1, 0600);
    if (!r) {
        memcpy(vault->key, key, sizeof(key));
        vault->open = true;
    }
    secret_wipe(key, sizeof(key));
    secret_wipe(text, sizeof(text));
    return r;
}

void vault_release(struct vault *vault)
{
    if (vault)
        secret_wipe(vault, sizeof(*vault));
}
