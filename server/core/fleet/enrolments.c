/* SPDX-License-Identifier: Apache-2.0 */
#include "core/fleet/enrolments.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "core/fleet/facts.h"
#include "crypto/text.h"
#include "db/q_device.h"
#include "push/rows.h"

#include <inttypes.h>
#include <jansson.h>
#include <string.h>

/* What the audit log says of an enrolment: never its token. */
static json_t *describe(const struct q_enrolment *enrolment, bool revoked)
{
    char expires[CLOCK_RFC3339_SIZE];

    clock_format_rfc3339(enrolment->expires_ms, expires);
    return json_pack("{s:s, s:I, s:s, s:o, s:b}", "name", enrolment->name, "uses",
                     (json_int_t)enrolment->uses_max, "expires_at", expires, "attributes",
                     json_loads(enrolment->attributes, 0, NULL), "revoked", revoked);
}

static const char *object_of(const struct q_enrolment *enrolment, struct arena *arena)
{
    return arena_printf(arena, "%" PRId64, enrolment->id);
}

struct creation {
    const struct enrolments_draft *draft;
    struct q_enrolment enrolment;
    uint8_t hash[DIGEST_SHA256_SIZE];
    struct arena *arena;
};

static int create(struct db *db, void *arg)
{
    struct creation *creation = arg;
    struct q_enrolment *enrolment = &creation->enrolment;
    int r = q_enrolment_insert(db, enrolment, creation->hash, &enrolment->id);

    if (r)
        return r;
    return audit_record(db, &(struct audit_change){
                                .workspace_id = enrolment->workspace_id,
                                .actor = creation->draft->actor,
                                .now_ms = enrolment->created_ms,
                                .action = AUDIT_ENROLMENT_CREATE,
                                .object = object_of(enrolment, creation->arena),
                                .after = describe(enrolment, false),
                            });
}

int enrolments_create(struct db *db, const struct enrolments_draft *draft, int64_t now_ms,
                      struct arena *arena, struct q_enrolment *ret_enrolment,
                      char ret_secret[static SECRET_TOKEN_SIZE])
{
    struct creation creation = {
        .draft = draft,
        .enrolment =
            {
                        .workspace_id = draft->workspace_id,
                        .name = draft->name,
                        .uses_max = draft->uses_max,
                        .created_by = draft->actor->name,
                        .created_ms = now_ms,
                        .expires_ms = now_ms + draft->expires_in_s * 1000,
                        },
        .arena = arena,
    };
    char secret[SECRET_TOKEN_SIZE];
    int r;

    r = facts_attributes_text(draft->attributes, draft->attribute_count, arena,
                              &creation.enrolment.attributes);
    if (r)
        return r;
    secret_token(ENROLMENTS_PREFIX, secret);
    secret_token_hash(secret, creation.hash);
    r = tx_run(db, create, &creation);
    if (r == 0) {
        memcpy(ret_secret, secret, sizeof(secret));
        *ret_enrolment = creation.enrolment;
    }
    secret_wipe(secret, sizeof(secret));
    return r;
}

struct revocation {
    int64_t workspace_id;
    int64_t id;
    const struct audit_actor *actor;
    int64_t now_ms;
};

static int revoke_it(struct db *db, void *arg)
{
    const struct revocation *revocation = arg;
    CLEANUP(arena_release) struct arena arena = {0};
    struct q_enrolment enrolment;
    int r = q_enrolment_lock(db, revocation->workspace_id, revocation->id, &arena, &enrolment);

    if (r)
        return r == Q_ENROLMENT_E_MISSING ? ENROLMENTS_E_MISSING : r;
    if (enrolment.revoked_ms != 0)
        return 0;
    r = q_enrolment_revoke(db, revocation->id, revocation->now_ms);
    if (r)
        return r;
    return audit_record(db, &(struct audit_change){
                                .workspace_id = revocation->workspace_id,
                                .actor = revocation->actor,
                                .now_ms = revocation->now_ms,
                                .action = AUDIT_ENROLMENT_REVOKE,
                                .object = object_of(&enrolment, &arena),
                                .before = describe(&enrolment, false),
                                .after = describe(&enrolment, true),
                            });
}

int enrolments_revoke(struct db *db, int64_t workspace_id, int64_t id,
                      const struct audit_actor *actor, int64_t now_ms)
{
    struct revocation revocation = {workspace_id, id, actor, now_ms};

    return tx_run(db, revoke_it, &revocation);
}

struct redemption {
    const struct enrolment *request;
    const char *address;
    struct q_enrolment token;
    struct q_device_enrol enrol;
    struct arena *arena;
    struct q_device device; /* out */
};

/* Who has the name and the key: the device itself (again), somebody else, or nobody yet. */
static int find_device(struct db *db, const struct redemption *redemption, bool *ret_again,
                       struct q_device *ret_device)
{
    const struct enrolment *request = redemption->request;
    int64_t workspace_id = redemption->token.workspace_id;
    uint8_t keyid[DIGEST_SHA256_SIZE];
    int r;

    *ret_again = false;
    if (!text_unhex(request->key.id, keyid, sizeof(keyid)))
        return ERR_INTERNAL;
    r = q_device_by_key(db, workspace_id, keyid, redemption->arena, ret_device);
    if (r == 0 && !ret_device->active)
        return ENROLMENTS_E_KEY_REVOKED;
    if (r == 0 && strcmp(ret_device->name, request->device) != 0)
        return ENROLMENTS_E_KEY_TAKEN;
    if (r == 0)
        *ret_again = true;
    if (r != Q_DEVICE_E_MISSING)
        return r;

