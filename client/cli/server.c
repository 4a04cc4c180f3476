/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/server.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "cli/interrupt.h"
#include "crypto/secret.h"
#include "lib/retry.h"

#include <stdlib.h>
#include <string.h>

#define ANSWER_BYTES_MAX ((size_t)64 << 20)
#define PAGE_ITEMS 500
#define TRIES_MAX 5
#define ANSWER_TIMEOUT_MS 120000

/* ---- which server ------------------------------------------------------------------------- */

static const char *environment(const char *name)
{
    const char *value = getenv(name);

    return value && *value ? value : NULL;
}

const char *server_profile_name(const struct cli *cli)
{
    const char *said = environment("MODELFERRY_PROFILE");

    if (cli->flags.profile)
        return cli->flags.profile;
    return said ? said : PROFILE_DEFAULT;
}

int server_open_profile(struct cli *cli, const struct profile *profile, struct server *ret_server)
{
    struct http_settings settings = {
        .ca_file = profile->ca_file,
        .user_agent = "modelferry/" MODELFERRY_VERSION,
    };
    struct http *http;
    int r;

    r = http_new(&settings, &http);
    if (r)
        return r;
    *ret_server = (struct server){
        .cli = cli,
        .http = http,
        .url = profile->url,
        .token = profile->token,
        .profile = profile->name,
    };
    return 0;
}

static int read_profile(struct cli *cli, struct profile *profile)
{
    const char *name = server_profile_name(cli);
    const char *error = NULL;
    int r;

    r = profile_read(&cli->arena, name, profile, &error);
    if (r == PROFILE_E_MISSING)
        return output_fail(&cli->output, CLI_USAGE,
                           "log in first: modelferry login URL; or set MODELFERRY_URL and "
                           "MODELFERRY_TOKEN",
                           "there is no profile '%s'", name);
    if (r > 0)
        return output_fail(&cli->output, CLI_FAILED, "log in again: modelferry login URL", "%s",
                           error);
    return r;
}

int server_open(struct cli *cli, struct server *ret_server)
{
    const char *url = environment("MODELFERRY_URL");
    const char *token = environment("MODELFERRY_TOKEN");
    const char *error = NULL;
    struct profile profile = {0};
    int r;

    if (cli->flags.profile || !url || !token) {
        r = read_profile(cli, &profile);
        if (r)
            return r;
    }
    if (url && !cli->flags.profile) {
        url = profile_url(&cli->arena, url, &error);
        if (!url)
            return cli_usage(cli, "MODELFERRY_URL: %s", error);
        /* A stored token goes to the server that it was stored for, and nowhere else. */
        if (!token && strcmp(url, profile.url) != 0)
            return output_fail(&cli->output, CLI_USAGE, "set both, or neither",
                               "MODELFERRY_URL is set and MODELFERRY_TOKEN is not");
        profile.url = url;
    }
    if (token && !cli->flags.profile)
        profile.token = token;
    if (environment("MODELFERRY_CA_FILE") && !cli->flags.profile)
        profile.ca_file = environment("MODELFERRY_CA_FILE");
    return server_open_profile(cli, &profile, ret_server);
}

void server_close(struct server *server)
{
    if (!server)
        return;
    http_free(server->http);
    *server = (struct server){0};
}

const char *server_address(const struct server *server, const char *const *segments, size_t count)
{
    CLEANUP(buffer_release) struct buffer address = BUFFER((size_t)64 << 10);

    buffer_printf(&address, "%s/api/v1", server->url);
    for (size_t i = 0; i < count; i++) {
        buffer_append_char(&address, '/');
        http_escape(&address, segments[i]);
    }
    return arena_strndup(&server->cli->arena, address.bytes, address.size);
}

/* ---- what went wrong ---------------------------------------------------------------------- */

/* What to do about a problem, by the last part of its type, or by its status. */
struct advice {
    const char *problem; /* NULL: any */
    int status;          /* 0: any */
    int exit;
    const char *hint;
};

