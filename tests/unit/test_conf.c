/* Settings: the file's grammar, ranges, the environment, origins; and conf/digitd.conf held against the table. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above it */
#include <cmocka.h>

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/conf.h"

static struct conf conf;
static struct why why;

/* Loads text as a file named conf, and returns what conf_load did. */
static enum err load_bytes(const char *text, size_t n, char *const *env)
{
    char path[] = "/tmp/digitd-test-conf-XXXXXX";
    int fd = mkstemp(path);
    enum err e;

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, n), (ssize_t)n);
    (void)close(fd);
    why.text[0] = '\0';
    e = conf_load(&conf, path, env, &why);
    (void)unlink(path);
    return e;
}

static enum err load(const char *text)
{
    return load_bytes(text, strlen(text), NULL);
}

static enum err load_env(const char *variable)
{
    char *vars[] = {(char *)(uintptr_t)variable, NULL};

    why.text[0] = '\0';
    return conf_load(&conf, NULL, vars, &why);
}

/* Breaks when a default is not what the table says, or is itself refused. */
static void defaults_are_good(void **state)
{
    (void)state;
    assert_int_equal(conf_load(&conf, NULL, NULL, &why), OK);
    assert_string_equal(conf.database, "/var/lib/digitd/digitd.db");
    assert_string_equal(conf.log_file, "");
    assert_string_equal(conf.sign_up, "open");
    assert_int_equal(conf.socket_mode, 0660);
    assert_int_equal(conf.password_min_length, 8);
    assert_int_equal(conf.password_cost, 8);
    assert_int_equal(conf.n_origins, 1);
    assert_string_equal(conf.origins[0].origin, "http://localhost:8080");
    assert_string_equal(conf.origins[0].host, "localhost:8080");
    assert_string_equal(conf.origins[0].path, "/");
    assert_false(conf.origins[0].https);
}

/* Breaks when the grammar of a line is read otherwise than told. */
static void files_are_read(void **state)
{
    (void)state;
    assert_int_equal(load("# a comment\n\n  password_cost=5\r\n\tsign_up =  closed  \nsocket_mode = 0600\n"
                          "log_file = /var/log/a b # c\nmain_workers = 3"),
                     OK);
    assert_int_equal(conf.password_cost, 5);
    assert_string_equal(conf.sign_up, "closed");
    assert_int_equal(conf.socket_mode, 0600);
    assert_string_equal(conf.log_file, "/var/log/a b # c");
    assert_int_equal(conf.main_workers, 3);
    assert_int_equal(conf.session_idle_h, 24);
    assert_int_equal(load(""), OK);
    assert_int_equal(load("log_file ="), OK);
    assert_int_equal(
        load("sign_up = invitation\nmail_command = /usr/sbin/sendmail -t\nmail_from = Digits <d@example.org>"), OK);
    assert_string_equal(conf.sign_up, "invitation");
    assert_string_equal(conf.mail_command, "/usr/sbin/sendmail -t");
    assert_string_equal(conf.mail_from, "Digits <d@example.org>");
}

