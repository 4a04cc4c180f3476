/* SPDX-License-Identifier: Apache-2.0 */
#include "tuf/updater.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "tuf/delegation.h"
#include "tuf/role.h"
#include "tuf/rolename.h"
#include "tuf/trusted.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct updater_limits updater_limits_default = {
    .root_bytes = 512000,
    .timestamp_bytes = 16384,
    .snapshot_bytes = 2000000,
    .targets_bytes = 5000000,
    .root_rotations = 256,
    .delegations = 32,
};

struct updater {
    struct updater_config config;
    struct trusted trusted;
    struct metadata found;  /* the role that lists the target found last */
    const char *found_name; /* where the top-level role delegates to it; NULL: elsewhere */
    struct refusal *refusals;
    struct arena arena; /* names, refusals */
    bool has_listing;
};

/* A role that the top-level one delegates to, and that was refused once: it stays so. */
struct refusal {
    const char *name;
    int outcome;
    struct reason reason;
    struct refusal *next;
};

static const char *const outcome_names[] = {
    [0] = "ok",
    [UPDATER_E_FETCH] = "fetch",
    [UPDATER_E_FORMAT] = "format",
    [UPDATER_E_SIGNATURE] = "signature",
    [UPDATER_E_ROLLBACK] = "rollback",
    [UPDATER_E_FREEZE] = "freeze",
    [UPDATER_E_MISMATCH] = "mismatch",
    [UPDATER_E_TARGET] = "target",
    [UPDATER_E_NO_ROOT] = "no-root",
    [UPDATER_E_ENDLESS] = "endless",
};

const char *updater_outcome_name(int outcome)
{
    if (outcome < 0 || (size_t)outcome >= ARRAY_LEN(outcome_names))
        return "internal";
    return outcome_names[outcome];
}

int updater_new(const struct updater_config *config, struct updater **ret_updater)
{
    struct updater *updater = calloc(1, sizeof(*updater));

    if (!updater)
        return log_fail(ERR_NO_MEMORY, "cannot update metadata: out of memory");
    updater->config = *config;
    updater->trusted.now_ms = config->now_ms;
    *ret_updater = updater;
    return 0;
}

void updater_free(struct updater *updater)
{
    if (!updater)
        return;
    trusted_release(&updater->trusted);
    metadata_release(&updater->found);
    arena_release(&updater->arena);
    free(updater);
}

/* ---- what the two interfaces and the trusted set answer, in the updater's words -------------- */

static int refuse(struct updater *updater, int outcome, const char *role, const char *format, ...)
    PRINTF_LIKE(4, 5);

static int refuse(struct updater *updater, int outcome, const char *role, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    reason_set(&updater->trusted.reason, role, format, args);
    va_end(args);
    return outcome;
}

/* The reason is in the trusted set already. */
static int from_trusted(int r)
{
    static const int outcomes[] = {
        [TRUSTED_E_FORMAT] = UPDATER_E_FORMAT,     [TRUSTED_E_SIGNATURE] = UPDATER_E_SIGNATURE,
        [TRUSTED_E_ROLLBACK] = UPDATER_E_ROLLBACK, [TRUSTED_E_FREEZE] = UPDATER_E_FREEZE,
        [TRUSTED_E_MISMATCH] = UPDATER_E_MISMATCH, [TRUSTED_E_UNLISTED] = UPDATER_E_TARGET,
    };

    return r <= 0 ? r : outcomes[r];
}

/* Returns 0, UPDATER_FETCH_E_MISSING, an outcome of the updater's, or negative. version 0: none. */
enum {
    FETCH_MISSING = 100,
};

static int fetch(struct updater *updater, const char *role, int64_t version, size_t max_bytes,
                 struct buffer *ret_bytes)
{
    const struct updater_source *source = &updater->config.source;
    const char *quoted = rolename_quote(&updater->arena, role);
    const char *name =
        version ? arena_printf(&updater->arena, "%lld.%s.json", (long long)version, quoted)
                : arena_printf(&updater->arena, "%s.json", quoted);
    int r = source->fetch(source->state, name, max_bytes, ret_bytes);

