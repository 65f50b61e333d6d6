/* Paths and their groups; the text, by the shape that Prometheus reads. */
#include <regex.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "web/counts.h"
#include "web/api/routes.h"

/* Breaks when a route is added and counted as "other". */
static void every_route_has_a_group(void **state)
{
    (void)state;
    for (size_t i = 0; i < api_routes.n; i++)
        if (counts_group_of(api_routes.rows[i].path) == GROUP_OTHER)
            fail_msg("%s is in no group", api_routes.rows[i].path);
    assert_int_equal(counts_group_of("/account/tokens/{id}"), GROUP_ACCOUNT);
    assert_int_equal(counts_group_of("/login"), GROUP_SIGN_IN);
    static const char *const others[] = {"", "/", "login", "/logins", "/logi", "/nothing", "(housekeeping)"};
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        if (counts_group_of(others[i]) != GROUP_OTHER)
            fail_msg("%s has a group", others[i]);
}

static void lines_are_as_prometheus_reads_them(void **state)
{
    struct counts m = {.decoders_lost = 3, .crashed = 2, .workers = 4, .started_s = 1700000000};
    struct buf *b = buf_new(65536);
    regex_t shape;
    int counted = 0;
    char *text, *line, *save = NULL;

    (void)state;
    m.answered[GROUP_CLASSIFY][1] = UINT64_MAX;
    counts_write(b, &m, 4096, "0123");
    assert_int_equal(buf_status(b), OK);
    assert_int_equal(buf_add(b, "", 1), OK);
    assert_non_null(
        strstr(buf_data(b), "digitd_requests_total{group=\"classify\",code=\"2xx\"} 18446744073709551615\n"));
    assert_non_null(strstr(buf_data(b), "digitd_worker_exits_total{how=\"crash\"} 2\n"));
    assert_non_null(strstr(buf_data(b), "digitd_wal_bytes 4096\n"));
    assert_non_null(strstr(buf_data(b), "model_sha256=\"0123\"} 1\n"));
    assert_int_equal(
        regcomp(
            &shape,
            "^(# (HELP|TYPE) [a-z_]+ .+|[a-z_]+(\\{[a-z0-9_]+=\"[^\"\\]*\"(,[a-z0-9_]+=\"[^\"\\]*\")*\\})? [0-9]+)$",
            REG_EXTENDED | REG_NOSUB),
        0);
    text = strdup(buf_data(b));
    for (line = strtok_r(text, "\n", &save); line != NULL; line = strtok_r(NULL, "\n", &save), counted++)
        if (regexec(&shape, line, 0, NULL, 0) != 0)
            fail_msg("%s", line);
    assert_true(counted > 50);
    regfree(&shape);
    free(text);
    buf_reset(b);
    counts_write(b, &m, -1, "");
    assert_int_equal(buf_add(b, "", 1), OK);
    assert_null(strstr(buf_data(b), "wal_bytes"));
    buf_free(b);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {cmocka_unit_test(every_route_has_a_group),
                                              cmocka_unit_test(lines_are_as_prometheus_reads_them)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
