/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/status.h"

#include "agent/detections.h"
#include "agent/identity.h"
#include "agent/ipc.h"
#include "agent/reporter.h"
#include "agent/slot.h"
#include "agent/store.h"
#include "agent/trust.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define EXIT_AWAY 3

DEFINE_CLEANUP(cleanup_json, json_t *, json_decref);

/* ---- the agent's side */

static json_t *describe_update(const struct install *install)
{
    int64_t done;
    int64_t total;

    if (install->phase == INSTALL_IDLE)
        return json_null();
    stage_progress(&install->stage, &done, &total);
    return json_pack("{s:s,s:s,s:s?,s:s?,s:I,s:I}", "slot", install->slot, "phase",
                     install_phase_name(install->phase), "model", install->want.model, "version",
                     install->want.version, "done_bytes", (json_int_t)done, "total_bytes",
                     (json_int_t)total);
}

void status_live(const struct parts *parts, const struct status_live *live, struct buffer *json)
{
    CLEANUP(cleanup_json)
    json_t *object =
        json_pack("{s:i,s:s,s:b,s:I,s:o}", "pid", (int)getpid(), "mode", live->mode, "online",
                  (int)live->online, "spool", (json_int_t)reporter_waiting(parts->reporter),
                  "update", describe_update(live->install));
    AUTO_FREE char *text = object ? json_dumps(object, JSON_COMPACT) : NULL;

    buffer_append_text(json, text ? text : "{}");
}

/* ---- the command's side */

struct survey {
    const struct store *store;
    json_t *slots;
};

static json_t *number_or_null(int64_t number)
{
    return number < 0 ? json_null() : json_integer(number);
}

static void add_version(const struct survey *survey, const char *slot, const char *link,
                        json_t *object)
{
    CLEANUP(arena_release) struct arena arena = {0};
    struct slot_version version;
    char id[SLOT_ID_SIZE];
    json_t *member = NULL;

    if (slot_resolve(survey->store, slot, link, id) == 0 &&
        slot_load_version(survey->store, slot, id, &arena, &version) == 0)
        member = json_pack("{s:s,s:s,s:s,s:s,s:s}", "id", id, "model", version.model, "version",
                           version.version, "variant", version.variant, "manifest_sha256",
                           version.manifest_sha256);
    (void)json_object_set_new(object, link, member ? member : json_null());
}

static int add_slot(void *state, const char *slot)
{
    struct survey *survey = state;
    json_t *object = json_object();
    struct slot_status status;
    char time[CLOCK_RFC3339_SIZE];

    add_version(survey, slot, SLOT_LINK_CURRENT, object);
    add_version(survey, slot, SLOT_LINK_PREVIOUS, object);
    if (slot_load_status(survey->store, slot, &status) == 0) {
        clock_format_rfc3339(status.installed_ms, time);
        (void)json_object_set_new(object, "managed", json_boolean(status.managed));
        (void)json_object_set_new(object, "installed_at",
                                  status.installed_ms ? json_string(time) : json_null());
        (void)json_object_set_new(object, "gap_us", number_or_null(status.gap_us));
        (void)json_object_set_new(object, "duration_ms", number_or_null(status.duration_ms));
        (void)json_object_set_new(
            object, "failed",
            status.failed_manifest[0]
                ? json_pack("{s:s,s:s,s:s}", "manifest_sha256", status.failed_manifest, "code",
                            status.failed_code, "detail", status.failed_detail)
                : json_null());
    }
    return json_object_set_new(survey->slots, slot, object) ? ERR_NO_MEMORY : 0;
}

/* identity/ is readable by the agent's own user only: what is not readable is left out. */
static void add_identity(const struct store *store, json_t *root)
{
    CLEANUP(identity_release) struct identity identity = {0};
    bool readable = faccessat(store->dir_fd, "identity/device.json", R_OK, 0) == 0;
    bool known = readable && identity_load(store, &identity) == 0;

    (void)json_object_set_new(root, "device", known ? json_string(identity.device) : json_null());
    (void)json_object_set_new(root, "device_id",
                              known ? json_string(identity.device_id) : json_null());
    (void)json_object_set_new(root, "workspace",
                              known ? json_string(identity.workspace) : json_null());
    (void)json_object_set_new(root, "server", known ? json_string(identity.url) : json_null());
}

static void add_state_version(const struct store *store, json_t *root)
{
    CLEANUP(cleanup_json) json_t *state = NULL;
    json_t *version = NULL;

    if (faccessat(store->dir_fd, "metadata/state.json", R_OK, 0) == 0 &&
        store_load(store, "metadata/state.json", &state) == 0)
        version = json_object_get(state, "version");
    (void)json_object_set(root, "state_version", version ? version : json_null());
}

