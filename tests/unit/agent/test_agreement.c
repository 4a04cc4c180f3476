/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/agreement.h"

#include "base/cleanup.h"
#include "crypto/secret.h"
#include "simulator.h"
#include "tuf/envelope.h"
#include "world.h"

/*
 * An image repository in memory whose role model-digits lists version 1.0.0, and the part of a
 * director's targets that says the same. Each test changes one of the two.
 */
#define MANIFEST "digits/1.0.0/manifest.json"
#define MODEL "digits/1.0.0/onnx/cpu/fp32/model.onnx"
#define LABELS "digits/1.0.0/onnx/cpu/fp32/labels.txt"

static struct simulator sim;
static json_t *role;             /* model-digits */
static const char *role_expires; /* NULL: in good time */
static json_t *director;         /* the part */
static struct metadata targets;
static struct agreement agreement;
static struct agreement_fault fault;
static const struct variant_capability able = {"onnx", "cpu"};
static struct agreement_device device;

static void list(json_t *part, const char *path, json_t *custom)
{
    uint8_t digest[DIGEST_SHA256_SIZE];

    digest_sha256(path, strlen(path), digest);
    ck_assert_int_eq(builder_target(part, path, (int64_t)strlen(path), digest, custom), 0);
}

static void direct(const char *path)
{
    list(director, path,
         json_pack("{s:s, s:s, s:{s:{s:s, s:s}}}", "model", "digits", "version", "1.0.0", "slots",
                   "main", "role", "production", "variant", "onnx/cpu/fp32"));
}

static void set_up(void)
{
    ck_assert(secret_init());
    simulator_init(&sim);
    role = simulator_delegate(&sim, sim.targets, "model-digits", "digits/*/*", true, NULL);
    device = (struct agreement_device){"default", "device-1", &able, 1};
    director = builder_new("targets", 1, SIMULATOR_NOW_MS + SIMULATOR_DAY_MS);
    (void)json_object_set_new(director, "custom",
                              json_pack("{s:s, s:s, s:s, s:i}", "workspace", "default", "device",
                                        "device-1", "name", "cam-1", "state_version", 7));
    list(role, MANIFEST, NULL);
    list(role, MODEL,
         json_pack("{s:s, s:s, s:s}", "runtime", "onnx", "hardware", "cpu", "precision", "fp32"));
    list(role, LABELS, NULL);
    direct(MANIFEST);
    direct(MODEL);
    direct(LABELS);
}

static void tear_down(void)
{
    agreement_release(&agreement);
    metadata_release(&targets);
    json_decref(director);
    json_decref(role);
    simulator_release(&sim);
}

static void read_targets(void)
{
    json_auto_t *document = json_pack("{s:[], s:O}", "signatures", "signed", director);
    AUTO_FREE char *text = json_dumps(document, JSON_COMPACT);
    struct reason reason = {0};

    ck_assert_msg(metadata_parse(METADATA_TARGETS, text, strlen(text), &targets, &reason) == 0,
                  "%s", reason.text);
}

static int make(void)
{
    const char *paths[] = {"digits/*/*", "digits/*/*/*/*/*"};
    struct simulator_signers *signers = simulator_signers(&sim, "model-digits");
    const struct builder_delegation delegation = {
        .name = "model-digits",
        .keys = &signers->pairs[0].key,
        .key_count = 1,
        .threshold = 1,
        .paths = paths,
        .path_count = 2,
        .terminating = true,
    };

    ck_assert_int_eq(builder_delegate(sim.targets, &delegation), 0);
    simulator_bump(&role);
    if (role_expires)
        (void)json_object_set_new(role, "expires", json_string(role_expires));
    simulator_publish_part(&sim, "model-digits", role);
    simulator_list(&sim, "model-digits", role);
    simulator_publish_all(&sim);
    ck_assert_int_eq(simulator_refresh(&sim), 0);
    read_targets();
    return agreement_make(&device, &targets, sim.updater, &agreement, &fault);
}

/* The agreement is there, and says that of slot main. */
static void expect_slot(enum detection_check check, const char *words)
{
    const struct agreement_slot *slot;
    int r = make();

    ck_assert_msg(r == 0, "%d: %s", r, fault.detail);
    slot = agreement_find(&agreement, "main");
    ck_assert_ptr_nonnull(slot);
    ck_assert_msg(slot->fault.check == check, "%s: %s", detection_name(slot->fault.check),
                  slot->fault.detail);
    if (words)
        ck_assert_msg(strstr(slot->fault.detail, words) != NULL, "%s", slot->fault.detail);
}

