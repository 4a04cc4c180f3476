/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/lineage/run_ends.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "cli/lineage/run_facets.h"
#include "cli/lineage/run_tree.h"
#include "cli/transfer/hashing.h"
#include "crypto/text.h"
#include "lineage/claims.h"
#include "lineage/openlineage.h"
#include "lineage/ref.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define SPACE_FILE "file"

/* ---- what was said --------------------------------------------------------------------------- */

static bool exists(const char *path)
{
    struct stat stat_;

    return stat(path, &stat_) == 0;
}

/* A reference to something that can be read, as OpenLineage names it. */
static int read_reference(struct cli *cli, const char *flag, struct run_end *end)
{
    struct arena *arena = &cli->arena;
    const char *why;
    struct ref ref;

    if (ref_parse(end->said, arena, &ref, &why))
        return output_fail(&cli->output, CLI_USAGE,
                           "name a file that is there, or a node such as dataset:faces@3",
                           "%s '%s' is neither: %s", flag, end->said, why);
    switch (ref.kind) {
    case REF_DATASET:
    case REF_DATASET_VERSION:
        end->space = ref.space;
        end->name = ref.name;
        end->version = ref.revision;
        return 0;
    case REF_VERSION:
    case REF_VARIANT:
        end->space = CLAIMS_SPACE_MODELS;
        end->name = ref.text + strlen("model:");
        return 0;
    case REF_ARTIFACT:
        end->space = CLAIMS_SPACE_ARTIFACTS;
        end->name = ref.name;
        return 0;
    default:
        return cli_usage(cli, "%s '%s': a run does not read or write a %s", flag, end->said,
                         ref_kind_name(ref.kind));
    }
}

/*
 * "dataset:NAME=PATH": *ret_named. What is read is a version of its own, by its digest, so that
 * "dataset:NAME@VERSION=PATH" is refused.
 */
static int read_named(struct cli *cli, const char *flag, struct run_end *end, bool *ret_named)
{
    const char *equals = strrchr(end->said, '=');
    const char *why;
    struct ref ref;

    *ret_named = false;
    if (!equals || strncmp(end->said, "dataset:", strlen("dataset:")) != 0 ||
        ref_parse(arena_strndup(&cli->arena, end->said, (size_t)(equals - end->said)), &cli->arena,
                  &ref, &why))
        return 0;
    if (ref.kind == REF_DATASET_VERSION && exists(equals + 1))
        return cli_usage(cli,
                         "%s '%s': the digest of what is read is its version: write "
                         "dataset:NAME=PATH, or dataset:NAME@VERSION without a path",
                         flag, end->said);
    if (ref.kind != REF_DATASET)
        return 0;
    end->path = equals + 1;
    end->space = ref.space;
    end->name = ref.name;
    *ret_named = true;
    return 0;
}

static int read_end(struct cli *cli, const char *flag, bool references, struct run_end *end)
{
    bool named;
    int r = read_named(cli, flag, end, &named);

    if (r || named)
        return r;
    if (references && !exists(end->said))
        return read_reference(cli, flag, end);
    end->path = end->said;
    end->is_artifact = true; /* unless it is a directory */
    return 0;
}

int run_ends_read(struct cli *cli, const char *flag, const struct options_list *said,
                  bool references, struct run_ends *ret_ends)
{
    struct run_ends ends = {arena_array(&cli->arena, said->count + 1, sizeof(*ends.ends)),
                            said->count};

    if (said->count > OPENLINEAGE_DATASETS_MAX)
        return cli_usage(cli, "%s may be said at most %d times; name a directory", flag,
                         OPENLINEAGE_DATASETS_MAX);
    for (size_t i = 0; i < said->count; i++) {
        int r;

        ends.ends[i].said = said->texts[i];
        r = read_end(cli, flag, references, &ends.ends[i]);
        if (r)
            return r;
    }
    *ret_ends = ends;
    return 0;
}

/* ---- hashing --------------------------------------------------------------------------------- */

/* A directory has no name of its own but its path. */
static int name_directory(struct cli *cli, struct run_end *end)
{
    AUTO_FREE char *path = realpath(end->path, NULL);

    if (!path)
        return output_fail(&cli->output, CLI_FAILED, NULL, "cannot read '%s': %s", end->path,
                           strerror(errno));
    end->is_artifact = false;
    end->space = SPACE_FILE;
    end->name = run_facets_name(&cli->arena, path);
    return 0;
}

static int hash_end(struct cli *cli, struct interrupt *interrupt, struct run_end *end)
{
    char hex[DIGEST_SHA256_HEX_SIZE];
    struct stat stat_;
    int r = 0;

    if (stat(end->path, &stat_) == 0 && S_ISDIR(stat_.st_mode)) {
        if (end->is_artifact)
            r = name_directory(cli, end);
        if (!r)
            r = run_tree_hash(cli, interrupt, end->path, &end->size_bytes, &end->file_count,
                              end->sha256);
    } else {
        r = hashing_file(cli, interrupt, end->path, &end->size_bytes, end->sha256);
    }
    if (r)
        return r;
    text_hex(end->sha256, sizeof(end->sha256), hex);
    if (end->is_artifact) {
        end->space = CLAIMS_SPACE_ARTIFACTS;
        end->name = arena_strdup(&cli->arena, hex);
    } else {
        end->version = arena_printf(&cli->arena, "sha256:%s", hex);
    }
    end->hashed = true;
    return 0;
}

int run_ends_hash(struct cli *cli, struct interrupt *interrupt, struct run_ends *ends,
                  bool missing_ok, const char **ret_missing)
{
    for (size_t i = 0; i < ends->count; i++) {
        struct run_end *end = &ends->ends[i];
        int r;

        if (!end->path)
            continue;
        if (missing_ok && !exists(end->path)) {
            if (ret_missing && !*ret_missing)
                *ret_missing = end->path;
            continue;
        }
        r = hash_end(cli, interrupt, end);
        if (r)
            return r;
    }
    return 0;
}

/* ---- as OpenLineage says it ------------------------------------------------------------------ */

static json_t *encode_file(const struct run_end *end)
{
    char hex[DIGEST_SHA256_HEX_SIZE];
    json_t *facet = run_facets_new("FileDatasetFacet");

    text_hex(end->sha256, sizeof(end->sha256), hex);
    (void)json_object_set_new(facet, "path", run_facets_text(end->path));
    (void)json_object_set_new(facet, "sizeBytes", json_integer((json_int_t)end->size_bytes));
    (void)json_object_set_new(facet, "sha256", json_string(hex));
    if (end->file_count)
        (void)json_object_set_new(facet, "files", json_integer((json_int_t)end->file_count));
    return facet;
}

static json_t *encode_end(const struct run_end *end)
{
    json_t *facets = json_object();

    if (end->hashed)
        (void)json_object_set_new(facets, "modelferry_file", encode_file(end));
    if (end->version) {
        json_t *version = run_facets_standard("1-0-1/DatasetVersionDatasetFacet.json");

        (void)json_object_set_new(version, "datasetVersion", json_string(end->version));
        (void)json_object_set_new(facets, "version", version);
    }
    return json_pack("{s:s, s:s, s:o}", "namespace", end->space, "name", end->name, "facets",
                     facets);
}

json_t *run_ends_encode(const struct run_ends *ends)
{
    json_auto_t *list = json_array();

    for (size_t i = 0; i < ends->count; i++) {
        if (ends->ends[i].path && !ends->ends[i].hashed)
            continue;
        if (json_array_append_new(list, encode_end(&ends->ends[i])) < 0)
            return NULL;
    }
    return json_incref(list);
}
