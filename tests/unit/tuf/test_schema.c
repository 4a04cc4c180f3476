/* SPDX-License-Identifier: Apache-2.0 */
#include "tuf/schema.h"

#include "base/cleanup.h"
#include "suite.h"

#include <string.h>

#define HEAD(type) "\"_type\":\"" type "\",\"spec_version\":\"1.0.33\""
#define KEY "\"k\":{\"keytype\":\"ed25519\",\"scheme\":\"ed25519\",\"keyval\":{\"public\":\"00\"}}"
#define ROLE "{\"keyids\":[\"k\"],\"threshold\":1}"
#define ROLES                                                                                      \
    "\"roles\":{\"root\":" ROLE ",\"timestamp\":" ROLE ",\"snapshot\":" ROLE ",\"targets\":" ROLE  \
    "}"
#define META(name) "\"meta\":{\"" name "\":{\"version\":1}}"
#define DELEGATIONS(role)                                                                          \
    "{" HEAD("targets") ",\"targets\":{},\"delegations\":{\"keys\":{" KEY "},\"roles\":[" role "]" \
                        "}"                                                                        \
                        "}"
#define DELEGATED(rest)                                                                            \
    "{\"name\":\"a\",\"keyids\":[\"k\"],\"threshold\":1,\"terminating\":true" rest "}"

static const struct {
    const char *type;
    const char *json;
    const char *reason; /* NULL: well-formed */
} cases[] = {
    {"root",      "{" HEAD("root") ",\"keys\":{" KEY "}," ROLES "}",                               NULL          },
    {"root",      "{" HEAD("root") ",\"keys\":{" KEY "}," ROLES ",\"x\":1}",                       NULL          },
    {"root",      "{" HEAD("root") ",\"keys\":{}}",                                                "root"        },
    {"root",      "{" HEAD("root") ",\"keys\":{\"k\":{}}," ROLES "}",                              "keytype"     },
    {"root",      "{" HEAD("root") "," ROLES "}",                                                  "keys"        },
    {"root",      "{" HEAD("targets") ",\"keys\":{" KEY "}," ROLES "}",                            "_type"       },
    {"root",      "{\"_type\":\"root\",\"spec_version\":\"2.0\",\"keys\":{}," ROLES "}",           "spec_version"},
    {"root",      "{" HEAD("root") ",\"keys\":{" KEY "}," ROLES ",\"consistent_snapshot\":1}",
     "consistent"                                                                                                },
    {"timestamp", "{" HEAD("timestamp") "," META("snapshot.json") "}",                             NULL          },
    {"timestamp", "{" HEAD("timestamp") "," META("targets.json") "}",                              "snapshot"    },
    {"timestamp", "{" HEAD("timestamp") ",\"meta\":{\"snapshot.json\":{}}}",                       "version"     },
    {"timestamp",
     "{" HEAD("timestamp") ",\"meta\":{\"snapshot.json\":{\"version\":1,\"length\":-1}}}",
     "length"                                                                                                    },
    {"timestamp",
     "{" HEAD("timestamp") ",\"meta\":{\"snapshot.json\":{\"version\":1,\"hashes\":{}}}}",
     "hashes"                                                                                                    },
    {"snapshot",  "{" HEAD("snapshot") "," META("targets.json") "}",                               NULL          },
    {"snapshot",  "{" HEAD("snapshot") ",\"meta\":{}}",                                            "targets.json"},
    {"targets",   "{" HEAD("targets") ",\"targets\":{}}",                                          NULL          },
    {"targets",   "{" HEAD("targets") "}",                                                         "targets"     },
    {"targets",   "{" HEAD("targets") ",\"targets\":{\"a\":{\"length\":1}}}",                      "hashes"      },
    {"targets",
     "{" HEAD("targets") ",\"targets\":{\"a\":{\"length\":\"1\",\"hashes\":{\"sha256\":\"0\"}}}}",
     "length"                                                                                                    },
    {"targets",   DELEGATIONS(DELEGATED(",\"paths\":[\"*\"]")),                                    NULL          },
    {"targets",   DELEGATIONS(DELEGATED("")),                                                      "paths"       },
    {"targets",   DELEGATIONS(DELEGATED(",\"paths\":[1]")),                                        "strings"     },
    {"targets",   DELEGATIONS(DELEGATED(",\"paths\":[],\"path_hash_prefixes\":[]")),               "paths"       },
    {"targets",   DELEGATIONS(DELEGATED(",\"paths\":[]") "," DELEGATED(",\"paths\":[]")),          "twice"       },
    {"targets",
     DELEGATIONS("{\"name\":\"root\",\"keyids\":[\"k\"],\"threshold\":1,"
                 "\"terminating\":true,\"paths\":[]}"),
     "top-level"                                                                                                 },
    {"targets",
     DELEGATIONS("{\"name\":\"a\",\"keyids\":[\"k\",\"k\"],\"threshold\":1,"
                 "\"terminating\":true,\"paths\":[]}"),
     "twice"                                                                                                     },
    {"targets",
     DELEGATIONS("{\"name\":\"a\",\"keyids\":[\"k\"],\"threshold\":0,"
                 "\"terminating\":true,\"paths\":[]}"),
     "threshold"                                                                                                 },
};

START_TEST(says_what_is_wrong_with_a_file)
{
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        json_auto_t *part = json_loads(cases[i].json, 0, NULL);
        struct reason reason = {{0}};
        int r;

        ck_assert_msg(part != NULL, "%s", cases[i].json);
        r = schema_check(part, cases[i].type, &reason);
        ck_assert_msg(r == (cases[i].reason ? SCHEMA_E_FORMAT : 0), "%s: %s", cases[i].json,
                      reason.text);
        if (cases[i].reason)
            ck_assert_msg(strstr(reason.text, cases[i].reason) != NULL, "%s: %s", cases[i].json,
                          reason.text);
    }
}
END_TEST

int main(void)
{
    return SUITE_RUN("tuf/schema", says_what_is_wrong_with_a_file);
}