static void expect_fault(enum detection_check check, const char *words)
{
    int r = make();

    ck_assert_int_eq(r, AGREEMENT_E_FAULT);
    ck_assert_msg(fault.check == check, "%s: %s", detection_name(fault.check), fault.detail);
    ck_assert_str_eq(fault.repository, "director");
    ck_assert_msg(strstr(fault.detail, words) != NULL, "%s", fault.detail);
}

static json_t *directed(const char *path)
{
    return json_object_get(json_object_get(director, "targets"), path);
}

static json_t *listed(const char *path)
{
    return json_object_get(json_object_get(role, "targets"), path);
}

START_TEST(what_both_say_is_agreed_on)
{
    const struct state_slot *want;
    const struct agreement_slot *slot;

    expect_slot(DETECTION_NONE, NULL);
    slot = agreement_find(&agreement, "main");
    want = &agreement.state.slots[0];
    ck_assert_int_eq(agreement.state.version, 7);
    ck_assert_uint_eq(agreement.state.slot_count, 1);
    ck_assert_str_eq(want->version, "1.0.0");
    ck_assert_str_eq(want->role, "production");
    ck_assert_ptr_null(want->reload);
    ck_assert_str_eq(want->variant.hardware, "cpu");
    ck_assert_int_eq(want->manifest_length, (int64_t)strlen(MANIFEST));
    ck_assert_uint_eq(slot->artifact_count, 2);
    ck_assert_ptr_null(agreement_find(&agreement, "other"));
}
END_TEST

START_TEST(a_director_may_ask_for_nothing)
{
    (void)json_object_clear(json_object_get(director, "targets"));
    (void)json_object_del(json_object_get(director, "custom"), "state_version");
    ck_assert_int_eq(make(), 0);
    ck_assert_uint_eq(agreement.state.slot_count, 0);
    ck_assert_int_eq(agreement.state.version, -1);
}
END_TEST

START_TEST(another_device_s_targets_are_refused)
{
    (void)json_object_set_new(json_object_get(director, "custom"), "device",
                              json_string("device-2"));
    expect_fault(DETECTION_WRONG_DEVICE, "it is for device 'device-2'");
}
END_TEST

START_TEST(another_workspace_s_targets_are_refused)
{
    (void)json_object_set_new(json_object_get(director, "custom"), "workspace",
                              json_string("acme"));
    expect_fault(DETECTION_WRONG_DEVICE, "workspace 'acme'");
}
END_TEST

START_TEST(targets_that_name_no_device_are_refused)
{
    (void)json_object_del(director, "custom");
    expect_fault(DETECTION_WRONG_DEVICE, "it is for device ''");
}
END_TEST

/* Puts a word into what the director says of slot main in a target. */
static void say_reload(const char *path, json_t *word)
{
    json_t *slots = json_object_get(json_object_get(directed(path), "custom"), "slots");

    (void)json_object_set_new(json_object_get(slots, "main"), "reload", word);
}

static void say_reload_everywhere(const char *word)
{
    say_reload(MANIFEST, json_string(word));
    say_reload(MODEL, json_string(word));
    say_reload(LABELS, json_string(word));
}

/* What it means is not judged here: an agent may be older than the word. */
START_TEST(a_kind_of_reload_is_taken_as_it_is_said)
{
    say_reload_everywhere("dance");
    expect_slot(DETECTION_NONE, NULL);
    ck_assert_str_eq(agreement.state.slots[0].reload, "dance");
}
END_TEST

START_TEST(reload_device_is_the_devices_own)
{
    say_reload_everywhere("device");
    expect_slot(DETECTION_NONE, NULL);
    ck_assert_ptr_null(agreement.state.slots[0].reload);
}
END_TEST

START_TEST(two_kinds_of_reload_in_a_slot_are_mixed_and_matched)
{
    say_reload_everywhere("notify");
    say_reload(MODEL, json_string("restart"));
    expect_slot(DETECTION_MIX_AND_MATCH, "slot 'main' is of digits 1.0.0");
}
END_TEST

static json_t *no_words[4];

START_TEST(a_reload_that_is_no_word_is_malformed)
{
    static const char long_word[] = "123456789012345678901234567890123";

    no_words[0] = json_integer(7);
    no_words[1] = json_string("");
    no_words[2] = json_null();
    no_words[3] = json_string(long_word);
    say_reload(MANIFEST, no_words[_i]);
    for (int i = 0; i < (int)ARRAY_LEN(no_words); i++)
        if (i != _i)
            json_decref(no_words[i]);
    expect_fault(DETECTION_MALFORMED, "a kind of reload is a short word");
}
END_TEST

