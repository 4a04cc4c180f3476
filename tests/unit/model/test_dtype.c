/* SPDX-License-Identifier: Apache-2.0 */
#include "model/dtype.h"

#include "suite.h"

#include <string.h>

START_TEST(every_type_has_a_name_of_its_own)
{
    for (int i = 0; i < DTYPE_COUNT_; i++) {
        const struct dtype *dtype = dtype_get((enum dtype_id)i);

        ck_assert_ptr_nonnull(dtype->name);
        ck_assert_ptr_eq(dtype_find(dtype->name), dtype);
        ck_assert_ptr_null(dtype_check(dtype->name));
    }
}
END_TEST

START_TEST(knows_how_long_elements_are)
{
    ck_assert_uint_eq(dtype_find("float32")->bits, 32);
    ck_assert_uint_eq(dtype_find("int4")->bits, 4);
    ck_assert_uint_eq(dtype_find("string")->bits, 0);
    ck_assert(dtype_find("int8")->quantised);
    ck_assert(!dtype_find("int64")->quantised);
}
END_TEST

START_TEST(says_what_it_expects)
{
    ck_assert_ptr_null(dtype_find("float"));
    ck_assert_ptr_nonnull(strstr(dtype_check("Float32"), "float32"));
}
END_TEST

int main(void)
{
    return SUITE_RUN("model/dtype", every_type_has_a_name_of_its_own, knows_how_long_elements_are,
                     says_what_it_expects);
}
