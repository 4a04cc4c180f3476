/* SPDX-License-Identifier: Apache-2.0 */
#include "api/encode.h"

#include "base/clock.h"
#include "base/log.h"

json_t *encode_time(int64_t ms)
{
    char text[CLOCK_RFC3339_SIZE];

    if (ms == 0)
        return json_null();
    clock_format_rfc3339(ms, text);
    return json_string(text);
}

json_t *encode_stored(const char *json)
{
    json_error_t error;
    json_t *value = json_loads(json, JSON_DECODE_ANY, &error);

    if (value)
        return value;
    log_line(LOG_ERROR, "the database wrote JSON that cannot be read: %s", error.text);
    return json_null();
}

json_t *encode_archived(int64_t at_ms, const char *by, const char *reason)
{
    if (at_ms == 0)
        return json_null();
    return json_pack("{s:o, s:s, s:s}", "at", encode_time(at_ms), "by", by, "reason", reason);
}