    switch (r) {
    case UPDATER_FETCH_E_MISSING:
        (void)refuse(updater, 0, role, "the repository has no '%s'", name);
        return FETCH_MISSING;
    case UPDATER_FETCH_E_TOO_LONG:
        return refuse(updater, UPDATER_E_ENDLESS, role, "longer than %zu bytes", max_bytes);
    case UPDATER_FETCH_E_FAILED:
        return refuse(updater, UPDATER_E_FETCH, role, "it could not be fetched");
    default:
        return r;
    }
}

static int load(struct updater *updater, const char *role, size_t max_bytes,
                struct buffer *ret_bytes)
{
    const struct updater_store *store = &updater->config.store;

    return store->load(store->state, role, max_bytes, ret_bytes);
}

static int save(struct updater *updater, const char *role, const struct buffer *bytes)
{
    const struct updater_store *store = &updater->config.store;

    return store->save(store->state, role, bytes->bytes, bytes->size);
}

/* ---- 5.2, 5.3: root -------------------------------------------------------------------------- */

static int load_root(struct updater *updater)
{
    size_t max_bytes = updater->config.limits.root_bytes;
    CLEANUP(buffer_release) struct buffer bytes = BUFFER(max_bytes);
    int r = load(updater, "root", max_bytes, &bytes);

    if (r == UPDATER_STORE_E_MISSING)
        return refuse(updater, UPDATER_E_NO_ROOT, "root", "no trusted root is stored");
    if (r)
        return r;
    return from_trusted(trusted_root(&updater->trusted, bytes.bytes, bytes.size));
}

/*
 * 5.3.11 asks to delete timestamp and snapshot once the keys of either were rotated. It is done
 * before the new root is stored: a crash between the two must not leave a baseline behind that the
 * next run cannot get past.
 */
static int drop_rotated(struct updater *updater)
{
    const struct updater_store *store = &updater->config.store;
    int r = store->drop(store->state, "timestamp");

    return r ? r : store->drop(store->state, "snapshot");
}

static int fetch_next_root(struct updater *updater, bool *ret_more)
{
    size_t max_bytes = updater->config.limits.root_bytes;
    CLEANUP(buffer_release) struct buffer bytes = BUFFER(max_bytes);
    int64_t next = trusted_file(&updater->trusted, METADATA_ROOT)->version + 1;
    bool rotated = false;
    int r = fetch(updater, "root", next, max_bytes, &bytes);

    *ret_more = r == 0;
    if (r)
        return r == FETCH_MISSING ? 0 : r;
    r = trusted_next_root(&updater->trusted, bytes.bytes, bytes.size, &rotated);
    if (r)
        return from_trusted(r);
    if (rotated) {
        r = drop_rotated(updater);
        if (r)
            return r;
    }
    return save(updater, "root", &bytes);
}

int updater_roots(struct updater *updater)
{
    bool more = true;
    int r = load_root(updater);

    for (unsigned i = 0; !r && more && i < updater->config.limits.root_rotations; i++)
        r = fetch_next_root(updater, &more);
    return r;
}

static int update_root(struct updater *updater)
{
    int r = updater_roots(updater);

    return r ? r : from_trusted(trusted_root_final(&updater->trusted));
}

/* ---- 5.4: timestamp -------------------------------------------------------------------------- */

/* What an earlier run trusted, where it is still good for something; else nothing happens. */
static int load_timestamp(struct updater *updater, size_t max_bytes)
{
    CLEANUP(buffer_release) struct buffer bytes = BUFFER(max_bytes);
    int r = load(updater, "timestamp", max_bytes, &bytes);

    if (!r)
        r = trusted_timestamp(&updater->trusted, TRUSTED_LOCAL, bytes.bytes, bytes.size);
    return r < 0 ? r : 0;
}

