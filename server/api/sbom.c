/* SPDX-License-Identifier: Apache-2.0 */
#include "api/sbom.h"

#include "api/actor.h"
#include "api/api.h"
#include "api/encode.h"
#include "api/registry_problems.h"
#include "api/version_reply.h"
#include "base/cleanup.h"
#include "core/lineage/walk.h"
#include "core/registry/versions.h"
#include "http/problems.h"

#include <string.h>

#define BODY_TYPE "application/vnd.cyclonedx+json; version=1.6"
#define MINE "modelferry:"

struct bom {
    const struct call *call;
    const char *model;
    const char *ref; /* of the version: "model:digits@1.0.0" */
    struct q_version version;
    json_t *properties; /* of the model */
    json_t *components;
    json_t *datasets; /* of the model card */
    json_t *depends_on;
};

static void release(struct bom *bom)
{
    json_decref(bom->properties);
    json_decref(bom->components);
    json_decref(bom->datasets);
    json_decref(bom->depends_on);
}

static void add_property(struct bom *bom, const char *name, const char *value)
{
    (void)json_array_append_new(bom->properties,
                                json_pack("{s:s, s:s}", "name", name, "value", value ? value : ""));
}

/* ---- what the version says ------------------------------------------------------------------ */

static void add_pairs(struct bom *bom, const char *prefix, const char *stored)
{
    json_auto_t *pairs = encode_stored(stored);
    const char *name;
    json_t *value;

    json_object_foreach (pairs, name, value)
        add_property(bom, arena_printf(bom->call->arena, MINE "%s:%s", prefix, name),
                     json_string_value(value));
}

static void add_values(struct bom *bom, const char *name, const char *stored)
{
    json_auto_t *values = encode_stored(stored);
    json_t *value;
    size_t i;

    json_array_foreach (values, i, value)
        add_property(bom, name, json_string_value(value));
}

static void add_artifact(struct bom *bom, const char *variant, const json_t *artifact)
{
    const char *sha256 = json_string_value(json_object_get(artifact, "sha256"));
    const char *name = json_string_value(json_object_get(artifact, "name"));
    const char *ref = arena_printf(bom->call->arena, "%s/%s/%s", bom->ref, variant, name);
    const char *length =
        arena_printf(bom->call->arena, "%lld",
                     (long long)json_integer_value(json_object_get(artifact, "length")));

    (void)json_array_append_new(
        bom->components,
        json_pack("{s:s, s:s, s:s, s:[{s:s, s:s}], s:[{s:s, s:s}, {s:s, s:s}]}", "type", "file",
                  "bom-ref", ref, "name", name, "hashes", "alg", "SHA-256", "content", sha256,
                  "properties", "name", MINE "variant", "value", variant, "name", MINE "length",
                  "value", length));
    (void)json_array_append_new(bom->depends_on, json_string(ref));
}

static void add_variants(struct bom *bom)
{
    json_auto_t *variants = encode_stored(bom->version.variants_json);
    const json_t *variant;
    const json_t *artifact;
    size_t i;
    size_t j;

    json_array_foreach (variants, i, variant) {
        const char *name = arena_printf(bom->call->arena, "%s/%s/%s",
                                        json_string_value(json_object_get(variant, "runtime")),
                                        json_string_value(json_object_get(variant, "hardware")),
                                        json_string_value(json_object_get(variant, "precision")));

        json_array_foreach (json_object_get(variant, "artifacts"), j, artifact)
            add_artifact(bom, name, artifact);
    }
}

/* ---- what the lineage says ------------------------------------------------------------------ */

static void add_dataset(struct bom *bom, const struct ref *ref)
{
    (void)json_array_append_new(bom->components,
                                json_pack("{s:s, s:s, s:s, s:s, s:s*, s:[{s:s, s:s, s:s}]}", "type",
                                          "data", "bom-ref", ref->text, "group", ref->space, "name",
                                          ref->name, "version", ref->revision, "data", "type",
                                          "dataset", "name", ref->name, "bom-ref",
                                          arena_printf(bom->call->arena, "data:%s", ref->text)));
    (void)json_array_append_new(bom->datasets, json_pack("{s:s}", "ref", ref->text));
    (void)json_array_append_new(bom->depends_on, json_string(ref->text));
}

