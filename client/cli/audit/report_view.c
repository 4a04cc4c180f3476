/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/audit/report_view.h"

#include "base/cleanup.h"
#include "cli/printable.h"

#include <string.h>

#define INDENT 2

/* Whether there is nothing to tell: null, "", [], {}. */
static bool is_empty(const json_t *value)
{
    switch (value ? json_typeof(value) : JSON_NULL) {
    case JSON_NULL:
        return true;
    case JSON_STRING:
        return json_string_length(value) == 0;
    case JSON_ARRAY:
        return json_array_size(value) == 0;
    case JSON_OBJECT:
        return json_object_size(value) == 0;
    default:
        return false;
    }
}

static bool is_plain(const json_t *value)
{
    return !json_is_object(value) && !json_is_array(value);
}

static bool is_plain_list(const json_t *value)
{
    const json_t *item;
    size_t i;

    json_array_foreach (value, i, item) {
        if (!is_plain(item))
            return false;
    }
    return json_is_array(value);
}

static bool is_graph(const json_t *value)
{
    return json_is_array(json_object_get(value, "nodes")) &&
           json_is_array(json_object_get(value, "edges"));
}

/* One plain value, in the arena. */
static const char *text_of(struct arena *arena, const json_t *value)
{
    if (json_is_integer(value))
        return arena_printf(arena, "%lld", (long long)json_integer_value(value));
    if (json_is_boolean(value))
        return json_is_true(value) ? "yes" : "no";
    return json_is_string(value) ? json_string_value(value) : "-";
}

/* ---- text ------------------------------------------------------------------------------------ */

static void print(struct cli *cli, const json_t *value, int depth);

static void print_line(struct cli *cli, int depth, const char *name, const char *text)
{
    CLEANUP(arena_release) struct arena arena = {0};

    output_line(&cli->output, "%*s%s:%s%s", depth * INDENT, "", printable_text(&arena, name),
                *text ? " " : "", printable_text(&arena, text));
}

static const char *join(struct arena *arena, const json_t *list)
{
    const char *joined = "";
    const json_t *item;
    size_t i;

    json_array_foreach (list, i, item)
        joined = arena_printf(arena, "%s%s%s", joined, i ? ", " : "", text_of(arena, item));
    return joined;
}

static void print_list(struct cli *cli, const json_t *list, int depth)
{
    const json_t *item;
    size_t i;

    json_array_foreach (list, i, item) {
        if (!is_plain(item))
            output_line(&cli->output, "%*s-", depth * INDENT, "");
        print(cli, item, depth + 1);
    }
}

static void print_member(struct cli *cli, const char *name, const json_t *value, int depth)
{
    CLEANUP(arena_release) struct arena arena = {0};

    if (is_empty(value))
        return;
    if (is_plain(value)) {
        print_line(cli, depth, name, text_of(&arena, value));
    } else if (is_graph(value)) {
        print_line(cli, depth, name,
                   arena_printf(&arena, "%zu nodes, %zu edges",
                                json_array_size(json_object_get(value, "nodes")),
                                json_array_size(json_object_get(value, "edges"))));
    } else if (is_plain_list(value) && json_array_size(value) <= 8) {
        print_line(cli, depth, name, join(&arena, value));
    } else {
        print_line(cli, depth, name, "");
        print(cli, value, depth + 1);
    }
}

/* As deep as the parser lets a value be (CANON_DEPTH_MAX). */
static void print(struct cli *cli, const json_t *value, int depth)
{
    CLEANUP(arena_release) struct arena arena = {0};
    const char *name;
    json_t *member;

    if (json_is_array(value)) {
        print_list(cli, value, depth);
        return;
    }
    if (is_plain(value)) {
        output_line(&cli->output, "%*s%s", depth * INDENT, "",
                    printable_text(&arena, text_of(&arena, value)));
        return;
    }
    json_object_foreach ((json_t *)value, name, member)
        print_member(cli, name, member, depth);
}

void report_view_text(struct cli *cli, const json_t *signed_part)
{
    const json_t *question = json_object_get(signed_part, "question");
    json_auto_t *answer = json_copy(json_object_get(signed_part, "answer"));
    const char *name;
    json_t *asked;

    print(cli, question, 0);
    json_object_foreach ((json_t *)question, name, asked) {
        if (json_equal(asked, json_object_get(answer, name)))
            (void)json_object_del(answer, name);
    }
    print(cli, answer, 0);
}

/* ---- HTML ------------------------------------------------------------------------------------ */

static void append_escaped(const char *text, struct buffer *page)
{
    for (; *text; text++) {
        switch (*text) {
        case '&':
            buffer_append_text(page, "&amp;");
            break;
        case '<':
            buffer_append_text(page, "&lt;");
            break;
        case '>':
            buffer_append_text(page, "&gt;");
            break;
        case '"':
            buffer_append_text(page, "&quot;");
            break;
        case '\'':
            buffer_append_text(page, "&#39;");
            break;
        default:
            buffer_append_char(page, *text);
        }
    }
}

static void append_value(const json_t *value, struct buffer *page);

/* The names that any of the rows has something under, in the order in which they appear. */
static json_t *columns_of(const json_t *rows)
{
    json_t *columns = json_object();
    const json_t *row;
    const char *name;
    json_t *member;
    size_t i;

    json_array_foreach (rows, i, row) {
        json_object_foreach ((json_t *)row, name, member) {
            if (!is_empty(member))
                (void)json_object_set_new(columns, name, json_true());
        }
    }
    return columns;
}

