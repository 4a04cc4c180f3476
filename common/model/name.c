/* SPDX-License-Identifier: Apache-2.0 */
#include "model/name.h"

#include "base/utf8.h"
#include "model/semver.h"

#include <stddef.h>
#include <string.h>

#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"

/* Whether text is one character of `first`, then characters of `rest`, at most max bytes. */
static bool matches(const char *text, const char *first, const char *rest, size_t max)
{
    size_t length = strlen(text);

    return length > 0 && length <= max && strchr(first, text[0]) &&
           strspn(text + 1, rest) == length - 1;
}

const char *name_check(const char *text)
{
    if (matches(text, LOWER DIGITS, LOWER DIGITS "._-", NAME_MAX_BYTES))
        return NULL;
    return "a name of 1 to 63 characters a-z, 0-9, '.', '_', '-', beginning with a letter or "
           "digit,";
}

const char *name_check_version(const char *text)
{
    struct semver version;

    if (semver_parse(text, &version))
        return NULL;
    return "a semantic version such as 1.4.0-rc.1, or a plain number, of at most 64 characters";
}

const char *name_check_alias(const char *text)
{
    const char *wrong = name_check(text);
    const char *number = text + (*text == 'v');

    if (wrong)
        return wrong;
    if (!name_check_version(text) || strcmp(text, "latest") == 0 ||
        number[strspn(number, DIGITS)] == '\0')
        return "a name that is no version, nor 'latest', nor a number with a 'v' before it,";
    return NULL;
}

const char *name_check_part(const char *text)
{
    if (matches(text, LOWER DIGITS, LOWER DIGITS "._+-", NAME_PART_MAX_BYTES))
        return NULL;
    return "1 to 32 characters a-z, 0-9, '.', '_', '+', '-', beginning with a letter or digit,";
}

const char *name_check_tag_key(const char *text)
{
    static const char set[] = UPPER LOWER DIGITS "_./-";

    if (matches(text, set, set, NAME_TAG_KEY_MAX_BYTES))
        return NULL;
    return "1 to 128 characters A-Z, a-z, 0-9, '_', '.', '/', '-'";
}

const char *name_check_tag_value(const char *text)
{
    return strlen(text) <= NAME_TAG_VALUE_MAX_BYTES ? NULL : "a text of at most 1024 bytes";
}

const char *name_check_dataset(const char *text)
{
    size_t length = strlen(text);
    bool good = length > 0 && length <= NAME_DATASET_MAX_BYTES;

    for (const char *c = text; *c; c++)
        good = good && (unsigned char)*c >= 0x20 && *c != 0x7f;
    return good ? NULL : "the name of a dataset, 1 to 512 bytes without control characters,";
}

static const char *skip_digits(const char *cursor, bool *ret_some)
{
    size_t count = strspn(cursor, DIGITS);

    *ret_some = count > 0;
    return cursor + count;
}

const char *name_check_metric(const char *text)
{
    static const char expected[] = "a decimal number in a string, such as \"0.9722\",";
    const char *cursor = text + (*text == '-');
    bool some;

    if (strlen(text) > NAME_METRIC_MAX_BYTES)
        return expected;
    cursor = skip_digits(cursor, &some);
    if (some && *cursor == '.')
        cursor = skip_digits(cursor + 1, &some);
    if (some && (*cursor == 'e' || *cursor == 'E')) {
        cursor++;
        cursor += *cursor == '-' || *cursor == '+';
        cursor = skip_digits(cursor, &some);
    }
    return some && !*cursor ? NULL : expected;
}

const char *name_check_artifact(const char *text)
{
    if (matches(text, UPPER LOWER DIGITS "_", UPPER LOWER DIGITS "._+-", NAME_ARTIFACT_MAX_BYTES))
        return NULL;
    return "a file name of 1 to 128 characters A-Z, a-z, 0-9, '.', '_', '+', '-', beginning with a "
           "letter, digit or '_',";
}

const char *name_check_label(const char *text)
{
    size_t length = strlen(text);

    for (const char *c = text; *c; c++) {
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            return "a text without control characters";
    }
    if (length > 0 && length <= 128 && utf8_valid(text, length))
        return NULL;
    return "a text of 1 to 128 bytes";
}
