/* Asks at the process's terminal, whatever standard input is (after OpenSSH's readpassphrase).
 *
 * Pitfalls: a signal that ends the program while echo is off would leave the terminal without echo, so these signals
 * only set a flag, and are raised again after the terminal has been restored. Ctrl-Z has to wait. stdio is not used,
 * because its buffers would keep the password. */
#include "ctl_ask.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

static const int held_signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
enum { HELD = sizeof(held_signals) / sizeof(held_signals[0]) };

static volatile sig_atomic_t caught;

static void catch_signal(int number)
{
    caught = number;
}

struct terminal {
    int fd;
    struct termios before;
    struct sigaction actions[HELD];
    sigset_t mask;
};

/* Reads one line, without its end; the rest stays unread. ERR_FORMAT: the input was empty. */
static enum err line_read(int fd, struct answer *a)
{
    char c;
    ssize_t n;

    a->n = 0;
    while ((n = read(fd, &c, 1)) == 1 && c != '\n') {
        if (a->n == ASK_BYTES_MAX)
            return ERR_LIMIT;
        a->text[a->n++] = c;
    }
    a->text[a->n] = '\0';
    if (n < 0)
        return ERR_IO;
    return n == 0 && a->n == 0 ? ERR_FORMAT : OK;
}

static void terminal_hold(struct terminal *t)
{
    struct sigaction action;
    sigset_t stop;

    memset(&action, 0, sizeof(action));
    action.sa_handler = catch_signal; /* without SA_RESTART: the read ends */
    caught = 0;
    for (int i = 0; i < HELD; i++)
        (void)sigaction(held_signals[i], &action, &t->actions[i]);
    (void)sigemptyset(&stop);
    (void)sigaddset(&stop, SIGTSTP);
    (void)sigprocmask(SIG_BLOCK, &stop, &t->mask);
}

static void terminal_release(struct terminal *t)
{
    for (int i = 0; i < HELD; i++)
        (void)sigaction(held_signals[i], &t->actions[i], NULL);
    (void)sigprocmask(SIG_SETMASK, &t->mask, NULL);
    if (caught != 0)
        (void)raise((int)caught);
}

/* Writes to a person; a failure shows in what follows. */
static void tell(int fd, const char *text)
{
    ssize_t n = write(fd, text, strlen(text));

    (void)n;
}

static enum err terminal_ask(const char *prompt, bool echo, struct answer *a, struct why *why)
{
    struct terminal t = {.fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY)};
    struct termios mute;
    enum err e;

    memset(a, 0, sizeof(*a));
    if (t.fd < 0 || tcgetattr(t.fd, &t.before) != 0) {
        if (t.fd >= 0)
            (void)close(t.fd);
        return err_why(why, ERR_IO, "there is no terminal to ask on");
    }
    terminal_hold(&t);
    mute = t.before;
    if (!echo)
        mute.c_lflag &= ~(tcflag_t)(ECHO | ECHONL);
    (void)tcsetattr(t.fd, TCSAFLUSH, &mute); /* and forgets what was typed too early */
    tell(t.fd, prompt);
    e = line_read(t.fd, a);
    if (!echo)
        tell(t.fd, "\n");
    (void)tcsetattr(t.fd, TCSAFLUSH, &t.before);
    terminal_release(&t);
    (void)close(t.fd);
    if (e != OK)
        (void)err_why(why, e, "%s",
                      e == ERR_LIMIT ? "the input is too long"
                      : e == ERR_IO  ? strerror(EINTR)
                                     : "nothing was typed");
    return e;
}

enum err ask_line(const char *prompt, struct answer *a, struct why *why)
{
    return terminal_ask(prompt, true, a, why);
}

enum err ask_password(bool from_stdin, struct answer *a, struct why *why)
{
    struct answer again = {.n = 0};
    enum err e;

    if (from_stdin) {
        memset(a, 0, sizeof(*a));
        e = line_read(STDIN_FILENO, a);
        if (e == OK && a->n > 0 && a->text[a->n - 1] == '\r')
            a->text[--a->n] = '\0'; /* a file from elsewhere */
        return e == OK ? OK : err_why(why, e, "there is no password on the first line of standard input");
    }
    e = terminal_ask("New password: ", false, a, why);
    if (e == OK)
        e = terminal_ask("Repeat the password: ", false, &again, why);
    if (e == OK && (again.n != a->n || memcmp(again.text, a->text, a->n) != 0))
        e = err_why(why, ERR_FORMAT, "the passwords do not match");
    explicit_bzero(&again, sizeof(again));
    return e;
}
