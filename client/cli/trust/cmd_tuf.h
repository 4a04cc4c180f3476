/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_TRUST_CMD_TUF_H
#define CLI_TRUST_CMD_TUF_H

/*
 * `modelferry tuf`: a plain TUF client (TUF 1.0.33, chapter 5) for anybody's repository. It keeps
 * to the command line of the tuf-conformance suite: exit status 0 or 1, nothing else.
 *
 * operand  "init" ROOTFILE, "refresh" or "download"
 */
int cmd_tuf(void *context, int operands, char **operand);

#endif
