/* SPDX-License-Identifier: Apache-2.0 */
#include "api/metrics.h"

#include "api/api.h"
#include "base/buffer.h"
#include "base/cleanup.h"
#include "http/problems.h"
#include "push/roster.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#define TEXT_BYTES_MAX ((size_t)256 << 10)

static void describe(struct buffer *text, const char *name, const char *type, const char *help)
{
    buffer_printf(text, "# HELP modelferry_%s %s\n# TYPE modelferry_%s %s\n", name, help, name,
                  type);
}

static void put_one(struct buffer *text, const char *name, const char *type, const char *help,
                    uint64_t value)
{
    describe(text, name, type, help);
    buffer_printf(text, "modelferry_%s %" PRIu64 "\n", name, value);
}

struct listener_metrics {
    const char *name;
    struct listener_stats stats;
};

static void put_listeners(struct buffer *text, const struct listener_metrics *of, size_t count)
{
    describe(text, "http_connections", "gauge", "Open connections.");
    for (size_t i = 0; i < count; i++)
        buffer_printf(text, "modelferry_http_connections{listener=\"%s\"} %" PRIu64 "\n",
                      of[i].name, of[i].stats.connections);
    describe(text, "http_requests_total", "counter", "Requests that ended, by class of status.");
    for (size_t i = 0; i < count; i++)
        for (size_t class = 1; class < ARRAY_LEN(of[i].stats.by_status); class ++)
            buffer_printf(text,
                          "modelferry_http_requests_total{listener=\"%s\",status=\"%zuxx\"} "
                          "%" PRIu64 "\n",
                          of[i].name, class, of[i].stats.by_status[class]);
    describe(text, "http_rejected_total", "counter",
             "Requests answered 503 because the queue was full.");
    for (size_t i = 0; i < count; i++)
        buffer_printf(text, "modelferry_http_rejected_total{listener=\"%s\"} %" PRIu64 "\n",
                      of[i].name, of[i].stats.rejected_total);
    describe(text, "http_body_bytes_total", "counter", "Bytes of request bodies received.");
    for (size_t i = 0; i < count; i++)
        buffer_printf(text, "modelferry_http_body_bytes_total{listener=\"%s\"} %" PRIu64 "\n",
                      of[i].name, of[i].stats.body_bytes_total);
}

static void put_pool(struct buffer *text, const char *name, struct pool *pool)
{
    buffer_printf(text, "modelferry_queue_jobs{pool=\"%s\"} %zu\n", name, pool_waiting(pool));
}

static void put_reclaimed(struct buffer *text, const struct reclaim_totals *totals)
{
    put_one(text, "reclaimed_uploads_total", "counter",
            "Uploads that expired, removed by this server.", atomic_load(&totals->uploads));
    put_one(text, "reclaimed_artifacts_total", "counter",
            "Artifacts that no version had, removed by this server.",
            atomic_load(&totals->artifacts));
    put_one(text, "reclaimed_chunks_total", "counter",
            "Chunks that nothing had, freed by this server.", atomic_load(&totals->chunks));
    put_one(text, "reclaimed_bytes_total", "counter", "Bytes that these chunks took.",
            atomic_load(&totals->bytes));
}

static uint64_t resident_bytes(void)
{
    AUTO_FCLOSE FILE *file = fopen("/proc/self/statm", "re");
    unsigned long pages = 0;

    if (!file || fscanf(file, "%*u %lu", &pages) != 1)
        return 0;
    return (uint64_t)pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

int metrics_get(const struct call *call, struct reply *reply)
{
    const struct api *api = call->context;
    CLEANUP(buffer_release) struct buffer text = BUFFER(TEXT_BYTES_MAX);
    struct listener_metrics listeners[] = {{.name = "api"}, {.name = "device"}};

    listener_stats(api->api_listener, &listeners[0].stats);
    listener_stats(api->device_listener, &listeners[1].stats);
    describe(&text, "build_info", "gauge", "The version that runs.");
    buffer_printf(&text, "modelferry_build_info{version=\"%s\"} 1\n", MODELFERRY_VERSION);
    put_one(&text, "start_time_seconds", "gauge", "When it was started, since 1970.",
            (uint64_t)api->started_wall_ms / 1000);
    put_one(&text, "resident_memory_bytes", "gauge", "Memory of the process.", resident_bytes());
    put_one(&text, "database_up", "gauge", "Whether the database answered when last asked.",
            atomic_load(&api->database_is_up) ? 1 : 0);
    put_listeners(&text, listeners, ARRAY_LEN(listeners));
    describe(&text, "queue_jobs", "gauge", "Requests that wait for a worker.");
    put_pool(&text, "worker", api->pool);
    put_pool(&text, "stream", api->stream_pool);
    put_one(&text, "devices", "gauge", "Active devices.", roster_count(api->roster));
    put_one(&text, "devices_connected", "gauge", "Devices that wait here for a change.",
            roster_subscribed(api->roster));
    put_reclaimed(&text, &api->reclaimed);
    put_one(&text, "versions_deleted_total", "counter",
            "Archived versions that this server deleted for good, on request or by a rule.",
            atomic_load(&api->versions_deleted) + atomic_load(&api->retained.deleted));
    put_one(&text, "retention_archived_total", "counter",
            "Versions that no rule kept, archived by this server.",
            atomic_load(&api->retained.archived));
    put_one(&text, "retention_deleted_total", "counter",
            "Versions that rules had archived, deleted for good by this server.",
            atomic_load(&api->retained.deleted));
    if (text.failed) {
        reply_problem(reply, &problems_internal, "the metrics do not fit");
        return 0;
    }
    reply_bytes(reply, 200, "text/plain; version=0.0.4; charset=utf-8", text.bytes, text.size);
    return 0;
}
