/* SPDX-License-Identifier: Apache-2.0 */
#include "base/options_value.h"

#include "base/cleanup.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct unit {
    const char *name;
    int64_t factor;
};

static const struct unit size_units[] = {
    {"GiB", (int64_t)1 << 30},
    {"MiB", (int64_t)1 << 20},
    {"KiB", (int64_t)1 << 10},
    {"",    1               },
    {NULL,  0               },
};

static const struct unit duration_units[] = {
    {"d",  86400000},
    {"h",  3600000 },
    {"m",  60000   },
    {"s",  1000    },
    {"ms", 1       },
    {NULL, 0       },
};

static const struct unit plain_units[] = {
    {"",   1},
    {NULL, 0},
};

static const struct unit *units_of(enum option_type type)
{
    if (type == OPTION_SIZE)
        return size_units;
    return type == OPTION_DURATION ? duration_units : plain_units;
}

void options_value_flag(const struct option_entry *entry,
                        char ret_name[static OPTIONS_VALUE_NAME_SIZE])
{
    (void)snprintf(ret_name, OPTIONS_VALUE_NAME_SIZE, "%s%s%s",
                   entry->section ? entry->section : "", entry->section ? "-" : "", entry->name);
    for (char *c = ret_name; *c; c++)
        if (*c == '_')
            *c = '-';
}

void options_value_variable(const struct option_entry *entry, const char *prefix,
                            char ret_name[static OPTIONS_VALUE_NAME_SIZE])
{
    (void)snprintf(ret_name, OPTIONS_VALUE_NAME_SIZE, "%s%s_%s", prefix,
                   entry->section ? entry->section : "", entry->name);
    for (char *c = ret_name; *c; c++)
        *c = (char)toupper((unsigned char)*c);
}

const char *options_value_format(const struct option_entry *entry, int64_t value,
                                 struct arena *arena)
{
    const struct unit *units = units_of(entry->type);

    if (entry->type == OPTION_CHOICE)
        return entry->choices[value];
    if (value == 0)
        return "0";
    for (const struct unit *unit = units; unit->name; unit++)
        if (value % unit->factor == 0)
            return arena_printf(arena, "%" PRId64 "%s%s", value / unit->factor,
                                entry->type == OPTION_SIZE && *unit->name ? " " : "", unit->name);
    return arena_printf(arena, "%" PRId64, value);
}

static const char *expected_choice(const struct option_entry *entry, struct arena *arena)
{
    const char *text = "one of";

    for (size_t i = 0; entry->choices[i]; i++)
        text = arena_printf(arena, "%s%s %s", text, i ? "," : "", entry->choices[i]);
    return text;
}

const char *options_value_expected(const struct option_entry *entry, struct arena *arena)
{
    const char *kind = "a number";

    if (entry->type == OPTION_BOOL)
        return "true or false";
    if (entry->type == OPTION_CHOICE)
        return expected_choice(entry, arena);
    if (entry->type == OPTION_TEXT || entry->type == OPTION_LIST)
        return "a text";
    if (entry->type == OPTION_SIZE)
        kind = "a size such as 512 or 64 KiB";
    if (entry->type == OPTION_DURATION)
        kind = "a duration such as 500ms, 30s, 5m or 2h";
    if (entry->min == 0 && entry->max == 0)
        return kind;
    if (entry->max == 0 || entry->max == INT64_MAX)
        return arena_printf(arena, "%s, at least %s", kind,
                            options_value_format(entry, entry->min, arena));
    return arena_printf(arena, "%s, from %s to %s", kind,
                        options_value_format(entry, entry->min, arena),
                        options_value_format(entry, entry->max, arena));
}

static const struct unit *find_unit(const struct unit *units, const char *name, int64_t number)
{
    for (const struct unit *unit = units; unit->name; unit++)
        if (strcasecmp(unit->name, name) == 0)
            return unit;
    /* zero needs no unit */
    return number == 0 && *name == '\0' ? &plain_units[0] : NULL;
}

