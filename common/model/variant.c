/* SPDX-License-Identifier: Apache-2.0 */
#include "model/variant.h"

#include <stdio.h>
#include <string.h>

/* Splits a copy of text at its slashes into three valid parts. */
static bool split(char *text, struct variant *ret_variant)
{
    char *hardware = strchr(text, '/');
    char *precision = hardware ? strchr(hardware + 1, '/') : NULL;

    if (!precision)
        return false;
    *hardware++ = '\0';
    *precision++ = '\0';
    if (name_check_part(text) || name_check_part(hardware) || name_check_part(precision))
        return false;
    *ret_variant = (struct variant){text, hardware, precision};
    return true;
}

bool variant_parse(const char *text, struct arena *arena, struct variant *ret_variant)
{
    if (strlen(text) >= VARIANT_TEXT_SIZE)
        return false;
    return split(arena_strdup(arena, text), ret_variant);
}

const char *variant_check(const char *text)
{
    char copy[VARIANT_TEXT_SIZE];
    struct variant variant;

    if (strlen(text) < sizeof(copy)) {
        memcpy(copy, text, strlen(text) + 1);
        if (split(copy, &variant))
            return NULL;
    }
    return "a variant such as \"onnx/cpu/fp32\"";
}

void variant_format(const struct variant *variant, char ret_text[static VARIANT_TEXT_SIZE])
{
    (void)snprintf(ret_text, VARIANT_TEXT_SIZE, "%.*s/%.*s/%.*s", NAME_PART_MAX_BYTES,
                   variant->runtime, NAME_PART_MAX_BYTES, variant->hardware, NAME_PART_MAX_BYTES,
                   variant->precision);
}

bool variant_equal(const struct variant *a, const struct variant *b)
{
    return strcmp(a->runtime, b->runtime) == 0 && strcmp(a->hardware, b->hardware) == 0 &&
           strcmp(a->precision, b->precision) == 0;
}

bool variant_fits(const struct variant *variant, const struct variant_capability *capabilities,
                  size_t capability_count)
{
    for (size_t i = 0; i < capability_count; i++) {
        if (strcmp(variant->runtime, capabilities[i].runtime) == 0 &&
            strcmp(variant->hardware, capabilities[i].hardware) == 0)
            return true;
    }
    return false;
}
