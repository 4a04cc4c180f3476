/* SPDX-License-Identifier: Apache-2.0 */
#include "core/devices.h"

#include "core/enrolments.h"
#include "core/facts.h"
#include "db/q_device.h"
#include "push/roster.h"
#include "push/rows.h"

#include <string.h>

int devices_revoke(struct db *db, struct roster *roster, int64_t workspace_id, const char *name,
                   const char *by, int64_t now_ms)
{
    int64_t id;
    int r = q_device_revoke(db, workspace_id, name, by, now_ms, &id);

    if (r == Q_DEVICE_E_MISSING)
        return DEVICES_E_MISSING;
    if (r)
        return r;
    roster_revoke(roster, id);
    return 0;
}

int devices_issue_token(struct db *db, struct roster *roster, int64_t workspace_id, int64_t id,
                        char ret_secret[static SECRET_TOKEN_SIZE])
{
    char secret[SECRET_TOKEN_SIZE];
    uint8_t hash[DIGEST_SHA256_SIZE];
    int r;

    secret_token(ENROLMENTS_DEVICE_PREFIX, secret);
    secret_token_hash(secret, hash);
    r = q_device_set_next_token(db, workspace_id, id, hash);
    if (r == Q_DEVICE_E_MISSING)
        r = DEVICES_E_MISSING;
    if (r == 0)
        r = rows_refresh(db, roster, id);
    if (r == 0)
        memcpy(ret_secret, secret, sizeof(secret));
    secret_wipe(secret, sizeof(secret));
    return r;
}

int devices_set_facts(struct db *db, int64_t workspace_id, int64_t id,
                      const struct device_facts *facts, bool with_attributes,
                      bool with_capabilities, struct arena *arena)
{
    const char *attributes = NULL;
    const char *capabilities = NULL;
    int r;

    if (with_attributes) {
        r = facts_attributes_text(facts->attributes, facts->attribute_count, arena, &attributes);
        if (r)
            return r;
    }
    if (with_capabilities)
        capabilities = facts_capabilities_text(facts->capabilities, facts->capability_count, arena);
    return q_device_set_facts(db, workspace_id, id, attributes, capabilities);
}
