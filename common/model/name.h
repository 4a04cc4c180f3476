/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MODEL_NAME_H
#define MODEL_NAME_H

#include <stdbool.h>

/*
 * The rules for names (docs/PROTOCOL.md, Names). Each returns NULL where the text is right, else
 * what was expected, as fields_check wants it.
 */

#define NAME_MAX_BYTES 63
#define NAME_VERSION_MAX_BYTES 64
#define NAME_PART_MAX_BYTES 32
#define NAME_TAG_KEY_MAX_BYTES 128
#define NAME_TAG_VALUE_MAX_BYTES 1024
#define NAME_DATASET_MAX_BYTES 512
#define NAME_ARTIFACT_MAX_BYTES 128
#define NAME_METRIC_MAX_BYTES 64

const char *name_check(const char *text);           /* workspace, model, device, slot, alias */
const char *name_check_version(const char *text);   /* semantic version or plain number */
const char *name_check_alias(const char *text);     /* no version, nor latest, nor v7 */
const char *name_check_dataset(const char *text);   /* 1..512 bytes, no controls */
const char *name_check_part(const char *text);      /* runtime, hardware, precision */
const char *name_check_tag_key(const char *text);   /* tags, metrics, params, attributes */
const char *name_check_tag_value(const char *text); /* tags, params, attributes */
const char *name_check_metric(const char *text);    /* a decimal number: -12.5e-3 */
const char *name_check_artifact(const char *text);
const char *name_check_label(const char *text); /* of a token or key: 1..128 bytes, no controls */

static inline bool name_is_valid(const char *text)
{
    return !name_check(text);
}

static inline bool name_is_version(const char *text)
{
    return !name_check_version(text);
}

#endif
