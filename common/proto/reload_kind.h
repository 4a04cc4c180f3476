/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PROTO_RELOAD_KIND_H
#define PROTO_RELOAD_KIND_H

/*
 * The kinds of reload: how a slot's application learns that it has another model. The same words in
 * an operator's wish, the director's targets, a device's configuration and its reports
 * (docs/PROTOCOL.md, Reload).
 */
enum reload_kind {
    RELOAD_WATCH,   /* the application watches `current` */
    RELOAD_NOTIFY,  /* libmodelferry hands it the new one while the old one still serves */
    RELOAD_SIGNAL,  /* a signal to a process */
    RELOAD_RESTART, /* a command that restarts it */
    RELOAD_REBOOT,  /* the whole device starts anew */
    RELOAD_KINDS,
};

/* In the director's targets: the device's own rule stands. */
#define RELOAD_KIND_DEVICE "device"

/* What a word of another party may be long, known to us or not. */
#define RELOAD_KIND_MAX 32

/* "watch", "notify", ... */
const char *reload_kind_name(enum reload_kind kind);

/* RELOAD_KINDS where it is no such word. */
enum reload_kind reload_kind_parse(const char *text);

#define RELOAD_KIND_EXPECTED "\"watch\", \"notify\", \"signal\", \"restart\" or \"reboot\""

/* NULL where it is one, else what was expected: for tables of fields, and for people. */
const char *reload_kind_check(const char *text);

#endif
