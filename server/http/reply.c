/* SPDX-License-Identifier: Apache-2.0 */
#include "http/reply.h"

#include "base/log.h"
#include "http/exchange.h"
#include "http/problems.h"
#include "http/reply_state.h"
#include "http/request_state.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RETRY_AFTER_S "5"

void reply_init(struct reply *reply, struct request *request)
{
    /* text and header are filled as far as they are used */
    reply->request = request;
    reply->kind = REPLY_NONE;
    reply->status = 0;
    reply->content_type = NULL;
    reply->problem = NULL;
    reply->json = NULL;
    reply->bytes = NULL;
    reply->size = 0;
    reply->fd = -1;
    reply->source = NULL;
    reply->headers = 0;
    reply->text_used = 0;
}

/* Forgets the body only; headers stay. */
static void drop_body(struct reply *reply)
{
    json_decref(reply->json);
    free(reply->bytes);
    if (reply->fd >= 0)
        (void)close(reply->fd);
    if (reply->source)
        reply->source->release(reply->source);
    reply->json = NULL;
    reply->bytes = NULL;
    reply->size = 0;
    reply->fd = -1;
    reply->source = NULL;
    reply->problem = NULL;
    reply->content_type = NULL;
    reply->kind = REPLY_NONE;
}

void reply_release(struct reply *reply)
{
    drop_body(reply);
}

void reply_clear(struct reply *reply)
{
    drop_body(reply);
    reply->headers = 0;
    reply->text_used = 0;
}

static char *keep(struct reply *reply, const char *text, size_t length)
{
    char *copy = reply->text + reply->text_used;

    if (length + 1 > sizeof(reply->text) - reply->text_used)
        return arena_strndup(&reply->request->arena, text, length);
    memcpy(copy, text, length);
    copy[length] = '\0';
    reply->text_used += length + 1;
    return copy;
}

static void begin(struct reply *reply, enum reply_kind kind, int status, const char *content_type)
{
    drop_body(reply);
    reply->kind = kind;
    reply->status = status;
    if (content_type)
        reply->content_type = keep(reply, content_type, strlen(content_type));
}

void reply_json_as(struct reply *reply, int status, const char *content_type, json_t *root)
{
    char *text = json_dumps(root, JSON_COMPACT | JSON_ENCODE_ANY);

    json_decref(root);
    if (!text) {
        (void)log_fail(ERR_INTERNAL, "cannot write the reply as JSON");
        reply_problem(reply, &problems_internal, "the reply could not be written");
        return;
    }
    begin(reply, REPLY_BYTES, status, content_type);
    reply->bytes = text;
    reply->size = strlen(text);
}

void reply_json(struct reply *reply, int status, json_t *root)
{
    reply_json_as(reply, status, "application/json", root);
}

void reply_bytes(struct reply *reply, int status, const char *content_type, const void *bytes,
                 size_t size)
{
    char *copy = malloc(size ? size : 1);

    if (!copy) {
        (void)log_fail(ERR_NO_MEMORY, "no memory for a reply of %zu bytes", size);
        reply_problem(reply, &problems_unavailable, "the server is short of memory");
        return;
    }
    if (size)
        memcpy(copy, bytes, size);
    begin(reply, REPLY_BYTES, status, content_type);
    reply->bytes = copy;
    reply->size = size;
}

void reply_empty(struct reply *reply, int status)
{
    begin(reply, REPLY_EMPTY, status, NULL);
}

void reply_header(struct reply *reply, const char *name, const char *value)
{
    if (reply->headers == REPLY_HEADERS_MAX) {
        (void)log_fail(ERR_INTERNAL, "too many reply headers, '%s' is left out", name);
        return;
    }
    reply->header[reply->headers].name = keep(reply, name, strlen(name));
    reply->header[reply->headers].value = keep(reply, value, strlen(value));
    reply->headers++;
}

void reply_headerf(struct reply *reply, const char *name, const char *format, ...)
{
    char value[256];
    va_list args;
    int length;

    va_start(args, format);
    length = vsnprintf(value, sizeof(value), format, args);
    va_end(args);
    if (length < (int)sizeof(value)) {
        reply_header(reply, name, value);
        return;
    }
    va_start(args, format);
    reply_header(reply, name, arena_vprintf(&reply->request->arena, format, args));
    va_end(args);
}

