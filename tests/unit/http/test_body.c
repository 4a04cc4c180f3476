/* SPDX-License-Identifier: Apache-2.0 */
#include "http/body.h"

#include "base/cleanup.h"
#include "suite.h"
#include "toy.h"
#include "json/fields.h"

#include <stdlib.h>
#include <string.h>

struct thing {
    const char *name;
};

static const struct field fields[] = {
    FIELD("name", STRING, struct thing, name, .nullable = true, .max = 10),
};
static const struct shape shape = SHAPE(struct thing, fields);

static int answer(int r, const struct thing *thing, struct reply *reply)
{
    if (r)
        return r == BODY_E_REFUSED ? 0 : r;
    reply_json(reply, 200, json_pack("{s:s?}", "got", thing->name));
    return 0;
}

static int needs(const struct call *call, struct reply *reply)
{
    json_auto_t *root = NULL;
    struct thing thing = {0};

    return answer(body_decode(call, &shape, &root, &thing, reply), &thing, reply);
}

static int takes(const struct call *call, struct reply *reply)
{
    json_auto_t *root = NULL;
    struct thing thing = {0};

    return answer(body_decode_optional(call, &shape, &root, &thing, reply), &thing, reply);
}

static const struct route routes[] = {
    {"POST",        "/needs", ROLES_PUBLIC, ROUTE_WORKER, 1000, 0, needs},
    {"POST", "/takes", ROLES_PUBLIC, ROUTE_WORKER, 1000, 0, takes},
    {NULL        },
};

START_TEST(a_body_is_decoded_or_told_what_is_wrong)
{
    static const struct {
        const char *path;
        const char *body;
        const char *status;
        const char *says;
    } cases[] = {
        {"/needs", "{\"name\":\"x\"}",           "HTTP/1.1 200", "\"got\":\"x\""     },
        {"/needs", "",                           "HTTP/1.1 400", "the body is empty" },
        {"/takes", "",                           "HTTP/1.1 200", "\"got\":null"      },
        {"/takes", "{\"name\":\"x\"}",           "HTTP/1.1 200", "\"got\":\"x\""     },
        {"/needs", "{\"name\":\n1.5}",           "HTTP/1.1 400", "\"line\":2"        },
        {"/needs", "{\"nam\":1}",                "HTTP/1.1 400", "unknown-field"     },
        {"/needs", "{\"name\":1}",               "HTTP/1.1 400", "\"field\":\"name\""},
        {"/needs", "{\"name\":\"12345678901\"}", "HTTP/1.1 400", "invalid-field"     },
        {"/takes", "[",                          "HTTP/1.1 400", "malformed-json"    },
    };
    struct toy *toy = toy_start(routes, &(struct toy_settings){0});

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        AUTO_FREE char *reply = toy_ask(toy, "POST", cases[i].path, "", cases[i].body);
        ck_assert_msg(strncmp(reply, cases[i].status, strlen(cases[i].status)) == 0 &&
                          strstr(reply, cases[i].says),
                      "%s: %s", cases[i].body, reply);
    }
    toy_stop(toy);
}
END_TEST

int main(void)
{
    return SUITE_RUN("http/body", a_body_is_decoded_or_told_what_is_wrong);
}
