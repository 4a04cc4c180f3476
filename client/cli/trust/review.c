/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/trust/review.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "cli/trust/ceremony.h"
#include "cli/trust/listing_check.h"
#include "cli/trust/trust_roots.h"
#include "model/rules.h"
#include "tuf/delegation.h"

#include <string.h>

void review_release(struct review *review)
{
    metadata_release(&review->pending);
    metadata_release(&review->root);
    trust_role_release(&review->file);
}

static bool is_root(const struct review *review)
{
    return strcmp(review->role, "root") == 0;
}

static int refuse(struct review *review, const char *why)
{
    return output_fail(&review->cli->output, CLI_UNVERIFIED,
                       arena_printf(&review->cli->arena,
                                    "it was not signed; withdraw it: modelferry root withdraw %s "
                                    "%s",
                                    review->repository, review->role),
                       "what waits as %s %s is refused: %s", review->repository, review->role, why);
}

/* ---- what waits ---------------------------------------------------------------------------- */

static int fetch_pending(struct review *review)
{
    struct server *server = &review->workspace->server;
    CLEANUP(buffer_release) struct buffer bytes = BUFFER(updater_limits_default.targets_bytes);
    struct reason reason = {{0}};
    int r = server_get_bytes(
        server, "ask for what is pending",
        SERVER_ADDRESS(server, "tuf", review->repository, "pending", review->role), &bytes);

    if (r)
        return r;
    r = metadata_parse(is_root(review) ? METADATA_ROOT : METADATA_TARGETS, bytes.bytes, bytes.size,
                       &review->pending, &reason);
    return r > 0 ? refuse(review, reason.text) : r;
}

/* ---- what was signed before ---------------------------------------------------------------- */

static int find_root(struct review *review)
{
    struct trust *trust = &review->workspace->trust;
    struct reason reason = {{0}};
    int r;

    review->roles[review->role_count++] = role_of_root(&review->pending, METADATA_ROOT);
    if (rules_root(&review->pending, review->repository, NULL, &reason))
        return refuse(review, reason.text);
    if (review->pending.version == 1 && !trust_roots_pinned(trust, review->repository))
        return 0; /* the first: all of it is shown */
    r = trust_roots_walk(trust, review->repository, &review->root);
    if (r)
        return r;
    review->roles[review->role_count++] = role_of_root(&review->root, METADATA_ROOT);
    review->before = review->root.signed_part;
    return 0;
}

static int find_targets(struct review *review)
{
    struct trust *trust = &review->workspace->trust;
    struct reason reason = {{0}};
    int r;

    if (rules_targets(&review->pending, &reason))
        return refuse(review, reason.text);
    if (review->pending.version == 1) /* there is no snapshot yet, but there is a root */
        r = trust_roots_walk(trust, "image", &review->root);
    else
        r = trust_refresh_listing(trust);
    if (!r && review->pending.version > 1)
        r = trust_role_read(trust, "targets", &review->file);
    if (r)
        return r;
    review->roles[review->role_count++] = role_of_root(
        review->pending.version == 1 ? &review->root : updater_file(trust->updater, METADATA_ROOT),
        METADATA_TARGETS);
    review->before = review->file.file.document ? review->file.file.signed_part : NULL;
    return 0;
}

static int find_model(struct review *review)
{
    struct trust *trust = &review->workspace->trust;
    const char *model = rules_model(review->role);
    struct delegation delegation;
    int r = trust_refresh(trust);

    if (!r)
        r = trust_role_read(trust, review->role, &review->file);
    if (r)
        return r;
    if (!delegation_named(updater_file(trust->updater, METADATA_TARGETS), review->role,
                          &delegation))
        return refuse(review, "nobody may sign for that model yet");
    review->roles[review->role_count++] = delegation.role;
    review->before = review->file.file.document ? review->file.file.signed_part : NULL;
    return listing_check(review->workspace, model, review->before, review->pending.signed_part,
                         &delegation.role);
}

static int find_before(struct review *review)
{
    if (is_root(review))
        return find_root(review);
    if (strcmp(review->repository, "image") == 0 && strcmp(review->role, "targets") == 0)
        return find_targets(review);
    if (strcmp(review->repository, "image") == 0 && rules_model(review->role))
        return find_model(review);
    return cli_usage(review->cli,
                     "people sign the root of image and director, and of image also targets and "
                     "model-NAME");
}

/* ---- checking ------------------------------------------------------------------------------ */

static int64_t version_before(const struct review *review)
{
    return is_root(review) ? review->root.version : review->file.version;
}

/* Overtaken proposals are no attack: another one came into force. */
static int check_version(struct review *review)
{
    if (review->pending.version == version_before(review) + 1)
        return 0;
    return output_fail(&review->cli->output, CLI_FAILED,
                       arena_printf(&review->cli->arena,
                                    "withdraw it: modelferry root withdraw "
                                    "%s %s",
                                    review->repository, review->role),
                       "what waits as %s %s is version %lld, but version %lld is in force",
                       review->repository, review->role, (long long)review->pending.version,
                       (long long)version_before(review));
}

static int check_expiry(struct review *review)
{
    if (review->pending.expires_ms > clock_wall_ms(review->cli->clock))
        return 0;
    return refuse(review, "it has expired");
}

bool review_concerns(const struct review *review, const struct key *key)
{
    for (size_t i = 0; i < review->role_count; i++)
        if (role_names_key(&review->roles[i], key))
            return true;
    return false;
}

int review_refuse_key(struct review *review)
{
    struct ceremony_file file = {
        .repository = review->repository,
        .role = review->role,
        .roles = review->roles,
        .role_count = review->role_count,
    };

    return ceremony_refuse_nobody(review->cli, &file);
}

int review_pending(struct workspace *workspace, const char *repository, const char *role,
                   struct review *ret_review)
{
    int r;

    *ret_review = (struct review){
        .workspace = workspace,
        .cli = workspace->cli,
        .repository = repository,
        .role = role,
    };
    r = fetch_pending(ret_review);
    if (!r)
        r = find_before(ret_review);
    if (!r)
        r = check_version(ret_review);
    return r ? r : check_expiry(ret_review);
}