void reply_file(struct reply *reply, int status, const char *content_type, int fd, uint64_t offset,
                uint64_t length)
{
    begin(reply, REPLY_FILE, status, content_type);
    reply->fd = fd;
    reply->offset = offset;
    reply->length = length;
}

void reply_source(struct reply *reply, int status, const char *content_type, uint64_t length,
                  size_t block_bytes, struct source *source)
{
    begin(reply, REPLY_SOURCE, status, content_type);
    reply->source = source;
    reply->length = length;
    reply->block_bytes = block_bytes;
}

void reply_wait(struct reply *reply)
{
    begin(reply, REPLY_WAIT, 0, NULL);
}

void reply_problem(struct reply *reply, const struct problem *problem, const char *format, ...)
{
    char detail[1024];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(detail, sizeof(detail), format, args);
    va_end(args);
    begin(reply, REPLY_PROBLEM, problem->status, "application/problem+json");
    reply->problem = problem;
    /* a detail that quotes a peer may have been cut in the middle of a character */
    for (size_t length = strlen(detail); length && !reply->json; detail[--length] = '\0')
        reply->json = json_pack("{s:s+, s:s, s:i, s:s, s:s}", "type", PROBLEM_TYPE_BASE,
                                problem->slug, "title", problem->title, "status", problem->status,
                                "detail", detail, "request_id", request_id(reply->request));
    if (problem == &problems_unauthenticated)
        reply_header(reply, "WWW-Authenticate", "Bearer");
    if (problem == &problems_unavailable || problem == &problems_too_many)
        reply_header(reply, "Retry-After", RETRY_AFTER_S);
}

void reply_problem_member(struct reply *reply, const char *name, json_t *value)
{
    if (reply->json)
        (void)json_object_set_new(reply->json, name, value);
    else
        json_decref(value);
}

bool reply_copy(const struct reply *reply, struct arena *arena, struct reply_copy *ret_copy)
{
    struct reply_copy copy = {.status = reply->status, .content_type = reply->content_type};

    if (reply->kind == REPLY_BYTES) {
        copy.body = arena_memdup(arena, reply->bytes, reply->size);
        copy.size = reply->size;
    } else if (reply->kind == REPLY_PROBLEM) {
        char *text = json_dumps(reply->json, JSON_COMPACT);

        copy.body = arena_strdup(arena, text ? text : "{}");
        copy.size = text ? strlen(text) : 2;
        free(text);
    } else if (reply->kind != REPLY_EMPTY) {
        return false;
    }
    for (size_t i = 0; i < reply->headers; i++)
        if (strcasecmp(reply->header[i].name, "Location") == 0)
            copy.location = arena_strdup(arena, reply->header[i].value);
    *ret_copy = copy;
    return true;
}

void reply_settle(struct reply *reply, int result)
{
    static const struct {
        int error;
        const struct problem *problem;
        const char *detail;
    } answers[] = {
        {ERR_UNAVAILABLE, &problems_unavailable, "the database is away; try again later"         },
        {ERR_CANCELLED,   &problems_unavailable, "the server is stopping; try again later"       },
        {ERR_NO_MEMORY,   &problems_unavailable, "the server is short of memory; try again later"},
        {ERR_NO_SPACE,    &problems_no_space,
         "the server has no space left; free some of it or "
         "tell its operator"                                                                     },
    };

    if (result == 0 && reply->kind != REPLY_NONE)
        return;
    if (result >= 0)
        (void)log_fail(ERR_INTERNAL, "a handler answered nothing (%d)", result);
    for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
        if (answers[i].error == result) {
            reply_problem(reply, answers[i].problem, "%s", answers[i].detail);
            return;
        }
    }
    reply_problem(reply, &problems_internal,
                  "something went wrong in the server; its log says what, under request %s",
                  request_id(reply->request));
}

/* ---- responses ------------------------------------------------------------------------------ */

/* One header of a response. */
struct first_header {
    char name[64];
    char value[256];
    bool found;
};

