/* SPDX-License-Identifier: Apache-2.0 */
#include "push/assignments.h"

#include "base/log.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct assignments {
    pthread_mutex_t lock;
    struct assignment **buckets;
    size_t bucket_count; /* a power of two */
    size_t count;
};

#define BUCKETS_AT_FIRST 64

static struct assignment **slot_of(struct assignment **buckets, size_t bucket_count, int64_t id)
{
    /* Fibonacci hashing: ids are consecutive. */
    return &buckets[((uint64_t)id * UINT64_C(0x9E3779B97F4A7C15) >> 32) & (bucket_count - 1)];
}

static struct assignment *find(struct assignments *assignments, int64_t id)
{
    struct assignment *assignment = *slot_of(assignments->buckets, assignments->bucket_count, id);

    while (assignment && assignment->id != id)
        assignment = assignment->chain;
    return assignment;
}

/* Keeps chains short. Where memory ends they grow longer instead. */
static void grow(struct assignments *assignments)
{
    size_t bucket_count = assignments->bucket_count * 2;
    struct assignment **buckets = calloc(bucket_count, sizeof(*buckets));

    if (!buckets)
        return;
    for (size_t i = 0; i < assignments->bucket_count; i++) {
        struct assignment *assignment = assignments->buckets[i];

        while (assignment) {
            struct assignment *chain = assignment->chain;
            struct assignment **slot = slot_of(buckets, bucket_count, assignment->id);

            assignment->chain = *slot;
            *slot = assignment;
            assignment = chain;
        }
    }
    free(assignments->buckets);
    assignments->buckets = buckets;
    assignments->bucket_count = bucket_count;
}

int assignments_new(struct assignments **ret_assignments)
{
    struct assignments *assignments = calloc(1, sizeof(*assignments));

    if (assignments)
        assignments->buckets = calloc(BUCKETS_AT_FIRST, sizeof(struct assignment *));
    if (!assignments || !assignments->buckets) {
        free(assignments);
        return log_fail(ERR_NO_MEMORY, "cannot make the table of assignments: out of memory");
    }
    assignments->bucket_count = BUCKETS_AT_FIRST;
    (void)pthread_mutex_init(&assignments->lock, NULL);
    *ret_assignments = assignments;
    return 0;
}

void assignments_free(struct assignments *assignments)
{
    if (!assignments)
        return;
    for (size_t i = 0; i < assignments->bucket_count; i++) {
        struct assignment *assignment = assignments->buckets[i];

        while (assignment) {
            struct assignment *chain = assignment->chain;

            free(assignment);
            assignment = chain;
        }
    }
    free(assignments->buckets);
    (void)pthread_mutex_destroy(&assignments->lock);
    free(assignments);
}

struct assignment *assignments_hold(struct assignments *assignments, int64_t id)
{
    struct assignment *assignment;

    (void)pthread_mutex_lock(&assignments->lock);
    assignment = find(assignments, id);
    if (assignment)
        assignment->references++;
    (void)pthread_mutex_unlock(&assignments->lock);
    return assignment;
}

static struct assignment *insert(struct assignments *assignments, int64_t id, const char *slots)
{
    size_t size = strlen(slots);
    struct assignment *assignment = malloc(sizeof(*assignment) + size + 1);
    struct assignment **slot;

    if (!assignment)
        return NULL;
    if (assignments->count >= assignments->bucket_count)
        grow(assignments);
    assignment->id = id;
    assignment->references = 0;
    assignment->size = size;
    memcpy(assignment->slots, slots, size + 1);

    slot = slot_of(assignments->buckets, assignments->bucket_count, id);
    assignment->chain = *slot;
    *slot = assignment;
    assignments->count++;
    return assignment;
}

struct assignment *assignments_add(struct assignments *assignments, int64_t id, const char *slots)
{
    struct assignment *assignment;

    (void)pthread_mutex_lock(&assignments->lock);
    assignment = find(assignments, id);
    if (!assignment)
        assignment = insert(assignments, id, slots);
    if (assignment)
        assignment->references++;
    (void)pthread_mutex_unlock(&assignments->lock);
    return assignment;
}

void assignments_drop(struct assignments *assignments, struct assignment *assignment)
{
    struct assignment **slot;

    if (!assignment)
        return;
    (void)pthread_mutex_lock(&assignments->lock);
    assignment->references--;
    if (assignment->references == 0) {
        slot = slot_of(assignments->buckets, assignments->bucket_count, assignment->id);
        while (*slot != assignment)
            slot = &(*slot)->chain;
        *slot = assignment->chain;
        assignments->count--;
        free(assignment);
    }
    (void)pthread_mutex_unlock(&assignments->lock);
}

size_t assignments_count(struct assignments *assignments)
{
    size_t count;

    (void)pthread_mutex_lock(&assignments->lock);
    count = assignments->count;
    (void)pthread_mutex_unlock(&assignments->lock);
    return count;
}
