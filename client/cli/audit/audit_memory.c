/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/audit/audit_memory.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"
#include "cli/place.h"
#include "crypto/text.h"

#include <fcntl.h>
#include <string.h>

#define SERVER_DIGITS 16
#define FILE_MAX ((size_t)64 << 10)

static int find_path(struct cli *cli, const char *server_url, const char *workspace,
                     const char **ret_path)
{
    uint8_t server[DIGEST_SHA256_SIZE];
    char hex[DIGEST_SHA256_HEX_SIZE];

    digest_sha256(server_url, strlen(server_url), server);
    text_hex(server, sizeof(server), hex);
    if (place_config(&cli->arena,
                     arena_printf(&cli->arena, "audit/%s-%.*s.json", workspace, SERVER_DIGITS, hex),
                     ret_path))
        return output_fail(&cli->output, CLI_FAILED, "set HOME, or XDG_CONFIG_HOME",
                           "there is no place to remember the audit log in");
    return 0;
}

int audit_memory_read(struct cli *cli, const char *server_url, const char *workspace,
                      struct audit_memory *ret_memory)
{
    AUTO_FREE char *text = NULL;
    json_auto_t *root = NULL;
    const char *path;
    const char *hash;
    json_int_t seq;
    json_t *keyids;
    int r;

    *ret_memory = (struct audit_memory){0};
    r = find_path(cli, server_url, workspace, &path);
    if (r)
        return r;
    r = file_read(AT_FDCWD, path, FILE_MAX, &text, NULL);
    if (r < 0)
        return r;
    if (r == FILE_E_MISSING) {
        ret_memory->keyids = json_array();
        return 0;
    }
    root = r ? NULL : json_loads(text, 0, NULL);
    if (!root ||
        json_unpack(root, "{s:I, s:s, s:o}", "seq", &seq, "hash", &hash, "keyids", &keyids) < 0 ||
        !json_is_array(keyids) || !text_unhex(hash, ret_memory->hash, sizeof(ret_memory->hash)))
        return output_fail(&cli->output, CLI_FAILED,
                           "restore it from a backup; without it a log that was cut off or made "
                           "anew is not noticed",
                           "'%s', what is remembered of the audit log, cannot be read", path);
    ret_memory->seq = seq;
    ret_memory->keyids = json_incref(keyids);
    return 0;
}

int audit_memory_write(struct cli *cli, const char *server_url, const char *workspace,
                       const struct audit_memory *memory)
{
    char hash[DIGEST_SHA256_HEX_SIZE];
    AUTO_FREE char *text = NULL;
    json_auto_t *root = NULL;
    const char *path;
    int r;

    text_hex(memory->hash, sizeof(memory->hash), hash);
    root = json_pack("{s:I, s:s, s:O}", "seq", (json_int_t)memory->seq, "hash", hash, "keyids",
                     memory->keyids);
    text = root ? json_dumps(root, JSON_INDENT(2)) : NULL;
    if (!text)
        return log_fail(ERR_NO_MEMORY, "cannot remember the audit log: out of memory");
    r = find_path(cli, server_url, workspace, &path);
    if (!r)
        r = place_make_parent(path);
    return r ? r : file_replace(AT_FDCWD, path, text, strlen(text), 0600);
}

void audit_memory_release(struct audit_memory *memory)
{
    json_decref(memory->keyids);
}
