/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/agreement.h"

#include "agent/roots.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "crypto/text.h"
#include "model/manifest.h"
#include "model/name.h"
#include "proto/reload_kind.h"
#include "tuf/targetpath.h"

#include <inttypes.h>
#include <string.h>

#define TARGETS_FILE "targets.json"

enum detection_check agreement_check_of(int cause)
{
    static const enum detection_check checks[] = {
        [UPDATER_E_FETCH] = DETECTION_UNREACHABLE,
        [UPDATER_E_FORMAT] = DETECTION_MALFORMED,
        [UPDATER_E_SIGNATURE] = DETECTION_ARBITRARY_SOFTWARE,
        [UPDATER_E_ROLLBACK] = DETECTION_ROLLBACK,
        [UPDATER_E_FREEZE] = DETECTION_FREEZE,
        [UPDATER_E_MISMATCH] = DETECTION_MIX_AND_MATCH,
        [UPDATER_E_TARGET] = DETECTION_UNLISTED,
        [UPDATER_E_NO_ROOT] = DETECTION_UNKEPT,
        [UPDATER_E_ENDLESS] = DETECTION_ENDLESS_DATA,
    };

    return cause > 0 && (size_t)cause < ARRAY_LEN(checks) ? checks[cause] : DETECTION_UNKEPT;
}

/* ---- faults */

/* It outlives the metadata that it is about. detail: in the arena already, or constant. */
static struct agreement_fault fault(struct arena *arena, enum detection_check check,
                                    enum roots_repository repository, const char *file,
                                    const char *detail)
{
    return (struct agreement_fault){check, roots_name(repository), arena_strdup(arena, file),
                                    detail};
}

static struct agreement_fault updater_fault(const struct updater *updater, int cause,
                                            const char *file, struct arena *arena)
{
    const struct reason *reason = updater_reason(updater);

    return fault(arena, agreement_check_of(cause), ROOTS_IMAGE,
                 reason->file[0] ? reason->file : file, arena_strdup(arena, reason_detail(reason)));
}

/* ---- paths */

#define PARTS_MAX 6
#define MANIFEST_PARTS 3

/* "digits/1.0.0/manifest.json", "digits/1.0.0/onnx~npu~int8.json" (of a variant that was added) or
 * "digits/1.0.0/onnx/cpu/fp32/model.onnx", taken apart. */
struct place {
    const char *model;
    const char *version;
    struct variant variant; /* an artifact's, or that which was added */
    const char *artifact;   /* NULL: a manifest */
    bool added;
};

static size_t split(struct arena *arena, const char *path, const char *parts[static PARTS_MAX])
{
    char *rest = arena_strdup(arena, path);
    size_t count = 0;

    while (rest && count < PARTS_MAX) {
        char *slash = strchr(rest, '/');

        parts[count++] = rest;
        if (slash)
            *slash = '\0';
        rest = slash ? slash + 1 : NULL;
    }
    return rest ? 0 : count;
}

/* The last part of a manifest's path. */
static bool read_manifest_name(struct arena *arena, const char *name, struct place *place)
{
    const char *variant;

    if (strcmp(name, TARGETPATH_MANIFEST) == 0)
        return true;
    variant = targetpath_variant_of(arena, name);
    place->added = true;
    return variant && variant_parse(variant, arena, &place->variant);
}

static bool read_place(struct arena *arena, const char *path, struct place *ret_place)
{
    const char *parts[PARTS_MAX];
    size_t count = split(arena, path, parts);

    if (count < MANIFEST_PARTS || !name_is_valid(parts[0]) || !name_is_version(parts[1]))
        return false;
    *ret_place = (struct place){.model = parts[0], .version = parts[1]};
    if (count == MANIFEST_PARTS)
        return read_manifest_name(arena, parts[2], ret_place);
    if (count != PARTS_MAX)
        return false;
    ret_place->variant = (struct variant){parts[2], parts[3], parts[4]};
    ret_place->artifact = parts[5];
    return !name_check_part(parts[2]) && !name_check_part(parts[3]) && !name_check_part(parts[4]) &&
           !name_check_artifact(parts[5]);
}

/* ---- what the director says */

struct reading {
    const struct agreement_device *device;
    struct agreement *agreement;
    struct arena *arena;
    struct agreement_fault *fault; /* of all of it */
};

