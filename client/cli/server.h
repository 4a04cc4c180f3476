/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_SERVER_H
#define CLI_SERVER_H

#include "cli/access/profile.h"
#include "cli/cli.h"
#include "lib/http.h"

#include <jansson.h>

/*
 * The server that a command talks to. Functions return 0, an exit status once they reported, or
 * negative (see cli.h).
 */
struct server {
    struct cli *cli;
    struct http *http;
    const char *url; /* without a slash at the end */
    const char *token;
    const char *profile; /* NULL: the environment said where and with what */
};

/*
 * Finds out which server is meant: --profile, else MODELFERRY_URL with MODELFERRY_TOKEN, else
 * MODELFERRY_PROFILE, else the profile "default". Of a profile, MODELFERRY_URL and
 * MODELFERRY_TOKEN override their part. Does not connect.
 *
 * ret_server  server_close() it
 */
int server_open(struct cli *cli, struct server *ret_server) MUST_CHECK;

/* The same for a profile that is not stored yet; its strings are borrowed. */
int server_open_profile(struct cli *cli, const struct profile *profile,
                        struct server *ret_server) MUST_CHECK;

/* Which profile --profile, MODELFERRY_PROFILE or nothing names. */
const char *server_profile_name(const struct cli *cli);

/* Accepts NULL and a zeroed struct. */
void server_close(struct server *server);

/*
 * The address of a resource, in the command's arena: the segments, percent-encoded, behind
 * "<url>/api/v1".
 */
const char *server_address(const struct server *server, const char *const *segments, size_t count);

#define SERVER_ADDRESS(server, ...)                                                                \
    server_address((server), (const char *const[]){__VA_ARGS__},                                   \
                   sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *))

struct server_question {
    const char *what;   /* for the error: "cannot <what>: ..." */
    const char *method; /* NULL: GET, or POST where there is a body */
    const char *address;
    const json_t *body;          /* sent as JSON; NULL: none */
    const char *text;            /* JSON that is sent byte for byte, instead of body */
    const char *idempotency_key; /* NULL: none; with one, it is asked again where no answer came */
    const char *if_match;        /* NULL: none */
    bool must_be_new;            /* refused where there is one already: If-None-Match */
    bool repeatable;             /* changes nothing: asked again where no answer came, too */
    int tolerated;               /* a status that is an answer, not an error; 0: none */
};

/*
 * Asks, and reads JSON.
 *
 * ret_status  the HTTP status; may be NULL
 * ret_answer  a new reference, NULL where the body is empty; may be NULL
 *
 * Returns 0 for 2xx and for the tolerated status.
 */
int server_ask(struct server *server, const struct server_question *question, int *ret_status,
               json_t **ret_answer) MUST_CHECK;

/* GETs a resource. */
int server_get(struct server *server, const char *what, const char *address,
               json_t **ret_answer) MUST_CHECK;

/* GETs a resource as the bytes that it is, at most ret_bytes->ceiling of them. */
int server_get_bytes(struct server *server, const char *what, const char *address,
                     struct buffer *ret_bytes) MUST_CHECK;

/*
 * GETs all pages of a list. query is "" or "state=draft".
 *
 * limit       stop behind so many; 0: all
 * ret_answer  {"items":[…]}
 */
int server_list(struct server *server, const char *what, const char *address, const char *query,
                int64_t limit, json_t **ret_answer) MUST_CHECK;

/* The workspace of the token, in the command's arena. */
int server_workspace(struct server *server, const char **ret_workspace) MUST_CHECK;

/*
 * Reports why a request failed: the problem's detail, or the transfer's error, and what to do.
 *
 * outcome  of http_request()
 *
 * Returns an exit status.
 */
int server_report(struct server *server, const char *what, int outcome,
                  const struct http_response *response);

#endif