static int update_timestamp(struct updater *updater)
{
    size_t max_bytes = updater->config.limits.timestamp_bytes;
    CLEANUP(buffer_release) struct buffer bytes = BUFFER(max_bytes);
    int r = load_timestamp(updater, max_bytes);

    if (r)
        return r;
    r = fetch(updater, "timestamp", 0, max_bytes, &bytes);
    if (r)
        return r == FETCH_MISSING ? UPDATER_E_FETCH : r;
    r = trusted_timestamp(&updater->trusted, TRUSTED_REMOTE, bytes.bytes, bytes.size);
    if (r == TRUSTED_E_SAME)
        return from_trusted(trusted_timestamp_final(&updater->trusted));
    if (r)
        return from_trusted(r);
    return save(updater, "timestamp", &bytes);
}

/* ---- 5.5: snapshot --------------------------------------------------------------------------- */

/* The length that was promised, where it was, within the limit. */
static size_t bound(const struct metadata_file *promised, size_t limit)
{
    if (promised->length >= 0 && (uint64_t)promised->length < limit)
        return (size_t)promised->length;
    return limit;
}

static int64_t url_version(const struct updater *updater, int64_t version)
{
    return metadata_consistent(trusted_file(&updater->trusted, METADATA_ROOT)) ? version : 0;
}

/* ret_current: the local one is the one that timestamp names. */
static int load_snapshot(struct updater *updater, const struct metadata_file *promised,
                         bool *ret_current)
{
    size_t max_bytes = updater->config.limits.snapshot_bytes;
    CLEANUP(buffer_release) struct buffer bytes = BUFFER(max_bytes);
    struct reason reason;
    int r = load(updater, "snapshot", max_bytes, &bytes);

    *ret_current = false;
    if (!r)
        r = trusted_snapshot(&updater->trusted, TRUSTED_LOCAL, bytes.bytes, bytes.size);
    if (r)
        return r < 0 ? r : 0;
    *ret_current = trusted_snapshot_final(&updater->trusted) == 0 &&
                   metadata_file_check(promised, bytes.bytes, bytes.size, &reason) == 0;
    return 0;
}

static int update_snapshot(struct updater *updater)
{
    CLEANUP(buffer_release)
    struct buffer bytes = BUFFER(updater->config.limits.snapshot_bytes);
    struct metadata_file promised;
    bool current;
    int r;

    (void)metadata_file(trusted_file(&updater->trusted, METADATA_TIMESTAMP), "snapshot.json",
                        &promised);
    r = load_snapshot(updater, &promised, &current);
    if (r || current)
        return r;
    r = fetch(updater, "snapshot", url_version(updater, promised.version),
              bound(&promised, bytes.ceiling), &bytes);
    if (r)
        return r == FETCH_MISSING ? UPDATER_E_FETCH : r;
    r = trusted_snapshot(&updater->trusted, TRUSTED_REMOTE, bytes.bytes, bytes.size);
    return r ? from_trusted(r) : save(updater, "snapshot", &bytes);
}

/* ---- 5.6: targets and delegated roles ----------------------------------------------------------
 */

/* Verifies one targets role and hands it out, or keeps it where it is the top-level one. */
static int accept_targets(struct updater *updater, const struct delegation *delegation,
                          const struct buffer *bytes, struct metadata *ret_metadata)
{
    if (!delegation)
        return trusted_targets(&updater->trusted, bytes->bytes, bytes->size);
    return trusted_delegated(&updater->trusted, delegation->name, &delegation->role, bytes->bytes,
                             bytes->size, ret_metadata);
}

/* delegation NULL: the top-level role. A valid local file is not fetched again. */
static int update_targets(struct updater *updater, const struct delegation *delegation,
                          struct metadata *ret_metadata)
{
    const char *name = delegation ? delegation->name : "targets";
    size_t limit = updater->config.limits.targets_bytes;
    CLEANUP(buffer_release) struct buffer local = BUFFER(limit);
    CLEANUP(buffer_release) struct buffer bytes = BUFFER(limit);
    struct metadata_file promised;
    int r;

