/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FORMAT_ZIP_H
#define FORMAT_ZIP_H

#include "format/extents.h"
#include "format/view.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * ZIP archives (PKWARE APPNOTE 6.3.10, with ZIP64), as their central directory lists them. Each
 * entry's own header is held against the directory, and no two entries may share bytes: whoever
 * reads the archive from the front sees the same.
 *
 * Entries are listed; only small ones can be read. Outcomes are those of format/fault.h.
 */
#define ZIP_NAME_MAX 512
#define ZIP_READ_MAX ((size_t)65536)

struct zip {
    struct view *view;
    uint64_t at;      /* of the next entry in the directory */
    uint64_t end;     /* of the directory */
    uint64_t left;    /* entries */
    uint64_t entries; /* all of them */
    struct extents extents;
};

struct zip_entry {
    char name[ZIP_NAME_MAX + 1]; /* as it stands there, but for NUL; cut */
    size_t name_size;            /* 0: there are no more entries */
    uint64_t data;               /* where its bytes are */
    uint64_t packed_bytes;
    uint64_t bytes;
    uint16_t method; /* 0: as they are; 8: deflated */
    bool encrypted;
};

/* FAULT_E_OTHER where the file does not begin as an archive. zip_release() it in any case. */
int zip_open(struct zip *zip, struct view *view) MUST_CHECK;

/* The next entry, in the directory's order. The last call says whether entries overlap. */
int zip_next(struct zip *zip, struct zip_entry *ret_entry) MUST_CHECK;

/* All bytes of an entry of at most ZIP_READ_MAX, unpacked; FAULT_E_LIMIT where there are more. */
int zip_read(struct zip *zip, const struct zip_entry *entry, char *bytes,
             size_t *ret_size) MUST_CHECK;

/* Accepts NULL and a zeroed struct. */
void zip_release(struct zip *zip);

#endif
