/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/events.h"

#include "world.h"

struct heard {
    char text[512];
};

static void on_event(void *state, const char *event, const char *data)
{
    struct heard *heard = state;
    size_t length = strlen(heard->text);

    (void)snprintf(heard->text + length, sizeof(heard->text) - length, "[%s|%s]", event, data);
}

START_TEST(reads_streams_however_they_are_cut)
{
    static const struct {
        const char *stream;
        const char *events;
    } rows[] = {
        {"",                                               ""                       },
        {":\n\n:\n\n",                                     ""                       },
        {"event: state\nid: 7\ndata: {\"version\":7}\n\n", "[state|{\"version\":7}]"},
        {"event:state\r\ndata:x\r\n\r\n",                  "[state|x]"              },
        {"event: a\rdata: 1\r\revent: b\rdata: 2\r\r",     "[a|1][b|2]"             },
        {"data: one\ndata: two\n\n",                       "[message|one\ntwo]"     },
        {"event: state\n\ndata: x\n\n",                    "[message|x]"            },
        {"data\n\n",                                       "[message|]"             },
        {"data:  x\n\n",                                   "[message| x]"           },
        {"data: unfinished\n",                             ""                       },
        {"unknown: x\nretry: 5000\ndata: y\n\n",           "[message|y]"            },
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        size_t length = strlen(rows[i].stream);

        for (size_t cut = 1; cut <= length + 1; cut++) {
            struct events_parser parser = {0};
            struct heard heard = {0};

            for (size_t at = 0; at < length; at += cut)
                events_parse(&parser, rows[i].stream + at, length - at < cut ? length - at : cut,
                             on_event, &heard);
            ck_assert_str_eq(heard.text, rows[i].events);
        }
    }
}
END_TEST

START_TEST(keeps_id_and_retry)
{
    struct events_parser parser = {0};
    struct heard heard = {0};
    static const char stream[] = "retry: 5000\nid: 7\ndata: x\n\nretry: soon\ndata: y\n\n";

    events_parse(&parser, stream, strlen(stream), on_event, &heard);
    ck_assert_str_eq(parser.id, "7");
    ck_assert_int_eq(parser.retry_ms, 5000);
}
END_TEST

START_TEST(skips_lines_without_end)
{
    struct events_parser parser = {0};
    struct heard heard = {0};

    events_parse(&parser, "data: ", 6, on_event, &heard);
    for (size_t i = 0; i < 100000; i++)
        events_parse(&parser, "x", 1, on_event, &heard);
    events_parse(&parser, "\n\ndata: y\n\n", 11, on_event, &heard);
    ck_assert_str_eq(heard.text, "[message|y]");
}
END_TEST

START_TEST(bounds_data_of_many_lines)
{
    struct events_parser parser = {0};
    struct heard heard = {0};

    for (size_t i = 0; i < 10000; i++)
        events_parse(&parser, "data: xxxxxxxxxx\n", 17, on_event, &heard);
    events_parse(&parser, "\n", 1, on_event, &heard);
    ck_assert_uint_lt(strlen(heard.text), sizeof(heard.text));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("agent/events");
    TCase *tcase = tcase_create("events");

    tcase_add_test(tcase, reads_streams_however_they_are_cut);
    tcase_add_test(tcase, keeps_id_and_retry);
    tcase_add_test(tcase, skips_lines_without_end);
    tcase_add_test(tcase, bounds_data_of_many_lines);
    return world_run(suite, tcase);
}
