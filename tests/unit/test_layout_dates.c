/* layout/ways.c: what is a date, and what is none. */
#include "fixture_layout.h"

#include <string.h>

static void test_dates_of_any_country(void **state)
{
    static const char *const dates[] = {"1/2/34", "31/12/1999", "12/31/1999", "2024/07/25", "09/9/09"};

    (void)state;
    for (size_t i = 0; i < sizeof(dates) / sizeof(*dates); i++)
        assert_true(date_is(dates[i], (int)strlen(dates[i])));
}

static void test_no_dates(void **state)
{
    static const char *const others[] = {"",           "12",         "1/2",      "1/2/3",     "13/13/2000",
                                         "32/1/2000",  "1/32/2000",  "0/1/2000", "1//2000",   "1/2/20000",
                                         "1/2/3/44",   "123/1/2000", "1-2-2000", "1/2/2000/", "/1/2/2000",
                                         "20240/7/25", "2024/7/250", "2024/7"};

    (void)state;
    for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
        assert_false(date_is(others[i], (int)strlen(others[i])));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_dates_of_any_country), cmocka_unit_test(test_no_dates)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
