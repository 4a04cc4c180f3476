/* SPDX-License-Identifier: Apache-2.0 */
#include "lineage/ref.h"

#include "base/cleanup.h"
#include "base/utf8.h"
#include "crypto/digest.h"
#include "model/name.h"
#include "model/variant.h"

#include <ctype.h>
#include <inttypes.h>
#include <string.h>

static const char *const kind_names[REF_KINDS] = {
    [REF_DATASET] = "dataset", [REF_DATASET_VERSION] = "dataset-version",
    [REF_CODE] = "code",       [REF_JOB] = "job",
    [REF_RUN] = "run",         [REF_VERSION] = "version",
    [REF_VARIANT] = "variant", [REF_ARTIFACT] = "artifact",
    [REF_DEVICE] = "device",   [REF_DEPLOYMENT] = "deployment",
};

const char *ref_kind_name(enum ref_kind kind)
{
    return kind_names[kind];
}

bool ref_kind_parse(const char *word, enum ref_kind *ret_kind)
{
    for (size_t i = 1; i < ARRAY_LEN(kind_names); i++) {
        if (strcmp(kind_names[i], word) != 0)
            continue;
        *ret_kind = (enum ref_kind)i;
        return true;
    }
    return false;
}

bool ref_is_uuid(const char *text)
{
    static const char shape[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";

    if (strlen(text) != sizeof(shape) - 1)
        return false;
    for (size_t i = 0; shape[i]; i++)
        if (shape[i] == '-' ? text[i] != '-' : !isxdigit((unsigned char)text[i]))
            return false;
    return true;
}

/* ---- percent-encoding ------------------------------------------------------------------------
 */

static bool is_special(unsigned char c)
{
    return c <= ' ' || c == 0x7f || c == '%' || c == '#' || c == '@';
}

static const char *encode(struct arena *arena, const char *text)
{
    static const char digits[] = "0123456789ABCDEF";
    char *encoded = arena_alloc(arena, 3 * strlen(text) + 1);
    char *at = encoded;

    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;

        if (!is_special(c)) {
            *at++ = *text;
            continue;
        }
        *at++ = '%';
        *at++ = digits[c >> 4];
        *at++ = digits[c & 15];
    }
    return encoded;
}

