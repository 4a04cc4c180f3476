/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/publish/describe.h"

#include "base/cleanup.h"
#include "cli/table.h"
#include "format/info_json.h"

#include <inttypes.h>

const char *describe_briefly(struct cli *cli, const struct format_info *info)
{
    const char *text = info->format;

    if (info->has_parameters)
        text = arena_printf(&cli->arena, "%s, %" PRId64 " parameters", text, info->parameters);
    if (info->quantisation)
        text = arena_printf(&cli->arena, "%s, quantised: %s", text, info->quantisation);
    return text;
}

static void add_tensors(struct table *table, const char *title, const struct info_tensors *tensors)
{
    for (size_t i = 0; i < tensors->count; i++) {
        const struct info_tensor *tensor = &tensors->items[i];
        const char *alias =
            tensor->alias ? arena_printf(&table->arena, " (%s)", tensor->alias) : "";

        table_pairf(table, title, "%s%s: %s%s", tensor->name, alias, tensor->type,
                    tensor->ranked ? info_shape_text(tensor, &table->arena) : ", of any shape");
    }
}

static void add_opsets(struct table *table, const struct format_info *info)
{
    for (size_t i = 0; i < info->opset_count; i++)
        table_pairf(table, "operators", "%s %" PRId64,
                    info->opsets[i].domain[0] ? info->opsets[i].domain : "ai.onnx",
                    info->opsets[i].version);
}

static void add_weights(struct table *table, const struct format_info *info)
{
    if (info->has_parameters)
        table_pairf(table, "parameters", "%" PRId64, info->parameters);
    for (size_t i = 0; i < info->weight_count; i++)
        table_pairf(table, "weights", "%s: %" PRId64 " in %" PRId64 " tensors",
                    info->weights[i].type, info->weights[i].parameters, info->weights[i].tensors);
    if (info->quantisation)
        table_pair(table, "quantisation", info->quantisation);
}

static void fill(struct table *table, const struct format_info *info)
{
    if (info->format_version)
        table_pairf(table, "format", "%s, version %s", info->format, info->format_version);
    else
        table_pair(table, "format", info->format);
    if (info->producer)
        table_pair(table, "producer", info->producer);
    add_opsets(table, info);
    add_tensors(table, "input", &info->inputs);
    add_tensors(table, "output", &info->outputs);
    add_weights(table, info);
    for (size_t i = 0; i < info->file_count; i++)
        table_pairf(table, "needs", "%s, of at least %" PRId64 " bytes", info->files[i].name,
                    info->files[i].length);
    for (size_t i = 0; i < info->property_count; i++)
        table_pair(table, info->properties[i].key, info->properties[i].value);
    for (size_t i = 0; i < info->warning_count; i++)
        table_pair(table, "warning", info->warnings[i]);
}

void describe_print(struct cli *cli, const struct format_info *info)
{
    CLEANUP(table_release) struct table table = {0};

    fill(&table, info);
    table_print_sheet(&table, &cli->output);
}

void describe_print_json(struct cli *cli, const json_t *info)
{
    struct fields_error error = {0};
    struct format_info decoded;

    if (json_is_object(info) && info_json_decode(info, &cli->arena, &decoded, &error) == 0)
        describe_print(cli, &decoded);
}
