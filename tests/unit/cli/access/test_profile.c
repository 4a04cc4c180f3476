/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/access/profile.h"

#include "base/cleanup.h"
#include "stage.h"
#include "suite.h"

#include <sys/stat.h>

static struct stage stage;
static const char *error;

START_TEST(keeps_what_it_was_given_for_its_owner_only)
{
    struct profile profile = {"lab", "https://x.example", "mft_abc", NULL};
    struct profile read = {0};
    struct stat stat_;
    char path[256];

    stage_open(&stage);
    ck_assert_int_eq(profile_write(&stage.cli.arena, &profile, &error), 0);
    ck_assert_int_eq(profile_read(&stage.cli.arena, "lab", &read, &error), 0);
    ck_assert_str_eq(read.url, "https://x.example");
    ck_assert_str_eq(read.token, "mft_abc");
    ck_assert_ptr_null(read.ca_file);
    (void)snprintf(path, sizeof(path), "%s/.config/modelferry/profiles/lab.json", stage.home);
    ck_assert_int_eq(stat(path, &stat_), 0);
    ck_assert_uint_eq(stat_.st_mode & 0777, 0600);
    ck_assert_int_eq(chmod(path, 0644), 0);
    ck_assert_int_eq(profile_read(&stage.cli.arena, "lab", &read, &error), PROFILE_E_INVALID);
    ck_assert_ptr_nonnull(strstr(error, "chmod 600"));
    ck_assert_int_eq(profile_remove(&stage.cli.arena, "lab", &error), 0);
    ck_assert_int_eq(profile_remove(&stage.cli.arena, "lab", &error), PROFILE_E_MISSING);
    ck_assert_int_eq(profile_read(&stage.cli.arena, "lab", &read, &error), PROFILE_E_MISSING);
    stage_close(&stage);
}
END_TEST

START_TEST(never_leaves_its_folder)
{
    struct profile read;

    stage_open(&stage);
    ck_assert_int_eq(profile_read(&stage.cli.arena, "../keys/default", &read, &error),
                     PROFILE_E_INVALID);
    ck_assert_int_eq(profile_remove(&stage.cli.arena, "..", &error), PROFILE_E_INVALID);
    stage_close(&stage);
}
END_TEST

START_TEST(says_what_is_wrong_with_a_url)
{
    static const char *const invalid[] = {
        "x.example",
        "ftp://x",
        "https://",
        "https:///x",
        "https://u:p@x",
        "https://x?y",
        "https://x#y",
        "https://x y",
        "https://x\n",
        "https://:80",
        "",
    };

    stage_open(&stage);
    for (size_t i = 0; i < ARRAY_LEN(invalid); i++) {
        ck_assert_msg(!profile_url(&stage.cli.arena, invalid[i], &error), "%s", invalid[i]);
        ck_assert_ptr_nonnull(error);
    }
    ck_assert_str_eq(profile_url(&stage.cli.arena, "http://x:8080/ferry//", &error),
                     "http://x:8080/ferry");
    stage_close(&stage);
}
END_TEST

START_TEST(knows_where_a_token_could_be_read)
{
    static const char *const plain[] = {"http://x", "http://127.0.0.1.x.example",
                                        "http://localhost.x.example", "http://10.0.0.1:80"};
    static const char *const fine[] = {"https://x",
                                       "http://localhost",
                                       "http://localhost:8080/x",
                                       "http://127.0.0.1:8080",
                                       "http://127.1.2.3/x",
                                       "http://[::1]:8080"};

    for (size_t i = 0; i < ARRAY_LEN(plain); i++)
        ck_assert_msg(profile_url_is_plain(plain[i]), "%s", plain[i]);
    for (size_t i = 0; i < ARRAY_LEN(fine); i++)
        ck_assert_msg(!profile_url_is_plain(fine[i]), "%s", fine[i]);
}
END_TEST

int main(void)
{
    return SUITE_RUN("cli/profile", keeps_what_it_was_given_for_its_owner_only,
                     never_leaves_its_folder, says_what_is_wrong_with_a_url,
                     knows_where_a_token_could_be_read);
}
