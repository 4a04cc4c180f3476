/* SPDX-License-Identifier: Apache-2.0 */
#ifndef API_NOTES_H
#define API_NOTES_H

#include "http/router.h"

/* What may change about models and versions: tags, metrics, parameters, cards. */

int notes_on_patch_model(const struct call *call, struct reply *reply);
int notes_on_patch_version(const struct call *call, struct reply *reply);
int notes_on_card(const struct call *call, struct reply *reply);

#endif
