/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/trust/trust_bundle.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"
#include "cli/trust/trust_roots.h"
#include "tuf/canon.h"
#include "tuf/metadata.h"
#include "json/fields.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#define BUNDLE_MAX ((size_t)1 << 20)

int trust_bundle_make(struct trust *trust, json_t **ret_bundle)
{
    json_auto_t *image = NULL;
    json_auto_t *director = NULL;
    int r = trust_roots_complete(trust, "image");

    if (!r)
        r = trust_roots_complete(trust, "director");
    if (!r)
        r = trust_pinned(trust, "image", &image);
    if (!r)
        r = trust_pinned(trust, "director", &director);
    if (r)
        return r;
    *ret_bundle = json_pack("{s:i, s:s, s:O, s:O}", "modelferry_trust", 1, "workspace",
                            trust->workspace, "image", image, "director", director);
    return *ret_bundle ? 0 : log_fail(ERR_NO_MEMORY, "cannot make a file of roots: out of memory");
}

static int check_root(struct cli *cli, const char *path, const json_t *bundle, const char *name)
{
    AUTO_FREE char *text = json_dumps(json_object_get(bundle, name), JSON_COMPACT);
    struct metadata root = {0};
    struct reason reason = {{0}};
    int r = text ? metadata_parse(METADATA_ROOT, text, strlen(text), &root, &reason)
                 : METADATA_E_FORMAT;

    metadata_release(&root);
    if (r > 0)
        return output_fail(&cli->output, CLI_FAILED, NULL, "'%s' is no file of roots: %s: %s", path,
                           name, text ? reason.text : "it is missing");
    return r;
}

int trust_bundle_read(struct cli *cli, const char *path, json_t **ret_bundle)
{
    AUTO_FREE char *bytes = NULL;
    json_auto_t *bundle = NULL;
    struct fields_error error = {0};
    size_t size;
    int r = file_read(AT_FDCWD, path, BUNDLE_MAX, &bytes, &size);

    if (r)
        return r < 0 ? r
                     : output_fail(&cli->output, CLI_FAILED, NULL, "cannot read '%s': %s", path,
                                   r == FILE_E_MISSING ? "no such file" : "it is too large");
    r = canon_parse(bytes, size, BUNDLE_MAX, &bundle, &error);
    if (r > 0)
        return output_fail(&cli->output, CLI_FAILED, NULL, "'%s' is no file of roots: %s", path,
                           error.text);
    if (!r)
        r = check_root(cli, path, bundle, "image");
    if (!r)
        r = check_root(cli, path, bundle, "director");
    if (!r)
        *ret_bundle = json_incref(bundle);
    return r;
}
