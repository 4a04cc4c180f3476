/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/root_parts.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "cli/keystore.h"
#include "tuf/builder.h"

#include <string.h>

static int read_keys(struct cli *cli, const struct options_list *names, struct key_pair *pairs,
                     size_t *ret_count)
{
    if (names->count > ROOT_PARTS_KEYS_MAX)
        return cli_usage(cli, "at most %d keys", ROOT_PARTS_KEYS_MAX);
    for (size_t i = 0; i < names->count; i++) {
        int r = keystore_read(cli, names->texts[i], false, &pairs[i], NULL);

        if (r)
            return r;
        *ret_count = i + 1;
    }
    return 0;
}

int root_parts_read_keys(struct cli *cli, struct root_parts *parts)
{
    int r = read_keys(cli, &cli->flags.root_keys, parts->root, &parts->root_count);

    if (!r && parts->root_count == 0) {
        r = keystore_read(cli, cli->flags.key, true, &parts->root[0], NULL);
        parts->root_count = r ? 0 : 1;
    }
    if (!r)
        r = read_keys(cli, &cli->flags.targets_keys, parts->targets, &parts->targets_count);
    if (r)
        return r;
    if (parts->targets_count == 0) {
        memcpy(parts->targets, parts->root, sizeof(parts->targets));
        parts->targets_count = parts->root_count;
    }
    parts->threshold = cli->flags.threshold;
    parts->lifetime_ms = cli->flags.expires_ms;
    if ((size_t)parts->threshold > parts->root_count ||
        (size_t)parts->threshold > parts->targets_count)
        return cli_usage(cli, "--threshold %lld needs as many keys", (long long)parts->threshold);
    return 0;
}

/* ---- parts
 * --------------------------------------------------------------------------------------- */

static int ask_online_key(struct server *server, const char *repository, struct key *ret_key)
{
    json_auto_t *answer = NULL;
    json_auto_t *body = json_object();
    struct fields_error error = {0};
    int r;

    r = server_ask(server,
                   &(struct server_question){
                       .what = "ask for the server's online key",
                       .method = "POST",
                       .address = SERVER_ADDRESS(server, "tuf", repository, "online-key"),
                       .body = body,
                   },
                   NULL, &answer);
    if (r)
        return r;
    r = key_parse(json_object_get(answer, "key"), ret_key, &error);
    if (r > 0)
        return output_fail(&server->cli->output, CLI_FAILED, NULL,
                           "the server's online key cannot be read: %s", error.text);
    return r;
}

static size_t public_keys(const struct key_pair *pairs, size_t count, struct key *ret_keys)
{
    for (size_t i = 0; i < count; i++)
        ret_keys[i] = pairs[i].key;
    return count;
}

static int make_root(const struct root_parts *parts, const struct key *online, bool director,
                     int64_t expires_ms, json_t **ret_root)
{
    json_auto_t *root = builder_new("root", 1, expires_ms);
    struct key keys[ROOT_PARTS_KEYS_MAX];
    size_t count = public_keys(parts->root, parts->root_count, keys);
    int r = root ? builder_root_role(root, "root", keys, count, parts->threshold)
                 : log_fail(ERR_NO_MEMORY, "cannot make a root: out of memory");

    if (!r)
        r = builder_root_role(root, "timestamp", online, 1, 1);
    if (!r)
        r = builder_root_role(root, "snapshot", online, 1, 1);
    if (r)
        return r;
    count = public_keys(parts->targets, parts->targets_count, keys);
    r = director ? builder_root_role(root, "targets", online, 1, 1)
                 : builder_root_role(root, "targets", keys, count, parts->threshold);
    if (!r)
        *ret_root = json_incref(root);
    return r;
}

int root_parts_make(struct server *server, struct root_parts *parts)
{
    int64_t expires_ms = clock_wall_ms(server->cli->clock) + parts->lifetime_ms;
    struct key image;
    struct key director;
    int r = ask_online_key(server, "image", &image);

    if (!r)
        r = ask_online_key(server, "director", &director);
    if (!r)
        r = make_root(parts, &image, false, expires_ms, &parts->image_root);
    if (!r)
        r = make_root(parts, &director, true, expires_ms, &parts->director_root);
    if (r)
        return r;
    parts->targets_listing = builder_new("targets", 1, expires_ms);
    return parts->targets_listing ? 0
                                  : log_fail(ERR_NO_MEMORY, "cannot make targets: out of memory");
}

size_t root_parts_signers(const struct root_parts *parts, const char *role,
                          struct key_pair **ret_pairs)
{
    bool root = strcmp(role, "root") == 0;
    const struct key_pair *pairs = root ? parts->root : parts->targets;
    size_t total = root ? parts->root_count : parts->targets_count;
    size_t count = 0;

    for (size_t i = 0; i < total; i++)
        if (pairs[i].has_secret)
            ret_pairs[count++] = (struct key_pair *)&pairs[i];
    return count;
}

void root_parts_release(struct root_parts *parts)
{
    if (!parts)
        return;
    for (size_t i = 0; i < ROOT_PARTS_KEYS_MAX; i++) {
        key_pair_release(&parts->root[i]);
        key_pair_release(&parts->targets[i]);
    }
    json_decref(parts->image_root);
    json_decref(parts->director_root);
    json_decref(parts->targets_listing);
}
