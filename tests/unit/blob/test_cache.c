/* SPDX-License-Identifier: Apache-2.0 */
#include "blob/cache.h"

#include "base/file.h"
#include "blob/read.h"
#include "crypto/text.h"
#include "fixture.h"
#include "suite.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <utime.h>

#define SIZE ((size_t)3 << 20)

/* A fixture with a pool of one worker and a cache that it fills. Stopping the pool is how a test
 * waits for a fill. */
struct scene {
    struct fixture fixture;
    char directory[64];
    struct pool *pool;
    struct cache *cache;
};

static int connect_worker(void *arg, void **ret_worker)
{
    *ret_worker = fixture_connect(arg);
    return 0;
}

static void free_worker(void *worker)
{
    db_free(worker);
}

static void start(struct scene *scene, uint64_t limit_bytes)
{
    struct pool_config pool = {
        .name = "test",
        .threads = 1,
        .queue_max = 8,
        .worker_new = connect_worker,
        .worker_free = free_worker,
        .arg = &scene->fixture,
    };

    ck_assert_int_eq(pool_new(&pool, &scene->pool), 0);
    ck_assert_int_eq(cache_new(&(struct cache_config){.directory = scene->directory,
                                                      .limit_bytes = limit_bytes,
                                                      .pool = scene->pool,
                                                      .clock = clock_system()},
                               &scene->cache),
                     0);
}

static void stop(struct scene *scene)
{
    pool_stop(scene->pool);
    cache_free(scene->cache);
    pool_free(scene->pool);
}

static void scene_init(struct scene *scene)
{
    fixture_init(&scene->fixture);
    strcpy(scene->directory, "/tmp/mf-cache.XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(scene->directory));
}

static void scene_release(struct scene *scene)
{
    ck_assert_int_eq(file_remove_tree(AT_FDCWD, scene->directory), 0);
    fixture_release(&scene->fixture);
}

static struct blob_artifact stored_bytes(struct scene *scene, const uint8_t *bytes, size_t size)
{
    uint8_t sha256[DIGEST_SHA256_SIZE];
    struct blob_artifact artifact;

    fixture_store(&scene->fixture, bytes, size);
    digest_sha256(bytes, size, sha256);
    ck_assert_int_eq(read_find(scene->fixture.db, FIXTURE_WORKSPACE, sha256, &artifact), 0);
    return artifact;
}

static struct blob_artifact stored(struct scene *scene, uint64_t seed)
{
    uint8_t *bytes = fixture_bytes(SIZE, seed);
    struct blob_artifact artifact = stored_bytes(scene, bytes, SIZE);

    free(bytes);
    return artifact;
}

/* Waits until no fill runs, by looking for the file or a failure. */
static void wait_for_fill(struct scene *scene, uint64_t fills)
{
    struct cache_stats stats;

    do
        cache_stats(scene->cache, &stats);
    while (stats.fills_total + stats.fill_failures_total < fills);
}

static bool is_cached(struct scene *scene, const struct blob_artifact *artifact)
{
    char path[256];
    char hex[DIGEST_SHA256_HEX_SIZE];

    text_hex(artifact->sha256, DIGEST_SHA256_SIZE, hex);
    (void)snprintf(path, sizeof(path), "%s/%s", scene->directory, hex);
    return access(path, F_OK) == 0;
}

static int count_files(const char *directory)
{
    DIR *dir = opendir(directory);
    int count = 0;

    ck_assert_ptr_nonnull(dir);
    for (const struct dirent *entry = readdir(dir); entry; entry = readdir(dir))
        count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    (void)closedir(dir);
    return count;
}

START_TEST(fills_once_and_gives_a_file)
{
    struct blob_artifact artifact;
    struct cache_stats stats;
    struct scene scene;
    struct stat st;
    int fd;

    scene_init(&scene);
    artifact = stored(&scene, 1);
    start(&scene, 10 * SIZE);
    for (int i = 0; i < 5; i++)
        if (cache_open(scene.cache, &artifact, &fd) == 0)
            (void)close(fd);
    wait_for_fill(&scene, 1);
    ck_assert_int_eq(cache_open(scene.cache, &artifact, &fd), 0);
    ck_assert_int_eq(fstat(fd, &st), 0);
    ck_assert_int_eq(st.st_size, (off_t)SIZE);
    (void)close(fd);
    cache_stats(scene.cache, &stats);
    ck_assert_uint_eq(stats.fills_total, 1);
    stop(&scene);
    ck_assert_int_eq(count_files(scene.directory), 1);
    scene_release(&scene);
}
END_TEST

/* Slices end where chunks do, and are written by whole blocks of 1 MiB. */
START_TEST(keeps_the_bytes_of_any_size)
{
    static const size_t sizes[] = {1, (1 << 20) - 1, 1 << 20, (1 << 20) + 1, SIZE, SIZE + 4097};
    uint8_t *cached = malloc(SIZE + 4097);
    struct scene scene;

    scene_init(&scene);
    start(&scene, 10 * SIZE);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        uint8_t *bytes = fixture_bytes(sizes[i], 20 + i);
        struct blob_artifact artifact = stored_bytes(&scene, bytes, sizes[i]);
        int fd;

        ck_assert_int_eq(cache_open(scene.cache, &artifact, &fd), CACHE_E_MISSING);
        wait_for_fill(&scene, i + 1);
        ck_assert_int_eq(cache_open(scene.cache, &artifact, &fd), 0);
        ck_assert_int_eq(read(fd, cached, SIZE + 4097), (ssize_t)sizes[i]);
        ck_assert_mem_eq(cached, bytes, sizes[i]);
        (void)close(fd);
        free(bytes);
    }
    stop(&scene);
    scene_release(&scene);
    free(cached);
}
END_TEST

