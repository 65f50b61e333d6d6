/* Shared by the account handlers (api_login, api_signup, api_password, api_account, api_sessions, api_tokens). */
#ifndef DIGITD_WEB_ACCOUNT_H
#define DIGITD_WEB_ACCOUNT_H

#include "store/store_account.h"
#include "web/call.h"
#include "web/fields.h"

/* Logs event with the request, network address and user (0: none), never the email address. */
void account_event(const struct call *c, const char *event, int64_t user_id);
/* The same with the id of a session or token: key=number. */
void account_event_of(const struct call *c, const char *event, const char *key, int64_t number);

/* Whether this site sends mail: sign-ups are confirmed by a link, a forgotten password is reset by one. */
bool account_mail_on(const struct conf *conf);

/* Each replies and returns false on failure. */
bool account_address(struct call *c, const struct field *f, char email[STORE_EMAIL_MAX + 1]);  /* 422 */
bool account_new_password(struct call *c, const struct field *f, const char *email);           /* 422 */
bool account_hash(struct call *c, const struct field *password, char hash[PASSWORD_HASH_MAX]); /* 503 */
/* Checks the password of c->user; password_hash is then the hash it was checked against (R55). 403, 429, 503. */
bool account_current_password(struct call *c, const struct field *f);

/* Ends the browser's old session, begins one for c->user, and replies with it and the user (R58). */
void account_session_begin(struct call *c, int status);

/* ---- JSON ---- */
struct json *account_user_json(const struct store_user *user); /* {"user":{...}}; reply_json takes it over */
void account_set_user(struct json *obj, const struct store_user *user);
void account_set_token(struct json *obj, const struct store_token *token);
/* The user's sessions and tokens, appended to an array; *n (may be NULL) counts them. */
enum err account_add_sessions(struct call *c, struct json *arr, int64_t *n);
enum err account_add_tokens(struct call *c, struct json *arr, int64_t *n);

#endif