static bool parse_number(const struct option_entry *entry, const char *text, int64_t *ret_number)
{
    const struct unit *unit;
    long long number;
    char *end;

    if (!isdigit((unsigned char)*text) && *text != '-')
        return false;
    errno = 0;
    number = strtoll(text, &end, 10);
    if (errno || end == text)
        return false;
    while (*end == ' ')
        end++;
    unit = find_unit(units_of(entry->type), end, number);
    if (!unit || __builtin_mul_overflow(number, unit->factor, ret_number))
        return false;
    if (entry->min == 0 && entry->max == 0)
        return entry->type == OPTION_INTEGER || *ret_number >= 0;
    return *ret_number >= entry->min && (entry->max == 0 || *ret_number <= entry->max);
}

static bool parse_choice(const struct option_entry *entry, const char *text, int64_t *ret_index)
{
    for (size_t i = 0; entry->choices[i]; i++) {
        if (strcmp(entry->choices[i], text) == 0) {
            *ret_index = (int64_t)i;
            return true;
        }
    }
    return false;
}

static bool parse_bool(const char *text, bool *ret_value)
{
    bool yes = strcmp(text, "true") == 0 || strcmp(text, "yes") == 0 || strcmp(text, "on") == 0 ||
               strcmp(text, "1") == 0;
    bool no = strcmp(text, "false") == 0 || strcmp(text, "no") == 0 || strcmp(text, "off") == 0 ||
              strcmp(text, "0") == 0;

    if (yes || no)
        *ret_value = yes;
    return yes || no;
}

static void append(const struct options_target *target, struct options_list *list, const char *text,
                   bool first)
{
    size_t count = first ? 0 : list->count;
    const char **texts = arena_array(target->arena, count + 1, sizeof(*texts));

    for (size_t i = 0; i < count; i++)
        texts[i] = list->texts[i];
    texts[count] = arena_strdup(target->arena, text);
    *list = (struct options_list){count + 1, texts};
}

const char *options_value_set(const struct options_target *target, const struct option_entry *entry,
                              const char *text, bool first)
{
    void *place = (char *)target->values + entry->offset;
    bool fits = true;

    switch (entry->type) {
    case OPTION_TEXT:
        *(const char **)place = arena_strdup(target->arena, text);
        break;
    case OPTION_LIST:
        append(target, place, text, first);
        break;
    case OPTION_BOOL:
        fits = parse_bool(text, place);
        break;
    case OPTION_CHOICE:
        fits = parse_choice(entry, text, place);
        break;
    case OPTION_INTEGER:
    case OPTION_SIZE:
    case OPTION_DURATION: {
        int64_t number;

        fits = parse_number(entry, text, &number);
        if (fits)
            *(int64_t *)place = number;
        break;
    }
    }
    return fits ? NULL : options_value_expected(entry, target->arena);
}

/* Levenshtein's distance; names longer than the row are as far as can be. */
static size_t distance(const char *a, const char *b)
{
    size_t row[OPTIONS_VALUE_NAME_SIZE];
    size_t length = strlen(b);

    if (length >= ARRAY_LEN(row) || strlen(a) >= ARRAY_LEN(row))
        return ARRAY_LEN(row);
    for (size_t j = 0; j <= length; j++)
        row[j] = j;
    for (size_t i = 1; a[i - 1]; i++) {
        size_t diagonal = row[0];

        row[0] = i;
        for (size_t j = 1; j <= length; j++) {
            size_t best = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);

            diagonal = row[j];
            if (row[j] + 1 < best)
                best = row[j] + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            row[j] = best;
        }
    }
    return row[length];
}

const char *options_value_nearest(const char *name, const char *const *names, size_t count)
{
    const char *nearest = NULL;
    size_t best = strlen(name) / 3 + 2;

    for (size_t i = 0; i < count; i++) {
        size_t d = distance(name, names[i]);

        if (d < best) {
            best = d;
            nearest = names[i];
        }
    }
    return nearest;
}
