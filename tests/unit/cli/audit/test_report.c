/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/audit/report_check.h"
#include "cli/audit/report_view.h"

#include "base/cleanup.h"
#include "stage.h"
#include "suite.h"

static struct stage stage;
static struct key_pair pair;

static void set_up(void)
{
    stage_open(&stage);
    ck_assert_int_eq(key_generate("audit", &pair), 0);
}

static void tear_down(void)
{
    key_pair_release(&pair);
    stage_close(&stage);
}

static json_t *signed_part(void)
{
    return json_pack("{s:i, s:s, s:s, s:s, s:s, s:o, s:{s:s}, s:{s:s, s:n, s:[], s:[{s:s, s:i}],"
                     " s:{s:[{s:s}, {s:s}], s:[{s:i, s:i, s:s}]}}}",
                     "modelferry_report", 1, "kind", "version", "workspace", "default", "made_at",
                     "2026-01-02T03:04:05.000Z", "made_for", "ann", "key", key_to_json(&pair.key),
                     "question", "ref", "x@1", "answer", "text", "<b>&\"'\x1b[31m", "nothing",
                     "none", "rows", "name", "first", "n", 7, "lineage", "nodes", "ref", "run:<1>",
                     "ref", "x@1", "edges", "from", 0, "to", 1, "kind", "write");
}

static void build(struct buffer *bytes)
{
    json_auto_t *part = signed_part();
    struct signer signer = key_signer(&pair);

    ck_assert_int_eq(envelope_build(part, &signer, 1, bytes), 0);
}

START_TEST(reads_what_was_signed_and_nothing_else)
{
    CLEANUP(buffer_release) struct buffer bytes = BUFFER(65536);
    CLEANUP(report_check_release) struct report_check report = {0};

    build(&bytes);
    ck_assert_int_eq(report_check_read(&stage.cli, "it", bytes.bytes, bytes.size, &report), 0);
    ck_assert(report.is_signed && key_equal(&report.key, &pair.key));
    for (size_t i = 0; i < bytes.size; i += 7) {
        CLEANUP(report_check_release) struct report_check other = {0};
        int r;

        bytes.bytes[i] ^= 1;
        r = report_check_read(&stage.cli, "it", bytes.bytes, bytes.size, &other);
        ck_assert_msg(r == CLI_UNVERIFIED, "byte %zu: %d", i, r);
        bytes.bytes[i] ^= 1;
    }
    for (size_t size = 0; size < bytes.size; size += 11) {
        CLEANUP(report_check_release) struct report_check other = {0};

        ck_assert_int_eq(report_check_read(&stage.cli, "it", bytes.bytes, size, &other),
                         CLI_UNVERIFIED);
    }
}
END_TEST

START_TEST(a_file_looks_like_a_report_or_does_not)
{
    static const struct {
        const char *text;
        bool is;
    } cases[] = {
        {"{\"signatures\":[]}",            true },
        {"\n {\n  \"signatures\" : [ ] }", true },
        {"{\"_type\":\"log\"}",            false},
        {"{\"signature",                   false},
        {"",                               false},
    };
    const char *path = arena_printf(&stage.cli.arena, "%s/file", stage.home);

    ck_assert(!report_check_is(path));
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        ck_assert_int_eq(file_replace(AT_FDCWD, path, cases[i].text, strlen(cases[i].text), 0600),
                         0);
        ck_assert_msg(report_check_is(path) == cases[i].is, "%s", cases[i].text);
    }
}
END_TEST

START_TEST(the_page_holds_no_markup_of_others)
{
    CLEANUP(buffer_release) struct buffer bytes = BUFFER(65536);
    CLEANUP(buffer_release) struct buffer page = BUFFER(65536);
    CLEANUP(report_check_release) struct report_check report = {0};

    build(&bytes);
    ck_assert_int_eq(report_check_read(&stage.cli, "it", bytes.bytes, bytes.size, &report), 0);
    report_view_html(report.envelope.root, &page);
    ck_assert(!page.failed);
    ck_assert_ptr_nonnull(strstr(page.bytes, "&lt;b&gt;&amp;&quot;&#39;"));
    ck_assert_ptr_null(strstr(page.bytes, "<b>"));
    ck_assert_ptr_nonnull(strstr(page.bytes, "<td>run:&lt;1&gt;</td><td>write</td><td>x@1</td>"));
    ck_assert_ptr_null(strstr(page.bytes, "nothing"));
    ck_assert_ptr_nonnull(strstr(page.bytes, pair.key.id));
}
END_TEST

START_TEST(the_text_is_an_outline)
{
    json_auto_t *part = signed_part();

    report_view_text(&stage.cli, part);
    ck_assert_str_eq(stage_out(&stage), "ref: x@1\n"
                                        "text: <b>&\"'\\x1b[31m\n"
                                        "rows:\n"
                                        "  -\n"
                                        "    name: first\n"
                                        "    n: 7\n"
                                        "lineage: 2 nodes, 1 edges\n");
}
END_TEST

int main(void)
{
    return SUITE_RUN_WITH("cli/report", set_up, tear_down, reads_what_was_signed_and_nothing_else,
                          a_file_looks_like_a_report_or_does_not,
                          the_page_holds_no_markup_of_others, the_text_is_an_outline);
}