static enum MHD_Result find_header(void *arg, enum MHD_ValueKind kind, const char *name,
                                   const char *value)
{
    struct first_header *header = arg;

    (void)kind;
    header->found = strlen(name) < sizeof(header->name) && strlen(value) < sizeof(header->value);
    if (header->found) {
        /* copies: libmicrohttpd looks at the name again after it has freed its own */
        (void)snprintf(header->name, sizeof(header->name), "%s", name);
        (void)snprintf(header->value, sizeof(header->value), "%s", value);
    }
    return MHD_NO;
}

/* The headers are out when a body is asked for; a stream may idle for days, and each header that
 * is kept costs it more than a hundred bytes. */
static void drop_sent_headers(struct MHD_Response *response)
{
    struct first_header header = {0};

    do {
        header.found = false;
        (void)MHD_get_response_headers(response, find_header, &header);
    } while (header.found &&
             MHD_del_response_header(response, header.name, header.value) == MHD_YES);
}

static ssize_t read_source(void *arg, uint64_t position, char *bytes, size_t capacity)
{
    struct request *request = arg;
    ptrdiff_t size;

    (void)position;
    if (request->streamed) {
        drop_sent_headers(request->streamed);
        request->streamed = NULL;
    }
    if (exchange_is_cut(request))
        return MHD_CONTENT_READER_END_WITH_ERROR;
    waker_begin(&request->waker);
    size = request->source->read(request->source, bytes, capacity);
    if (size == SOURCE_END)
        return MHD_CONTENT_READER_END_OF_STREAM;
    if (size == SOURCE_FAIL)
        return MHD_CONTENT_READER_END_WITH_ERROR;
    if (size > 0)
        return size;
    exchange_sleep(request);
    return 0;
}

static void release_source(void *arg)
{
    struct request *request = arg;

    request->source->release(request->source);
    request->source = NULL;
    waker_unref(&request->waker);
}

static struct MHD_Response *response_from_source(struct reply *reply)
{
    struct request *request = reply->request;
    uint64_t length = reply->length == REPLY_LENGTH_UNKNOWN ? MHD_SIZE_UNKNOWN : reply->length;
    /* chunks are made in the connection's memory, the block would lie idle */
    size_t block = length == MHD_SIZE_UNKNOWN && request->is_http_1_1 ? 1 : reply->block_bytes;
    struct MHD_Response *response;

    request->source = reply->source;
    (void)waker_ref(&request->waker);
    response =
        MHD_create_response_from_callback(length, block, read_source, request, release_source);
    if (!response) {
        request->source = NULL;
        waker_unref(&request->waker);
        return NULL;
    }
    reply->source = NULL;
    return response;
}

static struct MHD_Response *response_from_body(struct reply *reply)
{
    struct MHD_Response *response = NULL;

    switch (reply->kind) {
    case REPLY_BYTES:
        response =
            MHD_create_response_from_buffer(reply->size, reply->bytes, MHD_RESPMEM_MUST_FREE);
        if (response)
            reply->bytes = NULL;
        return response;
    case REPLY_PROBLEM:
        reply->bytes = json_dumps(reply->json, JSON_COMPACT);
        reply->size = reply->bytes ? strlen(reply->bytes) : 0;
        reply->kind = REPLY_BYTES;
        return response_from_body(reply);
    case REPLY_FILE:
        response = MHD_create_response_from_fd_at_offset64(reply->length, reply->fd, reply->offset);
        if (response)
            reply->fd = -1;
        return response;
    case REPLY_SOURCE:
        return response_from_source(reply);
    default:
        return MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
    }
}

static void add_header(struct MHD_Response *response, const char *name, const char *value)
{
    if (MHD_add_response_header(response, name, value) != MHD_YES)
        (void)log_fail(ERR_INTERNAL, "cannot add the reply header '%s: %s'", name, value);
}

struct MHD_Response *reply_finish(struct reply *reply, bool closing)
{
    struct MHD_Response *response = response_from_body(reply);

    if (response) {
        if (reply->content_type)
            add_header(response, "Content-Type", reply->content_type);
        for (size_t i = 0; i < reply->headers; i++)
            add_header(response, reply->header[i].name, reply->header[i].value);
        if (reply->request->id[0])
            add_header(response, "X-Request-Id", reply->request->id);
        if (closing)
            add_header(response, "Connection", "close");
        reply->request->status = (uint16_t)reply->status;
    }
    drop_body(reply);
    return response;
}
