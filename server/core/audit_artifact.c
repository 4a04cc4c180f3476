/* SPDX-License-Identifier: Apache-2.0 */
#include "core/audit_artifact.h"

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
