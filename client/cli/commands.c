/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/commands.h"

#include "cli/access/cmd_login.h"
#include "cli/access/cmd_token.h"
#include "cli/audit/cmd_audit.h"
#include "cli/audit/cmd_audit_verify.h"
#include "cli/audit/cmd_explain.h"
#include "cli/cli.h"
#include "cli/cmd_help.h"
#include "cli/export/cmd_export.h"
#include "cli/export/cmd_import.h"
#include "cli/flags.h"
#include "cli/fleet/cmd_deploy.h"
#include "cli/fleet/cmd_device.h"
#include "cli/fleet/cmd_enrolment.h"
#include "cli/keys/cmd_keys.h"
#include "cli/keys/cmd_model_key.h"
#include "cli/lineage/cmd_lineage.h"
#include "cli/lineage/cmd_run.h"
#include "cli/lineage/flags_lineage.h"
#include "cli/publish/cmd_inspect.h"
#include "cli/publish/cmd_publish.h"
#include "cli/publish/cmd_pull.h"
#include "cli/registry/cmd_alias.h"
#include "cli/registry/cmd_approval.h"
#include "cli/registry/cmd_archive.h"
#include "cli/registry/cmd_delete.h"
#include "cli/registry/cmd_history.h"
#include "cli/registry/cmd_model.h"
#include "cli/registry/cmd_note.h"
#include "cli/registry/cmd_retention.h"
#include "cli/registry/cmd_rules.h"
#include "cli/registry/cmd_sbom.h"
#include "cli/registry/cmd_search.h"
#include "cli/registry/flags_registry.h"
#include "cli/trust/cmd_grant.h"
#include "cli/trust/cmd_keys_rotate.h"
#include "cli/trust/cmd_release.h"
#include "cli/trust/cmd_root.h"
#include "cli/trust/cmd_root_change.h"
#include "cli/trust/cmd_root_sign.h"
#include "cli/trust/cmd_sign.h"
#include "cli/trust/cmd_tuf.h"
#include "cli/trust/cmd_yank.h"

const char *const commands_roles[] = {"viewer", "operator", "publisher", "admin", NULL};

const struct option_entry commands_common[] = {
    {.name = "help",  .type = OPTION_BOOL, AT(help), .letter = 'h', .help = "Shows this help."},
    SWITCH("json", json,
           "Prints the result as one JSON document, and errors as one JSON object a line."),
    {.name = "quiet",
     .type = OPTION_BOOL,
     AT(quiet),
     .letter = 'q',
     .help = "Prints neither notes nor progress."                                             },
    TEXT("profile", profile, "NAME",
         "Which login to use. Otherwise MODELFERRY_URL and MODELFERRY_TOKEN, then "
         "MODELFERRY_PROFILE, then 'default'."),
    END,
};

/* ---- flags of one command ----------------------------------------------------------------- */

static const struct option_entry keys_init_flags[] = {
    TEXT("name", name, "NAME", "What the key is called. 'default' where it is not said."),
    TEXT("out", out, "FILE", "Writes the key file there instead of among your keys."),
    FLAG_PASSPHRASE,
    FLAG_NO_PASSPHRASE,
    END,
};

static const struct option_entry keys_export_flags[] = {
    SWITCH("pem", pem, "Writes PEM, for other tools, instead of a key file."),
    {.name = "output",
                                                                         .type = OPTION_TEXT,
                                                                         AT(out),
                                                                         .letter = 'o',
                                                                         .value_name = "FILE",
                                                                         .help = "Where to write. Otherwise standard output."},
    END,
};

static const struct option_entry keys_rotate_flags[] = {
    TEXT("to", to, "KEY",
         "Takes this key instead of making one; then no file is renamed in the end."),
    LIST(
        "key", keys, "KEY",
        "Another key to sign with, such as one that signs the top-level targets; may be repeated."),
    FLAG_EXPIRES("365d", "How long what is signed anew is valid."),
    FLAG_YES,
    FLAG_PASSPHRASE,
    FLAG_NO_PASSPHRASE,
    END,
};

static const struct option_entry keys_passphrase_flags[] = {
    FLAG_PASSPHRASE,
    TEXT("new_passphrase_file", new_passphrase_file, "FILE",
         "Takes the new passphrase from the first line of FILE. Otherwise from the terminal."),
    FLAG_NO_PASSPHRASE,
    END,
};

static const struct option_entry login_flags[] = {
    TEXT("token_file", token_file, "FILE",
         "Reads the token from a file. Otherwise it is read from standard input."),
    TEXT("ca_file", ca_file, "FILE",
         "Trusts the certificates in this PEM file instead of the system's."),
    END,
};

