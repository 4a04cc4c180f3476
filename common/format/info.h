/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FORMAT_INFO_H
#define FORMAT_INFO_H

#include "base/arena.h"
#include "format/view.h"
#include "model/dtype.h"
#include "json/fields.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What a reader found out about a model file. Everything in it is bounded, and fit to be stored
 * and shown: texts are UTF-8 without control characters, however they stand in the file.
 */

#define INFO_TENSORS_MAX 1024 /* inputs, outputs, each */
#define INFO_RANK_MAX 64
#define INFO_OPSETS_MAX 64
#define INFO_WEIGHTS_MAX 64
#define INFO_FILES_MAX 64
#define INFO_PROPERTIES_MAX 64
#define INFO_WARNINGS_MAX 16
#define INFO_NAME_MAX ((size_t)1024)      /* bytes of the name of a tensor; longer is refused */
#define INFO_PROSE_MAX ((size_t)256)      /* bytes of other texts; the rest is cut off */
#define INFO_TEXT_MAX ((size_t)192 << 10) /* bytes of all texts together */
#define INFO_JSON_MAX ((size_t)1 << 20)   /* bytes of the JSON of it */
#define INFO_UNKNOWN_SIZE ((int64_t)-1)

struct info_dim {
    int64_t size;       /* INFO_UNKNOWN_SIZE where it is not fixed */
    const char *symbol; /* its name where it is not fixed and has one; or NULL */
};

struct info_tensor {
    const char *name;
    const char *alias; /* another name that callers use (TFLite's signatures); or NULL */
    const char *type;  /* of model/dtype.h, or "sequence(float32)" and the like */
    bool ranked;       /* whether it says its shape at all */
    struct info_dim *dims;
    size_t rank;
    bool quantised; /* scale and zero_point mean something */
    double scale;
    int64_t zero_point;
};

struct info_tensors {
    struct info_tensor *items;
    size_t count;
};

struct info_opset {
    const char *domain; /* "" is ONNX's own */
    int64_t version;
};

/* Weights of one type. */
struct info_weights {
    const char *type;
    int64_t tensors;
    int64_t parameters;
};

/* Another file that this one needs beside it. */
struct info_file {
    const char *name;
    int64_t length; /* bytes that it must have at least */
};

struct format_info {
    const char *format;         /* of format/format.h: "onnx" */
    const char *format_version; /* or NULL */
    const char *producer;       /* who wrote it; or NULL */
    bool has_signature;         /* the format says what goes in and comes out */
    struct info_tensors inputs;
    struct info_tensors outputs;
    struct info_opset *opsets;
    size_t opset_count;
    bool has_parameters; /* they could be counted */
    int64_t parameters;
    struct info_weights *weights;
    size_t weight_count;
    const char *quantisation; /* "int8", "Q4_K_M", "activations"; NULL: none */
    struct info_file *files;
    size_t file_count;
    struct fields_pair *properties;
    size_t property_count;
    const char **warnings;
    size_t warning_count;
};

/* While it is filled. Zeroed but for the arena. */
struct info_draft {
    struct format_info info;
    struct arena *arena;
    size_t text_bytes;
};

/*
 * Everything below returns 0, an outcome of format/fault.h with the view's fault filled, or
 * negative. offset is where the file says it, for messages.
 */

/* A name in the file, whole. */
int info_name(struct info_draft *draft, struct view *view, uint64_t offset, uint64_t size,
              const char **ret_name) MUST_CHECK;

/* A text in the file, cut to INFO_PROSE_MAX. */
int info_prose(struct info_draft *draft, struct view *view, uint64_t offset, uint64_t size,
               const char **ret_text) MUST_CHECK;

/* A text that is in memory, cleaned and cut to max bytes. */
int info_text(struct info_draft *draft, struct view *view, const char *bytes, size_t size,
              size_t max, const char **ret_text) MUST_CHECK;

/* Appends a zeroed tensor. `which` is &draft->info.inputs or outputs. */
int info_add_tensor(struct info_draft *draft, struct view *view, struct info_tensors *which,
                    uint64_t offset, struct info_tensor **ret_tensor) MUST_CHECK;

/* Appends a dimension to a tensor, which becomes ranked. */
int info_add_dim(struct info_draft *draft, struct view *view, struct info_tensor *tensor,
                 uint64_t offset, struct info_dim dim) MUST_CHECK;

int info_add_opset(struct info_draft *draft, struct view *view, uint64_t offset,
                   struct info_opset opset) MUST_CHECK;

/* Counts one tensor of weights. type outlives the draft. */
int info_add_weights(struct info_draft *draft, struct view *view, uint64_t offset, const char *type,
                     uint64_t parameters) MUST_CHECK;

/* Says that a file named so is needed, with so many bytes; the most of several. */
int info_add_file(struct info_draft *draft, struct view *view, uint64_t offset, const char *name,
                  uint64_t length) MUST_CHECK;

/* Adds a property unless there are INFO_PROPERTIES_MAX; key and value live as long as the draft.
 */
void info_set(struct info_draft *draft, const char *key, const char *value);
void info_set_number(struct info_draft *draft, const char *key, uint64_t value);

/* Adds a warning unless it is there, or there are INFO_WARNINGS_MAX. */
void info_warn(struct info_draft *draft, const char *format, ...) PRINTF_LIKE(2, 3);

/* Names the quantisation after the type that most of the quantised weights have, unless there is
 * a name already. */
void info_finish(struct info_draft *draft);

/* "[1,N,?]" in the arena; "any shape" where it is not ranked. */
const char *info_shape_text(const struct info_tensor *tensor, struct arena *arena);

#endif
