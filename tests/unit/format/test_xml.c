/* SPDX-License-Identifier: Apache-2.0 */
#include "format/xml.h"

#include "base/cleanup.h"
#include "suite.h"

#include <stdlib.h>
#include <string.h>

struct seen {
    unsigned starts;
    unsigned ends;
    char text[64];
    char attribute[16];
    int stop_at; /* the number of the element that ends it all; 0: none */
};

static int on_start(void *object, unsigned depth, const char *name, const char **attributes)
{
    struct seen *seen = object;
    const char *value = xml_attribute(attributes, "a");

    ck_assert_uint_ge(depth, 1);
    ck_assert_ptr_nonnull(name);
    if (value)
        (void)snprintf(seen->attribute, sizeof(seen->attribute), "%s", value);
    return (int)++seen->starts == seen->stop_at ? FAULT_E_DAMAGED : 0;
}

static int on_end(void *object, unsigned depth, const char *name)
{
    (void)depth;
    (void)name;
    ((struct seen *)object)->ends++;
    return 0;
}

static int on_text(void *object, const char *bytes, size_t size)
{
    struct seen *seen = object;

    if (strlen(seen->text) + size < sizeof(seen->text))
        strncat(seen->text, bytes, size);
    return 0;
}

static int read_bytes(const char *bytes, size_t size, struct seen *seen, struct fault *fault)
{
    CLEANUP(view_release) struct view view = {0};
    struct source source = source_memory(bytes, size);
    struct xml_handler handler = {on_start, on_end, on_text, seen};

    view_init(&view, &source, NULL, fault);
    return xml_read(&view, &handler);
}

static int read_text(const char *text, struct seen *seen, struct fault *fault)
{
    return read_bytes(text, strlen(text), seen, fault);
}

START_TEST(says_elements_attributes_and_text)
{
    struct seen seen = {0};
    struct fault fault;

    ck_assert_int_eq(read_text("<x a=\"1&lt;2\"><y>te</y><z/>xt</x>", &seen, &fault), 0);
    ck_assert_uint_eq(seen.starts, 3);
    ck_assert_uint_eq(seen.ends, 3);
    ck_assert_str_eq(seen.attribute, "1<2");
    ck_assert_str_eq(seen.text, "text");
}
END_TEST

START_TEST(refuses_what_is_no_xml)
{
    static const struct {
        const char *text;
        int result;
        const char *words;
    } rows[] = {
        {"<x",                                             FAULT_E_TRUNCATED, "before its XML does"},
        {"<x><y></y>",                                     FAULT_E_TRUNCATED, "before its XML does"},
        {"<x></y>",                                        FAULT_E_DAMAGED,   "mismatched tag"     },
        {"<x>&nobody;</x>",                                FAULT_E_DAMAGED,   "undefined entity"   },
        {"<!DOCTYPE x [<!ENTITY a \"b\">]><x>&a;</x>",     FAULT_E_DAMAGED,   "document type"      },
        {"<!DOCTYPE x SYSTEM \"file:///etc/passwd\"><x/>", FAULT_E_DAMAGED,   "document type"      },
        {"<x>\x01</x>",                                    FAULT_E_DAMAGED,   "not well-formed"    },
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct fault fault = {0};
        struct seen seen = {0};

        ck_assert_int_eq(read_text(rows[i].text, &seen, &fault), rows[i].result);
        ck_assert_msg(strstr(fault.text, rows[i].words), "%s", fault.text);
    }
}
END_TEST

START_TEST(ends_where_its_handler_says)
{
    struct seen seen = {.stop_at = 2};
    struct fault fault;

    ck_assert_int_eq(read_text("<x><y/><z/></x>", &seen, &fault), FAULT_E_DAMAGED);
    ck_assert_uint_eq(seen.starts, 2);
}
END_TEST

START_TEST(bounds_depth)
{
    struct fault fault = {0};
    struct seen seen = {0};
    char text[XML_DEPTH_MAX * 3 + 4] = "";

    for (size_t i = 0; i <= XML_DEPTH_MAX; i++)
        strcat(text, "<x>");
    ck_assert_int_eq(read_text(text, &seen, &fault), FAULT_E_LIMIT);
    ck_assert_uint_eq(seen.starts, XML_DEPTH_MAX);
}
END_TEST

/* Twice: the memory of the first is given back. */
START_TEST(bounds_memory)
{
    size_t size = XML_MEMORY_MAX * 2;
    char *bytes = malloc(size);

    for (unsigned i = 0; i < 2; i++) {
        struct fault fault = {0};
        struct seen seen = {0};

        memset(bytes, 'x', size); /* one name that never ends */
        bytes[0] = '<';
        ck_assert_int_eq(read_bytes(bytes, size, &seen, &fault), FAULT_E_LIMIT);
        ck_assert_ptr_nonnull(strstr(fault.text, "memory"));
    }
    free(bytes);
}
END_TEST

START_TEST(bounds_memory_of_many_names)
{
    size_t count = 400000;
    char *bytes = malloc(count * 12 + 16);
    struct fault fault = {0};
    struct seen seen = {0};
    size_t size;

    size = (size_t)sprintf(bytes, "<x>");
    for (size_t i = 0; i < count; i++)
        size += (size_t)sprintf(bytes + size, "<n%zu/>", i);
    size += (size_t)sprintf(bytes + size, "</x>");
    ck_assert_int_eq(read_bytes(bytes, size, &seen, &fault), FAULT_E_LIMIT);
    free(bytes);
}
END_TEST

int main(void)
{
    return SUITE_RUN("format/xml", says_elements_attributes_and_text, refuses_what_is_no_xml,
                     ends_where_its_handler_says, bounds_depth, bounds_memory,
                     bounds_memory_of_many_names);
}
