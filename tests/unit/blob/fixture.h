/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FIXTURE_H
#define FIXTURE_H

#include "blob/ingest.h"
#include "blob/upload.h"
#include "crypto/digest.h"
#include "database.h"

#include <check.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* What tests of blob/ share: a database with the default workspace, bytes, uploads. */
struct fixture {
    char url[DATABASE_URL_SIZE];
    struct db *db;
    struct arena arena;
};

#define FIXTURE_WORKSPACE 1
#define FIXTURE_NOW_MS ((int64_t)1000000000000)
#define FIXTURE_EXPIRES_MS (FIXTURE_NOW_MS + 1000)

static inline void fixture_init(struct fixture *fixture)
{
    *fixture = (struct fixture){0};
    database_make(true, fixture->url);
    fixture->db = database_open(fixture->url);
}

static inline void fixture_release(struct fixture *fixture)
{
    arena_release(&fixture->arena);
    db_free(fixture->db);
}

/* Another connection to the same database. */
static inline struct db *fixture_connect(struct fixture *fixture)
{
    struct db *db;

    ck_assert_int_eq(db_new(&(struct db_config){.url = fixture->url}, &db), 0);
    return db;
}

/* Bytes that do not compress; equal seeds give equal bytes. */
static inline uint8_t *fixture_bytes(size_t size, uint64_t seed)
{
    uint8_t *bytes = malloc(size + 8);
    uint64_t x = seed * 0x9e3779b97f4a7c15u + 1;

    ck_assert_ptr_nonnull(bytes);
    for (size_t i = 0; i < size; i += 8) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        memcpy(bytes + i, &x, 8);
    }
    return bytes;
}

static inline struct upload fixture_upload(struct fixture *fixture, const void *bytes, size_t size)
{
    struct upload_draft draft = {
        .workspace_id = FIXTURE_WORKSPACE,
        .length_bytes = size,
        .metadata = "",
        .created_by = "test",
        .expires_ms = FIXTURE_EXPIRES_MS,
    };
    struct upload_limits limits;
    struct upload upload;

    digest_sha256(bytes, size, draft.sha256);
    ck_assert_int_eq(upload_create(fixture->db, &fixture->arena, &draft, &upload, &limits), 0);
    return upload;
}

static inline struct upload fixture_find(struct fixture *fixture, const struct upload *upload)
{
    struct upload found;

    ck_assert_int_eq(upload_find(fixture->db, &fixture->arena, FIXTURE_WORKSPACE, upload->id,
                                 FIXTURE_NOW_MS, &found),
                     0);
    return found;
}

static inline struct ingest *fixture_open(struct db *db, const struct upload *upload, bool staged)
{
    struct ingest_options options = {
        .upload = upload,
        .staged = staged,
        .expires_ms = FIXTURE_EXPIRES_MS,
    };
    struct ingest *ingest;

    ck_assert_int_eq(ingest_new(db, &options, &ingest), 0);
    return ingest;
}

/* Gives bytes in pieces of at most `step`; returns what the last ingest_advance() said. */
static inline int fixture_feed(struct ingest *ingest, const uint8_t *bytes, size_t size,
                               size_t step)
{
    while (size > 0) {
        size_t capacity;
        void *space;
        int r;

        ingest_space(ingest, &space, &capacity);
        if (capacity > step)
            capacity = step;
        if (capacity > size)
            capacity = size;
        memcpy(space, bytes, capacity);
        r = ingest_advance(ingest, capacity);
        if (r)
            return r;
        bytes += capacity;
        size -= capacity;
    }
    return 0;
}

/* Appends and accepts in one request. */
static inline int fixture_append(struct db *db, const struct upload *upload, const uint8_t *bytes,
                                 size_t size)
{
    struct ingest *ingest = fixture_open(db, upload, false);
    int r;

    r = fixture_feed(ingest, bytes, size, SIZE_MAX);
    if (!r)
        r = ingest_accept(ingest);
    ingest_free(ingest);
    return r;
}

/* Stores a whole artifact. */
static inline void fixture_store(struct fixture *fixture, const uint8_t *bytes, size_t size)
{
    struct upload upload = fixture_upload(fixture, bytes, size);

    ck_assert_int_eq(fixture_append(fixture->db, &upload, bytes, size), 0);
}

static inline int64_t fixture_count(struct fixture *fixture, const char *name, const char *sql)
{
    struct db_stmt *stmt = arena_alloc(&fixture->arena, sizeof(*stmt));
    struct db_rows rows;
    int64_t count;

    *stmt = (struct db_stmt){.name = name, .sql = sql};
    ck_assert_int_eq(db_exec(fixture->db, stmt, NULL, &rows), 0);
    count = db_i64(&rows, 0, 0);
    db_rows_release(&rows);
    return count;
}

#endif