    if (!metadata_file_of_role(trusted_file(&updater->trusted, METADATA_SNAPSHOT), name, &promised))
        return refuse(updater, UPDATER_E_TARGET, name, "snapshot does not list it");
    r = load(updater, name, limit, &local);
    if (!r)
        r = accept_targets(updater, delegation, &local, ret_metadata);
    if (r <= 0)
        return r;
    r = fetch(updater, name, url_version(updater, promised.version), bound(&promised, limit),
              &bytes);
    if (r)
        return r == FETCH_MISSING ? UPDATER_E_FETCH : r;
    r = accept_targets(updater, delegation, &bytes, ret_metadata);
    if (r)
        return from_trusted(r);
    r = save(updater, name, &bytes);
    if (r && delegation)
        metadata_release(ret_metadata);
    return r;
}

int updater_refresh(struct updater *updater)
{
    static int (*const steps[])(struct updater *) = {update_root, update_timestamp,
                                                     update_snapshot};

    for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
        int r = steps[i](updater);

        if (r)
            return r;
    }
    updater->has_listing = true;
    return update_targets(updater, NULL, NULL);
}

bool updater_has_listing(const struct updater *updater)
{
    return updater->has_listing;
}

/* ---- 5.6.7: the search -------------------------------------------------------------------------
 */

#define DEPTH_MAX 32

/* A targets role that is being searched, and its next delegation to look at. */
struct frame {
    struct metadata metadata; /* document NULL: the top-level role, owned by the trusted set */
    size_t next;
    bool terminating; /* reached by a terminating delegation: nothing behind it counts */
};

struct search {
    struct frame stack[DEPTH_MAX];
    size_t depth;
    const char *visited[64];
    size_t visits;
};

static void search_release(struct search *search)
{
    for (size_t i = 0; i < search->depth; i++)
        metadata_release(&search->stack[i].metadata);
}

static const struct metadata *frame_role(const struct updater *updater, const struct frame *frame)
{
    return frame->metadata.document ? &frame->metadata
                                    : trusted_file(&updater->trusted, METADATA_TARGETS);
}

static bool was_visited(const struct search *search, const char *name)
{
    for (size_t i = 0; i < search->visits; i++)
        if (strcmp(search->visited[i], name) == 0)
            return true;
    return false;
}

static int no_target(struct updater *updater, const char *path)
{
    updater->trusted.reason = (struct reason){0};
    (void)snprintf(updater->trusted.reason.text, sizeof(updater->trusted.reason.text),
                   "no trusted role lists the target '%.160s'", path);
    return UPDATER_E_TARGET;
}

/* The next delegation of the innermost frame that covers path and was not visited; goes outwards
 * where there is none. Returns false when the search has ended. */
static bool next_delegation(struct updater *updater, struct search *search, const char *path,
                            struct delegation *ret_delegation)
{
    while (search->depth > 0) {
        struct frame *frame = &search->stack[search->depth - 1];
        const struct metadata *role = frame_role(updater, frame);

        while (frame->next < delegation_count(role)) {
            if (!delegation_covers(role, frame->next++, path, &updater->arena, ret_delegation))
                continue;
            if (!was_visited(search, ret_delegation->name))
                return true;
            if (ret_delegation->terminating)
                return false;
        }
        if (frame->terminating)
            return false;
        metadata_release(&frame->metadata);
        search->depth--;
    }
    return false;
}

/* What was found out of a role that the top-level one delegates to; each is fetched, and its
 * signatures verified, once. */
static int recall(struct updater *updater, const char *name, struct metadata *ret_metadata,
                  bool *ret_known)
{
    *ret_known = true;
    if (updater->found_name && strcmp(updater->found_name, name) == 0) {
        *ret_metadata = metadata_take(&updater->found);
        updater->found_name = NULL;
        return 0;
    }
    for (const struct refusal *refusal = updater->refusals; refusal; refusal = refusal->next) {
        if (strcmp(refusal->name, name) != 0)
            continue;
        updater->trusted.reason = refusal->reason;
        return refusal->outcome;
    }
    *ret_known = false;
    return 0;
}

