/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FORMAT_XML_H
#define FORMAT_XML_H

#include "format/view.h"

/*
 * XML in a file, an element at a time, by expat and in bounded memory (8 MiB). A document type is
 * refused, and with it every entity of the file's own making.
 *
 * Handlers return 0, an outcome of format/fault.h with the view's fault filled, or negative; the
 * reading ends with what is not 0. Any may be NULL.
 */
#define XML_DEPTH_MAX 32
#define XML_MEMORY_MAX ((size_t)8 << 20)

struct xml_handler {
    /* attributes: name, value, name, value, NULL. depth of the root is 1 */
    int (*start)(void *object, unsigned depth, const char *name, const char **attributes);
    int (*end)(void *object, unsigned depth, const char *name);
    /* a piece of the text between tags, not the whole of it, without a NUL */
    int (*text)(void *object, const char *bytes, size_t size);
    void *object;
};

/* Reads the whole file. */
int xml_read(struct view *view, const struct xml_handler *handler) MUST_CHECK;

/* The value of an attribute, or NULL. */
const char *xml_attribute(const char **attributes, const char *name);

#endif
