/* SPDX-License-Identifier: Apache-2.0 */
#include "http/exchange.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "http/admission.h"
#include "http/listener_state.h"
#include "http/problems.h"
#include "http/reply_state.h"

#include <stdlib.h>
#include <string.h>

#define RING_BYTES ((size_t)256 << 10)
/* Bodies of all requests together that are held in memory for workers. */
#define COLLECTED_BYTES_MAX ((size_t)128 << 20)
/* A body has to come at this pace at least, or it counts as stalled. */
#define BODY_BYTES_PER_S 1024

static int64_t now_ms(const struct listener *listener)
{
    return atomic_load_explicit(&listener->now_ms, memory_order_relaxed);
}

static int64_t now_us(void)
{
    return clock_monotonic_us(clock_system());
}

bool exchange_is_cut(const struct request *request)
{
    return atomic_load(&request->listener->cut);
}

/* ---- waiting for a wake --------------------------------------------------------------------- */

static void list_waiting(struct listener *listener, struct request *request)
{
    (void)pthread_mutex_lock(&listener->wait_lock);
    request->wait_prev = NULL;
    request->wait_next = listener->waiting;
    if (listener->waiting)
        listener->waiting->wait_prev = request;
    listener->waiting = request;
    request->is_listed = true;
    (void)pthread_mutex_unlock(&listener->wait_lock);
}

static void unlist_waiting(struct listener *listener, struct request *request)
{
    if (!request->is_listed)
        return;
    (void)pthread_mutex_lock(&listener->wait_lock);
    if (request->wait_prev)
        request->wait_prev->wait_next = request->wait_next;
    else
        listener->waiting = request->wait_next;
    if (request->wait_next)
        request->wait_next->wait_prev = request->wait_prev;
    (void)pthread_mutex_unlock(&listener->wait_lock);
    request->is_listed = false;
}

void exchange_sleep(struct request *request)
{
    struct listener *listener = request->listener;

    if (!request->is_listed) {
        list_waiting(listener, request);
        /* the stopping thread may have walked the list just before */
        if (atomic_load(&listener->stopping))
            waker_wake(&request->waker);
    }
    if (atomic_load(&listener->cut))
        waker_wake(&request->waker);
    waker_sleep(&request->waker);
}

/* ---- replies -------------------------------------------------------------------------------- */

static enum MHD_Result set_reply(struct request *request, struct reply *reply)
{
    struct MHD_Response *response = reply_finish(reply, atomic_load(&request->listener->stopping));

    if (!response) {
        (void)log_fail(ERR_NO_MEMORY, "no memory for a reply");
        return MHD_NO;
    }
    atomic_store(&request->response, response);
    return MHD_YES;
}

/* What an idle event stream does not need. */
static void shed(struct request *request)
{
    arena_release(&request->arena);
    request->params = NULL;
    request->queries = NULL;
    request->peer = NULL;
    request->principal.name = NULL;
    if (request->work)
        request->work->headers = NULL;
}

/* Hands the reply over. Only before the body starts or when it is complete. */
static enum MHD_Result send_reply(struct request *request)
{
    struct MHD_Response *response = atomic_exchange(&request->response, NULL);
    enum MHD_Result result;

    request->phase = EXCHANGE_SENT;
    connection_deadline(request->connection, CONNECTION_NEVER);
    if (request->principal_known)
        connection_trust(&request->listener->connections, request->connection);
    if (request->source) {
        request->streamed = response;
        shed(request);
    }
    result = MHD_queue_response(request->waker.connection, request->status, response);
    MHD_destroy_response(response);
    return result;
}

/* ---- running handlers ----------------------------------------------------------------------- */

static void call_handler(struct request *request, void *worker, struct reply *reply)
{
    const struct listener_config *config = &request->listener->config;
    const struct route *route = request->route;
    const struct call call = {
        .context = config->context,
        .worker = worker,
        .request = request,
        .arena = &request->arena,
        .principal = &request->principal,
    };
    const char *key = NULL;

    if (route->flags & ROUTE_IDEMPOTENT_KEY && config->idempotent)
        key = request_header(request, "Idempotency-Key");
    reply_settle(reply,
                 key ? config->idempotent(&call, route, key, reply) : route->handle(&call, reply));
}

static enum MHD_Result run_inline(struct request *request)
{
    struct reply reply;

    if (exchange_is_cut(request))
        return MHD_NO;
    reply_init(&reply, request);
    call_handler(request, NULL, &reply);
    if (reply.kind == REPLY_WAIT) {
        exchange_sleep(request);
        return MHD_YES;
    }
    if (set_reply(request, &reply) != MHD_YES)
        return MHD_NO;
    return send_reply(request);
}

