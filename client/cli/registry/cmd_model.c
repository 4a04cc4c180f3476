/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/registry/cmd_model.h"

#include "base/cleanup.h"
#include "cli/keys/keystore.h"
#include "cli/listing.h"
#include "cli/publish/describe.h"
#include "cli/subject.h"
#include "model/name.h"

#include <string.h>

static const struct listing_column list_columns[] = {
    {"NAME",        "name",        LISTING_NAME },
    {"LATEST",      "latest",      LISTING_TEXT },
    {"KEYS",        "keys",        LISTING_COUNT},
    {"CREATED",     "created_at",  LISTING_WHEN },
    {"DESCRIPTION", "description", LISTING_TEXT },
};

static const struct listing_column sheet_columns[] = {
    {"model",          "name",        LISTING_NAME },
    {"description",    "description", LISTING_TEXT },
    {"latest version", "latest",      LISTING_TEXT },
    {"tags",           "tags",        LISTING_PAIRS},
    {"aliases",        "aliases",     LISTING_PAIRS},
    {"card",           "card_bytes",  LISTING_BYTES},
    {"archived",       "archived",    LISTING_PAIRS},
    {"created",        "created_at",  LISTING_WHEN },
    {"created by",     "created_by",  LISTING_TEXT },
};

static const struct listing_column key_columns[] = {
    {"KEY",     "name",       LISTING_NAME},
    {"KEYID",   "keyid",      LISTING_TEXT},
    {"ADDED",   "added_at",   LISTING_WHEN},
    {"REVOKED", "revoked_at", LISTING_WHEN},
};

static const struct listing_column version_columns[] = {
    {"VERSION",     "version",      LISTING_NAME },
    {"STATE",       "state",        LISTING_STATE},
    {"PUBLISHED",   "published_at", LISTING_WHEN },
    {"METRICS",     "metrics",      LISTING_PAIRS},
    {"DESCRIPTION", "description",  LISTING_TEXT },
};

static const struct listing_column version_sheet[] = {
    {"model",       "model",           LISTING_NAME  },
    {"version",     "version",         LISTING_NAME  },
    {"state",       "state",           LISTING_STATE },
    {"description", "description",     LISTING_TEXT  },
    {"metrics",     "metrics",         LISTING_PAIRS },
    {"params",      "params",          LISTING_PAIRS },
    {"tags",        "tags",            LISTING_PAIRS },
    {"aliases",     "aliases",         LISTING_VALUES},
    {"approved by", "approved_by",     LISTING_VALUES},
    {"archived",    "archived",        LISTING_PAIRS },
    {"deleted",     "deleted",         LISTING_PAIRS },
    {"yanked",      "yanked",          LISTING_PAIRS },
    {"card",        "card_bytes",      LISTING_BYTES },
    {"created",     "created_at",      LISTING_WHEN  },
    {"created by",  "created_by",      LISTING_TEXT  },
    {"published",   "published_at",    LISTING_WHEN  },
    {"signed by",   "signed_by",       LISTING_VALUES},
    {"manifest",    "manifest_sha256", LISTING_TEXT  },
};

static const struct listing_column artifact_columns[] = {
    {"VARIANT",  "variant",     LISTING_NAME },
    {"ARTIFACT", "name",        LISTING_TEXT },
    {"SIZE",     "length",      LISTING_BYTES},
    {"STORED",   "stored",      LISTING_TEXT },
    {"FORMAT",   "info.format", LISTING_TEXT },
    {"SHA256",   "sha256",      LISTING_TEXT },
};

static const struct listing_column measurement_columns[] = {
    {"METRIC",  "name",    LISTING_NAME},
    {"VALUE",   "value",   LISTING_TEXT},
    {"DATASET", "dataset", LISTING_TEXT},
    {"SIGNED",  "signed",  LISTING_TEXT},
    {"SET",     "set_at",  LISTING_WHEN},
    {"BY",      "set_by",  LISTING_TEXT},
};

static const struct listing_column tensor_columns[] = {
    {"SIGNATURE", "side",  LISTING_TEXT  },
    {"NAME",      "name",  LISTING_NAME  },
    {"TYPE",      "type",  LISTING_TEXT  },
    {"SHAPE",     "shape", LISTING_VALUES},
};

/* ---- create ------------------------------------------------------------------------------- */

/* The public halves of --key as the body wants them. */
static int add_keys(struct cli *cli, json_t *body)
{
    json_auto_t *keys = json_array();

    for (size_t i = 0; i < cli->flags.keys.count; i++) {
        CLEANUP(keystore_release) struct keystore_key key = {0};
        int r;

        r = keystore_read(cli, cli->flags.keys.texts[i], &key);
        if (r)
            return r;
        (void)json_array_append_new(keys,
                                    json_pack("{s:s*, s:o}", "name", *key.name ? key.name : NULL,
                                              "key", key_to_json(&key.key)));
    }
    if (json_array_size(keys) > 0)
        (void)json_object_set(body, "keys", keys);
    return 0;
}

