/* SPDX-License-Identifier: Apache-2.0 */
#include "blob/ingest.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "blob/read.h"
#include "blob/segment.h"
#include "blob/store.h"
#include "db/q_artifact.h"
#include "db/q_chunk.h"
#include "db/q_upload.h"

#include <assert.h>
#include <inttypes.h>
#include <pthread.h>
#include <string.h>

/* How often one segment is stored again because chunks were reclaimed under it. */
#define TRIES 5

/*
 * Two segments take turns: one is filled by the caller while the other is stored by the writer
 * thread, which exists from the first full segment on. `pending` hands a segment over; while it is
 * set, the segment, the store and the database connection are the writer's.
 */
struct ingest {
    struct db *db;
    const struct upload *upload;
    struct store *store;
    bool staged;
    int64_t expires_ms;
    int (*stored)(struct db *db, void *arg, const struct upload *upload);
    void *arg; /* for stored */

    struct segment segments[2];
    size_t filling;        /* which of them */
    uint64_t received_end; /* offset behind the last byte received */

    /* The upload as the database has it; the writer's while it runs. */
    uint64_t offset_bytes;
    uint8_t state_saved[DIGEST_SHA256_SAVED_SIZE]; /* at offset_bytes */
    uint32_t tail_bytes;
    bool tail_taken; /* the early-cut chunk is in the first segment, to be replaced */
    bool wrote;      /* something was committed */
    uint64_t known_bytes;
    uint8_t actual_sha256[DIGEST_SHA256_SIZE];

    bool has_writer;
    pthread_t writer;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    const struct segment *pending;
    bool stop;
    int result; /* of what the writer stored last */
};

/* ---- storing one segment ------------------------------------------------------------------ */

struct step {
    struct ingest *ingest;
    const struct segment *segment;
    struct q_upload_step to;
    bool last; /* acknowledged after this: the commit waits for the disk */
    uint64_t known_bytes;
};

static int complete(struct db *db, const struct step *step)
{
    const struct upload *upload = step->ingest->upload;
    int r;

    r = q_artifact_insert(db, upload->workspace_id, upload->sha256, (int64_t)upload->length_bytes,
                          upload->content_id);
    if (r == Q_ARTIFACT_E_EXISTS)
        return q_chunk_content_discard(db, upload->content_id);
    if (r || !step->ingest->stored)
        return r;
    return step->ingest->stored(db, step->ingest->arg, upload);
}

static int store_step(struct db *db, void *arg)
{
    struct step *step = arg;
    struct ingest *ingest = step->ingest;
    int64_t cut;
    int r;

    if (!step->last) {
        r = q_upload_commit_later(db);
        if (r)
            return r;
    }
    if (ingest->tail_taken && step->segment->count > 0) {
        r = q_chunk_content_cut(db, ingest->upload->content_id, (int64_t)step->segment->start_byte,
                                &cut);
        if (r)
            return r;
    }
    r = store_segment(ingest->store, db, step->segment, &step->known_bytes);
    if (r == STORE_E_OVERLAP)
        return INGEST_E_OFFSET;
    if (r)
        return r;
    r = q_upload_advance(db, &step->to);
    if (r)
        return r == Q_UPLOAD_E_MISSING ? INGEST_E_GONE : r;
    return step->to.complete ? complete(db, step) : 0;
}

/* Where the upload is to go with this segment. */
static void aim(struct step *step, uint32_t tail_bytes, uint8_t saved[DIGEST_SHA256_SAVED_SIZE])
{
    struct ingest *ingest = step->ingest;
    const struct upload *upload = ingest->upload;

    step->to = (struct q_upload_step){
        .id = upload->id,
        .content_id = upload->content_id,
        .from_byte = (int64_t)ingest->offset_bytes,
        .offset_bytes = (int64_t)ingest->offset_bytes,
        .tail_bytes = ingest->tail_bytes,
        .hash_state = ingest->state_saved,
        .expires_ms = ingest->expires_ms,
    };
    if (ingest->staged && !step->last)
        return;
    digest_sha256_save(&step->segment->digest, saved);
    step->to.offset_bytes = (int64_t)(step->segment->start_byte + step->segment->cut);
    step->to.tail_bytes = tail_bytes;
    step->to.hash_state = saved;
    step->to.complete = step->last && (uint64_t)step->to.offset_bytes == upload->length_bytes;
}

/* GONE covers two cases that a client must tell apart. */
static int why_gone(struct ingest *ingest)
{
    int64_t offset;
    int r = q_upload_offset(ingest->db, ingest->upload->id, &offset);

    if (r == Q_UPLOAD_E_MISSING)
        return INGEST_E_GONE;
    return r ? r : INGEST_E_OFFSET;
}