static void run_on_worker(struct request *request, void *worker)
{
    struct reply reply;

    reply_init(&reply, request);
    if (admission_authenticate(request, worker, &reply)) {
        if (request->route->mode == ROUTE_INLINE)
            return; /* the I/O thread goes on */
        call_handler(request, worker, &reply);
    }
    if (reply.kind == REPLY_WAIT) {
        (void)log_fail(ERR_INTERNAL, "only inline handlers may wait");
        reply_problem(&reply, &problems_internal, "the server made a mistake");
    }
    /* without a response the I/O thread closes the connection */
    (void)set_reply(request, &reply);
}

static void run_job(struct pool_job *job, void *worker)
{
    struct request_work *work = (struct request_work *)job;
    struct request *request = work->request;
    struct listener *listener = request->listener;

    log_context("listener", listener->config.name);
    log_context("request", request->id);
    if (!waker_is_gone(&request->waker))
        run_on_worker(request, worker);
    log_context("request", NULL);
    log_context("listener", NULL);
    atomic_store(&work->finished, true);
    waker_wake(&request->waker);
    waker_unref(&request->waker);
    (void)atomic_fetch_sub(&listener->jobs, 1);
}

/* What may take long does not hold up what is quick. */
static struct pool *pool_of(const struct listener *listener, const struct route *route)
{
    bool takes_long = route->mode == ROUTE_STREAM || (route->flags & ROUTE_LONG);

    return takes_long && listener->config.stream_pool ? listener->config.stream_pool
                                                      : listener->config.pool;
}

/* Sets a 503 where the queue is full. */
static enum MHD_Result submit(struct request *request)
{
    struct listener *listener = request->listener;
    struct request_work *work = request_work(request);
    struct reply reply;

    if (!work)
        return MHD_NO;
    work->request = request;
    work->job.run = run_job;
    atomic_store(&work->finished, false);
    (void)waker_ref(&request->waker);
    (void)atomic_fetch_add(&listener->jobs, 1);
    if (pool_submit(pool_of(listener, request->route), &work->job) == 0)
        return MHD_YES;
    (void)atomic_fetch_sub(&listener->jobs, 1);
    waker_unref(&request->waker);
    (void)atomic_fetch_add(&listener->rejected, 1);
    reply_init(&reply, request);
    reply_problem(&reply, &problems_unavailable,
                  "the server is busy: too many requests wait already; try again later");
    return set_reply(request, &reply);
}

/* Whether the worker is done with it: a reply is there, or has to be given up. */
static bool is_finished(struct request *request)
{
    return atomic_load(&request->response) ||
           (request->work && atomic_load(&request->work->finished));
}

/* ---- bodies --------------------------------------------------------------------------------- */

static int64_t body_limit_ms(const struct listener *listener)
{
    return now_ms(listener) + atomic_load(&listener->body_timeout_ms);
}

/* A body that trickles in runs out of time like one that stands still. */
static void note_progress(struct request *request, size_t bytes)
{
    struct connection *connection = request->connection;
    int64_t limit = body_limit_ms(request->listener);
    int64_t deadline = atomic_load_explicit(&connection->deadline_ms, memory_order_relaxed);
    int64_t gained = (int64_t)bytes * 1000 / BODY_BYTES_PER_S;

    request->received_bytes += bytes;
    (void)atomic_fetch_add_explicit(&request->listener->body_bytes, bytes, memory_order_relaxed);
    if (deadline == CONNECTION_NEVER || deadline + gained > limit)
        connection_deadline(connection, limit);
    else
        connection_deadline(connection, deadline + gained);
}

/* From here on the body is thrown away, for so long and no longer, however fast it comes. */
static enum MHD_Result begin_drain(struct request *request)
{
    request->phase = EXCHANGE_DRAIN;
    connection_deadline(request->connection, body_limit_ms(request->listener));
    return atomic_load(&request->response) ? MHD_YES : MHD_NO;
}

/* A reply is there although the body is not. Who waits for "100 Continue" gets it at once. Others
 * may read only when they have sent everything: what they send is thrown away until then. */
static enum MHD_Result reply_before_body(struct request *request)
{
    return request->expects_continue ? send_reply(request) : begin_drain(request);
}

static enum MHD_Result refuse_body(struct request *request, const struct problem *problem,
                                   const char *why)
{
    struct reply reply;

    reply_init(&reply, request);
    reply_problem(&reply, problem, "%s", why);
    if (set_reply(request, &reply) != MHD_YES)
        return MHD_NO;
    return begin_drain(request);
}