static int add_tags(struct cli *cli, json_t *body)
{
    json_auto_t *tags = json_object();

    for (size_t i = 0; i < cli->flags.tags.count; i++) {
        const char *key;
        const char *value;
        int r;

        r = reference_pair(cli, "--tag", cli->flags.tags.texts[i], &key, &value);
        if (r)
            return r;
        if (json_object_set_new(tags, key, json_string(value)) < 0)
            return cli_usage(cli, "--tag '%s' is not UTF-8", cli->flags.tags.texts[i]);
    }
    if (json_object_size(tags) > 0)
        (void)json_object_set(body, "tags", tags);
    return 0;
}

int cmd_model_create(void *context, int operands, char **operand)
{
    struct cli *cli = context;
    CLEANUP(server_close) struct server server = {0};
    json_auto_t *body = NULL;
    json_auto_t *model = NULL;
    const char *expected = name_check(operand[0]);
    int r;

    (void)operands;
    if (expected)
        return cli_usage(cli, "'%s' is no name of a model: %s", operand[0], expected);
    body = json_pack("{s:s, s:s*}", "name", operand[0], "description", cli->flags.description);
    if (!body)
        return cli_usage(cli, "the description is not UTF-8");
    r = add_keys(cli, body);
    if (!r)
        r = add_tags(cli, body);
    if (!r)
        r = server_open(cli, &server);
    if (!r)
        r = server_ask(&server,
                       &(struct server_question){
                           .what = arena_printf(&cli->arena, "make model '%s'", operand[0]),
                           .address = SERVER_ADDRESS(&server, "models"),
                           .body = body,
                       },
                       NULL, &model);
    if (r)
        return r;
    output_json(&cli->output, model);
    output_line(&cli->output, "made model '%s'", operand[0]);
    if (cli->flags.keys.count == 0)
        output_note(&cli->output,
                    "no key may sign its versions yet: modelferry model key add %s KEY",
                    operand[0]);
    return CLI_OK;
}

/* ---- ls, show ----------------------------------------------------------------------------- */

int cmd_model_ls(void *context, int operands, char **operand)
{
    struct cli *cli = context;
    CLEANUP(server_close) struct server server = {0};
    json_auto_t *models = NULL;
    int r;

    (void)operands;
    (void)operand;
    r = server_open(cli, &server);
    if (!r)
        r = server_list(&server, "list models", SERVER_ADDRESS(&server, "models"), "",
                        cli->flags.limit, &models);
    if (r)
        return r;
    listing_print(cli, list_columns, ARRAY_LEN(list_columns), models,
                  "there are no models; make one: modelferry model create MODEL");
    return CLI_OK;
}

/* One item an artifact, with its variant as text. */
static json_t *flatten_artifacts(struct cli *cli, const json_t *version)
{
    json_auto_t *items = json_array();
    size_t i;
    size_t j;
    json_t *variant;
    json_t *artifact;

    json_array_foreach (json_object_get(version, "variants"), i, variant) {
        const char *runtime = json_string_value(json_object_get(variant, "runtime"));
        const char *hardware = json_string_value(json_object_get(variant, "hardware"));
        const char *precision = json_string_value(json_object_get(variant, "precision"));
        const char *name = arena_printf(&cli->arena, "%s/%s/%s", runtime ? runtime : "?",
                                        hardware ? hardware : "?", precision ? precision : "?");

        json_array_foreach (json_object_get(variant, "artifacts"), j, artifact) {
            json_t *item = json_deep_copy(artifact);

            (void)json_object_set_new(item, "variant", json_string(name));
            (void)json_array_append_new(items, item);
        }
    }
    return json_pack("{s:O}", "items", items);
}

/* One item an input or output. */
static json_t *flatten_signature(const json_t *version)
{
    static const char *const sides[][2] = {
        {"inputs",  "input" },
        {"outputs", "output"},
    };
    json_auto_t *items = json_array();

    for (size_t i = 0; i < ARRAY_LEN(sides); i++) {
        const json_t *tensors = json_object_get(json_object_get(version, "signature"), sides[i][0]);
        size_t index;
        json_t *tensor;

        json_array_foreach (tensors, index, tensor) {
            json_t *item = json_deep_copy(tensor);

            (void)json_object_set_new(item, "side", json_string(sides[i][1]));
            (void)json_array_append_new(items, item);
        }
    }
    return json_pack("{s:O}", "items", items);
}

/* A table below a sheet, where there is something to show; never JSON. */
static void print_below(struct cli *cli, const struct listing_column *columns, size_t count,
                        const json_t *document)
{
    if (cli->output.json || json_array_size(json_object_get(document, "items")) == 0)
        return;
    (void)fputc('\n', cli->output.out);
    listing_print(cli, columns, count, document, "");
}

