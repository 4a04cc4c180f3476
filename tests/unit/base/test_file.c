/* SPDX-License-Identifier: Apache-2.0 */
#include "base/file.h"

#include "base/cleanup.h"
#include "folder.h"
#include "suite.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

static void assert_contents(const struct folder *folder, const char *path, const char *expected)
{
    AUTO_FREE char *bytes = NULL;

    ck_assert_int_eq(file_read(folder->fd, path, 1000, &bytes, NULL), 0);
    ck_assert_str_eq(bytes, expected);
}

static bool exists(const struct folder *folder, const char *path)
{
    return faccessat(folder->fd, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

START_TEST(reads_what_it_replaced)
{
    CLEANUP(folder_release) struct folder folder = folder_make();
    AUTO_FREE char *bytes = NULL;
    size_t size;

    ck_assert_int_eq(file_replace(folder.fd, "a", "one\0two", 7, 0600), 0);
    ck_assert_int_eq(file_read(folder.fd, "a", 7, &bytes, &size), 0);
    ck_assert_uint_eq(size, 7);
    ck_assert_mem_eq(bytes, "one\0two", 8);
    ck_assert_int_eq(file_replace(folder.fd, "a", "", 0, 0600), 0);
    assert_contents(&folder, "a", "");
    ck_assert(!exists(&folder, "a.tmp"));
}
END_TEST

START_TEST(tells_missing_and_too_large_apart)
{
    CLEANUP(folder_release) struct folder folder = folder_make();
    char *bytes = NULL;

    ck_assert_int_eq(file_read(folder.fd, "a", 10, &bytes, NULL), FILE_E_MISSING);
    ck_assert_int_eq(file_read(folder.fd, "no/such", 10, &bytes, NULL), FILE_E_MISSING);
    ck_assert_int_eq(file_replace(folder.fd, "a", "12345", 5, 0600), 0);
    ck_assert_int_eq(file_read(folder.fd, "a", 4, &bytes, NULL), FILE_E_TOO_LARGE);
    ck_assert_ptr_null(bytes);
}
END_TEST

START_TEST(sets_the_mode)
{
    CLEANUP(folder_release) struct folder folder = folder_make();
    struct stat stat;

    (void)umask(0);
    ck_assert_int_eq(file_replace(folder.fd, "a", "x", 1, 0644), 0);
    ck_assert_int_eq(file_replace(folder.fd, "a", "x", 1, 0600), 0);
    ck_assert_int_eq(fstatat(folder.fd, "a", &stat, 0), 0);
    ck_assert_int_eq(stat.st_mode & 07777, 0600);
}
END_TEST

START_TEST(clears_what_a_crash_left)
{
    CLEANUP(folder_release) struct folder folder = folder_make();

    ck_assert_int_eq(file_replace(folder.fd, "a.tmp", "half of somethi", 15, 0666), 0);
    ck_assert_int_eq(file_replace(folder.fd, "a", "whole", 5, 0600), 0);
    assert_contents(&folder, "a", "whole");
    ck_assert(!exists(&folder, "a.tmp"));
}
END_TEST

/* A link planted where the temporary file goes must not redirect the write. */
START_TEST(never_writes_through_a_planted_link)
{
    CLEANUP(folder_release) struct folder folder = folder_make();

    ck_assert_int_eq(file_replace(folder.fd, "victim", "precious", 8, 0600), 0);
    ck_assert_int_eq(symlinkat("victim", folder.fd, "a.tmp"), 0);
    ck_assert_int_eq(file_replace(folder.fd, "a", "new", 3, 0600), 0);
    assert_contents(&folder, "victim", "precious");
    assert_contents(&folder, "a", "new");
}
END_TEST

/* Writing fails in the middle, as on a full disk: the old contents stay and nothing is left. */
START_TEST(keeps_the_old_contents_where_writing_fails)
{
    CLEANUP(folder_release) struct folder folder = folder_make();
    struct rlimit limit = {4096, 4096};
    static char large[8192];

    ck_assert_int_eq(file_replace(folder.fd, "a", "old", 3, 0600), 0);
    (void)signal(SIGXFSZ, SIG_IGN);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    ck_assert_int_lt(file_replace(folder.fd, "a", large, sizeof(large), 0600), 0);
    assert_contents(&folder, "a", "old");
    ck_assert(!exists(&folder, "a.tmp"));
}
END_TEST

START_TEST(a_full_disk_is_its_own_error)
{
    AUTO_CLOSE int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(file_write_all(fd, "x", 1), ERR_NO_SPACE);
}
END_TEST

#define LARGE 65536

/* Replaces "a" for ever, by all of one letter and then all of the next; a byte to `progress` each.
 */
static void replace_for_ever(const struct folder *folder, int progress)
{
    static char contents[LARGE];

    for (int round = 0;; round++) {
        memset(contents, 'a' + round % 26, sizeof(contents));
        if (file_replace(folder->fd, "a", contents, sizeof(contents), 0600) ||
            write(progress, "", 1) != 1)
            _exit(1);
    }
}

static void assert_whole(const struct folder *folder)
{
    AUTO_FREE char *bytes = NULL;
    char letter[2] = "";
    size_t size;

    ck_assert_int_eq(file_read(folder->fd, "a", LARGE, &bytes, &size), 0);
    ck_assert_uint_eq(size, LARGE);
    letter[0] = bytes[0];
    ck_assert_uint_eq(strspn(bytes, letter), LARGE);
}

/* Killed after so many replacements, somewhere in the next one. */
START_TEST(is_whole_after_a_kill_at_any_moment)
{
    CLEANUP(folder_release) struct folder folder = folder_make();

    for (int round = 1; round <= 25; round++) {
        int pipes[2];
        char byte;
        pid_t pid;

        ck_assert_int_eq(pipe(pipes), 0);
        pid = fork();
        ck_assert_int_ge(pid, 0);
        if (pid == 0)
            replace_for_ever(&folder, pipes[1]);
        for (int i = 0; i < round % 4 + 1; i++)
            ck_assert_int_eq(read(pipes[0], &byte, 1), 1);
        ck_assert_int_eq(kill(pid, SIGKILL), 0);
        ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
        (void)close(pipes[0]);
        (void)close(pipes[1]);
        assert_whole(&folder);
    }
    ck_assert_int_eq(file_replace(folder.fd, "a", "goes on", 7, 0600), 0);
    assert_contents(&folder, "a", "goes on");
}
END_TEST

START_TEST(points_links_at_new_targets)
{
    CLEANUP(folder_release) struct folder folder = folder_make();
    char target[16] = "";

    ck_assert_int_eq(file_replace_link(folder.fd, "current", "v1"), 0);
    ck_assert_int_eq(symlinkat("left by a crash", folder.fd, "current.tmp"), 0);
    ck_assert_int_eq(file_replace_link(folder.fd, "current", "v2"), 0);
    ck_assert_int_eq(readlinkat(folder.fd, "current", target, sizeof(target)), 2);
    ck_assert_str_eq(target, "v2");
    ck_assert(!exists(&folder, "current.tmp"));
}
END_TEST

START_TEST(makes_folders_above)
{
    CLEANUP(folder_release) struct folder folder = folder_make();

    ck_assert_int_eq(file_mkdirs(folder.fd, "a/b/c", 0700), 0);
    ck_assert_int_eq(file_mkdirs(folder.fd, "a/b/c", 0700), 0);
    ck_assert_int_eq(file_replace(folder.fd, "a/b/c/d", "x", 1, 0600), 0);
    ck_assert_int_eq(file_replace_link(folder.fd, "a/b/l", "c"), 0);
    ck_assert_int_lt(file_mkdirs(folder.fd, "a/b/c/d/e", 0700), 0);
}
END_TEST

START_TEST(removes_trees_and_follows_no_links)
{
    CLEANUP(folder_release) struct folder folder = folder_make();

    ck_assert_int_eq(file_mkdirs(folder.fd, "out", 0700), 0);
    ck_assert_int_eq(file_replace(folder.fd, "out/keep", "x", 1, 0600), 0);
    ck_assert_int_eq(file_mkdirs(folder.fd, "tree/sub", 0700), 0);
    ck_assert_int_eq(file_replace(folder.fd, "tree/sub/x", "x", 1, 0600), 0);
    ck_assert_int_eq(symlinkat("../out", folder.fd, "tree/link"), 0);
    ck_assert_int_eq(file_remove_tree(folder.fd, "tree"), 0);
    ck_assert(!exists(&folder, "tree"));
    ck_assert(exists(&folder, "out/keep"));
    ck_assert_int_eq(file_remove_tree(folder.fd, "tree"), 0);
    ck_assert_int_eq(symlinkat("out", folder.fd, "link"), 0);
    ck_assert_int_eq(file_remove_tree(folder.fd, "link"), 0);
    ck_assert(exists(&folder, "out/keep"));
}
END_TEST

/* A reader that takes little at a time: many short writes. */
START_TEST(writes_all_through_short_writes)
{
    static char sent[300000];
    size_t received = 0;
    int pipes[2];
    pid_t pid;

    memset(sent, 'x', sizeof(sent));
    ck_assert_int_eq(pipe(pipes), 0);
    pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        (void)close(pipes[0]);
        _exit(file_write_all(pipes[1], sent, sizeof(sent)) ? 1 : 0);
    }
    (void)close(pipes[1]);
    for (;;) {
        char piece[777];
        ssize_t count = read(pipes[0], piece, sizeof(piece));

        if (count <= 0)
            break;
        received += (size_t)count;
    }
    (void)close(pipes[0]);
    ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
    ck_assert_uint_eq(received, sizeof(sent));
}
END_TEST

START_TEST(creates_once_and_leaves_nothing_else)
{
    CLEANUP(folder_release) struct folder folder = folder_make();
    AUTO_FREE char *bytes = NULL;
    struct stat stat;

    ck_assert_int_eq(file_create(folder.fd, "x", "first", 5, 0600), 0);
    ck_assert_int_eq(file_create(folder.fd, "x", "second", 6, 0644), FILE_E_EXISTS);
    ck_assert_int_eq(file_read(folder.fd, "x", 100, &bytes, NULL), 0);
    ck_assert_str_eq(bytes, "first");
    ck_assert_int_eq(fstatat(folder.fd, "x", &stat, 0), 0);
    ck_assert_int_eq(stat.st_mode & 07777, 0600);
    ck_assert_int_eq(stat.st_nlink, 1);
    ck_assert_int_eq(symlinkat("elsewhere", folder.fd, "y"), 0);
    ck_assert_int_eq(file_create(folder.fd, "y", "z", 1, 0600), FILE_E_EXISTS);
    ck_assert_int_eq(unlinkat(folder.fd, "x", 0), 0);
    ck_assert_int_eq(unlinkat(folder.fd, "y", 0), 0);
    ck_assert_int_eq(rmdir(folder.path), 0); /* nothing else is left */
    ck_assert_int_eq(mkdir(folder.path, 0700), 0);
}
END_TEST

START_TEST(of_many_that_create_at_once_one_does)
{
    enum {
        RACERS = 8
    };
    CLEANUP(folder_release) struct folder folder = folder_make();
    AUTO_FREE char *bytes = NULL;
    int start[2];
    int winners = 0;

    ck_assert_int_eq(pipe(start), 0);
    for (int i = 0; i < RACERS; i++) {
        pid_t pid = fork();
        char text[2] = {(char)('a' + i), '\0'};
        char go;

        ck_assert_int_ge(pid, 0);
        if (pid > 0)
            continue;
        (void)close(start[1]);
        (void)!read(start[0], &go, 1); /* until the parent closes it */
        _exit(file_create(folder.fd, "x", text, 1, 0600) == 0 ? 1 : 0);
    }
    (void)close(start[0]);
    (void)close(start[1]);
    for (int i = 0; i < RACERS; i++) {
        int status;

        ck_assert_int_gt(wait(&status), 0);
        ck_assert(WIFEXITED(status));
        winners += WEXITSTATUS(status);
    }
    ck_assert_int_eq(winners, 1);
    ck_assert_int_eq(file_read(folder.fd, "x", 100, &bytes, NULL), 0);
    ck_assert_uint_eq(strlen(bytes), 1);
}
END_TEST

START_TEST(says_what_cannot_be_done)
{
    CLEANUP(folder_release) struct folder folder = folder_make();

    ck_assert_int_eq(file_replace(folder.fd, "no/such", "x", 1, 0600), ERR_INTERNAL);
    ck_assert_int_eq(file_replace_link(folder.fd, "no/such", "x"), ERR_INTERNAL);
    ck_assert_int_eq(file_create(folder.fd, "no/such", "x", 1, 0600), ERR_INTERNAL);
    ck_assert_int_eq(file_sync_dir(folder.fd, "no"), ERR_INTERNAL);
    ck_assert_int_eq(file_sync_dir(folder.fd, "."), 0);
}
END_TEST

int main(void)
{
    return SUITE_RUN("base/file", reads_what_it_replaced, tells_missing_and_too_large_apart,
                     sets_the_mode, clears_what_a_crash_left, never_writes_through_a_planted_link,
                     keeps_the_old_contents_where_writing_fails, a_full_disk_is_its_own_error,
                     is_whole_after_a_kill_at_any_moment, points_links_at_new_targets,
                     makes_folders_above, removes_trees_and_follows_no_links,
                     writes_all_through_short_writes, creates_once_and_leaves_nothing_else,
                     of_many_that_create_at_once_one_does, says_what_cannot_be_done);
}
