/* SPDX-License-Identifier: Apache-2.0 */
#include "base/options.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"
#include "base/options_value.h"

#include <assert.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#define FILE_BYTES_MAX ((size_t)1 << 20)

extern char **environ;

static size_t value_size(enum option_type type)
{
    switch (type) {
    case OPTION_TEXT:
        return sizeof(const char *);
    case OPTION_BOOL:
        return sizeof(bool);
    case OPTION_LIST:
        return sizeof(struct options_list);
    default:
        return sizeof(int64_t);
    }
}

void options_defaults(const struct options_target *target)
{
    for (const struct option_entry *entry = target->table; entry->name; entry++) {
        memset((char *)target->values + entry->offset, 0, value_size(entry->type));
        if (entry->fallback) {
            const char *expected = options_value_set(target, entry, entry->fallback, true);

            assert(!expected);
            (void)expected;
        }
    }
}

static const char *suggest(struct arena *arena, const char *name, const char *const *names,
                           size_t count, const char *before)
{
    const char *nearest = options_value_nearest(name, names, count);

    return nearest ? arena_printf(arena, "; did you mean '%s%s'?", before, nearest) : "";
}

/* What a wrong value is answered with; a secret is not repeated. */
static const char *wrong_value(const struct options_target *target,
                               const struct option_entry *entry, const char *where,
                               const char *text, const char *expected)
{
    if (entry->flags & OPTION_SECRET)
        return arena_printf(target->arena, "%s: invalid value, expected %s", where, expected);
    return arena_printf(target->arena, "%s: invalid value '%s', expected %s", where, text,
                        expected);
}

/* ---- files --------------------------------------------------------------------------------- */

struct parser {
    const struct options_target *target;
    const char *name; /* the file's */
    const char *section;
    int line;
    int set_in_line[OPTIONS_MAX];
    const char *error;
};

static int refuse(struct parser *parser, const char *what)
{
    parser->error =
        arena_printf(parser->target->arena, "%s:%d: %s", parser->name, parser->line, what);
    return OPTIONS_E_INVALID;
}

static char *trim(char *text)
{
    char *end;

    while (*text == ' ' || *text == '\t')
        text++;
    end = text + strlen(text);
    while (end > text && strchr(" \t\r", end[-1]))
        *--end = '\0';
    return text;
}

static int parse_section(struct parser *parser, char *text)
{
    const struct options_target *target = parser->target;
    const char *sections[OPTIONS_MAX];
    size_t count = 0;
    size_t length = strlen(text);

    if (text[length - 1] != ']')
        return refuse(parser, "a section is written [name]");
    text[length - 1] = '\0';
    for (const struct option_entry *entry = target->table; entry->name; entry++) {
        if (!entry->section)
            continue;
        if (strcmp(entry->section, text + 1) == 0) {
            parser->section = entry->section;
            return 0;
        }
        sections[count++] = entry->section;
    }
    return refuse(parser, arena_printf(target->arena, "unknown section [%s]%s", text + 1,
                                       suggest(target->arena, text + 1, sections, count, "")));
}

static const struct option_entry *find_key(struct parser *parser, const char *key,
                                           size_t *ret_index)
{
    const struct option_entry *table = parser->target->table;

    for (size_t i = 0; table[i].name; i++) {
        if (table[i].section && strcmp(table[i].section, parser->section) == 0 &&
            strcmp(table[i].name, key) == 0) {
            *ret_index = i;
            return &table[i];
        }
    }
    return NULL;
}

static int unknown_key(struct parser *parser, const char *key)
{
    const struct options_target *target = parser->target;
    const char *names[OPTIONS_MAX];
    size_t count = 0;

    for (const struct option_entry *entry = target->table; entry->name; entry++)
        if (entry->section && strcmp(entry->section, parser->section) == 0)
            names[count++] = entry->name;
    return refuse(parser,
                  arena_printf(target->arena, "unknown key '%s' in [%s]%s", key, parser->section,
                               suggest(target->arena, key, names, count, "")));
}

