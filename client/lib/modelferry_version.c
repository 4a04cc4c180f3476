/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/modelferry_version.h"

#include "lib/modelferry.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The rules of docs/PROTOCOL.md, Names: nothing that leads out of a directory. */
static bool is_name(const char *text, const char *first, const char *rest, size_t max)
{
    size_t length = strlen(text);

    return length >= 1 && length <= max && strchr(first, text[0]) && strspn(text, rest) == length;
}

#define LOWER "abcdefghijklmnopqrstuvwxyz0123456789"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

bool modelferry_version_is_slot(const char *text)
{
    return is_name(text, LOWER, LOWER "._-", 63);
}

bool modelferry_version_is_id(const char *text)
{
    return is_name(text, LOWER UPPER, LOWER UPPER ".+-", MODELFERRY_VERSION_ID_SIZE - 1);
}

static bool is_file_name(const char *text)
{
    return is_name(text, LOWER UPPER "_", LOWER UPPER "._+-", 128);
}

static char *join(const char *a, const char *b)
{
    char *path;

    return asprintf(&path, "%s/%s", a, b) < 0 ? NULL : path;
}

/*
 * .version.json is written by the agent with sorted members and no escapes in what we look for:
 * names, versions and variants have none. A member is found by its name at any depth.
 */
static char *copy_member(const char *text, const char *name, const char **ret_rest)
{
    char pattern[64];
    const char *start;
    const char *end;

    (void)snprintf(pattern, sizeof(pattern), "\"%s\":\"", name);
    start = strstr(text, pattern);
    if (!start)
        return NULL;
    start += strlen(pattern);
    end = strchr(start, '"');
    if (!end)
        return NULL;
    if (ret_rest)
        *ret_rest = end;
    return strndup(start, (size_t)(end - start));
}

static int take_files(struct modelferry_version *version, const char *dir, const char *text)
{
    const char *rest = strstr(text, "\"artifacts\":[");
    const char *end = rest ? strchr(rest, ']') : NULL;

    while (rest && end && version->file_count < MODELFERRY_VERSION_FILES_MAX) {
        char *file = copy_member(rest, "name", &rest);

        if (!file || rest > end) {
            free(file);
            break;
        }
        version->files[version->file_count] = file;
        version->paths[version->file_count] = join(dir, file);
        version->file_count++;
        if (!is_file_name(file))
            return MF_E_BROKEN;
        if (!version->paths[version->file_count - 1])
            return MF_E_MEMORY;
    }
    return version->file_count ? 0 : MF_E_BROKEN;
}

static int read_members(struct modelferry_version *version, int dir_fd, const char *dir)
{
    char text[32768];
    int fd = openat(dir_fd, ".version.json", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    ssize_t size = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

    if (fd >= 0)
        (void)close(fd);
    if (size <= 0)
        return MF_E_BROKEN;
    text[size] = '\0';
    version->name = copy_member(text, "model", NULL);
    version->version = copy_member(text, "version", NULL);
    version->variant = copy_member(text, "variant", NULL);
    if (!version->name || !version->version || !version->variant)
        return MF_E_BROKEN;
    return take_files(version, dir, text);
}

int modelferry_version_read(int dir_fd, const char *dir, struct modelferry_version *ret_version)
{
    struct modelferry_version version = {0};
    int r = read_members(&version, dir_fd, dir);

    if (r)
        modelferry_version_release(&version);
    else
        *ret_version = version;
    return r;
}

void modelferry_version_release(struct modelferry_version *version)
{
    for (size_t i = 0; i < version->file_count; i++) {
        free(version->files[i]);
        free(version->paths[i]);
    }
    free(version->name);
    free(version->version);
    free(version->variant);
    *version = (struct modelferry_version){0};
}