START_TEST(survives_the_loss_of_its_directory)
{
    struct blob_artifact artifact;
    struct scene scene;
    int fd;
    int again;

    scene_init(&scene);
    artifact = stored(&scene, 2);
    start(&scene, 10 * SIZE);
    ck_assert_int_eq(cache_open(scene.cache, &artifact, &fd), CACHE_E_MISSING);
    wait_for_fill(&scene, 1);
    ck_assert_int_eq(cache_open(scene.cache, &artifact, &fd), 0);
    ck_assert_int_eq(file_remove_tree(AT_FDCWD, scene.directory), 0);
    /* What is open can still be read. */
    ck_assert_int_eq(lseek(fd, 0, SEEK_END), (off_t)SIZE);
    ck_assert_int_eq(cache_open(scene.cache, &artifact, &again), CACHE_E_MISSING);
    wait_for_fill(&scene, 2);
    ck_assert_int_eq(cache_open(scene.cache, &artifact, &again), 0);
    (void)close(fd);
    (void)close(again);
    stop(&scene);
    scene_release(&scene);
}
END_TEST

START_TEST(evicts_the_longest_unused)
{
    struct blob_artifact artifacts[3];
    struct cache_stats stats;
    struct scene scene;
    char path[256];
    char hex[DIGEST_SHA256_HEX_SIZE];
    int fd;

    scene_init(&scene);
    for (size_t i = 0; i < 3; i++)
        artifacts[i] = stored(&scene, 10 + i);
    start(&scene, 2 * SIZE + 1000);
    for (size_t i = 0; i < 2; i++) {
        ck_assert_int_eq(cache_open(scene.cache, &artifacts[i], &fd), CACHE_E_MISSING);
        wait_for_fill(&scene, i + 1);
        /* Both were used long ago. */
        text_hex(artifacts[i].sha256, DIGEST_SHA256_SIZE, hex);
        (void)snprintf(path, sizeof(path), "%s/%s", scene.directory, hex);
        ck_assert_int_eq(utime(path, &(struct utimbuf){.modtime = 1000000 + (time_t)i}), 0);
    }
    ck_assert_int_eq(cache_open(scene.cache, &artifacts[0], &fd), 0);
    (void)close(fd);
    ck_assert_int_eq(cache_open(scene.cache, &artifacts[2], &fd), CACHE_E_MISSING);
    wait_for_fill(&scene, 3);
    ck_assert(is_cached(&scene, &artifacts[0]));
    ck_assert(!is_cached(&scene, &artifacts[1]));
    ck_assert(is_cached(&scene, &artifacts[2]));
    cache_stats(scene.cache, &stats);
    ck_assert_uint_eq(stats.evictions_total, 1);
    stop(&scene);
    scene_release(&scene);
}
END_TEST

