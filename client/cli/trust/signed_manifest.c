/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/trust/signed_manifest.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "lib/http_escape.h"

#include <string.h>

void signed_manifest_release(struct signed_manifest *manifest)
{
    if (!manifest)
        return;
    envelope_release(&manifest->envelope);
    buffer_release(&manifest->bytes);
}

static int check_names(struct cli *cli, const char *workspace, const struct reference *reference,
                       const struct manifest *manifest)
{
    if (strcmp(manifest->workspace, workspace) == 0 &&
        strcmp(manifest->model, reference->model) == 0 &&
        strcmp(manifest->version, reference->version) == 0)
        return 0;
    return output_fail(&cli->output, CLI_UNVERIFIED, "the server may be compromised: do not use it",
                       "the manifest of '%s@%s' is about '%s@%s' of workspace '%s'",
                       reference->model, reference->version, manifest->model, manifest->version,
                       manifest->workspace);
}

/* address: where it is */
static int fetch(struct server *server, const char *workspace, const struct reference *reference,
                 const char *address, struct signed_manifest *manifest)
{
    struct cli *cli = server->cli;
    struct fields_error error = {0};
    int r;

    manifest->bytes = BUFFER(MANIFEST_SIZE_MAX + 1);
    r = server_get_bytes(server,
                         arena_printf(&cli->arena, "fetch the manifest of '%s@%s'",
                                      reference->model, reference->version),
                         address, &manifest->bytes);
    if (r)
        return r;
    r = envelope_parse(manifest->bytes.bytes, manifest->bytes.size, MANIFEST_SIZE_MAX, &cli->arena,
                       &manifest->envelope, &error);
    if (!r)
        r = manifest_decode(manifest->envelope.signed_part, &cli->arena, &manifest->manifest,
                            &error);
    if (r < 0)
        return r;
    if (r)
        return output_fail(&cli->output, CLI_UNVERIFIED, NULL,
                           "the manifest of '%s@%s' is malformed: %s", reference->model,
                           reference->version, error.text);
    return check_names(cli, workspace, reference, &manifest->manifest);
}

int signed_manifest_fetch(struct server *server, const char *workspace,
                          const struct reference *reference, struct signed_manifest *ret_manifest)
{
    struct signed_manifest manifest = {0};
    int r;

    r = fetch(server, workspace, reference,
              SERVER_ADDRESS(server, "models", reference->model, "versions", reference->version,
                             "manifest"),
              &manifest);
    if (r) {
        signed_manifest_release(&manifest);
        return r;
    }
    *ret_manifest = manifest;
    return 0;
}

static int check_added(struct cli *cli, const struct signed_manifest *own, const char *variant,
                       const struct signed_manifest *added)
{
    uint8_t digest[DIGEST_SHA256_SIZE];

    digest_sha256(own->bytes.bytes, own->bytes.size, digest);
    if (memcmp(added->manifest.adds_to, digest, sizeof(digest)) == 0 &&
        manifest_find(&added->manifest, variant))
        return 0;
    return output_fail(&cli->output, CLI_UNVERIFIED, "the server may be compromised: do not use it",
                       "what the server gives for variant '%s' was not added to '%s@%s'", variant,
                       own->manifest.model, own->manifest.version);
}

int signed_manifest_fetch_variant(struct server *server, const char *workspace,
                                  const struct reference *reference, const char *variant,
                                  const struct signed_manifest *own,
                                  struct signed_manifest *ret_manifest)
{
    CLEANUP(buffer_release) struct buffer address = BUFFER(4096);
    struct signed_manifest manifest = {0};
    int r;

    buffer_printf(&address, "%s?variant=",
                  SERVER_ADDRESS(server, "models", reference->model, "versions", reference->version,
                                 "manifest"));
    http_escape(&address, variant);
    if (address.failed)
        return log_fail(ERR_NO_MEMORY, "out of memory");
    r = fetch(server, workspace, reference,
              arena_strndup(&server->cli->arena, address.bytes, address.size), &manifest);
    if (!r)
        r = check_added(server->cli, own, variant, &manifest);
    if (r) {
        signed_manifest_release(&manifest);
        return r;
    }
    *ret_manifest = manifest;
    return 0;
}

/* The first key with a good signature; one that is not revoked where there is one. */
static const struct model_key *pick(const struct model_keys *keys,
                                    const struct envelope_verdict *verdict)
{
    const struct model_key *picked = NULL;

    for (size_t i = 0; i < verdict->count; i++) {
        const struct model_key *key = model_keys_find(keys, verdict->keyids[i]);

        if (key && (!picked || (picked->revoked_at && !key->revoked_at)))
            picked = key;
    }
    return picked;
}

static const char *join_keyids(struct cli *cli, const struct model_keys *keys)
{
    const char *text = "";

    for (size_t i = 0; i < keys->count; i++)
        text = arena_printf(&cli->arena, "%s%s%s", text, i ? ", " : "", keys->keys[i].key.id);
    return text;
}

int signed_manifest_verify(struct cli *cli, const struct signed_manifest *manifest,
                           const struct model_keys *keys, const char **ret_keyid)
{
    struct key *plain = arena_array(&cli->arena, keys->count + 1, sizeof(*plain));
    struct envelope_verdict *verdict = arena_alloc(&cli->arena, sizeof(*verdict));
    const struct model_key *key;
    int r;

    for (size_t i = 0; i < keys->count; i++)
        plain[i] = keys->keys[i].key;
    r = envelope_verify(&manifest->envelope, plain, keys->count, 1, verdict);
    if (r < 0)
        return r;
    key = r ? NULL : pick(keys, verdict);
    if (!key)
        return output_fail(
            &cli->output, CLI_UNVERIFIED,
            keys->count
                ? arena_printf(&cli->arena, "expected a signature of: %s", join_keyids(cli, keys))
                : "there is no key to check it with",
            "'%s@%s' is not signed by a key that is trusted (%zu signatures, %zu of them bad)",
            manifest->manifest.model, manifest->manifest.version,
            manifest->envelope.signature_count, verdict->bad_count);
    if (key->revoked_at)
        output_warn(&cli->output, "the key %s that signed '%s@%s' was revoked at %s", key->key.id,
                    manifest->manifest.model, manifest->manifest.version, key->revoked_at);
    *ret_keyid = arena_strdup(&cli->arena, key->key.id);
    return 0;
}
