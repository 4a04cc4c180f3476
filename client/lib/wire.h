/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LIB_WIRE_H
#define LIB_WIRE_H

/*
 * What an application (through libmodelferry) and the agent say to each other: packets of a Unix
 * SOCK_SEQPACKET socket, one message a packet, words separated by one space, no NUL at the end.
 *
 *     application                       agent
 *     open 1 SLOT                 -->
 *                                 <--   opened KIND ID       what `current` is; "-": nothing yet
 *                                 <--   refused REASON       ... and the connection ends
 *                                 <--   offer ID             notify: this is `current` now
 *     ready ID GAP AT             -->                        it answers from that version
 *     failed ID DETAIL            -->                        it cannot; DETAIL may hold spaces
 *     status                      -->
 *                                 <--   status JSON
 *
 * KIND  how the slot reloads where nobody says otherwise (proto/reload_kind.h)
 * ID    the name of the version's directory
 * GAP   for how many microseconds the application could not answer; "-": it was not serving before
 * AT    when it was ready, CLOCK_MONOTONIC in microseconds
 *
 * An application that goes away closes the socket; that is when it stopped answering.
 */
#define WIRE_VERSION "1"
#define WIRE_PACKET_MAX 1024
#define WIRE_STATUS_MAX 65536
#define WIRE_NONE "-"

#endif
