/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/listing.h"

#include "base/cleanup.h"
#include "stage.h"
#include "suite.h"

static const struct listing_column columns[] = {
    {"NAME",    "name",       LISTING_NAME },
    {"SIZE",    "length",     LISTING_BYTES},
    {"TAGS",    "tags",       LISTING_PAIRS},
    {"CREATED", "created_at", LISTING_WHEN },
    {"STATE",   "main.state", LISTING_STATE},
    {"KEYS",    "keys",       LISTING_COUNT},
};

static const char text[] =
    "{\"items\":[{\"name\":\"digits\",\"length\":2048,\"tags\":{\"team\":\"vision\",\"n\":3},"
    "\"created_at\":\"2026-01-02T03:00:05.000Z\",\"main\":{\"state\":\"failed\"},\"keys\":[1,2]},"
    "{\"name\":\"\\u001b[2J\"}]}";

START_TEST(makes_a_table_of_items)
{
    json_auto_t *document = json_loads(text, 0, NULL);
    struct stage stage;

    stage_open(&stage);
    listing_print(&stage.cli, columns, ARRAY_LEN(columns), document, "none");
    ck_assert_str_eq(stage_out(&stage),
                     "NAME        SIZE  TAGS              CREATED    STATE   KEYS\n"
                     "digits   2.0 KiB  team=vision, n=3  4 min ago  failed     2\n"
                     "\\x1b[2J        -  -                 never      -          0\n");
    stage_close(&stage);
}
END_TEST

START_TEST(prints_json_as_it_came)
{
    json_auto_t *document = json_loads(text, 0, NULL);
    json_auto_t *printed = NULL;
    struct stage stage;

    stage_open(&stage);
    stage.cli.output.json = true;
    listing_print(&stage.cli, columns, ARRAY_LEN(columns), document, "none");
    printed = json_loads(stage_out(&stage), 0, NULL);
    ck_assert(json_equal(printed, document));
    ck_assert_str_eq(stage_err(&stage), "");
    stage_close(&stage);
}
END_TEST

START_TEST(says_what_to_do_where_there_is_nothing)
{
    json_auto_t *document = json_pack("{s:[]}", "items");
    struct stage stage;

    stage_open(&stage);
    listing_print(&stage.cli, columns, ARRAY_LEN(columns), document, "there are none; make one");
    ck_assert_str_eq(stage_out(&stage), "");
    ck_assert_str_eq(stage_err(&stage), "there are none; make one\n");
    stage_close(&stage);
}
END_TEST

int main(void)
{
    return SUITE_RUN("cli/listing", makes_a_table_of_items, prints_json_as_it_came,
                     says_what_to_do_where_there_is_nothing);
}
