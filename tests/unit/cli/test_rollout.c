/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/rollout.h"

#include "base/cleanup.h"
#include "suite.h"

#include <string.h>

#define DESIRED_2 "'desired':{'version':5,'slots':{'main':{'model':'digits','version':'2'}}}"

static const struct {
    const char *device;
    enum rollout_state state;
} rows[] = {
    {"{'state':'active'," DESIRED_2 ",'installed':{}}",                             ROLLOUT_PENDING   },
    {"{" DESIRED_2 ",'installed':{'main':{'state':'installed','model':'digits','version':'1',"
     "'sequence':5}}}",                                                        ROLLOUT_PENDING   },
    {"{" DESIRED_2 ",'installed':{'main':{'state':'installed','model':'digits','version':'2',"
     "'sequence':5}}}",                                                        ROLLOUT_INSTALLED },
    {"{" DESIRED_2 ",'installed':{'main':{'state':'failed','model':'digits','version':'2',"
     "'sequence':5}}}",                                                        ROLLOUT_FAILED    },
    {"{" DESIRED_2 ",'installed':{'aux':{'state':'failed','model':'digits','version':'2',"
     "'sequence':5}}}",                                                        ROLLOUT_PENDING   },
    {"{'desired':{'version':6,'slots':{'main':{'model':'digits','version':'3'}}}}",
     ROLLOUT_SUPERSEDED                                                                               },
    {"{'desired':{'version':6,'slots':{}}}",                                        ROLLOUT_SUPERSEDED},
    {"{'state':'revoked'," DESIRED_2 "}",                                           ROLLOUT_REVOKED   },
};

START_TEST(judges_a_device_by_what_it_reported_of_this_state)
{
    struct reference reference = {"digits", "2"};

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        CLEANUP(arena_release) struct arena arena = {0};
        char *text = arena_strdup(&arena, rows[i].device);
        json_auto_t *device = NULL;

        for (char *c = text; *c; c++)
            if (*c == '\'')
                *c = '"';
        device = json_loads(text, 0, NULL);
        ck_assert_ptr_nonnull(device);
        ck_assert_msg(rollout_judge(device, "main", &reference) == rows[i].state, "%s", text);
    }
}
END_TEST

int main(void)
{
    return SUITE_RUN("cli/rollout", judges_a_device_by_what_it_reported_of_this_state);
}
