/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/prompt.h"

#include <stdarg.h>
#include <string.h>
#include <strings.h>
#include <termios.h>
#include <unistd.h>

#define CTRL_C 3

bool prompt_possible(const struct cli *cli)
{
    return cli->in && isatty(fileno(cli->in));
}

/* Up to the line's end, which is not kept, or to Ctrl-C: fgets() would wait for more. Returns
 * whether it was Ctrl-C. */
static bool read_line(FILE *in, char *line, size_t size)
{
    size_t length = 0;
    int c = fgetc(in);

    while (c != EOF && c != '\n' && c != CTRL_C) {
        if (c != '\r' && length + 1 < size)
            line[length++] = (char)c;
        c = fgetc(in);
    }
    line[length] = '\0';
    return c == CTRL_C;
}

int prompt_secret(struct cli *cli, const char *label, char *ret_line, size_t size)
{
    struct termios before;
    bool terminal = isatty(fileno(cli->in)) && tcgetattr(fileno(cli->in), &before) == 0;
    bool interrupted;

    if (terminal) {
        struct termios silent = before;

        /* Ctrl-C must not leave a terminal that shows nothing: it ends the line instead. */
        silent.c_lflag &= ~(tcflag_t)(ECHO | ISIG);
        silent.c_cc[VEOL] = CTRL_C;
        /* Silent before it asks: what is typed at the prompt is neither shown nor thrown away. */
        (void)tcsetattr(fileno(cli->in), TCSAFLUSH, &silent);
        (void)fprintf(cli->output.err, "%s", label);
        (void)fflush(cli->output.err);
    }
    /* No copy stays behind in a stream's buffer. */
    (void)setvbuf(cli->in, NULL, _IONBF, 0);
    interrupted = read_line(cli->in, ret_line, size);
    if (terminal) {
        (void)tcsetattr(fileno(cli->in), TCSAFLUSH, &before);
        (void)fputc('\n', cli->output.err);
    }
    return interrupted ? output_fail(&cli->output, CLI_INTERRUPTED, NULL, "interrupted") : 0;
}

int prompt_confirm(struct cli *cli, const char *format, ...)
{
    char answer[16] = "";
    const char *question;
    va_list args;

    if (cli->flags.yes)
        return 0;
    va_start(args, format);
    question = arena_vprintf(&cli->arena, format, args);
    va_end(args);
    if (cli->output.json || !prompt_possible(cli))
        return output_fail(&cli->output, CLI_USAGE, "look at it, then say --yes",
                           "there is no terminal to ask at: %s?", question);
    (void)fflush(cli->output.out);
    (void)fprintf(cli->output.err, "%s? [y/N] ", question);
    (void)fflush(cli->output.err);
    if (fgets(answer, sizeof(answer), cli->in) &&
        (strcasecmp(answer, "y\n") == 0 || strcasecmp(answer, "yes\n") == 0))
        return 0;
    return output_fail(&cli->output, CLI_FAILED, NULL, "nothing was done");
}
