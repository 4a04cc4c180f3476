/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/examine.h"

#include "agent/counters.h"
#include "agent/identity.h"
#include "agent/trust.h"
#include "base/cleanup.h"
#include "crypto/text.h"
#include "model/manifest.h"
#include "proto/detection.h"
#include "tuf/envelope.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

_Static_assert(EXAMINE_DETAIL_SIZE >= PINNED_KEYS_DETAIL_SIZE, "details are handed through");

struct examination {
    const struct parts *parts;
    const struct examine_order *order;
    struct arena *arena;
    struct manifest manifest;
    const struct manifest_variant *variant;
    char *detail;
};

static const char *refuse(struct examination *it, enum detection_check check, const char *format,
                          ...) PRINTF_LIKE(3, 4);

static const char *refuse(struct examination *it, enum detection_check check, const char *format,
                          ...)
{
    va_list args;

    va_start(args, format);
    (void)vsnprintf(it->detail, EXAMINE_DETAIL_SIZE, format, args);
    va_end(args);
    return detection_name(check);
}

/* ---- each returns NULL or a code */

/* With roots there is nothing to ask of signatures: the hash is what both repositories list. */
static const char *check_signature(struct examination *it, const struct envelope *envelope)
{
    const struct trust *trust = it->parts->trust;

    if (trust->mode == TRUST_ROOTS)
        return it->order->agreed ? NULL
                                 : refuse(it, DETECTION_ARBITRARY_SOFTWARE,
                                          "director and image repository have not agreed on it");
    if (pinned_keys_verify(&trust->keys, it->order->want->model, envelope, it->detail))
        return detection_name(DETECTION_ARBITRARY_SOFTWARE);
    return NULL;
}

static const char *read_manifest(struct examination *it)
{
    const struct examine_order *order = it->order;
    CLEANUP(envelope_release) struct envelope envelope = {0};
    struct fields_error error = {0};
    const char *code;

    if (envelope_parse(order->manifest, order->manifest_size, MANIFEST_SIZE_MAX, it->arena,
                       &envelope, &error))
        return refuse(it, DETECTION_MALFORMED, "the manifest is malformed: %.400s", error.text);
    code = check_signature(it, &envelope);
    if (code)
        return code;
    if (manifest_decode(envelope.signed_part, it->arena, &it->manifest, &error))
        return refuse(it, DETECTION_MALFORMED, "the manifest is malformed: %.400s", error.text);
    return NULL;
}

static const char *check_subject(struct examination *it)
{
    const struct state_slot *want = it->order->want;
    const struct manifest *manifest = &it->manifest;
    const char *workspace = it->parts->identity->workspace;

    if (strcmp(manifest->workspace, workspace) == 0 && strcmp(manifest->model, want->model) == 0 &&
        strcmp(manifest->version, want->version) == 0)
        return NULL;
    return refuse(it, DETECTION_MIX_AND_MATCH,
                  "the manifest is of %.63s/%.63s %.64s, asked for is %.63s/%.63s %.64s",
                  manifest->workspace, manifest->model, manifest->version, workspace, want->model,
                  want->version);
}

static bool is_same(const struct manifest_artifact *one, const struct slot_artifact *other)
{
    return strcmp(one->name, other->name) == 0 && one->length == other->length &&
           memcmp(one->sha256, other->sha256, DIGEST_SHA256_SIZE) == 0;
}

/* Names are unique in both, so that as many pairs as each has files means the same files. */
static bool is_agreed(const struct manifest_variant *variant, const struct agreement_slot *agreed)
{
    size_t pairs = 0;

    for (size_t i = 0; i < variant->artifact_count; i++)
        for (size_t j = 0; j < agreed->artifact_count; j++)
            pairs += is_same(&variant->artifacts[i], &agreed->artifacts[j]);
    return pairs == variant->artifact_count && pairs == agreed->artifact_count;
}

static const char *check_files(struct examination *it)
{
    const struct agreement_slot *agreed = it->order->agreed;
    char text[VARIANT_TEXT_SIZE];

    variant_format(&it->order->want->variant, text);
    it->variant = manifest_find(&it->manifest, text);
    if (!it->variant)
        return refuse(it, DETECTION_MISSING, "the manifest has no variant '%s'", text);
    if (!agreed || is_agreed(it->variant, agreed))
        return NULL;
    return refuse(it, DETECTION_MIX_AND_MATCH,
                  "the manifest has %zu files for '%s' which are not the %zu that director and "
                  "image repository agree on",
                  it->variant->artifact_count, text, agreed->artifact_count);
}

static const char *check_counter(struct examination *it)
{
    int64_t floor = counters_floor(it->parts->store, it->manifest.model);

    if (it->manifest.release_counter >= floor)
        return NULL;
    return refuse(it, DETECTION_ROLLBACK,
                  "its release counter is %" PRId64 ", this device has served '%s' with %" PRId64,
                  it->manifest.release_counter, it->manifest.model, floor);
}

/* ---- */

static void take_version(struct examination *it, struct slot_version *ret_version)
{
    const struct manifest_variant *variant = it->variant;
    uint8_t digest[DIGEST_SHA256_SIZE];
    char text[VARIANT_TEXT_SIZE];
    char hex[DIGEST_SHA256_HEX_SIZE];

    digest_sha256(it->order->manifest, it->order->manifest_size, digest);
    text_hex(digest, sizeof(digest), hex);
    variant_format(&variant->id, text);
    *ret_version = (struct slot_version){
        .model = it->manifest.model,
        .version = it->manifest.version,
        .variant = arena_strdup(it->arena, text),
        .manifest_sha256 = arena_strdup(it->arena, hex),
        .release_counter = it->manifest.release_counter,
        .artifacts =
            arena_array(it->arena, variant->artifact_count, sizeof(*ret_version->artifacts)),
        .artifact_count = variant->artifact_count,
    };
    for (size_t i = 0; i < variant->artifact_count; i++) {
        ret_version->artifacts[i].name = variant->artifacts[i].name;
        ret_version->artifacts[i].length = variant->artifacts[i].length;
        memcpy(ret_version->artifacts[i].sha256, variant->artifacts[i].sha256, DIGEST_SHA256_SIZE);
    }
}

const char *examine_manifest(const struct parts *parts, const struct examine_order *order,
                             struct arena *arena, struct slot_version *ret_version,
                             char ret_detail[static EXAMINE_DETAIL_SIZE])
{
    static const char *(*const checks[])(struct examination *) = {read_manifest, check_subject,
                                                                  check_files, check_counter};
    struct examination it = {.parts = parts, .order = order, .arena = arena, .detail = ret_detail};

    for (size_t i = 0; i < ARRAY_LEN(checks); i++) {
        const char *code = checks[i](&it);

        if (code)
            return code;
    }
    take_version(&it, ret_version);
    return NULL;
}
