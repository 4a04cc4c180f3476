/* SPDX-License-Identifier: Apache-2.0 */
#include "tuf/envelope.h"

#include "base/cleanup.h"
#include "crypto/secret.h"
#include "suite.h"

#include <stdio.h>
#include <string.h>

#define CEILING 65536
#define ID_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define ID_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

/* Two people, a document, and room for what is parsed of it. */
struct scene {
    struct arena arena;
    struct key_pair pairs[2];
    struct key keys[2];
    struct signer signers[2];
    json_t *document;
    struct buffer buffer;
    struct envelope envelope;
};

static struct scene scene_make(void)
{
    struct scene scene = {.buffer = BUFFER(CEILING)};

    for (size_t i = 0; i < 2; i++) {
        ck_assert_int_eq(key_generate("somebody", &scene.pairs[i]), 0);
        scene.keys[i] = scene.pairs[i].key;
    }
    scene.document = json_pack("{s:s, s:i, s:s}", "text", "line\n\"\xc3\xa4\"", "n", 7, "a", "");
    return scene;
}

static void scene_release(struct scene *scene)
{
    envelope_release(&scene->envelope);
    buffer_release(&scene->buffer);
    json_decref(scene->document);
    for (size_t i = 0; i < 2; i++)
        key_pair_release(&scene->pairs[i]);
    arena_release(&scene->arena);
}

static void build(struct scene *scene, size_t signer_count)
{
    for (size_t i = 0; i < 2; i++)
        scene->signers[i] = key_signer(&scene->pairs[i]);
    ck_assert_int_eq(envelope_build(scene->document, scene->signers, signer_count, &scene->buffer),
                     0);
}

static void parse(struct scene *scene)
{
    struct fields_error error;

    ck_assert_msg(envelope_parse(scene->buffer.bytes, scene->buffer.size, CEILING, &scene->arena,
                                 &scene->envelope, &error) == 0,
                  "%s", error.text);
}

/* Parses what edit made of a signed envelope. */
static void parse_edited(struct scene *scene, void (*edit)(struct scene *scene, json_t *root))
{
    json_auto_t *root = json_loads(scene->buffer.bytes, 0, NULL);
    AUTO_FREE char *text = NULL;

    edit(scene, root);
    text = json_dumps(root, JSON_INDENT(1));
    buffer_clear(&scene->buffer);
    buffer_append_text(&scene->buffer, text);
    parse(scene);
}

START_TEST(verifies_what_it_built)
{
    CLEANUP(scene_release) struct scene scene = scene_make();
    struct envelope_verdict verdict;

    build(&scene, 2);
    parse(&scene);
    ck_assert_uint_eq(scene.envelope.signature_count, 2);
    ck_assert(json_equal(scene.envelope.signed_part, scene.document));
    ck_assert_int_eq(envelope_verify(&scene.envelope, scene.keys, 2, 2, &verdict), 0);
    ck_assert_uint_eq(verdict.count, 2);
    ck_assert_str_eq(verdict.keyids[1], scene.keys[1].id);
    ck_assert_int_eq(envelope_verify(&scene.envelope, scene.keys, 2, 1, NULL), 0);
}
END_TEST

START_TEST(the_same_document_gives_the_same_bytes)
{
    CLEANUP(scene_release) struct scene scene = scene_make();
    CLEANUP(buffer_release) struct buffer first = BUFFER(CEILING);

    build(&scene, 1);
    buffer_append(&first, scene.buffer.bytes, scene.buffer.size);
    buffer_clear(&scene.buffer);
    build(&scene, 1);
    ck_assert_str_eq(first.bytes, scene.buffer.bytes);
}
END_TEST

START_TEST(unsigned_is_well_formed_and_verifies_nowhere)
{
    CLEANUP(scene_release) struct scene scene = scene_make();

    build(&scene, 0);
    parse(&scene);
    ck_assert_uint_eq(scene.envelope.signature_count, 0);
    ck_assert_int_eq(envelope_verify(&scene.envelope, scene.keys, 2, 1, NULL),
                     ENVELOPE_E_UNVERIFIED);
    ck_assert_int_eq(envelope_verify(&scene.envelope, scene.keys, 2, 0, NULL),
                     ENVELOPE_E_UNVERIFIED);
}
END_TEST

