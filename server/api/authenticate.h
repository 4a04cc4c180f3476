/* SPDX-License-Identifier: Apache-2.0 */
#ifndef API_AUTHENTICATE_H
#define API_AUTHENTICATE_H

#include "base/error.h"
#include "http/request.h"

/* The api listener's `authenticate`: API tokens, by core/tokens. context is its struct api, worker
 * its struct db. */
int authenticate_token(void *context, void *worker, const char *token, struct arena *arena,
                       struct principal *ret_principal) MUST_CHECK;

/* What a token with this role may do; 0 where there is no such role. */
unsigned authenticate_roles(const char *role);

/* The inverse; "" where it is not exactly one of them. */
const char *authenticate_role_name(unsigned role);

#endif
