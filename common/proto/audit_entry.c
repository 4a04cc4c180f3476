/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/audit_entry.h"

#include "base/clock.h"
#include "base/log.h"
#include "crypto/text.h"
#include "tuf/canon.h"

json_t *audit_entry_encode(const struct audit_entry *entry)
{
    char at[CLOCK_RFC3339_SIZE];
    char previous[DIGEST_SHA256_HEX_SIZE];

    clock_format_rfc3339(entry->at_ms, at);
    text_hex(entry->previous, sizeof(entry->previous), previous);
    return json_pack("{s:s, s:I, s:s, s:{s:s, s:I, s:s, s:s, s:s}, s:s, s:{s:s, s:s}, s:O?, s:O?,"
                     " s:s}",
                     "workspace", entry->workspace, "seq", (json_int_t)entry->seq, "at", at,
                     "actor", "kind", entry->actor.kind, "id", (json_int_t)entry->actor.id, "name",
                     entry->actor.name, "role", entry->actor.role, "address", entry->actor.address,
                     "action", entry->action, "object", "kind", entry->kind, "id", entry->object,
                     "before", entry->before, "after", entry->after, "previous", previous);
}

int audit_entry_digest(const struct audit_entry *entry,
                       uint8_t ret_digest[static DIGEST_SHA256_SIZE])
{
    json_auto_t *object = audit_entry_encode(entry);

    if (!object)
        return log_fail(ERR_NO_MEMORY, "cannot write an audit entry: out of memory");
    return canon_digest(object, ret_digest);
}
