/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PUSH_ROSTER_H
#define PUSH_ROSTER_H

#include "base/arena.h"
#include "base/error.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Every active device, in memory: who a token belongs to, what that device should run, when it
 * was last seen, and who waits here for a change. It answers polls without the database and wakes
 * exactly the connections whose device changed. push/follow keeps it true.
 *
 * About 190 bytes a device; what devices should run is stored once for all that should run the
 * same. Thread-safe; every lock is held for a few pointer moves only.
 */
struct roster;

/*
 * One device. Stays valid until roster_free, also after it was revoked, so that a request may
 * borrow it without a reference.
 */
struct roster_device;

enum {
    ROSTER_E_TOKEN = 1,   /* no active device has this token */
    ROSTER_E_LOADING = 2, /* the first load is not complete: nobody can be refused yet */
};

#define ROSTER_TOKEN_SIZE 32 /* SHA-256 of a token */

/* What the database says about a device. */
struct roster_row {
    int64_t id;
    int64_t workspace_id;
    const char *name;
    bool active;
    int64_t revision;          /* rises with every change of the row: older rows are ignored */
    int64_t version;           /* of the desired state */
    int64_t assignment_id;     /* what each slot should run; 0: nothing */
    const uint8_t *token;      /* ROSTER_TOKEN_SIZE bytes */
    const uint8_t *next_token; /* likewise, or NULL: issued, but not used yet */
};

int roster_new(struct roster **ret_roster) MUST_CHECK;
/* Nobody may be subscribed any more. Accepts NULL. */
void roster_free(struct roster *roster);

/* ---- kept true by push/follow, and by whoever just committed a change ---------------------- */

/*
 * Inserts or changes a device and wakes its subscriptions where its version rose or it was
 * revoked. A row that is not newer than what is known (by revision) is ignored, so rows may come
 * from several threads in any order. Its assignment must be in roster_assignments(), or be 0.
 */
int roster_put(struct roster *roster, const struct roster_row *row) MUST_CHECK;

enum {
    ROSTER_E_GAP = 3, /* the device is unknown, or more changed than that: put its row */
};

/*
 * The quick way for changes of nothing but the desired state: the row's id, revision, version and
 * assignment_id count. Applies where the revision is the next one; does nothing where it is known.
 *
 * Returns 0, ROSTER_E_GAP, or negative.
 */
int roster_move(struct roster *roster, const struct roster_row *row) MUST_CHECK;

/* Refuses the device's tokens from now on and wakes its subscriptions. Unknown ids are fine. */
void roster_revoke(struct roster *roster, int64_t device_id);

/* What devices should run; roster_put's assignments must be there before. */
struct assignments *roster_assignments(struct roster *roster);

/*
 * Brackets a load of every device: what was not put between begin and end is revoked at the end,
 * and the roster is ready from then on.
 */
void roster_load_begin(struct roster *roster);
void roster_load_end(struct roster *roster);
bool roster_ready(const struct roster *roster);

size_t roster_count(const struct roster *roster); /* active devices */

/* ---- asked by the device gateway, on I/O threads -------------------------------------------- */

/*
 * Finds the active device that a token's hash belongs to, and notes that it was seen at now_s
 * (seconds since 1970). The first use of a next token makes it the token: the old one is refused
 * from then on, here at once, elsewhere when push/follow has told the database.
 *
 * Returns 0, ROSTER_E_TOKEN or ROSTER_E_LOADING.
 */
int roster_authenticate(struct roster *roster, const uint8_t token[static ROSTER_TOKEN_SIZE],
                        int64_t now_s, struct roster_device **ret_device) MUST_CHECK;

int64_t roster_device_id(const struct roster_device *device);
int64_t roster_device_workspace(const struct roster_device *device);
const char *roster_device_name(const struct roster_device *device);
bool roster_device_active(const struct roster_device *device);
/* Of the desired state. Never goes back. */
int64_t roster_device_version(const struct roster_device *device);

/* The desired state as the device gets it (PROTOCOL.md, State), in the arena; ret_version is the
 * one in it. */
char *roster_device_state(struct roster *roster, struct roster_device *device, struct arena *arena,
                          size_t *ret_size, int64_t *ret_version);

/* Notes that the device was seen (a stream's heartbeat was taken). */
void roster_device_seen(struct roster_device *device, int64_t now_s);

/*
 * Somebody who waits for a device's desired state to change, embedded in whatever waits.
 *
 * wake runs on the thread that made the change, with a lock of the roster held: it must not block,
 * nor call the roster. After roster_unsubscribe it is not running and will not run again.
 */
struct subscription {
    void (*wake)(struct subscription *subscription);
    struct roster_device *device;
    struct subscription *next;
    struct subscription **link;
    atomic_bool evicted; /* newer ones of the same device took its place: to be ended */
};

/*
 * A device may reconnect while the server has not noticed yet that the line before is dead, so the
 * newest count: beyond this many of one device, the oldest is evicted and woken.
 */
#define ROSTER_SUBSCRIPTIONS_MAX 8

void roster_subscribe(struct roster *roster, struct roster_device *device,
                      struct subscription *subscription);
/* A zeroed subscription is fine. */
void roster_unsubscribe(struct roster *roster, struct subscription *subscription);

size_t roster_subscribed(const struct roster *roster); /* subscriptions here, for /metrics */

/* Looked up by id, for the API's "online". */
bool roster_connected(struct roster *roster, int64_t device_id);

/* ---- batched to the database by push/follow -------------------------------------------------- */

/* A next token that was used: to be made the token in the database. */
struct roster_promotion {
    int64_t device_id;
    uint8_t token[ROSTER_TOKEN_SIZE];
};

/* Takes one, oldest first. A negative result of the database puts it back. */
bool roster_take_promotion(struct roster *roster, struct roster_promotion *ret_promotion);
void roster_put_promotion(struct roster *roster, const struct roster_promotion *promotion);

/* Called (with no lock held) when there is a first promotion to take. One hook; NULL unsets. */
void roster_on_promotion(struct roster *roster, void (*hook)(void *arg), void *arg);

#endif
