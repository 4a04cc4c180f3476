/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/examine.h"

#include "agent/counters.h"
#include "crew.h"
#include "model/manifest.h"
#include "tuf/envelope.h"

static struct crew crew;
static struct key_pair publisher;
static struct key trusted;
static char detail[EXAMINE_DETAIL_SIZE];

static void set_up(void)
{
    crew_init(&crew);
    ck_assert_int_eq(key_generate("publisher", &publisher), 0);
    trusted = publisher.key;
    crew.trust = (struct trust){
        .mode = TRUST_KEYS, .keys = {&trusted, 1}
    };
}

static void tear_down(void)
{
    crew_release(&crew);
}

/* What is asked for, and a manifest of it; a test changes one thing. */
struct scene {
    struct state_slot want;
    struct manifest_artifact artifacts[2];
    struct manifest_variant variant;
    struct manifest manifest;
    struct slot_artifact agreed_artifacts[2];
    struct agreement_slot agreed;
    struct key_pair *signer; /* NULL: nobody */
    struct arena arena;
    struct slot_version version;
};

static void scene_init(struct scene *scene)
{
    *scene = (struct scene){
        .want = {.name = "main",
                 .model = "digits",
                 .version = "1.0.0",
                 .role = "production",
                 .variant = {"onnx", "cpu", "fp32"}},
        .artifacts = {{.name = "model.onnx", .length = 10, .sha256 = {1}},
                 {.name = "labels.txt", .length = 2, .sha256 = {2}}},
        .signer = &publisher,
    };
    scene->variant = (struct manifest_variant){
        .id = {"onnx", "cpu", "fp32"},
          .artifacts = scene->artifacts
    };
    scene->variant.artifact_count = 2;
    scene->manifest = (struct manifest){.workspace = "default",
                                        .model = "digits",
                                        .version = "1.0.0",
                                        .variants = &scene->variant,
                                        .variant_count = 1};
    for (size_t i = 0; i < 2; i++) {
        const struct manifest_artifact *artifact = &scene->artifacts[1 - i];

        scene->agreed_artifacts[i] =
            (struct slot_artifact){.name = artifact->name, .length = artifact->length};
        memcpy(scene->agreed_artifacts[i].sha256, artifact->sha256, DIGEST_SHA256_SIZE);
    }
    scene->agreed =
        (struct agreement_slot){.artifacts = scene->agreed_artifacts, .artifact_count = 2};
}

static const char *examine(struct scene *scene, const struct agreement_slot *agreed)
{
    CLEANUP(buffer_release) struct buffer bytes = BUFFER(65536);
    json_auto_t *part = manifest_encode(&scene->manifest);
    struct signer signer = {0};
    struct examine_order order = {.want = &scene->want, .agreed = agreed};

    if (scene->signer)
        signer = key_signer(scene->signer);
    ck_assert_int_eq(envelope_build(part, &signer, scene->signer ? 1 : 0, &bytes), 0);
    order.manifest = bytes.bytes;
    order.manifest_size = bytes.size;
    return examine_manifest(&crew.parts, &order, &scene->arena, &scene->version, detail);
}

/* code: "" where nothing is wrong. The detail is for people; the code is the contract. */
static void expect(struct scene *scene, const struct agreement_slot *agreed, const char *code)
{
    const char *found = examine(scene, agreed);

    ck_assert_msg(strcmp(found ? found : "", code) == 0, "'%s' instead of '%s': %s",
                  found ? found : "", code, detail);
    arena_release(&scene->arena);
}

START_TEST(takes_what_a_pinned_key_signed)
{
    struct scene scene;

    scene_init(&scene);
    scene.manifest.release_counter = 4;
    ck_assert_ptr_null(examine(&scene, NULL));
    ck_assert_str_eq(scene.version.variant, "onnx/cpu/fp32");
    ck_assert_uint_eq(scene.version.artifact_count, 2);
    ck_assert_int_eq(scene.version.release_counter, 4);
    arena_release(&scene.arena);
}
END_TEST

START_TEST(refuses_what_nobody_trusted_signed)
{
    struct key_pair other;
    struct scene scene;

    ck_assert_int_eq(key_generate("other", &other), 0);
    scene_init(&scene);
    scene.signer = &other;
    expect(&scene, NULL, "arbitrary-software");
    scene.signer = NULL;
    expect(&scene, NULL, "arbitrary-software");
}
END_TEST

START_TEST(refuses_a_manifest_of_something_else)
{
    struct scene scene;

    scene_init(&scene);
    scene.manifest.workspace = "acme";
    expect(&scene, NULL, "mix-and-match");
    scene_init(&scene);
    scene.want.model = "letters";
    expect(&scene, NULL, "mix-and-match");
    scene_init(&scene);
    scene.want.version = "2.0.0";
    expect(&scene, NULL, "mix-and-match");
    scene_init(&scene);
    scene.want.variant.hardware = "npu";
    expect(&scene, NULL, "missing");
}
END_TEST

START_TEST(never_goes_below_a_release_counter_that_served)
{
    struct scene scene;

    ck_assert_int_eq(counters_raise(&crew.world.store, "digits", 4), 0);
    scene_init(&scene);
    expect(&scene, NULL, "rollback");
    ck_assert_ptr_nonnull(strstr(detail, "release counter is 0"));
    scene.manifest.release_counter = 3;
    expect(&scene, NULL, "rollback");
    scene.manifest.release_counter = 4;
    expect(&scene, NULL, "");
}
END_TEST

START_TEST(roots_want_an_agreement_and_no_signature)
{
    struct scene scene;

    crew.trust.mode = TRUST_ROOTS;
    scene_init(&scene);
    expect(&scene, NULL, "arbitrary-software");
    scene.signer = NULL;
    expect(&scene, &scene.agreed, "");
}
END_TEST

START_TEST(the_agreement_is_on_exactly_these_files)
{
    crew.trust.mode = TRUST_ROOTS;
    for (int change = 0; change < 5; change++) {
        struct scene scene;

        scene_init(&scene);
        if (change == 0)
            scene.agreed.artifact_count = 1;
        if (change == 1)
            scene.variant.artifact_count = 1;
        if (change == 2)
            scene.agreed_artifacts[0].length++;
        if (change == 3)
            scene.agreed_artifacts[1].sha256[31] ^= 1;
        if (change == 4)
            scene.agreed_artifacts[1].name = "tokenizer.json";
        expect(&scene, &scene.agreed, "mix-and-match");
    }
}
END_TEST

START_TEST(refuses_what_is_no_manifest)
{
    struct scene scene;
    struct examine_order order = {.manifest = "{", .manifest_size = 1};

    scene_init(&scene);
    order.want = &scene.want;
    ck_assert_str_eq(examine_manifest(&crew.parts, &order, &scene.arena, &scene.version, detail),
                     "malformed");
    arena_release(&scene.arena);
    scene.artifacts[0].name = "../escaped";
    expect(&scene, NULL, "malformed");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("agent/examine");
    TCase *tcase = tcase_create("examine");

    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, takes_what_a_pinned_key_signed);
    tcase_add_test(tcase, refuses_what_nobody_trusted_signed);
    tcase_add_test(tcase, refuses_a_manifest_of_something_else);
    tcase_add_test(tcase, never_goes_below_a_release_counter_that_served);
    tcase_add_test(tcase, roots_want_an_agreement_and_no_signature);
    tcase_add_test(tcase, the_agreement_is_on_exactly_these_files);
    tcase_add_test(tcase, refuses_what_is_no_manifest);
    return world_run(suite, tcase);
}
