/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/audit/cmd_audit_verify.h"

#include "base/cleanup.h"
#include "cli/audit/audit_chain.h"
#include "cli/audit/audit_memory.h"
#include "cli/audit/audit_source.h"
#include "cli/audit/report_check.h"
#include "cli/keys/keystore.h"
#include "crypto/text.h"
#include "proto/checkpoint.h"
#include "tuf/envelope.h"

#include <inttypes.h>
#include <string.h>

#define KEYS_MAX 256

struct verification {
    struct cli *cli;
    struct audit_source source;
    struct audit_memory memory;
    struct audit_chain chain;
    struct key keys[KEYS_MAX]; /* that are believed */
    size_t key_count;
    bool first_use; /* nothing was known: the keys that came along were taken */
    struct audit_chain_mark *marks;
    size_t mark_count;
    int64_t signed_seq; /* of the newest checkpoint that is believed; 0: there is none */
    size_t skipped;     /* checkpoints of keys that are not believed, behind one that is */
};

static void release(struct verification *verification)
{
    audit_source_close(&verification->source);
    audit_memory_release(&verification->memory);
    audit_chain_release(&verification->chain);
}

/* ---- whose checkpoints are believed --------------------------------------------------------- */

static bool is_remembered(const struct verification *verification, const char *keyid)
{
    const json_t *known;
    size_t i;

    json_array_foreach (verification->memory.keyids, i, known) {
        if (strcmp(json_string_value(known) ? json_string_value(known) : "", keyid) == 0)
            return true;
    }
    return false;
}

static void believe(struct verification *verification, const struct key *key)
{
    if (verification->key_count < KEYS_MAX)
        verification->keys[verification->key_count++] = *key;
    if (!is_remembered(verification, key->id))
        (void)json_array_append_new(verification->memory.keyids, json_string(key->id));
}

static int collect_keys(struct verification *verification)
{
    struct cli *cli = verification->cli;
    const json_t *item;
    size_t i;

    verification->first_use = !cli->flags.key && json_array_size(verification->memory.keyids) == 0;
    if (cli->flags.key) {
        CLEANUP(keystore_release) struct keystore_key given = {0};
        int r = keystore_read(cli, cli->flags.key, &given);

        if (r)
            return r;
        believe(verification, &given.key);
    }
    json_array_foreach (verification->source.keys, i, item) {
        struct fields_error error;
        struct key key;

        if (key_parse(json_object_get(item, "key"), &key, &error) == 0 &&
            (verification->first_use || is_remembered(verification, key.id)))
            believe(verification, &key);
    }
    return 0;
}

/* ---- checkpoints ---------------------------------------------------------------------------- */

static void refuse_checkpoint(struct verification *verification, const char *why)
{
    audit_chain_find(&verification->chain, "checkpoint", 0, why);
}

static void take_checkpoint(struct verification *verification, const struct envelope *envelope,
                            struct arena *arena)
{
    struct audit_chain_mark *mark = &verification->marks[verification->mark_count];
    struct checkpoint checkpoint;
    struct fields_error error;

    if (checkpoint_decode(envelope->signed_part, arena, &checkpoint, &error)) {
        refuse_checkpoint(verification,
                          arena_printf(arena, "a checkpoint is malformed: %s", error.text));
        return;
    }
    if (strcmp(checkpoint.workspace, verification->source.workspace) != 0) {
        refuse_checkpoint(verification,
                          arena_printf(arena, "a checkpoint is of another workspace, '%s'",
                                       checkpoint.workspace));
        return;
    }
    mark->seq = checkpoint.seq;
    memcpy(mark->hash, checkpoint.hash, sizeof(mark->hash));
    mark->who = arena_printf(arena, "the checkpoint of entry %" PRId64, checkpoint.seq);
    verification->mark_count++;
    if (checkpoint.seq > verification->signed_seq)
        verification->signed_seq = checkpoint.seq;
}

static int check_checkpoint(struct verification *verification, const json_t *item)
{
    struct arena *arena = &verification->cli->arena;
    CLEANUP(envelope_release) struct envelope envelope = {0};
    AUTO_FREE char *text = json_dumps(item, JSON_COMPACT);
    struct envelope_verdict *verdict = arena_alloc(arena, sizeof(*verdict));
    struct fields_error error;
    int r;

    r = text ? envelope_parse(text, strlen(text), CHECKPOINT_SIZE_MAX, arena, &envelope, &error)
             : ENVELOPE_E_SYNTAX;
    if (r < 0)
        return r;
    if (r) {
        refuse_checkpoint(verification, "a checkpoint is malformed");
        return 0;
    }
    r = envelope_verify(&envelope, verification->keys, verification->key_count, 1, verdict);
    if (r < 0)
        return r;
    if (r == 0)
        take_checkpoint(verification, &envelope, arena);
    else if (verdict->bad_count > 0)
        refuse_checkpoint(verification, "a checkpoint was changed after it was signed");
    else if (verification->mark_count > 0)
        verification->skipped++;
    else
        refuse_checkpoint(
            verification,
            arena_printf(arena,
                         "a checkpoint is signed with key %s, which is not known "
                         "here: if the key was rotated, compare it with whoever runs "
                         "the server, save it (modelferry audit key -o FILE) and "
                         "pass it once (--key FILE)",
                         envelope.signature_count ? envelope.signatures[0].keyid : "none"));
    return 0;
}

static int compare_marks(const void *a, const void *b)
{
    const struct audit_chain_mark *left = a;
    const struct audit_chain_mark *right = b;

    return left->seq < right->seq ? 1 : left->seq > right->seq ? -1 : 0;
}

