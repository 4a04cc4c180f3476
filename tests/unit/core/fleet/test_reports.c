/* SPDX-License-Identifier: Apache-2.0 */
#include "core/fleet/reports.h"

#include "fleet_fixture.h"
#include "proto/report.h"
#include "tuf/envelope.h"

#include <stdio.h>

static struct fleet fleet;

static void set_up(void)
{
    fleet_init(&fleet);
}

static void tear_down(void)
{
    fleet_release(&fleet);
}

/* A report of slot "main", signed by the pair. */
static void build(const char *device_id, int64_t sequence, struct key_pair *pair,
                  struct buffer *buffer)
{
    const struct signer signer = key_signer(pair);
    char nonce[33];
    json_auto_t *signed_part = NULL;

    (void)snprintf(nonce, sizeof(nonce), "%032llx", (unsigned long long)sequence);
    signed_part = json_pack(
        "{s:s, s:s, s:I, s:s, s:i, s:s, s:{}, s:[], s:{s:{s:s, s:s, s:s, s:s, s:s}}}", "_type",
        "modelferry-report", "device_id", device_id, "sequence", (json_int_t)sequence, "time",
        "2026-01-02T03:04:05.678Z", "state_version", 0, "nonce", nonce, "serving", "detected",
        "slots", "main", "state", "installed", "model", "digits", "version", "1.0.0", "variant",
        "onnx/cpu/fp32", "manifest_sha256",
        "abababababababababababababababababababababababababababababababab");

    ck_assert_ptr_nonnull(signed_part);
    buffer_clear(buffer);
    ck_assert_int_eq(envelope_build(signed_part, &signer, 1, buffer), 0);
}

START_TEST(accepts_what_the_device_signed_once)
{
    CLEANUP(buffer_release) struct buffer buffer = BUFFER(65536);
    struct reports_refusal refusal;
    struct roster_device *device;
    struct key_pair other;
    struct key_pair pair;
    struct enrolments_result result = fleet_device(&fleet, "cam-1", &pair);

    ck_assert_int_eq(fleet_ask(&fleet, result.token, &device), 0);
    int64_t id = roster_device_id(device);
#define ACCEPT(workspace)                                                                          \
    reports_accept(fleet.db, (workspace), id, buffer.bytes, buffer.size, FLEET_NOW_MS,             \
                   &fleet.arena, &refusal)
    build(result.device_id, 3, &pair, &buffer);
    ck_assert_int_eq(ACCEPT(FLEET_WORKSPACE + 1), REPORTS_E_MISSING);
    ck_assert_int_eq(ACCEPT(FLEET_WORKSPACE), 0);
    ck_assert_int_eq(ACCEPT(FLEET_WORKSPACE), REPORTS_E_REPLAYED);
    ck_assert_int_eq(refusal.sequence, 3);
    build(result.device_id, 2, &pair, &buffer);
    ck_assert_int_eq(ACCEPT(FLEET_WORKSPACE), REPORTS_E_REPLAYED);

    ck_assert_int_eq(key_generate("other", &other), 0);
    build(result.device_id, 4, &other, &buffer);
    ck_assert_int_eq(ACCEPT(FLEET_WORKSPACE), REPORTS_E_SIGNATURE);
    ck_assert_str_eq(refusal.keyid, pair.key.id);
    build("00000000-0000-0000-0000-000000000000", 4, &pair, &buffer);
    ck_assert_int_eq(ACCEPT(FLEET_WORKSPACE), REPORTS_E_DEVICE);
    buffer.size--;
    ck_assert_int_eq(ACCEPT(FLEET_WORKSPACE), REPORTS_E_SYNTAX);
    ck_assert_int_eq(database_number(fleet.db, "SELECT count(*) FROM device_report"), 1);
    ck_assert_int_eq(database_number(fleet.db, "SELECT sequence FROM device_installed"), 3);
}
END_TEST

int main(void)
{
    return SUITE_RUN_WITH("core/reports", set_up, tear_down, accepts_what_the_device_signed_once);
}
