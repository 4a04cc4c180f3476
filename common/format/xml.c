/* SPDX-License-Identifier: Apache-2.0 */
#include "format/xml.h"

#include "base/cleanup.h"
#include "base/log.h"

#include <expat.h>
#include <inttypes.h>
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

#define PIECE_BYTES 16384

struct reading {
    struct view *view;
    const struct xml_handler *handler;
    XML_Parser parser;
    unsigned depth;
    int result;
};

/* ---- memory ------------------------------------------------------------------------------- */

/* expat asks for memory without saying for whom, so that it is counted for each thread: what the
 * parser that runs there may still take. */
static _Thread_local size_t memory_left;

struct block {
    size_t size;
    alignas(max_align_t) char bytes[];
};

static void *take(size_t size)
{
    struct block *block;

    if (size > memory_left)
        return NULL;
    block = malloc(sizeof(*block) + size);
    if (!block)
        return NULL;
    block->size = size;
    memory_left -= size;
    return block->bytes;
}

static struct block *block_of(void *bytes)
{
    return (struct block *)(void *)((char *)bytes - sizeof(struct block));
}

static void give(void *bytes)
{
    if (!bytes)
        return;
    memory_left += block_of(bytes)->size;
    free(block_of(bytes));
}

static void *retake(void *bytes, size_t size)
{
    void *larger = take(size);
    size_t had;

    if (!larger || !bytes)
        return larger;
    had = block_of(bytes)->size;
    memcpy(larger, bytes, had < size ? had : size);
    give(bytes);
    return larger;
}

/* ---- events ------------------------------------------------------------------------------- */

static uint64_t place(const struct reading *reading)
{
    XML_Index index = XML_GetCurrentByteIndex(reading->parser);

    return index < 0 ? 0 : (uint64_t)index;
}

static void stop(struct reading *reading, int result)
{
    reading->result = result;
    (void)XML_StopParser(reading->parser, XML_FALSE);
}

static void XMLCALL on_start(void *object, const XML_Char *name, const XML_Char **attributes)
{
    struct reading *reading = object;
    int r;

    if (reading->result)
        return;
    if (reading->depth == XML_DEPTH_MAX) {
        stop(reading, fault_set(reading->view->fault, FAULT_E_LIMIT, place(reading),
                                "the element at byte %" PRIu64 " lies inside %d others",
                                place(reading), XML_DEPTH_MAX));
        return;
    }
    reading->depth++;
    r = view_step(reading->view, place(reading));
    if (!r && reading->handler->start)
        r = reading->handler->start(reading->handler->object, reading->depth, name, attributes);
    if (r)
        stop(reading, r);
}

static void XMLCALL on_end(void *object, const XML_Char *name)
{
    struct reading *reading = object;
    int r = 0;

    if (reading->result)
        return;
    if (reading->handler->end)
        r = reading->handler->end(reading->handler->object, reading->depth, name);
    reading->depth--;
    if (r)
        stop(reading, r);
}

static void XMLCALL on_text(void *object, const XML_Char *bytes, int size)
{
    struct reading *reading = object;
    int r = 0;

    if (reading->result)
        return;
    if (reading->handler->text)
        r = reading->handler->text(reading->handler->object, bytes, (size_t)size);
    if (r)
        stop(reading, r);
}

static void XMLCALL on_doctype(void *object, const XML_Char *name, const XML_Char *system,
                               const XML_Char *public, int has_subset)
{
    struct reading *reading = object;

    (void)name;
    (void)system;
    (void)public;
    (void)has_subset;
    stop(reading, fault_set(reading->view->fault, FAULT_E_DAMAGED, place(reading),
                            "there is a document type at byte %" PRIu64 ", which models have not",
                            place(reading)));
}

/* ---- the file ----------------------------------------------------------------------------- */

static int explain(const struct reading *reading)
{
    enum XML_Error error = XML_GetErrorCode(reading->parser);
    struct view *view = reading->view;
    uint64_t at = place(reading);

    if (reading->result)
        return reading->result;
    switch (error) {
    case XML_ERROR_NO_MEMORY:
        return fault_set(view->fault, FAULT_E_LIMIT, at,
                         "the XML needs more than %zu bytes of memory (up to byte %" PRIu64 ")",
                         XML_MEMORY_MAX, at);
    case XML_ERROR_NO_ELEMENTS:
    case XML_ERROR_UNCLOSED_TOKEN:
    case XML_ERROR_PARTIAL_CHAR:
    case XML_ERROR_UNCLOSED_CDATA_SECTION:
        return fault_set(view->fault, FAULT_E_TRUNCATED, view->source.size,
                         "the file ends at byte %" PRIu64 ", before its XML does",
                         view->source.size);
    default:
        return fault_set(view->fault, FAULT_E_DAMAGED, at, "the XML at byte %" PRIu64 ": %s", at,
                         XML_ErrorString(error));
    }
}

static int feed(struct reading *reading)
{
    struct view *view = reading->view;
    uint64_t size = view->source.size;
    char piece[PIECE_BYTES];
    uint64_t at = 0;
    int r;

    do {
        size_t count = size - at < sizeof(piece) ? (size_t)(size - at) : sizeof(piece);

        r = view_read(view, at, piece, count, "XML");
        if (r)
            return r;
        at += count;
        if (XML_Parse(reading->parser, piece, (int)count, at == size) != XML_STATUS_OK)
            return explain(reading);
    } while (at < size);
    return reading->result;
}

int xml_read(struct view *view, const struct xml_handler *handler)
{
    static const XML_Memory_Handling_Suite suite = {take, retake, give};
    struct reading reading = {.view = view, .handler = handler};
    int r;

    memory_left = XML_MEMORY_MAX;
    reading.parser = XML_ParserCreate_MM(NULL, &suite, NULL);
    if (!reading.parser)
        return log_fail(ERR_NO_MEMORY, "out of memory for reading XML");
    XML_SetUserData(reading.parser, &reading);
    XML_SetElementHandler(reading.parser, on_start, on_end);
    XML_SetCharacterDataHandler(reading.parser, on_text);
    XML_SetStartDoctypeDeclHandler(reading.parser, on_doctype);
    r = feed(&reading);
    XML_ParserFree(reading.parser);
    return r;
}

const char *xml_attribute(const char **attributes, const char *name)
{
    for (size_t i = 0; attributes[i]; i += 2) {
        if (strcmp(attributes[i], name) == 0)
            return attributes[i + 1];
    }
    return NULL;
}
