/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/detection.h"

#include "base/cleanup.h"
#include "base/clock.h"

#include <string.h>

static const char *const names[DETECTION_CHECKS] = {
    [DETECTION_NONE] = "none",
    [DETECTION_ARBITRARY_SOFTWARE] = "arbitrary-software",
    [DETECTION_ROLLBACK] = "rollback",
    [DETECTION_FREEZE] = "freeze",
    [DETECTION_MIX_AND_MATCH] = "mix-and-match",
    [DETECTION_ENDLESS_DATA] = "endless-data",
    [DETECTION_SLOW_RETRIEVAL] = "slow-retrieval",
    [DETECTION_MALFORMED] = "malformed",
    [DETECTION_MISSING] = "missing",
    [DETECTION_UNREACHABLE] = "unreachable",
    [DETECTION_DISAGREEMENT] = "disagreement",
    [DETECTION_UNLISTED] = "unlisted",
    [DETECTION_WITHDRAWN] = "withdrawn",
    [DETECTION_WRONG_DEVICE] = "wrong-device",
    [DETECTION_WRONG_HARDWARE] = "wrong-hardware",
    [DETECTION_WRONG_RELOAD] = "wrong-reload",
    [DETECTION_WRONG_BYTES] = "wrong-bytes",
    [DETECTION_BAD_PATH] = "bad-path",
    [DETECTION_UNKEPT] = "unkept",
};

const char *detection_name(enum detection_check check)
{
    return names[check];
}

enum detection_check detection_parse(const char *name)
{
    for (size_t i = DETECTION_NONE + 1; i < ARRAY_LEN(names); i++) {
        if (strcmp(name, names[i]) == 0)
            return (enum detection_check)i;
    }
    return DETECTION_NONE;
}

static const char *check_name(const char *text)
{
    return detection_parse(text) ? NULL : "the name of a check, such as \"rollback\",";
}

static const char *check_repository(const char *text)
{
    bool known = strcmp(text, "director") == 0 || strcmp(text, "image") == 0;

    return known ? NULL : "\"director\" or \"image\"";
}

static const struct field detection_fields[] = {
    FIELD("check", STRING, struct detection, check, .required = true, .check = check_name),
    FIELD("repository", STRING, struct detection, repository, .nullable = true,
          .check = check_repository),
    FIELD("file", STRING, struct detection, file, .required = true, .min = 1,
          .max = DETECTION_FILE_MAX),
    FIELD("detail", STRING, struct detection, detail, .required = true, .min = 1,
          .max = DETECTION_DETAIL_MAX),
    FIELD("time", TIME, struct detection, time_ms, .required = true),
};
const struct shape detection_shape = SHAPE(struct detection, detection_fields);

json_t *detection_encode(const struct detection *detection)
{
    char time[CLOCK_RFC3339_SIZE];

    clock_format_rfc3339(detection->time_ms, time);
    return json_pack("{s:s, s:s*, s:s, s:s, s:s}", "check", detection->check, "repository",
                     detection->repository, "file", detection->file, "detail", detection->detail,
                     "time", time);
}
