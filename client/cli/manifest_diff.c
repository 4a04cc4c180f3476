/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/manifest_diff.h"

#include "base/cleanup.h"

#include <stdint.h>
#include <string.h>

struct leaf {
    struct leaf *next;
    const char *path;
    const char *value;
};

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

/* What an element of an array is called: its variant, its name, or its place. */
static const char *element_name(struct arena *arena, const json_t *element, size_t index)
{
    const char *runtime = json_string_value(json_object_get(element, "runtime"));
    const char *hardware = json_string_value(json_object_get(element, "hardware"));
    const char *precision = json_string_value(json_object_get(element, "precision"));
    const char *name = json_string_value(json_object_get(element, "name"));

    if (runtime && hardware && precision)
        return arena_printf(arena, "%s/%s/%s", runtime, hardware, precision);
    return name ? name : arena_printf(arena, "%zu", index);
}

/* Manifests were parsed with a limit on their depth. */
static void collect(struct leaves *leaves, const char *path, const json_t *value)
{
    const char *name;
    size_t index;
    json_t *member;

    if (json_is_object(value) && json_object_size(value) > 0) {
        json_object_foreach ((json_t *)(uintptr_t)value, name, member)
            collect(leaves,
                    *path ? arena_printf(leaves->arena, "%s.%s", path, name)
                          : arena_strdup(leaves->arena, name),
                    member);
        return;
    }
    if (json_is_array(value) && json_array_size(value) > 0) {
        json_array_foreach (value, index, member)
            collect(leaves,
                    arena_printf(leaves->arena, "%s[%s]", path,
                                 element_name(leaves->arena, member, index)),
                    member);
        return;
    }
    add_leaf(leaves, path, value);
}

static const struct leaf *find(const struct leaves *leaves, const char *path)
{
    for (const struct leaf *leaf = leaves->first; leaf; leaf = leaf->next)
        if (strcmp(leaf->path, path) == 0)
            return leaf;
    return NULL;
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

    if (before)
        collect(&old, "", before);
    collect(&new, "", after);
    diff.lines = arena_array(arena, old.count + new.count + 1, sizeof(*diff.lines));
    for (const struct leaf *leaf = new.first; leaf; leaf = leaf->next)
        add_line(&diff, find(&old, leaf->path), leaf);
    for (const struct leaf *leaf = old.first; leaf; leaf = leaf->next)
        if (!find(&new, leaf->path))
            add_line(&diff, leaf, NULL);
    *ret_diff = diff;
}
