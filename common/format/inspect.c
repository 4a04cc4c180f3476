/* SPDX-License-Identifier: Apache-2.0 */
#include "format/inspect.h"

#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/utf8.h"
#include "format/info_json.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* How many names of tensors a message lists. */
#define NAMED_MAX 8

struct inspection {
    const struct inspect_variant *variant;
    const struct format *expected; /* by the runtime; NULL: nothing is promised */
    struct arena *arena;
    size_t *json_left;
    struct inspect_failure *failure;
    char label[VARIANT_TEXT_SIZE];
    size_t models; /* files of the expected format */
    bool has_init; /* the halves of a Caffe2 model */
    bool has_predict;
    bool compared; /* some file says what goes in and out */
    bool agreed;   /* and one of them what the signature says */
    const char *disagreement;
    const char *disagreeing; /* the file */
    const char *first_fault; /* why the first file is not of the expected format */
};

PRINTF_LIKE(4, 5)
static int refuse(struct inspection *inspection, int outcome, const char *file, const char *format,
                  ...)
{
    struct inspect_failure *failure = inspection->failure;
    va_list args;
    int used;

    failure->file = file;
    used = snprintf(failure->text, sizeof(failure->text), "variant '%s': ", inspection->label);
    va_start(args, format);
    (void)vsnprintf(failure->text + used, sizeof(failure->text) - (size_t)used, format, args);
    va_end(args);
    utf8_trim(failure->text);
    return outcome;
}

/* ---- signatures --------------------------------------------------------------------------- */

static const struct info_tensor *find_tensor(const struct info_tensors *tensors, const char *name)
{
    for (size_t i = 0; i < tensors->count; i++) {
        const struct info_tensor *tensor = &tensors->items[i];

        if (strcmp(tensor->name, name) == 0 || (tensor->alias && strcmp(tensor->alias, name) == 0))
            return tensor;
    }
    return NULL;
}

static const char *list_names(const struct info_tensors *tensors, struct arena *arena)
{
    const char *text = tensors->count ? "" : "none";

    for (size_t i = 0; i < tensors->count && i < NAMED_MAX; i++)
        text = arena_printf(arena, "%s%s'%.64s'", text, i ? ", " : "", tensors->items[i].name);
    return tensors->count > NAMED_MAX ? arena_printf(arena, "%s and others", text) : text;
}

/* A size that is declared fits one that is not fixed; not the other way round. */
static bool fits(const struct signature_tensor *declared, const struct info_tensor *tensor)
{
    if (!declared->ranked || !tensor->ranked)
        return true;
    if (declared->rank != tensor->rank)
        return false;
    for (size_t i = 0; i < declared->rank; i++) {
        int64_t size = tensor->dims[i].size;

        if (size != INFO_UNKNOWN_SIZE && declared->dims[i].size != size)
            return false;
    }
    return true;
}

static const char *compare_tensor(const struct signature_tensor *declared,
                                  const struct info_tensors *tensors, const char *what,
                                  struct arena *arena)
{
    const struct info_tensor *tensor = find_tensor(tensors, declared->name);

    if (!tensor)
        return arena_printf(arena, "it has no %s '%.64s' (it has %s)", what, declared->name,
                            list_names(tensors, arena));
    if (strcmp(tensor->type, "unknown") != 0 && strcmp(tensor->type, declared->type) != 0)
        return arena_printf(arena, "%s '%.64s' is declared as %s, but is %.64s", what,
                            declared->name, declared->type, tensor->type);
    if (!fits(declared, tensor))
        return arena_printf(arena, "%s '%.64s' is declared as '%.128s', but its shape is %.128s",
                            what, declared->name, signature_tensor_text(declared, arena),
                            info_shape_text(tensor, arena));
    return NULL;
}

/* An input that the caller is not told of would be left empty. */
static const char *find_undeclared(const struct signature *signature,
                                   const struct info_tensors *inputs, struct arena *arena)
{
    for (size_t i = 0; i < inputs->count; i++) {
        const struct info_tensor *input = &inputs->items[i];
        bool declared = false;

        for (size_t j = 0; j < signature->input_count && !declared; j++)
            declared = strcmp(signature->inputs[j].name, input->name) == 0 ||
                       (input->alias && strcmp(signature->inputs[j].name, input->alias) == 0);
        if (!declared)
            return arena_printf(arena, "it also takes '%.64s', which is not declared", input->name);
    }
    return NULL;
}

