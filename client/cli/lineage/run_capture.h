/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_LINEAGE_RUN_CAPTURE_H
#define CLI_LINEAGE_RUN_CAPTURE_H

#include "base/buffer.h"
#include "base/error.h"

#include <stdbool.h>

/*
 * Runs a helper program, found in PATH, and takes what it prints: with no input, its errors thrown
 * away, no terminal to ask on, and at most so long.
 *
 * directory  it runs there; NULL: here
 * output     appended to; a program that prints more than fits is ended
 *
 * Returns true where it ended by itself, with status 0, and all of its output fitted.
 */
bool run_capture(const char *const *argv, const char *directory, int timeout_ms,
                 struct buffer *output);

#endif
