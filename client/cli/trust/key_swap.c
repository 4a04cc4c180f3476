/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/trust/key_swap.h"

#include "base/cleanup.h"

#include <string.h>

#define START_MIN 8

static bool is_keyid_start(const char *text)
{
    size_t length = strlen(text);

    return length >= START_MIN && length < KEY_ID_SIZE &&
           strspn(text, "0123456789abcdef") == length;
}

static int find_start(struct cli *cli, const char *start, const struct key *keys, size_t count,
                      size_t *ret_index)
{
    size_t found = count;

    for (size_t i = 0; i < count; i++) {
        if (strncmp(keys[i].id, start, strlen(start)) != 0)
            continue;
        if (found < count)
            return cli_usage(cli, "several keys start with '%s': say more of it", start);
        found = i;
    }
    *ret_index = found;
    return 0;
}

static size_t find_key(const struct key *key, const struct key *keys, size_t count)
{
    size_t i = 0;

    while (i < count && !key_equal(&keys[i], key))
        i++;
    return i;
}

int key_swap_find(struct cli *cli, const char *text, const struct key *keys, size_t count,
                  size_t *ret_index)
{
    CLEANUP(keystore_release) struct keystore_key key = {0};
    int r;

    if (is_keyid_start(text))
        return find_start(cli, text, keys, count, ret_index);
    r = keystore_read(cli, text, &key);
    if (!r)
        *ret_index = find_key(&key.key, keys, count);
    return r;
}

static int read_key(struct cli *cli, const char *text, struct keyring *ring, struct key *ret_key)
{
    CLEANUP(keystore_release) struct keystore_key key = {0};
    int r = keystore_read(cli, text, &key);

    if (r)
        return r;
    *ret_key = key.key;
    return keyring_add(cli, ring, &key);
}

int key_swap_parse(struct cli *cli, const char *text, struct keyring *ring,
                   struct key_swap *ret_swap)
{
    const char *equals = strrchr(text, '=');
    const char *old;
    struct key_swap swap = {.text = text};
    int r = 0;

    if (!equals || strcmp(text, "=") == 0)
        return cli_usage(cli, "'%s' is no change of keys: OLD=NEW replaces, =NEW adds, OLD= drops",
                         text);
    old = arena_strndup(&cli->arena, text, (size_t)(equals - text));
    swap.drops = *old;
    swap.adds = equals[1];
    if (swap.drops && is_keyid_start(old))
        swap.old_start = old;
    else if (swap.drops)
        r = read_key(cli, old, ring, &swap.old);
    if (!r && swap.adds)
        r = read_key(cli, equals + 1, ring, &swap.new);
    if (!r)
        *ret_swap = swap;
    return r;
}

static int find_old(struct cli *cli, const struct key_swap *swap, const char *whose,
                    const struct key *keys, size_t count, size_t *ret_index)
{
    int r = 0;

    if (swap->old_start)
        r = find_start(cli, swap->old_start, keys, count, ret_index);
    else
        *ret_index = find_key(&swap->old, keys, count);
    if (r || *ret_index < count)
        return r;
    return output_fail(&cli->output, CLI_FAILED, "see modelferry root show --json",
                       "'%s': that key does not sign for '%s'", swap->text, whose);
}

int key_swap_apply(struct cli *cli, const struct key_swap *swap, const char *whose,
                   struct key *keys, size_t *count)
{
    size_t place = *count;

    if (swap->adds && find_key(&swap->new, keys, *count) < *count)
        return output_fail(&cli->output, CLI_FAILED, NULL, "'%s': that key signs for '%s' already",
                           swap->text, whose);
    if (swap->drops) {
        int r = find_old(cli, swap, whose, keys, *count, &place);

        if (r)
            return r;
    }
    if (swap->adds && place == KEYRING_MAX)
        return output_fail(&cli->output, CLI_FAILED, NULL, "at most %d keys sign for '%s'",
                           KEYRING_MAX, whose);
    if (swap->adds) {
        keys[place] = swap->new;
        *count += place == *count;
    } else {
        keys[place] = keys[--*count];
    }
    return 0;
}
