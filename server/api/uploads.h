/* SPDX-License-Identifier: Apache-2.0 */
#ifndef API_UPLOADS_H
#define API_UPLOADS_H

#include "http/router.h"

/* tus 1.0.0: creation, creation-with-upload, checksum, termination, expiration. */

/* What is supported. */
int uploads_options(const struct call *call, struct reply *reply);
/* Announces an upload; bytes may come along (ROUTE_STREAM). */
int uploads_create(const struct call *call, struct reply *reply);
/* Where an upload is. */
int uploads_head(const struct call *call, struct reply *reply);
/* More bytes (ROUTE_STREAM). */
int uploads_patch(const struct call *call, struct reply *reply);
int uploads_delete(const struct call *call, struct reply *reply);

#endif
