/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/rootfile.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "model/name.h"
#include "tuf/canon.h"
#include "tuf/trusted.h"

#include <stdio.h>
#include <string.h>

static int refuse(struct reason *reason, const char *what, const char *why)
{
    *reason = (struct reason){0};
    (void)snprintf(reason->text, sizeof(reason->text), "%s: %.500s", what, why);
    return ROOTFILE_E_BROKEN;
}

char *rootfile_root(const json_t *roots, const char *repository)
{
    return json_dumps(json_object_get(roots, repository), JSON_COMPACT);
}

static int check_root(const json_t *roots, const char *repository, struct reason *reason)
{
    CLEANUP(trusted_release) struct trusted trusted = {0};
    AUTO_FREE char *text = NULL;
    int r;

    if (!json_is_object(json_object_get(roots, repository)))
        return refuse(reason, repository, "a root is expected");
    text = rootfile_root(roots, repository);
    if (!text)
        return log_fail(ERR_NO_MEMORY, "cannot read a file of roots: out of memory");
    r = trusted_root(&trusted, text, strlen(text));
    return r > 0 ? refuse(reason, repository, trusted.reason.text) : r;
}

int rootfile_parse(const char *bytes, size_t size, json_t **ret_roots, struct reason *reason)
{
    json_auto_t *roots = NULL;
    struct fields_error error = {0};
    const char *workspace;
    int r = canon_parse(bytes, size, ROOTFILE_MAX, &roots, &error);

    if (r)
        return r < 0 ? r : refuse(reason, "it is not JSON", error.text);
    workspace = json_string_value(json_object_get(roots, "workspace"));
    if (json_integer_value(json_object_get(roots, "modelferry_trust")) != 1)
        return refuse(reason, "modelferry_trust", "1 is expected");
    if (!workspace || !name_is_valid(workspace))
        return refuse(reason, "workspace", "a name is expected");
    r = check_root(roots, "image", reason);
    if (!r)
        r = check_root(roots, "director", reason);
    if (!r)
        *ret_roots = json_incref(roots);
    return r;
}
