/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/checkpoint.h"

#include "base/clock.h"
#include "crypto/text.h"

#include <string.h>

struct document {
    const char *type;
    struct checkpoint checkpoint;
};

static const char *check_type(const char *text)
{
    return strcmp(text, CHECKPOINT_TYPE) == 0 ? NULL : CHECKPOINT_TYPE;
}

static const struct field document_fields[] = {
    FIELD("_type", STRING, struct document, type, .required = true, .check = check_type),
    FIELD("workspace", STRING, struct document, checkpoint.workspace, .required = true, .min = 1,
          .max = 63),
    FIELD("seq", INTEGER, struct document, checkpoint.seq, .required = true, .min = 1,
          .max = INT64_MAX),
    FIELD("at", TIME, struct document, checkpoint.at_ms, .required = true),
    FIELD("hash", HEX, struct document, checkpoint.hash, .required = true,
          .max = DIGEST_SHA256_SIZE),
};
static const struct shape document_shape = SHAPE(struct document, document_fields);

json_t *checkpoint_encode(const struct checkpoint *checkpoint)
{
    char at[CLOCK_RFC3339_SIZE];
    char hash[DIGEST_SHA256_HEX_SIZE];

    clock_format_rfc3339(checkpoint->at_ms, at);
    text_hex(checkpoint->hash, sizeof(checkpoint->hash), hash);
    return json_pack("{s:s, s:s, s:I, s:s, s:s}", "_type", CHECKPOINT_TYPE, "workspace",
                     checkpoint->workspace, "seq", (json_int_t)checkpoint->seq, "at", at, "hash",
                     hash);
}

int checkpoint_decode(const json_t *signed_part, struct arena *arena,
                      struct checkpoint *ret_checkpoint, struct fields_error *ret_error)
{
    struct document document;
    int r = fields_decode(&document_shape, signed_part, arena, &document, ret_error);

    if (r)
        return r;
    *ret_checkpoint = document.checkpoint;
    return 0;
}