static int refuse(const struct reading *reading, enum detection_check check, const char *detail)
{
    *reading->fault = fault(reading->arena, check, ROOTS_DIRECTOR, TARGETS_FILE, detail);
    return AGREEMENT_E_FAULT;
}

static int check_addressee(const struct reading *reading, const json_t *custom)
{
    const char *workspace = json_string_value(json_object_get(custom, "workspace"));
    const char *id = json_string_value(json_object_get(custom, "device"));

    if (workspace && id && strcmp(workspace, reading->device->workspace) == 0 &&
        strcmp(id, reading->device->id) == 0)
        return 0;
    return refuse(reading, DETECTION_WRONG_DEVICE,
                  arena_printf(reading->arena,
                               "it is for device '%.64s' of workspace '%.64s', this is device "
                               "'%.64s' of workspace '%.64s'",
                               id ? id : "", workspace ? workspace : "", reading->device->id,
                               reading->device->workspace));
}

/* Where the slot stands in the state; added where it is new. Negative: there are too many. */
static int slot_index(const struct reading *reading, const char *name)
{
    struct state *state = &reading->agreement->state;

    for (size_t i = 0; i < state->slot_count; i++)
        if (strcmp(state->slots[i].name, name) == 0)
            return (int)i;
    if (state->slot_count == STATE_SLOTS_MAX)
        return -1;
    state->slots[state->slot_count].name = name;
    return (int)state->slot_count++;
}

static void blame(struct arena *arena, struct agreement_slot *slot, enum detection_check check,
                  enum roots_repository repository, const char *file, const char *detail)
{
    if (slot->fault.check == DETECTION_NONE)
        slot->fault = fault(arena, check, repository, file, detail);
}

static bool read_digest(const struct metadata_target *target,
                        uint8_t ret_digest[static DIGEST_SHA256_SIZE])
{
    const char *hex = json_string_value(json_object_get(target->hashes, "sha256"));

    return hex && text_unhex(hex, ret_digest, DIGEST_SHA256_SIZE);
}

/* One target as one slot shall have it. */
struct share {
    const struct metadata_target *target;
    struct place place;
    const char *role;
    const char *reload; /* NULL: the device's own rule */
    struct variant variant;
    uint8_t sha256[DIGEST_SHA256_SIZE];
};

static void take_manifest(const struct reading *reading, size_t index, const struct share *share)
{
    struct state_slot *want = &reading->agreement->state.slots[index];
    struct agreement_slot *slot = &reading->agreement->slots[index];

    if (want->model) {
        blame(reading->arena, slot, DETECTION_MIX_AND_MATCH, ROOTS_DIRECTOR, share->target->path,
              arena_printf(reading->arena, "slot '%s' has two manifests: of %s %s and of %s %s",
                           want->name, want->model, want->version, share->place.model,
                           share->place.version));
        return;
    }
    slot->added = share->place.added;
    if (slot->added && !variant_equal(&share->place.variant, &share->variant))
        blame(reading->arena, slot, DETECTION_MIX_AND_MATCH, ROOTS_DIRECTOR, share->target->path,
              arena_printf(reading->arena, "slot '%s' is of %s/%s/%s", want->name,
                           share->variant.runtime, share->variant.hardware,
                           share->variant.precision));
    want->model = share->place.model;
    want->version = share->place.version;
    want->role = share->role;
    want->reload = share->reload;
    want->variant = share->variant;
    want->manifest_length = share->target->length;
    memcpy(want->manifest_sha256, share->sha256, sizeof(want->manifest_sha256));
    if (share->target->length < 1 || share->target->length > (int64_t)MANIFEST_SIZE_MAX)
        blame(reading->arena, slot, DETECTION_ENDLESS_DATA, ROOTS_DIRECTOR, share->target->path,
              arena_printf(reading->arena, "a manifest of %" PRId64 " bytes; 1 to %zu are expected",
                           share->target->length, MANIFEST_SIZE_MAX));
}