bool inspect_agrees(const struct signature *signature, const struct format_info *info,
                    struct arena *arena, const char **ret_why)
{
    const char *why = NULL;

    for (size_t i = 0; i < signature->input_count && !why; i++)
        why = compare_tensor(&signature->inputs[i], &info->inputs, "input", arena);
    if (!why)
        why = find_undeclared(signature, &info->inputs, arena);
    for (size_t i = 0; i < signature->output_count && !why; i++)
        why = compare_tensor(&signature->outputs[i], &info->outputs, "output", arena);
    if (why)
        *ret_why = why;
    return !why;
}

/* ---- one file ----------------------------------------------------------------------------- */

/* What the variant's precision leads one to expect of the weights; a runtime may well compute in
 * another precision than its file has, so that this is worth a word and no more. */
static void check_precision(struct inspection *inspection, struct info_draft *draft)
{
    static const struct {
        const char *precision;
        const char *type;
        const char *or_type;
    } rows[] = {
        {"fp32", "float32",  "float64" },
        {"fp16", "float16",  "float16" },
        {"bf16", "bfloat16", "bfloat16"},
        {"int8", "int8",     "uint8"   },
    };
    const struct format_info *info = &draft->info;
    const char *precision = inspection->variant->id->precision;

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        bool found = info->parameters == 0 || strcmp(precision, rows[i].precision) != 0;

        for (size_t j = 0; j < info->weight_count && !found; j++)
            found = strcmp(info->weights[j].type, rows[i].type) == 0 ||
                    strcmp(info->weights[j].type, rows[i].or_type) == 0;
        if (!found)
            info_warn(draft, "the variant says %s, but none of the weights are of that type",
                      precision);
    }
}

static int check_files(struct inspection *inspection, const char *name,
                       const struct format_info *info)
{
    for (size_t i = 0; i < info->file_count; i++) {
        const struct info_file *needed = &info->files[i];
        const struct format_file *beside = format_beside(&inspection->variant->set, needed->name);

        if (!beside)
            return refuse(inspection, INSPECT_E_INCOMPLETE, name,
                          "'%s' needs '%.128s' beside it, which is not among the files of the "
                          "variant: add it under that name",
                          name, needed->name);
        if (beside->source.size < (uint64_t)needed->length)
            return refuse(inspection, INSPECT_E_INCOMPLETE, name,
                          "'%s' needs %" PRId64 " bytes of '%.128s', which has %" PRIu64
                          ": it is another file, or truncated",
                          name, needed->length, needed->name, beside->source.size);
    }
    return 0;
}

static void compare(struct inspection *inspection, const char *name, const struct format_info *info)
{
    const struct signature *signature = inspection->variant->signature;
    const char *why;

    if (!signature || !info->has_signature)
        return;
    inspection->compared = true;
    if (inspect_agrees(signature, info, inspection->arena, &why)) {
        inspection->agreed = true;
    } else if (!inspection->disagreement) {
        inspection->disagreement = why;
        inspection->disagreeing = name;
    }
}

static void count_halves(struct inspection *inspection, const struct format_info *info)
{
    for (size_t i = 0; i < info->property_count; i++) {
        if (strcmp(info->properties[i].key, "part") != 0)
            continue;
        if (strcmp(info->properties[i].value, "init") == 0)
            inspection->has_init = true;
        else
            inspection->has_predict = true;
    }
}

static int write_text(struct inspection *inspection, const char *name,
                      const struct format_info *info, struct inspect_result *ret_result)
{
    CLEANUP(arena_release) struct arena scratch = {0};
    const char *text;
    int r;

    r = info_json_text(info, &scratch, &text);
    if (!r && strlen(text) > *inspection->json_left)
        r = FAULT_E_LIMIT;
    if (r == FAULT_E_LIMIT) {
        inspection->failure->reason = fault_name(r);
        return refuse(inspection, INSPECT_E_ARTIFACT, name,
                      "'%s' says more about itself than is kept: publish fewer files at once",
                      name);
    }
    if (r)
        return r;
    *inspection->json_left -= strlen(text);
    ret_result->json = arena_strdup(inspection->arena, text);
    return 0;
}