static const struct advice advices[] = {
    {"version-exists",     0,   CLI_FAILED,
     "versions never change: publish under a new version, or see modelferry model show"                         },
    {"model-exists",       0,   CLI_FAILED,      "see it with modelferry model show"                            },
    {"bad-signature",      0,   CLI_FAILED,
     "sign with a key that is registered for the model: modelferry model show lists them, "
     "modelferry model key add adds one"                                                                        },
    {"unknown-model",      0,   CLI_FAILED,
     "see modelferry model ls; models are made with modelferry "
     "model create"                                                                                             },
    {"no-fitting-variant", 0,   CLI_FAILED,
     "see what the device can run: modelferry device show; publish a variant for it, or name one "
     "with --variant"                                                                                           },
    {NULL,                 401, CLI_FAILED,
     "the token is wrong, expired or revoked; log in again: modelferry login"                                   },
    {NULL,                 403, CLI_FAILED,      "use a token with that role, as another --profile"             },
    {NULL,                 502, CLI_UNREACHABLE, "a proxy answered; the server behind it may be down: try again"},
    {NULL,                 503, CLI_UNREACHABLE, "try again in a moment"                                        },
    {NULL,                 504, CLI_UNREACHABLE, "try again in a moment"                                        },
};

static const struct advice *find_advice(const char *problem, int status)
{
    static const struct advice none = {.exit = CLI_FAILED};

    for (size_t i = 0; i < ARRAY_LEN(advices); i++) {
        if (advices[i].problem ? strcmp(advices[i].problem, problem) == 0
                               : advices[i].status == status)
            return &advices[i];
    }
    return &none;
}

/* Members that every problem has, and that the message shows already. */
static bool is_standard_member(const char *name)
{
    static const char *const names[] = {"type",   "title",      "status",
                                        "detail", "request_id", "instance"};

    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return false;
}

static void append_value(struct buffer *text, const json_t *value)
{
    AUTO_FREE char *dump = NULL;

    if (json_is_string(value)) {
        buffer_append_text(text, json_string_value(value));
        return;
    }
    dump = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
    buffer_append_text(text, dump ? dump : "?");
}

/* "expected_keyids: a, b" of what the server said beside the detail, then the advice. */
static const char *make_hint(struct cli *cli, const json_t *problem, const char *hint)
{
    CLEANUP(buffer_release) struct buffer text = BUFFER((size_t)64 << 10);
    const char *name;
    json_t *value;

    json_object_foreach ((json_t *)(uintptr_t)problem, name, value) {
        size_t index;
        json_t *element;

        if (is_standard_member(name))
            continue;
        buffer_printf(&text, "%s%s: ", text.size ? "; " : "", name);
        if (!json_is_array(value))
            append_value(&text, value);
        json_array_foreach (value, index, element) {
            buffer_append_text(&text, index ? ", " : "");
            append_value(&text, element);
        }
    }
    if (hint)
        buffer_printf(&text, "%s%s", text.size ? "; " : "", hint);
    if (text.size == 0 || text.failed)
        return hint;
    return arena_strndup(&cli->arena, text.bytes, text.size);
}

static int report_transfer(struct server *server, const char *what, int outcome,
                           const struct http_response *response)
{
    struct output *output = &server->cli->output;

    switch (outcome) {
    case HTTP_E_ABORTED:
        return output_fail(output, CLI_INTERRUPTED, NULL, "cannot %s: interrupted", what);
    case HTTP_E_USAGE:
        return output_fail(output, CLI_USAGE, "check the address that you logged in to",
                           "cannot %s: %s", what, response->error);
    case HTTP_E_TLS:
        return output_fail(output, CLI_UNREACHABLE,
                           "if the server's certificate is of your own authority, log in with "
                           "--ca-file FILE",
                           "cannot %s: %s", what, response->error);
    case HTTP_E_TOO_LARGE:
        return output_fail(output, CLI_FAILED, NULL, "cannot %s: %s", what, response->error);
    default:
        return output_fail(output, CLI_UNREACHABLE,
                           "is the server running, and the address right? see modelferry whoami",
                           "cannot %s: %s", what, response->error);
    }
}

