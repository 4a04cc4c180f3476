/* SPDX-License-Identifier: Apache-2.0 */
#include "format/view.h"

#include "base/log.h"
#include "base/utf8.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

void view_init(struct view *view, const struct source *source, const struct view_limits *limits,
               struct fault *fault)
{
    *view = (struct view){
        .source = *source,
        .fault = fault,
        .limits = limits ? *limits : VIEW_LIMITS_DEFAULT,
    };
    assert(view->limits.windows > 0 && view->limits.windows <= VIEW_WINDOWS_MAX);
    assert(view->limits.window_bytes > 0);
    view->moves_left =
        view->limits.moves_min + VIEW_PASSES_MAX * (source->size / view->limits.window_bytes);
    view->steps_left = view->limits.steps;
}

void view_release(struct view *view)
{
    if (!view)
        return;
    for (size_t i = 0; i < VIEW_WINDOWS_MAX; i++)
        free(view->windows[i].bytes);
    *view = (struct view){0};
}

static bool shows(const struct view_window *window, uint64_t offset)
{
    return window->bytes && offset >= window->first && offset - window->first < window->size;
}

/* The window that was not looked through for the longest time; one never used is the first. */
static struct view_window *oldest(struct view *view)
{
    struct view_window *window = &view->windows[0];

    for (size_t i = 1; i < view->limits.windows; i++) {
        if (view->windows[i].moved_at < window->moved_at)
            window = &view->windows[i];
    }
    return window;
}

static int move(struct view *view, struct view_window *window, uint64_t offset)
{
    size_t full = view->limits.window_bytes;
    uint64_t first = offset - offset % full;
    uint64_t left = view->source.size - first;
    size_t size = left < full ? (size_t)left : full;
    int r;

    if (view->moves_left == 0)
        return fault_set(view->fault, FAULT_E_LIMIT, offset,
                         "the file makes its reader jump about too often (at byte %" PRIu64 ")",
                         offset);
    view->moves_left--;
    if (!window->bytes) {
        /* a file that is smaller than a window needs no more than its size, once */
        window->bytes = malloc(view->source.size < full ? (size_t)view->source.size : full);
        if (!window->bytes)
            return log_fail(ERR_NO_MEMORY, "out of memory for a window on a file");
    }
    window->size = 0; /* should the read fail */
    r = view->source.read(view->source.object, first, window->bytes, size);
    if (r)
        return r;
    window->first = first;
    window->size = size;
    return 0;
}

static int look(struct view *view, uint64_t offset, struct view_window **ret_window)
{
    struct view_window *window = view->last;
    int r;

    if (!window || !shows(window, offset)) {
        window = NULL;
        for (size_t i = 0; i < view->limits.windows && !window; i++) {
            if (shows(&view->windows[i], offset))
                window = &view->windows[i];
        }
    }
    if (!window) {
        window = oldest(view);
        r = move(view, window, offset);
        if (r)
            return r;
    }
    window->moved_at = ++view->clock;
    view->last = window;
    *ret_window = window;
    return 0;
}

int view_has(struct view *view, uint64_t offset, uint64_t size, const char *what)
{
    if (offset <= view->source.size && size <= view->source.size - offset)
        return 0;
    return fault_set(view->fault, FAULT_E_TRUNCATED, view->source.size,
                     "the file ends at byte %" PRIu64 ", but %s should be %" PRIu64
                     " bytes from byte %" PRIu64 " on",
                     view->source.size, what, size, offset);
}

int view_read(struct view *view, uint64_t offset, void *bytes, size_t size, const char *what)
{
    struct view_window *window;
    size_t done = 0;
    int r;

    r = view_has(view, offset, size, what);
    while (!r && done < size) {
        size_t skip;
        size_t count;

        r = look(view, offset + done, &window);
        if (r)
            return r;
        skip = (size_t)(offset + done - window->first);
        count = window->size - skip;
        if (count > size - done)
            count = size - done;
        memcpy((char *)bytes + done, window->bytes + skip, count);
        done += count;
    }
    return r;
}

static int number(struct view *view, uint64_t offset, size_t size, const char *what,
                  uint64_t *ret_number)
{
    uint8_t bytes[8];
    uint64_t value = 0;
    int r;

    r = view_read(view, offset, bytes, size, what);
    if (r)
        return r;
    for (size_t i = 0; i < size; i++)
        value = value << 8 | bytes[view->big_endian ? i : size - 1 - i];
    *ret_number = value;
    return 0;
}

#define VIEW_NUMBER(name, type)                                                                    \
    int name(struct view *view, uint64_t offset, const char *what, type(*ret))                     \
    {                                                                                              \
        uint64_t value;                                                                            \
        int r = number(view, offset, sizeof(type), what, &value);                                  \
                                                                                                   \
        if (!r)                                                                                    \
            *ret = (type)value;                                                                    \
        return r;                                                                                  \
    }

VIEW_NUMBER(view_u8, uint8_t)
VIEW_NUMBER(view_u16, uint16_t)
VIEW_NUMBER(view_u32, uint32_t)
VIEW_NUMBER(view_u64, uint64_t)

int view_starts(struct view *view, uint64_t offset, const void *bytes, size_t size,
                bool *ret_starts)
{
    uint8_t there[16];
    int r;

    assert(size <= sizeof(there));
    *ret_starts = false;
    if (offset > view->source.size || size > view->source.size - offset)
        return 0;
    r = view_read(view, offset, there, size, "the first bytes");
    if (r)
        return r;
    *ret_starts = memcmp(there, bytes, size) == 0;
    return 0;
}

int view_step(struct view *view, uint64_t offset)
{
    if (view->arena && view->arena->used_bytes > view->arena_max)
        return fault_set(view->fault, FAULT_E_LIMIT, offset,
                         "the file says more of itself than is kept (up to byte %" PRIu64 ")",
                         offset);
    if (view->steps_left > 0) {
        view->steps_left--;
        return 0;
    }
    return fault_set(view->fault, FAULT_E_LIMIT, offset,
                     "the file has more parts than its reader follows (at byte %" PRIu64 ")",
                     offset);
}

void view_label(struct view *view, uint64_t offset, uint64_t size, char ret_label[VIEW_LABEL_SIZE])
{
    struct fault ignored;
    struct fault *fault = view->fault;
    size_t shown = size < VIEW_LABEL_SIZE - 4 ? (size_t)size : VIEW_LABEL_SIZE - 4;
    int r;

    view->fault = &ignored;
    r = view_read(view, offset, ret_label, shown, "a name");
    view->fault = fault;
    if (r) {
        memcpy(ret_label, "?", 2);
        return;
    }
    ret_label[shown] = '\0';
    for (size_t i = 0; i < shown; i++) {
        unsigned char c = (unsigned char)ret_label[i];

        if (c < 0x20 || c == 0x7f)
            ret_label[i] = '?';
    }
    utf8_trim(ret_label);
    if (shown < size)
        memcpy(ret_label + strlen(ret_label), "...", 4);
}