static int collect_marks(struct verification *verification)
{
    const struct audit_memory *memory = &verification->memory;
    size_t count = json_array_size(verification->source.checkpoints);
    const json_t *item;
    size_t i;

    verification->marks =
        arena_array(&verification->cli->arena, count + 1, sizeof(*verification->marks));
    json_array_foreach (verification->source.checkpoints, i, item) {
        int r = check_checkpoint(verification, item);

        if (r)
            return r;
    }
    if (memory->seq > 0) {
        struct audit_chain_mark *mark = &verification->marks[verification->mark_count++];

        mark->seq = memory->seq;
        memcpy(mark->hash, memory->hash, sizeof(mark->hash));
        mark->who = "what was verified here before";
        mark->later = verification->source.file != NULL;
    }
    qsort(verification->marks, verification->mark_count, sizeof(*verification->marks),
          compare_marks);
    verification->chain.marks = verification->marks;
    verification->chain.mark_count = verification->mark_count;
    return 0;
}

/* ---- the verdict ---------------------------------------------------------------------------- */

static int remember(struct verification *verification)
{
    struct audit_memory *memory = &verification->memory;
    const struct audit_chain *chain = &verification->chain;

    if (chain->head > memory->seq) {
        memory->seq = chain->head;
        memcpy(memory->hash, chain->head_hash, sizeof(memory->hash));
    }
    return memory->seq == 0 ? 0
                            : audit_memory_write(verification->cli, verification->source.server_url,
                                                 verification->source.workspace, memory);
}

static void print(const struct verification *verification)
{
    const struct audit_chain *chain = &verification->chain;
    const struct output *output = &verification->cli->output;
    char hash[DIGEST_SHA256_HEX_SIZE];
    json_auto_t *document = NULL;
    const json_t *finding;
    size_t i;

    text_hex(chain->head_hash, sizeof(chain->head_hash), hash);
    document = json_pack(
        "{s:s, s:b, s:I, s:I, s:s, s:I, s:I, s:O?}", "workspace", verification->source.workspace,
        "sound", chain->finding_count == 0, "entries", (json_int_t)chain->count, "newest",
        (json_int_t)chain->head, "hash", hash, "signed", (json_int_t)verification->signed_seq,
        "finding_count", (json_int_t)chain->finding_count, "findings", chain->findings);
    if (!chain->findings)
        (void)json_object_set_new(document, "findings", json_array());
    output_json(output, document);
    json_array_foreach (chain->findings, i, finding)
        output_line(output, "%s: %s", json_string_value(json_object_get(finding, "kind")),
                    json_string_value(json_object_get(finding, "text")));
    if (chain->finding_count == 0)
        output_line(output,
                    "%" PRId64 " entries of workspace '%s' are sound; signed up to entry %" PRId64,
                    chain->count, verification->source.workspace, verification->signed_seq);
}

static int judge(struct verification *verification)
{
    struct output *output = &verification->cli->output;
    int64_t found = verification->chain.finding_count;

    print(verification);
    if (found > 0)
        return output_fail(output, CLI_UNVERIFIED,
                           "keep what the server has as evidence: modelferry audit verify --export "
                           "FILE",
                           "the audit log of workspace '%s' is not what was recorded: %" PRId64
                           " findings",
                           verification->source.workspace, found);
    if (verification->first_use && verification->key_count > 0)
        output_note(output,
                    "the audit key %s was taken on trust; compare it with whoever runs the "
                    "server, or pass --key",
                    verification->keys[0].id);
    if (verification->skipped > 0)
        output_note(output, "%zu older checkpoints of keys that are not known here were left out",
                    verification->skipped);
    if (verification->signed_seq == 0)
        output_note(output, "nothing is signed yet: modelferry audit checkpoint");
    return remember(verification);
}

static void take(void *arg, const json_t *entry)
{
    audit_chain_feed(arg, entry);
}

int cmd_audit_verify(void *context, int operands, char **operand)
{
    struct cli *cli = context;
    CLEANUP(release) struct verification verification = {.cli = cli};
    int r;

    if (operands && report_check_is(operand[0]))
        return report_check_file(cli, operand[0]);
    r = audit_source_open(cli, operands ? operand[0] : NULL, cli->flags.out, &verification.source);

    if (!r)
        r = audit_memory_read(cli, verification.source.server_url, verification.source.workspace,
                              &verification.memory);
    if (!r)
        r = collect_keys(&verification);
    if (!r)
        r = collect_marks(&verification);
    if (!r)
        r = audit_source_read(&verification.source, take, &verification.chain);
    if (r)
        return r;
    audit_chain_end(&verification.chain);
    return judge(&verification);
}

int cmd_audit_verify_checkpoint(void *context, int operands, char **operand)
{
    struct cli *cli = context;
    CLEANUP(server_close) struct server server = {0};
    json_auto_t *answer = NULL;
    int r = server_open(cli, &server);

    (void)operands;
    (void)operand;
    if (!r)
        r = server_ask(&server,
                       &(struct server_question){
                           .what = "have the audit log signed",
                           .method = "POST",
                           .address = SERVER_ADDRESS(&server, "audit", "checkpoints"),
                       },
                       NULL, &answer);
    if (r)
        return r;
    output_json(&cli->output, answer);
    output_line(&cli->output, "signed up to entry %lld",
                (long long)json_integer_value(json_object_get(answer, "seq")));
    return CLI_OK;
}