/* What is in the model files, where it is known. */
static void print_infos(struct cli *cli, const json_t *artifacts)
{
    const json_t *artifact;
    size_t i;

    if (cli->output.json)
        return;
    json_array_foreach (json_object_get(artifacts, "items"), i, artifact) {
        const json_t *info = json_object_get(artifact, "info");

        if (!json_is_object(info))
            continue;
        output_line(&cli->output, "\n%s  %s",
                    json_string_value(json_object_get(artifact, "variant")),
                    json_string_value(json_object_get(artifact, "name")));
        describe_print_json(cli, info);
    }
}

static int show_version(struct cli *cli, struct server *server, const struct reference *reference)
{
    json_auto_t *version = NULL;
    json_auto_t *artifacts = NULL;
    json_auto_t *tensors = NULL;
    json_auto_t *measurements = NULL;
    int r;

    r = server_get(
        server,
        arena_printf(&cli->arena, "show version '%s' of model '%s'", reference->version,
                     reference->model),
        SERVER_ADDRESS(server, "models", reference->model, "versions", reference->version),
        &version);
    if (r)
        return r;
    output_json(&cli->output, version);
    listing_print_sheet(cli, version_sheet, ARRAY_LEN(version_sheet), version);
    artifacts = flatten_artifacts(cli, version);
    print_below(cli, artifact_columns, ARRAY_LEN(artifact_columns), artifacts);
    print_infos(cli, artifacts);
    tensors = flatten_signature(version);
    print_below(cli, tensor_columns, ARRAY_LEN(tensor_columns), tensors);
    measurements = json_pack("{s:O}", "items", json_object_get(version, "measurements"));
    print_below(cli, measurement_columns, ARRAY_LEN(measurement_columns), measurements);
    return CLI_OK;
}

static bool is_state(const char *text)
{
    static const char *const states[] = {"draft", "published", "archived", "deleted"};

    for (size_t i = 0; i < ARRAY_LEN(states); i++) {
        if (strcmp(states[i], text) == 0)
            return true;
    }
    return false;
}

static int show_model(struct cli *cli, struct server *server, const char *name)
{
    const char *state = cli->flags.state;
    json_auto_t *model = NULL;
    json_auto_t *versions = NULL;
    json_auto_t *keys = NULL;
    int r;

    if (state && !is_state(state))
        return cli_usage(cli, "--state is draft, published, archived or deleted, not '%s'", state);
    r = server_get(server, arena_printf(&cli->arena, "show model '%s'", name),
                   SERVER_ADDRESS(server, "models", name), &model);
    if (!r)
        r = server_list(server, arena_printf(&cli->arena, "list the versions of '%s'", name),
                        SERVER_ADDRESS(server, "models", name, "versions"),
                        state ? arena_printf(&cli->arena, "state=%s", state) : "", cli->flags.limit,
                        &versions);
    if (r)
        return r;
    (void)json_object_set(model, "versions", json_object_get(versions, "items"));
    output_json(&cli->output, model);
    listing_print_sheet(cli, sheet_columns, ARRAY_LEN(sheet_columns), model);
    keys = json_pack("{s:O}", "items", json_object_get(model, "keys"));
    print_below(cli, key_columns, ARRAY_LEN(key_columns), keys);
    print_below(cli, version_columns, ARRAY_LEN(version_columns), versions);
    return CLI_OK;
}

int cmd_model_show(void *context, int operands, char **operand)
{
    struct cli *cli = context;
    CLEANUP(server_close) struct server server = {0};
    struct reference reference = {0};
    int r = operands == 2
                ? reference_check(cli, operand[0], operand[1], &reference)
                : subject_parse(cli, operand[0], SUBJECT_MODEL | SUBJECT_VERSION, &reference);

    if (!r)
        r = server_open(cli, &server);
    if (!r)
        r = subject_resolve(&server, &reference);
    if (r)
        return r;
    return reference.version ? show_version(cli, &server, &reference)
                             : show_model(cli, &server, reference.model);
}

/* ---- discard ------------------------------------------------------------------------------ */

int cmd_model_discard(void *context, int operands, char **operand)
{
    struct cli *cli = context;
    CLEANUP(server_close) struct server server = {0};
    struct reference reference;
    json_auto_t *document = NULL;
    int r;

    (void)operands;
    r = reference_parse(cli, operand[0], &reference);
    if (!r)
        r = server_open(cli, &server);
    if (!r)
        r = server_ask(
            &server,
            &(struct server_question){
                .what = arena_printf(&cli->arena, "discard '%s'", operand[0]),
                .method = "DELETE",
                .address = arena_printf(&cli->arena, "%s?state=draft",
                                        SERVER_ADDRESS(&server, "models", reference.model,
                                                       "versions", reference.version)),
            },
            NULL, NULL);
    if (r)
        return r;
    document = json_pack("{s:s, s:s, s:b}", "model", reference.model, "version", reference.version,
                         "discarded", 1);
    output_json(&cli->output, document);
    output_line(&cli->output, "discarded draft '%s'", operand[0]);
    return CLI_OK;
}
