/* The table: a row for each method of each path. tests/unit/test_route.c has a copy; html/openapi.json and
 * conf/nginx/http.conf (which pool) follow it. */
#include "routes.h"

#include "store/store_account.h"

#define NO_BODY  BODY_NONE, ROUTE_JSON_MAX_BYTES
#define JSON     BODY_JSON, ROUTE_JSON_MAX_BYTES
#define FORM     BODY_FORM, ROUTE_JSON_MAX_BYTES
#define PICTURES BODY_PICTURES, ROUTE_PICTURES_MAX_BYTES
#define ANYONE   ACCESS_ANYONE
#define SESSION  ACCESS_SESSION
#define TOKEN    ACCESS_TOKEN
#define NO_SCOPE 0
#define CLASSIFY STORE_SCOPE_CLASSIFY
#define HISTORY  STORE_SCOPE_HISTORY

/* clang-format off */
static const struct route rows[] = {
    /* path                    method         access   scope     body      pool         store  screen        handler */
    {"/signup",                METHOD_POST,   ANYONE,  NO_SCOPE, FORM,     POOL_HASH,   true,  "./#signup",  api_signup},
    {"/login",                 METHOD_POST,   ANYONE,  NO_SCOPE, FORM,     POOL_HASH,   true,  "./#login",   api_login},
    {"/logout",                METHOD_POST,   SESSION, NO_SCOPE, NO_BODY,  POOL_MAIN,   true,  "./#read",    api_logout},
    {"/session",               METHOD_GET,    TOKEN,   NO_SCOPE, NO_BODY,  POOL_MAIN,   true,  "./#read",    api_session},
    {"/site",                  METHOD_GET,    ANYONE,  NO_SCOPE, NO_BODY,  POOL_MAIN,   false, "./#read",    api_site},
    {"/account",               METHOD_GET,    SESSION, NO_SCOPE, NO_BODY,  POOL_MAIN,   true,  "./#account", api_account},
    {"/account",               METHOD_PATCH,  SESSION, NO_SCOPE, JSON,     POOL_MAIN,   true,  "./#account", api_account_change},
    {"/account",               METHOD_DELETE, SESSION, NO_SCOPE, JSON,     POOL_HASH,   true,  "./#account", api_account_delete},
    {"/account/password",      METHOD_POST,   SESSION, NO_SCOPE, JSON,     POOL_HASH,   true,  "./#account", api_password_change},
    {"/account/forgot",        METHOD_POST,   ANYONE,  NO_SCOPE, JSON,     POOL_MAIN,   true,  "./#forgot",  api_password_forgot},
    {"/account/reset",         METHOD_POST,   ANYONE,  NO_SCOPE, JSON,     POOL_HASH,   true,  "./#login",   api_password_reset},
    {"/account/confirm",       METHOD_POST,   ANYONE,  NO_SCOPE, JSON,     POOL_HASH,   true,  "./#login",   api_confirm},
    {"/account/sessions",      METHOD_GET,    SESSION, NO_SCOPE, NO_BODY,  POOL_MAIN,   true,  "./#account", api_sessions},
    {"/account/sessions",      METHOD_DELETE, SESSION, NO_SCOPE, NO_BODY,  POOL_MAIN,   true,  "./#account", api_sessions_end},
    {"/account/sessions/{id}", METHOD_DELETE, SESSION, NO_SCOPE, NO_BODY,  POOL_MAIN,   true,  "./#account", api_session_end},
    {"/account/tokens",        METHOD_GET,    SESSION, NO_SCOPE, NO_BODY,  POOL_MAIN,   true,  "./#account", api_tokens},
    {"/account/tokens",        METHOD_POST,   SESSION, NO_SCOPE, JSON,     POOL_MAIN,   true,  "./#account", api_token_make},
    {"/account/tokens/{id}",   METHOD_DELETE, SESSION, NO_SCOPE, NO_BODY,  POOL_MAIN,   true,  "./#account", api_token_revoke},
    {"/account/export",        METHOD_GET,    SESSION, NO_SCOPE, NO_BODY,  POOL_MAIN,   true,  NULL,         api_account_export},
    {"/classify",              METHOD_POST,   TOKEN,   CLASSIFY, PICTURES, POOL_MAIN,   true,  "./#read",    api_classify},
    {"/read",                  METHOD_POST,   TOKEN,   CLASSIFY, PICTURES, POOL_MAIN,   true,  "./#read",    api_read},
    {"/history",               METHOD_GET,    TOKEN,   HISTORY,  NO_BODY,  POOL_MAIN,   true,  "./#history", api_history},
    {"/history",               METHOD_DELETE, TOKEN,   HISTORY,  NO_BODY,  POOL_MAIN,   true,  "./#history", api_history_clear},
    {"/history/{id}",          METHOD_PATCH,  TOKEN,   HISTORY,  JSON,     POOL_MAIN,   true,  "./#history", api_history_correct},
    {"/history/{id}",          METHOD_DELETE, TOKEN,   HISTORY,  NO_BODY,  POOL_MAIN,   true,  "./#history", api_history_drop},
    {"/history/export",        METHOD_GET,    TOKEN,   HISTORY,  NO_BODY,  POOL_MAIN,   true,  NULL,         api_history_export},
    {"/model",                 METHOD_GET,    ANYONE,  NO_SCOPE, NO_BODY,  POOL_MAIN,   false, "./#model",   api_model},
    {"/healthz",               METHOD_GET,    ANYONE,  NO_SCOPE, NO_BODY,  POOL_HEALTH, false, NULL,         api_healthz},
    {"/readyz",                METHOD_GET,    ANYONE,  NO_SCOPE, NO_BODY,  POOL_HEALTH, false, NULL,         api_readyz},
    {"/metrics",               METHOD_GET,    ANYONE,  NO_SCOPE, NO_BODY,  POOL_HEALTH, false, NULL,         api_metrics},
};
/* clang-format on */
const struct route_table api_routes = {rows, sizeof(rows) / sizeof(rows[0])};
