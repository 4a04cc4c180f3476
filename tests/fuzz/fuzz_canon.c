/* SPDX-License-Identifier: Apache-2.0 */

/* Canonical JSON: what parses has one form, and that form, where it is JSON, parses to the same. */

#include "fuzz.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "base/utf8.h"
#include "tuf/canon.h"

#include <string.h>

#define CEILING ((size_t)1 << 20)

static bool has_controls(const struct buffer *buffer)
{
    for (size_t i = 0; i < buffer->size; i++) {
        if ((unsigned char)buffer->bytes[i] < 0x20)
            return true;
    }
    return false;
}

static void check_form(const json_t *value)
{
    CLEANUP(buffer_release) struct buffer form = BUFFER(2 * CEILING);
    CLEANUP(buffer_release) struct buffer second = BUFFER(2 * CEILING);
    json_auto_t *again = NULL;
    struct fields_error error;

    FUZZ_HOLDS(canon_encode(value, &form) == 0);
    FUZZ_HOLDS(utf8_valid(form.bytes, form.size));
    if (has_controls(&form))
        return;
    FUZZ_HOLDS(canon_parse(form.bytes, form.size, 2 * CEILING, &again, &error) == 0);
    FUZZ_HOLDS(json_equal(value, again));
    FUZZ_HOLDS(canon_encode(again, &second) == 0);
    FUZZ_HOLDS(form.size == second.size && memcmp(form.bytes, second.bytes, form.size) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    json_auto_t *value = NULL;
    struct fields_error error = {0};

    if (canon_parse(data, size, CEILING, &value, &error) == 0) {
        check_form(value);
        return 0;
    }
    FUZZ_HOLDS(error.text[0] && utf8_valid(error.text, strlen(error.text)));
    FUZZ_HOLDS(size > CEILING || (error.line > 0 && error.column > 0));
    return 0;
}
