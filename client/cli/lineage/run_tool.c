/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/lineage/run_tool.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"
#include "cli/lineage/run_capture.h"
#include "cli/lineage/run_facets.h"

#include <ctype.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#define VERSION_TIMEOUT_MS 5000
#define VERSION_MAX 200
#define OUTPUT_MAX ((size_t)64 << 10)
#define ARGUMENT_MAX 4096
#define ARGUMENTS_MAX ((size_t)64 << 10) /* all together; "..." stands for the rest */
#define VALUE_MAX 1024
#define HASH_MAX ((uint64_t)1 << 30)

/* ---- the file -------------------------------------------------------------------------------- */

static bool is_program(const char *path)
{
    struct stat stat_;

    return stat(path, &stat_) == 0 && S_ISREG(stat_.st_mode) && access(path, X_OK) == 0;
}

/* As execvp(3) looks for it. */
static const char *find(struct arena *arena, const char *command)
{
    const char *places = getenv("PATH");

    if (strchr(command, '/'))
        return is_program(command) ? arena_strdup(arena, command) : NULL;
    while (places && *places) {
        size_t length = strcspn(places, ":");
        const char *path = arena_printf(arena, "%.*s/%s", length ? (int)length : 1,
                                        length ? places : ".", command);

        if (is_program(path))
            return path;
        places += length + (places[length] == ':');
    }
    return NULL;
}

static bool hash_file(const char *path, uint8_t ret_sha256[static DIGEST_SHA256_SIZE])
{
    AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct digest_sha256 digest;
    char chunk[65536];
    uint64_t size = 0;
    ssize_t count = fd < 0 ? -1 : read(fd, chunk, sizeof(chunk));

    digest_sha256_init(&digest);
    for (; count > 0 && size < HASH_MAX; count = read(fd, chunk, sizeof(chunk))) {
        digest_sha256_update(&digest, chunk, (size_t)count);
        size += (uint64_t)count;
    }
    digest_sha256_final(&digest, ret_sha256);
    return count == 0;
}

static const char *ask(struct arena *arena, const char *path)
{
    const char *const argv[] = {path, "--version", NULL};
    CLEANUP(buffer_release) struct buffer output = BUFFER(OUTPUT_MAX);
    char directory[] = "/tmp/modelferry-version-XXXXXX";
    bool answered;
    size_t length;

    if (!mkdtemp(directory))
        return NULL;
    answered = run_capture(argv, directory, VERSION_TIMEOUT_MS, &output);
    if (file_remove_tree(AT_FDCWD, directory))
        log_line(LOG_WARN, "'%s' is left behind", directory);
    if (!answered || !output.bytes)
        return NULL;
    length = strcspn(output.bytes, "\r\n");
    if (length == 0)
        return NULL;
    return arena_strndup(arena, output.bytes, length < VERSION_MAX ? length : VERSION_MAX);
}

void run_tool_read(struct arena *arena, const char *command, bool ask_version,
                   struct run_tool *ret_tool)
{
    const char *slash = strrchr(command, '/');
    struct run_tool tool = {
        .name = slash ? slash + 1 : command,
        .path = find(arena, command),
    };

    if (tool.path)
        tool.hashed = hash_file(tool.path, tool.sha256);
    if (tool.path && tool.path[0] == '/' && !slash && ask_version)
        tool.version = ask(arena, tool.path);
    *ret_tool = tool;
}

/* ---- secrets --------------------------------------------------------------------------------- */

bool run_tool_is_secret(const char *name)
{
    static const char *const words[] = {"token",   "secret",  "passw",   "credential", "apikey",
                                        "api-key", "api_key", "private", "session",    "cookie"};

    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (strcasestr(name, words[i]))
            return true;
    return false;
}

/* "scheme://user:password@host" without the password. */
static const char *hide_password(struct arena *arena, const char *text)
{
    const char *scheme = strstr(text, "://");
    const char *start = scheme ? scheme + 3 : NULL;
    const char *end = start ? start + strcspn(start, "/ ") : NULL;
    const char *colon = start ? memchr(start, ':', (size_t)(end - start)) : NULL;
    const char *at = colon ? memchr(colon, '@', (size_t)(end - colon)) : NULL;

    if (!at)
        return text;
    return arena_printf(arena, "%.*s:***%s", (int)(colon - text), text, at);
}

json_t *run_tool_arguments(struct arena *arena, char *const *arguments, int count)
{
    json_t *list = json_array();
    bool hide_next = false;
    size_t total = 0;

    for (int i = 0; i < count; i++) {
        const char *argument = arguments[i];
        const char *equals = strchr(argument, '=');
        size_t name_length = equals ? (size_t)(equals - argument) : strlen(argument);
        bool secret = run_tool_is_secret(arena_strndup(arena, argument, name_length));
        const char *kept = hide_password(arena, argument);

        if (hide_next && argument[0] != '-')
            kept = "***";
        else if (equals && secret)
            kept = arena_printf(arena, "%.*s=***", (int)name_length, argument);
        hide_next = !equals && secret && argument[0] == '-';
        if (strlen(kept) > ARGUMENT_MAX)
            kept = arena_printf(arena, "%.*s...", ARGUMENT_MAX, kept);
        total += strlen(kept);
        if (total > ARGUMENTS_MAX) {
            (void)json_array_append_new(list, json_string("..."));
            break;
        }
        (void)json_array_append_new(list, run_facets_text(kept));
    }
    return list;
}

/* ---- the environment ------------------------------------------------------------------------- */

static void keep(json_t *kept, struct arena *arena, const char *name)
{
    const char *value = getenv(name);

    if (value && !run_tool_is_secret(name))
        (void)json_object_set_new(
            kept, name,
            run_facets_text(
                hide_password(arena, arena_strndup(arena, value, strnlen(value, VALUE_MAX)))));
}

json_t *run_tool_environment(const struct options_list *names)
{
    static const char *const usual[] = {
        "CUDA_VISIBLE_DEVICES",
        "OMP_NUM_THREADS",
        "PYTHONHASHSEED",
        "PYTHONPATH",
        "VIRTUAL_ENV",
        "CONDA_DEFAULT_ENV",
        "LD_LIBRARY_PATH",
        "SNPE_ROOT",
        "QNN_SDK_ROOT",
        "TF_DETERMINISTIC_OPS",
        "CUBLAS_WORKSPACE_CONFIG",
        "LANG",
        "LC_ALL",
        "TZ",
        "SOURCE_DATE_EPOCH",
    };
    CLEANUP(arena_release) struct arena arena = {0};
    json_t *kept = json_object();

    for (size_t i = 0; i < ARRAY_LEN(usual); i++)
        keep(kept, &arena, usual[i]);
    for (size_t i = 0; i < names->count; i++)
        keep(kept, &arena, names->texts[i]);
    return kept;
}
