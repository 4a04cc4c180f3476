/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MODELFERRY_H
#define MODELFERRY_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * libmodelferry: how an application on a device uses the models that modelferry-agent installs.
 *
 *     struct mf_slot *slot;
 *     struct mf_model *model;
 *
 *     mf_slot_open("main", NULL, &slot);
 *     mf_model_acquire(slot, &model);
 *     load(mf_model_path(model, "model.onnx"));
 *     mf_model_ready(model);                    // from now on it answers with this version
 *     for (;;) {
 *         poll mf_slot_fd(slot) beside everything else;
 *         if (mf_slot_changed(slot) == 1) {
 *             mf_model_acquire(slot, &next);     // the old one still serves
 *             if (load(mf_model_path(next, "model.onnx")) == 0) {
 *                 swap;                          // new requests go to `next`
 *                 mf_model_ready(next);
 *                 drain, mf_model_release(model);
 *             } else {
 *                 mf_model_failed(next, "why");  // the agent goes back to the old version
 *                 mf_model_release(next);
 *             }
 *         }
 *     }
 *
 * A model that is acquired stays on the device until it is released, whatever the agent installs.
 * Everything works without an agent too: the slot's link is watched. With one, the application's
 * own word (ready, failed) decides whether a new version stays, and the gap that it measured is
 * what the fleet's operators see.
 *
 * A slot is used by one thread at a time, and so are mf_model_ready() and mf_model_failed(), which
 * speak for it; models may be retained, read and released by any thread, also after the slot was
 * closed.
 *
 * Functions return 0, or one of these. mf_error_text() says the same in words.
 */
enum mf_error {
    MF_E_NONE = -1,     /* the slot has no model (yet) */
    MF_E_ARGUMENT = -2, /* a slot's name or a file's that cannot be */
    MF_E_SYSTEM = -3,   /* the system refused: errno says why */
    MF_E_MEMORY = -4,
    MF_E_BROKEN = -5, /* the state directory is not what the agent wrote */
};

struct mf_slot;
struct mf_model;

/* NULL, or zeroed members, mean the defaults. Grows at its end only: set size to sizeof it. */
struct mf_options {
    size_t size;
    const char *state_dir; /* default: $MODELFERRY_STATE_DIR, or /var/lib/modelferry */
    const char *socket;    /* default: $MODELFERRY_SOCKET, or agent.sock in the state directory */
};

const char *mf_error_text(int error);

/*
 * Opens a slot, which need not have a model yet, and connects to the agent if it runs; it is
 * connected to later when it starts.
 */
int mf_slot_open(const char *name, const struct mf_options *options, struct mf_slot **ret_slot);

/* Models that are still acquired stay valid. Accepts NULL. */
void mf_slot_close(struct mf_slot *slot);

/* Readable when mf_slot_changed() should be called. Owned by the slot. */
int mf_slot_fd(const struct mf_slot *slot);

/*
 * Handles what came. Returns 1 where the slot's current version is another than the one last
 * acquired, so that mf_model_acquire() gives something new; 0 where it is not. Never waits.
 */
int mf_slot_changed(struct mf_slot *slot);

/*
 * "I stop answering now": for applications that cannot load beside the old model. The gap counts
 * from here to mf_model_ready(). Without it, it counts from when the last model that was ready was
 * released; where that is later than mf_model_ready(), there was none.
 */
void mf_slot_pause(struct mf_slot *slot);

/*
 * The slot's current version.
 *
 * ret_model  holds one reference: mf_model_release()
 *
 * Returns 0, MF_E_NONE, or another error.
 */
int mf_model_acquire(struct mf_slot *slot, struct mf_model **ret_model);

struct mf_model *mf_model_retain(struct mf_model *model);

/* The last one lets the agent remove the version's files. Accepts NULL. */
void mf_model_release(struct mf_model *model);

/* All of these live as long as the model. */
const char *mf_model_name(const struct mf_model *model);    /* "digits" */
const char *mf_model_version(const struct mf_model *model); /* "1.4.0" */
const char *mf_model_variant(const struct mf_model *model); /* "onnx/cpu/fp32" */
const char *mf_model_id(const struct mf_model *model);      /* of the version's directory */
const char *mf_model_dir(const struct mf_model *model);     /* absolute */
size_t mf_model_file_count(const struct mf_model *model);
const char *mf_model_file(const struct mf_model *model, size_t index); /* its name; NULL: no such */

/* The absolute path of a file; file NULL: the first. NULL: the version has no such file. */
const char *mf_model_path(const struct mf_model *model, const char *file);

/* Opens a file for reading. The caller closes ret_fd. */
int mf_model_open(const struct mf_model *model, const char *file, int *ret_fd);

/*
 * "Answers come from this one now." Say it for every model that goes into service, the first
 * included; the agent waits for it.
 */
int mf_model_ready(struct mf_model *model);

/* "I cannot use it." The agent goes back to the version before. detail may be NULL. */
int mf_model_failed(struct mf_model *model, const char *detail);

/* The gap of the last mf_model_ready(), in microseconds; -1: it was the first, there was none. */
int64_t mf_slot_gap_us(const struct mf_slot *slot);

#ifdef __cplusplus
}
#endif

#endif
