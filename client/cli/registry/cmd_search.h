/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_REGISTRY_CMD_SEARCH_H
#define CLI_REGISTRY_CMD_SEARCH_H

/* search: finding versions and models. */
int cmd_search_search(void *context, int operands, char **operand);

#endif
