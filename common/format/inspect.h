/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FORMAT_INSPECT_H
#define FORMAT_INSPECT_H

#include "format/format.h"
#include "model/signature.h"
#include "model/variant.h"

/*
 * Whether a variant's files are what the variant says: before a version is uploaded, and again
 * before it becomes visible.
 *
 * A runtime that a format belongs to (format_of_runtime) promises that at least one of the files
 * is of it, and whole; that what it needs beside it is there; and that it takes and gives what
 * the signature declares. Files that are named like the format must be of it; others may be
 * anything (labels, tokenizers). Other runtimes promise nothing: what is recognised is described,
 * what is not is left alone.
 */

#define INSPECT_JSON_MAX ((size_t)4 << 20) /* bytes about all files of a version */

struct inspect_variant {
    const struct variant *id;
    const struct signature *signature; /* NULL: none is declared */
    struct format_set set;
};

/* What there is to say about one file. */
struct inspect_result {
    const char *json; /* info_json_text() of it, in the arena; NULL: of no format that is known */
};

enum {
    INSPECT_E_ARTIFACT = 17,   /* a file is truncated, damaged, or beyond what is read */
    INSPECT_E_FORMAT = 18,     /* a file, or all of them, are not of the variant's format */
    INSPECT_E_INCOMPLETE = 19, /* a file lacks another one, or the part of it that it needs */
    INSPECT_E_SIGNATURE = 20,  /* the declared signature contradicts the file */
};

struct inspect_failure {
    const char *file;   /* of the set; NULL: none alone */
    const char *reason; /* of INSPECT_E_ARTIFACT: fault_name() */
    char text[1024];    /* a sentence, with variant and file in it */
};

/*
 * ret_results  one for each file of the set
 * json_left    what of INSPECT_JSON_MAX is left; becomes less
 *
 * Memory is given back file by file, but for the texts in the arena. Returns 0, an outcome above,
 * or negative.
 */
int inspect_variant(const struct inspect_variant *variant, struct arena *arena, size_t *json_left,
                    struct inspect_result *ret_results,
                    struct inspect_failure *ret_failure) MUST_CHECK;

/*
 * Whether the signature and the file agree: inputs are the same set, the declared outputs are
 * among the file's, types are the same, and shapes have room for each other. Either name of a
 * tensor counts.
 *
 * ret_why  where not: what is wrong, in the arena
 */
bool inspect_agrees(const struct signature *signature, const struct format_info *info,
                    struct arena *arena, const char **ret_why);

#endif
