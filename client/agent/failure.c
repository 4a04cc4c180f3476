/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/failure.h"

#include "lib/http.h"

enum detection_check failure_check(int outcome, int status)
{
    if (outcome == HTTP_E_TIMEOUT)
        return DETECTION_SLOW_RETRIEVAL;
    if (outcome == HTTP_E_TOO_LARGE)
        return DETECTION_ENDLESS_DATA;
    if (outcome || status >= 500 || status == 401 || status == 408 || status == 425 ||
        status == 429)
        return DETECTION_UNREACHABLE;
    return DETECTION_MISSING;
}