static const struct option_entry token_create_flags[] = {
    {.name = "role",
     .type = OPTION_CHOICE,
     AT(role),
     .fallback = "viewer",
     .choices = commands_roles,
     .help = "What the token may do: viewers read; operators also manage devices, enrolments and "
             "desired states; publishers also manage models and versions; admins do all."},
    FLAG_EXPIRES("0", "When the token stops working. 0 is never."),
    END,
};

static const struct option_entry model_create_flags[] = {
    FLAG_DESCRIPTION("What the model is for."),
    FLAG_TAGS,
    LIST("key", keys, "KEY",
         "A key, by name or key file, that may sign versions of this model; may be repeated. Only "
         "its public half is sent."),
    END,
};

static const struct option_entry list_flags[] = {FLAG_LIMIT, END};

static const struct option_entry model_show_flags[] = {
    TEXT("state", state, "STATE",
         "Lists only versions that are draft, published, archived or deleted."),
    FLAG_LIMIT,
    END,
};

static const struct option_entry key_add_flags[] = {
    TEXT("name", name, "NAME", "What the key is called there. Otherwise the key file's name."),
    END,
};

static const struct option_entry publish_flags[] = {
    LIST("variant", variants, "VARIANT",
         "What the FILEs behind it are: runtime/hardware/precision, such as onnx/cpu/fp32. May be "
         "repeated, each time with its own FILEs."),
    TEXT("add_variant", add_variant, "VARIANT",
         "Adds the FILEs to a version that is published, as a variant of its own: "
         "runtime/hardware/precision, or runtime=R,hardware=H,precision=P. --from-run says which "
         "conversion they come from."),
    LIST("input", inputs, "NAME:TYPE[DIMS]",
         "Declares what goes in, such as image:float32[N,64]; may be repeated. Otherwise what the "
         "model files say. What contradicts them is refused."),
    LIST("output", outputs, "NAME:TYPE[DIMS]",
         "Declares what comes out; may be repeated. Otherwise what the model files say."),
    LIST("metric", metrics, "KEY=NUMBER", "A metric, such as accuracy=0.97; may be repeated."),
    LIST("param", params, "KEY=VALUE", "A parameter of the training; may be repeated."),
    FLAG_TAGS,
    FLAG_DESCRIPTION("What is new in this version."),
    LIST("from", from, "NODE",
         "What it was made from, which is signed with it: run:UUID (or the UUID alone), "
         "MODEL@VERSION, dataset:NAME@VERSION and so on. May be repeated."),
    TEXT("from_run", from_run, "RUN", "The run that it comes out of: its UUID."),
    {.name = "release_counter",
                                                                              .type = OPTION_INTEGER,
                                                                              AT(release_counter),
                                                                              .fallback = "0",
                                                                              .min = 0,
                                                                              .max = INT32_MAX,
                                                                              .value_name = "N",
                                                                              .help =
         "A device that served a version with this counter never takes one with a lower counter "
         "again, whoever asks it to. Raise it where older versions must not come back."},
    FLAG_KEY("The key to sign with, by name or key file. Otherwise your only key, or 'default'."),
    SWITCH("draft", draft,
           "Uploads without a signature: no device can get it until modelferry sign."),
    FLAG_RETRY,
    FLAG_PASSPHRASE,
    END,
};

static const struct option_entry sign_flags[] = {
    FLAG_KEY("The key to sign with, by name or key file. Otherwise your only key, or 'default'."),
    FLAG_YES,
    FLAG_RETRY,
    FLAG_PASSPHRASE,
    END,
};

static const struct option_entry pull_flags[] = {
    TEXT("variant", variant, "VARIANT", "Only this variant, such as onnx/cpu/fp32."),
    {.name = "output",
                                                                                  .type = OPTION_TEXT,
                                                                                  AT(out),
                                                                                  .letter = 'o',
                                                                                  .value_name = "DIR",
                                                                                  .help = "Where to put the files. Otherwise ./MODEL-VERSION."},
    LIST("trust", trust, "KEY",
         "Accepts signatures of this key only, by name, key file or keyid; may be repeated. "
         "Otherwise those that the server has registered for the model."),
    FLAG_RETRY,
    END,
};

static const struct option_entry export_flags[] = {
    {.name = "output",
     .type = OPTION_TEXT,
     AT(out),
     .letter = 'o',
     .value_name = "FILE",
     .help = "Where to write; a file that is there is never overwritten."},
    FLAG_RETRY,
    END,
};

