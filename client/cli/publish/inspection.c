/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/publish/inspection.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "cli/publish/describe.h"
#include "format/declare.h"
#include "format/info_json.h"
#include "format/inspect.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

/* The files of one group while they are read. */
struct reading {
    int fds[MANIFEST_ARTIFACTS_MAX];
    struct format_file files[MANIFEST_ARTIFACTS_MAX];
    struct inspect_result results[MANIFEST_ARTIFACTS_MAX];
    struct format_info infos[MANIFEST_ARTIFACTS_MAX]; /* of those that have a result */
    size_t count;
};

static void reading_close(struct reading *reading)
{
    for (size_t i = 0; i < reading->count; i++)
        (void)close(reading->fds[i]);
}

/* ---- what is declared --------------------------------------------------------------------- */

static int read_tensors(struct cli *cli, const char *flag, const struct options_list *said,
                        struct signature_tensor **ret_tensors, size_t *ret_count)
{
    struct signature_tensor *tensors = arena_array(&cli->arena, said->count, sizeof(*tensors));

    if (said->count > SIGNATURE_TENSORS_MAX)
        return cli_usage(cli, "%s may be said at most %d times", flag, SIGNATURE_TENSORS_MAX);
    for (size_t i = 0; i < said->count; i++) {
        struct fields_error error = {0};

        if (signature_parse_tensor(said->texts[i], &cli->arena, &tensors[i], &error))
            return cli_usage(cli, "%s '%s': %s", flag, said->texts[i], error.text);
        for (size_t j = 0; j < i; j++)
            if (strcmp(tensors[j].name, tensors[i].name) == 0)
                return cli_usage(cli, "%s '%s' is given twice", flag, tensors[i].name);
    }
    *ret_tensors = tensors;
    *ret_count = said->count;
    return 0;
}

int inspection_declared(struct cli *cli, const struct signature **ret_signature)
{
    const struct cli_flags *flags = &cli->flags;
    struct signature *signature = arena_alloc(&cli->arena, sizeof(*signature));
    int r;

    *signature = (struct signature){0};
    r = read_tensors(cli, "--input", &flags->inputs, &signature->inputs, &signature->input_count);
    if (!r)
        r = read_tensors(cli, "--output", &flags->outputs, &signature->outputs,
                         &signature->output_count);
    if (!r)
        *ret_signature = flags->inputs.count + flags->outputs.count > 0 ? signature : NULL;
    return r;
}

/* ---- reading ------------------------------------------------------------------------------ */

int inspection_open(struct cli *cli, const char *path, int *ret_fd)
{
    struct stat stat;
    AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

    if (fd < 0 || fstat(fd, &stat) < 0)
        return output_fail(&cli->output, CLI_FAILED, NULL, "cannot read '%s': %s", path,
                           strerror(errno));
    if (!S_ISREG(stat.st_mode))
        return output_fail(&cli->output, CLI_FAILED, NULL, "cannot read '%s': it is no file", path);
    *ret_fd = TAKE_FD(fd);
    return 0;
}

static int open_group(struct cli *cli, const struct publish_group *group, struct reading *reading)
{
    for (size_t i = 0; i < group->count; i++) {
        int r = inspection_open(cli, group->files[i].path, &reading->fds[i]);

        if (r)
            return r;
        reading->count++;
        reading->files[i].name = group->files[i].name;
        r = source_file(reading->fds[i], &reading->files[i].source);
        if (r)
            return r;
    }
    return 0;
}

static int decode_infos(struct cli *cli, struct reading *reading)
{
    for (size_t i = 0; i < reading->count; i++) {
        const char *text = reading->results[i].json;
        json_auto_t *value = text ? json_loads(text, 0, NULL) : NULL;
        struct fields_error error = {0};

        if (text && info_json_decode(value, &cli->arena, &reading->infos[i], &error))
            return log_fail(ERR_INTERNAL, "what was read cannot be read back: %s", error.text);
    }
    return 0;
}

static void tell(struct cli *cli, const struct publish_group *group, const struct reading *reading)
{
    bool known = format_of_runtime(group->variant.runtime) != NULL;

    for (size_t i = 0; i < reading->count; i++) {
        const struct format_info *info = &reading->infos[i];

        if (!reading->results[i].json) {
            output_note(&cli->output, "%s  opaque: %s", group->files[i].name,
                        known ? "no model of a known format; it is taken as it is"
                              : "no format is known for its runtime; it is taken as it is");
            continue;
        }
        output_note(&cli->output, "%s  %s", group->files[i].name, describe_briefly(cli, info));
        for (size_t j = 0; j < info->warning_count; j++)
            output_warn(&cli->output, "'%s': %s", group->files[i].name, info->warnings[j]);
    }
}

/* What the files themselves say, and what is declared of it. */
static const struct signature *derive(struct cli *cli, const struct reading *reading,
                                      const struct signature *declared)
{
    struct signature *signature = arena_alloc(&cli->arena, sizeof(*signature));

    for (size_t i = 0; i < reading->count; i++) {
        if (!reading->results[i].json ||
            !declare_signature(&reading->infos[i], &cli->arena, signature))
            continue;
        if (declared && declared->input_count) {
            signature->inputs = declared->inputs;
            signature->input_count = declared->input_count;
        }
        if (declared && declared->output_count) {
            signature->outputs = declared->outputs;
            signature->output_count = declared->output_count;
        }
        return signature;
    }
    return declared;
}

static int refuse(struct cli *cli, int outcome, const struct inspect_failure *failure)
{
    const char *hint = NULL;

    if (outcome == INSPECT_E_ARTIFACT)
        hint = "export it anew; or publish it under a runtime of no known format, such as custom, "
               "to have it taken as it is";
    else if (outcome == INSPECT_E_SIGNATURE)
        hint = "declare what the file says (modelferry inspect FILE), or leave out --input and "
               "--output";
    return output_fail(&cli->output, CLI_UNVERIFIED, hint, "%s", failure->text);
}

static int read_group(struct cli *cli, const struct signature *declared,
                      struct publish_group *group, size_t *json_left)
{
    CLEANUP(reading_close) struct reading reading = {0};
    struct inspect_variant variant = {.id = &group->variant};
    struct inspect_failure failure = {0};
    size_t again = *json_left;
    int r;

    r = open_group(cli, group, &reading);
    variant.set = (struct format_set){.files = reading.files, .count = reading.count};
    if (!r)
        r = inspect_variant(&variant, &cli->arena, json_left, reading.results, &failure);
    if (r)
        return r > 0 && failure.text[0] ? refuse(cli, r, &failure) : r;
    r = decode_infos(cli, &reading);
    if (r)
        return r;
    group->signature = derive(cli, &reading, declared);
    variant.signature = group->signature;
    /* against what is declared, now that it is whole */
    r = declared ? inspect_variant(&variant, &cli->arena, &again, reading.results, &failure) : 0;
    if (r)
        return r > 0 ? refuse(cli, r, &failure) : r;
    tell(cli, group, &reading);
    return 0;
}

int inspection_run(struct cli *cli, const struct signature *declared, struct publish_groups *groups)
{
    size_t json_left = INSPECT_JSON_MAX;

    for (size_t i = 0; i < groups->count; i++) {
        int r = read_group(cli, declared, &groups->groups[i], &json_left);

        if (r)
            return r;
    }
    return 0;
}