static int store_now(struct ingest *ingest, const struct segment *segment, uint32_t tail_bytes,
                     bool last)
{
    uint8_t saved[DIGEST_SHA256_SAVED_SIZE];
    struct step step = {.ingest = ingest, .segment = segment, .last = last};
    int r = STORE_E_RACE;

    aim(&step, tail_bytes, saved);
    for (int i = 0; i < TRIES && r == STORE_E_RACE; i++)
        r = tx_run(ingest->db, store_step, &step);
    if (r == INGEST_E_GONE)
        return why_gone(ingest);
    if (r == STORE_E_RACE)
        return log_fail(ERR_UNAVAILABLE, "chunks were reclaimed %d times under an upload", TRIES);
    if (r)
        return r;
    ingest->wrote = true;
    ingest->tail_taken = false;
    ingest->known_bytes += step.known_bytes;
    ingest->offset_bytes = (uint64_t)step.to.offset_bytes;
    ingest->tail_bytes = (uint32_t)step.to.tail_bytes;
    if (step.to.hash_state == saved)
        memcpy(ingest->state_saved, saved, sizeof(saved));
    return 0;
}

/* ---- the writer thread -------------------------------------------------------------------- */

static void *write_segments(void *arg)
{
    struct ingest *ingest = arg;

    (void)pthread_mutex_lock(&ingest->mutex);
    while (true) {
        int r;

        while (!ingest->pending && !ingest->stop)
            (void)pthread_cond_wait(&ingest->changed, &ingest->mutex);
        if (!ingest->pending)
            break;
        (void)pthread_mutex_unlock(&ingest->mutex);
        r = store_now(ingest, ingest->pending, 0, false);
        (void)pthread_mutex_lock(&ingest->mutex);
        ingest->result = r;
        ingest->pending = NULL;
        (void)pthread_cond_broadcast(&ingest->changed);
    }
    (void)pthread_mutex_unlock(&ingest->mutex);
    return NULL;
}

/* Waits until the writer has nothing to do. Returns the result of what it stored last. */
static int settle(struct ingest *ingest)
{
    int r;

    (void)pthread_mutex_lock(&ingest->mutex);
    while (ingest->pending)
        (void)pthread_cond_wait(&ingest->changed, &ingest->mutex);
    r = ingest->result;
    (void)pthread_mutex_unlock(&ingest->mutex);
    return r;
}

/* Hands the full segment over and goes on with the other one. */
static int hand_over(struct ingest *ingest)
{
    struct segment *full = &ingest->segments[ingest->filling];
    struct segment *next = &ingest->segments[1 - ingest->filling];
    int r;

    r = settle(ingest);
    if (r)
        return r;
    if (!ingest->has_writer) {
        if (pthread_create(&ingest->writer, NULL, write_segments, ingest) != 0)
            return log_fail(ERR_NO_MEMORY, "cannot start a thread for an upload");
        ingest->has_writer = true;
    }
    segment_carry(full, next);
    ingest->filling = 1 - ingest->filling;
    (void)pthread_mutex_lock(&ingest->mutex);
    ingest->pending = full;
    (void)pthread_cond_broadcast(&ingest->changed);
    (void)pthread_mutex_unlock(&ingest->mutex);
    return 0;
}

/* ---- opening ------------------------------------------------------------------------------ */

/* An earlier writer that staged and was not accepted has left chunks beyond the offset. */
static int drop_leftovers(struct db *db, void *arg)
{
    const struct upload *upload = arg;
    int64_t cut;

    return q_chunk_content_cut(db, upload->content_id, (int64_t)upload->offset_bytes, &cut);
}

/* With the lock had, the upload must still be where it was found. */
static int confirm(struct ingest *ingest)
{
    const struct upload *upload = ingest->upload;
    int64_t offset;
    int r;

    r = q_upload_offset(ingest->db, upload->id, &offset);
    if (r == Q_UPLOAD_E_MISSING)
        return INGEST_E_GONE;
    if (r)
        return r;
    if ((uint64_t)offset != upload->offset_bytes)
        return INGEST_E_OFFSET;
    return tx_run(ingest->db, drop_leftovers, (void *)upload);
}

/*
 * The last chunk was cut early because the bytes ended there: it goes on with the bytes that come
 * now. A staged upload leaves it alone, since it must not change what counts.
 */
static int take_tail(struct ingest *ingest)
{
    const struct upload *upload = ingest->upload;
    struct segment *segment = &ingest->segments[0];
    struct blob_artifact so_far = {
        .content_id = upload->content_id,
        .size_bytes = upload->offset_bytes,
    };
    uint64_t start = upload->offset_bytes - upload->tail_bytes;
    AUTO_FREE uint8_t *bytes = NULL;
    size_t size;
    int r;

    if (ingest->staged || upload->tail_bytes == 0 || upload->tail_bytes >= BLOB_CHUNK_MAX ||
        upload->offset_bytes == upload->length_bytes) {
        segment_start(segment, upload->offset_bytes, &upload->digest);
        return 0;
    }
    bytes = malloc(BLOB_CHUNK_MAX);
    if (!bytes)
        return log_fail(ERR_NO_MEMORY, "cannot resume: out of memory");
    r = read_slice(ingest->db, &so_far, start, bytes, BLOB_CHUNK_MAX, &size);
    if (r)
        return r;
    if (size != upload->tail_bytes)
        return log_fail(ERR_INTERNAL, "the last chunk of an upload has %zu bytes, not %" PRIu32,
                        size, upload->tail_bytes);
    segment_start(segment, start, &upload->digest);
    segment_prepend(segment, bytes, size);
    ingest->tail_taken = true;
    return 0;
}

