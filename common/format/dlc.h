/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FORMAT_DLC_H
#define FORMAT_DLC_H

#include "format/format.h"

/*
 * DLC, Qualcomm's container of SNPE and QAIRT: a ZIP archive with the model, its parameters, and
 * dlc.metadata, lines of key=value. What the model itself looks like inside is not documented, so
 * that neither inputs nor parameters are known.
 */
int dlc_read(const struct format_scan *scan) MUST_CHECK;

#endif
