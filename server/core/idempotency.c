/* SPDX-License-Identifier: Apache-2.0 */
#include "core/idempotency.h"

#include "base/log.h"

#include <stdbool.h>
#include <string.h>

static bool is_key(const char *text)
{
    size_t length = strlen(text);

    for (const char *c = text; *c; c++) {
        if (*c < 0x20 || *c > 0x7e)
            return false;
    }
    return length > 0 && length <= IDEMPOTENCY_KEY_MAX;
}

static int replay(struct db *db, const struct idempotency *idempotency)
{
    struct q_idempotency_reply stored;
    int r;

    r = q_idempotency_find(db, &idempotency->key, idempotency->arena, &stored);
    if (r == Q_IDEMPOTENCY_E_MISSING)
        return log_fail(ERR_UNAVAILABLE, "an idempotency key expired while it was looked at");
    if (r)
        return r;
    if (memcmp(stored.request_sha256, idempotency->reply->request_sha256,
               sizeof(stored.request_sha256)) != 0)
        return IDEMPOTENCY_E_REUSED;
    *idempotency->reply = stored;
    return IDEMPOTENCY_E_REPLAY;
}

static int run(struct db *db, void *arg)
{
    const struct idempotency *idempotency = arg;
    const struct q_idempotency_key *key = &idempotency->key;
    int r;

    r = q_idempotency_expire(db, key, idempotency->now_ms - IDEMPOTENCY_KEEP_MS);
    if (r)
        return r;
    r = q_idempotency_insert(db, key, idempotency->reply->request_sha256, idempotency->now_ms);
    if (r == Q_IDEMPOTENCY_E_EXISTS)
        return replay(db, idempotency);
    if (r)
        return r;
    r = idempotency->perform(idempotency->arg, idempotency->reply);
    if (r)
        return r;
    return q_idempotency_store(db, key, idempotency->reply);
}

int idempotency_run(struct db *db, const struct idempotency *idempotency)
{
    if (!is_key(idempotency->key.key))
        return IDEMPOTENCY_E_KEY;
    return tx_run(db, run, (void *)(uintptr_t)idempotency);
}
