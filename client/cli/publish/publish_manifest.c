/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/publish/publish_manifest.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "base/utf8.h"
#include "format/declare.h"
#include "lineage/ref.h"

#include <string.h>

/* One of the flags that take KEY=VALUE. */
static int read_pairs(struct cli *cli, const char *flag, const struct options_list *said,
                      fields_check *check_value, struct fields_pair **ret_pairs, size_t *ret_count)
{
    struct fields_pair *pairs = arena_array(&cli->arena, said->count + 1, sizeof(*pairs));

    if (said->count > MANIFEST_PAIRS_MAX)
        return cli_usage(cli, "%s may be said at most %d times", flag, MANIFEST_PAIRS_MAX);
    for (size_t i = 0; i < said->count; i++) {
        const char *expected;
        int r;

        r = reference_pair(cli, flag, said->texts[i], &pairs[i].key, &pairs[i].value);
        if (r)
            return r;
        expected = name_check_tag_key(pairs[i].key);
        if (expected)
            return cli_usage(cli, "%s '%s': '%s' is no name: %s", flag, said->texts[i],
                             pairs[i].key, expected);
        expected = check_value(pairs[i].value);
        if (expected)
            return cli_usage(cli, "%s '%s': %s", flag, said->texts[i], expected);
        for (size_t j = 0; j < i; j++)
            if (strcmp(pairs[j].key, pairs[i].key) == 0)
                return cli_usage(cli, "%s '%s' is given twice", flag, pairs[i].key);
    }
    *ret_pairs = pairs;
    *ret_count = said->count;
    return 0;
}

static int read_flags(struct cli *cli, struct manifest *manifest)
{
    const struct cli_flags *flags = &cli->flags;
    int r;

    manifest->description = flags->description;
    manifest->release_counter = flags->release_counter;
    if (flags->description && !utf8_valid(flags->description, strlen(flags->description)))
        return cli_usage(cli, "the description is not UTF-8");
    r = read_pairs(cli, "--tag", &flags->tags, name_check_tag_value, &manifest->tags,
                   &manifest->tag_count);
    if (!r)
        r = read_pairs(cli, "--metric", &flags->metrics, name_check_metric, &manifest->metrics,
                       &manifest->metric_count);
    if (!r)
        r = read_pairs(cli, "--param", &flags->params, name_check_tag_value, &manifest->params,
                       &manifest->param_count);
    return r;
}

/* --from and --from-run; a bare UUID is a run. */
static int read_from(struct cli *cli, struct manifest *manifest)
{
    const struct cli_flags *flags = &cli->flags;
    size_t count = flags->from.count + (flags->from_run != NULL);
    const char **from = arena_array(&cli->arena, count, sizeof(*from));

    if (count > MANIFEST_FROM_MAX)
        return cli_usage(cli, "--from may be said at most %d times", MANIFEST_FROM_MAX);
    for (size_t i = 0; i < count; i++) {
        const char *said = i < flags->from.count ? flags->from.texts[i] : flags->from_run;
        const char *text = ref_is_uuid(said) ? arena_printf(&cli->arena, "run:%s", said) : said;
        const char *why;
        struct ref ref;

        if (ref_parse(text, &cli->arena, &ref, &why))
            return output_fail(&cli->output, CLI_USAGE,
                               "such as run:UUID, digits@1.0.0, dataset:faces@3",
                               "--from '%s' names no node of the lineage: %s", said, why);
        if (i >= flags->from.count && ref.kind != REF_RUN)
            return cli_usage(cli, "--from-run '%s' is no run", said);
        from[i] = ref.text;
    }
    manifest->from = from;
    manifest->from_count = count;
    return 0;
}

int publish_manifest_check_flags(struct cli *cli)
{
    struct manifest manifest = {0};
    int r = read_flags(cli, &manifest);

    return r ? r : read_from(cli, &manifest);
}

/* The first variant's signature is the version's; those that differ have their own. */
static void set_signatures(struct manifest *manifest, const struct publish_groups *groups)
{
    for (size_t i = 0; i < groups->count; i++) {
        const struct signature *signature = groups->groups[i].signature;

        if (!signature)
            continue;
        if (!manifest->signature)
            manifest->signature = signature;
        if (!declare_equal(manifest->signature, signature))
            manifest->variants[i].signature = signature;
    }
}

static void read_group(struct cli *cli, const struct publish_group *group,
                       struct manifest_variant *variant)
{
    variant->id = group->variant;
    variant->artifacts = arena_array(&cli->arena, group->count, sizeof(*variant->artifacts));
    variant->artifact_count = group->count;
    for (size_t i = 0; i < group->count; i++) {
        variant->artifacts[i].name = group->files[i].name;
        variant->artifacts[i].length = (int64_t)group->files[i].size_bytes;
        memcpy(variant->artifacts[i].sha256, group->files[i].sha256, DIGEST_SHA256_SIZE);
    }
}

int publish_manifest_make(struct cli *cli, const char *workspace, const struct reference *reference,
                          const struct publish_groups *groups, const struct signed_manifest *to,
                          json_t **ret_signed)
{
    json_auto_t *signed_part = NULL;
    struct fields_error error = {0};
    struct manifest decoded;
    struct manifest manifest = {
        .workspace = workspace,
        .model = reference->model,
        .version = reference->version,
        .created_ms = clock_wall_ms(cli->clock),
        .variant_count = groups->count,
    };
    int r;

    r = read_flags(cli, &manifest);
    if (!r)
        r = read_from(cli, &manifest);
    if (r)
        return r;
    if (to) {
        digest_sha256(to->bytes.bytes, to->bytes.size, manifest.adds_to);
        manifest.release_counter = to->manifest.release_counter;
    }
    manifest.variants = arena_array(&cli->arena, groups->count, sizeof(*manifest.variants));
    for (size_t i = 0; i < groups->count; i++)
        read_group(cli, &groups->groups[i], &manifest.variants[i]);
    set_signatures(&manifest, groups);
    signed_part = manifest_encode(&manifest);
    if (!signed_part)
        return log_fail(ERR_INTERNAL, "cannot encode the manifest");
    if (manifest_decode(signed_part, &cli->arena, &decoded, &error))
        return cli_usage(cli, "that makes no manifest: %s", error.text);
    *ret_signed = TAKE_PTR(signed_part);
    return 0;
}
