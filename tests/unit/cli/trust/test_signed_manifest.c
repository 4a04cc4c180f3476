/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/trust/signed_manifest.h"

#include "base/cleanup.h"
#include "stage.h"
#include "suite.h"

static struct stage stage;

/* A manifest in all that verification looks at, signed by the pair. */
static void sign(struct key_pair *pair, struct signed_manifest *manifest)
{
    json_auto_t *signed_part = json_pack("{s:s}", "_type", "modelferry-manifest");
    struct signer signer = key_signer(pair);
    struct fields_error error;

    *manifest = (struct signed_manifest){
        .bytes = BUFFER(65536), .manifest = {.model = "digits", .version = "1"}
    };
    ck_assert_int_eq(envelope_build(signed_part, &signer, 1, &manifest->bytes), 0);
    ck_assert_int_eq(envelope_parse(manifest->bytes.bytes, manifest->bytes.size, 65536,
                                    &stage.cli.arena, &manifest->envelope, &error),
                     0);
}

START_TEST(accepts_only_keys_that_are_trusted)
{
    CLEANUP(key_pair_release) struct key_pair ann = {0};
    CLEANUP(key_pair_release) struct key_pair eve = {0};
    CLEANUP(signed_manifest_release) struct signed_manifest manifest = {0};
    struct model_key trusted;
    struct model_keys keys = {&trusted, 1};
    const char *keyid = NULL;

    stage_open(&stage);
    ck_assert_int_eq(key_generate("ann", &ann), 0);
    ck_assert_int_eq(key_generate("eve", &eve), 0);
    sign(&ann, &manifest);
    trusted = (struct model_key){ann.key, "ann", NULL};
    ck_assert_int_eq(signed_manifest_verify(&stage.cli, &manifest, &keys, &keyid), 0);
    ck_assert_str_eq(keyid, ann.key.id);
    trusted = (struct model_key){eve.key, "eve", NULL};
    ck_assert_int_eq(signed_manifest_verify(&stage.cli, &manifest, &keys, &keyid), CLI_UNVERIFIED);
    ck_assert_ptr_nonnull(strstr(stage_err(&stage), eve.key.id));
    keys.count = 0;
    ck_assert_int_eq(signed_manifest_verify(&stage.cli, &manifest, &keys, &keyid), CLI_UNVERIFIED);
    stage_close(&stage);
}
END_TEST

START_TEST(warns_of_a_key_that_was_revoked)
{
    CLEANUP(key_pair_release) struct key_pair ann = {0};
    CLEANUP(signed_manifest_release) struct signed_manifest manifest = {0};
    struct model_key trusted;
    struct model_keys keys = {&trusted, 1};
    const char *keyid = NULL;

    stage_open(&stage);
    ck_assert_int_eq(key_generate("ann", &ann), 0);
    sign(&ann, &manifest);
    trusted = (struct model_key){ann.key, "ann", "2026-01-01T00:00:00.000Z"};
    ck_assert_int_eq(signed_manifest_verify(&stage.cli, &manifest, &keys, &keyid), 0);
    ck_assert_ptr_nonnull(strstr(stage_err(&stage), "was revoked"));
    stage_close(&stage);
}
END_TEST

int main(void)
{
    return SUITE_RUN("cli/signed_manifest", accepts_only_keys_that_are_trusted,
                     warns_of_a_key_that_was_revoked);
}