static int digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)tolower((unsigned char)c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* NULL where a '%' is not followed by two digits, or what they say is a NUL or no UTF-8. */
static const char *decode(struct arena *arena, const char *text, size_t length)
{
    char *decoded = arena_alloc(arena, length + 1);
    size_t size = 0;

    for (size_t i = 0; i < length; i++) {
        int value;

        if (text[i] != '%') {
            decoded[size++] = text[i];
            continue;
        }
        if (length - i < 3 || digit(text[i + 1]) < 0 || digit(text[i + 2]) < 0)
            return NULL;
        value = digit(text[i + 1]) * 16 + digit(text[i + 2]);
        if (value == 0)
            return NULL;
        decoded[size++] = (char)value;
        i += 2;
    }
    return utf8_valid(decoded, size) ? decoded : NULL;
}

/* ---- writing ---------------------------------------------------------------------------------
 */

const char *ref_dataset(struct arena *arena, const char *space, const char *name,
                        const char *version)
{
    const char *dataset =
        arena_printf(arena, "dataset:%s#%s", encode(arena, space), encode(arena, name));

    if (!version || !*version)
        return dataset;
    return arena_printf(arena, "%s@%s", dataset, encode(arena, version));
}

const char *ref_job(struct arena *arena, const char *space, const char *name)
{
    return arena_printf(arena, "job:%s#%s", encode(arena, space), encode(arena, name));
}

const char *ref_code(struct arena *arena, const char *repository, const char *revision)
{
    return arena_printf(arena, "code:%s@%s", encode(arena, repository), encode(arena, revision));
}

static const char *lower(struct arena *arena, const char *text)
{
    char *copy = arena_strdup(arena, text);

    for (char *c = copy; *c; c++)
        *c = (char)tolower((unsigned char)*c);
    return copy;
}

const char *ref_run(struct arena *arena, const char *uuid)
{
    return arena_printf(arena, "run:%s", lower(arena, uuid));
}

const char *ref_version(struct arena *arena, const char *model, const char *version)
{
    return arena_printf(arena, "model:%s@%s", model, version);
}

const char *ref_variant(struct arena *arena, const char *model, const char *version,
                        const char *variant)
{
    return arena_printf(arena, "model:%s@%s/%s", model, version, variant);
}

const char *ref_artifact(struct arena *arena, const char *hex)
{
    return arena_printf(arena, "artifact:%s", hex);
}

const char *ref_deployment(struct arena *arena, int64_t id)
{
    return arena_printf(arena, "deployment:%" PRId64, id);
}

const char *ref_device(struct arena *arena, const char *name)
{
    return arena_printf(arena, "device:%s", name);
}

/* ---- reading ---------------------------------------------------------------------------------
 */

struct reading {
    struct arena *arena;
    struct ref *ref;
    const char *why;
};

static int refuse(struct reading *reading, const char *why)
{
    reading->why = why;
    return REF_E_INVALID;
}

/* A foreign name between two pointers. */
static int read_part(struct reading *reading, const char *start, const char *end, size_t max,
                     const char *what, const char **ret_part)
{
    const char *part = decode(reading->arena, start, (size_t)(end - start));

    if (!part)
        return refuse(reading,
                      arena_printf(reading->arena, "its %s is not percent-encoded UTF-8", what));
    if (!*part)
        return refuse(reading, arena_printf(reading->arena, "its %s is empty", what));
    if (strlen(part) > max)
        return refuse(reading,
                      arena_printf(reading->arena, "its %s is longer than %zu bytes", what, max));
    *ret_part = part;
    return 0;
}

/* "NAMESPACE#NAME" up to end. */
static int read_name(struct reading *reading, const char *text, const char *end)
{
    const char *hash = memchr(text, '#', (size_t)(end - text));
    int r = 0;

    reading->ref->space = REF_NAMESPACE_DEFAULT;
    if (hash)
        r = read_part(reading, text, hash, REF_NAMESPACE_MAX, "namespace", &reading->ref->space);
    if (r)
        return r;
    return read_part(reading, hash ? hash + 1 : text, end, REF_NAME_MAX, "name",
                     &reading->ref->name);
}

static int read_dataset(struct reading *reading, const char *text)
{
    struct ref *ref = reading->ref;
    const char *at = strrchr(text, '@');
    const char *end = text + strlen(text);
    int r = read_name(reading, text, at ? at : end);

    if (!r && at)
        r = read_part(reading, at + 1, end, REF_REVISION_MAX, "version", &ref->revision);
    if (r)
        return r;
    ref->kind = at ? REF_DATASET_VERSION : REF_DATASET;
    ref->text = ref_dataset(reading->arena, ref->space, ref->name, ref->revision);
    return 0;
}

static int read_job(struct reading *reading, const char *text)
{
    int r = read_name(reading, text, text + strlen(text));

    if (r)
        return r;
    reading->ref->kind = REF_JOB;
    reading->ref->text = ref_job(reading->arena, reading->ref->space, reading->ref->name);
    return 0;
}

static int read_code(struct reading *reading, const char *text)
{
    struct ref *ref = reading->ref;
    const char *at = strrchr(text, '@');
    int r;

    if (!at)
        return refuse(reading, "it names no revision: code:REPOSITORY@REVISION is expected");
    r = read_part(reading, text, at, REF_NAME_MAX, "repository", &ref->name);
    if (!r)
        r = read_part(reading, at + 1, at + strlen(at), REF_REVISION_MAX, "revision",
                      &ref->revision);
    if (r)
        return r;
    ref->kind = REF_CODE;
    ref->text = ref_code(reading->arena, ref->name, ref->revision);
    return 0;
}

static int read_run(struct reading *reading, const char *text)
{
    if (!ref_is_uuid(text))
        return refuse(reading, "a run is named by its UUID: run:8-4-4-4-12 hex digits");
    reading->ref->kind = REF_RUN;
    reading->ref->name = lower(reading->arena, text);
    reading->ref->text = ref_run(reading->arena, text);
    return 0;
}

static int read_model(struct reading *reading, const char *text)
{
    struct arena *arena = reading->arena;
    struct ref *ref = reading->ref;
    const char *at = strchr(text, '@');
    const char *slash = at ? strchr(at, '/') : NULL;
    const char *expected;

    if (!at)
        return refuse(reading, "MODEL@VERSION is expected, such as digits@1.0.0");
    ref->name = arena_strndup(arena, text, (size_t)(at - text));
    ref->revision = slash ? arena_strndup(arena, at + 1, (size_t)(slash - at - 1))
                          : arena_strdup(arena, at + 1);
    ref->variant = slash ? arena_strdup(arena, slash + 1) : NULL;
    expected = name_check(ref->name);
    if (!expected)
        expected = name_check_version(ref->revision);
    if (!expected && ref->variant)
        expected = variant_check(ref->variant);
    if (expected)
        return refuse(reading, arena_printf(arena, "%s expected", expected));
    ref->kind = slash ? REF_VARIANT : REF_VERSION;
    ref->text = slash ? ref_variant(arena, ref->name, ref->revision, ref->variant)
                      : ref_version(arena, ref->name, ref->revision);
    return 0;
}

static int read_artifact(struct reading *reading, const char *text)
{
    const char *hex = lower(reading->arena, text);

    if (strlen(hex) != DIGEST_SHA256_HEX_SIZE - 1 ||
        strspn(hex, "0123456789abcdef") != DIGEST_SHA256_HEX_SIZE - 1)
        return refuse(reading, "an artifact is named by its SHA-256: 64 hex digits");
    reading->ref->kind = REF_ARTIFACT;
    reading->ref->name = hex;
    reading->ref->text = ref_artifact(reading->arena, hex);
    return 0;
}

static int read_deployment(struct reading *reading, const char *text)
{
    size_t length = strlen(text);

    if (length == 0 || length > 18 || strspn(text, "0123456789") != length || text[0] == '0')
        return refuse(reading, "a deployment is named by its number: deployment:17");
    reading->ref->kind = REF_DEPLOYMENT;
    reading->ref->name = arena_strdup(reading->arena, text);
    reading->ref->text = arena_printf(reading->arena, "deployment:%s", text);
    return 0;
}

static int read_device(struct reading *reading, const char *text)
{
    const char *name = ref_is_uuid(text) ? lower(reading->arena, text) : text;

    if (name_check(name))
        return refuse(reading, "a device is named by its name or its UUID");
    reading->ref->kind = REF_DEVICE;
    reading->ref->name = arena_strdup(reading->arena, name);
    reading->ref->text = ref_device(reading->arena, name);
    return 0;
}

static const struct {
    const char *prefix;
    int (*read)(struct reading *reading, const char *text);
} readers[] = {
    {"dataset:",    read_dataset   },
    {"job:",        read_job       },
    {"code:",       read_code      },
    {"run:",        read_run       },
    {"model:",      read_model     },
    {"artifact:",   read_artifact  },
    {"sha256:",     read_artifact  },
    {"deployment:", read_deployment},
    {"device:",     read_device    },
};

static int read_any(struct reading *reading, const char *text)
{
    if (strlen(text) > REF_TEXT_MAX || !utf8_valid(text, strlen(text)))
        return refuse(reading, "it is too long, or no UTF-8");
    for (size_t i = 0; i < ARRAY_LEN(readers); i++) {
        size_t length = strlen(readers[i].prefix);

        if (strncmp(text, readers[i].prefix, length) == 0)
            return readers[i].read(reading, text + length);
    }
    if (strchr(text, '@') && !strchr(text, ':'))
        return read_model(reading, text);
    return refuse(reading, "it begins with none of dataset:, job:, code:, run:, model:, artifact:, "
                           "deployment:, device:");
}

int ref_parse(const char *text, struct arena *arena, struct ref *ret_ref, const char **ret_why)
{
    struct ref ref = {0};
    struct reading reading = {.arena = arena, .ref = &ref};
    int r = read_any(&reading, text);

    if (r) {
        *ret_why = reading.why;
        return r;
    }
    *ret_ref = ref;
    return 0;
}
