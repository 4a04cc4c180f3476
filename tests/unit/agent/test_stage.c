/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/stage.h"

#include "crew.h"

struct end {
    bool happened;
    enum stage_outcome outcome;
    char code[32];
};

static void on_done(void *state, const struct stage_result *result)
{
    struct end *end = state;

    end->happened = true;
    end->outcome = result->outcome;
    (void)snprintf(end->code, sizeof(end->code), "%s", result->code ? result->code : "");
}

static struct slot_version version_of(struct slot_artifact *artifact, const char *text)
{
    struct slot_version version = {
        .model = "digits",
        .version = "2.0.0",
        .variant = "onnx/cpu/fp32",
        .manifest_sha256 = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        .artifacts = artifact,
        .artifact_count = 1};

    *artifact = (struct slot_artifact){.name = "model.onnx", .length = (int64_t)strlen(text)};
    digest_sha256(text, strlen(text), artifact->sha256);
    return version;
}

static struct end stage_it(struct crew *crew, const struct slot_version *version)
{
    struct stage stage = {0};
    struct end end = {0};

    ck_assert_int_eq(slot_create(&crew->world.store, "main"), 0);
    ck_assert_int_eq(stage_start(&stage, &crew->parts, "main", version, "{}", 2, on_done, &end), 0);
    turning_until(&crew->turning, &end.happened);
    stage_cancel(&stage);
    return end;
}

START_TEST(takes_bytes_that_are_here)
{
    struct crew crew;
    struct slot_artifact artifact;
    struct slot_version version = version_of(&artifact, "weights");
    char other[SLOT_ID_SIZE];
    char id[SLOT_ID_SIZE];
    char path[SLOT_PATH_SIZE];
    char *bytes = NULL;
    size_t size;

    crew_init(&crew);
    world_install(&crew.world, "other", "1.0.0", "weights", other);
    ck_assert_int_eq(stage_it(&crew, &version).outcome, STAGE_OK);
    slot_id(&version, id);
    (void)snprintf(path, sizeof(path), "models/main/versions/%s/model.onnx", id);
    ck_assert(world_has(&crew.world, path));
    ck_assert(!world_has(&crew.world, "models/main/staging"));
    ck_assert_int_eq(stage_manifest(&crew.world.store, "main", id, &bytes, &size), 0);
    ck_assert_str_eq(bytes, "{}");
    free(bytes);
    ck_assert_int_eq(stage_it(&crew, &version).outcome, STAGE_OK); /* it is there: verified only */
    crew_release(&crew);
}
END_TEST

START_TEST(does_not_take_damaged_bytes)
{
    struct crew crew;
    struct slot_artifact artifact;
    struct slot_version version = version_of(&artifact, "weights");
    char other[SLOT_ID_SIZE];
    char id[SLOT_ID_SIZE];
    char path[SLOT_PATH_SIZE];

    crew_init(&crew);
    world_install(&crew.world, "other", "1.0.0", "weights", other);
    (void)snprintf(path, sizeof(path), "models/other/versions/%s/model.onnx", other);
    world_write(&crew.world, path, "weightz");
    ck_assert_int_eq(stage_it(&crew, &version).outcome, STAGE_E_RETRY); /* and nobody has others */
    slot_id(&version, id);
    (void)snprintf(path, sizeof(path), "models/main/versions/%s", id);
    ck_assert(!world_has(&crew.world, path));
    ck_assert_int_eq(stage_sweep(&crew.world.store, "main"), 0);
    ck_assert(!world_has(&crew.world, "models/main/staging"));
    crew_release(&crew);
}
END_TEST

START_TEST(finds_out_that_an_installed_version_is_damaged)
{
    struct crew crew;
    struct slot_artifact artifact;
    struct slot_version version = version_of(&artifact, "weights");
    char other[SLOT_ID_SIZE];
    char id[SLOT_ID_SIZE];
    char path[SLOT_PATH_SIZE];

    crew_init(&crew);
    world_install(&crew.world, "other", "1.0.0", "weights", other);
    ck_assert_int_eq(stage_it(&crew, &version).outcome, STAGE_OK);
    slot_id(&version, id);
    (void)snprintf(path, sizeof(path), "models/main/versions/%s/model.onnx", id);
    world_write(&crew.world, path, "weightz");
    ck_assert_int_eq(stage_it(&crew, &version).outcome, STAGE_E_BROKEN);
    crew_release(&crew);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("agent/stage");
    TCase *tcase = tcase_create("stage");

    tcase_add_test(tcase, takes_bytes_that_are_here);
    tcase_add_test(tcase, does_not_take_damaged_bytes);
    tcase_add_test(tcase, finds_out_that_an_installed_version_is_damaged);
    return world_run(suite, tcase);
}
