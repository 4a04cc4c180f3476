/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/enroll.h"

#include "agent/chores.h"
#include "agent/identity.h"
#include "agent/store.h"
#include "agent/trust.h"
#include "base/arena.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "crypto/secret.h"
#include "lib/http.h"
#include "model/name.h"
#include "proto/enrolment.h"
#include "tuf/canon.h"
#include "tuf/envelope.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TOKEN_MAX 256
#define TIMEOUT_MS 60000

DEFINE_CLEANUP(cleanup_json, json_t *, json_decref);
DEFINE_CLEANUP(cleanup_http, struct http *, http_free);

static bool read_token_file(const char *path, char ret_token[static TOKEN_MAX])
{
    bool standard = strcmp(path, "-") == 0;
    AUTO_FCLOSE FILE *file = standard ? NULL : fopen(path, "re");

    if (!standard && !file) {
        log_line(LOG_ERROR, "cannot read the enrolment token from '%s': %s", path, strerror(errno));
        return false;
    }
    if (!fgets(ret_token, TOKEN_MAX, standard ? stdin : file))
        ret_token[0] = '\0';
    ret_token[strcspn(ret_token, " \t\r\n")] = '\0';
    if (!ret_token[0])
        log_line(LOG_ERROR, "there is no enrolment token in '%s'", path);
    return ret_token[0] != '\0';
}

static bool take_token(const struct config *config, char ret_token[static TOKEN_MAX])
{
    if (config->token_file)
        return read_token_file(config->token_file, ret_token);
    if (!config->token) {
        log_line(LOG_ERROR, "no enrolment token: give --token-file FILE (an operator makes one "
                            "with POST /api/v1/enrolments)");
        return false;
    }
    if (snprintf(ret_token, TOKEN_MAX, "%s", config->token) < TOKEN_MAX)
        return true;
    log_line(LOG_ERROR, "the enrolment token is too long");
    return false;
}

static bool take_name(const struct config *config, char ret_name[static IDENTITY_NAME_SIZE])
{
    char host[256] = "";

    (void)gethostname(host, sizeof(host) - 1);
    (void)snprintf(ret_name, IDENTITY_NAME_SIZE, "%s",
                   config->device_name ? config->device_name : host);
    if (name_is_valid(ret_name) &&
        strlen(config->device_name ? config->device_name : host) < IDENTITY_NAME_SIZE)
        return true;
    log_line(LOG_ERROR, "'%s' is no name for a device: %s; give --name", ret_name,
             name_check(ret_name) ? name_check(ret_name) : "it is too long");
    return false;
}

/* Without the '/' at its end. */
static bool take_url(const struct config *config, char ret_url[static IDENTITY_URL_SIZE])
{
    size_t length;

    if (!config->server_url) {
        log_line(LOG_ERROR, "no server: give --url with the URL of its device listener");
        return false;
    }
    if (snprintf(ret_url, IDENTITY_URL_SIZE, "%s", config->server_url) >= IDENTITY_URL_SIZE ||
        (strncmp(ret_url, "http://", 7) != 0 && strncmp(ret_url, "https://", 8) != 0)) {
        log_line(LOG_ERROR, "'%s' is no URL of a server: http://... or https://... expected",
                 config->server_url);
        return false;
    }
    for (length = strlen(ret_url); length > 0 && ret_url[length - 1] == '/'; length--)
        ret_url[length - 1] = '\0';
    return true;
}

/* Says what is wrong with what is to be trusted. */
static int complain(int r, const char *detail)
{
    if (r == TRUST_E_NONE)
        log_line(LOG_ERROR,
                 "nothing to trust: give --root FILE (made by 'modelferry root export'), "
                 "or --trust KEYFILE for each publisher whose models this device may "
                 "run");
    else if (r > 0)
        log_line(LOG_ERROR, "%s", detail);
    return r;
}

/* Before the server is asked: nothing is pinned yet. */
static bool check_trust(const struct config *config, const struct store *store,
                        char ret_workspace[static NAME_MAX_BYTES + 1])
{
    char detail[TRUST_DETAIL_SIZE] = "";

    return complain(trust_check(store, config, ret_workspace, detail), detail) == 0;
}

/* The server has accepted us: from now on it is the new trust that counts. */
static int pin_trust(const struct config *config, const struct store *store)
{
    char detail[TRUST_DETAIL_SIZE] = "";

    return complain(trust_enroll(store, config, detail), detail);
}

struct enrolling {
    const struct config *config;
    const struct store *store;
    char url[IDENTITY_URL_SIZE];
    char workspace[NAME_MAX_BYTES + 1]; /* of the roots; "": any */
};

static int build_request(const struct config *config, struct key_pair *pair, const char *name,
                         const char *token, struct buffer *body)
{
    CLEANUP(cleanup_json) json_t *signed_part = NULL;
    struct signer signer = key_signer(pair);
    struct enrolment enrolment = {.device = name, .key = pair->key, .facts = config->facts};

    enrolment.time_ms = clock_wall_ms(clock_system());
    secret_token_hash(token, enrolment.token_sha256);
    signed_part = enrolment_encode(&enrolment);
    if (!signed_part)
        return log_fail(ERR_NO_MEMORY, "cannot enrol: out of memory");
    return envelope_build(signed_part, &signer, 1, body);
}