static const struct option_entry import_flags[] = {
    LIST("trust", trust, "KEY",
         "Accepts signatures of this key, by keyid, name or key file, and registers it; may be "
         "repeated. Otherwise of those that the server has registered for the model."),
    FLAG_RETRY,
    FLAG_LOW_SPEED,
    END,
};

static const struct option_entry sbom_flags[] = {
    {.name = "output",
     .type = OPTION_TEXT,
     AT(out),
     .letter = 'o',
     .value_name = "FILE",
     .help = "Where to write. Otherwise standard output."},
    END,
};

static const struct option_entry device_ls_flags[] = {
    SWITCH("online", online, "Only devices that are connected."),
    FLAG_LIMIT,
    END,
};

static const struct option_entry enrolment_create_flags[] = {
    {.name = "uses",
     .type = OPTION_INTEGER,
     AT(uses),
     .fallback = "1",
     .min = 0,
     .max = 1000000000,
     .value_name = "N",
     .help = "How many devices may enrol with it. 0 is any number."},
    FLAG_EXPIRES("1d", "When it stops working."),
    LIST("attribute", attributes, "KEY=VALUE",
         "An attribute that devices get which enrol with it; may be repeated."),
    LIST("trust", trust, "KEY",
         "A key, by name or key file, whose models the device may run, for the command that is "
         "printed; may be repeated. Otherwise your only key, or 'default'."),
    TEXT("device_url", device_url, "URL",
         "The device listener's address, for the command that is printed. Otherwise the server's "
         "host with port 8081."),
    END,
};

static const struct option_entry deploy_flags[] = {
    LIST("device", devices, "NAME", "A device; may be repeated."),
    SWITCH("all", all, "Every device of the workspace."),
    {.name = "slot",
                                                    .type = OPTION_TEXT,
                                                    AT(slot),
                                                    .fallback = "main",
                                                    .value_name = "NAME",
                                                    .help = "Which slot of the devices is set."    },
    TEXT("variant", variant, "VARIANT",
         "Which variant. Otherwise the first that each device can run."),
    TEXT("reload", reload, "KIND",
         "Which of the devices' own ways to reload: watch, notify, signal, restart or reboot. "
         "Otherwise the one that each device prefers."),
    SWITCH("wait", wait, "Waits until every device has installed it, or one has failed."),
    { .name = "timeout",
                                                    .type = OPTION_DURATION,
                                                    AT(timeout_ms),
                                                    .fallback = "10m",
                                                    .min = 0,
                                                    .max = 30 * DAYS_MS,
                                                    .help = "How long --wait waits. 0 is for ever."},
    END,
};

/* How many keys must sign. */
#define FLAG_SIGNERS(name_, member, fallback_, help_)                                              \
    {                                                                                              \
        .name = (name_), .type = OPTION_INTEGER, AT(member), .fallback = (fallback_), .min = 0,    \
        .max = 16, .value_name = "N", .help = (help_)                                              \
    }

static const struct option_entry root_init_flags[] = {
    LIST(
        "root_key", root_keys, "KEY",
        "A key, by name or key file, that signs roots; may be repeated. Public halves do for those "
        "who sign later. Otherwise your only key, or 'default'."),
    LIST("targets_key", targets_keys, "KEY",
         "A key that says who may publish; may be repeated. Otherwise the root keys."),
    FLAG_KEY("The key to sign with where no --root-key is given."),
    FLAG_SIGNERS("threshold", threshold, "1", "How many of the keys must sign."),
    FLAG_EXPIRES("365d", "How long the roots are valid."),
    FLAG_PASSPHRASE,
    END,
};

static const struct option_entry root_sign_flags[] = {
    FLAG_KEY("The key to sign with, by name or key file. Otherwise your only key, or 'default'."),
    FLAG_YES,
    FLAG_PASSPHRASE,
    END,
};

#define FLAG_KEYS                                                                                  \
    LIST("key", keys, "KEY",                                                                       \
         "A key to sign with, by name or key file; may be repeated. Otherwise your only key, or "  \
         "'default'.")

static const struct option_entry root_renew_flags[] = {
    FLAG_KEYS, FLAG_EXPIRES("365d", "How long they are valid from now on."),
    FLAG_YES,  FLAG_PASSPHRASE,
    END,
};

