/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_REGISTRY_CMD_NOTE_H
#define CLI_REGISTRY_CMD_NOTE_H

/* tag, metric, param, card: what may change about a version or a model. */
int cmd_note_tag_set(void *context, int operands, char **operand);
int cmd_note_tag_rm(void *context, int operands, char **operand);
int cmd_note_metric_set(void *context, int operands, char **operand);
int cmd_note_metric_rm(void *context, int operands, char **operand);
int cmd_note_param_set(void *context, int operands, char **operand);
int cmd_note_param_rm(void *context, int operands, char **operand);
int cmd_note_card_set(void *context, int operands, char **operand);
int cmd_note_card_show(void *context, int operands, char **operand);

#endif
