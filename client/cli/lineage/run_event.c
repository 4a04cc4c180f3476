/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/lineage/run_event.h"

#include "base/clock.h"
#include "cli/lineage/run_facets.h"
#include "crypto/secret.h"
#include "crypto/text.h"
#include "lineage/openlineage.h"
#include "lineage/ref.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void run_event_release(struct run_story *story)
{
    if (!story)
        return;
    json_decref(story->arguments);
    json_decref(story->environment);
}

/* RFC 9562, 5.7: 48 bits of time, version, random bits, variant, random bits. */
void run_event_identify(struct run_story *story)
{
    uint8_t bytes[16];
    char hex[2 * sizeof(bytes) + 1];

    secret_random(bytes, sizeof(bytes));
    for (int i = 0; i < 6; i++)
        bytes[i] = (uint8_t)((uint64_t)story->started_ms >> (40 - 8 * i));
    bytes[6] = (uint8_t)(0x70 | (bytes[6] & 0x0f));
    bytes[8] = (uint8_t)(0x80 | (bytes[8] & 0x3f));
    text_hex(bytes, sizeof(bytes), hex);
    (void)snprintf(story->id, sizeof(story->id), "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8,
                   hex + 12, hex + 16, hex + 20);
}

void run_event_adopt(struct run_story *story, struct arena *arena)
{
    const char *said = getenv("OPENLINEAGE_PARENT_ID");
    const char *last = said ? strrchr(said, '/') : NULL;
    const char *first = last ? memrchr(said, '/', (size_t)(last - said)) : NULL;

    if (!first || first == said || last == first + 1 || !ref_is_uuid(last + 1))
        return;
    story->parent_id = arena_strdup(arena, last + 1);
    story->parent_space = arena_strndup(arena, said, (size_t)(first - said));
    story->parent_name = arena_strndup(arena, first + 1, (size_t)(last - first - 1));
}

/* ---- facets ---------------------------------------------------------------------------------- */

static void set(json_t *object, const char *name, json_t *value)
{
    (void)json_object_set_new(object, name, value);
}

static json_t *encode_tool(const struct run_story *story)
{
    json_t *facet = run_facets_new("ToolRunFacet");
    const struct run_tool *tool = &story->tool;
    char hex[DIGEST_SHA256_HEX_SIZE];

    set(facet, "name", run_facets_text(tool->name));
    set(facet, "arguments", json_incref(story->arguments));
    set(facet, "workingDirectory", run_facets_text(story->directory));
    if (tool->path)
        set(facet, "path", run_facets_text(tool->path));
    if (tool->version)
        set(facet, "version", run_facets_text(tool->version));
    if (tool->hashed) {
        text_hex(tool->sha256, sizeof(tool->sha256), hex);
        set(facet, "sha256", json_string(hex));
    }
    if (!story->ended_ms)
        return facet;
    set(facet, "durationMs", json_integer((json_int_t)story->duration_ms));
    if (story->result.started && story->result.signal)
        set(facet, "signal", json_integer(story->result.signal));
    else if (story->result.started)
        set(facet, "exitStatus", json_integer(story->result.status));
    return facet;
}

static json_t *encode_environment(const struct run_story *story)
{
    json_t *facet = run_facets_new("EnvironmentRunFacet");

    set(facet, "variables", json_incref(story->environment));
    return facet;
}

static json_t *encode_parent(const struct run_story *story)
{
    json_t *facet = run_facets_standard("1-1-0/ParentRunFacet.json");

    set(facet, "run", json_pack("{s:s}", "runId", story->parent_id));
    set(facet, "job",
        json_pack("{s:o, s:o}", "namespace", run_facets_text(story->parent_space), "name",
                  run_facets_text(story->parent_name)));
    return facet;
}

static json_t *encode_failure(const struct run_story *story)
{
    json_t *facet = run_facets_standard("1-0-1/ErrorMessageRunFacet.json");

    set(facet, "message", run_facets_text(story->failure));
    set(facet, "programmingLanguage", run_facets_text(story->tool.name));
    return facet;
}

static json_t *encode_run(const struct run_story *story)
{
    json_t *facets = json_object();

    set(facets, "modelferry_tool", encode_tool(story));
    set(facets, "modelferry_environment", encode_environment(story));
    if (story->parent_id)
        set(facets, "parent", encode_parent(story));
    if (story->failure)
        set(facets, "errorMessage", encode_failure(story));
    return json_pack("{s:s, s:o}", "runId", story->id, "facets", facets);
}

static json_t *encode_code(const struct run_git *git)
{
    json_t *facet = run_facets_standard("1-0-1/SourceCodeLocationJobFacet.json");

    set(facet, "type", json_string("git"));
    set(facet, "url", run_facets_text(git->repository));
    set(facet, "repoUrl", run_facets_text(git->repository));
    set(facet, "version", run_facets_text(git->revision));
    set(facet, "path", run_facets_text(git->path));
    if (git->branch)
        set(facet, "branch", run_facets_text(git->branch));
    set(facet, "modelferry_dirty", json_boolean(git->dirty));
    return facet;
}

static json_t *encode_job(const struct run_story *story)
{
    json_t *facets = json_object();
    json_t *type = run_facets_standard("2-0-3/JobTypeJobFacet.json");

    set(type, "processingType", json_string("BATCH"));
    set(type, "integration", json_string("MODELFERRY"));
    set(type, "jobType", json_string("COMMAND"));
    set(facets, "jobType", type);
    if (story->has_git)
        set(facets, "sourceCodeLocation", encode_code(&story->git));
    return json_pack("{s:o, s:o, s:o}", "namespace", run_facets_text(story->job_space), "name",
                     run_facets_text(story->job_name), "facets", facets);
}

json_t *run_event_encode(const struct run_story *story)
{
    const char *type = !story->ended_ms ? "START" : story->failure ? "FAIL" : "COMPLETE";
    char time[CLOCK_RFC3339_SIZE];

    clock_format_rfc3339(story->ended_ms ? story->ended_ms : story->started_ms, time);
    return json_pack("{s:s, s:s, s:s, s:s, s:o, s:o, s:o, s:o}", "eventType", type, "eventTime",
                     time, "producer", RUN_FACETS_PRODUCER, "schemaURL",
                     OPENLINEAGE_SPEC "RunEvent", "run", encode_run(story), "job",
                     encode_job(story), "inputs", run_ends_encode(&story->inputs), "outputs",
                     run_ends_encode(&story->outputs));
}
