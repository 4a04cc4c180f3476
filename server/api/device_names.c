/* SPDX-License-Identifier: Apache-2.0 */
#include "api/device_names.h"

#include "http/body.h"
#include "model/name.h"
#include "json/fields.h"

#include <stdlib.h>
#include <string.h>

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

bool device_names_read(const struct call *call, const json_t *devices, const char *or_all,
                       const char *const **ret_names, size_t *ret_count, struct reply *reply)
{
    size_t count = json_array_size(devices);
    struct fields_error error = {0};
    const char **names;
    size_t distinct = 0;

    if (count == 0 || count > DEVICE_NAMES_MAX) {
        (void)fields_refuse(&error, "devices", "%sa list of 1 to %d names expected", or_all,
                            DEVICE_NAMES_MAX);
        (void)body_refuse_field(reply, FIELDS_E_INVALID, &error);
        return false;
    }
    names = arena_array(call->arena, count, sizeof(*names));
    for (size_t i = 0; i < count; i++) {
        names[i] = json_string_value(json_array_get(devices, i));
        if (names[i] && name_is_valid(names[i]))
            continue;
        (void)fields_refuse(&error, "devices", "element %zu is not the name of a device", i);
        (void)body_refuse_field(reply, FIELDS_E_INVALID, &error);
        return false;
    }
    qsort(names, count, sizeof(*names), compare_names);
    for (size_t i = 0; i < count; i++)
        if (i == 0 || strcmp(names[i], names[distinct - 1]) != 0)
            names[distinct++] = names[i];
    *ret_names = names;
    *ret_count = distinct;
    return true;
}
