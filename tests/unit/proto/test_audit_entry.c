/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/audit_entry.h"

#include "base/cleanup.h"
#include "suite.h"

#include <check.h>
#include <string.h>

static struct audit_entry example(json_t *after)
{
    struct audit_entry entry = {
        .workspace = "default",
        .seq = 2,
        .at_ms = 1767225600123,
        .actor = {"token", 7, "alice", "admin", "192.0.2.1"},
        .action = "model.create",
        .kind = "model",
        .object = "digits",
        .after = after,
    };

    memset(entry.previous, 0xab, sizeof(entry.previous));
    return entry;
}

/* The canonical form that docs/AUDIT.md tells readers to hash, written by hand. */
START_TEST(the_digest_is_of_the_canonical_json)
{
    static const char canonical[] =
        "{\"action\":\"model.create\",\"actor\":{\"address\":\"192.0.2.1\",\"id\":7,"
        "\"kind\":\"token\",\"name\":\"alice\",\"role\":\"admin\"},"
        "\"after\":{\"description\":\"a\n\\\"b\\\"\"},\"at\":\"2026-01-01T00:00:00.123Z\","
        "\"before\":null,\"object\":{\"id\":\"digits\",\"kind\":\"model\"},\"previous\":"
        "\"abababababababababababababababababababababababababababababababab\","
        "\"seq\":2,\"workspace\":\"default\"}";
    json_auto_t *after = json_pack("{s:s}", "description", "a\n\"b\"");
    struct audit_entry entry = example(after);
    uint8_t expected[DIGEST_SHA256_SIZE];
    uint8_t digest[DIGEST_SHA256_SIZE];

    digest_sha256(canonical, strlen(canonical), expected);
    ck_assert_int_eq(audit_entry_digest(&entry, digest), 0);
    ck_assert_mem_eq(digest, expected, sizeof(digest));
}
END_TEST

START_TEST(every_member_counts)
{
    json_auto_t *after = json_pack("{s:s}", "a", "b");
    json_auto_t *other = json_pack("{s:s}", "a", "c");
    struct audit_entry entries[12];
    uint8_t digests[ARRAY_LEN(entries)][DIGEST_SHA256_SIZE];

    for (size_t i = 0; i < ARRAY_LEN(entries); i++)
        entries[i] = example(after);
    entries[1].workspace = "lab";
    entries[2].seq = 3;
    entries[3].at_ms++;
    entries[4].actor.id = 8;
    entries[5].actor.name = "bob";
    entries[6].actor.address = "192.0.2.2";
    entries[7].action = "model.add-key";
    entries[8].object = "boxes";
    entries[9].before = after;
    entries[10].after = other;
    entries[11].previous[31] = 0;
    for (size_t i = 0; i < ARRAY_LEN(entries); i++) {
        ck_assert_int_eq(audit_entry_digest(&entries[i], digests[i]), 0);
        for (size_t j = 0; j < i; j++)
            ck_assert_mem_ne(digests[i], digests[j], DIGEST_SHA256_SIZE);
    }
}
END_TEST

int main(void)
{
    return SUITE_RUN("proto/audit_entry", the_digest_is_of_the_canonical_json, every_member_counts);
}
