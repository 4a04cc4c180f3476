/* SPDX-License-Identifier: Apache-2.0 */
#include "http/proxies.h"

#include "base/cleanup.h"
#include "suite.h"

#include <stdio.h>
#include <string.h>

#define TRUSTED "127.0.0.1, 10.0.0.0/8 fd00::/8,::1"

static void expect(enum proxies_header header, const char *peer, const char *const *values,
                   const char *client)
{
    struct proxies proxies = {.header = header};
    char address[PROXIES_ADDRESS_SIZE];
    size_t count = 0;

    ck_assert(proxies_parse(TRUSTED, &proxies));
    while (values[count])
        count++;
    (void)snprintf(address, sizeof(address), "%s", peer);
    proxies_resolve(&proxies, values, count, address);
    ck_assert_msg(strcmp(address, client) == 0, "%s, %s: %s instead of %s", peer,
                  count ? values[0] : "nothing", address, client);
}

START_TEST(believes_what_a_trusted_proxy_appended)
{
    static const struct {
        const char *peer;
        const char *values[3];
        const char *client;
    } rows[] = {
        {"127.0.0.1",        {NULL},                                              "127.0.0.1"      },
        {"127.0.0.1",        {"192.0.2.7"},                                       "192.0.2.7"      },
        {"127.0.0.1",        {"6.6.6.6, 192.0.2.7"},                              "192.0.2.7"      },
        {"127.0.0.1",        {"6.6.6.6", "192.0.2.7"},                            "192.0.2.7"      },
        {"127.0.0.1",        {"6.6.6.6,192.0.2.7 ,10.1.2.3"},                     "192.0.2.7"      },
        {"10.255.0.1",       {"192.0.2.7, 10.1.2.3", "10.9.9.9"},                 "192.0.2.7"      },
        {"127.0.0.1",        {"10.1.2.3"},                                        "10.1.2.3"       },
        {"::ffff:127.0.0.1", {"192.0.2.7"},                                       "192.0.2.7"      },
        {"::1",              {"2001:db8::7"},                                     "2001:db8::7"    },
        {"fd12::1",          {"[2001:db8::7]:4711"},                              "2001:db8::7"    },
        {"127.0.0.1",        {"192.0.2.7:4711"},                                  "192.0.2.7"      },
        {"127.0.0.1",        {"::ffff:192.0.2.7"},                                "192.0.2.7"      },
 /* nobody whom we trust says so */
        {"192.0.2.1",        {"6.6.6.6"},                                         "192.0.2.1"      },
        {"11.0.0.1",         {"6.6.6.6"},                                         "11.0.0.1"       },
        {"::ffff:11.0.0.1",  {"6.6.6.6"},                                         "::ffff:11.0.0.1"},
        {"-",                {"6.6.6.6"},                                         "-"              },
 /* what makes no sense ends it: what stands before was not appended by a proxy of ours */
        {"127.0.0.1",        {"6.6.6.6, unknown"},                                "127.0.0.1"      },
        {"127.0.0.1",        {"6.6.6.6, "},                                       "127.0.0.1"      },
        {"127.0.0.1",        {"6.6.6.6, x, 10.1.2.3"},                            "10.1.2.3"       },
        {"127.0.0.1",        {"[2001:db8::7"},                                    "127.0.0.1"      },
        {"127.0.0.1",        {"192.0.2.7 or so"},                                 "127.0.0.1"      },
        {"127.0.0.1",
         {"0000000000000000000000000000000000000000000000000000000000192.0.2.7"},
         "127.0.0.1"                                                                               },
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        expect(PROXIES_X_FORWARDED_FOR, rows[i].peer, rows[i].values, rows[i].client);
}
END_TEST

START_TEST(reads_the_standard_header)
{
    static const struct {
        const char *values[3];
        const char *client;
    } rows[] = {
        {{"for=192.0.2.7"},                                     "192.0.2.7"  },
        {{"For=192.0.2.7;proto=https;by=10.0.0.1"},             "192.0.2.7"  },
        {{"proto=https; for=\"192.0.2.7:80\""},                 "192.0.2.7"  },
        {{"for=6.6.6.6, for=\"[2001:db8::7]:80\";proto=https"}, "2001:db8::7"},
        {{"for=6.6.6.6, for=192.0.2.7, for=10.0.0.2"},          "192.0.2.7"  },
        {{"for=6.6.6.6", "for=192.0.2.7"},                      "192.0.2.7"  },
        {{"for=6.6.6.6, for=_hidden"},                          "127.0.0.1"  },
        {{"for=6.6.6.6, proto=https"},                          "127.0.0.1"  },
        {{"192.0.2.7"},                                         "127.0.0.1"  },
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        expect(PROXIES_FORWARDED, "127.0.0.1", rows[i].values, rows[i].client);
}
END_TEST

START_TEST(refuses_what_is_no_network)
{
    static const char *const wrong[] = {
        "x",       "10.0.0.0/33",  "10.0.0.0/", "10.0.0.0/-1", "10.0.0.0/8x",       "10.0.0",
        "::1/129", "10.0.0.0/8/8", "::1,y",     "/8",          "127.0.0.1;10.0.0.1"};
    struct proxies proxies = {0};
    char many[PROXIES_MAX * 9 + 10] = "";

    for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
        ck_assert_msg(!proxies_parse(wrong[i], &proxies), "%s", wrong[i]);
    ck_assert(proxies_parse(NULL, &proxies));
    ck_assert_uint_eq(proxies.count, 0);
    ck_assert(proxies_parse(" , ", &proxies));
    ck_assert_uint_eq(proxies.count, 0);
    for (int i = 0; i < PROXIES_MAX; i++)
        strcat(many, "10.0.0.0 ");
    ck_assert(proxies_parse(many, &proxies));
    strcat(many, "10.0.0.0");
    ck_assert(!proxies_parse(many, &proxies));
}
END_TEST

START_TEST(everybody_may_be_trusted)
{
    struct proxies proxies = {0};
    const char *const values[] = {"192.0.2.7, 198.51.100.1"};
    char address[PROXIES_ADDRESS_SIZE] = "203.0.113.1";

    ck_assert(proxies_parse("0.0.0.0/0 ::/0", &proxies));
    proxies_resolve(&proxies, values, 1, address);
    ck_assert_str_eq(address, "192.0.2.7");
}
END_TEST

int main(void)
{
    return SUITE_RUN("http/proxies", believes_what_a_trusted_proxy_appended,
                     reads_the_standard_header, refuses_what_is_no_network,
                     everybody_may_be_trusted);
}
