/* SPDX-License-Identifier: Apache-2.0 */
#include "http/tls.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"
#include "http/connection.h"
#include "http/listener_state.h"

#include <fcntl.h>
#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <string.h>

#define PEM_BYTES_MAX ((size_t)1 << 20)
#define CHAIN_MAX 8

/* Kept until the listener goes: a handshake may still use it after a reload. */
struct identity {
    struct identity *older;
    gnutls_pcert_st chain[CHAIN_MAX];
    unsigned length;
    gnutls_privkey_t key;
    gnutls_x509_trust_list_t clients_of; /* CAs that clients' certificates come from; or NULL */
};

struct tls {
    char *cert_file;
    char *key_file;
    char *client_ca_file; /* NULL: no client certificates */
    char *client_ca;      /* as it was at first */
    _Atomic(struct identity *) identity;
};

static void identity_free(struct identity *identity)
{
    for (unsigned i = 0; i < identity->length; i++)
        gnutls_pcert_deinit(&identity->chain[i]);
    if (identity->key)
        gnutls_privkey_deinit(identity->key);
    if (identity->clients_of)
        gnutls_x509_trust_list_deinit(identity->clients_of, 1);
    free(identity);
}

DEFINE_CLEANUP(cleanup_identity, struct identity *, identity_free);
DEFINE_CLEANUP(cleanup_tls, struct tls *, tls_free);

static int read_pem(const char *path, char **ret_text, gnutls_datum_t *ret_datum)
{
    size_t size;
    int r;

    r = file_read(AT_FDCWD, path, PEM_BYTES_MAX, ret_text, &size);
    if (r > 0)
        return log_fail(ERR_INTERNAL, "cannot read '%s': %s", path,
                        r == FILE_E_MISSING ? "no such file" : "larger than 1 MiB");
    if (r)
        return r;
    *ret_datum = (gnutls_datum_t){(unsigned char *)*ret_text, (unsigned)size};
    return 0;
}

static int load_chain(struct identity *identity, const char *path)
{
    AUTO_FREE char *text = NULL;
    unsigned length = CHAIN_MAX;
    gnutls_datum_t pem;
    int r;

    r = read_pem(path, &text, &pem);
    if (r)
        return r;
    r = gnutls_pcert_list_import_x509_raw(identity->chain, &length, &pem, GNUTLS_X509_FMT_PEM,
                                          GNUTLS_X509_CRT_LIST_FAIL_IF_UNSORTED);
    if (r < 0)
        return log_fail(ERR_INTERNAL, "cannot use the certificate in '%s': %s", path,
                        gnutls_strerror(r));
    identity->length = length;
    return 0;
}

static int load_key(struct identity *identity, const char *path)
{
    AUTO_FREE char *text = NULL;
    gnutls_datum_t pem;
    int r;

    r = read_pem(path, &text, &pem);
    if (r)
        return r;
    r = gnutls_privkey_init(&identity->key);
    if (r == 0)
        r = gnutls_privkey_import_x509_raw(identity->key, &pem, GNUTLS_X509_FMT_PEM, NULL, 0);
    gnutls_memset(text, 0, pem.size);
    if (r < 0)
        return log_fail(ERR_INTERNAL, "cannot use the key in '%s': %s", path, gnutls_strerror(r));
    return 0;
}

static int load_client_ca(struct identity *identity, const char *path)
{
    AUTO_FREE char *text = NULL;
    gnutls_datum_t pem;
    int r;

    r = read_pem(path, &text, &pem);
    if (r)
        return r;
    r = gnutls_x509_trust_list_init(&identity->clients_of, 0);
    if (r == 0)
        r = gnutls_x509_trust_list_add_trust_mem(identity->clients_of, &pem, NULL,
                                                 GNUTLS_X509_FMT_PEM, 0, 0);
    if (r <= 0)
        return log_fail(ERR_INTERNAL, "cannot use the client CA in '%s': %s", path,
                        r < 0 ? gnutls_strerror(r) : "it holds no certificate");
    return 0;
}

/* Two halves of different renewals would fail every handshake. */
static int check_pair(const struct identity *identity, const struct tls *tls)
{
    unsigned char of_cert[32] = {0};
    unsigned char of_key[32] = {0};
    size_t cert_size = sizeof(of_cert);
    size_t key_size = sizeof(of_key);
    gnutls_pubkey_t public;
    int r;

    r = gnutls_pubkey_init(&public);
    if (r == 0) {
        r = gnutls_pubkey_import_privkey(public, identity->key, 0, 0);
        if (r == 0)
            r = gnutls_pubkey_get_key_id(public, GNUTLS_KEYID_USE_SHA256, of_key, &key_size);
        gnutls_pubkey_deinit(public);
    }
    if (r == 0)
        r = gnutls_pubkey_get_key_id(identity->chain[0].pubkey, GNUTLS_KEYID_USE_SHA256, of_cert,
                                     &cert_size);
    if (r < 0 || memcmp(of_cert, of_key, sizeof(of_cert)) != 0)
        return log_fail(ERR_INTERNAL, "the certificate in '%s' does not belong to the key in '%s'",
                        tls->cert_file, tls->key_file);
    return 0;
}

int tls_reload(struct tls *tls)
{
    CLEANUP(cleanup_identity) struct identity *identity = calloc(1, sizeof(*identity));
    int r;

    if (!identity)
        return log_fail(ERR_NO_MEMORY, "cannot load '%s': out of memory", tls->cert_file);
    r = load_chain(identity, tls->cert_file);
    if (!r)
        r = load_key(identity, tls->key_file);
    if (!r)
        r = check_pair(identity, tls);
    if (!r && tls->client_ca_file)
        r = load_client_ca(identity, tls->client_ca_file);
    if (r)
        return r;
    identity->older = atomic_load(&tls->identity);
    atomic_store(&tls->identity, TAKE_PTR(identity));
    return 0;
}

