/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The main() of fuzz targets in builds without libFuzzer: gives each file, and each file in each
 * folder, to the target once. Options (a leading '-') are libFuzzer's and skipped.
 */

#include "fuzz.h"

#include "base/cleanup.h"
#include "base/file.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>

#define INPUT_MAX ((size_t)4 << 20)

DEFINE_CLEANUP(cleanup_closedir, DIR *, (void)closedir);

static int replay_file(const char *path)
{
    AUTO_FREE char *bytes = NULL;
    AUTO_FREE uint8_t *exact = NULL;
    size_t size;

    if (file_read(AT_FDCWD, path, INPUT_MAX, &bytes, &size)) {
        (void)fprintf(stderr, "cannot read '%s'\n", path);
        return -1;
    }
    /* without the NUL behind it, so that AddressSanitizer sees a read past the end */
    exact = malloc(size ? size : 1);
    if (!exact)
        return -1;
    memcpy(exact, bytes, size);
    (void)LLVMFuzzerTestOneInput(exact, size);
    return 0;
}

/* Returns how many files there were, or -1. */
static int replay(const char *path)
{
    CLEANUP(cleanup_closedir) DIR *dir = opendir(path);
    int count = 0;

    if (!dir)
        return replay_file(path) ? -1 : 1;
    for (struct dirent *entry = readdir(dir); entry; entry = readdir(dir)) {
        char file[PATH_MAX];

        if (entry->d_name[0] == '.')
            continue;
        (void)snprintf(file, sizeof(file), "%s/%s", path, entry->d_name);
        if (replay_file(file))
            return -1;
        count++;
    }
    return count;
}

int main(int argc, char **argv)
{
    int total = 0;

    for (int i = 1; i < argc; i++) {
        int count;

        if (argv[i][0] == '-')
            continue;
        count = replay(argv[i]);
        if (count < 0)
            return 1;
        total += count;
    }
    (void)printf("%d inputs replayed\n", total);
    return total > 0 ? 0 : 1;
}