static int ask(const struct config *config, const char *base, const char *token,
               const struct buffer *body, struct http_response *response)
{
    CLEANUP(cleanup_http) struct http *http = NULL;
    const struct http_settings settings = {
        .ca_file = config->ca_file,
        .client_cert_file = config->client_cert_file,
        .client_key_file = config->client_key_file,
        .user_agent = "modelferry-agent/" MODELFERRY_VERSION,
        .connect_timeout_ms = config->connect_timeout_ms,
        .low_speed_timeout_s = (config->low_speed_timeout_ms + 999) / 1000,
        .low_speed_bytes = config->low_speed_bytes,
    };
    char url[IDENTITY_URL_SIZE + 64];
    struct http_request request = {.method = "POST",
                                   .url = url,
                                   .token = token,
                                   .body = body->bytes,
                                   .body_size = body->size,
                                   .timeout_ms = TIMEOUT_MS};
    char text[HTTP_ERROR_SIZE + 200];
    int r = http_new(&settings, &http);

    if (r)
        return r;
    (void)snprintf(url, sizeof(url), "%s/device/v1/enroll", base);
    r = http_request(http, &request, response);
    if (!r && (response->status == 200 || response->status == 201))
        return 0;
    http_response_explain(response, text, sizeof(text));
    return log_fail(ERR_UNAVAILABLE, "cannot enrol: %s", text);
}

static int keep_answer(const struct enrolling *enrolling, const struct http_response *response)
{
    const struct config *config = enrolling->config;
    const struct store *store = enrolling->store;
    CLEANUP(arena_release) struct arena arena = {0};
    CLEANUP(identity_release) struct identity identity = {0};
    CLEANUP(cleanup_json) json_t *json = NULL;
    CLEANUP(cleanup_json) json_t *facts = device_facts_encode(&config->facts);
    struct enrolment_answer answer;
    struct fields_error error = {0};
    int r;

    if (canon_parse(response->body.bytes ? response->body.bytes : "", response->body.size,
                    ENROLMENT_SIZE_MAX, &json, &error) ||
        enrolment_answer_decode(json, &arena, &answer, &error))
        return log_fail(ERR_UNAVAILABLE, "cannot enrol: the server's answer is malformed: %s",
                        error.text);
    if (!identity_is_token(answer.token))
        return log_fail(ERR_UNAVAILABLE, "cannot enrol: the server's answer is malformed: token: "
                                         "one printable word expected");
    if (enrolling->workspace[0] && strcmp(enrolling->workspace, answer.workspace) != 0)
        return log_fail(ERR_UNAVAILABLE,
                        "cannot enrol: the enrolment token is of workspace '%s', the roots are of "
                        "'%s'; take the roots and the token of one workspace",
                        answer.workspace, enrolling->workspace);
    (void)snprintf(identity.url, sizeof(identity.url), "%s", enrolling->url);
    (void)snprintf(identity.device, sizeof(identity.device), "%s", answer.device);
    (void)snprintf(identity.device_id, sizeof(identity.device_id), "%s", answer.device_id);
    (void)snprintf(identity.workspace, sizeof(identity.workspace), "%s", answer.workspace);
    (void)snprintf(identity.token, sizeof(identity.token), "%s", answer.token);
    identity.token_issued_ms = clock_wall_ms(clock_system());
    identity.poll_interval_s = answer.poll_interval_s;
    r = pin_trust(config, store);
    if (!r)
        r = identity_save(store, &identity);
    if (!r && facts)
        r = store_save(store, CHORES_FACTS_FILE, facts, 0600);
    if (r)
        return r;
    (void)printf("enrolled device '%s' (%s) in workspace '%s' of %s\n", identity.device,
                 identity.device_id, identity.workspace, identity.url);
    return 0;
}

int enroll_run(const struct config *config)
{
    CLEANUP(store_release) struct store store = STORE_NONE;
    CLEANUP(key_pair_release) struct key_pair pair = {0};
    CLEANUP(buffer_release) struct buffer body = BUFFER(ENROLMENT_SIZE_MAX);
    CLEANUP(http_response_release) struct http_response response = {0};
    char token[TOKEN_MAX];
    char name[IDENTITY_NAME_SIZE];
    struct enrolling enrolling = {.config = config, .store = &store};
    int r;

    if (!take_url(config, enrolling.url) || !take_name(config, name) || !take_token(config, token))
        return 1;
    r = store_open(config->state_dir, &store);
    if (r == STORE_E_BUSY)
        log_line(LOG_ERROR, "an agent runs on '%s': stop it first", config->state_dir);
    if (r || !check_trust(config, &store, enrolling.workspace))
        return 1;
    if (identity_key(&store, &pair) || build_request(config, &pair, name, token, &body) ||
        ask(config, enrolling.url, token, &body, &response) || keep_answer(&enrolling, &response))
        return 1;
    return 0;
}
