/* SPDX-License-Identifier: Apache-2.0 */
#ifndef API_SBOM_H
#define API_SBOM_H

#include "http/router.h"

/* /api/v1/models/{model}/versions/{version}/sbom: what a version consists of and was made from, as
 * a CycloneDX 1.6 ML-BOM (ECMA-424), with nothing in it but what this registry knows. */
int sbom_on_get(const struct call *call, struct reply *reply);

#endif
