/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/publish/cmd_inspect.h"

#include "base/cleanup.h"
#include "cli/publish/describe.h"
#include "cli/publish/inspection.h"
#include "format/format.h"
#include "format/info_json.h"

#include <string.h>

struct files {
    struct format_file *files;
    int *fds;
    size_t count;
};

static void files_close(struct files *files)
{
    for (size_t i = 0; i < files->count; i++)
        (void)close(files->fds[i]);
}

static int open_files(struct cli *cli, int operands, char **operand, struct files *files)
{
    files->files = arena_array(&cli->arena, (size_t)operands, sizeof(*files->files));
    files->fds = arena_array(&cli->arena, (size_t)operands, sizeof(*files->fds));
    for (int i = 0; i < operands; i++) {
        const char *slash = strrchr(operand[i], '/');
        int r = inspection_open(cli, operand[i], &files->fds[i]);

        if (r)
            return r;
        files->count++;
        files->files[i].name = slash ? slash + 1 : operand[i];
        r = source_file(files->fds[i], &files->files[i].source);
        if (r)
            return r;
    }
    return 0;
}

/* A name of a format's own says which it is, also of what is broken. */
static int read_one(struct cli *cli, const struct format_set *set, size_t index, const char *path,
                    struct format_info *ret_info)
{
    const struct format *format = format_of_name(set->files[index].name);
    struct fault fault;
    int r;

    r = format_read(set, index, format, &cli->arena, ret_info, &fault);
    if (r == FAULT_E_OTHER && format)
        r = format_read(set, index, NULL, &cli->arena, ret_info, &fault);
    if (r <= 0)
        return r;
    if (r == FAULT_E_OTHER)
        return output_fail(&cli->output, CLI_FAILED,
                           "it can be published under a runtime of no known format, such as custom",
                           "cannot say what '%s' is: %s", path, fault.text);
    return output_fail(&cli->output, CLI_UNVERIFIED, "export it anew", "'%s' is %s: %s", path,
                       fault_name(r), fault.text);
}

static void print_one(struct cli *cli, const char *path, size_t index,
                      const struct format_info *info, size_t count)
{
    if (count > 1)
        output_line(&cli->output, "%s%s", index ? "\n" : "", path);
    describe_print(cli, info);
}

int cmd_inspect_inspect(void *context, int operands, char **operand)
{
    struct cli *cli = context;
    CLEANUP(files_close) struct files files = {0};
    json_auto_t *items = json_array();
    json_auto_t *document = NULL;
    struct format_set set;
    int r;

    r = open_files(cli, operands, operand, &files);
    if (r)
        return r;
    set = (struct format_set){.files = files.files, .count = files.count};
    for (size_t i = 0; i < files.count; i++) {
        struct format_info info;

        r = read_one(cli, &set, i, operand[i], &info);
        if (r)
            return r;
        (void)json_array_append_new(
            items, json_pack("{s:s, s:o}", "file", operand[i], "info", info_json_encode(&info)));
        print_one(cli, operand[i], i, &info, files.count);
    }
    document = json_pack("{s:O}", "items", items);
    output_json(&cli->output, document);
    return CLI_OK;
}
