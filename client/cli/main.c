/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"
#include "cli/cli.h"
#include "crypto/secret.h"

#include <signal.h>

int main(int argc, char **argv)
{
    /* A reader that went away is seen where it is written to. */
    (void)signal(SIGPIPE, SIG_IGN);
    log_configure(LOG_WARN, LOG_PLAIN);
    if (!secret_init()) {
        log_line(LOG_ERROR, "the system gives no randomness");
        return CLI_FAILED;
    }
    return cli_run(clock_system(), stdin, stdout, stderr, argc, argv);
}