static void remember(struct updater *updater, const char *name, int outcome)
{
    struct refusal *refusal;

    if (outcome <= 0 || outcome == UPDATER_E_FETCH)
        return; /* it may be had another time */
    refusal = arena_alloc(&updater->arena, sizeof(*refusal));
    *refusal = (struct refusal){.name = arena_strdup(&updater->arena, name),
                                .outcome = outcome,
                                .reason = updater->trusted.reason,
                                .next = updater->refusals};
    updater->refusals = refusal;
}

/* at_top: the top-level role delegates to it, whose keys never change within one refresh. */
static int load_role(struct updater *updater, bool at_top, const struct delegation *delegation,
                     struct metadata *ret_metadata)
{
    bool known;
    int r;

    if (!at_top)
        return update_targets(updater, delegation, ret_metadata);
    r = recall(updater, delegation->name, ret_metadata, &known);
    if (known)
        return r;
    r = update_targets(updater, delegation, ret_metadata);
    remember(updater, delegation->name, r);
    return r;
}

/* Descends into one delegated role. */
static int visit(struct updater *updater, struct search *search,
                 const struct delegation *delegation)
{
    struct frame *frame = &search->stack[search->depth];
    int r;

    if (search->depth == DEPTH_MAX || search->visits >= updater->config.limits.delegations ||
        search->visits >= ARRAY_LEN(search->visited))
        return refuse(updater, UPDATER_E_TARGET, delegation->name, "too many delegations");
    search->visited[search->visits++] = arena_strdup(&updater->arena, delegation->name);
    *frame = (struct frame){.terminating = delegation->terminating};
    r = load_role(updater, search->depth == 1, delegation, &frame->metadata);
    if (r)
        return r;
    search->depth++;
    return 0;
}

int updater_find(struct updater *updater, const char *path, struct metadata_target *ret_target)
{
    CLEANUP(search_release) struct search search = {.depth = 1};
    struct delegation delegation;

    if (metadata_target(trusted_file(&updater->trusted, METADATA_TARGETS), path, ret_target))
        return 0;
    while (next_delegation(updater, &search, path, &delegation)) {
        struct frame *frame;
        int r = visit(updater, &search, &delegation);

        if (r)
            return r;
        frame = &search.stack[search.depth - 1];
        if (!metadata_target(&frame->metadata, path, ret_target))
            continue;
        metadata_release(&updater->found);
        updater->found = metadata_take(&frame->metadata);
        updater->found_name = search.depth == 2 ? search.visited[search.visits - 1] : NULL;
        search.depth--;
        return 0;
    }
    return no_target(updater, path);
}

int updater_role(struct updater *updater, const char *name, struct metadata *ret_metadata)
{
    struct delegation delegation;

    if (!delegation_named(trusted_file(&updater->trusted, METADATA_TARGETS), name, &delegation))
        return refuse(updater, UPDATER_E_TARGET, name, "nothing is delegated to it");
    return update_targets(updater, &delegation, ret_metadata);
}

const struct metadata *updater_file(const struct updater *updater, enum metadata_type type)
{
    return trusted_file(&updater->trusted, type);
}

/* ---- what came of it ---------------------------------------------------------------------------
 */

const char *updater_target_name(const struct updater *updater, const struct metadata_target *target,
                                struct arena *arena)
{
    const char *slash = strrchr(target->path, '/');
    const char *base = slash ? slash + 1 : target->path;
    const char *hash = metadata_target_hash(target);

    if (!hash || !metadata_consistent(trusted_file(&updater->trusted, METADATA_ROOT)))
        return arena_strdup(arena, target->path);
    return arena_printf(arena, "%.*s%s.%s", (int)(base - target->path), target->path, hash, base);
}

int64_t updater_version(const struct updater *updater, enum metadata_type type)
{
    const struct metadata *metadata = trusted_file(&updater->trusted, type);

    return metadata ? metadata->version : 0;
}

const struct reason *updater_reason(const struct updater *updater)
{
    return &updater->trusted.reason;
}