static int prepare(struct ingest *ingest)
{
    int r;

    for (size_t i = 0; i < ARRAY_LEN(ingest->segments); i++) {
        r = segment_init(&ingest->segments[i]);
        if (r)
            return r;
    }
    r = store_new(ingest->upload->workspace_id, ingest->upload->content_id, &ingest->store);
    if (r)
        return r;
    r = confirm(ingest);
    if (r)
        return r;
    return take_tail(ingest);
}

int ingest_new(struct db *db, const struct ingest_options *options, struct ingest **ret_ingest)
{
    const struct upload *upload = options->upload;
    bool locked = false;
    int r;

    if (upload->content_id == 0)
        return INGEST_E_OFFSET;
    r = q_upload_try_lock(db, upload->content_id, &locked);
    if (r)
        return r;
    if (!locked)
        return INGEST_E_LOCKED;
    struct ingest *ingest = calloc(1, sizeof(*ingest));
    if (!ingest) {
        (void)!q_upload_unlock(db, upload->content_id);
        return log_fail(ERR_NO_MEMORY, "cannot receive: out of memory");
    }
    ingest->db = db;
    ingest->upload = upload;
    ingest->staged = options->staged;
    ingest->expires_ms = options->expires_ms;
    ingest->stored = options->stored;
    ingest->arg = options->arg;
    ingest->received_end = upload->offset_bytes;
    ingest->offset_bytes = upload->offset_bytes;
    ingest->tail_bytes = upload->tail_bytes;
    digest_sha256_save(&upload->digest, ingest->state_saved);
    (void)pthread_mutex_init(&ingest->mutex, NULL);
    (void)pthread_cond_init(&ingest->changed, NULL);
    r = prepare(ingest);
    if (r) {
        ingest_free(ingest);
        return r;
    }
    *ret_ingest = ingest;
    return 0;
}

/* ---- receiving ---------------------------------------------------------------------------- */

void ingest_space(struct ingest *ingest, void **ret_bytes, size_t *ret_capacity)
{
    struct segment *segment = &ingest->segments[ingest->filling];

    *ret_bytes = segment->bytes + segment->used;
    *ret_capacity = SEGMENT_CAPACITY - segment->used;
}

int ingest_advance(struct ingest *ingest, size_t size)
{
    struct segment *segment = &ingest->segments[ingest->filling];

    if (size > ingest->upload->length_bytes - ingest->received_end)
        return INGEST_E_LENGTH;
    segment_add(segment, size);
    ingest->received_end += size;
    return segment_full(segment) ? hand_over(ingest) : 0;
}

/* Refuses bytes that are not what was announced. */
static int check_digest(struct ingest *ingest, const struct segment *segment)
{
    const struct upload *upload = ingest->upload;
    struct digest_sha256 digest = segment->digest;
    int r;

    if (ingest->received_end < upload->length_bytes)
        return 0;
    digest_sha256_final(&digest, ingest->actual_sha256);
    if (memcmp(ingest->actual_sha256, upload->sha256, sizeof(upload->sha256)) == 0)
        return 0;
    r = upload_remove(ingest->db, upload->workspace_id, upload->id);
    return r < 0 ? r : INGEST_E_DIGEST;
}

int ingest_accept(struct ingest *ingest)
{
    struct segment *segment = &ingest->segments[ingest->filling];
    uint32_t tail;
    int r;

    r = settle(ingest);
    if (r)
        return r;
    tail = segment_close(segment);
    assert(segment->start_byte + segment->used == ingest->received_end);
    r = check_digest(ingest, segment);
    if (r)
        return r;
    return store_now(ingest, segment, tail, true);
}

uint64_t ingest_offset(const struct ingest *ingest)
{
    return ingest->offset_bytes;
}

uint64_t ingest_deduplicated(const struct ingest *ingest)
{
    return ingest->known_bytes;
}

const uint8_t *ingest_actual_sha256(const struct ingest *ingest)
{
    return ingest->actual_sha256;
}

void ingest_free(struct ingest *ingest)
{
    struct upload at;

    if (!ingest)
        return;
    if (ingest->has_writer) {
        (void)settle(ingest);
        (void)pthread_mutex_lock(&ingest->mutex);
        ingest->stop = true;
        (void)pthread_cond_broadcast(&ingest->changed);
        (void)pthread_mutex_unlock(&ingest->mutex);
        (void)pthread_join(ingest->writer, NULL);
    }
    at = *ingest->upload;
    at.offset_bytes = ingest->offset_bytes;
    /* Where this fails the next writer or the upload's end does it. */
    if (ingest->staged && ingest->wrote)
        (void)!tx_run(ingest->db, drop_leftovers, &at);
    (void)!q_upload_unlock(ingest->db, ingest->upload->content_id);
    (void)pthread_cond_destroy(&ingest->changed);
    (void)pthread_mutex_destroy(&ingest->mutex);
    store_free(ingest->store);
    segment_release(&ingest->segments[0]);
    segment_release(&ingest->segments[1]);
    free(ingest);
}