static bool is_same_reload(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool is_of(const struct state_slot *want, const struct share *share)
{
    return want->model && strcmp(want->model, share->place.model) == 0 &&
           strcmp(want->version, share->place.version) == 0 &&
           variant_equal(&want->variant, &share->place.variant) &&
           variant_equal(&want->variant, &share->variant) &&
           is_same_reload(want->reload, share->reload);
}

static void take_artifact(const struct reading *reading, size_t index, const struct share *share)
{
    struct state_slot *want = &reading->agreement->state.slots[index];
    struct agreement_slot *slot = &reading->agreement->slots[index];

    if (!want->model) { /* no manifest: what it would be is all that can be said */
        want->model = share->place.model;
        want->version = share->place.version;
        want->role = share->role;
        want->variant = share->variant;
        blame(reading->arena, slot, DETECTION_MISSING, ROOTS_DIRECTOR, TARGETS_FILE,
              arena_printf(reading->arena, "slot '%s' has files but no manifest", want->name));
        return;
    }
    if (!is_of(want, share)) {
        blame(reading->arena, slot, DETECTION_MIX_AND_MATCH, ROOTS_DIRECTOR, share->target->path,
              arena_printf(reading->arena, "slot '%s' is of %s %s %s/%s/%s", want->name,
                           want->model, want->version, want->variant.runtime,
                           want->variant.hardware, want->variant.precision));
        return;
    }
    if (slot->artifact_count == MANIFEST_ARTIFACTS_MAX ||
        share->target->length > MANIFEST_ARTIFACT_LENGTH_MAX) {
        blame(reading->arena, slot, DETECTION_ENDLESS_DATA, ROOTS_DIRECTOR, share->target->path,
              "more files, or a longer one, than a version can have");
        return;
    }
    if (!slot->artifacts)
        slot->artifacts =
            arena_array(reading->arena, MANIFEST_ARTIFACTS_MAX, sizeof(*slot->artifacts));
    slot->artifacts[slot->artifact_count] =
        (struct slot_artifact){.name = share->place.artifact, .length = share->target->length};
    memcpy(slot->artifacts[slot->artifact_count++].sha256, share->sha256, DIGEST_SHA256_SIZE);
}

/* What the word means is the business of who reloads: it may be newer than this agent. */
static bool read_reload(const struct reading *reading, const json_t *word, struct share *share)
{
    const char *text = json_string_value(word);

    share->reload = NULL;
    if (!word || (text && strcmp(text, RELOAD_KIND_DEVICE) == 0))
        return true;
    if (!text || !*text || strlen(text) > RELOAD_KIND_MAX)
        return false;
    share->reload = arena_strdup(reading->arena, text);
    return true;
}

static int read_share(const struct reading *reading, const char *slot, const json_t *word,
                      struct share *share)
{
    const char *role = json_string_value(json_object_get(word, "role"));
    const char *variant = json_string_value(json_object_get(word, "variant"));
    int index;

    if (!name_is_valid(slot))
        return refuse(reading, DETECTION_BAD_PATH,
                      arena_printf(reading->arena, "'%.80s' is no name of a slot", slot));
    if (!role || !variant || !variant_parse(variant, reading->arena, &share->variant))
        return refuse(reading, DETECTION_MALFORMED,
                      arena_printf(reading->arena,
                                   "slot '%s' of '%.200s': role and variant are expected", slot,
                                   share->target->path));
    share->role = arena_strdup(reading->arena, role);
    if (!read_reload(reading, json_object_get(word, "reload"), share))
        return refuse(reading, DETECTION_MALFORMED,
                      arena_printf(reading->arena,
                                   "slot '%s' of '%.200s': a kind of reload is a short word", slot,
                                   share->target->path));
    index = slot_index(reading, arena_strdup(reading->arena, slot));
    if (index < 0)
        return refuse(reading, DETECTION_MALFORMED,
                      arena_printf(reading->arena, "it has more than %d slots", STATE_SLOTS_MAX));
    if (share->place.artifact)
        take_artifact(reading, (size_t)index, share);
    else
        take_manifest(reading, (size_t)index, share);
    return 0;
}

static int read_target(const struct reading *reading, const struct metadata_target *target,
                       bool manifests)
{
    json_t *slots = json_object_get(target->custom, "slots");
    struct share share = {.target = target};
    const char *slot;
    json_t *word;

    if (!read_place(reading->arena, target->path, &share.place))
        return refuse(
            reading, DETECTION_BAD_PATH,
            arena_printf(reading->arena, "'%.200s' is no path of a model's file", target->path));
    if (manifests != !share.place.artifact)
        return 0;
    if (!read_digest(target, share.sha256) || !json_object_size(slots))
        return refuse(reading, DETECTION_MALFORMED,
                      arena_printf(reading->arena, "'%.200s': a SHA-256 and slots are expected",
                                   target->path));
    json_object_foreach (slots, slot, word) {
        int r = read_share(reading, slot, word, &share);

        if (r)
            return r;
    }
    return 0;
}

/* Manifests first: they say what a slot's files must be of. */
static int read_director(const struct reading *reading, const struct metadata *targets)
{
    const json_t *custom = json_object_get(targets->signed_part, "custom");
    const json_t *version = json_object_get(custom, "state_version");
    json_t *all = json_object_get(targets->signed_part, "targets");
    int r = check_addressee(reading, custom);

    reading->agreement->state.version = json_is_integer(version) ? json_integer_value(version) : -1;
    for (int pass = 0; !r && pass < 2; pass++) {
        const char *path;
        json_t *member;

        json_object_foreach (all, path, member) {
            struct metadata_target target;

            if (metadata_target(targets, path, &target))
                r = read_target(reading, &target, pass == 0);
            if (r)
                break;
        }
    }
    return r;
}

/* ---- what the image repository says */

static bool agrees_on_hardware(const struct metadata_target *target, const struct variant *variant)
{
    static const char *const names[] = {"runtime", "hardware", "precision"};
    const char *const expected[] = {variant->runtime, variant->hardware, variant->precision};

    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        const json_t *said = json_object_get(target->custom, names[i]);

        if (said && (!json_is_string(said) || strcmp(json_string_value(said), expected[i]) != 0))
            return false;
    }
    return true;
}