START_TEST(keeps_to_the_threshold)
{
    CLEANUP(scene_release) struct scene scene = scene_make();
    struct envelope_verdict verdict;

    build(&scene, 1);
    parse(&scene);
    ck_assert_int_eq(envelope_verify(&scene.envelope, scene.keys, 2, 2, &verdict),
                     ENVELOPE_E_UNVERIFIED);
    ck_assert_uint_eq(verdict.count, 1);
    ck_assert_int_eq(envelope_verify(&scene.envelope, scene.keys, 2, 1, NULL), 0);
}
END_TEST

START_TEST(ignores_strangers)
{
    CLEANUP(scene_release) struct scene scene = scene_make();
    struct envelope_verdict verdict;

    build(&scene, 2);
    parse(&scene);
    ck_assert_int_eq(envelope_verify(&scene.envelope, &scene.keys[1], 1, 1, &verdict), 0);
    ck_assert_uint_eq(verdict.unknown_count, 1);
    ck_assert_int_eq(envelope_verify(&scene.envelope, &scene.keys[1], 1, 2, NULL),
                     ENVELOPE_E_UNVERIFIED);
    ck_assert_int_eq(envelope_verify(&scene.envelope, NULL, 0, 1, NULL), ENVELOPE_E_UNVERIFIED);
}
END_TEST

static void change_document(struct scene *scene, json_t *root)
{
    (void)scene;
    ck_assert_int_eq(json_object_set_new(json_object_get(root, "signed"), "n", json_integer(8)), 0);
}

static void add_member(struct scene *scene, json_t *root)
{
    (void)scene;
    ck_assert_int_eq(json_object_set_new(json_object_get(root, "signed"), "new", json_null()), 0);
}

static void (*const forgeries[])(struct scene *scene, json_t *root) = {change_document, add_member};

START_TEST(a_changed_document_does_not_verify)
{
    for (size_t i = 0; i < ARRAY_LEN(forgeries); i++) {
        CLEANUP(scene_release) struct scene scene = scene_make();
        struct envelope_verdict verdict;

        build(&scene, 1);
        parse_edited(&scene, forgeries[i]);
        ck_assert_int_eq(envelope_verify(&scene.envelope, scene.keys, 2, 1, &verdict),
                         ENVELOPE_E_UNVERIFIED);
        ck_assert_uint_eq(verdict.bad_count, 1);
    }
}
END_TEST

static void spoil_first(json_t *root, const char *sig)
{
    json_t *signature = json_array_get(json_object_get(root, "signatures"), 0);

    ck_assert_int_eq(json_object_set_new(signature, "sig", json_string(sig)), 0);
}

static void spoil_empty(struct scene *scene, json_t *root)
{
    (void)scene;
    spoil_first(root, "");
}

static void spoil_short(struct scene *scene, json_t *root)
{
    (void)scene;
    spoil_first(root, "0011");
}

static void spoil_text(struct scene *scene, json_t *root)
{
    (void)scene;
    spoil_first(root, "not hex at all");
}

static void (*const spoilers[])(struct scene *scene, json_t *root) = {spoil_empty, spoil_short,
                                                                      spoil_text};

START_TEST(bad_signatures_do_not_hurt_good_ones)
{
    for (size_t i = 0; i < ARRAY_LEN(spoilers); i++) {
        CLEANUP(scene_release) struct scene scene = scene_make();
        struct envelope_verdict verdict;

        build(&scene, 2);
        parse_edited(&scene, spoilers[i]);
        ck_assert_int_eq(envelope_verify(&scene.envelope, scene.keys, 2, 1, &verdict), 0);
        ck_assert_uint_eq(verdict.count, 1);
        ck_assert_uint_eq(verdict.bad_count, 1);
        ck_assert_str_eq(verdict.keyids[0], scene.keys[1].id);
        ck_assert_int_eq(envelope_verify(&scene.envelope, scene.keys, 2, 2, NULL),
                         ENVELOPE_E_UNVERIFIED);
    }
}
END_TEST