static int parse_pair(struct parser *parser, char *text)
{
    const struct options_target *target = parser->target;
    char *equals = strchr(text, '=');
    const struct option_entry *entry;
    const char *expected;
    size_t index;
    size_t length;
    char *value;
    char *key;
    bool again;

    if (!equals)
        return refuse(parser, "expected 'key = value' or '[section]'");
    *equals = '\0';
    key = trim(text);
    value = trim(equals + 1);
    if (!parser->section)
        return refuse(parser, arena_printf(target->arena, "'%s' stands before any [section]", key));
    entry = find_key(parser, key, &index);
    if (!entry)
        return unknown_key(parser, key);
    again = parser->set_in_line[index] != 0;
    if (again && entry->type != OPTION_LIST)
        return refuse(parser, arena_printf(target->arena, "'%s' was set in line %d already", key,
                                           parser->set_in_line[index]));
    parser->set_in_line[index] = parser->line;
    length = strlen(value);
    if (length >= 2 && value[0] == '"' && value[length - 1] == '"') {
        value[length - 1] = '\0';
        value++;
    }
    expected = options_value_set(target, entry, value, !again);
    if (!expected)
        return 0;
    return refuse(parser, wrong_value(target, entry,
                                      arena_printf(target->arena, "%s.%s", parser->section, key),
                                      value, expected));
}

static int parse_line(struct parser *parser, char *text)
{
    text = trim(text);
    if (*text == '\0' || *text == '#' || *text == ';')
        return 0;
    return *text == '[' ? parse_section(parser, text) : parse_pair(parser, text);
}

int options_parse(const struct options_target *target, const char *name, const char *text,
                  const char **ret_error)
{
    struct parser parser = {.target = target, .name = name};
    AUTO_FREE char *copy = strdup(text);
    char *next = copy;

    if (!copy)
        return log_fail(ERR_NO_MEMORY, "cannot read '%s': out of memory", name);
    while (next) {
        char *line = next;
        int r;

        next = strchr(line, '\n');
        if (next)
            *next++ = '\0';
        parser.line++;
        r = parse_line(&parser, line);
        if (r) {
            *ret_error = parser.error;
            return r;
        }
    }
    return 0;
}

int options_file(const struct options_target *target, const char *path, const char **ret_error)
{
    AUTO_FREE char *text = NULL;
    size_t size;
    int r;

    r = file_read(AT_FDCWD, path, FILE_BYTES_MAX, &text, &size);
    if (r == FILE_E_MISSING) {
        *ret_error = arena_printf(target->arena, "cannot open '%s': no such file", path);
        return OPTIONS_E_MISSING;
    }
    if (r == FILE_E_TOO_LARGE || (r == 0 && strlen(text) != size)) {
        *ret_error = arena_printf(target->arena, "'%s' is no configuration file: %s", path,
                                  r ? "larger than 1 MiB" : "it contains NUL bytes");
        return OPTIONS_E_INVALID;
    }
    if (r)
        return r;
    return options_parse(target, path, text, ret_error);
}

/* ---- the environment ----------------------------------------------------------------------- */

