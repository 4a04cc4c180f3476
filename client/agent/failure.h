/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_FAILURE_H
#define AGENT_FAILURE_H

#include "proto/detection.h"

/*
 * What a transfer that did not bring what was asked for is called.
 *
 * outcome  0 or HTTP_E_*
 * status   of the response, where there was one
 */
enum detection_check failure_check(int outcome, int status);

#endif
