/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/trust/additions.h"

#include "base/cleanup.h"
#include "model/variant.h"

#include <string.h>

static const char *part(const json_t *variant, const char *name)
{
    const char *text = json_string_value(json_object_get(variant, name));

    return text ? text : "";
}

void additions_read(struct cli *cli, const json_t *version, struct additions *ret_additions)
{
    const json_t *variants = json_object_get(version, "variants");
    const json_t *variant;
    size_t i;

    *ret_additions = (struct additions){
        .items =
            arena_array(&cli->arena, json_array_size(variants) + 1, sizeof(*ret_additions->items)),
    };
    json_array_foreach (variants, i, variant) {
        const json_t *added = json_object_get(variant, "added");
        const char *sha256 = json_string_value(json_object_get(added, "manifest_sha256"));
        const char *name = arena_printf(&cli->arena, "%s/%s/%s", part(variant, "runtime"),
                                        part(variant, "hardware"), part(variant, "precision"));

        if (!json_is_object(added) || variant_check(name))
            continue;
        ret_additions->items[ret_additions->count++] = (struct addition){
            .variant = name,
            .sha256 = sha256 ? arena_strdup(&cli->arena, sha256) : NULL,
            .listed = json_is_string(json_object_get(added, "listed_at")),
            .yanked = json_is_string(json_object_get(added, "yanked_at")),
        };
    }
}

int additions_fetch(struct server *server, const struct reference *reference,
                    struct additions *ret_additions)
{
    struct cli *cli = server->cli;
    json_auto_t *version = NULL;
    int r = server_get(
        server,
        arena_printf(&cli->arena, "show version '%s' of model '%s'", reference->version,
                     reference->model),
        SERVER_ADDRESS(server, "models", reference->model, "versions", reference->version),
        &version);

    if (!r)
        additions_read(cli, version, ret_additions);
    return r;
}

const struct addition *additions_find(const struct additions *additions, const char *variant)
{
    for (size_t i = 0; i < additions->count; i++)
        if (strcmp(additions->items[i].variant, variant) == 0)
            return &additions->items[i];
    return NULL;
}
