/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DEVICE_TRUST_H
#define DEVICE_TRUST_H

#include "http/router.h"

/*
 * What a device verifies before it installs: the director's metadata that was signed for it, the
 * image repository, and both at once.
 */

/* GET /device/v1/director/{file}: N.root.json, timestamp.json, N.snapshot.json, N.targets.json. */
int trust_director(const struct call *call, struct reply *reply);

/*
 * GET /device/v1/bundle?director=N&image=N&snapshot=N&targets=N: all that a refresh will ask for,
 * in one reply: {"director": {name: text}, "image": {name: text}}. N are versions that the device
 * trusts (0: none): roots from the next on, snapshot and targets only where they differ. A name
 * with null is a file that does not exist. It is a matter of speed: the device verifies the files
 * as if it had fetched them one by one, and fetches what is missing.
 */
int trust_bundle(const struct call *call, struct reply *reply);

int trust_metadata(const struct call *call, struct reply *reply);
int trust_manifest(const struct call *call, struct reply *reply);
int trust_artifact(const struct call *call, struct reply *reply);

#endif