static bool is_listed(const char *const *names, const char *name)
{
    for (size_t i = 0; names && names[i]; i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return false;
}

/* Whether the variable stands where one of the entry's section would. */
static bool is_of_section(const struct option_entry *entry, const char *prefix, const char *name)
{
    const struct option_entry bare = {.section = entry->section, .name = ""};
    char start[OPTIONS_VALUE_NAME_SIZE];

    options_value_variable(&bare, prefix, start);
    return strncmp(name, start, strlen(start)) == 0;
}

/* Other programs share the prefix: only what looks like a section of ours is a mistake. */
static int unknown_variable(const struct options_target *target, const char *prefix,
                            const char *name, const char **ret_error)
{
    const char *names[OPTIONS_MAX];
    size_t count = 0;
    bool is_ours = false;

    for (const struct option_entry *entry = target->table; entry->name; entry++) {
        char variable[OPTIONS_VALUE_NAME_SIZE];

        if (!entry->section)
            continue;
        is_ours |= is_of_section(entry, prefix, name);
        options_value_variable(entry, prefix, variable);
        names[count++] = arena_strdup(target->arena, variable);
    }
    if (!is_ours)
        return 0;
    *ret_error = arena_printf(target->arena, "unknown environment variable %s%s", name,
                              suggest(target->arena, name, names, count, ""));
    return OPTIONS_E_INVALID;
}

/* NAME_FILE: a secret in a file of its own (systemd's credentials); a line's end is no part of it.
 */
static int read_secret(const struct options_target *target, const char *name, const char *path,
                       char **ret_value, const char **ret_error)
{
    int r = file_read(AT_FDCWD, path, FILE_BYTES_MAX, ret_value, NULL);

    if (r) {
        *ret_error = arena_printf(target->arena, "%s: cannot read '%s'%s", name, path,
                                  r == FILE_E_MISSING ? ": no such file" : "");
        return OPTIONS_E_INVALID;
    }
    (*ret_value)[strcspn(*ret_value, "\r\n")] = '\0';
    return 0;
}

/* Whether the variable is the entry's, by its name or as NAME_FILE. */
static bool is_variable_of(const struct option_entry *entry, const char *prefix, const char *name,
                           bool *ret_in_file)
{
    char variable[OPTIONS_VALUE_NAME_SIZE];
    size_t length;

    options_value_variable(entry, prefix, variable);
    length = strlen(variable);
    if (strncmp(variable, name, length) != 0)
        return false;
    *ret_in_file = entry->flags & OPTION_SECRET && strcmp(name + length, "_FILE") == 0;
    return *ret_in_file || name[length] == '\0';
}

static int set_variable(const struct options_target *target, const char *prefix, const char *name,
                        const char *value, const char **ret_error)
{
    for (const struct option_entry *entry = target->table; entry->name; entry++) {
        AUTO_FREE char *secret = NULL;
        const char *expected;
        bool in_file;

        if (!entry->section || !is_variable_of(entry, prefix, name, &in_file))
            continue;
        if (in_file && read_secret(target, name, value, &secret, ret_error) != 0)
            return OPTIONS_E_INVALID;
        expected = options_value_set(target, entry, in_file ? secret : value, true);
        if (!expected)
            return 0;
        *ret_error = wrong_value(target, entry, name, value, expected);
        return OPTIONS_E_INVALID;
    }
    return unknown_variable(target, prefix, name, ret_error);
}

int options_environment(const struct options_target *target, const char *prefix,
                        const char *const *except, const char **ret_error)
{
    size_t length = strlen(prefix);

    for (char **variable = environ; *variable; variable++) {
        const char *equals = strchr(*variable, '=');
        const char *name;
        int r;

        if (!equals || strncmp(*variable, prefix, length) != 0)
            continue;
        name = arena_strndup(target->arena, *variable, (size_t)(equals - *variable));
        if (is_listed(except, name))
            continue;
        r = set_variable(target, prefix, name, equals + 1, ret_error);
        if (r)
            return r;
    }
    return 0;
}

/* ---- flags --------------------------------------------------------------------------------- */

struct arguments {
    const struct options_target *target;
    int argc;
    char **argv;
    int next;
    bool said[OPTIONS_MAX];
    const char *error;
};

static int set_flag(struct arguments *arguments, size_t index, const char *shown, const char *value)
{
    const struct options_target *target = arguments->target;
    const struct option_entry *entry = &target->table[index];
    const char *expected;

    if (entry->type == OPTION_BOOL && !value)
        value = "true";
    if (!value && arguments->next < arguments->argc)
        value = arguments->argv[arguments->next++];
    if (!value) {
        arguments->error = arena_printf(target->arena, "%s needs a value: %s", shown,
                                        options_value_expected(entry, target->arena));
        return OPTIONS_E_INVALID;
    }
    expected = options_value_set(target, entry, value, !arguments->said[index]);
    arguments->said[index] = true;
    if (!expected)
        return 0;
    arguments->error = wrong_value(target, entry, shown, value, expected);
    return OPTIONS_E_INVALID;
}

static int unknown_flag(struct arguments *arguments, const char *name)
{
    const struct options_target *target = arguments->target;
    const char *names[OPTIONS_MAX];
    size_t count = 0;

    for (const struct option_entry *entry = target->table; entry->name; entry++) {
        char flag[OPTIONS_VALUE_NAME_SIZE];

        if (entry->flags & OPTION_SECRET)
            continue;
        options_value_flag(entry, flag);
        names[count++] = arena_strdup(target->arena, flag);
    }
    arguments->error = arena_printf(target->arena, "unknown option '--%s'%s", name,
                                    suggest(target->arena, name, names, count, "--"));
    return OPTIONS_E_INVALID;
}

static int long_flag(struct arguments *arguments, const char *text)
{
    const struct options_target *target = arguments->target;
    const char *equals = strchr(text, '=');
    const char *name = equals ? arena_strndup(target->arena, text, (size_t)(equals - text)) : text;
    bool negated = strncmp(name, "no-", 3) == 0;

    for (size_t i = 0; target->table[i].name; i++) {
        const struct option_entry *entry = &target->table[i];
        char flag[OPTIONS_VALUE_NAME_SIZE];
        const char *shown = arena_printf(target->arena, "--%s", name);

        options_value_flag(entry, flag);
        if (strcmp(flag, name) == 0 && entry->flags & OPTION_SECRET) {
            arguments->error =
                arena_printf(target->arena,
                             "%s would show a secret to every user of this machine; set it in the "
                             "configuration file or the environment",
                             shown);
            return OPTIONS_E_INVALID;
        }
        if (strcmp(flag, name) == 0)
            return set_flag(arguments, i, shown, equals ? equals + 1 : NULL);
        if (negated && !equals && entry->type == OPTION_BOOL && strcmp(flag, name + 3) == 0)
            return set_flag(arguments, i, shown, "false");
    }
    return unknown_flag(arguments, name);
}

/* "-v", "-vj", "-oFILE", "-o FILE" */
static int short_flags(struct arguments *arguments, const char *letters)
{
    const struct options_target *target = arguments->target;

    for (const char *letter = letters; *letter; letter++) {
        const char *shown = arena_printf(target->arena, "-%c", *letter);
        const struct option_entry *entry = target->table;
        bool takes_value;
        int r;

        while (entry->name && entry->letter != *letter)
            entry++;
        if (!entry->name) {
            arguments->error = arena_printf(target->arena, "unknown option '%s'", shown);
            return OPTIONS_E_INVALID;
        }
        takes_value = entry->type != OPTION_BOOL;
        r = set_flag(arguments, (size_t)(entry - target->table), shown,
                     takes_value && letter[1] ? letter + 1 : NULL);
        if (r || takes_value)
            return r;
    }
    return 0;
}

int options_arguments(const struct options_target *target, int argc, char **argv, int *ret_operands,
                      const char **ret_error)
{
    struct arguments arguments = {.target = target, .argc = argc, .argv = argv};
    int operands = 0;
    bool flags_end = false;

    while (arguments.next < argc) {
        char *argument = argv[arguments.next++];
        int r;

        if (flags_end || argument[0] != '-' || argument[1] == '\0') {
            argv[operands++] = argument;
            continue;
        }
        if (strcmp(argument, "--") == 0) {
            flags_end = true;
            continue;
        }
        r = argument[1] == '-' ? long_flag(&arguments, argument + 2)
                               : short_flags(&arguments, argument + 1);
        if (r) {
            *ret_error = arguments.error;
            return r;
        }
    }
    *ret_operands = operands;
    return 0;
}

int options_check(const struct options_target *target, const char **ret_error)
{
    for (const struct option_entry *entry = target->table; entry->name; entry++) {
        const void *place = (const char *)target->values + entry->offset;
        char flag[OPTIONS_VALUE_NAME_SIZE];

        if (!(entry->flags & OPTION_REQUIRED))
            continue;
        if (entry->type == OPTION_TEXT ? *(const char *const *)place != NULL
                                       : ((const struct options_list *)place)->count > 0)
            continue;
        options_value_flag(entry, flag);
        *ret_error = entry->section ? arena_printf(target->arena, "'%s' in [%s] is not set (--%s)",
                                                   entry->name, entry->section, flag)
                                    : arena_printf(target->arena, "--%s is not set", flag);
        return OPTIONS_E_INVALID;
    }
    return 0;
}

const char *options_show(const struct options_target *target, const struct option_entry *entry)
{
    const void *place = (const char *)target->values + entry->offset;
    const char *text = "";

    switch (entry->type) {
    case OPTION_TEXT:
        text = *(const char *const *)place;
        break;
    case OPTION_BOOL:
        return *(const bool *)place ? "true" : "false";
    case OPTION_LIST: {
        const struct options_list *list = place;

        for (size_t i = 0; i < list->count; i++)
            text = arena_printf(target->arena, "%s%s%s", text, i ? ", " : "", list->texts[i]);
        break;
    }
    default:
        return options_value_format(entry, *(const int64_t *)place, target->arena);
    }
    return entry->flags & OPTION_SECRET && text ? "(secret)" : text;
}
