/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/keys/passphrase.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "cli/prompt.h"
#include "crypto/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define VARIABLE "MODELFERRY_PASSPHRASE"
#define FILE_VARIABLE "MODELFERRY_PASSPHRASE_FILE"

void passphrase_wipe(struct passphrase *passphrase)
{
    if (passphrase)
        secret_wipe(passphrase, sizeof(*passphrase));
}

static const char *variable(const char *name)
{
    const char *value = getenv(name);

    return value && *value ? value : NULL;
}

static const char *named_file(const struct cli *cli)
{
    return cli->flags.passphrase_file ? cli->flags.passphrase_file : variable(FILE_VARIABLE);
}

bool passphrase_asks_people(const struct cli *cli)
{
    return !named_file(cli) && !variable(VARIABLE) && prompt_possible(cli);
}

bool passphrase_possible(const struct cli *cli)
{
    return named_file(cli) || variable(VARIABLE) || prompt_possible(cli);
}

/* ---- sources ------------------------------------------------------------------------------- */

static int refuse_file(struct cli *cli, const char *path, const char *hint, const char *why)
{
    return output_fail(&cli->output, CLI_FAILED, hint, "cannot take the passphrase from '%s': %s",
                       path, why);
}

/* Up to the end or until it is full: a pipe gives what it has bit by bit. */
static ssize_t read_some(int fd, char *bytes, size_t capacity)
{
    size_t size = 0;

    while (size < capacity) {
        ssize_t count = read(fd, bytes + size, capacity - size);

        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return -1;
        if (count == 0)
            break;
        size += (size_t)count;
    }
    return (ssize_t)size;
}

/* The first line of a file, a pipe or a descriptor. */
static int read_file(struct cli *cli, const char *path, struct passphrase *ret)
{
    AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    struct stat stat;
    ssize_t size;

    if (fd < 0 || fstat(fd, &stat) < 0)
        return refuse_file(cli, path, NULL, strerror(errno));
    if (S_ISREG(stat.st_mode) && stat.st_mode & (S_IRWXG | S_IRWXO))
        return refuse_file(cli, path, "chmod 600 it", "others may read it");
    size = read_some(fd, ret->text, sizeof(ret->text) - 1);
    if (size < 0)
        return refuse_file(cli, path, NULL, strerror(errno));
    ret->text[size] = '\0';
    if (strlen(ret->text) != (size_t)size)
        return refuse_file(cli, path, NULL, "it holds a NUL byte");
    ret->text[strcspn(ret->text, "\r\n")] = '\0';
    if (strlen(ret->text) > PASSPHRASE_BYTES_MAX)
        return refuse_file(cli, path, NULL, "its first line is longer than 1024 bytes");
    if (!*ret->text)
        return refuse_file(cli, path, NULL, "its first line is empty");
    return 0;
}

static int read_terminal(struct cli *cli, const char *label, struct passphrase *ret)
{
    int r = prompt_secret(cli, label, ret->text, sizeof(ret->text));

    if (!r && strlen(ret->text) > PASSPHRASE_BYTES_MAX)
        r = cli_usage(cli, "a passphrase has at most %d bytes", PASSPHRASE_BYTES_MAX);
    return r;
}

static int read_source(struct cli *cli, const char *file, const char *label, struct passphrase *ret)
{
    const char *value = variable(VARIABLE);

    if (file)
        return read_file(cli, file, ret);
    if (!value)
        return read_terminal(cli, label, ret);
    if (strlen(value) > PASSPHRASE_BYTES_MAX)
        return cli_usage(cli, "%s is longer than %d bytes", VARIABLE, PASSPHRASE_BYTES_MAX);
    (void)snprintf(ret->text, sizeof(ret->text), "%s", value);
    return 0;
}

/* ---- what is asked for --------------------------------------------------------------------- */

int passphrase_read(struct cli *cli, const char *subject, struct passphrase *ret)
{
    if (!passphrase_possible(cli))
        return output_fail(&cli->output, CLI_FAILED,
                           "give it by --passphrase-file FILE, by " FILE_VARIABLE
                           " or by " VARIABLE,
                           "%s is sealed, and nobody is there to ask for its passphrase", subject);
    return read_source(cli, named_file(cli),
                       arena_printf(&cli->arena, "passphrase of %s: ", subject), ret);
}

static int repeat(struct cli *cli, const struct passphrase *first)
{
    CLEANUP(passphrase_wipe) struct passphrase second = {{0}};
    int r = read_terminal(cli, "once more: ", &second);

    if (!r && strcmp(first->text, second.text) != 0)
        r = output_fail(&cli->output, CLI_FAILED, NULL, "the two passphrases differ");
    return r;
}

static int check_new(struct cli *cli, const struct passphrase *passphrase)
{
    if (strlen(passphrase->text) >= PASSPHRASE_BYTES_MIN)
        return 0;
    return output_fail(&cli->output, CLI_FAILED,
                       "take a longer one, or say --no-passphrase and guard the file",
                       "a passphrase has at least %d bytes", PASSPHRASE_BYTES_MIN);
}

static int type_new(struct cli *cli, const char *subject, struct passphrase *ret)
{
    int r = read_terminal(cli, arena_printf(&cli->arena, "new passphrase of %s: ", subject), ret);

    if (!r)
        r = check_new(cli, ret);
    return r ? r : repeat(cli, ret);
}

int passphrase_choose(struct cli *cli, const char *subject, struct passphrase *ret)
{
    int r;

    if (passphrase_asks_people(cli))
        return type_new(cli, subject, ret);
    r = read_source(cli, named_file(cli), "", ret);
    return r ? r : check_new(cli, ret);
}

int passphrase_change(struct cli *cli, const char *subject, struct passphrase *ret)
{
    const char *file = cli->flags.new_passphrase_file;
    int r;

    if (!file && !prompt_possible(cli))
        return cli_usage(cli, "say --new-passphrase-file FILE, or --no-passphrase");
    if (!file)
        return type_new(cli, subject, ret);
    r = read_file(cli, file, ret);
    return r ? r : check_new(cli, ret);
}
