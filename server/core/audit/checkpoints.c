/* SPDX-License-Identifier: Apache-2.0 */
#include "core/audit/checkpoints.h"

#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "db/q_audit.h"
#include "db/tx.h"
#include "proto/checkpoint.h"
#include "tuf/envelope.h"

#include <string.h>

/* How many workspaces are looked for at a time. */
#define WORKSPACES_MAX 100

struct making {
    const struct audit_key_place *place;
    struct arena *arena;
    struct q_checkpoint made;
    bool is_new;
};

static int sign(struct making *making, struct key_pair *pair, const struct q_audit_head *head)
{
    CLEANUP(buffer_release) struct buffer bytes = BUFFER(CHECKPOINT_SIZE_MAX);
    struct checkpoint checkpoint = {
        .workspace = head->workspace,
        .seq = head->seq,
        .at_ms = making->place->now_ms,
    };
    struct signer signer = key_signer(pair);
    json_auto_t *part = NULL;
    int r;

    memcpy(checkpoint.hash, head->hash, sizeof(checkpoint.hash));
    part = checkpoint_encode(&checkpoint);
    if (!part)
        return log_fail(ERR_NO_MEMORY, "cannot make a checkpoint: out of memory");
    r = envelope_build(part, &signer, 1, &bytes);
    if (r)
        return r;
    making->made = (struct q_checkpoint){
        .seq = head->seq,
        .at_ms = checkpoint.at_ms,
        .envelope = arena_strndup(making->arena, bytes.bytes, bytes.size),
    };
    return 0;
}

static int make(struct db *db, void *arg)
{
    CLEANUP(key_pair_release) struct key_pair pair = {0};
    struct making *making = arg;
    int64_t workspace_id = making->place->workspace_id;
    struct q_checkpoint newest;
    struct q_audit_head head;
    int r;

    r = audit_key_open(db, making->place, &pair);
    if (!r)
        r = q_audit_lock(db, workspace_id, making->arena, &head);
    if (r)
        return r;
    if (head.seq == 0)
        return CHECKPOINTS_E_EMPTY;
    r = q_checkpoint_newest(db, workspace_id, making->arena, &newest);
    if (r == 0 && newest.seq == head.seq) {
        making->made = newest;
        making->is_new = false;
        return 0;
    }
    if (r && r != Q_CHECKPOINT_E_MISSING)
        return r;
    r = sign(making, &pair, &head);
    making->is_new = true;
    return r ? r : q_checkpoint_insert(db, workspace_id, &making->made);
}

int checkpoints_make(struct db *db, const struct audit_key_place *place, struct arena *arena,
                     struct q_checkpoint *ret_checkpoint, bool *ret_new)
{
    struct making making = {.place = place, .arena = arena};
    int r = tx_run(db, make, &making);

    if (r)
        return r;
    *ret_checkpoint = making.made;
    *ret_new = making.is_new;
    return 0;
}

int checkpoints_step(struct db *db, const struct vault *vault, int64_t now_ms)
{
    CLEANUP(arena_release) struct arena arena = {0};
    struct audit_key_place place = {.vault = vault, .actor = &audit_server, .now_ms = now_ms};
    size_t count = WORKSPACES_MAX;

    while (count == WORKSPACES_MAX) {
        int64_t *workspaces;
        int r =
            q_checkpoint_due(db, place.workspace_id, WORKSPACES_MAX, &arena, &workspaces, &count);

        for (size_t i = 0; !r && i < count; i++) {
            struct q_checkpoint made;
            bool is_new;

            place.workspace_id = workspaces[i];
            r = checkpoints_make(db, &place, &arena, &made, &is_new);
            if (r == AUDIT_KEY_E_CLOSED)
                return 0;
            if (r == AUDIT_KEY_E_SEALED)
                log_line(LOG_WARN,
                         "cannot sign the audit log of workspace %lld: its key is sealed with "
                         "another master key",
                         (long long)workspaces[i]);
            if (r > 0)
                r = 0;
        }
        if (r)
            return r;
    }
    return 0;
}
