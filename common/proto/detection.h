/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PROTO_DETECTION_H
#define PROTO_DETECTION_H

#include "base/error.h"
#include "json/fields.h"

#include <jansson.h>
#include <stdint.h>

/*
 * What a device found wrong with what it was told or given: one word for each check, the same in
 * its log, its status, its signed reports and the server's view of it (docs/PROTOCOL.md,
 * Detections).
 */
enum detection_check {
    DETECTION_NONE,
    DETECTION_ARBITRARY_SOFTWARE, /* too few good signatures by the keys that a role names */
    DETECTION_ROLLBACK,           /* older than what was trusted before */
    DETECTION_FREEZE,             /* expired */
    DETECTION_MIX_AND_MATCH,      /* not the file that another one promised */
    DETECTION_ENDLESS_DATA,       /* longer than allowed */
    DETECTION_SLOW_RETRIEVAL,     /* slower than allowed */
    DETECTION_MALFORMED,          /* not what it should be at all */
    DETECTION_MISSING,            /* promised, and not there */
    DETECTION_UNREACHABLE,        /* could not be asked */
    DETECTION_DISAGREEMENT,       /* director and image repository differ about a target */
    DETECTION_UNLISTED,           /* the director names what the image repository does not list */
    DETECTION_WITHDRAWN,          /* what a slot serves is no longer listed */
    DETECTION_WRONG_DEVICE,       /* the director's metadata is another device's */
    DETECTION_WRONG_HARDWARE,     /* a variant that this device cannot run */
    DETECTION_WRONG_RELOAD,       /* a kind of reload that this device has no rule for */
    DETECTION_WRONG_BYTES,        /* a file has other bytes than were signed */
    DETECTION_BAD_PATH,           /* a name that leads elsewhere */
    DETECTION_UNKEPT,             /* the device's own disk did not take what it must keep */
    DETECTION_CHECKS,
};

/* "arbitrary-software", ...; "none". */
const char *detection_name(enum detection_check check);

/* DETECTION_NONE where it is no such word. */
enum detection_check detection_parse(const char *name);

#define DETECTION_FILE_MAX 256
#define DETECTION_DETAIL_MAX 512

/* As it stands in a report. Strings are borrowed. */
struct detection {
    const char *check;
    const char *repository; /* "director" or "image"; NULL: neither */
    const char *file;       /* "timestamp.json", or a target's path */
    const char *detail;     /* for people: what was expected, and what was found */
    int64_t time_ms;        /* when it was first seen, by the device's clock */
};

/* For other tables: one object of a list. */
extern const struct shape detection_shape;

/* A new reference; NULL where memory ends. */
json_t *detection_encode(const struct detection *detection);

#endif