static const char *const bad_paths[] = {
    "../../escaped",
    "/etc/escaped",
    "digits/../1.0.0/manifest.json",
    "digits/1.0.0/other.json",
    "digits/1.0.0/onnx/cpu/fp32/..",
    "digits/1.0.0/onnx/cpu/fp32/.hidden",
    "digits/1.0.0/onnx/cpu/fp32/a/b",
    "digits/1.0.0/onnx/cpu/model.onnx",
    "digits/1.0.0/manifest.json/",
    "digits//manifest.json",
    "manifest.json",
};

START_TEST(paths_that_lead_elsewhere_are_refused)
{
    direct(bad_paths[_i]);
    expect_fault(DETECTION_BAD_PATH, "is no path of a model's file");
}
END_TEST

START_TEST(slots_that_lead_elsewhere_are_refused)
{
    json_t *slots = json_object_get(json_object_get(directed(MANIFEST), "custom"), "slots");

    (void)json_object_set(slots, "../main", json_object_get(slots, "main"));
    expect_fault(DETECTION_BAD_PATH, "is no name of a slot");
}
END_TEST

START_TEST(targets_without_slots_are_malformed)
{
    (void)json_object_del(directed(LABELS), "custom");
    expect_fault(DETECTION_MALFORMED, "slots are expected");
}
END_TEST

START_TEST(hashes_of_another_algorithm_alone_are_malformed)
{
    (void)json_object_set_new(directed(LABELS), "hashes", json_pack("{s:s}", "sha512", "00"));
    expect_fault(DETECTION_MALFORMED, "a SHA-256");
}
END_TEST

START_TEST(another_length_is_a_disagreement)
{
    (void)json_object_set_new(directed(LABELS), "length", json_integer(1));
    expect_slot(DETECTION_DISAGREEMENT, "the director says 1 bytes");
}
END_TEST

START_TEST(another_hash_is_a_disagreement)
{
    (void)json_object_set(directed(MODEL), "hashes", json_object_get(directed(LABELS), "hashes"));
    expect_slot(DETECTION_DISAGREEMENT, "the image repository");
}
END_TEST

START_TEST(another_manifest_is_a_disagreement)
{
    (void)json_object_set(listed(MANIFEST), "hashes", json_object_get(listed(LABELS), "hashes"));
    expect_slot(DETECTION_DISAGREEMENT, "the director says");
}
END_TEST

START_TEST(other_hardware_is_a_disagreement)
{
    (void)json_object_set_new(json_object_get(listed(MODEL), "custom"), "hardware",
                              json_string("npu"));
    expect_slot(DETECTION_DISAGREEMENT, "it is not for onnx/cpu/fp32");
}
END_TEST

START_TEST(what_the_image_repository_does_not_list_is_unlisted)
{
    (void)json_object_del(json_object_get(role, "targets"), LABELS);
    expect_slot(DETECTION_UNLISTED, "no trusted role lists");
}
END_TEST

START_TEST(what_this_device_cannot_run_is_refused)
{
    static const struct variant_capability other = {"onnx", "npu"};

    device.capabilities = &other;
    expect_slot(DETECTION_WRONG_HARDWARE, "which this device cannot");
}
END_TEST

START_TEST(files_of_another_version_are_mixed_and_matched)
{
    static const char tokenizer[] = "digits/1.1.0/onnx/cpu/fp32/tokenizer.json";

    list(role, tokenizer, NULL);
    direct(tokenizer);
    expect_slot(DETECTION_MIX_AND_MATCH, "slot 'main' is of digits 1.0.0");
}
END_TEST

START_TEST(files_of_another_variant_are_mixed_and_matched)
{
    static const char model[] = "digits/1.0.0/onnx/cpu/int8/model.onnx";

    list(role, model, NULL);
    direct(model);
    expect_slot(DETECTION_MIX_AND_MATCH, "slot 'main' is of digits 1.0.0");
}
END_TEST

START_TEST(two_manifests_for_a_slot_are_mixed_and_matched)
{
    static const char other[] = "digits/1.1.0/manifest.json";

    list(role, other, NULL);
    direct(other);
    expect_slot(DETECTION_MIX_AND_MATCH, "has two manifests");
}
END_TEST

START_TEST(files_without_a_manifest_are_missing_it)
{
    (void)json_object_del(json_object_get(director, "targets"), MANIFEST);
    expect_slot(DETECTION_MISSING, "no manifest");
}
END_TEST

START_TEST(a_manifest_without_files_misses_them)
{
    (void)json_object_del(json_object_get(director, "targets"), MODEL);
    (void)json_object_del(json_object_get(director, "targets"), LABELS);
    expect_slot(DETECTION_MISSING, "no files");
}
END_TEST

