/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/transfer/upload_state.h"

#include "base/cleanup.h"
#include "stage.h"
#include "suite.h"

static struct stage stage;
static const uint8_t digest[DIGEST_SHA256_SIZE] = {1, 2, 3};

START_TEST(remembers_an_upload_per_server_and_artifact)
{
    static const uint8_t other[DIGEST_SHA256_SIZE] = {4};

    stage_open(&stage);
    ck_assert_ptr_null(upload_state_read(&stage.cli.arena, "https://x", digest));
    upload_state_write("https://x", digest, "0195f-Ab_7");
    ck_assert_str_eq(upload_state_read(&stage.cli.arena, "https://x", digest), "0195f-Ab_7");
    ck_assert_ptr_null(upload_state_read(&stage.cli.arena, "https://y", digest));
    ck_assert_ptr_null(upload_state_read(&stage.cli.arena, "https://x", other));
    upload_state_forget("https://x", digest);
    ck_assert_ptr_null(upload_state_read(&stage.cli.arena, "https://x", digest));
    stage_close(&stage);
}
END_TEST

START_TEST(takes_only_the_last_segment_of_a_location)
{
    static const struct {
        const char *location;
        const char *id;
    } rows[] = {
        {"/api/v1/uploads/0195f",              "0195f"},
        {"https://evil.example/uploads/0195f", "0195f"},
        {"0195f",                              "0195f"},
        {"/api/v1/uploads/0195f?x=/y",         "0195f"},
        {"/api/v1/uploads/",                   NULL   },
        {"/api/v1/uploads/..",                 NULL   },
        {"/api/v1/uploads/a%2f..",             NULL   },
        {"",                                   NULL   },
        {NULL,                                 NULL   },
    };

    stage_open(&stage);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const char *id = upload_state_id(&stage.cli.arena, rows[i].location);

        if (rows[i].id)
            ck_assert_str_eq(id, rows[i].id);
        else
            ck_assert_ptr_null(id);
    }
    stage_close(&stage);
}
END_TEST

START_TEST(ignores_a_file_that_holds_something_else)
{
    stage_open(&stage);
    upload_state_write("https://x", digest, "../../escape");
    ck_assert_ptr_null(upload_state_read(&stage.cli.arena, "https://x", digest));
    stage_close(&stage);
}
END_TEST

int main(void)
{
    return SUITE_RUN("cli/upload", remembers_an_upload_per_server_and_artifact,
                     takes_only_the_last_segment_of_a_location,
                     ignores_a_file_that_holds_something_else);
}
