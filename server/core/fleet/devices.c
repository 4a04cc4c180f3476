/* SPDX-License-Identifier: Apache-2.0 */
#include "core/fleet/devices.h"

#include "base/cleanup.h"
#include "core/fleet/enrolments.h"
#include "core/fleet/facts.h"
#include "db/q_device.h"
#include "push/roster.h"
#include "push/rows.h"

#include <jansson.h>
#include <string.h>

struct revocation {
    int64_t workspace_id;
    const char *name;
    const struct audit_actor *actor;
    int64_t now_ms;
    int64_t id; /* out */
};

static json_t *describe(const struct q_device *device, const char *state)
{
    return json_pack("{s:s, s:s}", "device_id", device->uuid, "state", state);
}

static int revoke_device(struct db *db, void *arg)
{
    struct revocation *revocation = arg;
    CLEANUP(arena_release) struct arena arena = {0};
    struct q_device device;
    int r = q_device_revoke(db, revocation->workspace_id, revocation->name, revocation->actor->name,
                            revocation->now_ms, &revocation->id);

    if (r == 0)
        r = q_device_get(db, revocation->workspace_id, revocation->id, &arena, &device);
    if (r)
        return r == Q_DEVICE_E_MISSING ? DEVICES_E_MISSING : r;
    return audit_record(db, &(struct audit_change){
                                .workspace_id = revocation->workspace_id,
                                .actor = revocation->actor,
                                .now_ms = revocation->now_ms,
                                .action = AUDIT_DEVICE_REVOKE,
                                .object = revocation->name,
                                .before = describe(&device, "active"),
                                .after = describe(&device, "revoked"),
                            });
}

int devices_revoke(struct db *db, struct roster *roster, int64_t workspace_id, const char *name,
                   const struct audit_actor *actor, int64_t now_ms)
{
    struct revocation revocation = {workspace_id, name, actor, now_ms, 0};
    int r = tx_run(db, revoke_device, &revocation);

    if (r)
        return r;
    roster_revoke(roster, revocation.id);
    return 0;
}

struct issue {
    const struct devices_self *self;
    uint8_t hash[DIGEST_SHA256_SIZE];
};

static int issue_token(struct db *db, void *arg)
{
    const struct issue *issue = arg;
    const struct devices_self *self = issue->self;
    int r = q_device_set_next_token(db, self->workspace_id, self->actor->id, issue->hash);

    if (r)
        return r == Q_DEVICE_E_MISSING ? DEVICES_E_MISSING : r;
    return audit_record(db, &(struct audit_change){
                                .workspace_id = self->workspace_id,
                                .actor = self->actor,
                                .now_ms = self->now_ms,
                                .action = AUDIT_DEVICE_ISSUE_TOKEN,
                                .object = self->actor->name,
                                .after = json_pack("{s:s}", "token", "issued"),
                            });
}

int devices_issue_token(struct db *db, struct roster *roster, const struct devices_self *self,
                        char ret_secret[static SECRET_TOKEN_SIZE])
{
    struct issue issue = {.self = self};
    char secret[SECRET_TOKEN_SIZE];
    int r;

    secret_token(ENROLMENTS_DEVICE_PREFIX, secret);
    secret_token_hash(secret, issue.hash);
    r = tx_run(db, issue_token, &issue);
    if (r == 0)
        r = rows_refresh(db, roster, self->actor->id);
    if (r == 0)
        memcpy(ret_secret, secret, sizeof(secret));
    secret_wipe(secret, sizeof(secret));
    return r;
}

struct reporting {
    const struct devices_self *self;
    struct q_device_facts facts;
    struct arena *arena;
};

static json_t *describe_facts(const struct q_device_facts *facts)
{
    return json_pack("{s:o, s:s}", "attributes", json_loads(facts->attributes, 0, NULL),
                     "capabilities", facts->capabilities);
}

static int set_facts(struct db *db, void *arg)
{
    const struct reporting *reporting = arg;
    const struct devices_self *self = reporting->self;
    struct q_device_facts before;
    struct q_device_facts after;
    int r = q_device_set_facts(db, self->workspace_id, self->actor->id, &reporting->facts,
                               reporting->arena, &before, &after);

    if (r == Q_DEVICE_E_UNCHANGED)
        return 0;
    if (r)
        return r == Q_DEVICE_E_MISSING ? DEVICES_E_MISSING : r;
    return audit_record(db, &(struct audit_change){
                                .workspace_id = self->workspace_id,
                                .actor = self->actor,
                                .now_ms = self->now_ms,
                                .action = AUDIT_DEVICE_SET_FACTS,
                                .object = self->actor->name,
                                .before = describe_facts(&before),
                                .after = describe_facts(&after),
                            });
}

int devices_set_facts(struct db *db, const struct devices_self *self,
                      const struct device_facts *facts, bool with_attributes,
                      bool with_capabilities, struct arena *arena)
{
    struct reporting reporting = {.self = self, .arena = arena};
    int r;

    if (with_attributes) {
        r = facts_attributes_text(facts->attributes, facts->attribute_count, arena,
                                  &reporting.facts.attributes);
        if (r)
            return r;
    }
    if (with_capabilities)
        reporting.facts.capabilities =
            facts_capabilities_text(facts->capabilities, facts->capability_count, arena);
    return tx_run(db, set_facts, &reporting);
}
