/* Answers to the gate. They are no answers to a client, so they are neither counted nor logged as such. */
#include "ask.h"

#include <stdio.h>
#include <string.h>

#include "fields.h"
#include "route.h"
#include "throttle.h"

static void tell(struct call *c, const char *name, const char *value)
{
    reply_empty(c->app->reply, 204);
    reply_header(c->app->reply, name, value);
    c->passed_on = true;
}

/* Whether a log-in comes from a browser that the account knows. false: it has replied. */
static bool device_ask(struct call *c, bool *known)
{
    struct field f[] = {{.name = "email"}, {.name = "password"}};
    char email[STORE_EMAIL_MAX + 1] = "";
    struct json *v = NULL;
    bool read = fields_read(c, &v, f, 2);

    *known = read && store_email_normalise(f[0].text, f[0].n, email) == OK && throttle_knows_device(c, email);
    json_free(v);
    return read;
}

void ask_answer(struct call *c)
{
    int64_t account = c->user.id;
    char text[24];
    bool known = false;

    if (account == 0 && strcmp(c->route->path, "/login") == 0) {
        if (!device_ask(c, &known))
            return;
        account = known;
    }
    (void)snprintf(text, sizeof(text), "%lld", (long long)account);
    tell(c, ASK_ACCOUNT_HEADER, text);
}

void ask_hand_over(struct call *c)
{
    tell(c, ASK_HAND_OVER_HEADER, ASK_LARGE);
}
