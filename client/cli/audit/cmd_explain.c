/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/audit/cmd_explain.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "cli/audit/report_check.h"
#include "cli/audit/report_view.h"
#include "cli/subject.h"
#include "lib/http_escape.h"
#include "proto/audit_report.h"

#include <fcntl.h>
#include <string.h>

#define URL_MAX ((size_t)64 << 10)
#define PAGE_MAX ((size_t)1 << 30)

/* ---- asking ---------------------------------------------------------------------------------- */

static int ask(struct server *server, const char *kind, const char *ref, struct buffer *answer)
{
    CLEANUP(buffer_release) struct buffer url = BUFFER(URL_MAX);
    const char *at = server->cli->flags.at;

    buffer_printf(&url, "%s?ref=", SERVER_ADDRESS(server, "audit", "reports", kind));
    http_escape(&url, ref);
    if (at) {
        buffer_append_text(&url, "&at=");
        http_escape(&url, at);
    }
    if (url.failed)
        return cli_usage(server->cli, "the arguments are too long");
    return server_get_bytes(server, "ask for a report", url.bytes, answer);
}

/* ---- saving ---------------------------------------------------------------------------------- */

static int save(struct cli *cli, const char *path, const struct buffer *bytes)
{
    int r = file_create(AT_FDCWD, path, bytes->bytes, bytes->size, 0644);

    if (r == FILE_E_EXISTS)
        return output_fail(&cli->output, CLI_FAILED, "choose another file", "'%s' exists", path);
    return r;
}

static int save_page(struct cli *cli, const struct report_check *report)
{
    CLEANUP(buffer_release) struct buffer page = BUFFER(PAGE_MAX);

    report_view_html(report->envelope.root, &page);
    if (page.failed)
        return output_fail(&cli->output, CLI_FAILED, "ask about less", "the page is too large");
    return save(cli, cli->flags.html, &page);
}

static int save_all(struct cli *cli, const struct report_check *report, const struct buffer *answer)
{
    int r = 0;

    if (!report->is_signed)
        return output_fail(&cli->output, CLI_FAILED,
                           "its operator configures keys.master_file; without --output and --html "
                           "the answer is printed",
                           "this server cannot sign reports: nothing was written");
    if (cli->flags.out)
        r = save(cli, cli->flags.out, answer);
    if (!r && cli->flags.html)
        r = save_page(cli, report);
    return r;
}

/* text: the node, as it was named */
static int tell(struct cli *cli, const char *kind, const char *text)
{
    CLEANUP(report_check_release) struct report_check report = {0};
    CLEANUP(buffer_release) struct buffer answer = BUFFER(AUDIT_REPORT_MAX);
    CLEANUP(server_close) struct server server = {0};
    struct ref ref;
    int r = server_open(cli, &server);

    if (!r)
        r = subject_node(&server, text, &ref);
    if (!r)
        r = ask(&server, kind, ref.text, &answer);
    if (!r)
        r = report_check_read(cli, "the answer", answer.bytes, answer.size, &report);
    if (!r && (cli->flags.out || cli->flags.html))
        r = save_all(cli, &report, &answer);
    if (r)
        return r;
    output_json(&cli->output, report.envelope.root);
    report_view_text(cli, report.envelope.signed_part);
    if (!report.is_signed)
        output_note(&cli->output, "the answer is not signed: this server has no master key");
    return CLI_OK;
}

/* ---- commands -------------------------------------------------------------------------------- */

int cmd_explain_device(void *context, int operands, char **operand)
{
    struct cli *cli = context;
    const char *prefix = strncmp(operand[0], "device:", strlen("device:")) == 0 ? "" : "device:";
    int64_t at_ms;

    (void)operands;
    if (cli->flags.at && !clock_parse_rfc3339(cli->flags.at, &at_ms))
        return cli_usage(cli, "--at '%s' is no time such as 2026-01-02T03:04:05Z", cli->flags.at);
    return tell(cli, AUDIT_REPORT_KIND_DEVICE,
                arena_printf(&cli->arena, "%s%s", prefix, operand[0]));
}

int cmd_explain_version(void *context, int operands, char **operand)
{
    (void)operands;
    return tell(context, AUDIT_REPORT_KIND_VERSION, operand[0]);
}

int cmd_explain_impact(void *context, int operands, char **operand)
{
    (void)operands;
    return tell(context, AUDIT_REPORT_KIND_IMPACT, operand[0]);
}