/* R12. Breaks when a bad line is passed over in silence, or the message does not tell where it is. */
static void bad_lines_are_refused(void **state)
{
    static const struct {
        int line;
        const char *text, *told;
        enum err e;
    } cases[] = {
        {__LINE__, "sign_up\n", ":1: expected", ERR_FORMAT},
        {__LINE__, "\n\nnonsense = 1\n", ":3: there is no setting \"nonsense\"", ERR_NOT_FOUND},
        {__LINE__, "= 1\n", ":1: there is no setting", ERR_NOT_FOUND},
        {__LINE__, "Sign_up = open\n", "there is no setting", ERR_NOT_FOUND},
        {__LINE__, "sign_up = open\nsign_up = open\n", ":2: sign_up is set twice", ERR_EXISTS},
        {__LINE__, "password_cost = 4\n", "from 5 to 11", ERR_RANGE},
        {__LINE__, "password_cost = 12\n", "from 5 to 11", ERR_RANGE},
        {__LINE__, "password_cost = eight\n", "from 5 to 11", ERR_RANGE},
        {__LINE__, "password_cost = 8x\n", "from 5 to 11", ERR_RANGE},
        {__LINE__, "password_cost = 8 # strong\n", "from 5 to 11", ERR_RANGE},
        {__LINE__, "password_cost = +8\n", "from 5 to 11", ERR_RANGE},
        {__LINE__, "password_cost = -8\n", "from 5 to 11", ERR_RANGE},
        {__LINE__, "password_cost = 0x8\n", "from 5 to 11", ERR_RANGE},
        {__LINE__, "password_cost =\n", "from 5 to 11", ERR_RANGE},
        {__LINE__, "password_cost = 99999999999999999999\n", "from 5 to 11", ERR_RANGE},
        {__LINE__, "socket_mode = 0888\n", "from 0000 to 0777", ERR_RANGE},
        {__LINE__, "socket_mode = 1777\n", "from 0000 to 0777", ERR_RANGE},
        {__LINE__, "sign_up = maybe\n", "one of: open closed invitation", ERR_RANGE},
        {__LINE__, "sign_up = ope\n", "one of: open closed invitation", ERR_RANGE},
        {__LINE__, "sign_up = open closed\n", "one of: open closed invitation", ERR_RANGE},
        {__LINE__, "sign_up =\n", "one of: open closed invitation", ERR_RANGE}, /* ran past the end of the list once */
        {__LINE__, "log_level = \n", "one of: debug info warn error", ERR_RANGE},
        {__LINE__, "database =\n", "database is empty", ERR_RANGE},
        {__LINE__, "mail_command = sendmail -t\n", "must begin with the full path of the program", ERR_RANGE},
        {__LINE__, "mail_command = ./sendmail\n", "must begin with the full path of the program", ERR_RANGE},
        {__LINE__, "mail_from = nobody\n", "mail_from: \"nobody\" is not an address", ERR_FORMAT},
        {__LINE__, "mail_from = a@example.org\rBcc: b@example.org\n", "mail_from: it must be one line", ERR_FORMAT},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        enum err e = load(cases[i].text);

        if (e != cases[i].e || strstr(why.text, cases[i].told) == NULL || strchr(why.text, '\n') != NULL)
            fail_msg("line %d: %s: %s", cases[i].line, err_str(e), why.text);
    }
    assert_int_equal(load_bytes("sign_up = open\n\0", 16, NULL), ERR_FORMAT);
    assert_int_equal(conf_load(&conf, "/nonexistent/digitd.conf", NULL, &why), ERR_IO);
    assert_non_null(strstr(why.text, "/nonexistent/digitd.conf: No such file"));
    assert_int_equal(conf_load(&conf, "/tmp", NULL, &why), ERR_FORMAT); /* a directory */
}

/* Breaks when a long value is cut or overruns. */
static void long_values_are_refused(void **state)
{
    static char text[70 * 1024];
    int n;

    (void)state;
    n = snprintf(text, sizeof(text), "database = /%0*d", CONF_TEXT_MAX - 2, 0);
    assert_int_equal(load_bytes(text, (size_t)n, NULL), OK);
    assert_int_equal(strlen(conf.database), CONF_TEXT_MAX - 1);
    n = snprintf(text, sizeof(text), "database = /%0*d", CONF_TEXT_MAX - 1, 0);
    assert_int_equal(load_bytes(text, (size_t)n, NULL), ERR_LIMIT);
    memset(text, '#', sizeof(text));
    assert_int_equal(load_bytes(text, 64 * 1024, NULL), OK);
    assert_int_equal(load_bytes(text, 64 * 1024 + 1, NULL), ERR_FORMAT);
}

/* Breaks when the environment does not win over the file, or a misspelt variable is passed over. */
static void environment_wins(void **state)
{
    char *vars[] = {(char *)(uintptr_t) "DIGITD_PASSWORD_COST=6", (char *)(uintptr_t) "HOME=/root",
                    (char *)(uintptr_t) "DIGITD", NULL};
    char longest[200];

    (void)state;
    assert_int_equal(load_bytes("password_cost = 5\n", 18, vars), OK);
    assert_int_equal(conf.password_cost, 6);
    assert_int_equal(load_env("DIGITD_PASWORD_COST=6"), ERR_NOT_FOUND);
    assert_non_null(strstr(why.text, "DIGITD_PASWORD_COST"));
    assert_int_equal(load_env("DIGITD_PASSWORD_COST=66"), ERR_RANGE);
    assert_int_equal(load_env("DIGITD_=1"), ERR_NOT_FOUND);
    assert_int_equal(load_env("DIGITD_SIGN_UP="), ERR_RANGE);
    (void)snprintf(longest, sizeof(longest), "DIGITD_%0150d=1", 0);
    assert_int_equal(load_env(longest), ERR_NOT_FOUND);
}