/* Compares one file. Returns 0 (the slot may be blamed), AGREEMENT_E_FETCH, or negative. */
static int compare(struct arena *arena, struct updater *image, struct agreement_slot *slot,
                   const char *path, const struct slot_artifact *expected,
                   const struct variant *variant)
{
    uint8_t sha256[DIGEST_SHA256_SIZE];
    char wanted[DIGEST_SHA256_HEX_SIZE];
    const char *hex;
    struct metadata_target target;
    int r = updater_find(image, path, &target);

    if (r == UPDATER_E_FETCH)
        return AGREEMENT_E_FETCH;
    if (r < 0)
        return r;
    if (r) {
        slot->fault = updater_fault(image, r, path, arena);
        return 0;
    }
    hex = json_string_value(json_object_get(target.hashes, "sha256"));
    text_hex(expected->sha256, sizeof(expected->sha256), wanted);
    if (!read_digest(&target, sha256) || target.length != expected->length ||
        memcmp(sha256, expected->sha256, sizeof(sha256)) != 0)
        blame(arena, slot, DETECTION_DISAGREEMENT, ROOTS_IMAGE, path,
              arena_printf(arena,
                           "the director says %" PRId64 " bytes, SHA-256 %s; the image repository "
                           "%" PRId64 " bytes, SHA-256 %.64s",
                           expected->length, wanted, target.length, hex ? hex : "unknown"));
    else if (!agrees_on_hardware(&target, variant))
        blame(arena, slot, DETECTION_DISAGREEMENT, ROOTS_IMAGE, path,
              arena_printf(arena, "it is not for %s/%s/%s, which the director says",
                           variant->runtime, variant->hardware, variant->precision));
    return 0;
}

static int check_slot(struct agreement *agreement, size_t index, struct updater *image)
{
    const struct state_slot *want = &agreement->state.slots[index];
    struct agreement_slot *slot = &agreement->slots[index];
    struct arena *arena = &agreement->arena;
    struct slot_artifact manifest = {.length = want->manifest_length};
    char variant[VARIANT_TEXT_SIZE];
    int r;

    memcpy(manifest.sha256, want->manifest_sha256, sizeof(manifest.sha256));
    variant_format(&want->variant, variant);
    r = compare(arena, image, slot,
                slot->added ? targetpath_variant(arena, want->model, want->version, variant)
                            : targetpath_manifest(arena, want->model, want->version),
                &manifest, &want->variant);
    for (size_t i = 0; !r && slot->fault.check == DETECTION_NONE && i < slot->artifact_count; i++)
        r = compare(arena, image, slot,
                    targetpath_artifact(arena, want->model, want->version, variant,
                                        slot->artifacts[i].name),
                    &slot->artifacts[i], &want->variant);
    return r;
}

