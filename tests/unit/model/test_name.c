/* SPDX-License-Identifier: Apache-2.0 */
#include "model/name.h"

#include "base/cleanup.h"
#include "suite.h"
#include "json/fields.h"

#include <string.h>

/* A row of good or bad texts for one rule. */
struct row {
    fields_check *check;
    const char *text;
};

static const struct row good[] = {
    {name_check,           "a"                      },
    {name_check,           "0"                      },
    {name_check,           "box-detector"           },
    {name_check,           "a.b_c-9"                },
    {name_check_version,   "7"                      },
    {name_check_version,   "1.4.0-rc.1+build5"      },
    {name_check_alias,     "champion"               },
    {name_check_alias,     "v1a"                    },
    {name_check_alias,     "vision"                 },
    {name_check_dataset,   "dataset:mnist@2"        },
    {name_check_dataset,   "Straße 7"              },
    {name_check_part,      "onnx"                   },
    {name_check_part,      "sm8650-htp"             },
    {name_check_part,      "c++.x_1"                },
    {name_check_tag_key,   "Team/Vision.x_y-z"      },
    {name_check_tag_key,   "/"                      },
    {name_check_tag_value, ""                       },
    {name_check_tag_value, "anything\nat all"       },
    {name_check_metric,    "0"                      },
    {name_check_metric,    "-12.50"                 },
    {name_check_metric,    "1e-9"                   },
    {name_check_metric,    "0.5E+10"                },
    {name_check_metric,    "007"                    },
    {name_check_artifact,  "model.onnx"             },
    {name_check_artifact,  "_x"                     },
    {name_check_artifact,  "M"                      },
    {name_check_artifact,  "a..b+c"                 },
    {name_check_label,     "Alice's laptop \xc3\xa4"},
};

static const struct row bad[] = {
    {name_check,          ""         },
    {name_check,          "A"        },
    {name_check,          "-a"       },
    {name_check,          ".a"       },
    {name_check,          "_a"       },
    {name_check,          "a b"      },
    {name_check,          "a/b"      },
    {name_check,          "\xc3\xa4" },
    {name_check,          "a\n"      },
    {name_check_version,  ""         },
    {name_check_version,  "1.2"      },
    {name_check_alias,    "7"        },
    {name_check_alias,    "v7"       },
    {name_check_alias,    "v"        },
    {name_check_alias,    "1.0.0"    },
    {name_check_alias,    "latest"   },
    {name_check_alias,    "Champion" },
    {name_check_dataset,  ""         },
    {name_check_dataset,  "a\nb"     },
    {name_check_part,     ""         },
    {name_check_part,     "a/b"      },
    {name_check_part,     "+a"       },
    {name_check_part,     "FP32"     },
    {name_check_tag_key,  ""         },
    {name_check_tag_key,  "a b"      },
    {name_check_tag_key,  "a=b"      },
    {name_check_metric,   ""         },
    {name_check_metric,   "-"        },
    {name_check_metric,   "."        },
    {name_check_metric,   ".5"       },
    {name_check_metric,   "5."       },
    {name_check_metric,   "+5"       },
    {name_check_metric,   "1e"       },
    {name_check_metric,   "1e+"      },
    {name_check_metric,   "NaN"      },
    {name_check_metric,   "inf"      },
    {name_check_metric,   "0x10"     },
    {name_check_metric,   "1 "       },
    {name_check_artifact, ""         },
    {name_check_artifact, "."        },
    {name_check_artifact, ".."       },
    {name_check_artifact, "../x"     },
    {name_check_artifact, "a/b"      },
    {name_check_artifact, "-rf"      },
    {name_check_artifact, ".hidden"  },
    {name_check_artifact, "a\\b"     },
    {name_check_label,    ""         },
    {name_check_label,    "a\x1b[31m"},
    {name_check_label,    "a\x7f"    },
    {name_check_label,    "a\xff"    },
};

START_TEST(takes_what_the_rules_allow)
{
    for (size_t i = 0; i < ARRAY_LEN(good); i++)
        ck_assert_msg(good[i].check(good[i].text) == NULL, "'%s' expected to pass, row %zu",
                      good[i].text, i);
}
END_TEST

START_TEST(refuses_the_rest_and_says_what_it_wants)
{
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        const char *expected = bad[i].check(bad[i].text);

        ck_assert_msg(expected != NULL && strlen(expected) > 5, "'%s', row %zu", bad[i].text, i);
    }
}
END_TEST

static const struct {
    fields_check *check;
    size_t max;
} lengths[] = {
    {name_check,           NAME_MAX_BYTES          },
    {name_check_version,   NAME_VERSION_MAX_BYTES  },
    {name_check_part,      NAME_PART_MAX_BYTES     },
    {name_check_tag_key,   NAME_TAG_KEY_MAX_BYTES  },
    {name_check_tag_value, NAME_TAG_VALUE_MAX_BYTES},
    {name_check_metric,    NAME_METRIC_MAX_BYTES   },
    {name_check_artifact,  NAME_ARTIFACT_MAX_BYTES },
    {name_check_label,     128                     },
};

START_TEST(lengths_are_counted_to_the_byte)
{
    for (size_t i = 0; i < ARRAY_LEN(lengths); i++) {
        char text[2048] = "";

        memset(text, '1', lengths[i].max);
        ck_assert_ptr_null(lengths[i].check(text));
        text[lengths[i].max] = '1';
        ck_assert_ptr_nonnull(lengths[i].check(text));
    }
}
END_TEST

int main(void)
{
    return SUITE_RUN("model/name", takes_what_the_rules_allow,
                     refuses_the_rest_and_says_what_it_wants, lengths_are_counted_to_the_byte);
}
