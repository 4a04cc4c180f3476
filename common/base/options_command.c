/* SPDX-License-Identifier: Apache-2.0 */
#include "base/options_command.h"
#include "base/options_value.h"

#include <string.h>

/* How many arguments the command's name takes when argv starts with it; 0: it does not. */
static int words_taken(const struct options_command *command, int argc, char **argv)
{
    const char *word = command->words;
    int taken = 0;

    while (*word) {
        size_t length = strcspn(word, " ");

        if (taken == argc || strlen(argv[taken]) != length ||
            strncmp(argv[taken], word, length) != 0)
            return 0;
        taken++;
        word += length;
        word += strspn(word, " ");
    }
    return taken;
}

static const char *unknown(const struct options_command *commands, struct arena *arena, int argc,
                           char **argv)
{
    const char *names[OPTIONS_MAX];
    const char *nearest = NULL;
    const char *said = argv[0];
    size_t count = 0;

    for (const struct options_command *c = commands; c->words && count < OPTIONS_MAX; c++)
        names[count++] = c->words;
    if (argc > 1 && argv[1][0] != '-') {
        said = arena_printf(arena, "%s %s", argv[0], argv[1]);
        nearest = options_value_nearest(said, names, count);
    }
    if (!nearest)
        nearest = options_value_nearest(argv[0], names, count);
    if (!nearest)
        return arena_printf(arena, "unknown command '%s'; --help lists them", said);
    return arena_printf(arena, "unknown command '%s'; did you mean '%s'?", said, nearest);
}

int options_command_find(const struct options_command *commands, struct arena *arena, int argc,
                         char **argv, const struct options_command **ret_command, int *ret_words,
                         const char **ret_error)
{
    const struct options_command *found = NULL;
    int words = 0;

    if (argc == 0) {
        *ret_error = "a command is missing; --help lists them";
        return OPTIONS_E_INVALID;
    }
    for (const struct options_command *command = commands; command->words; command++) {
        int taken = words_taken(command, argc, argv);

        if (taken > words) {
            found = command;
            words = taken;
        }
    }
    if (!found) {
        *ret_error = unknown(commands, arena, argc, argv);
        return OPTIONS_E_INVALID;
    }
    *ret_command = found;
    *ret_words = words;
    return 0;
}

int options_command_check(const struct options_command *command, struct arena *arena,
                          const char *program, int operands, const char **ret_error)
{
    if (operands >= command->operands_min &&
        (command->operands_max < 0 || operands <= command->operands_max))
        return 0;
    *ret_error = arena_printf(arena, "too %s arguments; usage: %s %s%s%s",
                              operands < command->operands_min ? "few" : "many", program,
                              command->words, *command->operands ? " " : "", command->operands);
    return OPTIONS_E_INVALID;
}
