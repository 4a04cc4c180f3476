/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_REGISTRY_CMD_SBOM_H
#define CLI_REGISTRY_CMD_SBOM_H

/* `modelferry sbom`; context is a struct cli. */
int cmd_sbom_sbom(void *context, int operands, char **operand);

#endif
