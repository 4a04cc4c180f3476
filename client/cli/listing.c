/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/listing.h"

#include "base/cleanup.h"
#include "cli/units.h"

#include <string.h>

#define KEYID_SHORT 12

static const struct {
    const char *text;
    enum output_style style;
} states[] = {
    {"published", OUTPUT_GOOD},
    {"installed", OUTPUT_GOOD},
    {"active",    OUTPUT_GOOD},
    {"online",    OUTPUT_GOOD},
    {"yes",       OUTPUT_GOOD},
    {"draft",     OUTPUT_WARN},
    {"pending",   OUTPUT_WARN},
    {"failed",    OUTPUT_BAD },
    {"revoked",   OUTPUT_BAD },
    {"expired",   OUTPUT_BAD },
    {"offline",   OUTPUT_DIM },
    {"no",        OUTPUT_DIM },
};

static enum output_style style_of(const char *text, enum listing_kind kind)
{
    if (kind == LISTING_NAME)
        return OUTPUT_BOLD;
    if (kind != LISTING_STATE || !text)
        return OUTPUT_PLAIN;
    for (size_t i = 0; i < ARRAY_LEN(states); i++)
        if (strcmp(states[i].text, text) == 0)
            return states[i].style;
    return OUTPUT_PLAIN;
}

const json_t *listing_member(const json_t *object, const char *path)
{
    char name[128];

    while (object && *path) {
        size_t length = strcspn(path, ".");

        if (length >= sizeof(name))
            return NULL;
        memcpy(name, path, length);
        name[length] = '\0';
        object = json_object_get(object, name);
        path += length;
        path += *path == '.';
    }
    return object;
}

static const char *join_pairs(struct cli *cli, const json_t *object)
{
    const char *text = NULL;
    const char *name;
    json_t *value;

    json_object_foreach ((json_t *)(uintptr_t)object, name, value) {
        const char *one = listing_text(cli, value, LISTING_TEXT, false);

        text = arena_printf(&cli->arena, "%s%s%s=%s", text ? text : "", text ? ", " : "", name,
                            one ? one : "");
    }
    return text;
}

static const char *join_values(struct cli *cli, const json_t *array)
{
    const char *text = NULL;
    size_t index;
    json_t *value;

    json_array_foreach (array, index, value) {
        const char *one = listing_text(cli, value, LISTING_TEXT, false);

        text =
            arena_printf(&cli->arena, "%s%s%s", text ? text : "", text ? ", " : "", one ? one : "");
    }
    return text;
}

static const char *scalar(struct cli *cli, const json_t *value)
{
    char *dump;
    size_t size;

    if (!value || json_is_null(value))
        return NULL;
    if (json_is_string(value))
        return json_string_value(value);
    if (json_is_boolean(value))
        return json_is_true(value) ? "yes" : "no";
    if (json_is_object(value))
        return join_pairs(cli, value);
    if (json_is_array(value))
        return join_values(cli, value);
    dump = arena_alloc(&cli->arena, 64);
    size = json_dumpb(value, dump, 63, JSON_ENCODE_ANY);
    dump[size < 63 ? size : 63] = '\0';
    return dump;
}

const char *listing_text(struct cli *cli, const json_t *value, enum listing_kind kind, bool is_long)
{
    char *text = arena_alloc(&cli->arena, UNITS_SIZE);

    switch (kind) {
    case LISTING_WHEN:
        if (is_long)
            units_when(json_string_value(value), cli->output.now_ms, text);
        else
            units_when_short(json_string_value(value), cli->output.now_ms, text);
        return text;
    case LISTING_BYTES:
        if (!json_is_integer(value))
            return NULL;
        units_bytes((uint64_t)json_integer_value(value), text);
        return text;
    case LISTING_COUNT:
        return arena_printf(&cli->arena, "%zu",
                            json_is_array(value) ? json_array_size(value)
                                                 : json_object_size(value));
    case LISTING_KEYID:
        if (!json_is_string(value))
            return NULL;
        return is_long ? json_string_value(value)
                       : arena_printf(&cli->arena, "%.*s", KEYID_SHORT, json_string_value(value));
    default:
        return scalar(cli, value);
    }
}

void listing_print(struct cli *cli, const struct listing_column *columns, size_t count,
                   const json_t *document, const char *empty_note)
{
    const json_t *items = json_object_get(document, "items");
    struct table_column titles[TABLE_COLUMNS_MAX];
    CLEANUP(table_release) struct table table = {.columns = titles, .count = count};
    size_t index;
    json_t *item;

    output_json(&cli->output, document);
    if (json_array_size(items) == 0) {
        output_note(&cli->output, "%s", empty_note);
        return;
    }
    for (size_t i = 0; i < count; i++)
        titles[i] = (struct table_column){columns[i].title, columns[i].kind == LISTING_BYTES ||
                                                                columns[i].kind == LISTING_COUNT};
    json_array_foreach (items, index, item) {
        struct table_row *row = table_add(&table);

        for (size_t i = 0; i < count; i++) {
            const char *text =
                listing_text(cli, listing_member(item, columns[i].member), columns[i].kind, false);

            table_set(&table, row, i, text, style_of(text, columns[i].kind));
        }
    }
    table_print(&table, &cli->output);
}

void listing_print_sheet(struct cli *cli, const struct listing_column *columns, size_t count,
                         const json_t *object)
{
    CLEANUP(table_release) struct table sheet = {.columns = table_sheet_columns, .count = 2};

    for (size_t i = 0; i < count; i++) {
        const json_t *value = listing_member(object, columns[i].member);
        const char *text = listing_text(cli, value, columns[i].kind, true);
        struct table_row *row;

        if (!text || !*text || (columns[i].kind == LISTING_WHEN && !value))
            continue;
        row = table_add(&sheet);
        table_set(&sheet, row, 0, columns[i].title, OUTPUT_PLAIN);
        table_set(&sheet, row, 1, text, style_of(text, columns[i].kind));
    }
    table_print_sheet(&sheet, &cli->output);
}