/* The second key is the first one under another id; its signature is the same bytes. */
static void sign_again_under_another_id(struct scene *scene, json_t *root)
{
    json_t *signatures = json_object_get(root, "signatures");
    json_t *copy = json_copy(json_array_get(signatures, 0));

    ck_assert_int_eq(json_object_set_new(copy, "keyid", json_string(scene->keys[1].id)), 0);
    ck_assert_int_eq(json_array_append_new(signatures, copy), 0);
}

START_TEST(a_key_counts_once_under_however_many_ids)
{
    CLEANUP(scene_release) struct scene scene = scene_make();
    json_auto_t *object = key_to_json(&scene.keys[0]);
    struct envelope_verdict verdict;
    struct fields_error error;

    ck_assert_int_eq(json_object_set_new(object, "comment", json_string("me again")), 0);
    ck_assert_int_eq(key_parse(object, &scene.keys[1], &error), 0);
    build(&scene, 1);
    parse_edited(&scene, sign_again_under_another_id);
    ck_assert_uint_eq(scene.envelope.signature_count, 2);
    ck_assert_int_eq(envelope_verify(&scene.envelope, scene.keys, 2, 2, &verdict),
                     ENVELOPE_E_UNVERIFIED);
    ck_assert_uint_eq(verdict.count, 1);
}
END_TEST

START_TEST(a_detached_signature_fits)
{
    CLEANUP(scene_release) struct scene scene = scene_make();
    json_auto_t *array = json_array();
    struct fields_error error;
    json_t *signature;

    build(&scene, 0);
    parse(&scene);
    ck_assert_int_eq(envelope_sign(scene.document, &scene.signers[1], &signature), 0);
    ck_assert_int_eq(json_array_append_new(array, signature), 0);
    ck_assert_int_eq(envelope_parse_signatures(array, &scene.arena, &scene.envelope.signatures,
                                               &scene.envelope.signature_count, &error),
                     0);
    ck_assert_int_eq(envelope_verify(&scene.envelope, scene.keys, 2, 1, NULL), 0);
}
END_TEST

static const struct {
    const char *json;
    int outcome;
    const char *text;
} refusals[] = {
    {"{\"signatures\":[]",                                                               ENVELOPE_E_SYNTAX,  "line 1, column 16: '}' expected near end of file"},
    {"[]",                                                                               ENVELOPE_E_INVALID, "an object expected"                              },
    {"{\"signed\":{}}",                                                                  ENVELOPE_E_INVALID, "signatures: missing"                             },
    {"{\"signatures\":[]}",                                                              ENVELOPE_E_INVALID, "signed: missing"                                 },
    {"{\"signatures\":[],\"signed\":[]}",                                                ENVELOPE_E_INVALID, "signed: an object expected"                      },
    {"{\"signatures\":[],\"signed\":null}",                                              ENVELOPE_E_INVALID, "signed: must not be null"                        },
    {"{\"signatures\":{},\"signed\":{}}",                                                ENVELOPE_E_INVALID, "signatures: an array expected"                   },
    {"{\"signatures\":[],\"signed\":{},\"x\":1}",                                        ENVELOPE_E_UNKNOWN, "x: unknown field"                                },
    {"{\"signatures\":[1],\"signed\":{}}",                                               ENVELOPE_E_INVALID, "signatures[0]: an object expected"               },
    {"{\"signatures\":[{\"sig\":\"00\"}],\"signed\":{}}",                                ENVELOPE_E_INVALID,
     "signatures[0].keyid: missing"                                                                                                                            },
    {"{\"signatures\":[{\"keyid\":\"aa\",\"sig\":\"00\"}],\"signed\":{}}",               ENVELOPE_E_INVALID,
     "signatures[0].keyid: 64 lower-case hex digits expected"                                                                                                  },
    {"{\"signatures\":[{\"keyid\":\"" ID_A "\"}],\"signed\":{}}",                        ENVELOPE_E_INVALID,
     "signatures[0].sig: missing"                                                                                                                              },
    {"{\"signatures\":[{\"keyid\":\"" ID_A "\",\"sig\":\"00\",\"y\":1}],\"signed\":{}}",
     ENVELOPE_E_UNKNOWN,                                                                                     "signatures[0].y: unknown field"                  },
    {"{\"signatures\":[{\"keyid\":\"" ID_A "\",\"sig\":\"00\"},{\"keyid\":\"" ID_B
     "\",\"sig\":\"00\"},{\"keyid\":\"" ID_A "\",\"sig\":\"11\"}],\"signed\":{}}",
     ENVELOPE_E_INVALID,                                                                                     "signatures[2].keyid: repeated: a key signs once" },
};

