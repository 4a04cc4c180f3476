/* SPDX-License-Identifier: Apache-2.0 */
#include "core/audit/audit_artifact.h"

#include "crypto/text.h"

int audit_artifact_stored(struct db *db, void *arg, const struct upload *upload)
{
    const struct audit_artifact *artifact = arg;
    char sha256[DIGEST_SHA256_HEX_SIZE];

    text_hex(upload->sha256, sizeof(upload->sha256), sha256);
    return audit_record(
        db, &(struct audit_change){
                .workspace_id = upload->workspace_id,
                .actor = &artifact->actor,
                .now_ms = artifact->now_ms,
                .action = AUDIT_ARTIFACT_STORE,
                .object = sha256,
                .after = json_pack("{s:I, s:s}", "length", (json_int_t)upload->length_bytes,
                                   "upload", upload->id),
            });
}

int audit_artifact_reclaimed(struct db *db, void *arg, int64_t workspace_id,
                             const uint8_t sha256[static DIGEST_SHA256_SIZE], int64_t size_bytes)
{
    const struct audit_artifact *artifact = arg;
    char hex[DIGEST_SHA256_HEX_SIZE];

    text_hex(sha256, DIGEST_SHA256_SIZE, hex);
    return audit_record(db, &(struct audit_change){
                                .workspace_id = workspace_id,
                                .actor = &artifact->actor,
                                .now_ms = artifact->now_ms,
                                .action = AUDIT_ARTIFACT_RECLAIM,
                                .object = hex,
                                .before = json_pack("{s:I}", "length", (json_int_t)size_bytes),
                            });
}
