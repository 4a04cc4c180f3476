/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TERMINAL_H
#define TERMINAL_H

#include "stage.h"

#include <pty.h>
#include <termios.h>
#include <unistd.h>

/* A terminal at which somebody has typed ahead: standard input of a stage. */
struct terminal {
    FILE *in;
    int ours;
};

static inline void terminal_open(struct terminal *terminal, struct stage *stage, const char *typed)
{
    int theirs;

    ck_assert_int_eq(openpty(&terminal->ours, &theirs, NULL, NULL, NULL), 0);
    terminal->in = fdopen(theirs, "r");
    ck_assert_ptr_nonnull(terminal->in);
    ck_assert_int_eq(write(terminal->ours, typed, strlen(typed)), (ssize_t)strlen(typed));
    stage->cli.in = terminal->in;
}

/* Whether what is typed is shown, as it was before. */
static inline bool terminal_shows(const struct terminal *terminal)
{
    struct termios now;

    ck_assert_int_eq(tcgetattr(fileno(terminal->in), &now), 0);
    return (now.c_lflag & (ECHO | ISIG)) == (ECHO | ISIG);
}

static inline void terminal_close(struct terminal *terminal)
{
    (void)fclose(terminal->in);
    (void)close(terminal->ours);
}

#endif
