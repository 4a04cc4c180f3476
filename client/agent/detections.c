/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/detections.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "base/utf8.h"
#include "crypto/text.h"

#include <stdio.h>
#include <string.h>

#define FILE_NAME "metadata/detected.json"

/* ---- one entry */

/* What a server said may be anything: it is cut, and what is not UTF-8 becomes '?'. */
static void copy_text(char *to, size_t size, const char *from)
{
    size_t done = 0;

    while (*from && done + 1 < size) {
        size_t length = utf8_sequence((const unsigned char *)from, strnlen(from, 4));

        if (length && done + length >= size)
            break;
        if (length)
            memcpy(to + done, from, length);
        else
            to[done] = '?';
        done += length ? length : 1;
        from += length ? length : 1;
    }
    to[done] = '\0';
}

static struct detections_entry *find(struct detections *detections, enum detection_check check,
                                     const char *repository, const char *file)
{
    for (size_t i = 0; i < detections->count; i++) {
        struct detections_entry *entry = &detections->entries[i];

        if (entry->check == check && strcmp(entry->repository, repository) == 0 &&
            strcmp(entry->file, file) == 0)
            return entry;
    }
    return NULL;
}

static struct detection view(const struct detections_entry *entry)
{
    return (struct detection){
        .check = detection_name(entry->check),
        .repository = entry->repository[0] ? entry->repository : NULL,
        .file = entry->file,
        .detail = entry->detail,
        .time_ms = entry->time_ms,
    };
}

/* ---- the file */

/* Which checks fail where; what the details say is no news. */
static void name_list(const struct detections *detections, char ret_name[DIGEST_SHA256_HEX_SIZE])
{
    struct digest_sha256 state;
    uint8_t digest[DIGEST_SHA256_SIZE];

    digest_sha256_init(&state);
    for (size_t i = 0; i < detections->count; i++) {
        const struct detections_entry *entry = &detections->entries[i];
        const char *check = detection_name(entry->check);

        digest_sha256_update(&state, check, strlen(check) + 1);
        digest_sha256_update(&state, entry->repository, strlen(entry->repository) + 1);
        digest_sha256_update(&state, entry->file, strlen(entry->file) + 1);
    }
    digest_sha256_final(&state, digest);
    text_hex(digest, sizeof(digest), ret_name);
}

static void save(const struct detections *detections)
{
    json_auto_t *list = json_array();
    json_auto_t *object = NULL;

    for (size_t i = 0; i < detections->count; i++) {
        struct detection detection = view(&detections->entries[i]);

        (void)json_array_append_new(list, detection_encode(&detection));
    }
    object = json_pack("{s:s, s:O}", "told", detections->told, "detected", list);
    if (!object || store_save(detections->store, FILE_NAME, object, 0600))
        log_line(LOG_WARN, "what was detected is not kept over a restart");
}

static void take_entry(struct detections *detections, const struct detection *detection)
{
    struct detections_entry *entry = &detections->entries[detections->count++];

    *entry = (struct detections_entry){.check = detection_parse(detection->check),
                                       .time_ms = detection->time_ms};
    copy_text(entry->repository, sizeof(entry->repository),
              detection->repository ? detection->repository : "");
    copy_text(entry->file, sizeof(entry->file), detection->file);
    copy_text(entry->detail, sizeof(entry->detail), detection->detail);
}

void detections_load(struct detections *detections, const struct store *store,
                     const struct clock *clock)
{
    json_auto_t *object = NULL;
    const char *told;
    size_t i;
    json_t *item;

    *detections = (struct detections){.store = store, .clock = clock};
    name_list(detections, detections->told);
    if (store_load(store, FILE_NAME, &object))
        return;
    told = json_string_value(json_object_get(object, "told"));
    if (told && strlen(told) < sizeof(detections->told))
        (void)snprintf(detections->told, sizeof(detections->told), "%s", told);
    json_array_foreach (json_object_get(object, "detected"), i, item) {
        CLEANUP(arena_release) struct arena arena = {0};
        struct fields_error error = {0};
        struct detection detection;

        if (detections->count < REPORT_DETECTIONS_MAX &&
            fields_decode(&detection_shape, item, &arena, &detection, &error) == 0)
            take_entry(detections, &detection);
    }
}