/* Whether a version of that dataset is upstream, too. */
static bool has_version(const struct walk *walk, const struct graph_node *dataset)
{
    size_t length = strlen(dataset->ref);

    for (size_t i = 0; i < walk->graph.node_count; i++) {
        const struct graph_node *node = &walk->graph.nodes[i];

        if (node->kind == REF_DATASET_VERSION && strncmp(node->ref, dataset->ref, length) == 0 &&
            node->ref[length] == '@')
            return true;
    }
    return false;
}

static void add_node(struct bom *bom, const struct walk *walk, const struct graph_node *node)
{
    struct ref ref;
    const char *why;

    if (ref_parse(node->ref, bom->call->arena, &ref, &why))
        return;
    switch (node->kind) {
    case REF_DATASET:
        if (!has_version(walk, node))
            add_dataset(bom, &ref);
        break;
    case REF_DATASET_VERSION:
        add_dataset(bom, &ref);
        break;
    case REF_CODE:
        add_property(bom, MINE "code", ref.text);
        break;
    case REF_RUN:
        add_property(bom, MINE "run", ref.name);
        break;
    case REF_VERSION:
        if (strcmp(ref.text, bom->ref) != 0)
            add_property(bom, MINE "made-from", ref.text);
        break;
    default:
        break;
    }
}

static int add_lineage(struct bom *bom)
{
    const struct api *api = bom->call->context;
    const struct walk_query query = {
        .workspace_id = bom->call->principal->workspace_id,
        .clock = api->clock,
        .direction = WALK_UPSTREAM,
        .node_limit = WALK_NODES_DEFAULT,
    };
    CLEANUP(walk_release) struct walk walk = {0};
    struct ref ref;
    const char *why;
    int r = ref_parse(bom->ref, bom->call->arena, &ref, &why);

    r = r ? WALK_E_UNKNOWN : walk_closure(bom->call->worker, &query, &ref, &walk);
    if (r)
        return r == WALK_E_UNKNOWN ? 0 : r;
    for (size_t i = 0; i < walk.graph.node_count; i++)
        add_node(bom, &walk, &walk.graph.nodes[i]);
    if (walk.cut != WALK_WHOLE)
        add_property(bom, MINE "lineage-cut", walk_cut_name(walk.cut));
    return 0;
}

/* ---- the model card ------------------------------------------------------------------------- */

static json_t *encode_tensors(const struct bom *bom, const json_t *signature, const char *member)
{
    json_t *tensors = json_array();
    const json_t *tensor;
    size_t i;

    json_array_foreach (json_object_get(signature, member), i, tensor) {
        AUTO_FREE char *shape = json_dumps(json_object_get(tensor, "shape"), JSON_ENCODE_ANY);
        const char *name = json_string_value(json_object_get(tensor, "name"));
        const char *type = json_string_value(json_object_get(tensor, "type"));

        (void)json_array_append_new(
            tensors, json_pack("{s:s}", "format",
                               arena_printf(bom->call->arena, "%s: %s %s", name ? name : "",
                                            type ? type : "", shape ? shape : "")));
    }
    return tensors;
}

static json_t *encode_metrics(const struct bom *bom)
{
    json_auto_t *measured = encode_stored(bom->version.measurements_json);
    json_t *metrics = json_array();
    const json_t *one;
    size_t i;

    json_array_foreach (measured, i, one)
        (void)json_array_append_new(
            metrics, json_pack("{s:O, s:O, s:s*}", "type", json_object_get(one, "name"), "value",
                               json_object_get(one, "value"), "slice",
                               json_string_value(json_object_get(one, "dataset"))));
    return metrics;
}

