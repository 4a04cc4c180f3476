/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/http_request.h"

#include "base/log.h"
#include "lib/http.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>

struct waiting {
    const struct http_request *request;
    struct http_response *response;
    int outcome;
    bool done;
};

static int wait_headers(void *state, const struct http_response *response)
{
    struct waiting *waiting = state;

    return waiting->request->on_headers(waiting->request->state, response);
}

static int wait_body(void *state, const void *bytes, size_t size)
{
    struct waiting *waiting = state;

    return waiting->request->on_body(waiting->request->state, bytes, size);
}

static int wait_progress(void *state, uint64_t done_bytes, uint64_t total_bytes)
{
    struct waiting *waiting = state;

    return waiting->request->on_progress(waiting->request->state, done_bytes, total_bytes);
}

static int64_t wait_upload(void *state, char *bytes, size_t capacity)
{
    struct waiting *waiting = state;

    return waiting->request->on_upload(waiting->request->state, bytes, capacity);
}

static int wait_rewind(void *state)
{
    struct waiting *waiting = state;

    return waiting->request->on_rewind(waiting->request->state);
}

static void wait_done(void *state, int outcome, struct http_response *response)
{
    struct waiting *waiting = state;

    waiting->outcome = outcome;
    waiting->done = true;
    *waiting->response = *response;
    *response = (struct http_response){0};
}

int http_request(struct http *http, const struct http_request *request,
                 struct http_response *ret_response)
{
    struct waiting waiting = {.request = request, .response = ret_response};
    struct http_request wrapped = *request;
    int r;

    wrapped.state = &waiting;
    wrapped.on_headers = request->on_headers ? wait_headers : NULL;
    wrapped.on_body = request->on_body ? wait_body : NULL;
    wrapped.on_progress = request->on_progress ? wait_progress : NULL;
    wrapped.on_upload = request->on_upload ? wait_upload : NULL;
    wrapped.on_rewind = request->on_rewind ? wait_rewind : NULL;
    r = http_start(http, &wrapped, wait_done, NULL);
    if (r)
        return r;
    while (!waiting.done) {
        struct pollfd fds[HTTP_POLL_MAX];
        size_t count = http_poll(http, fds);

        if (poll(fds, count, http_poll_timeout_ms(http)) < 0 && errno != EINTR)
            return log_fail_errno("cannot wait for the network");
        http_dispatch(http, fds, count);
    }
    return waiting.outcome;
}
