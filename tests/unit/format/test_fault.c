/* SPDX-License-Identifier: Apache-2.0 */
#include "format/fault.h"

#include "base/utf8.h"
#include "suite.h"

#include <string.h>

START_TEST(says_where_and_what)
{
    struct fault fault;

    ck_assert_int_eq(fault_set(&fault, FAULT_E_DAMAGED, 7, "the %s at byte %d", "node", 7),
                     FAULT_E_DAMAGED);
    ck_assert_uint_eq(fault.offset, 7);
    ck_assert_str_eq(fault.text, "the node at byte 7");
    ck_assert_str_eq(fault_name(FAULT_E_TRUNCATED), "truncated");
}
END_TEST

START_TEST(never_says_what_a_terminal_obeys)
{
    struct fault fault;
    char name[1024];

    (void)fault_set(&fault, FAULT_E_OTHER, 0, "'%s'", "\x1b[2J\r\nok\x7f");
    ck_assert_str_eq(fault.text, "'?[2J??ok?'");
    memset(name, 'x', sizeof(name));
    memcpy(name + 380, "\xe2\x82\xac", 3); /* cut in the middle of a character */
    name[1023] = '\0';
    (void)fault_set(&fault, FAULT_E_OTHER, 0, "%s", name);
    ck_assert(utf8_valid(fault.text, strlen(fault.text)));
}
END_TEST

int main(void)
{
    return SUITE_RUN("format/fault", says_where_and_what, never_says_what_a_terminal_obeys);
}