json_t *detections_peek(const struct store *store)
{
    json_auto_t *object = NULL;
    json_t *list = NULL;

    if (faccessat(store->dir_fd, FILE_NAME, R_OK, 0) == 0 &&
        store_load(store, FILE_NAME, &object) == 0)
        list = json_object_get(object, "detected");
    return json_is_array(list) ? json_incref(list) : json_array();
}

/* ---- a round */

static void say_gone(const struct detections_entry *entry)
{
    log_line(LOG_INFO, "no longer: %s: %s%s%s", detection_name(entry->check), entry->repository,
             entry->repository[0] ? " " : "", entry->file);
}

void detections_begin(struct detections *detections)
{
    detections->begun = true;
    for (size_t i = 0; i < detections->count; i++)
        detections->entries[i].seen = false;
}

void detections_add(struct detections *detections, enum detection_check check,
                    const char *repository, const char *file, const char *detail)
{
    struct detections_entry made = {.check = check, .seen = true};
    struct detections_entry *known;

    copy_text(made.repository, sizeof(made.repository), repository ? repository : "");
    copy_text(made.file, sizeof(made.file), file);
    copy_text(made.detail, sizeof(made.detail), detail && *detail ? detail : "the log says more");
    made.time_ms = clock_wall_ms(detections->clock);
    known = find(detections, check, made.repository, made.file);
    if (known)
        made.time_ms = known->time_ms;
    if (!known || strcmp(known->detail, made.detail) != 0)
        log_line(LOG_ERROR, "refused: %s: %s%s%s: %s", detection_name(check), made.repository,
                 made.repository[0] ? " " : "", made.file, made.detail);
    if (known)
        *known = made;
    else if (detections->count < REPORT_DETECTIONS_MAX)
        detections->entries[detections->count++] = made;
}

/* Leaves out what is known of a file, but for one check. */
static void leave_out(struct detections *detections, enum detection_check but,
                      const char *repository, const char *file)
{
    size_t kept = 0;

    for (size_t i = 0; i < detections->count; i++) {
        const struct detections_entry *entry = &detections->entries[i];

        if (entry->check == but || strcmp(entry->file, file) != 0 ||
            strcmp(entry->repository, repository ? repository : "") != 0)
            detections->entries[kept++] = *entry;
        else
            say_gone(entry);
    }
    detections->count = kept;
}

void detections_replace(struct detections *detections, enum detection_check check,
                        const char *repository, const char *file, const char *detail)
{
    leave_out(detections, check, repository, file);
    detections_add(detections, check, repository, file, detail);
    if (detections_are_news(detections))
        save(detections);
}

void detections_resolve(struct detections *detections, const char *repository, const char *file)
{
    size_t before = detections->count;

    leave_out(detections, DETECTION_NONE, repository, file);
    if (detections->count != before)
        save(detections);
}

void detections_settle(struct detections *detections)
{
    size_t kept = 0;

    if (!detections->begun)
        return;
    detections->begun = false;
    for (size_t i = 0; i < detections->count; i++) {
        const struct detections_entry *entry = &detections->entries[i];

        if (entry->seen)
            detections->entries[kept++] = *entry;
        else
            say_gone(entry);
    }
    detections->count = kept;
    if (detections_are_news(detections))
        save(detections);
}

bool detections_are_news(const struct detections *detections)
{
    char name[DIGEST_SHA256_HEX_SIZE];

    name_list(detections, name);
    return strcmp(name, detections->told) != 0;
}

void detections_told(struct detections *detections)
{
    if (!detections_are_news(detections))
        return;
    name_list(detections, detections->told);
    save(detections);
}

size_t detections_list(const struct detections *detections,
                       struct detection ret_list[static REPORT_DETECTIONS_MAX])
{
    for (size_t i = 0; i < detections->count; i++)
        ret_list[i] = view(&detections->entries[i]);
    return detections->count;
}
