/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The peer of the upload bench: stores a file in PostgreSQL by COPY BINARY, as fast as libpq can,
 * in one transaction, with nothing else: no digest, no chunks, no index unless asked for.
 *
 *     raw_copy CONNINFO FILE ROW_BYTES STORAGE [index]
 *
 * Prints seconds, from the first byte read to the answer to COMMIT.
 */
#include <fcntl.h>
#include <libpq-fe.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define BATCH ((size_t)256 << 10)

static void die(PGconn *conn, const char *what)
{
    (void)fprintf(stderr, "raw_copy: %s: %s\n", what, conn ? PQerrorMessage(conn) : "failed");
    exit(1);
}

static void run(PGconn *conn, const char *sql)
{
    PGresult *result = PQexec(conn, sql);

    if (PQresultStatus(result) != PGRES_COMMAND_OK)
        die(conn, sql);
    PQclear(result);
}

static size_t put_be(uint8_t *out, uint64_t value, size_t size)
{
    for (size_t i = 0; i < size; i++)
        out[i] = (uint8_t)(value >> (8 * (size - 1 - i)));
    return size;
}

static size_t read_full(int fd, uint8_t *bytes, size_t size)
{
    size_t have = 0;

    while (have < size) {
        ssize_t n = read(fd, bytes + have, size - have);

        if (n < 0)
            die(NULL, "read");
        if (n == 0)
            break;
        have += (size_t)n;
    }
    return have;
}

static void copy_rows(PGconn *conn, int fd, size_t row_bytes)
{
    static const uint8_t header[19] = "PGCOPY\n\377\r\n\0";
    size_t capacity = BATCH + row_bytes + 64;
    uint8_t *batch = malloc(capacity);
    size_t used = sizeof(header);
    uint64_t n = 0;

    if (!batch)
        die(NULL, "memory");
    memcpy(batch, header, sizeof(header));
    for (;;) {
        size_t size = read_full(fd, batch + used + 18, row_bytes);

        if (size == 0)
            break;
        used += put_be(batch + used, 2, 2);
        used += put_be(batch + used, 8, 4);
        used += put_be(batch + used, n++, 8);
        used += put_be(batch + used, size, 4);
        used += size;
        if (used >= BATCH) {
            if (PQputCopyData(conn, (char *)batch, (int)used) != 1)
                die(conn, "COPY");
            used = 0;
        }
    }
    used += put_be(batch + used, 0xffff, 2);
    if (PQputCopyData(conn, (char *)batch, (int)used) != 1 || PQputCopyEnd(conn, NULL) != 1)
        die(conn, "COPY");
    free(batch);
}

int main(int argc, char **argv)
{
    struct timespec start;
    struct timespec end;
    char sql[256];
    PGresult *result;
    PGconn *conn;
    int fd;

    if (argc < 5) {
        (void)fprintf(stderr, "usage: raw_copy CONNINFO FILE ROW_BYTES plain|external [index]\n");
        return 2;
    }
    conn = PQconnectdb(argv[1]);
    if (PQstatus(conn) != CONNECTION_OK)
        die(conn, "connect");
    fd = open(argv[2], O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        die(NULL, argv[2]);
    run(conn, "DROP TABLE IF EXISTS raw_copy");
    run(conn, argc > 5 ? "CREATE TABLE raw_copy (n bigint PRIMARY KEY, data bytea NOT NULL)"
                       : "CREATE TABLE raw_copy (n bigint, data bytea NOT NULL)");
    (void)snprintf(sql, sizeof(sql), "ALTER TABLE raw_copy ALTER COLUMN data SET STORAGE %s",
                   argv[4]);
    run(conn, sql);
    (void)clock_gettime(CLOCK_MONOTONIC, &start);
    run(conn, "BEGIN");
    result = PQexec(conn, "COPY raw_copy (n, data) FROM STDIN (FORMAT binary)");
    if (PQresultStatus(result) != PGRES_COPY_IN)
        die(conn, "COPY");
    PQclear(result);
    copy_rows(conn, fd, strtoul(argv[3], NULL, 10));
    result = PQgetResult(conn);
    if (PQresultStatus(result) != PGRES_COMMAND_OK)
        die(conn, "COPY");
    PQclear(result);
    while ((result = PQgetResult(conn)))
        PQclear(result);
    run(conn, "COMMIT");
    (void)clock_gettime(CLOCK_MONOTONIC, &end);
    printf("%.6f\n",
           (double)(end.tv_sec - start.tv_sec) + (double)(end.tv_nsec - start.tv_nsec) / 1e9);
    (void)close(fd);
    PQfinish(conn);
    return 0;
}