static const struct option_entry root_rotate_flags[] = {
    LIST("root_key", root_keys, "OLD=NEW",
         "NEW signs roots in OLD's place; =NEW adds a key, OLD= drops one. OLD may be a keyid or "
         "the start of one. May be repeated."),
    LIST("targets_key", targets_keys, "OLD=NEW",
         "The same for the top-level targets of the image repository."),
    FLAG_SIGNERS("threshold", threshold, NULL,
                 "How many of the root keys must sign. Otherwise as before."),
    FLAG_SIGNERS("targets_threshold", targets_threshold, NULL,
                 "How many of the targets keys must sign. Otherwise as before."),
    SWITCH("online_key", online_key, "Has the server make new keys for what it signs itself."),
    FLAG_KEYS,
    FLAG_EXPIRES("365d", "How long the new roots are valid."),
    FLAG_YES,
    FLAG_PASSPHRASE,
    END,
};

static const struct option_entry root_export_flags[] = {
    {.name = "output",
     .type = OPTION_TEXT,
     AT(out),
     .letter = 'o',
     .value_name = "FILE",
     .help = "Where to write. Otherwise standard output."},
    END,
};

static const struct option_entry grant_flags[] = {
    FLAG_KEY("The key that signs the top-level targets. Otherwise your only key, or 'default'."),
    TEXT("instead_of", instead_of, "KEY",
         "The keys come in the place of this one, which may be named by its keyid or the start of "
         "it."),
    FLAG_SIGNERS("threshold", threshold, NULL,
                 "How many of the model's keys must sign. Otherwise as before, or 1."),
    FLAG_EXPIRES("365d", "How long the top-level targets are valid."),
    SWITCH("anew", anew,
           "Starts the top-level targets from nothing, where those in force cannot be verified: "
           "every other model must be granted again."),
    FLAG_PASSPHRASE,
    END,
};

static const struct option_entry revoke_flags[] = {
    FLAG_KEY("The key that signs the top-level targets. Otherwise your only key, or 'default'."),
    FLAG_SIGNERS("threshold", threshold, NULL,
                 "How many of the model's keys must sign. Otherwise as before, or 1."),
    FLAG_EXPIRES("365d", "How long the top-level targets are valid."),
    FLAG_PASSPHRASE,
    END,
};

static const struct option_entry release_flags[] = {
    FLAG_KEY("The key to sign with, by name or key file. Otherwise your only key, or 'default'."),
    FLAG_EXPIRES("365d", "How long the model's listing is valid."),
    SWITCH("anew", anew,
           "Lists these versions and no others, where what is listed cannot be verified; any other "
           "version never comes back."),
    LIST("trust", trust, "KEY",
         "Lists versions too whose manifest this key has signed; may be repeated."),
    FLAG_YES,
    FLAG_PASSPHRASE,
    END,
};

static const struct option_entry yank_flags[] = {
    TEXT("variant", variant, "VARIANT", "Only this variant, which was added to the version."),
    FLAG_KEY("The key to sign with, by name or key file. Otherwise your only key, or 'default'."),
    FLAG_EXPIRES("365d", "How long the model's listing is valid."),
    FLAG_YES,
    FLAG_PASSPHRASE,
    END,
};

static const struct option_entry tuf_flags[] = {
    TEXT("metadata_dir", metadata_dir, "DIR", "Where trusted metadata is kept."),
    TEXT("metadata_url", metadata_url, "URL", "Where the repository's metadata is."),
    LIST("target_name", target_names, "NAME", "A target to download; may be repeated."),
    TEXT("target_dir", target_dir, "DIR", "Where downloaded targets are kept."),
    TEXT("target_base_url", target_base_url, "URL", "Where the repository's targets are."),
    TEXT("ca_file", ca_file, "FILE",
         "Trusts the certificates in this PEM file instead of the system's."),
    FLAG_LOW_SPEED,
    END,
};

static const struct option_entry audit_key_flags[] = {
    SWITCH("rotate", rotate, "Has the server make a new key; the old one signs nothing any more."),
    {.name = "output",
                                                                                              .type = OPTION_TEXT,
                                                                                              AT(out),
                                                                                              .letter = 'o',
                                                                                              .value_name = "FILE",
                                                                                              .help = "Writes the public half there, as a key file."},
    END,
};

static const struct option_entry audit_verify_flags[] = {
    FLAG_KEY("The audit key, by name or key file; it is believed from then on."),
    TEXT("export", out, "FILE", "Writes the whole log there, to be verified without the server."),
    END,
};

/* ---- commands ----------------------------------------------------------------------------- */

