/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/fleet/cmd_device.h"

#include "base/cleanup.h"
#include "cli/listing.h"
#include "cli/server.h"
#include "cli/units.h"
#include "model/name.h"

#include <string.h>

static const struct listing_column list_columns[] = {
    {"NAME",       "name",         LISTING_NAME },
    {"STATE",      "state",        LISTING_STATE},
    {"ONLINE",     "online",       LISTING_STATE},
    {"LAST SEEN",  "last_seen_at", LISTING_WHEN },
    {"ENROLLED",   "enrolled_at",  LISTING_WHEN },
    {"ATTRIBUTES", "attributes",   LISTING_PAIRS},
};

static const struct listing_column sheet_columns[] = {
    {"device",        "name",            LISTING_NAME  },
    {"id",            "id",              LISTING_TEXT  },
    {"state",         "state",           LISTING_STATE },
    {"online",        "online",          LISTING_STATE },
    {"last seen",     "last_seen_at",    LISTING_WHEN  },
    {"enrolled",      "enrolled_at",     LISTING_WHEN  },
    {"attributes",    "attributes",      LISTING_PAIRS },
    {"can run",       "can_run",         LISTING_VALUES},
    {"desired state", "desired.version", LISTING_TEXT  },
};

static const struct table_column slot_columns[] = {
    {"SLOT",       false},
    {"SHOULD RUN", false},
    {"RUNS",       false},
    {"STATE",      false},
    {"GAP",        true },
    {"REPORTED",   false},
    {"PROBLEM",    false},
};

static const struct table_column detected_columns[] = {
    {"CHECK",   false},
    {"FILE",    false},
    {"SINCE",   false},
    {"PROBLEM", false},
};

static const struct table_column report_columns[] = {
    {"SEQUENCE", true },
    {"TIME",     false},
    {"SLOT",     false},
    {"STATE",    false},
    {"VERSION",  false},
    {"GAP",      true },
    {"PROBLEM",  false},
};

static int check_device(struct cli *cli, const char *device)
{
    const char *expected = name_check(device);

    if (expected)
        return cli_usage(cli, "'%s' is no name of a device: %s", device, expected);
    return 0;
}

int cmd_device_ls(void *context, int operands, char **operand)
{
    struct cli *cli = context;
    CLEANUP(server_close) struct server server = {0};
    json_auto_t *devices = NULL;
    int r;

    (void)operands;
    (void)operand;
    r = server_open(cli, &server);
    if (!r)
        r = server_list(&server, "list devices", SERVER_ADDRESS(&server, "devices"),
                        cli->flags.online ? "online=true" : "", cli->flags.limit, &devices);
    if (r)
        return r;
    listing_print(cli, list_columns, ARRAY_LEN(list_columns), devices,
                  cli->flags.online
                      ? "no device is connected"
                      : "there are no devices; enrol one: modelferry enrolment create NAME");
    return CLI_OK;
}

/* ---- show --------------------------------------------------------------------------------- */

/* "digits@1.0.0 onnx/cpu/fp32", or NULL. */
static const char *slot_text(struct cli *cli, const json_t *slot)
{
    const char *model = json_string_value(json_object_get(slot, "model"));
    const char *version = json_string_value(json_object_get(slot, "version"));
    const char *variant = json_string_value(json_object_get(slot, "variant"));

    if (!model || !version)
        return NULL;
    return arena_printf(&cli->arena, "%s@%s%s%s", model, version, variant ? " " : "",
                        variant ? variant : "");
}

static const char *gap_text(struct cli *cli, const json_t *slot)
{
    const json_t *gap = json_object_get(slot, "gap_us");
    char *text;

    if (!json_is_integer(gap))
        return NULL;
    text = arena_alloc(&cli->arena, UNITS_SIZE);
    units_duration(json_integer_value(gap), text);
    return text;
}

/* "arbitrary-software: the manifest …", or NULL. */
static const char *error_text(struct cli *cli, const json_t *slot)
{
    const char *code = json_string_value(listing_member(slot, "error.code"));
    const char *detail = json_string_value(listing_member(slot, "error.detail"));

    if (!code)
        return NULL;
    return detail ? arena_printf(&cli->arena, "%s: %s", code, detail) : code;
}

