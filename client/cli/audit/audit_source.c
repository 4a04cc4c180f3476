/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/audit/audit_source.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "model/name.h"
#include "tuf/canon.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* An entry is at most 16 MiB, and a little. */
#define LINE_MAX_BYTES ((size_t)40 << 20)
#define PAGE_ENTRIES 200

/* ---- the copy ----------------------------------------------------------------------------- */

static int fail_copy(const struct audit_source *source)
{
    return output_fail(&source->cli->output, CLI_FAILED, "choose another place for --export",
                       "cannot write '%s': %s", source->copy_path, strerror(errno));
}

/* Takes the line. */
static int copy_line(struct audit_source *source, json_t *line)
{
    json_auto_t *taken = line;

    if (!source->copy)
        return 0;
    source->lines++;
    if (json_dumpf(taken, source->copy, JSON_COMPACT) < 0 || fputc('\n', source->copy) == EOF)
        return fail_copy(source);
    return 0;
}

static int start_copy(struct audit_source *source)
{
    size_t i;
    json_t *envelope;
    int fd;
    int r;

    if (!source->copy_path)
        return 0;
    fd = open(source->copy_path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return fail_copy(source);
    source->copy = fdopen(fd, "w");
    if (!source->copy) {
        (void)close(fd);
        return fail_copy(source);
    }
    r = copy_line(source, json_pack("{s:s, s:s, s:s, s:O}", "_type", AUDIT_SOURCE_TYPE, "server",
                                    source->server_url, "workspace", source->workspace, "keys",
                                    source->keys));
    json_array_foreach (source->checkpoints, i, envelope) {
        if (!r)
            r = copy_line(source, json_pack("{s:O}", "checkpoint", envelope));
    }
    return r;
}

static int finish_copy(struct audit_source *source)
{
    int r;

    if (!source->copy)
        return 0;
    r = copy_line(source, json_pack("{s:I}", "end", (json_int_t)source->lines));
    if (r)
        return r;
    if (fflush(source->copy) != 0 || fsync(fileno(source->copy)) < 0)
        return fail_copy(source);
    source->copy_path = NULL; /* it stays */
    return 0;
}

/* ---- from a server ------------------------------------------------------------------------ */

static int ask_keys(struct audit_source *source)
{
    json_auto_t *answer = NULL;
    json_t *retired;
    int r = server_get(&source->server, "ask for the audit key",
                       SERVER_ADDRESS(&source->server, "audit", "key"), &answer);

    if (r)
        return r;
    source->keys = json_pack("[{s:O, s:O}]", "keyid", json_object_get(answer, "keyid"), "key",
                             json_object_get(answer, "key"));
    retired = json_object_get(answer, "retired");
    if (!source->keys || json_array_extend(source->keys, retired) < 0)
        return output_fail(&source->cli->output, CLI_FAILED,
                           "is this the address of a modelferry server?",
                           "the server's audit keys cannot be read");
    return 0;
}

static int ask_checkpoints(struct audit_source *source)
{
    json_auto_t *answer = NULL;
    json_t *item;
    size_t i;
    int r = server_list(&source->server, "list the checkpoints of the audit log",
                        SERVER_ADDRESS(&source->server, "audit", "checkpoints"), "", 0, &answer);

    if (r)
        return r;
    source->checkpoints = json_array();
    json_array_foreach (json_object_get(answer, "items"), i, item)
        (void)json_array_append(source->checkpoints, json_object_get(item, "envelope"));
    return 0;
}

static int open_server(struct audit_source *source)
{
    int r = server_open(source->cli, &source->server);

    if (r)
        return r;
    source->server_url = source->server.url;
    r = server_workspace(&source->server, &source->workspace);
    if (!r)
        r = ask_keys(source);
    return r ? r : ask_checkpoints(source);
}

static int read_server(struct audit_source *source, void (*take)(void *arg, const json_t *entry),
                       void *arg)
{
    const char *address = SERVER_ADDRESS(&source->server, "audit");
    const char *after = NULL;

    do {
        CLEANUP(arena_release) struct arena arena = {0};
        json_auto_t *page = NULL;
        json_t *entry;
        size_t i;
        int r =
            server_ask(&source->server,
                       &(struct server_question){
                           .what = "read the audit log",
                           .address = arena_printf(&arena, "%s?limit=%d%s%s", address, PAGE_ENTRIES,
                                                   after ? "&after=" : "", after ? after : ""),
                           .repeatable = true,
                       },
                       NULL, &page);

        json_array_foreach (json_object_get(page, "items"), i, entry) {
            if (!r)
                r = copy_line(source, json_pack("{s:O}", "entry", entry));
            take(arg, entry);
        }
        if (r)
            return r;
        after = json_string_value(json_object_get(page, "next"));
        after = after ? arena_strdup(&source->cli->arena, after) : NULL;
    } while (after);
    return 0;
}

/* ---- from a file -------------------------------------------------------------------------- */

static int fail_file(const struct audit_source *source, const char *why)
{
    return output_fail(&source->cli->output, CLI_UNVERIFIED,
                       "export it again: modelferry audit verify --export FILE",
                       "'%s' is no whole audit log: line %lld %s", source->path,
                       (long long)source->lines, why);
}

/* The next line into source->next. */
static int read_line(struct audit_source *source)
{
    CLEANUP(buffer_release) struct buffer line = BUFFER(LINE_MAX_BYTES);
    struct fields_error error;
    char piece[4096];

    json_decref(source->next);
    source->next = NULL;
    source->lines++;
    do {
        if (!fgets(piece, sizeof(piece), source->file))
            return fail_file(source, "is missing: the file was cut off");
        buffer_append_text(&line, piece);
    } while (!line.failed && !strchr(piece, '\n'));
    if (line.failed)
        return fail_file(source, "is too long");
    if (canon_parse(line.bytes, line.size, LINE_MAX_BYTES, &source->next, &error))
        return fail_file(source, error.text);
    return 0;
}

static int open_file(struct audit_source *source)
{
    const char *type;
    int r;

    source->file = fopen(source->path, "re");
    if (!source->file)
        return output_fail(&source->cli->output, CLI_FAILED, NULL, "cannot open '%s': %s",
                           source->path, strerror(errno));
    r = read_line(source);
    if (r)
        return r;
    if (json_unpack(source->next, "{s:s, s:s, s:s, s:O}", "_type", &type, "server",
                    &source->server_url, "workspace", &source->workspace, "keys",
                    &source->keys) < 0 ||
        strcmp(type, AUDIT_SOURCE_TYPE) != 0 || name_check(source->workspace))
        return fail_file(source, "says that it is something else");
    source->server_url = arena_strdup(&source->cli->arena, source->server_url);
    source->workspace = arena_strdup(&source->cli->arena, source->workspace);
    source->checkpoints = json_array();
    for (r = read_line(source); !r; r = read_line(source)) {
        json_t *envelope = json_object_get(source->next, "checkpoint");

        if (!envelope)
            return 0;
        (void)json_array_append(source->checkpoints, envelope);
    }
    return r;
}

static int read_file(struct audit_source *source, void (*take)(void *arg, const json_t *entry),
                     void *arg)
{
    const json_t *entry = json_object_get(source->next, "entry");
    json_int_t end;

    while (entry) {
        int r;

        take(arg, entry);
        r = read_line(source);
        if (r)
            return r;
        entry = json_object_get(source->next, "entry");
    }
    if (json_unpack(source->next, "{s:I}", "end", &end) < 0 || end != source->lines - 1)
        return fail_file(source, "is neither an entry nor the end");
    if (fgetc(source->file) != EOF)
        return fail_file(source, "is not the last");
    return 0;
}

/* ---- either ------------------------------------------------------------------------------- */

int audit_source_open(struct cli *cli, const char *path, const char *copy_path,
                      struct audit_source *ret_source)
{
    int r;

    *ret_source = (struct audit_source){.cli = cli, .path = path};
    r = path ? open_file(ret_source) : open_server(ret_source);
    if (r)
        return r;
    ret_source->copy_path = copy_path;
    return start_copy(ret_source);
}

int audit_source_read(struct audit_source *source, void (*take)(void *arg, const json_t *entry),
                      void *arg)
{
    int r = source->file ? read_file(source, take, arg) : read_server(source, take, arg);

    return r ? r : finish_copy(source);
}

void audit_source_close(struct audit_source *source)
{
    if (source->file)
        (void)fclose(source->file);
    if (source->copy) {
        (void)fclose(source->copy);
        if (source->copy_path)
            (void)unlink(source->copy_path);
    }
    json_decref(source->keys);
    json_decref(source->checkpoints);
    json_decref(source->next);
    server_close(&source->server);
}
