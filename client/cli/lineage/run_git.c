/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/lineage/run_git.h"

#include "base/cleanup.h"
#include "cli/lineage/run_capture.h"
#include "crypto/digest.h"
#include "crypto/text.h"

#include <string.h>

#define TIMEOUT_MS 10000
#define LINE_MAX_BYTES ((size_t)8192)
#define CHANGES_MAX ((size_t)256 << 20)
#define DIRTY_DIGITS 12

/* No hooks, no helpers, no locks: what a repository's configuration names is not run. */
#define GIT "git", "--no-optional-locks", "-c", "core.fsmonitor=false", "-c", "core.pager=cat"

/* The first line that git prints, in the arena; NULL where it fails. */
static const char *line_of(struct arena *arena, const char *const *argv)
{
    CLEANUP(buffer_release) struct buffer output = BUFFER(LINE_MAX_BYTES);

    if (!run_capture(argv, NULL, TIMEOUT_MS, &output) || !output.bytes)
        return NULL;
    return arena_strndup(arena, output.bytes, strcspn(output.bytes, "\n"));
}

#define LINE_OF(arena, ...) line_of((arena), (const char *const[]){GIT, __VA_ARGS__, NULL})

const char *run_git_strip(struct arena *arena, const char *url)
{
    const char *scheme = strstr(url, "://");
    const char *host = scheme ? scheme + 3 : NULL;
    const char *at = host ? strchr(host, '@') : NULL;

    if (!at || at > host + strcspn(host, "/"))
        return arena_strdup(arena, url);
    return arena_printf(arena, "%.*s%s", (int)(host - url), url, at + 1);
}

/* What differs from the commit, as a digest; *ret_dirty false where nothing does. */
static bool digest_changes(struct arena *arena, bool *ret_dirty, const char **ret_digits)
{
    static const char *const argv[] = {GIT,          "diff",     "--no-ext-diff", "--no-textconv",
                                       "--no-color", "--binary", "HEAD",          NULL};
    CLEANUP(buffer_release) struct buffer output = BUFFER(CHANGES_MAX);
    uint8_t digest[DIGEST_SHA256_SIZE];
    char hex[DIGEST_SHA256_HEX_SIZE];

    if (!run_capture(argv, NULL, TIMEOUT_MS, &output))
        return false;
    *ret_dirty = output.size > 0;
    digest_sha256(output.bytes ? output.bytes : "", output.size, digest);
    text_hex(digest, sizeof(digest), hex);
    *ret_digits = arena_strndup(arena, hex, DIRTY_DIGITS);
    return true;
}

static const char *find_repository(struct arena *arena)
{
    const char *url = LINE_OF(arena, "config", "--get", "remote.origin.url");
    const char *top;

    if (url && *url)
        return run_git_strip(arena, url);
    top = LINE_OF(arena, "rev-parse", "--show-toplevel");
    return top ? arena_printf(arena, "file:%s", top) : NULL;
}

bool run_git_read(struct arena *arena, struct run_git *ret_git)
{
    struct run_git git = {
        .commit = LINE_OF(arena, "rev-parse", "--verify", "HEAD"),
    };
    const char *digits = "";

    if (!git.commit || !*git.commit)
        return false;
    git.repository = find_repository(arena);
    git.branch = LINE_OF(arena, "symbolic-ref", "--short", "-q", "HEAD");
    git.path = LINE_OF(arena, "rev-parse", "--show-prefix");
    if (!git.repository || !git.path || !digest_changes(arena, &git.dirty, &digits))
        return false;
    git.revision = git.dirty ? arena_printf(arena, "%s+dirty.%s", git.commit, digits) : git.commit;
    *ret_git = git;
    return true;
}
