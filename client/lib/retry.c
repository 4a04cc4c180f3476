/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/retry.h"

#include "crypto/secret.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static uint64_t draw(const struct retry *retry)
{
    uint64_t number;

    if (retry->random)
        return retry->random(retry->random_state);
    secret_random(&number, sizeof(number));
    return number;
}

static int64_t span_ms(const struct retry *retry)
{
    int64_t span = retry->base_ms;

    for (unsigned i = 0; i < retry->failures && span < retry->cap_ms; i++)
        span *= 2;
    return span < retry->cap_ms ? span : retry->cap_ms;
}

int64_t retry_failed(struct retry *retry, int64_t retry_after_ms)
{
    int64_t span = span_ms(retry);
    int64_t wait = retry_after_ms > 0 ? retry_after_ms : 0;

    if (wait > RETRY_AFTER_MAX_MS)
        wait = RETRY_AFTER_MAX_MS;
    if (retry->failures < 62)
        retry->failures++;
    return wait + (int64_t)(draw(retry) % ((uint64_t)span + 1));
}

void retry_succeeded(struct retry *retry)
{
    retry->failures = 0;
}

int64_t retry_parse_after(const char *text, int64_t wall_ms)
{
    struct tm utc = {0};
    const char *end;
    int64_t ms;

    if (!text)
        return -1;
    if (isdigit((unsigned char)*text)) {
        char *number_end;
        long long seconds;

        errno = 0;
        seconds = strtoll(text, &number_end, 10);
        if (*number_end)
            return -1;
        return errno || seconds > RETRY_AFTER_MAX_MS / 1000 ? RETRY_AFTER_MAX_MS : seconds * 1000;
    }
    end = strptime(text, "%a, %d %b %Y %H:%M:%S GMT", &utc);
    if (!end || *end)
        return -1;
    ms = (int64_t)timegm(&utc) * 1000 - wall_ms;
    if (ms > RETRY_AFTER_MAX_MS)
        return RETRY_AFTER_MAX_MS;
    return ms > 0 ? ms : 0;
}