static int take(struct inspection *inspection, const char *name, struct format_info *info,
                struct arena *scratch, struct inspect_result *ret_result)
{
    struct info_draft draft = {.info = *info, .arena = scratch};
    bool expected = inspection->expected && strcmp(inspection->expected->name, info->format) == 0;
    int r;

    if (expected) {
        inspection->models++;
        r = check_files(inspection, name, info);
        if (r)
            return r;
    }
    if (expected || !inspection->expected)
        compare(inspection, name, info);
    count_halves(inspection, info);
    check_precision(inspection, &draft);
    return write_text(inspection, name, &draft.info, ret_result);
}

/* A file that must be of the expected format, and is not. */
static int refuse_file(struct inspection *inspection, size_t index, const struct fault *fault)
{
    const struct format *expected = inspection->expected;
    const struct format_set *set = &inspection->variant->set;
    CLEANUP(arena_release) struct arena scratch = {0};
    const char *name = set->files[index].name;
    struct format_info info;
    struct fault ignored;
    int r;

    r = format_read(set, index, NULL, &scratch, &info, &ignored);
    if (r < 0)
        return r;
    if (r == 0 && strcmp(info.format, expected->name) != 0)
        return refuse(inspection, INSPECT_E_FORMAT, name,
                      "'%s' should be %s, but is %s: say the runtime that it is for", name,
                      expected->title, format_find(info.format)->title);
    if (fault->outcome == FAULT_E_OTHER)
        return refuse(inspection, INSPECT_E_FORMAT, name, "'%s' is not %s: %s", name,
                      expected->title, fault->text);
    inspection->failure->reason = fault_name(fault->outcome);
    return refuse(inspection, INSPECT_E_ARTIFACT, name, "'%s' cannot be read as %s: %s", name,
                  expected->title, fault->text);
}

static int inspect_file(struct inspection *inspection, size_t index,
                        struct inspect_result *ret_result)
{
    const struct format_set *set = &inspection->variant->set;
    const char *name = set->files[index].name;
    const struct format *by_name = format_of_name(name);
    const struct format *as = by_name ? by_name : inspection->expected;
    bool strict = inspection->expected && (set->count == 1 || by_name == inspection->expected);
    CLEANUP(arena_release) struct arena scratch = {0};
    struct format_info info;
    struct fault fault;
    int r;

    if (strict)
        as = inspection->expected;
    r = format_read(set, index, as, &scratch, &info, &fault);
    if (r == 0)
        return take(inspection, name, &info, &scratch, ret_result);
    if (r < 0)
        return r;
    if (strict)
        return refuse_file(inspection, index, &fault);
    if (!inspection->first_fault)
        inspection->first_fault = arena_printf(inspection->arena, "'%s': %s", name, fault.text);
    return 0;
}

/* ---- the variant -------------------------------------------------------------------------- */

static int check_whole(struct inspection *inspection)
{
    const struct format *expected = inspection->expected;

    if (expected && inspection->models == 0)
        return refuse(inspection, INSPECT_E_FORMAT, NULL, "none of its files is %s (%s)",
                      expected->title, inspection->first_fault ? inspection->first_fault : "none");
    if (expected && strcmp(expected->name, "caffe2") == 0 &&
        (!inspection->has_init || !inspection->has_predict))
        return refuse(inspection, INSPECT_E_INCOMPLETE, NULL,
                      "a Caffe2 model is two files, init_net.pb and predict_net.pb, and the %s net "
                      "is missing",
                      inspection->has_init ? "predict" : "init");
    if (inspection->compared && !inspection->agreed)
        return refuse(inspection, INSPECT_E_SIGNATURE, inspection->disagreeing,
                      "the declared signature contradicts '%s': %s", inspection->disagreeing,
                      inspection->disagreement);
    return 0;
}

int inspect_variant(const struct inspect_variant *variant, struct arena *arena, size_t *json_left,
                    struct inspect_result *ret_results, struct inspect_failure *ret_failure)
{
    struct inspection inspection = {
        .variant = variant,
        .expected = format_of_runtime(variant->id->runtime),
        .arena = arena,
        .json_left = json_left,
        .failure = ret_failure,
    };

    variant_format(variant->id, inspection.label);
    for (size_t i = 0; i < variant->set.count; i++) {
        int r;

        ret_results[i] = (struct inspect_result){0};
        r = inspect_file(&inspection, i, &ret_results[i]);
        if (r)
            return r;
    }
    return check_whole(&inspection);
}
