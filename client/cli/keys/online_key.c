/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/keys/online_key.h"

#include "base/cleanup.h"

static int ask(struct server *server, const char *repository, bool rotate, struct key *ret_key)
{
    json_auto_t *answer = NULL;
    json_auto_t *body = rotate ? json_pack("{s:b}", "rotate", 1) : json_object();
    struct fields_error error = {0};
    int r;

    r = server_ask(server,
                   &(struct server_question){
                       .what = "ask for the server's online key",
                       .method = "POST",
                       .address = SERVER_ADDRESS(server, "tuf", repository, "online-key"),
                       .body = body,
                   },
                   NULL, &answer);
    if (r)
        return r;
    r = key_parse(json_object_get(answer, "key"), ret_key, &error);
    if (r > 0)
        return output_fail(&server->cli->output, CLI_FAILED, NULL,
                           "the server's online key cannot be read: %s", error.text);
    return r;
}

int online_key_ask(struct server *server, const char *repository, struct key *ret_key)
{
    return ask(server, repository, false, ret_key);
}

int online_key_rotate(struct server *server, const char *repository, struct key *ret_key)
{
    return ask(server, repository, true, ret_key);
}
