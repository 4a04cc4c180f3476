/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/audit/audit_chain.h"

#include "base/cleanup.h"
#include "crypto/text.h"
#include "tuf/canon.h"

#include <inttypes.h>
#include <string.h>

static const uint8_t none[DIGEST_SHA256_SIZE];

void audit_chain_find(struct audit_chain *chain, const char *kind, int64_t seq, const char *text)
{
    if (!chain->findings)
        chain->findings = json_array();
    chain->finding_count++;
    if (chain->finding_count <= AUDIT_CHAIN_FINDINGS_MAX)
        (void)json_array_append_new(
            chain->findings,
            json_pack("{s:s, s:I, s:s}", "kind", kind, "seq", (json_int_t)seq, "text", text));
}

/* "entry 5", "entries 5 to 7". */
static const char *range(struct audit_chain *chain, int64_t first, int64_t last)
{
    return first == last
               ? arena_printf(&chain->arena, "entry %" PRId64, first)
               : arena_printf(&chain->arena, "entries %" PRId64 " to %" PRId64, first, last);
}

static void find_missing(struct audit_chain *chain, int64_t first, int64_t last)
{
    audit_chain_find(chain, "dropped", first,
                     arena_printf(&chain->arena, "%s %s gone", range(chain, first, last),
                                  first == last ? "is" : "are"));
}

/* ---- marks -------------------------------------------------------------------------------- */

/* Everything above `sound` and up to the mark may have been made anew. */
static void tell_contradicted(struct audit_chain *chain, int64_t sound)
{
    const struct audit_chain_mark *mark = chain->contradicted;

    if (!mark)
        return;
    chain->contradicted = NULL;
    audit_chain_find(chain, "rewritten", mark->seq,
                     arena_printf(&chain->arena,
                                  "among %s something was changed and the chain made "
                                  "anew: entry %" PRId64 " is not the one that %s names",
                                  range(chain, sound + 1, mark->seq), mark->seq, mark->who));
}

/* Marks above the newest entry: the end was cut off. */
static void check_end(struct audit_chain *chain)
{
    const struct audit_chain_mark *mark = chain->marks;
    const struct audit_chain_mark *end = chain->marks + chain->mark_count;

    while (mark < end && mark->later)
        mark++;
    if (mark == end || mark->seq <= chain->head)
        return;
    audit_chain_find(chain, "truncated", chain->head + 1,
                     arena_printf(&chain->arena, "%s at the end %s gone: %s names entry %" PRId64,
                                  range(chain, chain->head + 1, mark->seq),
                                  chain->head + 1 == mark->seq ? "is" : "are", mark->who,
                                  mark->seq));
}

static void check_marks(struct audit_chain *chain, int64_t seq, const uint8_t *hash)
{
    while (chain->mark_next < chain->mark_count && chain->marks[chain->mark_next].seq >= seq) {
        const struct audit_chain_mark *mark = &chain->marks[chain->mark_next++];

        if (mark->seq != seq)
            continue;
        if (memcmp(mark->hash, hash, sizeof(mark->hash)) != 0)
            chain->contradicted = mark;
        else
            tell_contradicted(chain, seq);
    }
}

/* ---- entries ------------------------------------------------------------------------------ */

struct link {
    int64_t seq;
    uint8_t hash[DIGEST_SHA256_SIZE];
    uint8_t previous[DIGEST_SHA256_SIZE];
};

static bool read_link(const json_t *entry, struct link *ret_link)
{
    const char *hash;
    const char *previous;
    json_int_t seq;

    if (json_unpack((json_t *)entry, "{s:I, s:s, s:s}", "seq", &seq, "hash", &hash, "previous",
                    &previous) < 0 ||
        seq < 1)
        return false;
    ret_link->seq = seq;
    return text_unhex(hash, ret_link->hash, sizeof(ret_link->hash)) &&
           text_unhex(previous, ret_link->previous, sizeof(ret_link->previous));
}

static bool hashes_to(const json_t *entry, const uint8_t *hash)
{
    uint8_t digest[DIGEST_SHA256_SIZE];

    return canon_digest(entry, digest) == 0 && memcmp(digest, hash, sizeof(digest)) == 0;
}