const struct options_command commands_table[] = {
  /* clang-format off */
    {"keys init", "", 0, 0, keys_init_flags, cmd_keys_init, "makes a key to sign versions with",
     "The key is a file with mode 0600 in $XDG_CONFIG_HOME/modelferry/keys. Its secret is sealed "
     "with a passphrase, by Argon2id, where one is given or a terminal can be asked; else it is "
     "not, with a warning."},
    {"keys show", "[KEY]", 0, 1, NULL, cmd_keys_show, "shows the public half of a key",
     "With --json it prints a key file without the secret, to hand to others."},
    {"keys export", "[KEY]", 0, 1, keys_export_flags, cmd_keys_export,
     "writes the public half of a key", "As a key file without the secret, which others name wherever a command takes a key."},
    {"keys rotate", "[KEY]", 0, 1, keys_rotate_flags, cmd_keys_rotate,
     "puts a new key in the place of a key", "Wherever the workspace names it: for models, top-level targets and roots. Each file is shown "
     "as a difference and signed by both keys where both are asked for, so that clients accept "
     "what is in force at every moment. Where others must sign too, it says who and what; the same "
     "command goes on afterwards. For a key that is lost: docs/SECURITY.md."},
    {"keys passphrase", "[KEY]", 0, 1, keys_passphrase_flags, cmd_keys_passphrase,
     "changes the passphrase of a key", "Seals a key that was not sealed, too."},
    {"keys ls", "", 0, 0, NULL, cmd_keys_ls, "lists your keys", NULL},
    {"login", "URL", 1, 1, login_flags, cmd_login_login, "stores where the server is, and a token",
     "The token is read from standard input or --token-file, never from the command line, is "
     "checked, and is stored with mode 0600 in $XDG_CONFIG_HOME/modelferry/profiles."},
    {"logout", "", 0, 0, NULL, cmd_login_logout, "forgets a stored login",
     "The token itself goes on working: revoke it with modelferry token revoke."},
    {"whoami", "", 0, 0, NULL, cmd_login_whoami, "shows which server, workspace and roles you have",
     NULL},
    {"token create", "NAME", 1, 1, token_create_flags, cmd_token_create, "makes an API token",
     "The token is printed once and cannot be shown again."},
    {"token ls", "", 0, 0, list_flags, cmd_token_ls, "lists API tokens", NULL},
    {"token revoke", "ID", 1, 1, NULL, cmd_token_revoke, "makes an API token stop working", NULL},
    {"model create", "MODEL", 1, 1, model_create_flags, cmd_model_create, "makes a model", NULL},
    {"model ls", "", 0, 0, list_flags, cmd_model_ls, "lists models", NULL},
    {"model show", "MODEL [VERSION]", 1, 2, model_show_flags, cmd_model_show,
     "shows a model and its versions, or one version", "MODEL@VERSION is accepted as well."},
    {"model discard", "MODEL@VERSION", 1, 1, NULL, cmd_model_discard,
     "deletes a draft that nobody signed", NULL},
    {"model key add", "MODEL KEY", 2, 2, key_add_flags, cmd_model_key_add,
     "lets a key sign versions of a model", "KEY is the name of one of your keys or a key file."},
    {"model key revoke", "MODEL KEY", 2, 2, NULL, cmd_model_key_revoke,
     "stops a key from signing more versions of a model", "KEY is a keyid, the start of one, the name of one of your keys, or a key file."},
    {"publish", "MODEL@VERSION FILE...", 1, -1, publish_flags, cmd_publish_publish,
     "uploads and signs a version", "FILEs are read, hashed, uploaded where the server does not have them yet, and described by a "
     "manifest that is signed here with your key. An artifact is named like its file, or NAME "
     "where "
     "NAME=FILE is given. Several variants: repeat --variant VARIANT FILE... After an interruption "
     "the same command goes on where the server is."},
    {"sign", "MODEL@VERSION [FILE...]", 1, -1, sign_flags, cmd_sign_sign,
     "checks a draft, signs it, and so publishes it", "Shows what would be signed and how it differs from the version published before, and makes "
     "sure that every artifact has the hash that the manifest says: of the FILEs given, matched by "
     "name, and of the server's copy for the others."},
    {"pull", "MODEL@VERSION", 1, 1, pull_flags, cmd_pull_pull,
     "downloads a version and verifies signatures and hashes", "An interrupted download goes on where it was. The signed manifest is kept beside the files "
     "as .manifest.json."},
    {"export", "MODEL[@VERSION]...", 1, 1000, export_flags, cmd_export_export,
     "writes models with all that belongs to them into one file", "Published versions with their signatures, artifacts, added variants, notes, rules, aliases and "
     "lineage, for a site with no network; what was yanked is left behind. Run again after an interruption, it fetches only what is missing."},
    {"import", "FILE", 1, 1, import_flags, cmd_import_import, "brings an export into a server",
     "The whole file and every signature are checked before anything is written. Run again, it "
     "writes only what is missing."},
    {"sbom", "MODEL@VERSION", 1, 1, sbom_flags, cmd_sbom_sbom,
     "prints a version's bill of materials", "CycloneDX 1.6, as JSON: files, datasets, metrics and what else the registry knows of it."},
    {"search", "[QUERY]", 0, 1, flags_registry_search, cmd_search_search,
     "finds versions, or models, by what is known of them", "Such as: 'metrics.accuracy > 0.9 and tags.team = vision and not alias exists'. The grammar "
     "and the fields are in docs/SEARCH.md."},
    {"alias set", "MODEL ALIAS VERSION", 3, 3, flags_registry_alias_set, cmd_alias_set,
     "makes or moves an alias", "Afterwards MODEL@ALIAS stands for the version in all commands but those that publish, sign, "
     "release, yank or discard: these take the version itself."},
    {"alias ls", "MODEL", 1, 1, list_flags, cmd_alias_ls, "lists a model's aliases", NULL},
    {"alias rm", "MODEL ALIAS", 2, 2, flags_registry_alias_rm, cmd_alias_rm, "removes an alias", NULL},
    {"tag set", "MODEL[@VERSION] KEY=VALUE...", 2, -1, NULL, cmd_note_tag_set,
     "sets tags of a model or version", "Tags of the signed manifest never change."},
    {"tag rm", "MODEL[@VERSION] KEY...", 2, -1, NULL, cmd_note_tag_rm, "removes tags", NULL},
    {"metric set", "MODEL@VERSION NAME=NUMBER...", 2, -1, flags_registry_metric, cmd_note_metric_set,
     "records what was measured of a version", "Metrics of the signed manifest never change: name the dataset of another measurement."},
    {"metric rm", "MODEL@VERSION NAME...", 2, -1, flags_registry_metric, cmd_note_metric_rm,
     "removes metrics", NULL},
    {"param set", "MODEL@VERSION KEY=VALUE...", 2, -1, NULL, cmd_note_param_set,
     "sets parameters of a version", "Parameters of the signed manifest never change."},
    {"param rm", "MODEL@VERSION KEY...", 2, -1, NULL, cmd_note_param_rm, "removes parameters",
     NULL},
    {"card set", "MODEL[@VERSION] FILE", 2, 2, NULL, cmd_note_card_set,
     "sets the model card of a model or version", "FILE is Markdown; - is standard input. An empty one removes the card."},
    {"card show", "MODEL[@VERSION]", 1, 1, NULL, cmd_note_card_show, "prints a model card", NULL},
    {"approve", "MODEL@VERSION", 1, 1, flags_registry_approve, cmd_approval_approve,
     "approves a version for deployment", "Who you are is the name of your token. Your approval of what you uploaded yourself does not "
     "count."},
    {"approval ls", "MODEL@VERSION", 1, 1, list_flags, cmd_approval_ls,
     "lists who approved a version, and how many it needs", NULL},
    {"approval withdraw", "MODEL@VERSION [ID]", 1, 2, flags_registry_reason, cmd_approval_withdraw,
     "takes back your approval", "An administrator takes back anybody's, by its ID. What was deployed stays."},
    {"archive", "MODEL[@VERSION]", 1, 1, flags_registry_reason, cmd_archive_archive,
     "takes a model or version out of use", "What is in use is not archived: the answer says by what."},
    {"restore", "MODEL[@VERSION]", 1, 1, NULL, cmd_archive_restore, "takes that back", NULL},
    {"delete", "MODEL[@VERSION]", 1, 1, flags_registry_delete, cmd_delete_delete,
     "deletes an archived version for good, or a model that never had one", "Its bytes go; what was signed, its lineage and its history stay, and its name is never given "
     "again. It takes an administrator. What is in use is not deleted: the answer says by what."},
    {"rules show", "[MODEL]", 0, 1, NULL, cmd_rules_show,
     "shows what is demanded of the workspace's models, or of one", NULL},
    {"rules set", "[MODEL]", 0, 1, flags_registry_rules_set, cmd_rules_set, "changes that",
     "What is not said stays as it is. Of the rules for all models and for one, the stricter "
     "counts."},
    {"retention show", "MODEL", 1, 1, NULL, cmd_retention_show,
     "shows which versions of a model are kept", NULL},
    {"retention set", "MODEL", 1, 1, flags_registry_retention_set, cmd_retention_set,
     "changes that", "What an alias points to, what a device shall run, has or can go back to, and what somebody "
     "restored, is kept whatever the rule says. See first what it would do: retention plan."},
    {"retention rm", "MODEL", 1, 1, NULL, cmd_retention_rm, "keeps every version again",
     "What was archived stays in the archive."},
    {"retention plan", "MODEL", 1, 1, flags_registry_retention_plan, cmd_retention_plan,
     "shows what the rule would do with each version, and why", "With --newest it shows what that rule would do instead. Nothing is changed."},
    {"history", "MODEL[@VERSION] | MODEL@ALIAS | device:NAME", 1, 1, list_flags,
     cmd_history_history, "lists every change of it, newest first", NULL},
    {"audit ls", "", 0, 0, flags_registry_audit_ls, cmd_history_audit, "lists the audit log, newest first",
     NULL},
    {"device ls", "", 0, 0, device_ls_flags, cmd_device_ls, "lists devices", NULL},
    {"device show", "DEVICE", 1, 1, NULL, cmd_device_show,
     "shows a device, what it should run and what it runs", NULL},
    {"device reports", "DEVICE", 1, 1, list_flags, cmd_device_reports,
     "lists what a device reported, newest first", NULL},
    {"device revoke", "DEVICE", 1, 1, NULL, cmd_device_revoke,
     "makes a device's token stop working at once", NULL},
    {"enrolment create", "NAME", 1, 1, enrolment_create_flags, cmd_enrolment_create,
     "makes a token that devices enrol with", "Prints the token, once, and the command to run on the device."},
    {"enrolment ls", "", 0, 0, list_flags, cmd_enrolment_ls, "lists enrolment tokens", NULL},
    {"enrolment revoke", "ID", 1, 1, NULL, cmd_enrolment_revoke,
     "makes an enrolment token stop working", NULL},
    {"deploy", "MODEL@VERSION", 1, 1, deploy_flags, cmd_deploy_deploy,
     "sets what devices should run", "Devices learn of it by push or at their next poll. With --wait the exit status is 0 once "
     "every device has installed it, 1 where one failed, 4 where the time ran out."},
    {"root init", "", 0, 0, root_init_flags, cmd_root_init, "makes a workspace's roots of trust",
     "Signs the first roots of the image repository and of the director, and top-level targets. "
     "Keep the keys offline: with them anybody decides what devices run."},
    {"root show", "", 0, 0, NULL, cmd_root_show,
     "shows what metadata is in force, and what waits for signatures", NULL},
    {"root sign", "[REPOSITORY ROLE]", 0, 2, root_sign_flags, cmd_root_sign,
     "adds a signature to what is pending", "Checks it against what was verified here, and shows how it differs from what was signed "
     "before. REPOSITORY is image or director, ROLE root, targets or model-NAME; without them "
     "everything that waits for this key."},
    {"root renew", "[REPOSITORY]", 0, 1, root_renew_flags, cmd_root_change_renew,
     "gives roots and top-level targets a later expiry", "Of both repositories, or of one: image or director. Nothing else changes. What has expired "
     "already is renewed the same way."},
    {"root rotate", "[REPOSITORY]", 0, 1, root_rotate_flags, cmd_root_change_rotate,
     "changes who signs: root keys, targets keys, thresholds, online keys", "The next roots are signed by the thresholds of the old keys and of the new ones: whoever is "
     "missing adds a signature by modelferry root sign. Clients follow by themselves. Where the "
     "targets keys change, the top-level targets are signed by old and new ones first."},
    {"root withdraw", "REPOSITORY ROLE", 2, 2, NULL, cmd_root_withdraw,
     "removes what waits for signatures", NULL},
    {"root export", "", 0, 0, root_export_flags, cmd_root_export,
     "writes the roots that are trusted here, for devices and other people", "Bring the file to them by a way that is not the server."},
    {"root trust", "FILE", 1, 1, NULL, cmd_root_trust, "trusts the roots in a file", NULL},
    {"model grant", "MODEL KEY...", 2, -1, grant_flags, cmd_grant_grant,
     "lets keys sign for a model in the image repository", NULL},
    {"model revoke", "MODEL KEY...", 2, -1, revoke_flags, cmd_grant_revoke, "takes that back",
     "What the keys have signed is no longer accepted, unless enough others "
     "have signed it too: release again. KEY may be a keyid or the start of one."},
    {"release", "MODEL | MODEL@VERSION...", 1, -1, release_flags, cmd_release_release,
     "lists published versions in the image repository", "modelferry publish does it by itself once the workspace has a root. MODEL alone signs what "
     "it "
     "lists once more: for a later expiry, or after its keys were changed. With a version goes what "
     "was added to it."},
    {"yank", "MODEL@VERSION", 1, 1, yank_flags, cmd_yank_yank,
     "drops a version from the image repository, for ever", "TUF clients refuse it from then on, and the director names it to no device. What was added to "
     "it goes with it."},
    {"tuf", "init ROOTFILE | refresh | download", 1, 2, tuf_flags, cmd_tuf,
     "a plain TUF client, for any repository", "init stores a root to start from; refresh updates the metadata; download fetches targets and "
     "verifies them. The exit status is 0 or 1. MODELFERRY_TOKEN is sent to addresses below "
     "MODELFERRY_URL only."},
    {"run", "-- COMMAND [ARGUMENT...]", 1, -1, flags_lineage_run, cmd_run_run,
     "runs a command and records what it made from what", "Hashes what --in and --out name, and sends, as OpenLineage events, these with the command, "
     "its version and arguments, the git revision, how long it took and how it ended. Input, "
     "output, signals and the exit status pass through. While the server is away the events are "
     "kept. Arguments and variables that look like secrets are not recorded."},
    {"lineage upstream", "NODE", 1, 1, flags_lineage_walk, cmd_lineage_upstream,
     "shows everything that a node was made from", "NODE is MODEL@VERSION, MODEL@VERSION/RUNTIME/HARDWARE/PRECISION, artifact:SHA256, run:UUID, "
     "job:NAMESPACE#NAME, dataset:NAMESPACE#NAME@VERSION, code:REPOSITORY@REVISION, "
     "deployment:NUMBER or device:NAME."},
    {"lineage downstream", "NODE", 1, 1, flags_lineage_walk, cmd_lineage_downstream,
     "shows everything that was made from a node, and the devices that run it", NULL},
    {"lineage path", "NODE NODE", 2, 2, flags_lineage_path, cmd_lineage_path,
     "shows the shortest path between two nodes", NULL},
    {"lineage diff", "NODE NODE", 2, 2, flags_lineage_walk, cmd_lineage_diff,
     "shows how the ancestries of two nodes differ", "What is of one name on both sides and differs in its version is marked with ~."},
    {"lineage show", "NODE", 1, 1, NULL, cmd_lineage_show,
     "shows a node with its facets, as they were sent, and the events of a run", NULL},
    {"lineage send", "", 0, 0, NULL, cmd_run_send,
     "sends what modelferry run could not send while the server was away", NULL},
    {"explain device", "DEVICE", 1, 1, flags_lineage_explain_device, cmd_explain_device,
     "shows what a device ran at a time, and all that led to it", "Slot by slot: version and variant, who deployed them and when, and of each version its "
     "artifacts, signers, metrics, approvals, deployments, runs, datasets and code."},
    {"explain version", "MODEL@VERSION", 1, 1, flags_lineage_explain, cmd_explain_version,
     "shows who made, signed, approved and deployed a version, on what evidence", NULL},
    {"impact", "NODE", 1, 1, flags_lineage_explain, cmd_explain_impact,
     "shows which devices run, ran or shall run anything made from a node", "Such as dataset:faces@3; from when to when each device ran it."},
    {"audit key", "", 0, 0, audit_key_flags, cmd_audit_key,
     "shows the key with which the server signs reports and checkpoints", "Keep the public half where the server cannot reach it: modelferry audit verify takes it."},
    {"audit checkpoint", "", 0, 0, NULL, cmd_audit_verify_checkpoint,
     "has the server sign the audit log as far as it goes", "It does so every hour by itself."},
    {"audit verify", "[FILE]", 0, 1, audit_verify_flags, cmd_audit_verify,
     "finds what was changed in the audit log behind the server's back", "FILE may be a report, too: it is checked without a server. Otherwise reads all of the log "
     "from the server, or from a FILE that --export wrote, and checks every "
     "entry "
     "against the chain, the signed checkpoints and what was verified before. Exits with 5 where "
     "something was edited, dropped, reordered or cut off, and says what."},
    {"inspect", "FILE...", 1, -1, NULL, cmd_inspect_inspect,
     "shows what model files say of themselves", "Needs no server, and runs nothing of them. Files that belong together, such as a model and "
     "its weights, are named together."},
    {"completion", "SHELL", 1, 1, NULL, cmd_help_completion, "prints a completion script: bash",
     "Try: source <(modelferry completion bash)"},
    {"help", "[COMMAND]", 0, 3, NULL, cmd_help_help, "shows help", NULL},
    {"version", "", 0, 0, NULL, cmd_help_version, "shows the version", NULL},
    {.words = NULL},
  /* clang-format on */
};