static void append_rows(const json_t *rows, struct buffer *page)
{
    json_auto_t *columns = columns_of(rows);
    const json_t *row;
    const char *name;
    json_t *mark;
    size_t i;

    buffer_append_text(page, "<table class=\"rows\"><tr>");
    json_object_foreach (columns, name, mark) {
        buffer_append_text(page, "<th>");
        append_escaped(name, page);
        buffer_append_text(page, "</th>");
    }
    buffer_append_text(page, "</tr>\n");
    json_array_foreach (rows, i, row) {
        buffer_append_text(page, "<tr>");
        json_object_foreach (columns, name, mark) {
            buffer_append_text(page, "<td>");
            append_value(json_object_get(row, name), page);
            buffer_append_text(page, "</td>");
        }
        buffer_append_text(page, "</tr>\n");
    }
    buffer_append_text(page, "</table>\n");
}

static void append_list(const json_t *list, struct buffer *page)
{
    const json_t *item;
    size_t i;

    if (json_is_object(json_array_get(list, 0)) &&
        !json_object_get(json_array_get(list, 0), "ref")) {
        append_rows(list, page);
        return;
    }
    buffer_append_text(page, "<ul>");
    json_array_foreach (list, i, item) {
        buffer_append_text(page, "<li>");
        append_value(item, page);
        buffer_append_text(page, "</li>");
    }
    buffer_append_text(page, "</ul>\n");
}

static void append_members(const json_t *object, struct buffer *page)
{
    const char *name;
    json_t *member;

    buffer_append_text(page, "<table>\n");
    json_object_foreach ((json_t *)object, name, member) {
        if (is_empty(member))
            continue;
        buffer_append_text(page, "<tr><th>");
        append_escaped(name, page);
        buffer_append_text(page, "</th><td>");
        append_value(member, page);
        buffer_append_text(page, "</td></tr>\n");
    }
    buffer_append_text(page, "</table>\n");
}

/* An edge names its nodes by their places. */
static const char *node_at(const json_t *graph, const json_t *edge, const char *end)
{
    json_int_t place = json_integer_value(json_object_get(edge, end));
    const json_t *node = json_array_get(json_object_get(graph, "nodes"), (size_t)place);
    const char *ref = json_string_value(json_object_get(node, "ref"));

    return ref ? ref : "-";
}

static void append_graph(const json_t *graph, struct buffer *page)
{
    const json_t *edge;
    size_t i;

    buffer_printf(page, "<details><summary>%zu nodes, %zu edges</summary><table class=\"rows\">",
                  json_array_size(json_object_get(graph, "nodes")),
                  json_array_size(json_object_get(graph, "edges")));
    json_array_foreach (json_object_get(graph, "edges"), i, edge) {
        const char *kind = json_string_value(json_object_get(edge, "kind"));

        buffer_append_text(page, "<tr><td>");
        append_escaped(node_at(graph, edge, "from"), page);
        buffer_append_text(page, "</td><td>");
        append_escaped(kind ? kind : "-", page);
        buffer_append_text(page, "</td><td>");
        append_escaped(node_at(graph, edge, "to"), page);
        buffer_append_text(page, "</td></tr>\n");
    }
    buffer_append_text(page, "</table></details>\n");
}

/* As deep as the parser lets a value be. */
static void append_value(const json_t *value, struct buffer *page)
{
    CLEANUP(arena_release) struct arena arena = {0};

    if (is_empty(value))
        return;
    if (is_plain(value))
        append_escaped(text_of(&arena, value), page);
    else if (is_graph(value))
        append_graph(value, page);
    else if (json_is_array(value))
        append_list(value, page);
    else
        append_members(value, page);
}

static const char head[] =
    "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
    "style-src 'unsafe-inline'\">\n<title>modelferry report</title>\n<style>\n"
    "body{font:15px/1.5 sans-serif;margin:2em;color:#222;background:#fff}\n"
    "table{border-collapse:collapse;margin:.3em 0}\n"
    "th,td{border:1px solid #ccc;padding:.2em .6em;text-align:left;vertical-align:top;"
    "overflow-wrap:anywhere}\nth{background:#f3f3f3;font-weight:600}\n"
    "ul{margin:0;padding-left:1.2em}\n</style></head><body>\n";

static void append_section(const char *title, const json_t *value, struct buffer *page)
{
    buffer_printf(page, "<h2>%s</h2>\n", title);
    append_value(value, page);
}

void report_view_html(const json_t *envelope, struct buffer *page)
{
    const json_t *part = json_object_get(envelope, "signed");
    CLEANUP(arena_release) struct arena arena = {0};

    buffer_append_text(page, head);
    buffer_append_text(page, "<h1>Report: ");
    append_escaped(text_of(&arena, json_object_get(part, "kind")), page);
    buffer_append_text(page, "</h1>\n<p>workspace ");
    append_escaped(text_of(&arena, json_object_get(part, "workspace")), page);
    buffer_append_text(page, ", made at ");
    append_escaped(text_of(&arena, json_object_get(part, "made_at")), page);
    buffer_append_text(page, " for ");
    append_escaped(text_of(&arena, json_object_get(part, "made_for")), page);
    buffer_append_text(page, "</p>\n");
    append_section("Question", json_object_get(part, "question"), page);
    append_section("Answer", json_object_get(part, "answer"), page);
    append_section("Signatures", json_object_get(envelope, "signatures"), page);
    buffer_append_text(page, "<p>This page shows the signed report; the JSON file beside it is "
                             "what can be checked: <code>modelferry audit verify REPORT.json "
                             "--key KEYFILE</code></p>\n</body></html>\n");
}