/* Breaks when an origin is taken apart wrongly, or one that no browser can send is taken. */
static void origins_are_parsed(void **state)
{
    static const struct {
        int line;
        const char *url, *origin, *host, *path; /* origin NULL: refused */
    } cases[] = {
        {__LINE__, "https://Digits.Example.org", "https://digits.example.org", "digits.example.org", "/"},
        {__LINE__, "https://example.org:443/", "https://example.org", "example.org", "/"},
        {__LINE__, "http://example.org:80/a/b", "http://example.org", "example.org", "/a/b/"},
        {__LINE__, "HTTP://example.org:443", "http://example.org:443", "example.org:443", "/"},
        {__LINE__, "http://[::1]:8080/x/", "http://[::1]:8080", "[::1]:8080", "/x/"},
        {__LINE__, "http://127.0.0.1:65535", "http://127.0.0.1:65535", "127.0.0.1:65535", "/"},
        {__LINE__, "ftp://example.org", NULL, NULL, NULL},
        {__LINE__, "example.org", NULL, NULL, NULL},
        {__LINE__, "http://", NULL, NULL, NULL},
        {__LINE__, "http:///x", NULL, NULL, NULL},
        {__LINE__, "http://:80", NULL, NULL, NULL},
        {__LINE__, "http://:8080", NULL, NULL, NULL},
        {__LINE__, "http://a:", NULL, NULL, NULL},
        {__LINE__, "http://a:port", NULL, NULL, NULL},
        {__LINE__, "http://a:080", NULL, NULL, NULL},
        {__LINE__, "http://a:0", NULL, NULL, NULL},
        {__LINE__, "http://a:65536", NULL, NULL, NULL},
        {__LINE__, "http://a:80:80", NULL, NULL, NULL},
        {__LINE__, "http://u@a", NULL, NULL, NULL},
        {__LINE__, "http://a?x", NULL, NULL, NULL},
        {__LINE__, "http://a/#x", NULL, NULL, NULL},
        {__LINE__,
         "http://b\xc3\xbc"
         "cher.example",
         NULL, NULL, NULL}, /* browsers send xn--bcher-kva */
        {__LINE__, "http://a/\x01", NULL, NULL, NULL},
        {__LINE__, "http://[::1", NULL, NULL, NULL},
        {__LINE__, "http://[]:80", NULL, NULL, NULL},
        {__LINE__, "http://::1", NULL, NULL, NULL},
    };
    char text[256];

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct conf_origin *o = &conf.origins[0];
        enum err e;

        (void)snprintf(text, sizeof(text), "site_url = %s\n", cases[i].url);
        e = load(text);
        if (e != (cases[i].origin == NULL ? ERR_FORMAT : OK))
            fail_msg("line %d: %s: %s", cases[i].line, err_str(e), why.text);
        if (e == OK && (strcmp(o->origin, cases[i].origin) != 0 || strcmp(o->host, cases[i].host) != 0 ||
                        strcmp(o->path, cases[i].path) != 0 || o->https != (cases[i].origin[4] == 's')))
            fail_msg("line %d: %s %s %s", cases[i].line, o->origin, o->host, o->path);
    }
}

/* Breaks when a list of origins is cut, or one of the shortest limits overruns. */
static void many_origins_are_limited(void **state)
{
    char text[2048] = "site_url =", longest[CONF_TEXT_MAX * 2];
    size_t n = strlen(text);

    (void)state;
    for (int i = 0; i < CONF_ORIGINS_MAX; i++)
        n += (size_t)snprintf(text + n, sizeof(text) - n, "%s http://h%d", i == 5 ? "," : "", i);
    assert_int_equal(load(text), OK);
    assert_int_equal(conf.n_origins, CONF_ORIGINS_MAX);
    assert_string_equal(conf.origins[CONF_ORIGINS_MAX - 1].host, "h15");
    (void)snprintf(text + n, sizeof(text) - n, " http://h16");
    assert_int_equal(load(text), ERR_LIMIT);
    assert_int_equal(load("site_url = , \n"), ERR_RANGE);
    assert_int_equal(load("site_url = http://h https://h/x\n"), ERR_EXISTS);
    (void)snprintf(longest, sizeof(longest), "site_url = http://%0255d", 1);
    assert_int_equal(load(longest), OK);
    (void)snprintf(longest, sizeof(longest), "site_url = http://%0256d", 1);
    assert_int_equal(load(longest), ERR_FORMAT);
    (void)snprintf(longest, sizeof(longest), "site_url = http://h/%0*d", CONF_TEXT_MAX - 3, 1);
    assert_int_equal(load(longest), OK);
    (void)snprintf(longest, sizeof(longest), "site_url = http://h/%0*d", CONF_TEXT_MAX - 2, 1);
    assert_int_equal(load(longest), ERR_LIMIT);
}

static const char *found(const char *host)
{
    const struct conf_origin *o = conf_origin_of_host(&conf, host, strlen(host));

    return o == NULL ? "-" : o->origin;
}

