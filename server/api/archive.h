/* SPDX-License-Identifier: Apache-2.0 */
#ifndef API_ARCHIVE_H
#define API_ARCHIVE_H

#include "http/router.h"

/* Models and versions are taken out of use, and back. */

int archive_on_put(const struct call *call, struct reply *reply);
int archive_on_delete(const struct call *call, struct reply *reply);

#endif
