/* SPDX-License-Identifier: Apache-2.0 */
#include "suite.h"

#include "base/cleanup.h"
#include "http/problems.h"

#include <string.h>

static const struct problem *const all[] = {
    &problems_bad_request,     &problems_malformed_json,
    &problems_invalid_field,   &problems_unknown_field,
    &problems_unauthenticated, &problems_forbidden,
    &problems_not_found,       &problems_method_not_allowed,
    &problems_conflict,        &problems_precondition_failed,
    &problems_too_large,       &problems_unsupported_media,
    &problems_range,           &problems_idempotency_reused,
    &problems_too_many,        &problems_internal,
    &problems_unavailable,     &problems_no_space,
};

START_TEST(slugs_are_stable_words_and_unique)
{
    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        ck_assert_uint_eq(strspn(all[i]->slug, "abcdefghijklmnopqrstuvwxyz-"),
                          strlen(all[i]->slug));
        ck_assert_int_ge(all[i]->status, 400);
        ck_assert_int_le(all[i]->status, 507);
        for (size_t j = 0; j < i; j++)
            ck_assert_str_ne(all[i]->slug, all[j]->slug);
    }
}
END_TEST

int main(void)
{
    return SUITE_RUN("http/problems", slugs_are_stable_words_and_unique);
}