static bool grow_body(struct request *request, size_t size)
{
    struct request_work *work = request->work;
    struct listener *listener = request->listener;
    size_t capacity = work->body_capacity ? work->body_capacity : 4096;
    char *body;

    while (capacity < size)
        capacity *= 2;
    if (capacity == work->body_capacity)
        return true;
    if (atomic_fetch_add(&listener->collected, capacity - work->body_capacity) >
        COLLECTED_BYTES_MAX)
        body = NULL;
    else
        body = realloc(work->body, capacity);
    if (!body) {
        (void)atomic_fetch_sub(&listener->collected, capacity - work->body_capacity);
        return false;
    }
    work->body = body;
    work->body_capacity = capacity;
    return true;
}

static enum MHD_Result collect(struct request *request, const char *bytes, size_t *size)
{
    struct request_work *work = request->work;
    size_t taken = *size;

    *size = 0;
    if (taken > request->route->body_limit - work->body_size)
        return refuse_body(request, &problems_too_large,
                           arena_printf(&request->arena,
                                        "the body is larger than the %zu bytes allowed here",
                                        request->route->body_limit));
    if (!grow_body(request, work->body_size + taken + 1))
        return refuse_body(request, &problems_unavailable,
                           "the server holds too many large requests; try again later");
    memcpy(work->body + work->body_size, bytes, taken);
    work->body_size += taken;
    work->body[work->body_size] = '\0';
    return MHD_YES;
}

static enum MHD_Result stream(struct request *request, const char *bytes, size_t *size)
{
    size_t taken;

    waker_begin(&request->waker);
    if (is_finished(request)) {
        *size = 0;
        return begin_drain(request);
    }
    taken = ring_write(request->work->ring, bytes, *size);
    *size -= taken;
    note_progress(request, taken);
    if (*size > 0) {
        connection_deadline(request->connection, CONNECTION_NEVER); /* it is we who are slow */
        waker_sleep(&request->waker);
    }
    return MHD_YES;
}

static enum MHD_Result take_body(struct request *request, const char *bytes, size_t *size)
{
    switch (request->phase) {
    case EXCHANGE_COLLECT:
        note_progress(request, *size);
        return collect(request, bytes, size);
    case EXCHANGE_STREAM:
        return stream(request, bytes, size);
    default:
        *size = 0;
        return MHD_YES;
    }
}

/* ---- the states ----------------------------------------------------------------------------- */

/* A worker gets the request before its body. */
static enum MHD_Result offer(struct request *request)
{
    if (!request_work(request) || ring_new(RING_BYTES, &request->work->ring) != 0)
        return MHD_NO;
    request_keep_headers(request);
    request_keep_peer(request);
    return submit(request);
}

/* Until the worker asks for the body, or answers without. */
static enum MHD_Result await_interest(struct request *request)
{
    request->phase = EXCHANGE_OFFERED;
    if (is_finished(request))
        return atomic_load(&request->response) ? reply_before_body(request) : MHD_NO;
    if (ring_wanted(request->work->ring)) {
        request->phase = EXCHANGE_STREAM;
        connection_deadline(request->connection, body_limit_ms(request->listener));
        return MHD_YES;
    }
    waker_sleep(&request->waker);
    return MHD_YES;
}

/* Whose token only a worker can tell. */
static bool awaits_token(const struct request *request)
{
    return request->token && !request->principal_known && request->route->roles != ROLES_PUBLIC;
}

/* The first call: the headers are complete. */
static enum MHD_Result start(struct request *request, const char *method, const char *version)
{
    struct reply reply;

    request->started_us = now_us();
    connection_deadline(request->connection, CONNECTION_NEVER);
    reply_init(&reply, request);
    if (!admission_check(request, method, version, &reply)) {
        if (set_reply(request, &reply) != MHD_YES)
            return MHD_NO;
        return request->closes ? send_reply(request) : reply_before_body(request);
    }
    if (request->route->mode != ROUTE_INLINE || !(request->route->flags & ROUTE_NO_LOG))
        (void)request_id(request); /* polls do without one */
    switch (request->route->mode) {
    case ROUTE_INLINE:
        request->phase = awaits_token(request) ? EXCHANGE_COLLECT : EXCHANGE_INLINE;
        return awaits_token(request) && !request_work(request) ? MHD_NO : MHD_YES;
    case ROUTE_STREAM:
        request->phase = EXCHANGE_STREAM;
        if (!request->has_body)
            return MHD_YES;
        return offer(request) == MHD_YES ? await_interest(request) : MHD_NO;
    case ROUTE_WORKER:
        request->phase = EXCHANGE_COLLECT;
        if (request->has_body)
            connection_deadline(request->connection, body_limit_ms(request->listener));
        return request_work(request) ? MHD_YES : MHD_NO;
    }
    return MHD_NO;
}

