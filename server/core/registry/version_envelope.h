/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_REGISTRY_VERSION_ENVELOPE_H
#define CORE_REGISTRY_VERSION_ENVELOPE_H

#include "core/registry/versions.h"
#include "model/manifest.h"

/* What publishers send: an envelope with a manifest in it, and who signed it. */
struct version_envelope {
    struct envelope envelope;
    struct manifest manifest;
    struct envelope_verdict verdict;
};

/* Accepts NULL and a zeroed struct. */
void version_envelope_release(struct version_envelope *envelope);

/* Reads envelope and manifest. Returns 0, VERSIONS_E_SYNTAX, _UNKNOWN, _INVALID, _LARGE, or
 * negative. */
int version_envelope_parse(const void *bytes, size_t size, struct arena *arena,
                           struct version_envelope *ret_envelope,
                           struct versions_failure *failure) MUST_CHECK;

/* The manifest of an envelope that was read. Returns 0, VERSIONS_E_INVALID, or negative. */
int version_envelope_decode(struct version_envelope *envelope, struct arena *arena,
                            struct versions_failure *failure) MUST_CHECK;

/* Writes what is wrong with a member; returns VERSIONS_E_INVALID. */
int version_envelope_refuse(struct versions_failure *failure, const char *path,
                            const char *message);

/*
 * One key of the model must have signed, and no signature that claims to be one of theirs may be
 * wrong. Others may have signed too: whom a device trusts is the device's matter. Inside a tx_run,
 * which holds the keys.
 *
 * Returns 0 with the verdict filled, VERSIONS_E_SIGNATURE, or negative.
 */
int version_envelope_verify(struct db *db, int64_t model_id, struct arena *arena,
                            struct version_envelope *envelope,
                            struct versions_failure *failure) MUST_CHECK;

/* The keys that signed, as digests one behind the other; count of the verdict. */
int version_envelope_keyids(const struct version_envelope *envelope, struct arena *arena,
                            uint8_t **ret_keyids) MUST_CHECK;

#endif