int tls_new(const char *cert_file, const char *key_file, const char *client_ca_file,
            struct tls **ret_tls)
{
    CLEANUP(cleanup_tls) struct tls *tls = calloc(1, sizeof(*tls));
    gnutls_datum_t ca;
    int r;

    if (!tls)
        return log_fail(ERR_NO_MEMORY, "cannot load '%s': out of memory", cert_file);
    tls->cert_file = strdup(cert_file);
    tls->key_file = strdup(key_file);
    tls->client_ca_file = client_ca_file ? strdup(client_ca_file) : NULL;
    if (!tls->cert_file || !tls->key_file || (client_ca_file && !tls->client_ca_file))
        return log_fail(ERR_NO_MEMORY, "cannot load '%s': out of memory", cert_file);
    r = tls_reload(tls);
    if (!r && client_ca_file)
        r = read_pem(client_ca_file, &tls->client_ca, &ca);
    if (r)
        return r;
    *ret_tls = TAKE_PTR(tls);
    return 0;
}

void tls_free(struct tls *tls)
{
    struct identity *identity;

    if (!tls)
        return;
    identity = atomic_load(&tls->identity);
    while (identity) {
        struct identity *older = identity->older;

        identity_free(identity);
        identity = older;
    }
    free(tls->client_ca);
    free(tls->client_ca_file);
    free(tls->key_file);
    free(tls->cert_file);
    free(tls);
}

const char *tls_client_ca(const struct tls *tls)
{
    return tls->client_ca;
}

/* The first that applies is said. */
static const struct {
    unsigned status;
    const char *what;
} peer_problems[] = {
    {GNUTLS_CERT_EXPIRED,          "the client certificate has expired: renew it"                  },
    {GNUTLS_CERT_NOT_ACTIVATED,    "the client certificate is not valid yet: is its clock right?"  },
    {GNUTLS_CERT_PURPOSE_MISMATCH,
     "the certificate is not meant for clients: its extended key usage "
     "lacks clientAuth"                                                                            },
    {~0U,                          "the client certificate was not signed by the CA of this server"},
};

static const char *explain_peer(unsigned status)
{
    size_t i = 0;

    while (!(peer_problems[i].status & status))
        i++;
    return peer_problems[i].what;
}

/* A peer's certificates, the leaf first. */
struct peer {
    gnutls_x509_crt_t chain[CHAIN_MAX];
    unsigned length;
};

static void peer_release(struct peer *peer)
{
    for (unsigned i = 0; i < peer->length; i++)
        gnutls_x509_crt_deinit(peer->chain[i]);
}

static bool read_peer(gnutls_session_t session, struct peer *peer)
{
    unsigned count = 0;
    const gnutls_datum_t *raw = gnutls_certificate_get_peers(session, &count);

    for (; raw && peer->length < count && peer->length < CHAIN_MAX; peer->length++) {
        gnutls_x509_crt_t *next = &peer->chain[peer->length];

        if (gnutls_x509_crt_init(next) < 0)
            return false;
        if (gnutls_x509_crt_import(*next, &raw[peer->length], GNUTLS_X509_FMT_DER) < 0) {
            gnutls_x509_crt_deinit(*next);
            return false;
        }
    }
    return peer->length > 0;
}

const char *tls_peer_problem(const struct tls *tls, struct MHD_Connection *connection,
                             bool *verified)
{
    gnutls_typed_vdata_st purpose = {.type = GNUTLS_DT_KEY_PURPOSE_OID,
                                     .data = (unsigned char *)(uintptr_t)GNUTLS_KP_TLS_WWW_CLIENT};
    const struct identity *identity = atomic_load(&tls->identity);
    CLEANUP(peer_release) struct peer peer = {0};
    const union MHD_ConnectionInfo *info;
    unsigned status = ~0U;

    if (!identity->clients_of || *verified)
        return NULL;
    info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);
    if (!info || !read_peer((gnutls_session_t)info->tls_session, &peer) ||
        gnutls_x509_trust_list_verify_crt2(identity->clients_of, peer.chain, peer.length, &purpose,
                                           1, 0, &status, NULL) < 0)
        return "a client certificate is needed that the CA of this server has signed";
    if (status != 0)
        return explain_peer(status);
    *verified = true;
    return NULL;
}

/* libmicrohttpd makes the session's pointer its connection. */
static int find_identity(gnutls_session_t session, const gnutls_datum_t *ca_names, int ca_count,
                         const gnutls_pk_algorithm_t *algorithms, int algorithm_count,
                         gnutls_pcert_st **ret_chain, unsigned *ret_length,
                         gnutls_privkey_t *ret_key)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(
        gnutls_session_get_ptr(session), MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    const struct connection *connection = info ? info->socket_context : NULL;
    const struct listener *listener;
    struct identity *identity;

    (void)ca_names;
    (void)ca_count;
    (void)algorithms;
    (void)algorithm_count;
    if (!connection)
        return -1;
    listener = connection->owner;
    /* the names that libmicrohttpd would send are those of the CA at the start */
    gnutls_certificate_send_x509_rdn_sequence(session, 1);
    identity = atomic_load(&listener->tls->identity);
    *ret_chain = identity->chain;
    *ret_length = identity->length;
    *ret_key = identity->key;
    return 0;
}

void *tls_callback(void)
{
    gnutls_certificate_retrieve_function2 *callback = find_identity;
    void *address;

    memcpy(&address, &callback, sizeof(address)); /* ISO C has no cast for this */
    return address;
}