static enum MHD_Result await_worker(struct request *request)
{
    request->phase = EXCHANGE_WORK;
    connection_deadline(request->connection, CONNECTION_NEVER);
    if (atomic_load(&request->response))
        return send_reply(request);
    if (is_finished(request)) {
        if (request->route->mode != ROUTE_INLINE || !request->principal_known)
            return MHD_NO;
        request->phase = EXCHANGE_INLINE;
        return run_inline(request);
    }
    waker_sleep(&request->waker);
    return MHD_YES;
}

/* The body is complete. */
static enum MHD_Result end_body(struct request *request)
{
    bool offered = request->work && request->work->ring;

    if (request->phase == EXCHANGE_COLLECT && submit(request) != MHD_YES)
        return MHD_NO;
    if (request->phase == EXCHANGE_STREAM && !offered && offer(request) != MHD_YES)
        return MHD_NO;
    if (request->phase == EXCHANGE_STREAM)
        ring_end(request->work->ring);
    return await_worker(request);
}

static enum MHD_Result proceed(struct request *request)
{
    waker_begin(&request->waker);
    switch (request->phase) {
    case EXCHANGE_INLINE:
        return run_inline(request);
    case EXCHANGE_OFFERED:
        return await_interest(request);
    case EXCHANGE_COLLECT:
    case EXCHANGE_STREAM:
        return end_body(request);
    case EXCHANGE_WORK:
        return await_worker(request);
    case EXCHANGE_DRAIN:
        return send_reply(request);
    default:
        return MHD_NO;
    }
}

void *exchange_begin(void *cls, const char *uri, struct MHD_Connection *mhd)
{
    struct listener *listener = cls;
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    struct connection *connection = info->socket_context;

    if (!connection)
        return NULL;
    atomic_store_explicit(&connection->busy, true, memory_order_relaxed);
    connection_deadline(connection, now_ms(listener) + atomic_load(&listener->header_timeout_ms));
    return request_new(listener, connection, mhd, uri ? uri : "");
}

enum MHD_Result exchange_handle(void *cls, struct MHD_Connection *connection, const char *url,
                                const char *method, const char *version, const char *upload,
                                size_t *upload_size, void **context)
{
    struct request *request = *context;

    (void)cls;
    (void)connection;
    (void)url;
    if (!request)
        return MHD_NO;
    if (request->phase == EXCHANGE_NEW)
        return start(request, method, version);
    if (upload && *upload_size > 0)
        return take_body(request, upload, upload_size);
    return proceed(request);
}

static void log_access(const struct request *request, enum MHD_RequestTerminationCode why)
{
    bool quiet = request->route && request->route->flags & ROUTE_NO_LOG && request->status < 500;
    int64_t took_us;

    if (request->phase == EXCHANGE_NEW || quiet)
        return;
    took_us = now_us() - request->started_us;
    log_context("listener", request->listener->config.name);
    log_context("request", request_id(request));
    log_line(LOG_INFO, "%s %s %u in %lld.%03lld ms from %s%s%s%s", request->method, request->uri,
             request->phase == EXCHANGE_SENT ? request->status : 499U, (long long)(took_us / 1000),
             (long long)(took_us % 1000), request_peer(request),
             request->principal.name ? " by " : "",
             request->principal.name ? request->principal.name : "",
             why == MHD_REQUEST_TERMINATED_COMPLETED_OK ? "" : ", cut off");
    log_context("request", NULL);
    log_context("listener", NULL);
}

/* What must not outlive the exchange, whoever holds references. */
static void let_go(struct request *request)
{
    struct listener *listener = request->listener;
    struct request_work *work = request->work;

    if (work && work->ring)
        ring_cut(work->ring);
    if (work && work->body) {
        (void)atomic_fetch_sub(&listener->collected, work->body_capacity);
        free(TAKE_PTR(work->body));
    }
    request_set_state(request, NULL, NULL);
    unlist_waiting(listener, request);
}

void exchange_completed(void *cls, struct MHD_Connection *mhd, void **context,
                        enum MHD_RequestTerminationCode why)
{
    struct request *request = TAKE_PTR(*context);
    struct listener *listener = cls;
    struct connection *connection;

    (void)mhd;
    if (!request)
        return;
    connection = request->connection;
    waker_end(&request->waker);
    (void)atomic_fetch_add_explicit(&listener->requests, 1, memory_order_relaxed);
    if (request->phase == EXCHANGE_SENT && request->status < 600)
        (void)atomic_fetch_add_explicit(&listener->by_status[request->status / 100], 1,
                                        memory_order_relaxed);
    log_access(request, why);
    let_go(request);
    waker_unref(&request->waker);
    atomic_store_explicit(&connection->busy, false, memory_order_relaxed);
    connection_deadline(connection, now_ms(listener) +
                                        (int64_t)listener->config.idle_timeout_s * 1000 +
                                        atomic_load(&listener->header_timeout_ms));
}