/* Whether the entry is what its hash says; else it is looked at again in the end. */
static bool check_hash(struct audit_chain *chain, const json_t *entry, const struct link *link)
{
    json_auto_t *rest = json_copy((json_t *)entry);
    struct audit_chain_suspect *suspect;

    (void)json_object_del(rest, "hash");
    if (hashes_to(rest, link->hash))
        return true;
    if (chain->suspect_count == AUDIT_CHAIN_SUSPECTS_MAX) {
        audit_chain_find(chain, "edited", link->seq,
                         arena_printf(&chain->arena,
                                      "entry %" PRId64 " was edited: it does not "
                                      "have the hash that it says",
                                      link->seq));
        return false;
    }
    suspect = &chain->suspects[chain->suspect_count++];
    suspect->entry = TAKE_PTR(rest);
    suspect->seq = link->seq;
    memcpy(suspect->hash, link->hash, sizeof(suspect->hash));
    return false;
}

static void check_place(struct audit_chain *chain, const struct link *link, bool sound)
{
    if (link->seq >= chain->last)
        audit_chain_find(chain, "reordered", link->seq,
                         arena_printf(&chain->arena,
                                      "entry %" PRId64 " comes behind entry %" PRId64, link->seq,
                                      chain->last));
    else if (link->seq < chain->last - 1)
        find_missing(chain, link->seq + 1, chain->last - 1);
    else if (sound && !chain->last_suspect &&
             memcmp(link->hash, chain->expected, sizeof(link->hash)) != 0)
        audit_chain_find(chain, "edited", link->seq,
                         arena_printf(&chain->arena,
                                      "entry %" PRId64 " was replaced: it is not the "
                                      "one that entry %" PRId64 " continues",
                                      link->seq, chain->last));
}

void audit_chain_feed(struct audit_chain *chain, const json_t *entry)
{
    struct link link;
    bool sound;

    chain->count++;
    if (!read_link(entry, &link)) {
        audit_chain_find(chain, "edited", chain->last > 1 ? chain->last - 1 : 0,
                         arena_printf(&chain->arena,
                                      "what comes below entry %" PRId64 " is no entry",
                                      chain->last));
        return;
    }
    sound = check_hash(chain, entry, &link);
    if (chain->head == 0) {
        chain->head = link.seq;
        memcpy(chain->head_hash, link.hash, sizeof(chain->head_hash));
        check_end(chain);
    } else {
        check_place(chain, &link, sound);
    }
    check_marks(chain, link.seq, link.hash);
    chain->last = link.seq;
    chain->last_suspect = !sound;
    memcpy(chain->expected, link.previous, sizeof(chain->expected));
}

/* ---- the end ------------------------------------------------------------------------------ */

/* Where a suspect once stood: where one of the others stands, or behind the end. 0: nowhere. */
static int64_t former_place(const struct audit_chain *chain,
                            const struct audit_chain_suspect *suspect)
{
    for (size_t i = 0; i <= chain->suspect_count; i++) {
        int64_t seq = i < chain->suspect_count ? chain->suspects[i].seq : chain->head + 1;

        (void)json_object_set_new(suspect->entry, "seq", json_integer(seq));
        if (seq != suspect->seq && hashes_to(suspect->entry, suspect->hash))
            return seq;
    }
    return 0;
}

static void judge_suspects(struct audit_chain *chain)
{
    for (size_t i = 0; i < chain->suspect_count; i++) {
        const struct audit_chain_suspect *suspect = &chain->suspects[i];
        int64_t former = former_place(chain, suspect);

        if (former)
            audit_chain_find(chain, "reordered", suspect->seq,
                             arena_printf(&chain->arena,
                                          "what stands as entry %" PRId64
                                          " was recorded as entry %" PRId64,
                                          suspect->seq, former));
        else
            audit_chain_find(chain, "edited", suspect->seq,
                             arena_printf(&chain->arena,
                                          "entry %" PRId64 " was edited: it does not "
                                          "have the hash that it says",
                                          suspect->seq));
    }
}

void audit_chain_end(struct audit_chain *chain)
{
    if (chain->count == 0) {
        check_end(chain);
        return;
    }
    if (chain->last > 1)
        find_missing(chain, 1, chain->last - 1);
    else if (!chain->last_suspect && memcmp(chain->expected, none, sizeof(none)) != 0)
        audit_chain_find(chain, "edited", 1, "entry 1 continues another one: it is not the first");
    tell_contradicted(chain, 0);
    judge_suspects(chain);
}

void audit_chain_release(struct audit_chain *chain)
{
    for (size_t i = 0; i < chain->suspect_count; i++)
        json_decref(chain->suspects[i].entry);
    json_decref(chain->findings);
    arena_release(&chain->arena);
}
