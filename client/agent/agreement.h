/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_AGREEMENT_H
#define AGENT_AGREEMENT_H

#include "agent/slot.h"
#include "base/arena.h"
#include "base/error.h"
#include "proto/detection.h"
#include "proto/state.h"
#include "tuf/updater.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What director and image repository agree on (Uptane Standard 2.1, 5.4.4.2, steps 10 and 11): the
 * director says which targets each slot shall have, the image repository what these targets are.
 * Only what both say with the same path, length and SHA-256, for hardware that this device has, is
 * installed. No side effects but those of the updater.
 */

/* Who the director's targets must be for, and what the device can run. */
struct agreement_device {
    const char *workspace;
    const char *id;
    const struct variant_capability *capabilities;
    size_t capability_count;
};

/* What is wrong with something; check DETECTION_NONE: nothing. */
struct agreement_fault {
    enum detection_check check;
    const char *repository;
    const char *file;
    const char *detail;
};

/* The files of one slot, all of one variant of one version. */
struct agreement_slot {
    struct slot_artifact *artifacts; /* by the director */
    size_t artifact_count;
    bool added; /* a variant that was added to its version: it has a manifest of its own */
    struct agreement_fault fault; /* this slot cannot be had as the director says */
};

/* Strings live in the arena. Zeroed is empty. */
struct agreement {
    struct arena arena;
    struct state state; /* the slots that the director names; version -1: it does not say which */
    struct agreement_slot *slots; /* one for each of the state's, in its order */
};

enum {
    AGREEMENT_E_FAULT = 1, /* none of it can be used: ret_fault says why */
    AGREEMENT_E_FETCH = 2, /* the updater lacks a file: see its source */
};

/*
 * targets    the director's, verified
 * image      refreshed; asked for the roles of the models that the director names
 * ret_fault  its strings live in the agreement's arena
 *
 * Whatever it returns, release the agreement.
 */
int agreement_make(const struct agreement_device *device, const struct metadata *targets,
                   struct updater *image, struct agreement *ret_agreement,
                   struct agreement_fault *ret_fault) MUST_CHECK;

/* The files of a slot of the state; NULL: it is not one of it. */
const struct agreement_slot *agreement_find(const struct agreement *agreement, const char *slot);

/*
 * Whether the image repository still lists a version that is installed, by its manifest, or that of
 * the variant where it was added.
 *
 * Returns 0, AGREEMENT_E_FAULT (it does not, DETECTION_WITHDRAWN), AGREEMENT_E_FETCH, or negative.
 */
int agreement_check_installed(struct updater *image, const struct slot_version *version,
                              const char *slot, struct arena *arena,
                              struct agreement_fault *ret_fault) MUST_CHECK;

/* What a refusal of the updater is called. cause: an UPDATER_E_*. */
enum detection_check agreement_check_of(int cause);

/* Accepts NULL and a zeroed struct. */
void agreement_release(struct agreement *agreement);

#endif
