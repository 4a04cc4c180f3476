/* SPDX-License-Identifier: Apache-2.0 */
#include "http/request_state.h"

#include "base/clock.h"
#include "http/connection.h"
#include "http/listener_state.h"

#include <stdlib.h>
#include <string.h>

static void destroy(struct waker *waker)
{
    struct request *request = (struct request *)waker;
    struct MHD_Response *response = atomic_load(&request->response);

    if (response)
        MHD_destroy_response(response);
    if (request->work) {
        ring_free(request->work->ring);
        free(request->work->body);
        free(request->work);
    }
    arena_release(&request->arena);
    free(request);
}

/* "http://host/path" is as good as "/path" (RFC 9112, 3.2.2) */
static const char *skip_authority(const char *uri)
{
    const char *after = *uri == '/' ? NULL : strstr(uri, "://");

    if (!after || strcspn(uri, "/?") < (size_t)(after - uri))
        return uri;
    after = strchr(after + 3, '/');
    return after ? after : "/";
}

struct request *request_new(struct listener *listener, struct connection *connection,
                            struct MHD_Connection *mhd, const char *uri)
{
    struct request *request;
    size_t length;
    char *mark;

    uri = skip_authority(uri);
    length = strlen(uri);
    /* not calloc(), which passes by the thread's free lists */
    request = malloc(sizeof(*request) + length + 2);
    if (!request)
        return NULL;
    *request = (struct request){0};
    waker_init(&request->waker, mhd, destroy);
    request->listener = listener;
    request->connection = connection;
    memcpy(request->uri, uri, length + 1);
    request->uri[length + 1] = '\0';
    mark = strchr(request->uri, '?');
    if (mark)
        *mark = '\0';
    return request;
}

const char *request_query_text(const struct request *request)
{
    return request->uri + strlen(request->uri) + 1;
}

struct request_work *request_work(struct request *request)
{
    if (!request->work)
        request->work = calloc(1, sizeof(*request->work));
    return request->work;
}

static enum MHD_Result keep_header(void *arg, enum MHD_ValueKind kind, const char *name,
                                   const char *value)
{
    struct request *request = arg;
    struct decode_pair *pair = arena_alloc(&request->arena, sizeof(*pair));

    (void)kind;
    pair->name = arena_strdup(&request->arena, name);
    pair->value = arena_strdup(&request->arena, value ? value : "");
    pair->next = request->work->headers;
    request->work->headers = pair;
    return MHD_YES;
}

void request_keep_headers(struct request *request)
{
    (void)MHD_get_connection_values(request->waker.connection, MHD_HEADER_KIND, keep_header,
                                    request);
}

/* So many headers that name clients are looked at, the last ones. */
#define FORWARDED_MAX 16

struct forwarded {
    const char *name;
    const char *values[FORWARDED_MAX];
    size_t count;
};

static enum MHD_Result take_forwarded(void *arg, enum MHD_ValueKind kind, const char *name,
                                      const char *value)
{
    struct forwarded *forwarded = arg;

    (void)kind;
    if (!value || strcasecmp(name, forwarded->name) != 0)
        return MHD_YES;
    if (forwarded->count == FORWARDED_MAX) {
        memmove(forwarded->values, forwarded->values + 1,
                (FORWARDED_MAX - 1) * sizeof(forwarded->values[0]));
        forwarded->count--;
    }
    forwarded->values[forwarded->count++] = value;
    return MHD_YES;
}

/* Who is behind a trusted proxy. */
static void resolve_peer(const struct request *request, char peer[static CONNECTION_PEER_SIZE])
{
    const struct proxies *proxies = &request->listener->config.proxies;
    struct forwarded forwarded = {.name = proxies_header_name(proxies)};

    if (proxies->count == 0)
        return;
    (void)MHD_get_connection_values(request->waker.connection, MHD_HEADER_KIND, take_forwarded,
                                    &forwarded);
    proxies_resolve(proxies, forwarded.values, forwarded.count, peer);
}

void request_keep_peer(struct request *request)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(request->waker.connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    char peer[CONNECTION_PEER_SIZE] = "-";

    if (info && info->client_addr)
        connection_peer(info->client_addr, peer);
    resolve_peer(request, peer);
    request->peer = arena_strdup(&request->arena, peer);
}

const char *request_method(const struct request *request)
{
    return request->method;
}

const char *request_path(const struct request *request)
{
    return request->uri;
}

const char *request_id(const struct request *request)
{
    if (!request->id[0]) /* a cache: outwardly const */
        ulid_make(clock_wall_ms(clock_system()), ((struct request *)(uintptr_t)request)->id);
    return request->id;
}

const char *request_peer(const struct request *request)
{
    if (!request->peer)
        request_keep_peer((struct request *)(uintptr_t)request); /* a cache: outwardly const */
    return request->peer;
}

const char *request_param(const struct request *request, const char *name)
{
    return decode_find(request->params, name);
}

const char *request_query(const struct request *request, const char *name)
{
    return decode_find(request->queries, name);
}

const char *request_header(const struct request *request, const char *name)
{
    if (request->work && request->work->headers) {
        for (struct decode_pair *pair = request->work->headers; pair; pair = pair->next)
            if (strcasecmp(pair->name, name) == 0)
                return pair->value;
        return NULL;
    }
    return MHD_lookup_connection_value(request->waker.connection, MHD_HEADER_KIND, name);
}

struct arena *request_arena(struct request *request)
{
    return &request->arena;
}

const struct principal *request_principal(const struct request *request)
{
    return &request->principal;
}

const char *request_body(const struct request *request, size_t *ret_size)
{
    bool has_body = request->work && request->work->body;

    *ret_size = has_body ? request->work->body_size : 0;
    return has_body ? request->work->body : "";
}

int request_read(struct request *request, void *bytes, size_t capacity, size_t *ret_size)
{
    struct ring *ring = request->work->ring;
    bool wake = false;
    int r;

    if (ring_want(ring))
        waker_wake(&request->waker);
    r = ring_read(ring, bytes, capacity, ret_size, &wake);
    if (wake)
        waker_wake(&request->waker);
    if (r == RING_E_CUT)
        return REQUEST_E_GONE;
    return r == RING_E_END ? REQUEST_E_END : 0;
}

uint64_t request_content_length(const struct request *request)
{
    return request->content_length;
}

struct waker *request_waker(struct request *request)
{
    return waker_ref(&request->waker);
}

void request_set_state(struct request *request, void *state, void (*free_state)(void *state))
{
    if (request->state_free && request->state != state)
        request->state_free(request->state);
    request->state = state;
    request->state_free = free_state;
}

void *request_state(const struct request *request)
{
    return request->state;
}
