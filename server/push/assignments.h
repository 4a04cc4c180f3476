/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PUSH_ASSIGNMENTS_H
#define PUSH_ASSIGNMENTS_H

#include "base/error.h"

#include <stddef.h>
#include <stdint.h>

/*
 * What devices should run, each distinct set of slots once, counted by reference: a fleet of a
 * million devices that run the same costs one of these. Thread-safe.
 */
struct assignments;

/* Immutable; valid while one holds a reference. */
struct assignment {
    int64_t id;
    size_t references; /* the table's own business */
    struct assignment *chain;
    size_t size; /* of slots, without the NUL */
    char slots[];
};

int assignments_new(struct assignments **ret_assignments) MUST_CHECK;
/* Accepts NULL. References still held become invalid. */
void assignments_free(struct assignments *assignments);

/* A new reference, or NULL where the id is unknown. */
struct assignment *assignments_hold(struct assignments *assignments, int64_t id);

/* A new reference to the one of this id, made from slots (copied) where it is not known yet. NULL
 * where memory ends. */
struct assignment *assignments_add(struct assignments *assignments, int64_t id, const char *slots);

/* Gives a reference back; the last one frees. Accepts NULL. */
void assignments_drop(struct assignments *assignments, struct assignment *assignment);

/* How many there are. */
size_t assignments_count(struct assignments *assignments);

#endif
