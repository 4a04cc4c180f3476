/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/access/profile.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"
#include "cli/place.h"
#include "crypto/secret.h"
#include "model/name.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PROFILE_BYTES_MAX 16384

static int invalid(const char **ret_error, const char *error)
{
    *ret_error = error;
    return PROFILE_E_INVALID;
}

static int profile_path(struct arena *arena, const char *name, const char **ret_path,
                        const char **ret_error)
{
    const char *expected = name_check(name);

    if (expected)
        return invalid(ret_error,
                       arena_printf(arena, "'%s' is no name of a profile: %s", name, expected));
    if (place_config(arena, arena_printf(arena, "profiles/%s.json", name), ret_path))
        return invalid(ret_error, "there is no folder for profiles: HOME is not set");
    return 0;
}

static int check_mode(struct arena *arena, const char *path, const char **ret_error)
{
    struct stat stat_;

    if (stat(path, &stat_) < 0)
        return errno == ENOENT ? PROFILE_E_MISSING : log_fail_errno("cannot read '%s'", path);
    if (stat_.st_mode & 077)
        return invalid(
            ret_error,
            arena_printf(arena, "'%s' holds a token and others may read it; chmod 600 it", path));
    return 0;
}

static int decode(struct arena *arena, const char *path, const json_t *document,
                  struct profile *ret_profile, const char **ret_error)
{
    const char *url = json_string_value(json_object_get(document, "url"));
    const char *token = json_string_value(json_object_get(document, "token"));
    const char *ca_file = json_string_value(json_object_get(document, "ca_file"));

    if (json_integer_value(json_object_get(document, "modelferry_profile")) != 1 || !url || !token)
        return invalid(ret_error, arena_printf(arena, "'%s' is no profile", path));
    ret_profile->url = profile_url(arena, url, ret_error);
    if (!ret_profile->url)
        return PROFILE_E_INVALID;
    ret_profile->token = arena_strdup(arena, token);
    ret_profile->ca_file = arena_strdup(arena, ca_file);
    return 0;
}

int profile_read(struct arena *arena, const char *name, struct profile *ret_profile,
                 const char **ret_error)
{
    json_auto_t *document = NULL;
    struct profile profile = {.name = arena_strdup(arena, name)};
    AUTO_FREE char *bytes = NULL;
    const char *path;
    size_t size;
    int r;

    r = profile_path(arena, name, &path, ret_error);
    if (!r)
        r = check_mode(arena, path, ret_error);
    if (r)
        return r;
    r = file_read(AT_FDCWD, path, PROFILE_BYTES_MAX, &bytes, &size);
    if (r == FILE_E_MISSING)
        return PROFILE_E_MISSING;
    if (r < 0)
        return r;
    if (!r)
        document = json_loadb(bytes, size, JSON_REJECT_DUPLICATES, NULL);
    if (bytes)
        secret_wipe(bytes, size);
    r = decode(arena, path, document, &profile, ret_error);
    if (r)
        return r;
    *ret_profile = profile;
    return 0;
}

int profile_write(struct arena *arena, const struct profile *profile, const char **ret_error)
{
    json_auto_t *document = NULL;
    AUTO_FREE char *text = NULL;
    const char *path;
    int r;

    r = profile_path(arena, profile->name, &path, ret_error);
    if (r)
        return r;
    document = json_pack("{s:i, s:s, s:s, s:s*}", "modelferry_profile", 1, "url", profile->url,
                         "token", profile->token, "ca_file", profile->ca_file);
    text = document ? json_dumps(document, JSON_INDENT(2)) : NULL;
    if (!text)
        return invalid(ret_error, "the profile holds text that is not UTF-8");
    r = place_make_parent(path);
    if (!r)
        r = file_replace(AT_FDCWD, path, text, strlen(text), 0600);
    secret_wipe(text, strlen(text));
    return r;
}

int profile_remove(struct arena *arena, const char *name, const char **ret_error)
{
    const char *path;
    int r;

    r = profile_path(arena, name, &path, ret_error);
    if (r)
        return r;
    if (unlink(path) == 0)
        return 0;
    if (errno == ENOENT || errno == ENOTDIR)
        return PROFILE_E_MISSING;
    return log_fail_errno("cannot remove '%s'", path);
}

/* What stands behind "http://" or "https://", or NULL. */
static const char *after_scheme(const char *url)
{
    if (strncasecmp(url, "https://", 8) == 0)
        return url + 8;
    if (strncasecmp(url, "http://", 7) == 0)
        return url + 7;
    return NULL;
}

const char *profile_url(struct arena *arena, const char *text, const char **ret_error)
{
    const char *rest = after_scheme(text);
    size_t length = strlen(text);

    *ret_error = NULL;
    if (!rest)
        *ret_error = arena_printf(arena,
                                  "'%s' is no address of a server: it must start with "
                                  "https:// or http://",
                                  text);
    else if (rest[strcspn(rest, "?#")])
        *ret_error =
            arena_printf(arena, "'%s' has a query or fragment; give the address alone", text);
    else if (memchr(rest, '@', strcspn(rest, "/")))
        *ret_error = "the address has a user or password in it; tokens go to standard input";
    else if (rest[strcspn(rest, " \t\r\n\\\"<>")])
        *ret_error = arena_printf(arena, "'%s' has characters that no address has", text);
    else if (*rest == '\0' || *rest == '/' || *rest == ':')
        *ret_error = arena_printf(arena, "'%s' names no host", text);
    if (*ret_error)
        return NULL;
    while (length > 0 && text[length - 1] == '/')
        length--;
    return arena_strndup(arena, text, length);
}

bool profile_url_is_plain(const char *url)
{
    static const char *const loopback[] = {"localhost", "127.", "[::1]"};
    const char *host = url + 7;

    if (strncasecmp(url, "http://", 7) != 0)
        return false;
    for (size_t i = 0; i < ARRAY_LEN(loopback); i++) {
        size_t length = strlen(loopback[i]);

        if (strncasecmp(host, loopback[i], length) != 0)
            continue;
        if (i == 1)
            return host[strspn(host, "0123456789.")] != '\0' &&
                   !strchr(":/", host[strspn(host, "0123456789.")]);
        return host[length] != '\0' && host[length] != ':' && host[length] != '/';
    }
    return true;
}
