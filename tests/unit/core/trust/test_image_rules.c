/* SPDX-License-Identifier: Apache-2.0 */
#include "core/trust/image_rules.h"

#include "suite.h"
#include "trust_fixture.h"

static struct trust_fixture fixture;

static void set_up(void)
{
    trust_init(&fixture);
}

static void tear_down(void)
{
    trust_release(&fixture);
}

static json_t *model_role(int64_t version)
{
    return builder_new("targets", version, fixture.now_ms + 30 * TRUST_DAY_MS);
}

START_TEST(refuses_what_is_not_stored_as_signed)
{
    json_auto_t *unknown = model_role(1);
    json_auto_t *partial = model_role(1);
    json_auto_t *changed = model_role(1);
    json_t *files;

    trust_bootstrap(&fixture);
    trust_version(&fixture, "1.0.0");
    trust_list(&fixture, unknown, "9.9.9");
    ck_assert_int_eq(trust_submit(&fixture, "image", "model-digits", unknown, 8),
                     PROPOSALS_E_FORMAT);
    trust_list(&fixture, partial, "1.0.0");
    (void)json_object_del(json_object_get(partial, "targets"), "digits/1.0.0/manifest.json");
    ck_assert_int_eq(trust_submit(&fixture, "image", "model-digits", partial, 8),
                     PROPOSALS_E_FORMAT);
    ck_assert_ptr_nonnull(strstr(fixture.result.reason.text, "1 of 2"));
    trust_list(&fixture, changed, "1.0.0");
    files = json_object_get(changed, "targets");
    json_object_set_new(json_object_get(files, "digits/1.0.0/onnx/cpu/fp32/model.onnx"), "length",
                        json_integer(11));
    ck_assert_int_eq(trust_submit(&fixture, "image", "model-digits", changed, 8),
                     PROPOSALS_E_FORMAT);
}
END_TEST

START_TEST(refuses_a_delegation_beyond_its_model)
{
    json_auto_t *root = trust_root(&fixture, "image", 1, 1, 1);
    json_auto_t *targets = trust_targets(&fixture, 1);
    json_t *roles = json_object_get(json_object_get(targets, "delegations"), "roles");

    json_array_append_new(json_object_get(json_array_get(roles, 0), "paths"), json_string("*"));
    ck_assert_int_eq(trust_submit(&fixture, "image", "root", root, 1), 0);
    ck_assert_int_eq(trust_submit(&fixture, "image", "targets", targets, 1), PROPOSALS_E_FORMAT);
}
END_TEST

START_TEST(refuses_a_root_without_the_servers_key)
{
    json_auto_t *root = trust_root(&fixture, "image", 1, 1, 1);

    ck_assert_int_eq(builder_root_role(root, "timestamp", &fixture.people[0].key, 1, 1), 0);
    ck_assert_int_eq(trust_submit(&fixture, "image", "root", root, 1), PROPOSALS_E_FORMAT);
    ck_assert_ptr_nonnull(strstr(fixture.result.reason.text, "roles.timestamp"));
}
END_TEST

int main(void)
{
    return SUITE_RUN_WITH(
        "core/image_rules", set_up, tear_down, refuses_what_is_not_stored_as_signed,
        refuses_a_delegation_beyond_its_model, refuses_a_root_without_the_servers_key);
}
