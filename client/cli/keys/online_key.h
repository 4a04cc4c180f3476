/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_KEYS_ONLINE_KEY_H
#define CLI_KEYS_ONLINE_KEY_H

#include "cli/server.h"
#include "tuf/key.h"

/* The keys that the server itself signs with, one a repository. Functions return 0, an exit status
 * once reported, or negative. */

/* The one that a new root should name. */
int online_key_ask(struct server *server, const char *repository, struct key *ret_key) MUST_CHECK;

/* Has the server make another; the old one signs until a root names the new one. */
int online_key_rotate(struct server *server, const char *repository,
                      struct key *ret_key) MUST_CHECK;

#endif
