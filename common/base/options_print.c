/* SPDX-License-Identifier: Apache-2.0 */
#include "base/options_print.h"
#include "base/cleanup.h"
#include "base/options_value.h"

#include <string.h>

#define WIDTH 96
#define HELP_COLUMN 34

/* Words of text, each line with the prefix, wrapped at WIDTH. column is where the first starts. */
static void print_wrapped(FILE *out, const char *text, const char *prefix, size_t column)
{
    bool line_is_empty = true;

    while (*text) {
        size_t length = strcspn(text, " ");

        if (!line_is_empty && column + 1 + length > WIDTH) {
            (void)fprintf(out, "\n%s", prefix);
            column = strlen(prefix);
            line_is_empty = true;
        }
        column += length + (line_is_empty ? 0 : 1);
        (void)fprintf(out, "%s%.*s", line_is_empty ? "" : " ", (int)length, text);
        line_is_empty = false;
        text += length;
        text += strspn(text, " ");
    }
    (void)fprintf(out, "\n");
}

static const char *allowed(const struct option_entry *entry, struct arena *arena)
{
    if (entry->type == OPTION_TEXT)
        return "";
    if (entry->type == OPTION_LIST)
        return " May be said several times.";
    return arena_printf(arena, " Expects %s.", options_value_expected(entry, arena));
}

void options_print_file(const struct option_entry *table, FILE *out)
{
    CLEANUP(arena_release) struct arena arena = {0};
    const char *section = NULL;

    for (const struct option_entry *entry = table; entry->name; entry++) {
        if (!entry->section)
            continue;
        if (!section || strcmp(section, entry->section) != 0)
            (void)fprintf(out, "%s[%s]\n", section ? "\n" : "", entry->section);
        section = entry->section;
        (void)fprintf(out, "\n# ");
        print_wrapped(out,
                      arena_printf(&arena, "%s%s%s", entry->help, allowed(entry, &arena),
                                   entry->flags & OPTION_RELOADABLE ? " Can be reloaded." : ""),
                      "# ", 2);
        (void)fprintf(out, "#%s =%s%s\n", entry->name, entry->fallback ? " " : "",
                      entry->fallback ? entry->fallback : "");
    }
}

void options_print_markdown(const struct option_entry *table, const char *prefix, FILE *out)
{
    CLEANUP(arena_release) struct arena arena = {0};
    const char *section = NULL;

    for (const struct option_entry *entry = table; entry->name; entry++) {
        char variable[OPTIONS_VALUE_NAME_SIZE];
        char flag[OPTIONS_VALUE_NAME_SIZE];

        if (!entry->section)
            continue;
        if (!section || strcmp(section, entry->section) != 0)
            (void)fprintf(out,
                          "\n## [%s]\n\n| key | default | what it is | flag and variable |\n"
                          "|---|---|---|---|\n",
                          entry->section);
        section = entry->section;
        options_value_flag(entry, flag);
        options_value_variable(entry, prefix, variable);
        (void)fprintf(out, "| `%s` | %s%s%s | %s%s%s | ", entry->name, entry->fallback ? "`" : "",
                      entry->fallback ? entry->fallback : "none", entry->fallback ? "`" : "",
                      entry->help, allowed(entry, &arena),
                      entry->flags & OPTION_RELOADABLE ? " Can be reloaded." : "");
        if (!(entry->flags & OPTION_SECRET))
            (void)fprintf(out, "`--%s`<br>", flag);
        (void)fprintf(out, "`%s` |\n", variable);
    }
}

static const char *value_name(const struct option_entry *entry)
{
    static const char *const names[] = {
        [OPTION_TEXT] = "TEXT",     [OPTION_INTEGER] = "N",   [OPTION_SIZE] = "SIZE",
        [OPTION_DURATION] = "TIME", [OPTION_CHOICE] = "WORD", [OPTION_LIST] = "TEXT",
        [OPTION_BOOL] = "",
    };

    return entry->value_name ? entry->value_name : names[entry->type];
}

static void print_flag(const struct option_entry *entry, struct arena *arena, FILE *out)
{
    char indent[HELP_COLUMN + 1];
    char name[OPTIONS_VALUE_NAME_SIZE];
    char letter[5] = "    ";
    const char *value = entry->type == OPTION_BOOL ? "" : value_name(entry);
    const char *text = entry->help;
    const char *flag;

    options_value_flag(entry, name);
    if (entry->letter)
        (void)snprintf(letter, sizeof(letter), "-%c, ", entry->letter);
    flag = arena_printf(arena, "  %s--%s%s%s", letter, name, *value ? " " : "", value);
    if (entry->type == OPTION_CHOICE)
        text = arena_printf(arena, "%s (%s)", text, options_value_expected(entry, arena));
    if (entry->fallback && entry->type != OPTION_BOOL)
        text = arena_printf(arena, "%s [%s]", text, entry->fallback);
    (void)snprintf(indent, sizeof(indent), "%*s", HELP_COLUMN, "");
    if (strlen(flag) + 2 > HELP_COLUMN)
        (void)fprintf(out, "%s\n%s", flag, indent);
    else
        (void)fprintf(out, "%-*s", HELP_COLUMN, flag);
    print_wrapped(out, text, indent, HELP_COLUMN);
}

void options_print_help(const struct option_entry *table, bool all, FILE *out)
{
    CLEANUP(arena_release) struct arena arena = {0};

    for (const struct option_entry *entry = table; entry->name; entry++)
        if ((all || !entry->section) && !(entry->flags & OPTION_SECRET))
            print_flag(entry, &arena, out);
}

void options_print_commands(const struct options_command *commands, FILE *out)
{
    for (const struct options_command *command = commands; command->words; command++)
        (void)fprintf(out, "  %-24s %s\n", command->words, command->summary);
}

void options_print_command(const char *program, const struct options_command *command,
                           const struct option_entry *common, FILE *out)
{
    bool has_flags = command->table && command->table->name;

    (void)fprintf(out, "usage: %s %s%s%s%s\n\n%s\n", program, command->words,
                  has_flags ? " [OPTIONS]" : "", *command->operands ? " " : "", command->operands,
                  command->summary);
    if (command->help)
        (void)fprintf(out, "\n%s\n", command->help);
    if (has_flags) {
        (void)fprintf(out, "\noptions:\n");
        options_print_help(command->table, true, out);
    }
    if (common) {
        (void)fprintf(out, "\ncommon options:\n");
        options_print_help(common, true, out);
    }
}
