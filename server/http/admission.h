/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTP_ADMISSION_H
#define HTTP_ADMISSION_H

#include <stdbool.h>

struct request;
struct reply;

/* What has to be right before a handler sees a request. */

/*
 * On the I/O thread, once the headers are complete: reads what they say of the body and the token,
 * finds the route, decodes path and query, and authenticates where the listener does so inline.
 * Returns whether to go on; otherwise reply holds the problem.
 */
bool admission_check(struct request *request, const char *method, const char *version,
                     struct reply *reply);

/*
 * Turns the token into the principal, unless that was done or the route is public, and checks the
 * role. worker is NULL on an I/O thread. Returns as above.
 */
bool admission_authenticate(struct request *request, void *worker, struct reply *reply);

#endif
