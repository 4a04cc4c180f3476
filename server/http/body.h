/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTP_BODY_H
#define HTTP_BODY_H

#include "base/error.h"
#include "http/router.h"

#include <jansson.h>

struct fields_error;
struct shape;

/* JSON bodies of requests (json/fields.h). */

enum {
    BODY_E_REFUSED = 1, /* the reply holds the problem; the handler returns 0 */
};

/*
 * Parses the collected body and decodes it into *ret_object, as fields_decode does.
 *
 * ret_root  a new reference, or NULL: FIELD_JSON members borrow from it. `json_auto_t *root = NULL`
 *           at the caller; left alone unless 0 is returned
 *
 * Returns 0, BODY_E_REFUSED (malformed-json with line and column, unknown-field, invalid-field), or
 * negative.
 */
int body_decode(const struct call *call, const struct shape *shape, json_t **ret_root,
                void *ret_object, struct reply *reply) MUST_CHECK;

/* The same for a body that may be empty: then every member is absent. */
int body_decode_optional(const struct call *call, const struct shape *shape, json_t **ret_root,
                         void *ret_object, struct reply *reply) MUST_CHECK;

/* The problem for what canon_parse found. Always returns BODY_E_REFUSED. */
int body_refuse_syntax(struct reply *reply, const struct fields_error *error);

/* The problem for FIELDS_E_UNKNOWN and FIELDS_E_INVALID. Always returns BODY_E_REFUSED. */
int body_refuse_field(struct reply *reply, int outcome, const struct fields_error *error);

#endif
