/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_CLEANUP_H
#define BASE_CLEANUP_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/*
 * Releases a local variable when its scope ends: f is called with the variable's address.
 *
 *     CLEANUP(tx_release) struct tx tx = {0};
 */
#define CLEANUP(f) __attribute__((cleanup(f)))

/* Defines NAME(T *), which calls F on a handle unless it is NULL. Use it with CLEANUP(NAME). */
#define DEFINE_CLEANUP(NAME, T, F)                                                                 \
    static inline void NAME(T *handle)                                                             \
    {                                                                                              \
        if (*handle)                                                                               \
            F(*handle);                                                                            \
    }                                                                                              \
    struct NAME##_takes_a_semicolon

/* For memory of malloc(3). */
static inline void cleanup_free(void *pointer_to_pointer)
{
    free(*(void **)pointer_to_pointer);
}

/* For file descriptors; -1 is none. */
static inline void cleanup_close(int *fd)
{
    if (*fd >= 0)
        (void)close(*fd);
}

static inline void cleanup_fclose(FILE **file)
{
    if (*file)
        (void)fclose(*file);
}

#define AUTO_FREE CLEANUP(cleanup_free)
#define AUTO_CLOSE CLEANUP(cleanup_close)
#define AUTO_FCLOSE CLEANUP(cleanup_fclose)

/* Moves ownership out of a variable that has a cleanup: returns its value, leaves "none". */
#define TAKE_FD(fd)                                                                                \
    __extension__({                                                                                \
        int taken_ = (fd);                                                                         \
        (fd) = -1;                                                                                 \
        taken_;                                                                                    \
    })
#define TAKE_PTR(ptr)                                                                              \
    __extension__({                                                                                \
        __auto_type taken_ = (ptr);                                                                \
        (ptr) = NULL;                                                                              \
        taken_;                                                                                    \
    })

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

#endif
