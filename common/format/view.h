/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FORMAT_VIEW_H
#define FORMAT_VIEW_H

#include "base/arena.h"
#include "format/fault.h"
#include "format/source.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A file seen through a few windows: reads anywhere, in constant memory, every read checked
 * against the file's length. What a hostile file can cost is bounded: by how often a window is
 * moved, by how many steps its reader takes, and by what its reader puts into the arena.
 *
 * Everything that reads returns 0, an outcome of format/fault.h (then *fault says where and what),
 * or negative. Not thread-safe.
 */
struct view_limits {
    size_t window_bytes;
    unsigned windows;
    uint64_t moves_min; /* of windows, whatever the size of the file */
    uint64_t steps;
};

/* 1 MiB of memory. */
#define VIEW_LIMITS_DEFAULT                                                                        \
    (struct view_limits)                                                                           \
    {                                                                                              \
        .window_bytes = (size_t)64 << 10, .windows = 16, .moves_min = 16384,                       \
        .steps = UINT64_C(64) << 20                                                                \
    }

#define VIEW_WINDOWS_MAX 16

/* A file may be read this often as a whole, give or take moves_min windows. */
#define VIEW_PASSES_MAX 4

struct view_window {
    uint8_t *bytes;    /* NULL: not in use yet */
    uint64_t first;    /* offset of its first byte */
    size_t size;       /* how many bytes it shows */
    uint64_t moved_at; /* when it was last looked through */
};

struct view {
    struct source source;
    struct fault *fault;
    struct view_limits limits;
    struct view_window windows[VIEW_WINDOWS_MAX];
    struct view_window *last;
    uint64_t clock;
    uint64_t moves_left;
    uint64_t steps_left;
    const struct arena *arena; /* what readers allocate from; NULL: nothing */
    size_t arena_max;          /* bytes in it that end the reading at the next step */
    bool big_endian; /* the byte order of view_u16() and so on; may be changed at any time */
};

/* limits may be NULL; the source is copied. view_release() it. */
void view_init(struct view *view, const struct source *source, const struct view_limits *limits,
               struct fault *fault);

/* Accepts NULL and a zeroed struct. */
void view_release(struct view *view);

/* Copies size bytes (any number) at offset. `what` names them: "the header". */
int view_read(struct view *view, uint64_t offset, void *bytes, size_t size,
              const char *what) MUST_CHECK;

int view_u8(struct view *view, uint64_t offset, const char *what, uint8_t *ret) MUST_CHECK;
int view_u16(struct view *view, uint64_t offset, const char *what, uint16_t *ret) MUST_CHECK;
int view_u32(struct view *view, uint64_t offset, const char *what, uint32_t *ret) MUST_CHECK;
int view_u64(struct view *view, uint64_t offset, const char *what, uint64_t *ret) MUST_CHECK;

/* FAULT_E_TRUNCATED unless size bytes from offset on are within the file. Reads nothing. */
int view_has(struct view *view, uint64_t offset, uint64_t size, const char *what) MUST_CHECK;

/* Whether size bytes at offset are these. False where the file is shorter; negative when fatal. */
int view_starts(struct view *view, uint64_t offset, const void *bytes, size_t size,
                bool *ret_starts) MUST_CHECK;

/* One step of a reader at offset: FAULT_E_LIMIT where there were too many. */
int view_step(struct view *view, uint64_t offset) MUST_CHECK;

/* The first bytes of a name in the file, fit to be shown in a message; "?" where it is not there.
 */
#define VIEW_LABEL_SIZE 68
void view_label(struct view *view, uint64_t offset, uint64_t size, char ret_label[VIEW_LABEL_SIZE]);

#endif
