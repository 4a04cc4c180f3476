/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FORMAT_INFO_JSON_H
#define FORMAT_INFO_JSON_H

#include "format/info.h"

#include <jansson.h>

/*
 * What a reader found out, as JSON (docs/PROTOCOL.md, What is read from model files). What is not
 * known is null, what there is none of an empty list.
 */

/* A new reference; NULL where memory ends. */
json_t *info_json_encode(const struct format_info *info);

/* Members that we do not know are skipped: the server may know more than we do. Returns 0, or
 * FIELDS_E_INVALID. */
int info_json_decode(const json_t *value, struct arena *arena, struct format_info *ret_info,
                     struct fields_error *ret_error) MUST_CHECK;

/*
 * The text that is stored: compact, at most INFO_JSON_MAX bytes.
 *
 * ret_text  in the arena
 *
 * Returns 0, FAULT_E_LIMIT where it would be longer, or negative.
 */
int info_json_text(const struct format_info *info, struct arena *arena,
                   const char **ret_text) MUST_CHECK;

#endif