static json_t *encode_card(const struct bom *bom)
{
    json_auto_t *signature =
        bom->version.signature_json ? encode_stored(bom->version.signature_json) : NULL;

    return json_pack("{s:{s:O, s:o, s:o}, s:{s:o}}", "modelParameters", "datasets", bom->datasets,
                     "inputs", encode_tensors(bom, signature, "inputs"), "outputs",
                     encode_tensors(bom, signature, "outputs"), "quantitativeAnalysis",
                     "performanceMetrics", encode_metrics(bom));
}

/* ---- all of it ------------------------------------------------------------------------------ */

/* The same for the same version, whoever asks: out of its digest. */
static const char *serial(const struct bom *bom)
{
    const char *hex = bom->version.manifest_sha256;

    return arena_printf(bom->call->arena, "urn:uuid:%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8,
                        hex + 12, hex + 16, hex + 20);
}

static json_t *encode_model(const struct bom *bom)
{
    const char *about = bom->version.description;

    return json_pack("{s:s, s:s, s:s, s:s, s:s*, s:O, s:o}", "type", "machine-learning-model",
                     "bom-ref", bom->ref, "name", bom->model, "version", bom->version.version,
                     "description", about && *about ? about : NULL, "properties", bom->properties,
                     "modelCard", encode_card(bom));
}

static json_t *encode(const struct bom *bom)
{
    return json_pack(
        "{s:s, s:s, s:s, s:I, s:{s:o, s:{s:[{s:s, s:s, s:s}]}, s:o}, s:O, s:[{s:s, s:O}],"
        " s:[{s:s, s:[s]}]}",
        "bomFormat", "CycloneDX", "specVersion", "1.6", "serialNumber", serial(bom), "version",
        (json_int_t)bom->version.revision, "metadata", "timestamp",
        encode_time(bom->version.published_ms), "tools", "components", "type", "application",
        "name", "modelferryd", "version", MODELFERRY_VERSION, "component", encode_model(bom),
        "components", bom->components, "dependencies", "ref", bom->ref, "dependsOn",
        bom->depends_on, "compositions", "aggregate", "unknown", "assemblies", bom->ref);
}

static int collect(struct bom *bom)
{
    bom->properties = json_array();
    bom->components = json_array();
    bom->datasets = json_array();
    bom->depends_on = json_array();
    add_property(bom, MINE "manifest-sha256", bom->version.manifest_sha256);
    add_values(bom, MINE "signed-by", bom->version.signed_by_json);
    add_values(bom, MINE "approved-by", bom->version.approved_by_json);
    add_pairs(bom, "tag", bom->version.tags_json);
    add_pairs(bom, "param", bom->version.params_json);
    add_variants(bom);
    return add_lineage(bom);
}

int sbom_on_get(const struct call *call, struct reply *reply)
{
    const char *format = request_query(call->request, "format");
    struct audit_actor actor = actor_of(call);
    struct versions_place place = version_reply_place(call, &actor);
    const char *name = request_param(call->request, "version");
    CLEANUP(release) struct bom bom = {.call = call, .model = place.model};
    json_auto_t *document = NULL;
    AUTO_FREE char *text = NULL;
    int r;

    if (format && strcmp(format, "cyclonedx") != 0) {
        reply_problem(reply, &problems_invalid_field, "format: cyclonedx expected");
        return 0;
    }
    r = versions_find(call->worker, &place, name, call->arena, &bom.version);
    if (r)
        return version_reply_refuse(call, name, r, NULL, reply);
    if (strcmp(bom.version.state, "draft") == 0) {
        reply_problem(reply, &registry_problems_not_published,
                      "version '%s' of '%s' is a draft: nobody vouches for it; sign it first", name,
                      place.model);
        return 0;
    }
    bom.ref = ref_version(call->arena, place.model, bom.version.version);
    r = collect(&bom);
    if (r)
        return r;
    document = encode(&bom);
    text = document ? json_dumps(document, JSON_INDENT(2)) : NULL;
    if (!text) {
        reply_problem(reply, &problems_internal, "the bill of materials cannot be written");
        return 0;
    }
    reply_bytes(reply, 200, BODY_TYPE, text, strlen(text));
    return 0;
}