static enum output_style state_style(const char *state)
{
    if (!state)
        return OUTPUT_PLAIN;
    return strcmp(state, "installed") == 0 ? OUTPUT_GOOD
           : strcmp(state, "failed") == 0  ? OUTPUT_BAD
                                           : OUTPUT_PLAIN;
}

/* What serves now is not what the last report of the slot is about, where that was a failure. */
static void add_slot(struct cli *cli, struct table *table, const char *name, const json_t *device)
{
    const json_t *desired =
        json_object_get(json_object_get(json_object_get(device, "desired"), "slots"), name);
    const json_t *serving = json_object_get(json_object_get(device, "serving"), name);
    const json_t *installed = json_object_get(json_object_get(device, "installed"), name);
    struct table_row *row = table_add(table);
    const char *state = json_string_value(json_object_get(installed, "state"));
    const json_t *time = json_object_get(installed, "received_at");

    table_set(table, row, 0, name, OUTPUT_BOLD);
    table_set(table, row, 1, slot_text(cli, desired), OUTPUT_PLAIN);
    table_set(table, row, 2, slot_text(cli, serving), OUTPUT_PLAIN);
    table_set(table, row, 3, state, state_style(state));
    table_set(table, row, 4, gap_text(cli, installed), OUTPUT_PLAIN);
    table_set(table, row, 5, time ? listing_text(cli, time, LISTING_WHEN, false) : NULL,
              OUTPUT_PLAIN);
    table_set(table, row, 6, error_text(cli, installed), OUTPUT_BAD);
}

/* What is asked for and what is there, a row a slot. */
static void print_slots(struct cli *cli, const json_t *device)
{
    CLEANUP(table_release)
    struct table table = {.columns = slot_columns, .count = ARRAY_LEN(slot_columns)};
    json_t *desired = json_object_get(json_object_get(device, "desired"), "slots");
    json_t *installed = json_object_get(device, "installed");
    const char *name;
    json_t *slot;

    json_object_foreach (desired, name, slot)
        add_slot(cli, &table, name, device);
    json_object_foreach (installed, name, slot)
        if (!json_object_get(desired, name))
            add_slot(cli, &table, name, device);
    if (table.rows == 0 || cli->output.json)
        return;
    (void)fputc('\n', cli->output.out);
    table_print(&table, &cli->output);
}

/* What the device refused, and why: an attack, or something that an operator can mend. */
static void print_detected(struct cli *cli, const json_t *device)
{
    CLEANUP(table_release)
    struct table table = {.columns = detected_columns, .count = ARRAY_LEN(detected_columns)};
    size_t i;
    json_t *item;

    json_array_foreach (json_object_get(device, "detected"), i, item) {
        const char *repository = json_string_value(json_object_get(item, "repository"));
        const char *file = json_string_value(json_object_get(item, "file"));
        struct table_row *row = table_add(&table);

        table_set(&table, row, 0, json_string_value(json_object_get(item, "check")), OUTPUT_BAD);
        table_set(&table, row, 1,
                  arena_printf(&cli->arena, "%s%s%s", repository ? repository : "",
                               repository ? " " : "", file ? file : ""),
                  OUTPUT_PLAIN);
        table_set(&table, row, 2,
                  listing_text(cli, json_object_get(item, "time"), LISTING_WHEN, false),
                  OUTPUT_PLAIN);
        table_set(&table, row, 3, json_string_value(json_object_get(item, "detail")), OUTPUT_PLAIN);
    }
    if (table.rows == 0 || cli->output.json)
        return;
    (void)fputs("\nThe device refused:\n", cli->output.out);
    table_print(&table, &cli->output);
}

static json_t *capability_texts(struct cli *cli, const json_t *device)
{
    json_t *texts = json_array();
    size_t index;
    json_t *one;

    json_array_foreach (json_object_get(device, "capabilities"), index, one) {
        const char *runtime = json_string_value(json_object_get(one, "runtime"));
        const char *hardware = json_string_value(json_object_get(one, "hardware"));

        (void)json_array_append_new(
            texts, json_string(arena_printf(&cli->arena, "%s/%s", runtime ? runtime : "?",
                                            hardware ? hardware : "?")));
    }
    return texts;
}

