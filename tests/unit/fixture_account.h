/* Tests of what belongs to an account: a store with two users, and how its lists are read. */
#ifndef DIGITD_TESTS_FIXTURE_ACCOUNT_H
#define DIGITD_TESTS_FIXTURE_ACCOUNT_H

#include "fixture_two.h"

#include "store/history/store_history.h"
#include "store/store_account.h"
#include "store/store_mail.h"

/* What a list told. */
struct seen {
    int n, stop_at; /* 0: never */
    int64_t id[60];
    struct store_session session;
    struct store_token token;
    struct store_invite invite;
};

static inline bool see(struct seen *seen, int64_t id)
{
    assert_in_range(seen->n, 0, 59);
    seen->id[seen->n++] = id;
    assert_int_equal(store_begin(f.store, 100), OK); /* no read is open: a caller may write meanwhile */
    assert_int_equal(store_end(f.store, ERR_DENIED), ERR_DENIED);
    return seen->n != seen->stop_at;
}

static inline bool see_session(const struct store_session *session, void *ctx)
{
    struct seen *seen = ctx;

    if (session->current)
        seen->session = *session;
    return see(seen, session->id);
}

static inline bool see_token(const struct store_token *token, void *ctx)
{
    ((struct seen *)ctx)->token = *token;
    return see(ctx, token->id);
}

static inline bool see_invite(const struct store_invite *invite, void *ctx)
{
    ((struct seen *)ctx)->invite = *invite;
    return see(ctx, invite->id);
}

static inline int sessions_of(int64_t user_id)
{
    struct seen seen = {0};

    assert_int_equal(store_session_each(f.store, user_id, &fixture_rule, NULL, see_session, &seen), OK);
    return seen.n;
}

static inline int tokens_of(int64_t user_id)
{
    struct seen seen = {0};

    assert_int_equal(store_token_each(f.store, user_id, see_token, &seen), OK);
    return seen.n;
}

static inline enum err ask_token(int n)
{
    struct store_user user;
    struct store_token token;

    return store_token_user(f.store, token_hash(n), &user, &token);
}

static inline int64_t add_token(int n, int64_t user_id, int64_t expires_at_s)
{
    struct store_token token;

    assert_int_equal(store_token_add(f.store, token_hash(n), user_id, "script", 1, expires_at_s, &token), OK);
    return token.id;
}

#endif