/* R23. Breaks when a foreign Host is taken for ours, or ours is refused. */
static void hosts_are_found(void **state)
{
    (void)state;
    assert_int_equal(load("site_url = https://example.org http://localhost:8080 http://plain\n"), OK);
    assert_string_equal(found("example.org"), "https://example.org");
    assert_string_equal(found("EXAMPLE.org"), "https://example.org");
    assert_string_equal(found("example.org:443"), "https://example.org");
    assert_string_equal(found("plain:80"), "http://plain");
    assert_string_equal(found("localhost:8080"), "http://localhost:8080");
    assert_string_equal(found("example.org:80"), "-");
    assert_string_equal(found("plain:443"), "-");
    assert_string_equal(found("localhost"), "-");
    assert_string_equal(found("example.or"), "-");
    assert_string_equal(found("example.org."), "-");
    assert_string_equal(found("xexample.org"), "-");
    assert_string_equal(found(""), "-");
    assert_null(conf_origin_of_host(&conf, "example\0org", 11));
    assert_non_null(conf_origin_of_host(&conf, "plainXXX", 5)); /* not NUL-terminated */
}

static char shipped[64 * 1024];

/* Copies a comment block that ends before line into out, joined to one line. */
static void comment_above(const char *line, char *out, size_t room)
{
    const char *start = line, *p;
    size_t n = 0;

    while (start - shipped >= 2 && start[-2] != '\n') { /* back over one line, while it is not blank */
        for (start--; start > shipped && start[-1] != '\n'; start--)
            ;
    }
    for (p = start; p < line && n + 1 < room; p++) {
        bool mark = *p == '#' && (p == start || p[-1] == '\n');

        if (!mark)
            out[n++] = *p == '\n' ? ' ' : *p;
        if (n >= 2 && out[n - 1] == ' ' && out[n - 2] == ' ')
            n--;
    }
    out[n] = '\0';
}

static int settings_seen;

static void setting_is_shipped(const char *name, const char *dflt, const char *unit, const char *help, void *ctx)
{
    char wanted[600], unit_wanted[80], comment[4096];
    const char *line;

    (void)ctx;
    settings_seen++;
    (void)snprintf(wanted, sizeof(wanted), "\n#%s =%s%s\n", name, dflt[0] == '\0' ? "" : " ", dflt);
    (void)snprintf(unit_wanted, sizeof(unit_wanted), "(%s)", unit);
    line = strstr(shipped, wanted);
    if (line == NULL)
        fail_msg("conf/digitd.conf has no line \"#%s = %s\"", name, dflt);
    else {
        if (strstr(line + 1, wanted) != NULL)
            fail_msg("conf/digitd.conf has %s twice", name);
        comment_above(line + 1, comment, sizeof(comment));
        if (strstr(comment, help) == NULL || strstr(comment, unit_wanted) == NULL)
            fail_msg("conf/digitd.conf: above %s: \"%s\" lacks \"%s\" or \"%s\"", name, comment, help, unit_wanted);
    }
}

/* Breaks when a setting is added, renamed, or gets another default, unit or meaning, and conf/digitd.conf does not
 * tell; or when that file names a setting that does not exist. */
static void shipped_file_is_true(void **state)
{
    FILE *f = fopen("conf/digitd.conf", "re");
    static char uncommented[sizeof(shipped)];
    struct conf plain, again;
    size_t n, out = 0;
    int lines = 0;

    (void)state;
    assert_non_null(f); /* the tests run in the directory that the Makefile lies in */
    n = fread(shipped, 1, sizeof(shipped) - 1, f);
    (void)fclose(f);
    settings_seen = 0;
    conf_each(setting_is_shipped, NULL);
    assert_true(settings_seen >= 17);
    for (size_t i = 0; i < n; i++) { /* "#name = ..." becomes "name = ..." */
        bool setting =
            shipped[i] == '#' && (i == 0 || shipped[i - 1] == '\n') && islower((unsigned char)shipped[i + 1]);

        lines += setting;
        if (!setting)
            uncommented[out++] = shipped[i];
    }
    assert_int_equal(lines, settings_seen);
    assert_int_equal(load(shipped), OK);
    plain = conf;
    if (load_bytes(uncommented, out, NULL) != OK)
        fail_msg("%s", why.text);
    again = conf;
    assert_memory_equal(&plain, &again, sizeof(plain));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_are_good),        cmocka_unit_test(files_are_read),
        cmocka_unit_test(bad_lines_are_refused),    cmocka_unit_test(long_values_are_refused),
        cmocka_unit_test(environment_wins),         cmocka_unit_test(origins_are_parsed),
        cmocka_unit_test(many_origins_are_limited), cmocka_unit_test(hosts_are_found),
        cmocka_unit_test(shipped_file_is_true),
    };

    return cmocka_run_group_tests_name("conf", tests, NULL, NULL);
}
