/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UNIT_AGENT_CREW_H
#define UNIT_AGENT_CREW_H

#include "agent/config.h"
#include "agent/detections.h"
#include "agent/identity.h"
#include "agent/ipc.h"
#include "agent/parts.h"
#include "agent/reporter.h"
#include "agent/trust.h"
#include "turning.h"
#include "world.h"

/* The parts of an agent whose server is not there: port 1 answers nobody. */
struct crew {
    struct turning turning;
    struct world world;
    struct config config;
    struct identity identity;
    struct trust trust;
    struct ipc ipc;
    struct reporter reporter;
    struct detections detections;
    struct parts parts;
};

static inline void crew_init(struct crew *crew)
{
    const struct retry retry = {.base_ms = 60000, .cap_ms = 60000};

    memset(crew, 0, sizeof(*crew));
    turning_init(&crew->turning);
    world_init(&crew->world);
    crew->config.reload_timeout_ms = 60000;
    crew->config.retry_base_ms = 60000;
    crew->config.retry_cap_ms = 60000;
    ck_assert_int_eq(identity_key(&crew->world.store, &crew->identity.pair), 0);
    (void)snprintf(crew->identity.workspace, sizeof(crew->identity.workspace), "default");
    (void)snprintf(crew->identity.device_id, sizeof(crew->identity.device_id),
                   "0b0c7b2e-6a1d-4a51-8e7e-0c3a4f5d6e7f");
    crew->ipc.loop = &crew->turning.loop;
    detections_load(&crew->detections, &crew->world.store, crew->turning.loop.clock);
    reporter_init(&crew->reporter, &crew->turning.loop, &crew->world.store, &crew->identity,
                  "http://127.0.0.1:1", &retry);
    crew->reporter.detections = &crew->detections;
    crew->parts = (struct parts){.loop = &crew->turning.loop,
                                 .config = &crew->config,
                                 .store = &crew->world.store,
                                 .identity = &crew->identity,
                                 .trust = &crew->trust,
                                 .ipc = &crew->ipc,
                                 .reporter = &crew->reporter,
                                 .detections = &crew->detections,
                                 .url = "http://127.0.0.1:1"};
}

static inline void crew_release(struct crew *crew)
{
    reporter_release(&crew->reporter);
    http_free(crew->turning.http);
    identity_release(&crew->identity);
    world_release(&crew->world);
}

static inline size_t crew_spooled(const struct crew *crew)
{
    size_t count;

    ck_assert_int_eq(spool_count(&crew->reporter.spool, &count), 0);
    return count;
}

/* The newest report in the spool, verified and decoded. */
static inline struct report crew_report(const struct crew *crew, struct arena *arena)
{
    CLEANUP(envelope_release) struct envelope envelope = {0};
    AUTO_FREE char *bytes = NULL;
    struct fields_error error;
    struct report report;
    char path[64];
    int64_t sequence;
    size_t size;

    ck_assert_int_eq(spool_last(&crew->reporter.spool, &sequence), 0);
    (void)snprintf(path, sizeof(path), "spool/%019lld.json", (long long)sequence);
    ck_assert_int_eq(file_read(crew->world.store.dir_fd, path, REPORT_SIZE_MAX, &bytes, &size), 0);
    ck_assert_int_eq(envelope_parse(bytes, size, REPORT_SIZE_MAX, arena, &envelope, &error), 0);
    ck_assert_int_eq(envelope_verify(&envelope, &crew->identity.pair.key, 1, 1, NULL), 0);
    ck_assert_int_eq(report_decode(envelope.signed_part, arena, &report, &error), 0);
    ck_assert_int_eq(report.sequence, sequence);
    return report;
}

#endif
