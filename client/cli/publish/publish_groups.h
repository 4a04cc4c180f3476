/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_PUBLISH_PUBLISH_GROUPS_H
#define CLI_PUBLISH_PUBLISH_GROUPS_H

#include "cli/cli.h"
#include "model/manifest.h"

/*
 * What `modelferry publish MODEL@VERSION [--variant VARIANT] FILE... [--variant ...]` uploads:
 * variants in the order that they were said, each with the files behind it.
 */
struct publish_file {
    const char *path;
    const char *name;    /* of the artifact */
    uint64_t start_byte; /* where in the file they begin: not 0 in an export */
    uint64_t size_bytes;
    uint8_t sha256[DIGEST_SHA256_SIZE];
};

struct publish_group {
    struct variant variant;
    struct publish_file *files;
    size_t count;
    const struct signature *signature; /* what it takes and gives; NULL: not known */
};

struct publish_groups {
    struct publish_group *groups;
    size_t count;
};

/*
 * Flags are read without regard to the operands between them; here it matters which files are
 * behind which --variant. So each "--variant V" among the arguments (before "--") becomes one
 * operand with a mark in front, which publish_groups_read() understands.
 *
 * Returns how many arguments there are now.
 */
int publish_groups_mark(struct arena *arena, int argc, char **argv);

/* One "--variant V" as such an operand, in the arena. */
char *publish_groups_operand(struct arena *arena, const char *variant);

/*
 * Reads the operands behind MODEL@VERSION. Without --variant, a file's ending says the runtime
 * (.onnx, .tflite), with "cpu" and "fp32" assumed; a note says so. Does not look at the files.
 *
 * Returns 0, CLI_USAGE once reported, or negative.
 */
int publish_groups_read(struct cli *cli, int operands, char **operand,
                        struct publish_groups *ret_groups) MUST_CHECK;

/*
 * The same of `publish MODEL@VERSION --add-variant VARIANT FILE...`: one group, of all operands.
 * VARIANT is "runtime/hardware/precision" or "runtime=R,hardware=H,precision=P".
 */
int publish_groups_read_added(struct cli *cli, int operands, char **operand,
                              struct publish_groups *ret_groups) MUST_CHECK;

#endif