START_TEST(a_manifest_beyond_all_bounds_is_endless)
{
    (void)json_object_set_new(directed(MANIFEST), "length", json_integer(1 << 30));
    expect_slot(DETECTION_ENDLESS_DATA, "a manifest of 1073741824 bytes");
}
END_TEST

START_TEST(an_expired_role_of_a_model_blames_its_slot_only)
{
    role_expires = "2020-01-01T00:00:00Z";
    expect_slot(DETECTION_FREEZE, "has expired");
    ck_assert_str_eq(agreement_find(&agreement, "main")->fault.file, "model-digits.json");
}
END_TEST

START_TEST(a_role_that_cannot_be_had_is_no_verdict)
{
    ck_assert_int_eq(make(), 0);
    agreement_release(&agreement);
    metadata_release(&targets);
    simulator_remove(&sim.published, "2.model-digits.json");
    simulator_remove(&sim.stored, "model-digits");
    ck_assert_int_eq(simulator_refresh(&sim), 0);
    read_targets();
    ck_assert_int_eq(agreement_make(&device, &targets, sim.updater, &agreement, &fault),
                     AGREEMENT_E_FETCH);
}
END_TEST

START_TEST(what_serves_is_looked_up_too)
{
    CLEANUP(arena_release) struct arena arena = {0};
    char hex[DIGEST_SHA256_HEX_SIZE];
    struct slot_version version = {
        .model = "digits", .version = "1.0.0", .variant = "onnx/npu/int8", .manifest_sha256 = hex};

    ck_assert_int_eq(make(), 0);
    (void)snprintf(
        hex, sizeof(hex), "%s",
        json_string_value(json_object_get(json_object_get(listed(MANIFEST), "hashes"), "sha256")));
    ck_assert_int_eq(agreement_check_installed(sim.updater, &version, "main", &arena, &fault), 0);
    hex[0] = hex[0] == '0' ? '1' : '0';
    ck_assert_int_eq(agreement_check_installed(sim.updater, &version, "main", &arena, &fault),
                     AGREEMENT_E_FAULT);
    ck_assert_int_eq(fault.check, DETECTION_WITHDRAWN);
    ck_assert_str_eq(fault.file, "digits/1.0.0/onnx~npu~int8.json");
    version.version = "0.9.0";
    ck_assert_int_eq(agreement_check_installed(sim.updater, &version, "main", &arena, &fault),
                     AGREEMENT_E_FAULT);
    ck_assert_int_eq(fault.check, DETECTION_WITHDRAWN);
    ck_assert_str_eq(fault.file, "digits/0.9.0/manifest.json");
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        what_both_say_is_agreed_on,
        a_director_may_ask_for_nothing,
        another_device_s_targets_are_refused,
        another_workspace_s_targets_are_refused,
        targets_that_name_no_device_are_refused,
        a_kind_of_reload_is_taken_as_it_is_said,
        reload_device_is_the_devices_own,
        two_kinds_of_reload_in_a_slot_are_mixed_and_matched,
        slots_that_lead_elsewhere_are_refused,
        targets_without_slots_are_malformed,
        hashes_of_another_algorithm_alone_are_malformed,
        another_length_is_a_disagreement,
        another_hash_is_a_disagreement,
        another_manifest_is_a_disagreement,
        other_hardware_is_a_disagreement,
        what_the_image_repository_does_not_list_is_unlisted,
        what_this_device_cannot_run_is_refused,
        files_of_another_version_are_mixed_and_matched,
        files_of_another_variant_are_mixed_and_matched,
        two_manifests_for_a_slot_are_mixed_and_matched,
        files_without_a_manifest_are_missing_it,
        a_manifest_without_files_misses_them,
        a_manifest_beyond_all_bounds_is_endless,
        an_expired_role_of_a_model_blames_its_slot_only,
        a_role_that_cannot_be_had_is_no_verdict,
        what_serves_is_looked_up_too,
    };
    Suite *suite = suite_create("agent/agreement");
    TCase *tcase = tcase_create("agreement");

    tcase_add_checked_fixture(tcase, set_up, tear_down);
    for (size_t i = 0; i < ARRAY_LEN(tests); i++)
        tcase_add_test(tcase, tests[i]);
    tcase_add_loop_test(tcase, a_reload_that_is_no_word_is_malformed, 0, (int)ARRAY_LEN(no_words));
    tcase_add_loop_test(tcase, paths_that_lead_elsewhere_are_refused, 0, (int)ARRAY_LEN(bad_paths));
    return world_run(suite, tcase);
}
