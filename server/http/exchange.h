/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTP_EXCHANGE_H
#define HTTP_EXCHANGE_H

#include <microhttpd.h>
#include <stdbool.h>

struct request;

/*
 * One request and its reply, from the first byte of the request line to the last one sent. These
 * are libmicrohttpd's callbacks; cls is the listener. All run on the connection's I/O thread.
 */
void *exchange_begin(void *cls, const char *uri, struct MHD_Connection *mhd);
enum MHD_Result exchange_handle(void *cls, struct MHD_Connection *connection, const char *url,
                                const char *method, const char *version, const char *upload,
                                size_t *upload_size, void **context);
void exchange_completed(void *cls, struct MHD_Connection *mhd, void **context,
                        enum MHD_RequestTerminationCode why);

/* The connection waits until the request's waker is woken; the listener knows that it does. */
void exchange_sleep(struct request *request);

/* Whether the listener's grace is over: nothing waits any more, nothing more is made. */
bool exchange_is_cut(const struct request *request);

#endif
