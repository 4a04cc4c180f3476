/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TUF_REASON_H
#define TUF_REASON_H

/* Why something was refused: one line in lower case, for logs and reports. */
struct reason {
    char text[640];
};

#endif