    r = q_device_find(db, workspace_id, request->device, redemption->arena, ret_device);
    if (r == 0 && ret_device->active)
        return ENROLMENTS_E_NAME_TAKEN;
    if (r < 0)
        return r;
    *ret_device = (struct q_device){.workspace_id = workspace_id, .name = request->device};
    memcpy(ret_device->public_key, request->key.public, Q_DEVICE_KEY_SIZE);
    memcpy(ret_device->keyid, keyid, sizeof(keyid));
    return 0;
}

static int record_enrolment(struct db *db, const struct redemption *redemption, bool again)
{
    const struct q_device_enrol *enrol = &redemption->enrol;
    const struct q_device *device = &redemption->device;
    const struct audit_actor actor = {
        .kind = "enrolment",
        .id = redemption->token.id,
        .name = redemption->token.name,
        .role = "",
        .address = redemption->address,
    };

    return audit_record(db,
                        &(struct audit_change){
                            .workspace_id = device->workspace_id,
                            .actor = &actor,
                            .now_ms = enrol->now_ms,
                            .action = AUDIT_DEVICE_ENROL,
                            .object = device->name,
                            .after = json_pack("{s:s, s:s, s:o, s:o, s:s, s:b}", "device_id",
                                               device->uuid, "keyid", redemption->request->key.id,
                                               "attributes", json_loads(enrol->attributes, 0, NULL),
                                               "assigned", json_loads(enrol->assigned, 0, NULL),
                                               "capabilities", enrol->capabilities, "again", again),
                        });
}

static int redeem(struct db *db, void *arg)
{
    struct redemption *redemption = arg;
    struct q_device *device = &redemption->device;
    bool again;
    int r;

    r = find_device(db, redemption, &again, device);
    if (r)
        return r;

    /* A device whose first answer was lost tries again with a token that it has used up itself. */
    if (redemption->token.uses_max > 0 &&
        !(again && device->enrolment_id == redemption->token.id)) {
        r = q_enrolment_use(db, redemption->token.id);
        if (r == Q_ENROLMENT_E_USED_UP)
            return ENROLMENTS_E_USED_UP;
        if (r)
            return r;
    }
    r = again ? q_device_reenrol(db, device->id, &redemption->enrol)
              : q_device_insert(db, redemption->arena, &redemption->enrol, device);
    return r ? r : record_enrolment(db, redemption, again);
}

static int find_token(struct db *db, const char *token, const struct enrolment *request,
                      int64_t now_ms, struct arena *arena, struct q_enrolment *ret_enrolment)
{
    uint8_t hash[DIGEST_SHA256_SIZE];
    int r;

    if (strncmp(token, ENROLMENTS_PREFIX "_", strlen(ENROLMENTS_PREFIX "_")) != 0 ||
        strlen(token) >= SECRET_TOKEN_SIZE)
        return ENROLMENTS_E_TOKEN;
    secret_token_hash(token, hash);
    if (!secret_equal(hash, request->token_sha256, sizeof(hash)))
        return ENROLMENTS_E_MISMATCH;
    r = q_enrolment_find(db, hash, arena, ret_enrolment);
    if (r == Q_ENROLMENT_E_MISSING)
        return ENROLMENTS_E_TOKEN;
    if (r)
        return r;
    if (ret_enrolment->revoked_ms != 0)
        return ENROLMENTS_E_TOKEN;
    return now_ms < ret_enrolment->expires_ms ? 0 : ENROLMENTS_E_EXPIRED;
}

int enrolments_redeem(struct db *db, struct roster *roster,
                      const struct enrolments_request *request, struct arena *arena,
                      struct enrolments_result *ret_result)
{
    const struct device_facts *facts = &request->enrolment->facts;
    struct redemption redemption = {
        .request = request->enrolment,
        .address = request->address,
        .arena = arena,
    };
    struct q_device_enrol *enrol = &redemption.enrol;
    char secret[SECRET_TOKEN_SIZE];
    int r;

    r = find_token(db, request->token, request->enrolment, request->now_ms, arena,
                   &redemption.token);
    if (r)
        return r;
    r = facts_attributes_text(facts->attributes, facts->attribute_count, arena, &enrol->attributes);
    if (r)
        return r;
    enrol->capabilities =
        facts_capabilities_text(facts->capabilities, facts->capability_count, arena);
    enrol->assigned = redemption.token.attributes;
    enrol->enrolment_id = redemption.token.id;
    enrol->now_ms = request->now_ms;
    secret_token(ENROLMENTS_DEVICE_PREFIX, secret);
    secret_token_hash(secret, enrol->token);

    r = tx_run(db, redeem, &redemption);
    if (r == Q_DEVICE_E_EXISTS) /* lost a race: now it is there to be seen */
        r = tx_run(db, redeem, &redemption);
    if (r == Q_DEVICE_E_EXISTS)
        r = ENROLMENTS_E_NAME_TAKEN;
    if (r == 0)
        r = rows_refresh(db, roster, redemption.device.id);
    if (r == 0) {
        ret_result->device = redemption.device.name;
        ret_result->device_id = redemption.device.uuid;
        ret_result->workspace = redemption.token.workspace;
        memcpy(ret_result->token, secret, sizeof(secret));
    }
    secret_wipe(secret, sizeof(secret));
    return r;
}