/* What can be said without the image repository. */
static void check_alone(const struct reading *reading, size_t index)
{
    const struct state_slot *want = &reading->agreement->state.slots[index];
    struct agreement_slot *slot = &reading->agreement->slots[index];

    if (!variant_fits(&want->variant, reading->device->capabilities,
                      reading->device->capability_count))
        blame(reading->arena, slot, DETECTION_WRONG_HARDWARE, ROOTS_DIRECTOR,
              targetpath_manifest(reading->arena, want->model, want->version),
              arena_printf(reading->arena, "slot '%s' shall run %s/%s, which this device cannot",
                           want->name, want->variant.runtime, want->variant.hardware));
    if (slot->artifact_count == 0)
        blame(reading->arena, slot, DETECTION_MISSING, ROOTS_DIRECTOR, TARGETS_FILE,
              arena_printf(reading->arena, "slot '%s' has a manifest but no files", want->name));
}

int agreement_make(const struct agreement_device *device, const struct metadata *targets,
                   struct updater *image, struct agreement *ret_agreement,
                   struct agreement_fault *ret_fault)
{
    struct arena *arena = &ret_agreement->arena;
    struct reading reading = {device, ret_agreement, arena, ret_fault};
    int r;

    *ret_agreement = (struct agreement){0};
    ret_agreement->state.slots =
        arena_array(arena, STATE_SLOTS_MAX, sizeof(*ret_agreement->state.slots));
    ret_agreement->slots = arena_array(arena, STATE_SLOTS_MAX, sizeof(*ret_agreement->slots));
    r = read_director(&reading, targets);
    for (size_t i = 0; !r && i < ret_agreement->state.slot_count; i++) {
        check_alone(&reading, i);
        if (ret_agreement->slots[i].fault.check == DETECTION_NONE)
            r = check_slot(ret_agreement, i, image);
    }
    return r;
}

const struct agreement_slot *agreement_find(const struct agreement *agreement, const char *slot)
{
    const struct state_slot *found = state_find(&agreement->state, slot);

    return found ? &agreement->slots[found - agreement->state.slots] : NULL;
}

enum found {
    FOUND_NOTHING,
    FOUND_ANOTHER, /* with other bytes */
    FOUND
};

/* Looks for the manifest under a path. Returns 0, or as agreement_check_installed. */
static int find_manifest(struct updater *image, const char *path, const char *sha256,
                         struct arena *arena, enum found *ret_found,
                         struct agreement_fault *ret_fault)
{
    struct metadata_target target;
    const char *hex;
    int r = updater_find(image, path, &target);

    if (r == UPDATER_E_FETCH)
        return AGREEMENT_E_FETCH;
    if (r < 0)
        return r;
    if (r && r != UPDATER_E_TARGET) {
        *ret_fault = updater_fault(image, r, path, arena);
        return AGREEMENT_E_FAULT;
    }
    *ret_found = FOUND_NOTHING;
    if (r)
        return 0;
    hex = json_string_value(json_object_get(target.hashes, "sha256"));
    *ret_found = hex && strcmp(hex, sha256) == 0 ? FOUND : FOUND_ANOTHER;
    return 0;
}

int agreement_check_installed(struct updater *image, const struct slot_version *version,
                              const char *slot, struct arena *arena,
                              struct agreement_fault *ret_fault)
{
    const char *own = targetpath_manifest(arena, version->model, version->version);
    const char *added =
        targetpath_variant(arena, version->model, version->version, version->variant);
    enum found whole = FOUND_NOTHING;
    enum found alone = FOUND_NOTHING;
    int r = find_manifest(image, own, version->manifest_sha256, arena, &whole, ret_fault);

    if (!r && whole != FOUND)
        r = find_manifest(image, added, version->manifest_sha256, arena, &alone, ret_fault);
    if (r || whole == FOUND || alone == FOUND)
        return r;
    /* The version is still listed, so what is gone is what was added to it. */
    *ret_fault =
        fault(arena, DETECTION_WITHDRAWN, ROOTS_IMAGE, whole == FOUND_ANOTHER ? added : own,
              arena_printf(arena,
                           "slot '%s' serves %s %s, which its publishers no longer list; "
                           "it goes on until another version comes",
                           slot, version->model, version->version));
    return AGREEMENT_E_FAULT;
}

void agreement_release(struct agreement *agreement)
{
    if (!agreement)
        return;
    arena_release(&agreement->arena);
    *agreement = (struct agreement){0};
}
