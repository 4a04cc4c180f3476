/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FORMAT_GGUF_TYPE_H
#define FORMAT_GGUF_TYPE_H

#include <stdbool.h>
#include <stdint.h>

/* A type of tensor (ggml.h, ggml_type): elements come in blocks. */
struct gguf_type {
    const char *name;
    uint16_t block_elements;
    uint16_t block_bytes;
    bool quantised;
};

/* NULL where we do not know it. */
const struct gguf_type *gguf_type_find(uint32_t code);

/* What general.file_type says (llama.h, llama_ftype): "Q4_K_M"; or NULL. */
const char *gguf_type_of_file(uint64_t code);

#endif