START_TEST(says_why_it_is_not_an_envelope)
{
    for (size_t i = 0; i < ARRAY_LEN(refusals); i++) {
        CLEANUP(arena_release) struct arena arena = {0};
        struct envelope envelope = {0};
        struct fields_error error;

        ck_assert_msg(envelope_parse(refusals[i].json, strlen(refusals[i].json), CEILING, &arena,
                                     &envelope, &error) == refusals[i].outcome,
                      "%s", refusals[i].json);
        ck_assert_str_eq(error.text, refusals[i].text);
        ck_assert_ptr_null(envelope.root);
    }
}
END_TEST

START_TEST(refuses_what_is_too_long)
{
    CLEANUP(scene_release) struct scene scene = scene_make();
    struct fields_error error;

    build(&scene, 1);
    ck_assert_int_eq(envelope_parse(scene.buffer.bytes, scene.buffer.size, scene.buffer.size - 1,
                                    &scene.arena, &scene.envelope, &error),
                     ENVELOPE_E_TOO_LARGE);
}
END_TEST

START_TEST(refuses_more_signatures_than_its_limit)
{
    CLEANUP(arena_release) struct arena arena = {0};
    json_auto_t *array = json_array();
    struct envelope_signature *signatures;
    struct fields_error error;
    size_t count;

    for (int i = 0; i <= ENVELOPE_SIGNATURES_MAX; i++) {
        char id[KEY_ID_SIZE];

        (void)snprintf(id, sizeof(id), "%064x", (unsigned)i);
        ck_assert_int_eq(
            json_array_append_new(array, json_pack("{s:s, s:s}", "keyid", id, "sig", "00")), 0);
    }
    ck_assert_int_eq(envelope_parse_signatures(array, &arena, &signatures, &count, &error),
                     ENVELOPE_E_INVALID);
    ck_assert_str_eq(error.text, "signatures: too many: at most 64");
}
END_TEST

START_TEST(fails_at_the_buffers_ceiling)
{
    CLEANUP(scene_release) struct scene scene = scene_make();
    CLEANUP(buffer_release) struct buffer tiny = BUFFER(10);

    build(&scene, 1);
    ck_assert_int_eq(envelope_build(scene.document, scene.signers, 1, &tiny), ERR_NO_MEMORY);
}
END_TEST

int main(void)
{
    if (!secret_init())
        return 1;
    return SUITE_RUN("tuf/envelope", verifies_what_it_built, the_same_document_gives_the_same_bytes,
                     unsigned_is_well_formed_and_verifies_nowhere, keeps_to_the_threshold,
                     ignores_strangers, a_changed_document_does_not_verify,
                     bad_signatures_do_not_hurt_good_ones, a_key_counts_once_under_however_many_ids,
                     a_detached_signature_fits, says_why_it_is_not_an_envelope,
                     refuses_what_is_too_long, refuses_more_signatures_than_its_limit,
                     fails_at_the_buffers_ceiling);
}
