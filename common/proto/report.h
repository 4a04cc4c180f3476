/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PROTO_REPORT_H
#define PROTO_REPORT_H

#include "base/arena.h"
#include "base/error.h"
#include "crypto/digest.h"
#include "proto/detection.h"
#include "json/fields.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* POST /device/v1/reports: the `signed` part (docs/PROTOCOL.md, Report). */

#define REPORT_SIZE_MAX 65536 /* bytes of the envelope */
#define REPORT_SLOTS_MAX 64
#define REPORT_GAP_NONE (-1)
#define REPORT_DETAIL_MAX 1024
#define REPORT_NONCE_SIZE 16
#define REPORT_DETECTIONS_MAX 16

struct report_previous {
    const char *model;
    const char *version;
};

struct report_error {
    const char *code;   /* lower-case words with dashes, "bad-signature" */
    const char *detail; /* for people; may be NULL */
};

struct report_slot {
    const char *name;
    const char *state; /* "installed", "failed" or "removed" */
    const char *model; /* NULL only where removed */
    const char *version;
    const char *variant; /* "onnx/cpu/fp32"; may be NULL where failed or removed */
    bool has_manifest;
    uint8_t manifest_sha256[DIGEST_SHA256_SIZE];
    const struct report_previous *previous; /* NULL: none */
    const char *reload;                     /* a kind of reload_kind.h, "none", or NULL */
    int64_t gap_us;                         /* REPORT_GAP_NONE: not measured */
    const char *gap_source;                 /* "application", "agent", "none"; may be NULL */
    int64_t duration_ms;                    /* REPORT_GAP_NONE: not measured */
    const struct report_error *error;       /* set exactly where state is "failed" */
};

/* What a slot serves at the moment, whatever became of the last attempt to change it. */
struct report_serving {
    const char *slot;
    const char *model;
    const char *version;
    const char *variant;
    uint8_t manifest_sha256[DIGEST_SHA256_SIZE];
};

struct report {
    const char *device_id; /* UUID */
    int64_t sequence;      /* >= 1 */
    int64_t time_ms;
    int64_t state_version;
    uint8_t nonce[REPORT_NONCE_SIZE]; /* random, never used twice */
    struct report_slot *slots;
    size_t slot_count;
    struct report_serving *serving; /* all slots that serve something */
    size_t serving_count;
    struct detection *detected; /* all that is wrong at the moment */
    size_t detected_count;
};

int report_decode(const json_t *signed_part, struct arena *arena, struct report *ret_report,
                  struct fields_error *ret_error) MUST_CHECK;

/* A new reference; NULL where memory ends. */
json_t *report_encode(const struct report *report);

#endif