START_TEST(keeps_nothing_that_is_larger_than_itself)
{
    struct blob_artifact artifact;
    struct scene scene;
    int fd;

    scene_init(&scene);
    artifact = stored(&scene, 3);
    start(&scene, SIZE - 1);
    ck_assert_int_eq(cache_open(scene.cache, &artifact, &fd), CACHE_E_MISSING);
    stop(&scene);
    ck_assert_int_eq(count_files(scene.directory), 0);
    scene_release(&scene);
}
END_TEST

START_TEST(leaves_nothing_where_the_disk_is_full)
{
    struct rlimit limit = {.rlim_cur = SIZE / 2, .rlim_max = RLIM_INFINITY};
    struct blob_artifact artifact;
    struct cache_stats stats;
    struct scene scene;
    int fd;

    scene_init(&scene);
    artifact = stored(&scene, 4);
    (void)signal(SIGXFSZ, SIG_IGN);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    start(&scene, 10 * SIZE);
    ck_assert_int_eq(cache_open(scene.cache, &artifact, &fd), CACHE_E_MISSING);
    wait_for_fill(&scene, 1);
    /* It does not try again at once. */
    ck_assert_int_eq(cache_open(scene.cache, &artifact, &fd), CACHE_E_MISSING);
    cache_stats(scene.cache, &stats);
    ck_assert_uint_eq(stats.fill_failures_total, 1);
    stop(&scene);
    ck_assert_int_eq(count_files(scene.directory), 0);
    scene_release(&scene);
}
END_TEST

START_TEST(never_gives_a_file_with_other_bytes)
{
    struct blob_artifact artifact;
    struct cache_stats stats;
    struct scene scene;
    int fd;

    scene_init(&scene);
    artifact = stored(&scene, 5);
    ck_assert_int_eq(db_exec_script(scene.fixture.db,
                                    "UPDATE chunk_page SET data = set_byte(data, 0, "
                                    "get_byte(data, 0) # 1) WHERE n = 0"),
                     0);
    start(&scene, 10 * SIZE);
    ck_assert_int_eq(cache_open(scene.cache, &artifact, &fd), CACHE_E_MISSING);
    wait_for_fill(&scene, 1);
    cache_stats(scene.cache, &stats);
    ck_assert_uint_eq(stats.fill_failures_total, 1);
    stop(&scene);
    ck_assert_int_eq(count_files(scene.directory), 0);
    scene_release(&scene);
}
END_TEST

START_TEST(replaces_a_file_of_the_wrong_size)
{
    struct blob_artifact artifact;
    struct scene scene;
    char path[256];
    char hex[DIGEST_SHA256_HEX_SIZE];
    int fd;

    scene_init(&scene);
    artifact = stored(&scene, 6);
    text_hex(artifact.sha256, DIGEST_SHA256_SIZE, hex);
    (void)snprintf(path, sizeof(path), "%s/%s", scene.directory, hex);
    ck_assert_int_eq(file_replace(AT_FDCWD, path, "short", 5, 0640), 0);
    start(&scene, 10 * SIZE);
    ck_assert_int_eq(cache_open(scene.cache, &artifact, &fd), CACHE_E_MISSING);
    wait_for_fill(&scene, 1);
    ck_assert_int_eq(cache_open(scene.cache, &artifact, &fd), 0);
    (void)close(fd);
    stop(&scene);
    scene_release(&scene);
}
END_TEST

int main(void)
{
    return SUITE_RUN("blob/cache", fills_once_and_gives_a_file, keeps_the_bytes_of_any_size,
                     survives_the_loss_of_its_directory, evicts_the_longest_unused,
                     keeps_nothing_that_is_larger_than_itself,
                     leaves_nothing_where_the_disk_is_full, never_gives_a_file_with_other_bytes,
                     replaces_a_file_of_the_wrong_size);
}
