/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_REGISTRY_VARIANTS_H
#define CORE_REGISTRY_VARIANTS_H

#include "core/registry/versions.h"

/*
 * Variants that are added to a version after it was published: conversions. Each is a manifest of
 * one variant, signed by itself, that names the version's own (adds_to). Neither it nor the version
 * ever changes.
 */

enum {
    VARIANTS_E_DRAFT = 48,  /* the version is a draft: its manifest may still change */
    VARIANTS_E_EXISTS = 49, /* the version has that variant, by another document */
    VARIANTS_E_FULL = 50,   /* it has MANIFEST_VARIANTS_MAX of them */
    VARIANTS_E_NONE = 51,   /* it has no such variant */
};

/*
 * Takes a signed envelope. The same bytes again are a success.
 *
 * ret_version  with the variant
 * ret_created  false: it was there already
 *
 * Returns 0, VERSIONS_E_SYNTAX, _UNKNOWN, _INVALID, _LARGE, _MODEL, _MISSING, _ARCHIVED,
 * _SIGNATURE, _ARTIFACTS, _FORMAT, VARIANTS_E_DRAFT, _EXISTS, _FULL, or negative.
 */
int variants_add(struct db *db, const struct versions_place *place, const char *version,
                 const void *bytes, size_t size, struct arena *arena, struct q_version *ret_version,
                 bool *ret_created, struct versions_failure *ret_failure) MUST_CHECK;

/* The envelope that a variant, "runtime/hardware/precision", is signed in, verbatim. Returns 0,
 * VERSIONS_E_MODEL, _MISSING, VARIANTS_E_NONE, or negative. */
int variants_manifest(struct db *db, const struct versions_place *place, const char *version,
                      const char *variant, struct arena *arena, const void **ret_bytes,
                      size_t *ret_size) MUST_CHECK;

#endif
