/* SPDX-License-Identifier: Apache-2.0 */
#include "format/dlc.h"

#include "base/cleanup.h"
#include "format/zip.h"

#include <inttypes.h>
#include <string.h>

#define KEY_MAX 64
#define LINES_MAX 32

struct dlc {
    struct view *view;
    struct info_draft *draft;
    struct zip zip;
    bool has_model;
    bool has_metadata;
    uint64_t model_bytes;
    const char *converter_command;
    const char *converter_version;
    const char *quantizer_command;
};

static void dlc_release(struct dlc *dlc)
{
    zip_release(&dlc->zip);
}

static int read_line(struct dlc *dlc, const char *line, size_t size)
{
    struct info_draft *draft = dlc->draft;
    const char *equals = memchr(line, '=', size);
    const char *value;
    const char *key;
    size_t length;
    int r;

    if (!equals || equals == line)
        return 0;
    length = (size_t)(equals - line);
    r = info_text(draft, dlc->view, line, length, KEY_MAX, &key);
    if (!r)
        r = info_text(draft, dlc->view, equals + 1, size - length - 1, INFO_PROSE_MAX, &value);
    if (r)
        return r;
    if (strcmp(key, "converter-command") == 0)
        dlc->converter_command = value;
    if (strcmp(key, "converter-version") == 0)
        dlc->converter_version = value;
    if (strcmp(key, "quantizer-command") == 0)
        dlc->quantizer_command = value;
    info_set(draft, key, value);
    return 0;
}

static int read_metadata(struct dlc *dlc, const struct zip_entry *entry)
{
    char bytes[ZIP_READ_MAX];
    const char *line = bytes;
    size_t left;
    int r;

    if (dlc->has_metadata)
        return fault_set(dlc->view->fault, FAULT_E_DAMAGED, entry->data,
                         "the archive has 'dlc.metadata' twice");
    dlc->has_metadata = true;
    r = zip_read(&dlc->zip, entry, bytes, &left);
    for (unsigned i = 0; !r && left > 0 && i < LINES_MAX; i++) {
        const char *newline = memchr(line, '\n', left);
        size_t length = newline ? (size_t)(newline - line) : left;
        size_t used = length;

        if (used > 0 && line[used - 1] == '\r')
            used--;
        r = read_line(dlc, line, used);
        line += newline ? length + 1 : length;
        left -= newline ? length + 1 : length;
    }
    return r;
}

static int read_entries(struct dlc *dlc)
{
    struct zip_entry entry;
    int r;

    for (;;) {
        r = zip_next(&dlc->zip, &entry);
        if (r || entry.name_size == 0)
            return r;
        if (strncmp(entry.name, "model", 5) == 0) {
            dlc->has_model = true;
            dlc->model_bytes += entry.bytes < INT64_MAX ? entry.bytes : 0;
        }
        if (strcmp(entry.name, "dlc.metadata") == 0)
            r = read_metadata(dlc, &entry);
        if (r)
            return r;
    }
}

static void describe(struct dlc *dlc)
{
    struct info_draft *draft = dlc->draft;
    const char *command = dlc->converter_command;

    if (command && command[0]) {
        size_t length = strcspn(command, " ;,\t");
        size_t start = length;

        while (start > 0 && command[start - 1] != '/')
            start--;
        draft->info.producer = arena_printf(draft->arena, "%.*s%s%s", (int)(length - start),
                                            command + start, dlc->converter_version ? " " : "",
                                            dlc->converter_version ? dlc->converter_version : "");
    } else {
        draft->info.producer = dlc->converter_version;
    }
    if (dlc->quantizer_command && dlc->quantizer_command[0] &&
        strcmp(dlc->quantizer_command, "N/A") != 0)
        draft->info.quantisation = "quantised";
    info_set_number(draft, "model_bytes", dlc->model_bytes);
    info_warn(draft, "inputs, outputs and parameters are not documented, and not read");
}

int dlc_read(const struct format_scan *scan)
{
    CLEANUP(dlc_release) struct dlc dlc = {.view = scan->view, .draft = scan->draft};
    int r;

    r = zip_open(&dlc.zip, scan->view);
    if (!r)
        r = read_entries(&dlc);
    if (r)
        return r;
    if (!dlc.has_metadata || !dlc.has_model)
        return fault_set(scan->view->fault, FAULT_E_OTHER, 0,
                         "the archive has no dlc.metadata and model");
    describe(&dlc);
    return 0;
}
