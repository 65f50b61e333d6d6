/* The route table, and the handlers in it. Each handler leaves a finished reply. */
#ifndef DIGITD_WEB_API_ROUTES_H
#define DIGITD_WEB_API_ROUTES_H

#include "web/route.h"

extern const struct route_table api_routes;

void api_signup(struct call *c);
void api_confirm(struct call *c);
void api_login(struct call *c);
void api_logout(struct call *c);
void api_session(struct call *c);
void api_site(struct call *c);
void api_account(struct call *c);
void api_account_change(struct call *c);
void api_account_delete(struct call *c);
void api_account_export(struct call *c);
void api_password_change(struct call *c);
void api_password_forgot(struct call *c);
void api_password_reset(struct call *c);
void api_sessions(struct call *c);
void api_sessions_end(struct call *c);
void api_session_end(struct call *c);
void api_tokens(struct call *c);
void api_token_make(struct call *c);
void api_token_revoke(struct call *c);
void api_classify(struct call *c);
void api_read(struct call *c);
void api_history(struct call *c);
void api_history_clear(struct call *c);
void api_history_correct(struct call *c);
void api_history_drop(struct call *c);
void api_history_export(struct call *c);
void api_model(struct call *c);
void api_healthz(struct call *c);
void api_readyz(struct call *c);
void api_metrics(struct call *c);

#endif
