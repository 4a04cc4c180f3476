/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_AUDIT_AUDIT_MEMORY_H
#define CLI_AUDIT_AUDIT_MEMORY_H

#include "cli/cli.h"
#include "crypto/digest.h"

#include <jansson.h>
#include <stdint.h>

/*
 * What this user saw of a workspace's audit log last: how far it went, and whose checkpoints were
 * believed. In $XDG_CONFIG_HOME/modelferry/audit/. It is what a server whose whole database was
 * made anew cannot change.
 */
struct audit_memory {
    int64_t seq; /* 0: nothing is remembered */
    uint8_t hash[DIGEST_SHA256_SIZE];
    json_t *keyids; /* an array of texts, perhaps empty */
};

/* Returns 0, an exit status once reported (it is there and cannot be read), or negative. */
int audit_memory_read(struct cli *cli, const char *server_url, const char *workspace,
                      struct audit_memory *ret_memory) MUST_CHECK;

int audit_memory_write(struct cli *cli, const char *server_url, const char *workspace,
                       const struct audit_memory *memory) MUST_CHECK;

void audit_memory_release(struct audit_memory *memory);

#endif
