/* SPDX-License-Identifier: Apache-2.0 */
#include "http/admission.h"
#include "crypto/secret.h"
#include "crypto/text.h"

#include "base/cleanup.h"
#include "http/listener_state.h"
#include "http/problems.h"
#include "http/reply_state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TOKEN_LENGTH_MAX 128

/* What the headers say, in one pass. */
struct scan {
    const char *authorization;
    const char *content_length;
    const char *transfer_encoding;
    unsigned authorizations;
    unsigned lengths;
    unsigned encodings;
    bool expects_continue;
};

static enum MHD_Result scan_header(void *arg, enum MHD_ValueKind kind, const char *name,
                                   size_t name_size, const char *value, size_t value_size)
{
    struct scan *scan = arg;

    (void)kind;
    (void)value_size;
    /* by length first: most headers are none of these */
    if (name_size == 13 && strcasecmp(name, "Authorization") == 0) {
        scan->authorization = value;
        scan->authorizations++;
    } else if (name_size == 14 && strcasecmp(name, "Content-Length") == 0) {
        scan->content_length = value;
        scan->lengths++;
    } else if (name_size == 17 && strcasecmp(name, "Transfer-Encoding") == 0) {
        scan->transfer_encoding = value;
        scan->encodings++;
    } else if (name_size == 6 && strcasecmp(name, "Expect") == 0) {
        scan->expects_continue = value && strcasecmp(value, "100-continue") == 0;
    }
    return MHD_YES;
}

/* Where two readers of the same headers could disagree about the body, the request is refused and
 * the connection closed (RFC 9112, 6.3). */
static bool check_framing(struct request *request, const struct scan *scan, struct reply *reply)
{
    const char *wrong = NULL;

    if (scan->lengths > 1)
        wrong = "Content-Length is given more than once";
    else if (scan->lengths && scan->encodings)
        wrong = "Content-Length and Transfer-Encoding exclude each other";
    else if (scan->encodings > 1 ||
             (scan->encodings && strcasecmp(scan->transfer_encoding, "chunked") != 0))
        wrong = "the only Transfer-Encoding understood here is 'chunked'";
    if (wrong) {
        request->closes = true;
        reply_problem(reply, &problems_bad_request, "%s", wrong);
        return false;
    }
    request->content_length = 0;
    if (scan->encodings)
        request->content_length = UINT64_MAX;
    else if (scan->lengths)
        request->content_length = strtoull(scan->content_length, NULL, 10); /* checked by MHD */
    request->has_body = request->content_length > 0;
    request->expects_continue = scan->expects_continue;
    return true;
}

static bool check_uri(struct request *request, struct reply *reply)
{
    const char *query = request_query_text(request);
    const char *wrong;

    if (request->uri[0] != '/' || !decode_valid(request->uri)) {
        reply_problem(reply, &problems_bad_request,
                      "the path is not valid percent-encoded UTF-8 without control characters");
        return false;
    }
    if (!*query)
        return true;
    wrong = decode_query(&request->arena, query, &request->queries);
    if (wrong)
        reply_problem(reply, &problems_bad_request, "%s", wrong);
    return !wrong;
}

static bool decode_params(struct request *request, const struct route_match *match,
                          struct reply *reply)
{
    for (size_t i = 0; i < match->captures; i++) {
        struct decode_pair *pair = arena_alloc(&request->arena, sizeof(*pair));

        pair->name =
            arena_strndup(&request->arena, match->capture[i].name, match->capture[i].name_length);
        pair->value = decode_percent(&request->arena, match->capture[i].value,
                                     match->capture[i].value_length, false);
        if (!pair->value) {
            reply_problem(reply, &problems_bad_request, "the path is not valid UTF-8");
            return false;
        }
        pair->next = request->params;
        request->params = pair;
    }
    return true;
}

static bool find_route(struct request *request, const char *method, struct reply *reply)
{
    char allow[ROUTER_ALLOW_SIZE];
    struct route_match match;
    int r;

    request->method = method;
    r = router_match(request->listener->config.routes, method, request->uri, &match, allow);
    if (r == ROUTER_E_METHOD) {
        reply_problem(reply, &problems_method_not_allowed, "'%s' is not allowed here, only %s",
                      method, allow);
        reply_header(reply, "Allow", allow);
        return false;
    }
    if (r) {
        reply_problem(reply, &problems_not_found, "there is nothing at '%s'", request->uri);
        return false;
    }
    request->route = match.route;
    /* the route's own text outlives the connection */
    request->method = strcmp(method, "HEAD") == 0 ? "HEAD" : match.route->method;
    return decode_params(request, &match, reply);
}

static bool check_body(struct request *request, struct reply *reply)
{
    const struct route *route = request->route;

    if (route->mode == ROUTE_STREAM || !request->has_body)
        return true;
    if (route->mode == ROUTE_INLINE || route->body_limit == 0) {
        reply_problem(reply, &problems_bad_request, "'%s %s' takes no body", request->method,
                      request->uri);
        return false;
    }
    if (request->content_length != UINT64_MAX && request->content_length > route->body_limit) {
        reply_problem(reply, &problems_too_large,
                      "the body is larger than the %zu bytes allowed here", route->body_limit);
        return false;
    }
    return true;
}

