/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/trust/manifest_diff.h"

#include "base/cleanup.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define KEYID_DIGITS 64

struct leaf {
    struct leaf *next;
    const char *path;
    const char *value;
};

static int by_path(const void *a, const void *b)
{
    const struct leaf *const *left = a;
    const struct leaf *const *right = b;

    return strcmp((*left)->path, (*right)->path);
}

struct leaves {
    struct arena *arena;
    struct leaf *first;
    struct leaf **end;
    size_t count;
};

static void add_leaf(struct leaves *leaves, const char *path, const json_t *value)
{
    AUTO_FREE char *dump = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
    struct leaf *leaf = arena_alloc(leaves->arena, sizeof(*leaf));

    leaf->path = path;
    leaf->value = arena_strdup(leaves->arena, dump ? dump : "?");
    *leaves->end = leaf;
    leaves->end = &leaf->next;
    leaves->count++;
}

/* As it is where it cannot be taken for anything else, else quoted: no two members have one path.
 */
static const char *quote(struct arena *arena, const char *name, const char *harmless)
{
    json_auto_t *text = NULL;
    AUTO_FREE char *quoted = NULL;

    if (*name && strspn(name, harmless) == strlen(name))
        return name;
    text = json_string(name);
    quoted = text ? json_dumps(text, JSON_ENCODE_ANY) : NULL;
    return arena_printf(arena, "%s", quoted ? quoted : "?");
}

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+@:/"

static const char *member_path(struct arena *arena, const char *path, const char *name)
{
    const char *quoted = quote(arena, name, LETTERS);

    if (quoted != name)
        return arena_printf(arena, "%s[%s]", path, quoted);
    return *path ? arena_printf(arena, "%s.%s", path, name) : arena_strdup(arena, name);
}

static bool is_keyid(const char *text)
{
    return strlen(text) == KEYID_DIGITS && strspn(text, "0123456789abcdef") == KEYID_DIGITS;
}

/* What an element of an array is called: its variant or its name, a keyid by itself, since those
 * are sets; NULL where it has none. */
static const char *element_name(struct arena *arena, const json_t *element)
{
    const char *runtime = json_string_value(json_object_get(element, "runtime"));
    const char *hardware = json_string_value(json_object_get(element, "hardware"));
    const char *precision = json_string_value(json_object_get(element, "precision"));
    const char *name = json_string_value(json_object_get(element, "name"));

    if (json_is_string(element) && is_keyid(json_string_value(element)))
        return json_string_value(element);
    if (runtime && hardware && precision)
        return quote(arena, arena_printf(arena, "%s/%s/%s", runtime, hardware, precision),
                     LETTERS ".");
    return name ? quote(arena, name, LETTERS ".") : NULL;
}

/* Those without a name, or with one that another has too, are called by their place. */
static const char **element_names(struct arena *arena, const json_t *array)
{
    const char **names = arena_array(arena, json_array_size(array), sizeof(*names));

    for (size_t i = 0; i < json_array_size(array); i++) {
        const char *name = element_name(arena, json_array_get(array, i));

        for (size_t j = 0; name && j < i; j++)
            if (strcmp(names[j], name) == 0)
                name = NULL;
        names[i] = name ? name : arena_printf(arena, "#%zu", i);
    }
    return names;
}

/* Manifests were parsed with a limit on their depth. */
static void collect(struct leaves *leaves, const char *path, const json_t *value)
{
    const char *name;
    size_t index;
    json_t *member;

    if (json_is_object(value) && json_object_size(value) > 0) {
        json_object_foreach ((json_t *)(uintptr_t)value, name, member)
            collect(leaves, member_path(leaves->arena, path, name), member);
        return;
    }
    if (json_is_array(value) && json_array_size(value) > 0) {
        const char **names = element_names(leaves->arena, value);

        json_array_foreach (value, index, member)
            collect(leaves, arena_printf(leaves->arena, "%s[%s]", path, names[index]), member);
        return;
    }
    add_leaf(leaves, path, value);
}

/* Listings have tens of thousands of leaves: they are found by halves. */
static const struct leaf **sort(const struct leaves *leaves)
{
    const struct leaf **sorted = arena_array(leaves->arena, leaves->count + 1, sizeof(*sorted));
    size_t count = 0;

    for (const struct leaf *leaf = leaves->first; leaf; leaf = leaf->next)
        sorted[count++] = leaf;
    if (count)
        qsort(sorted, count, sizeof(*sorted), by_path);
    return sorted;
}

static const struct leaf *find(const struct leaf *const *sorted, size_t count,
                               const struct leaf *wanted)
{
    const struct leaf *const *found =
        count ? bsearch(&wanted, sorted, count, sizeof(*sorted), by_path) : NULL;

    return found ? *found : NULL;
}

static enum manifest_diff_kind compare(const struct leaf *before, const struct leaf *after)
{
    if (!before)
        return MANIFEST_DIFF_ADDED;
    if (!after)
        return MANIFEST_DIFF_REMOVED;
    return strcmp(before->value, after->value) == 0 ? MANIFEST_DIFF_SAME : MANIFEST_DIFF_CHANGED;
}

static void add_line(struct manifest_diff *diff, const struct leaf *before,
                     const struct leaf *after)
{
    diff->lines[diff->count++] = (struct manifest_diff_line){
        .kind = compare(before, after),
        .path = after ? after->path : before->path,
        .before = before ? before->value : NULL,
        .after = after ? after->value : NULL,
    };
}

void manifest_diff_make(struct arena *arena, const json_t *before, const json_t *after,
                        struct manifest_diff *ret_diff)
{
    struct leaves old = {.arena = arena, .end = &old.first};
    struct leaves new = {.arena = arena, .end = &new.first};
    struct manifest_diff diff = {0};
    const struct leaf **old_sorted;
    const struct leaf **new_sorted;

    if (before)
        collect(&old, "", before);
    collect(&new, "", after);
    old_sorted = sort(&old);
    new_sorted = sort(&new);
    diff.lines = arena_array(arena, old.count + new.count + 1, sizeof(*diff.lines));
    for (const struct leaf *leaf = new.first; leaf; leaf = leaf->next)
        add_line(&diff, find(old_sorted, old.count, leaf), leaf);
    for (const struct leaf *leaf = old.first; leaf; leaf = leaf->next)
        if (!find(new_sorted, new.count, leaf))
            add_line(&diff, leaf, NULL);
    *ret_diff = diff;
}
