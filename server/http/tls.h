/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTP_TLS_H
#define HTTP_TLS_H

#include "base/error.h"

#include <stdbool.h>

struct MHD_Connection;

/* A listener's certificate and key and the CA that devices' certificates must come from. All may be
 * replaced while it serves. */
struct tls;

/* client_ca_file may be NULL: no client certificates. */
int tls_new(const char *cert_file, const char *key_file, const char *client_ca_file,
            struct tls **ret_tls) MUST_CHECK;
/* Accepts NULL. Not while handshakes are under way. */
void tls_free(struct tls *tls);

/* Reads the files again; keeps what it had where they are not good. */
int tls_reload(struct tls *tls) MUST_CHECK;

/* PEM, or NULL: for MHD_OPTION_HTTPS_MEM_TRUST, which makes the library ask for certificates. What
 * they are worth is said by tls_peer_problem(). */
const char *tls_client_ca(const struct tls *tls);

/*
 * What is wrong with the certificate that the client showed, if it needs one; NULL: nothing, which
 * verified remembers.
 */
const char *tls_peer_problem(const struct tls *tls, struct MHD_Connection *connection,
                             bool *verified);

/* What MHD_OPTION_HTTPS_CERT_CALLBACK wants; finds its struct tls by way of the listener. */
void *tls_callback(void);

#endif
