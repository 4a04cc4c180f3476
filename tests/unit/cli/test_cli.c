/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"

#include "base/cleanup.h"
#include "stage.h"
#include "suite.h"

static struct stage stage;

START_TEST(mistakes_are_usage_and_name_the_way_out)
{
    static const struct {
        const char *words[5];
        const char *says;
    } rows[] = {
        {{NULL},                                             "a command is missing"         },
        {{"modle", "ls"},                                    "did you mean 'model ls'"      },
        {{"model"},                                          "see modelferry help model"    },
        {{"model", "key"},                                   "see modelferry help model"    },
        {{"model", "show"},                                  "too few arguments"            },
        {{"whoami", "me"},                                   "too many arguments"           },
        {{"deploy", "a@1", "--devcie=x"},                    "did you mean '--device'"      },
        {{"deploy", "a@1"},                                  "say which devices"            },
        {{"deploy", "a@1", "--all", "--device=x"},           "not both"                     },
        {{"deploy", "a@1", "--device=X"},                    "is no name of a device"       },
        {{"deploy", "a@1", "--all", "--variant=x"},          "is no variant"                },
        {{"token", "create", "x", "--role=king"},            "--role"                       },
        {{"login", "example.org"},                           "must start with https://"     },
        {{"completion", "fish"},                             "only for bash"                },
        {{"help", "nothing"},                                "there is no command 'nothing'"},
        {{"publish", "a@1", "x.bin"},                        "say which variant"            },
        {{"publish", "a@1", "--draft", "--key=k", "x.onnx"}, "leave out --key"              },
        {{"model", "show", "a", "--state=lost"},             "there is no profile"          },
    };

    stage_open(&stage);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const char *words[6] = {0};

        for (size_t j = 0; j < 5 && rows[i].words[j]; j++)
            words[j] = rows[i].words[j];
        ck_assert_int_eq(stage_run(&stage, words), CLI_USAGE);
        ck_assert_msg(strstr(stage_err(&stage), rows[i].says), "'%s' not in: %s", rows[i].says,
                      stage_err(&stage));
    }
    ck_assert_str_eq(stage_out(&stage), "");
    stage_close(&stage);
}
END_TEST

START_TEST(help_goes_to_standard_output)
{
    stage_open(&stage);
    ck_assert_int_eq(STAGE_RUN(&stage, "--help"), CLI_OK);
    ck_assert_int_eq(STAGE_RUN(&stage, "help", "model", "key"), CLI_OK);
    ck_assert_int_eq(STAGE_RUN(&stage, "help", "publish"), CLI_OK);
    ck_assert_int_eq(STAGE_RUN(&stage, "publish", "--help"), CLI_OK);
    ck_assert_ptr_nonnull(strstr(stage_out(&stage), "--retry-for"));
    ck_assert_str_eq(stage_err(&stage), "");
    stage_close(&stage);
}
END_TEST

START_TEST(common_flags_may_come_first)
{
    json_auto_t *printed = NULL;

    stage_open(&stage);
    ck_assert_int_eq(STAGE_RUN(&stage, "--json", "--profile", "lab", "version"), CLI_OK);
    printed = json_loads(stage_out(&stage), 0, NULL);
    ck_assert_str_eq(json_string_value(json_object_get(printed, "version")), MODELFERRY_VERSION);
    stage_close(&stage);
}
END_TEST

START_TEST(errors_are_json_where_json_was_asked_for)
{
    json_auto_t *printed = NULL;

    stage_open(&stage);
    ck_assert_int_eq(STAGE_RUN(&stage, "model", "sho", "--json"), CLI_USAGE);
    printed = json_loads(stage_err(&stage), 0, NULL);
    ck_assert_int_eq(json_integer_value(json_object_get(printed, "exit")), CLI_USAGE);
    stage_close(&stage);
}
END_TEST

START_TEST(a_result_that_cannot_be_written_is_a_failure)
{
    char name[] = "modelferry";
    char word[] = "help";
    char *argv[] = {name, word};
    FILE *full = fopen("/dev/full", "w");

    stage_open(&stage);
    ck_assert_ptr_nonnull(full);
    ck_assert_int_eq(cli_run(&stage.clock, stdin, full, stage.cli.output.err, 2, argv), CLI_FAILED);
    ck_assert_ptr_nonnull(strstr(stage_err(&stage), "cannot write the result"));
    (void)fclose(full);
    stage_close(&stage);
}
END_TEST

int main(void)
{
    return SUITE_RUN("cli/cli", mistakes_are_usage_and_name_the_way_out,
                     help_goes_to_standard_output, common_flags_may_come_first,
                     errors_are_json_where_json_was_asked_for,
                     a_result_that_cannot_be_written_is_a_failure);
}