int server_report(struct server *server, const char *what, int outcome,
                  const struct http_response *response)
{
    json_auto_t *problem = NULL;
    const struct advice *advice;
    char type[128];
    char detail[2048];

    if (outcome)
        return report_transfer(server, what, outcome, response);
    problem =
        json_loadb(response->body.bytes ? response->body.bytes : "", response->body.size, 0, NULL);
    http_response_problem(response, type, sizeof(type));
    http_response_explain(response, detail, sizeof(detail));
    advice = find_advice(type, response->status);
    return output_fail_problem(&server->cli->output, advice->exit,
                               make_hint(server->cli, problem, advice->hint), problem,
                               "cannot %s: %s", what, detail);
}

/* ---- asking ------------------------------------------------------------------------------- */

static int read_answer(struct server *server, const struct server_question *question,
                       const struct http_response *response, json_t **ret_answer)
{
    json_error_t error;
    json_t *answer = NULL;

    if (response->body.size > 0) {
        answer = json_loadb(response->body.bytes, response->body.size,
                            JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
        if (!answer)
            return output_fail(
                &server->cli->output, CLI_FAILED, "is this the address of a modelferry server?",
                "cannot %s: the answer is not JSON (%s)", question->what, error.text);
    }
    *ret_answer = answer;
    return 0;
}

static int ask_once(struct server *server, const struct server_question *question, const char *body,
                    struct http_response *response)
{
    struct http_header headers[4];
    struct http_request request = {
        .method = question->method,
        .url = question->address,
        .token = server->token,
        .headers = headers,
        .body = body,
        .body_size = body ? strlen(body) : 0,
        .response_bytes_max = ANSWER_BYTES_MAX,
        .timeout_ms = ANSWER_TIMEOUT_MS,
    };

    if (body)
        headers[request.header_count++] = (struct http_header){"Content-Type", "application/json"};
    if (question->idempotency_key)
        headers[request.header_count++] =
            (struct http_header){"Idempotency-Key", question->idempotency_key};
    if (question->if_match)
        headers[request.header_count++] = (struct http_header){"If-Match", question->if_match};
    if (question->must_be_new)
        headers[request.header_count++] = (struct http_header){"If-None-Match", "*"};
    return http_request(server->http, &request, response);
}

/* Whether nobody can know if it was done. */
static bool is_lost(int outcome, const struct http_response *response)
{
    return outcome == HTTP_E_UNREACHABLE || outcome == HTTP_E_CUT || outcome == HTTP_E_TIMEOUT ||
           (outcome == 0 && response->status == 503);
}

/* Asks until there is an answer, where asking twice does no harm. */
static int ask_patiently(struct server *server, const struct server_question *question,
                         const char *body, struct http_response *response)
{
    CLEANUP(interrupt_close) struct interrupt interrupt = {0};
    struct retry retry = {.base_ms = 500, .cap_ms = 8000};
    int r;

    r = ask_once(server, question, body, response);
    if (!(question->idempotency_key || question->repeatable) || r < 0 || !is_lost(r, response))
        return r;
    for (int try = 1; try < TRIES_MAX && is_lost(r, response); try++) {
        const char *after = http_response_header(response, "Retry-After");
        int64_t wait_ms =
            retry_failed(&retry, retry_parse_after(after, clock_wall_ms(server->cli->clock)));

        if (!interrupt.open && interrupt_open(&interrupt) < 0)
            return ERR_INTERNAL;
        if (interrupt_sleep(&interrupt, wait_ms > 30000 ? 30000 : (int)wait_ms))
            return r;
        http_response_release(response);
        *response = (struct http_response){0};
        r = ask_once(server, question, body, response);
        if (r < 0)
            return r;
    }
    return r;
}

static void wipe_text(char **text)
{
    if (*text)
        secret_wipe(*text, strlen(*text));
    free(*text);
}

int server_ask(struct server *server, const struct server_question *question, int *ret_status,
               json_t **ret_answer)
{
    CLEANUP(http_response_release) struct http_response response = {0};
    CLEANUP(wipe_text) char *body = NULL;
    json_auto_t *answer = NULL;
    int r;

    if (question->text)
        body = strdup(question->text);
    if (question->body) {
        body = json_dumps(question->body, JSON_COMPACT | JSON_ENCODE_ANY);
        if (!body)
            return log_fail(ERR_INTERNAL, "cannot encode a request");
    }
    r = ask_patiently(server, question, body, &response);
    if (r < 0)
        return r;
    if (r || ((response.status < 200 || response.status > 299) &&
              response.status != question->tolerated))
        return server_report(server, question->what, r, &response);
    r = read_answer(server, question, &response, &answer);
    if (r)
        return r;
    if (ret_status)
        *ret_status = response.status;
    if (ret_answer)
        *ret_answer = TAKE_PTR(answer);
    return 0;
}

int server_get(struct server *server, const char *what, const char *address, json_t **ret_answer)
{
    struct server_question question = {.what = what, .address = address};

    return server_ask(server, &question, NULL, ret_answer);
}

int server_get_bytes(struct server *server, const char *what, const char *address,
                     struct buffer *ret_bytes)
{
    CLEANUP(http_response_release) struct http_response response = {0};
    struct http_request request = {
        .url = address,
        .token = server->token,
        .response_bytes_max = ret_bytes->ceiling,
        .timeout_ms = ANSWER_TIMEOUT_MS,
    };
    int r;

    r = http_request(server->http, &request, &response);
    if (r < 0)
        return r;
    if (r || response.status != 200)
        return server_report(server, what, r, &response);
    buffer_append(ret_bytes, response.body.bytes, response.body.size);
    return ret_bytes->failed ? log_fail(ERR_NO_MEMORY, "out of memory") : 0;
}

/* Appends a page's items; ret_after is the next cursor, or NULL. */
static int take_page(struct server *server, const char *what, const json_t *page, json_t *items,
                     const char **ret_after)
{
    const json_t *next = json_object_get(page, "next");

    if (json_array_extend(items, json_object_get(page, "items")) < 0)
        return output_fail(&server->cli->output, CLI_FAILED,
                           "is this the address of a modelferry server?",
                           "cannot %s: the answer is no list", what);
    *ret_after = arena_strdup(&server->cli->arena, json_string_value(next));
    return 0;
}

int server_list(struct server *server, const char *what, const char *address, const char *query,
                int64_t limit, json_t **ret_answer)
{
    json_auto_t *items = json_array();
    struct arena *arena = &server->cli->arena;
    const char *after = NULL;

    do {
        CLEANUP(buffer_release) struct buffer page_address = BUFFER((size_t)64 << 10);
        json_auto_t *page = NULL;
        int64_t missing = limit ? limit - (int64_t)json_array_size(items) : PAGE_ITEMS;
        int r;

        buffer_printf(&page_address, "%s?limit=%d%s%s", address,
                      (int)(missing < PAGE_ITEMS ? missing : PAGE_ITEMS), *query ? "&" : "", query);
        if (after) {
            buffer_append_text(&page_address, "&after=");
            http_escape(&page_address, after);
        }
        r = server_get(server, what, arena_strdup(arena, page_address.bytes), &page);
        if (!r)
            r = take_page(server, what, page, items, &after);
        if (r)
            return r;
    } while (after && (!limit || (int64_t)json_array_size(items) < limit));
    *ret_answer = json_pack("{s:O}", "items", items);
    return *ret_answer ? 0 : log_fail(ERR_NO_MEMORY, "out of memory");
}

int server_workspace(struct server *server, const char **ret_workspace)
{
    json_auto_t *whoami = NULL;
    const char *workspace;
    int r;

    r = server_get(server, "ask who you are", SERVER_ADDRESS(server, "whoami"), &whoami);
    if (r)
        return r;
    workspace = json_string_value(json_object_get(whoami, "workspace"));
    if (!workspace)
        return output_fail(&server->cli->output, CLI_FAILED,
                           "is this the address of a modelferry server?",
                           "cannot ask who you are: the answer names no workspace");
    *ret_workspace = arena_strdup(&server->cli->arena, workspace);
    return 0;
}
