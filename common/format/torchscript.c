/* SPDX-License-Identifier: Apache-2.0 */
#include "format/torchscript.h"

#include "base/cleanup.h"
#include "format/zip.h"

#include <inttypes.h>
#include <string.h>

#define VERSION_MAX 32

struct torchscript {
    struct view *view;
    struct info_draft *draft;
    struct zip zip;
    char top[ZIP_NAME_MAX + 1]; /* the folder that everything is in */
    bool has_data;
    bool has_constants;
    bool has_code;
    bool has_bytecode;
    bool has_version;
    uint64_t storages;
    uint64_t storage_bytes;
};

static void torchscript_release(struct torchscript *torchscript)
{
    zip_release(&torchscript->zip);
}

static int once(struct torchscript *torchscript, const struct zip_entry *entry, bool *seen)
{
    if (*seen)
        return fault_set(torchscript->view->fault, FAULT_E_DAMAGED, entry->data,
                         "the archive has '%.64s' twice", entry->name);
    *seen = true;
    return 0;
}

/* A text such as "3\n". */
static int read_version(struct torchscript *torchscript, const struct zip_entry *entry)
{
    char bytes[ZIP_READ_MAX];
    size_t size;
    int r;

    r = zip_read(&torchscript->zip, entry, bytes, &size);
    if (r)
        return r;
    while (size > 0 && (bytes[size - 1] == '\n' || bytes[size - 1] == '\r'))
        size--;
    for (size_t i = 0; i < size; i++) {
        if (bytes[i] < '0' || bytes[i] > '9')
            size = VERSION_MAX + 1;
    }
    if (size == 0 || size > VERSION_MAX)
        return fault_set(torchscript->view->fault, FAULT_E_DAMAGED, entry->data,
                         "the version of the archive is no number");
    return info_text(torchscript->draft, torchscript->view, bytes, size, VERSION_MAX,
                     &torchscript->draft->info.format_version);
}

/* `name` is what follows the folder. */
static int read_entry(struct torchscript *torchscript, const struct zip_entry *entry,
                      const char *name)
{
    int r;

    if (strcmp(name, "data.pkl") == 0)
        return once(torchscript, entry, &torchscript->has_data);
    if (strcmp(name, "constants.pkl") == 0)
        return once(torchscript, entry, &torchscript->has_constants);
    if (strcmp(name, "bytecode.pkl") == 0)
        return once(torchscript, entry, &torchscript->has_bytecode);
    if (strcmp(name, "version") == 0) {
        r = once(torchscript, entry, &torchscript->has_version);
        return r ? r : read_version(torchscript, entry);
    }
    if (strncmp(name, "code/", 5) == 0)
        torchscript->has_code = true;
    if (strncmp(name, "data/", 5) == 0 || strncmp(name, "constants/", 10) == 0) {
        torchscript->storages++;
        torchscript->storage_bytes += entry->bytes; /* each is within the file */
    }
    return 0;
}

static int read_entries(struct torchscript *torchscript)
{
    struct zip_entry entry;
    size_t top = 0;
    int r;

    for (;;) {
        r = zip_next(&torchscript->zip, &entry);
        if (r || entry.name_size == 0)
            return r;
        if (top == 0 && entry.name[0] != '.') {
            top = strcspn(entry.name, "/");
            memcpy(torchscript->top, entry.name, top);
        }
        if (top > 0 && strncmp(entry.name, torchscript->top, top) == 0 && entry.name[top] == '/') {
            r = read_entry(torchscript, &entry, entry.name + top + 1);
            if (r)
                return r;
        }
    }
}

static int describe(struct torchscript *torchscript)
{
    struct info_draft *draft = torchscript->draft;
    const char *name;
    int r;

    r = info_text(draft, torchscript->view, torchscript->top, strlen(torchscript->top),
                  INFO_PROSE_MAX, &name);
    if (r)
        return r;
    info_set(draft, "archive", name);
    info_set_number(draft, "storages", torchscript->storages);
    info_set_number(draft, "storage_bytes", torchscript->storage_bytes);
    if (torchscript->has_bytecode)
        info_set(draft, "bytecode", "true");
    info_warn(draft, "inputs, outputs and parameters are pickled, and not read");
    return 0;
}

int torchscript_read(const struct format_scan *scan)
{
    CLEANUP(torchscript_release)
    struct torchscript torchscript = {.view = scan->view, .draft = scan->draft};
    struct fault *fault = scan->view->fault;
    int r;

    r = zip_open(&torchscript.zip, scan->view);
    if (!r)
        r = read_entries(&torchscript);
    if (r)
        return r;
    if (!torchscript.has_data || !torchscript.has_version)
        return fault_set(fault, FAULT_E_OTHER, 0,
                         "the archive has no data.pkl and version of PyTorch");
    if (!torchscript.has_code || !torchscript.has_constants)
        return fault_set(
            fault, FAULT_E_OTHER, 0,
            "it is a checkpoint of torch.save(), without the code of a module: save it "
            "with torch.jit.save()");
    return describe(&torchscript);
}
