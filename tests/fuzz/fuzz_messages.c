/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The messages between server and device, and with them the table-driven decoder: each is tried as
 * every kind of message; what decodes encodes to what decodes again to the same.
 */

#include "fuzz.h"

#include "base/cleanup.h"
#include "base/utf8.h"
#include "proto/device.h"
#include "proto/enrolment.h"
#include "proto/report.h"
#include "proto/state.h"
#include "tuf/canon.h"

#include <string.h>

#define CEILING ((size_t)65536)

/* Decodes value; where that succeeds, *ret_again is its encoding. */
typedef int recode(const json_t *value, struct arena *arena, json_t **ret_again,
                   struct fields_error *error);

#define RECODE(name, type)                                                                         \
    static int recode_##name(const json_t *value, struct arena *arena, json_t **ret_again,         \
                             struct fields_error *error)                                           \
    {                                                                                              \
        struct type decoded;                                                                       \
        int r = name##_decode(value, arena, &decoded, error);                                      \
                                                                                                   \
        if (!r)                                                                                    \
            *ret_again = name##_encode(&decoded);                                                  \
        return r;                                                                                  \
    }

RECODE(device_facts, device_facts)
RECODE(enrolment, enrolment)
RECODE(enrolment_answer, enrolment_answer)
RECODE(report, report)
RECODE(state, state)

static recode *const kinds[] = {recode_device_facts, recode_enrolment, recode_enrolment_answer,
                                recode_report, recode_state};

static void check_kind(recode *kind, const json_t *value)
{
    CLEANUP(arena_release) struct arena arena = {0};
    json_auto_t *first = NULL;
    json_auto_t *second = NULL;
    struct fields_error error = {0};

    if (kind(value, &arena, &first, &error)) {
        FUZZ_HOLDS(error.text[0] && utf8_valid(error.text, strlen(error.text)));
        return;
    }
    FUZZ_HOLDS(first && kind(first, &arena, &second, &error) == 0);
    FUZZ_HOLDS(json_equal(first, second));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    json_auto_t *value = NULL;
    struct fields_error error;

    if (canon_parse(data, size, CEILING, &value, &error))
        return 0;
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        check_kind(kinds[i], value);
    return 0;
}
