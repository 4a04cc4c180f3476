/* SPDX-License-Identifier: Apache-2.0 */
#include "core/registry/models.h"

#include "registry_fixture.h"
#include "suite.h"

START_TEST(a_model_is_made_with_all_that_belongs_to_it_or_not_at_all)
{
    struct registry registry;
    struct q_model model;

    registry_init(&registry);
    struct q_model_key key = registry_key(&registry, &registry.key);
    const struct q_model_key twice[] = {key, key};
    const struct fields_pair tags[] = {
        {"team", "vision"}
    };
    struct models_draft draft = {.name = "faces",
                                 .tags = tags,
                                 .tag_count = 1,
                                 .keys = twice,
                                 .key_count = 2,
                                 .actor = &audit_server};
    ck_assert_int_eq(models_create(registry.db, REGISTRY_WORKSPACE, &draft, REGISTRY_NOW_MS,
                                   &registry.arena, &model),
                     MODELS_E_KEY_TWICE);
    ck_assert_int_eq(models_find(registry.db, REGISTRY_WORKSPACE, "faces", &registry.arena, &model),
                     MODELS_E_MISSING);
    draft.key_count = 1;
    ck_assert_int_eq(models_create(registry.db, REGISTRY_WORKSPACE, &draft, REGISTRY_NOW_MS,
                                   &registry.arena, &model),
                     0);
    ck_assert_str_eq(model.tags_json, "{ \"team\" : \"vision\" }");
    ck_assert_int_eq(models_create(registry.db, REGISTRY_WORKSPACE, &draft, REGISTRY_NOW_MS,
                                   &registry.arena, &model),
                     MODELS_E_EXISTS);
    registry_release(&registry);
}
END_TEST

START_TEST(pages_follow_each_other)
{
    struct registry registry;
    struct q_model_page page;

    registry_init(&registry);
    database_run(registry.db, "INSERT INTO model (workspace_id, name, description, created_at,"
                              " created_by) SELECT 1, 'm' || i, '', now(), 'test'"
                              " FROM generate_series(1, 4) i");
    ck_assert_int_eq(
        models_list(registry.db, REGISTRY_WORKSPACE, false, NULL, 3, &registry.arena, &page), 0);
    ck_assert_uint_eq(page.count, 3);
    ck_assert(page.more);
    ck_assert_str_eq(page.models[2].name, "m2");
    ck_assert_int_eq(
        models_list(registry.db, REGISTRY_WORKSPACE, false, "m2", 3, &registry.arena, &page), 0);
    ck_assert_uint_eq(page.count, 2);
    ck_assert(!page.more);
    ck_assert_int_eq(
        models_list(registry.db, REGISTRY_WORKSPACE, false, "z", 3, &registry.arena, &page), 0);
    ck_assert_uint_eq(page.count, 0);
    ck_assert(!page.more);
    registry_release(&registry);
}
END_TEST

int main(void)
{
    return SUITE_RUN("core/models", a_model_is_made_with_all_that_belongs_to_it_or_not_at_all,
                     pages_follow_each_other);
}
