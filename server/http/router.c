/* SPDX-License-Identifier: Apache-2.0 */
#include "http/router.h"

#include "base/cleanup.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* Whether the path fits the pattern, segment by segment; fills in the captures. */
static bool path_fits(const char *pattern, const char *path, struct route_match *match)
{
    match->captures = 0;
    while (*pattern && *path) {
        size_t length;

        if (*pattern != '{') {
            if (*pattern++ != *path++)
                return false;
            continue;
        }
        length = strcspn(path, "/");
        if (length == 0 || match->captures == ARRAY_LEN(match->capture))
            return false;
        match->capture[match->captures].name = pattern + 1;
        match->capture[match->captures].name_length = strcspn(pattern + 1, "}");
        match->capture[match->captures].value = path;
        match->capture[match->captures].value_length = length;
        pattern += match->capture[match->captures].name_length + 2;
        match->captures++;
        path += length;
    }
    return *pattern == *path;
}

static void add_method(char allow[static ROUTER_ALLOW_SIZE], const char *method)
{
    size_t used = strlen(allow);

    /* a method is listed once, however many patterns fit */
    for (const char *at = strstr(allow, method); at; at = strstr(at + 1, method)) {
        char after = at[strlen(method)];

        if ((at == allow || at[-1] == ' ') && (after == '\0' || after == ','))
            return;
    }
    (void)snprintf(allow + used, ROUTER_ALLOW_SIZE - used, "%s%s", used ? ", " : "", method);
}

int router_match(const struct route *routes, const char *method, const char *path,
                 struct route_match *ret_match, char ret_allow[static ROUTER_ALLOW_SIZE])
{
    bool head = strcmp(method, "HEAD") == 0;
    const struct route *get = NULL;

    ret_allow[0] = '\0';
    for (const struct route *route = routes; route->method; route++) {
        if (!path_fits(route->pattern, path, ret_match))
            continue;
        if (strcmp(route->method, method) == 0) {
            ret_match->route = route;
            return 0;
        }
        add_method(ret_allow, route->method);
        if (strcmp(route->method, "GET") != 0)
            continue;
        add_method(ret_allow, "HEAD");
        if (!get)
            get = route;
    }
    if (head && get) {
        (void)path_fits(get->pattern, path, ret_match);
        ret_match->route = get;
        return 0;
    }
    return ret_allow[0] ? ROUTER_E_METHOD : ROUTER_E_NOT_FOUND;
}
