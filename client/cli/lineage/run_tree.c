/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/lineage/run_tree.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "cli/transfer/hashing.h"
#include "crypto/text.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct tree {
    struct cli *cli;
    const char *root;
    char **paths; /* below the root */
    size_t count;
    size_t room;
};

static void tree_release(struct tree *tree)
{
    for (size_t i = 0; i < tree->count; i++)
        free(tree->paths[i]);
    free(tree->paths);
}

static void cleanup_dir(DIR **dir)
{
    if (*dir)
        (void)closedir(*dir);
}

static int refuse(struct tree *tree, const char *path)
{
    return output_fail(&tree->cli->output, CLI_FAILED, NULL, "cannot read '%s': %s", path,
                       strerror(errno));
}

static int keep(struct tree *tree, const char *path)
{
    if (tree->count == RUN_TREE_FILES_MAX)
        return output_fail(&tree->cli->output, CLI_FAILED,
                           "name a file that lists them, or give the dataset a version: "
                           "dataset:NAME@VERSION",
                           "there are more than %d files below '%s'", RUN_TREE_FILES_MAX,
                           tree->root);
    if (tree->count == tree->room) {
        size_t room = tree->room ? 2 * tree->room : 256;
        char **paths = realloc(tree->paths, room * sizeof(*paths));

        if (!paths)
            return log_fail(ERR_NO_MEMORY, "out of memory");
        tree->paths = paths;
        tree->room = room;
    }
    tree->paths[tree->count] = strdup(path);
    if (!tree->paths[tree->count])
        return log_fail(ERR_NO_MEMORY, "out of memory");
    tree->count++;
    return 0;
}

static int collect(struct tree *tree, const char *below, int depth);

static int take_entry(struct tree *tree, const char *below, const char *name, int depth)
{
    CLEANUP(arena_release) struct arena arena = {0};
    const char *path = *below ? arena_printf(&arena, "%s/%s", below, name) : name;
    const char *whole = arena_printf(&arena, "%s/%s", tree->root, path);
    struct stat stat;

    if (lstat(whole, &stat) < 0)
        return refuse(tree, whole);
    if (S_ISREG(stat.st_mode))
        return keep(tree, path);
    if (!S_ISDIR(stat.st_mode))
        return 0;
    if (depth == RUN_TREE_DEPTH_MAX)
        return output_fail(&tree->cli->output, CLI_FAILED, NULL,
                           "'%s' is more than %d directories deep", whole, RUN_TREE_DEPTH_MAX);
    return collect(tree, path, depth + 1);
}

/* The depth is bounded. */
static int collect(struct tree *tree, const char *below, int depth)
{
    CLEANUP(arena_release) struct arena arena = {0};
    const char *path = *below ? arena_printf(&arena, "%s/%s", tree->root, below)
                              : arena_strdup(&arena, tree->root);
    CLEANUP(cleanup_dir) DIR *dir = opendir(path);
    int r = 0;

    if (!dir)
        return refuse(tree, path);
    errno = 0;
    for (struct dirent *entry = readdir(dir); r == 0 && entry; entry = readdir(dir)) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            r = take_entry(tree, below, entry->d_name, depth);
        errno = 0;
    }
    return r || !errno ? r : refuse(tree, path);
}

static int compare_paths(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* As sha256sum, which marks a line with a backslash where the name holds one or a newline. */
static void add_line(struct digest_sha256 *digest, const char *hex, const char *path)
{
    bool escaped = strpbrk(path, "\\\n\r") != NULL;

    if (escaped)
        digest_sha256_update(digest, "\\", 1);
    digest_sha256_update(digest, hex, strlen(hex));
    digest_sha256_update(digest, "  ", 2);
    for (; *path; path++) {
        const char *text = *path == '\\'   ? "\\\\"
                           : *path == '\n' ? "\\n"
                           : *path == '\r' ? "\\r"
                                           : NULL;

        if (text)
            digest_sha256_update(digest, text, 2);
        else
            digest_sha256_update(digest, path, 1);
    }
    digest_sha256_update(digest, "\n", 1);
}

int run_tree_hash(struct cli *cli, struct interrupt *interrupt, const char *path,
                  uint64_t *ret_size_bytes, uint64_t *ret_file_count,
                  uint8_t ret_sha256[static DIGEST_SHA256_SIZE])
{
    CLEANUP(tree_release) struct tree tree = {.cli = cli, .root = path};
    struct digest_sha256 digest;
    uint64_t total = 0;
    int r;

    r = collect(&tree, "", 1);
    if (r)
        return r;
    if (tree.count)
        qsort(tree.paths, tree.count, sizeof(*tree.paths), compare_paths);
    digest_sha256_init(&digest);
    for (size_t i = 0; i < tree.count; i++) {
        CLEANUP(arena_release) struct arena arena = {0};
        uint8_t sha256[DIGEST_SHA256_SIZE];
        char hex[DIGEST_SHA256_HEX_SIZE];
        uint64_t size;

        r = hashing_file(cli, interrupt, arena_printf(&arena, "%s/%s", path, tree.paths[i]), &size,
                         sha256);
        if (r)
            return r;
        text_hex(sha256, sizeof(sha256), hex);
        add_line(&digest, hex, tree.paths[i]);
        total += size;
    }
    digest_sha256_final(&digest, ret_sha256);
    *ret_size_bytes = total;
    *ret_file_count = tree.count;
    return 0;
}
