/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/audit/report_check.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"
#include "cli/keys/keystore.h"
#include "proto/audit_report.h"

#include <ctype.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HEAD_BYTES 256

void report_check_release(struct report_check *report)
{
    if (!report)
        return;
    envelope_release(&report->envelope);
    arena_release(&report->arena);
}

/* ---- reading --------------------------------------------------------------------------------- */

static int malformed(struct cli *cli, const char *what, const char *why)
{
    return output_fail(&cli->output, CLI_UNVERIFIED, "ask for the report again",
                       "%s is no report: %s", what, why);
}

static bool is_report(const json_t *part)
{
    return json_integer_value(json_object_get(part, AUDIT_REPORT_MEMBER)) == AUDIT_REPORT_FORMAT &&
           json_is_string(json_object_get(part, "kind")) &&
           json_is_string(json_object_get(part, "workspace")) &&
           json_is_string(json_object_get(part, "made_at")) &&
           json_is_object(json_object_get(part, "question")) &&
           json_is_object(json_object_get(part, "answer"));
}

/* Whether the key that the report names has signed it. */
static int check_signature(struct cli *cli, const char *what, struct report_check *report)
{
    struct fields_error error = {0};
    int r;

    if (key_parse(json_object_get(report->envelope.signed_part, "key"), &report->key, &error))
        return malformed(cli, what, error.text);
    r = envelope_verify(&report->envelope, &report->key, 1, 1, NULL);
    if (r == ENVELOPE_E_UNVERIFIED)
        return output_fail(&cli->output, CLI_UNVERIFIED,
                           "it was changed, or cut off, since it was signed: ask for it again",
                           "%s is not what was signed", what);
    report->is_signed = r == 0;
    return r;
}

static int parse(struct cli *cli, const char *what, const void *bytes, size_t size,
                 struct report_check *report)
{
    struct fields_error error = {0};
    int r =
        envelope_parse(bytes, size, AUDIT_REPORT_MAX, &report->arena, &report->envelope, &error);

    if (r > 0)
        return malformed(cli, what, error.text);
    if (r)
        return r;
    if (!is_report(report->envelope.signed_part))
        return malformed(cli, what, "members of a report are missing, or it is of a newer format");
    return report->envelope.signature_count ? check_signature(cli, what, report) : 0;
}

int report_check_read(struct cli *cli, const char *what, const void *bytes, size_t size,
                      struct report_check *ret_report)
{
    struct report_check report = {0};
    int r = parse(cli, what, bytes, size, &report);

    if (r) {
        report_check_release(&report);
        return r;
    }
    *ret_report = report;
    return 0;
}

/* ---- files ----------------------------------------------------------------------------------- */

bool report_check_is(const char *path)
{
    static const char first[] = "{\"signatures\"";
    AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    char bytes[HEAD_BYTES];
    ssize_t count = fd < 0 ? -1 : read(fd, bytes, sizeof(bytes));
    size_t matched = 0;

    for (ssize_t i = 0; i < count && first[matched]; i++) {
        if (isspace((unsigned char)bytes[i]))
            continue;
        if (bytes[i] != first[matched++])
            return false;
    }
    return !first[matched];
}

static const char *string_of(const struct report_check *report, const char *name)
{
    return json_string_value(json_object_get(report->envelope.signed_part, name));
}

static int believe(struct cli *cli, const char *what, const struct report_check *report)
{
    CLEANUP(keystore_release) struct keystore_key given = {0};
    int r = keystore_read(cli, cli->flags.key, &given);

    if (r || key_equal(&given.key, &report->key))
        return r;
    return output_fail(&cli->output, CLI_UNVERIFIED,
                       "a server that was rotated has older keys: modelferry audit key --json",
                       "%s was signed by key %s, not by %s", what, report->key.id, given.key.id);
}

static int judge(struct cli *cli, const char *what, const struct report_check *report)
{
    json_auto_t *document = NULL;
    int r;

    if (!report->is_signed)
        return output_fail(&cli->output, CLI_UNVERIFIED,
                           "a server signs reports once it has a master key (keys.master_file)",
                           "%s is not signed", what);
    r = cli->flags.key ? believe(cli, what, report) : 0;
    if (r)
        return r;
    document =
        json_pack("{s:s, s:s, s:s, s:s, s:b}", "kind", string_of(report, "kind"), "workspace",
                  string_of(report, "workspace"), "made_at", string_of(report, "made_at"), "keyid",
                  report->key.id, "key_given", cli->flags.key != NULL);
    output_json(&cli->output, document);
    output_line(&cli->output, "%s is as it was signed at %s, by key %s", what,
                string_of(report, "made_at"), report->key.id);
    if (!cli->flags.key)
        output_warn(&cli->output, "the report itself names that key: --key says whether it is the "
                                  "server's");
    return CLI_OK;
}

int report_check_file(struct cli *cli, const char *path)
{
    CLEANUP(report_check_release) struct report_check report = {0};
    const char *what = arena_printf(&cli->arena, "'%s'", path);
    AUTO_FREE char *bytes = NULL;
    size_t size;
    int r = file_read(AT_FDCWD, path, AUDIT_REPORT_MAX, &bytes, &size);

    if (r > 0)
        return output_fail(&cli->output, CLI_FAILED, NULL, "cannot read %s", what);
    if (!r)
        r = report_check_read(cli, what, bytes, size, &report);
    return r ? r : judge(cli, what, &report);
}
