/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_KEYS_PASSPHRASE_H
#define CLI_KEYS_PASSPHRASE_H

#include "cli/cli.h"

/*
 * Passphrases that seal keys. They come from --passphrase-file (whose first line it is; /dev/fd/N
 * names a descriptor), else from the file that MODELFERRY_PASSPHRASE_FILE names, else from
 * MODELFERRY_PASSPHRASE, else from the terminal; never from the command line.
 *
 * Functions return 0, an exit status once they reported, or negative (see cli.h).
 */
#define PASSPHRASE_BYTES_MAX 1024
#define PASSPHRASE_BYTES_MIN 8 /* of a new one */

struct passphrase {
    char text[PASSPHRASE_BYTES_MAX + 3]; /* and what ends a line */
};

/* For CLEANUP. */
void passphrase_wipe(struct passphrase *passphrase);

/* Whether there is any source: else a sealed key cannot be opened, and a new one not be sealed. */
bool passphrase_possible(const struct cli *cli);

/* Whether asking again may bring another: only people can be asked twice. */
bool passphrase_asks_people(const struct cli *cli);

/* The one that opens what `subject` names: "key 'ann'". */
int passphrase_read(struct cli *cli, const char *subject, struct passphrase *ret) MUST_CHECK;

/* The one to seal a new secret with; at a terminal it is typed twice. Too short ones are refused.
 */
int passphrase_choose(struct cli *cli, const char *subject, struct passphrase *ret) MUST_CHECK;

/*
 * The same for a secret that has one already: from --new-passphrase-file or the terminal, since the
 * other sources give the old one.
 */
int passphrase_change(struct cli *cli, const char *subject, struct passphrase *ret) MUST_CHECK;

#endif