int cmd_device_show(void *context, int operands, char **operand)
{
    struct cli *cli = context;
    CLEANUP(server_close) struct server server = {0};
    json_auto_t *device = NULL;
    int r;

    (void)operands;
    r = check_device(cli, operand[0]);
    if (!r)
        r = server_open(cli, &server);
    if (!r)
        r = server_get(&server, arena_printf(&cli->arena, "show device '%s'", operand[0]),
                       SERVER_ADDRESS(&server, "devices", operand[0]), &device);
    if (r)
        return r;
    output_json(&cli->output, device);
    (void)json_object_set_new(device, "can_run", capability_texts(cli, device));
    listing_print_sheet(cli, sheet_columns, ARRAY_LEN(sheet_columns), device);
    print_slots(cli, device);
    print_detected(cli, device);
    return CLI_OK;
}

/* ---- reports ------------------------------------------------------------------------------ */

/* A report as the device signed it: an envelope, or the signed part alone. */
static const json_t *signed_part(const json_t *report)
{
    const json_t *envelope = json_object_get(report, "report");
    const json_t *part = json_object_get(envelope ? envelope : report, "signed");

    return part ? part : report;
}

static void add_report(struct cli *cli, struct table *table, const json_t *report)
{
    json_t *slots = json_object_get(report, "slots");
    const char *name;
    json_t *slot;

    json_object_foreach (slots, name, slot) {
        struct table_row *row = table_add(table);
        const char *state = json_string_value(json_object_get(slot, "state"));

        table_set(table, row, 0,
                  listing_text(cli, json_object_get(report, "sequence"), LISTING_TEXT, false),
                  OUTPUT_PLAIN);
        table_set(table, row, 1,
                  listing_text(cli, json_object_get(report, "time"), LISTING_WHEN, false),
                  OUTPUT_PLAIN);
        table_set(table, row, 2, name, OUTPUT_BOLD);
        table_set(table, row, 3, state, state_style(state));
        table_set(table, row, 4, slot_text(cli, slot), OUTPUT_PLAIN);
        table_set(table, row, 5, gap_text(cli, slot), OUTPUT_PLAIN);
        table_set(table, row, 6, error_text(cli, slot), OUTPUT_BAD);
    }
}

int cmd_device_reports(void *context, int operands, char **operand)
{
    struct cli *cli = context;
    CLEANUP(server_close) struct server server = {0};
    CLEANUP(table_release)
    struct table table = {.columns = report_columns, .count = ARRAY_LEN(report_columns)};
    json_auto_t *reports = NULL;
    size_t index;
    json_t *report;
    int r;

    (void)operands;
    r = check_device(cli, operand[0]);
    if (!r)
        r = server_open(cli, &server);
    if (!r)
        r = server_list(&server, arena_printf(&cli->arena, "list the reports of '%s'", operand[0]),
                        SERVER_ADDRESS(&server, "devices", operand[0], "reports"), "",
                        cli->flags.limit, &reports);
    if (r)
        return r;
    output_json(&cli->output, reports);
    json_array_foreach (json_object_get(reports, "items"), index, report)
        add_report(cli, &table, signed_part(report));
    if (table.rows == 0)
        output_note(&cli->output, "device '%s' has not reported anything yet", operand[0]);
    else
        table_print(&table, &cli->output);
    return CLI_OK;
}

int cmd_device_revoke(void *context, int operands, char **operand)
{
    struct cli *cli = context;
    CLEANUP(server_close) struct server server = {0};
    json_auto_t *document = json_pack("{s:s, s:b}", "device", operand[0], "revoked", 1);
    int r;

    (void)operands;
    r = check_device(cli, operand[0]);
    if (!r)
        r = server_open(cli, &server);
    if (!r)
        r = server_ask(&server,
                       &(struct server_question){
                           .what = arena_printf(&cli->arena, "revoke device '%s'", operand[0]),
                           .method = "DELETE",
                           .address = SERVER_ADDRESS(&server, "devices", operand[0]),
                       },
                       NULL, NULL);
    if (r)
        return r;
    output_json(&cli->output, document);
    output_line(&cli->output, "revoked device '%s'", operand[0]);
    return CLI_OK;
}