/* What it trusts: "roots", "keys", or null where that cannot be read. */
static void add_trust(const struct store *store, json_t *root)
{
    CLEANUP(trust_release) struct trust trust = {0};
    char detail[TRUST_DETAIL_SIZE];
    bool readable = faccessat(store->dir_fd, "identity/trust", R_OK, 0) == 0;
    bool known = readable && trust_load(store, &trust, detail) == 0;

    (void)json_object_set_new(root, "trust",
                              known ? json_string(trust_mode_name(trust.mode)) : json_null());
    (void)json_object_set_new(root, "detected", detections_peek(store));
}

static bool add_agent(const char *socket, json_t *root)
{
    AUTO_FREE char *text = NULL;
    json_t *live = NULL;

    if (ipc_ask_status(socket, &text) == 0)
        live = json_loads(text, 0, NULL);
    (void)json_object_set_new(root, "agent", live ? live : json_null());
    return live != NULL;
}

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));

    return text ? text : "-";
}

static void print_slot(const char *name, const json_t *slot)
{
    const json_t *current = json_object_get(slot, "current");
    const json_t *previous = json_object_get(slot, "previous");
    const json_t *failed = json_object_get(slot, "failed");
    const json_t *gap = json_object_get(slot, "gap_us");

    (void)printf("slot %s: %s %s (%s)", name, text_of(current, "model"),
                 text_of(current, "version"), text_of(current, "variant"));
    if (json_is_object(previous))
        (void)printf(", before %s", text_of(previous, "version"));
    if (json_is_integer(gap))
        (void)printf(", gap %" PRId64 " us", (int64_t)json_integer_value(gap));
    (void)printf("\n");
    if (json_is_object(failed))
        (void)printf("  failed: %s: %s\n", text_of(failed, "code"), text_of(failed, "detail"));
}

static void print_detected(const json_t *root)
{
    size_t i;
    json_t *item;

    json_array_foreach (json_object_get(root, "detected"), i, item) {
        const char *repository = json_string_value(json_object_get(item, "repository"));

        (void)printf("refused: %s: %s%s%s: %s\n", text_of(item, "check"),
                     repository ? repository : "", repository ? " " : "", text_of(item, "file"),
                     text_of(item, "detail"));
    }
}

static void print_text(const json_t *root)
{
    const json_t *agent = json_object_get(root, "agent");
    const json_t *update = json_object_get(agent, "update");
    const char *name;
    json_t *slot;

    (void)printf("device %s of %s, trusts %s\n", text_of(root, "device"), text_of(root, "server"),
                 text_of(root, "trust"));
    if (json_is_object(agent))
        (void)printf("agent runs, pid %d, %s, by %s, %d reports waiting\n",
                     (int)json_integer_value(json_object_get(agent, "pid")),
                     json_is_true(json_object_get(agent, "online")) ? "online" : "offline",
                     text_of(agent, "mode"),
                     (int)json_integer_value(json_object_get(agent, "spool")));
    else
        (void)printf("no agent runs\n");
    json_object_foreach (json_object_get(root, "slots"), name, slot)
        print_slot(name, slot);
    print_detected(root);
    if (json_is_object(update))
        (void)printf("slot %s: %s of %s %s, %" PRId64 " of %" PRId64 " bytes\n",
                     text_of(update, "slot"), text_of(update, "phase"), text_of(update, "model"),
                     text_of(update, "version"),
                     (int64_t)json_integer_value(json_object_get(update, "done_bytes")),
                     (int64_t)json_integer_value(json_object_get(update, "total_bytes")));
}

int status_print(const struct config *config)
{
    CLEANUP(store_release) struct store store = STORE_NONE;
    CLEANUP(cleanup_json) json_t *root = json_object();
    struct survey survey = {.store = &store, .slots = json_object()};
    bool runs;
    int r = store_peek(config->state_dir, &store);

    (void)json_object_set_new(root, "slots", survey.slots);
    if (r == STORE_E_MISSING) {
        log_line(LOG_ERROR, "there is no state directory '%s': this device is not enrolled",
                 config->state_dir);
        return 1;
    }
    if (r)
        return 1;
    add_identity(&store, root);
    add_state_version(&store, root);
    add_trust(&store, root);
    runs = add_agent(config->socket, root);
    if (slot_each(&store, add_slot, &survey))
        return 1;
    if (config->json) {
        (void)json_dumpf(root, stdout, JSON_INDENT(2) | JSON_SORT_KEYS);
        (void)printf("\n");
    } else {
        print_text(root);
    }
    return runs ? 0 : EXIT_AWAY;
}
