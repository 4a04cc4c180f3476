/* SPDX-License-Identifier: Apache-2.0 */
#include "core/audit/audit_report.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "db/q_workspace.h"
#include "db/tx.h"
#include "proto/audit_report.h"
#include "tuf/envelope.h"

struct opening {
    const struct audit_key_place *place;
    struct arena arena;
    const char *workspace;
    struct key_pair pair;
};

static int open_key(struct db *db, void *arg)
{
    struct opening *opening = arg;

    int r =
        q_workspace_name(db, opening->place->workspace_id, &opening->arena, &opening->workspace);

    if (r)
        return r < 0 ? r : log_fail(ERR_INTERNAL, "a workspace is gone");
    key_pair_release(&opening->pair);
    opening->pair = (struct key_pair){0};
    return audit_key_open(db, opening->place, &opening->pair);
}

static void release(struct opening *opening)
{
    key_pair_release(&opening->pair);
    arena_release(&opening->arena);
}

static json_t *encode(const struct audit_key_place *place, const char *workspace,
                      const struct audit_report *report, const struct key *key)
{
    char made_at[CLOCK_RFC3339_SIZE];
    json_t *part;

    clock_format_rfc3339(place->now_ms, made_at);
    part =
        json_pack("{s:i, s:s, s:s, s:s, s:s, s:O, s:O}", AUDIT_REPORT_MEMBER, AUDIT_REPORT_FORMAT,
                  "kind", report->kind, "workspace", workspace, "made_at", made_at, "made_for",
                  place->actor->name, "question", report->question, "answer", report->answer);
    if (part && key)
        (void)json_object_set_new(part, "key", key_to_json(key));
    return part;
}

int audit_report_write(struct db *db, const struct audit_key_place *place,
                       const struct audit_report *report, struct buffer *buffer)
{
    CLEANUP(release) struct opening opening = {.place = place};
    json_auto_t *part = NULL;
    struct signer signer;
    int r = tx_run(db, open_key, &opening);

    if (r && r != AUDIT_KEY_E_CLOSED)
        return r;
    part = encode(place, opening.workspace, report, r ? NULL : &opening.pair.key);
    if (!part)
        return log_fail(ERR_NO_MEMORY, "cannot write a report: out of memory");
    if (r == AUDIT_KEY_E_CLOSED)
        return envelope_build(part, NULL, 0, buffer);
    signer = key_signer(&opening.pair);
    return envelope_build(part, &signer, 1, buffer);
}
