/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_TRANSFER_UPLOAD_H
#define CLI_TRANSFER_UPLOAD_H

#include "cli/interrupt.h"
#include "cli/publish/publish_groups.h"
#include "cli/server.h"

/*
 * Brings the bytes of an artifact to the server, unless it has them: a PUT where they are few,
 * tus 1.0.0 (creation) where they are many.
 *
 * An upload survives both sides: where it is, is kept in $XDG_STATE_HOME/modelferry/uploads until
 * it is complete, so that another process goes on with it; while the server does not answer it is
 * asked again, with backoff, until --retry-for passed without progress.
 */
enum upload_way {
    UPLOAD_PRESENT, /* the server had it */
    UPLOAD_SENT,
    UPLOAD_RESUMED, /* by an earlier process in part */
};

/*
 * file  hashed; its bytes are sent as they are now: the server refuses others
 *
 * Returns 0, an exit status once reported, or negative.
 */
int upload_artifact(struct server *server, struct interrupt *interrupt,
                    const struct publish_file *file, enum upload_way *ret_way) MUST_CHECK;

#endif
