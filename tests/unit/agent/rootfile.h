/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UNIT_AGENT_ROOTFILE_H
#define UNIT_AGENT_ROOTFILE_H

#include "base/clock.h"
#include "tuf/builder.h"
#include "tuf/envelope.h"
#include "world.h"

#include <jansson.h>

/* A file of roots, signed by keys of its own: made anew it is another trust. */
struct rootfile {
    char path[128];
    struct key_pair pair;
};

/* The envelope of a root whose roles all have the one key. */
static inline json_t *rootfile_envelope(struct key_pair *pair, int64_t version)
{
    static const char *const roles[] = {"root", "timestamp", "snapshot", "targets"};
    CLEANUP(buffer_release) struct buffer bytes = BUFFER(65536);
    json_auto_t *root =
        builder_new("root", version, clock_wall_ms(clock_system()) + (int64_t)86400000);
    struct signer signer = key_signer(pair);

    for (size_t i = 0; i < ARRAY_LEN(roles); i++)
        ck_assert_int_eq(builder_root_role(root, roles[i], &pair->key, 1, 1), 0);
    ck_assert_int_eq(envelope_build(root, &signer, 1, &bytes), 0);
    return json_loadb(bytes.bytes, bytes.size, 0, NULL);
}

static inline json_t *rootfile_make(struct key_pair *pair, const char *workspace)
{
    return json_pack("{s:i, s:s, s:o, s:o}", "modelferry_trust", 1, "workspace", workspace, "image",
                     rootfile_envelope(pair, 1), "director", rootfile_envelope(pair, 1));
}

static inline void rootfile_init(struct rootfile *file, const struct world *world, const char *name)
{
    json_auto_t *object = NULL;

    ck_assert_int_eq(key_generate(name, &file->pair), 0);
    object = rootfile_make(&file->pair, "default");
    (void)snprintf(file->path, sizeof(file->path), "%s/%s.roots.json", world->path, name);
    ck_assert_int_eq(json_dump_file(object, file->path, JSON_COMPACT), 0);
}

#endif
