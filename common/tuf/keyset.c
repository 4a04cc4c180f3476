/* SPDX-License-Identifier: Apache-2.0 */
#include "tuf/keyset.h"

#include "base/cleanup.h"
#include "base/log.h"

#include <stdlib.h>
#include <string.h>

/* Of a file with more keys than any role has, the others are decoded each time. */
#define KEPT_MAX 64

struct entry {
    struct entry *next;
    json_t *object; /* held, so that no other one is ever at its place */
    struct key key;
    struct key_decoded *decoded;
};

struct keyset {
    json_t *keys;
    struct entry *entries;
    size_t count;
};

int keyset_new(const json_t *keys, struct keyset **ret_set)
{
    struct keyset *set = calloc(1, sizeof(*set));

    if (!set)
        return log_fail(ERR_NO_MEMORY, "cannot read keys: out of memory");
    set->keys = json_incref((json_t *)(uintptr_t)keys);
    *ret_set = set;
    return 0;
}

static void free_entry(struct entry *entry)
{
    if (!entry)
        return;
    key_decoded_free(entry->decoded);
    json_decref(entry->object);
    free(entry);
}

DEFINE_CLEANUP(cleanup_entry, struct entry *, free_entry);

static const struct entry *find(const struct keyset *set, const json_t *object)
{
    const struct entry *entry = set->entries;

    while (entry && entry->object != object)
        entry = entry->next;
    return entry;
}

/* NULL where it is none that we can read, or memory ends. */
static struct entry *make(json_t *object)
{
    CLEANUP(cleanup_entry) struct entry *entry = calloc(1, sizeof(*entry));
    struct fields_error error = {0};

    if (!entry || key_parse(object, &entry->key, &error))
        return NULL;
    entry->object = json_incref(object);
    entry->decoded = key_decode(&entry->key);
    return TAKE_PTR(entry);
}

static bool verifies(const struct entry *entry, const void *message, size_t size,
                     const uint8_t *signature, size_t signature_size, struct key *ret_key)
{
    if (!key_verify_decoded(&entry->key, entry->decoded, message, size, signature, signature_size))
        return false;
    *ret_key = entry->key;
    return true;
}

static void keep(struct keyset *set, struct entry *entry)
{
    entry->next = set->entries;
    set->entries = entry;
    set->count++;
}

bool keyset_verify(struct keyset *set, const char *keyid, const void *message, size_t size,
                   const uint8_t *signature, size_t signature_size, struct key *ret_key)
{
    json_t *object = json_object_get(set->keys, keyid);
    const struct entry *known = find(set, object);
    CLEANUP(cleanup_entry) struct entry *made = known || !object ? NULL : make(object);
    const struct entry *entry = known ? known : made;

    if (!entry)
        return false;
    if (made && set->count < KEPT_MAX)
        keep(set, TAKE_PTR(made));
    return verifies(entry, message, size, signature, signature_size, ret_key);
}

bool keyset_is_of(const struct keyset *set, const json_t *keys)
{
    return set && set->keys == keys;
}

void keyset_free(struct keyset *set)
{
    if (!set)
        return;
    json_decref(set->keys);
    while (set->entries) {
        struct entry *next = set->entries->next;

        free_entry(set->entries);
        set->entries = next;
    }
    free(set);
}
