/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PROTO_ENROLMENT_H
#define PROTO_ENROLMENT_H

#include "base/arena.h"
#include "base/error.h"
#include "crypto/digest.h"
#include "proto/device.h"
#include "tuf/key.h"
#include "json/fields.h"

#include <jansson.h>
#include <stdint.h>

/* POST /device/v1/enroll: the `signed` part of the request, and the answer. */

#define ENROLMENT_SIZE_MAX 65536 /* bytes of the envelope */

struct enrolment {
    uint8_t token_sha256[DIGEST_SHA256_SIZE];
    const char *device;
    struct key key; /* the device's own; must have signed the envelope */
    struct device_facts facts;
    int64_t time_ms;
};

/* Checks the shape. The caller verifies the envelope with `key`, and the token's hash. */
int enrolment_decode(const json_t *signed_part, struct arena *arena,
                     struct enrolment *ret_enrolment, struct fields_error *ret_error) MUST_CHECK;

/* A new reference; NULL where memory ends. */
json_t *enrolment_encode(const struct enrolment *enrolment);

struct enrolment_answer {
    const char *device;
    const char *device_id; /* UUID */
    const char *workspace;
    const char *token;
    int64_t poll_interval_s;
};

/* Members that we do not know are skipped: servers may be newer than devices. */
int enrolment_answer_decode(const json_t *value, struct arena *arena,
                            struct enrolment_answer *ret_answer,
                            struct fields_error *ret_error) MUST_CHECK;
json_t *enrolment_answer_encode(const struct enrolment_answer *answer);

#endif