/* The password of "Basic base64(user:password)", in the arena; NULL where it is no such thing. */
static const char *basic_password(struct request *request, const char *credentials)
{
    char text[TOKEN_LENGTH_MAX + 128];
    size_t size;
    char *colon;
    const char *password = NULL;

    if (text_unbase64(credentials, (uint8_t *)text, sizeof(text) - 1, &size)) {
        text[size] = '\0';
        colon = strchr(text, ':');
        if (colon && strlen(text) == size)
            password = arena_strdup(&request->arena, colon + 1);
    }
    secret_wipe(text, sizeof(text));
    return password;
}

/* A bearer token as it came, or the password of Basic authentication; NULL: neither. */
static const char *token_of(struct request *request, const char *authorization)
{
    static const char bearer[] = "Bearer ";
    static const char basic[] = "Basic ";

    if (strncasecmp(authorization, bearer, sizeof(bearer) - 1) == 0)
        return authorization + sizeof(bearer) - 1 + strspn(authorization + sizeof(bearer) - 1, " ");
    if (strncasecmp(authorization, basic, sizeof(basic) - 1) == 0)
        return basic_password(request, authorization + sizeof(basic) - 1);
    return NULL;
}

/* Whether a token is there, or none is needed. */
static bool find_token(struct request *request, const struct scan *scan, struct reply *reply)
{
    const char *token;
    size_t length;

    if (scan->authorizations > 1) {
        reply_problem(reply, &problems_bad_request, "Authorization is given more than once");
        return false;
    }
    if (!scan->authorization && request->route->flags & ROUTE_OPEN &&
        request->listener->config.open)
        return true;
    token = scan->authorization ? token_of(request, scan->authorization) : NULL;
    if (!token) {
        reply_problem(reply, &problems_unauthenticated,
                      "a token is needed: 'Authorization: Bearer TOKEN'");
        return false;
    }
    length = strlen(token);
    if (length == 0 || length > TOKEN_LENGTH_MAX) {
        reply_problem(reply, &problems_unauthenticated, "this is not a token of this server");
        return false;
    }
    /* inline it is used at once; a worker's copy has to live until it runs */
    request->token = request->listener->config.inline_auth
                         ? token
                         : arena_strndup(&request->arena, token, length);
    return true;
}

/* The certificate, where the listener wants one. */
static bool check_peer(struct request *request, struct reply *reply)
{
    const struct tls *tls = request->listener->tls;
    const char *wrong = NULL;

    if (tls)
        wrong = tls_peer_problem(tls, request->waker.connection, &request->connection->verified);
    if (wrong) {
        request->closes = true;
        reply_problem(reply, &problems_forbidden, "%s", wrong);
    }
    return !wrong;
}

bool admission_check(struct request *request, const char *method, const char *version,
                     struct reply *reply)
{
    struct scan scan = {0};

    request->method = method;
    if (!check_peer(request, reply))
        return false;
    request->is_http_1_1 = strcmp(version, "HTTP/1.1") == 0;
    (void)MHD_get_connection_values_n(request->waker.connection, MHD_HEADER_KIND, scan_header,
                                      &scan);
    if (!check_framing(request, &scan, reply) || !check_uri(request, reply) ||
        !find_route(request, method, reply))
        return false;
    if (request->route->roles != ROLES_PUBLIC && !find_token(request, &scan, reply))
        return false;
    if (request->listener->config.inline_auth && !admission_authenticate(request, NULL, reply))
        return false;
    return check_body(request, reply);
}

static const char *role_names(unsigned roles, char *text, size_t size)
{
    static const struct {
        unsigned role;
        const char *name;
    } names[] = {
        {ROLE_VIEWER,    "viewer"   },
        {ROLE_OPERATOR,  "operator" },
        {ROLE_PUBLISHER, "publisher"},
        {ROLE_ADMIN,     "admin"    },
        {ROLE_DEVICE,    "device"   },
    };
    size_t used = 0;

    text[0] = '\0';
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (roles & names[i].role && used < size)
            used += (size_t)snprintf(text + used, size - used, "%s%s", used ? " or " : "",
                                     names[i].name);
    return text;
}

bool admission_authenticate(struct request *request, void *worker, struct reply *reply)
{
    const struct listener_config *config = &request->listener->config;
    unsigned roles = request->route->roles;
    char names[64];
    int r;

    if (roles == ROLES_PUBLIC || request->principal_known || !request->token)
        return true; /* without a token find_token() let nobody but the welcome pass */
    r = config->authenticate(config->context, worker, request->token, &request->arena,
                             &request->principal);
    if (r == LISTENER_E_LATER && !worker) {
        request->token = arena_strdup(&request->arena, request->token);
        return true;
    }
    if (r == LISTENER_E_TOKEN) {
        reply_problem(reply, &problems_unauthenticated,
                      "the token is unknown, expired or revoked; get a new one");
        return false;
    }
    if (r) {
        reply_settle(reply, r < 0 ? r : ERR_INTERNAL);
        return false;
    }
    request->principal_known = true;
    if (request->principal.roles & roles)
        return true;
    reply_problem(reply, &problems_forbidden,
                  "this needs a token with the role %s; this one has %s",
                  role_names(roles, names, sizeof(names)),
                  role_names(request->principal.roles, (char[64]){0}, 64));
    return false;
}
