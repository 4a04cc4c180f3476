/* SPDX-License-Identifier: Apache-2.0 */
#include "device/newcomers.h"

#include "base/log.h"
#include "crypto/secret.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* In thousandths of a look-up. */
#define CREDIT_MAX ((int64_t)NEWCOMERS_BURST * 1000)

struct wrong {
    uint8_t token[NEWCOMERS_TOKEN_SIZE];
    int64_t until_ms; /* 0: nothing is here */
};

struct newcomers {
    pthread_mutex_t lock;
    int64_t credit;
    int64_t credited_ms;
    struct wrong wrong[NEWCOMERS_REMEMBERED]; /* where their first bytes say; the last one stays */
};

int newcomers_new(struct newcomers **ret_newcomers)
{
    struct newcomers *newcomers = calloc(1, sizeof(*newcomers));

    if (!newcomers)
        return log_fail(ERR_NO_MEMORY, "cannot remember wrong tokens: out of memory");
    (void)pthread_mutex_init(&newcomers->lock, NULL);
    newcomers->credit = CREDIT_MAX;
    *ret_newcomers = newcomers;
    return 0;
}

void newcomers_free(struct newcomers *newcomers)
{
    if (!newcomers)
        return;
    (void)pthread_mutex_destroy(&newcomers->lock);
    free(newcomers);
}

/* A hash is uniform. */
static struct wrong *place_of(struct newcomers *newcomers, const uint8_t *token)
{
    uint32_t word;

    memcpy(&word, token, sizeof(word));
    return &newcomers->wrong[word % NEWCOMERS_REMEMBERED];
}

static void earn(struct newcomers *newcomers, int64_t now_ms)
{
    int64_t passed_ms = now_ms - newcomers->credited_ms;

    if (passed_ms > CREDIT_MAX)
        passed_ms = CREDIT_MAX;
    newcomers->credited_ms = now_ms;
    newcomers->credit += passed_ms * NEWCOMERS_PER_S;
    if (newcomers->credit > CREDIT_MAX)
        newcomers->credit = CREDIT_MAX;
}

int newcomers_ask(struct newcomers *newcomers, const uint8_t token[static NEWCOMERS_TOKEN_SIZE],
                  int64_t now_ms)
{
    const struct wrong *wrong = place_of(newcomers, token);
    int r = 0;

    (void)pthread_mutex_lock(&newcomers->lock);
    earn(newcomers, now_ms);
    if (now_ms < wrong->until_ms && secret_equal(wrong->token, token, NEWCOMERS_TOKEN_SIZE))
        r = NEWCOMERS_E_WRONG;
    else if (newcomers->credit < 1000)
        r = NEWCOMERS_E_BUSY;
    else
        newcomers->credit -= 1000;
    (void)pthread_mutex_unlock(&newcomers->lock);
    return r;
}

void newcomers_wrong(struct newcomers *newcomers, const uint8_t token[static NEWCOMERS_TOKEN_SIZE],
                     int64_t now_ms)
{
    struct wrong *wrong = place_of(newcomers, token);

    (void)pthread_mutex_lock(&newcomers->lock);
    memcpy(wrong->token, token, NEWCOMERS_TOKEN_SIZE);
    wrong->until_ms = now_ms + NEWCOMERS_MEMORY_MS;
    (void)pthread_mutex_unlock(&newcomers->lock);
}
