/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/http_settings.h"

#include <stdlib.h>
#include <string.h>

#define CONNECT_TIMEOUT_MS_DEFAULT 10000
#define LOW_SPEED_S_DEFAULT 30
#define LOW_SPEED_BYTES_DEFAULT 128
#define USER_AGENT_DEFAULT "modelferry/" MODELFERRY_VERSION

static bool copy_text(const char *text, const char **ret_copy)
{
    if (!text)
        return true;
    *ret_copy = strdup(text);
    return *ret_copy != NULL;
}

static int64_t or_default(int64_t value, int64_t fallback)
{
    return value > 0 ? value : fallback;
}

bool http_settings_copy(const struct http_settings *settings, struct http_settings *ret_copy)
{
    struct http_settings copy = {
        .connect_timeout_ms = or_default(settings->connect_timeout_ms, CONNECT_TIMEOUT_MS_DEFAULT),
        .low_speed_timeout_s = or_default(settings->low_speed_timeout_s, LOW_SPEED_S_DEFAULT),
        .low_speed_bytes = or_default(settings->low_speed_bytes, LOW_SPEED_BYTES_DEFAULT),
    };

    if (!copy_text(settings->ca_file, &copy.ca_file) ||
        !copy_text(settings->client_cert_file, &copy.client_cert_file) ||
        !copy_text(settings->client_key_file, &copy.client_key_file) ||
        !copy_text(settings->user_agent ? settings->user_agent : USER_AGENT_DEFAULT,
                   &copy.user_agent)) {
        http_settings_release(&copy);
        return false;
    }
    *ret_copy = copy;
    return true;
}

static void free_text(const char **text)
{
    free((void *)(uintptr_t)*text);
    *text = NULL;
}

void http_settings_release(struct http_settings *copy)
{
    free_text(&copy->ca_file);
    free_text(&copy->client_cert_file);
    free_text(&copy->client_key_file);
    free_text(&copy->user_agent);
}
