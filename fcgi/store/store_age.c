/* When things expire. */
#include "store_internal.h"

struct store_session_rule store_session_rule_of(const struct conf *conf)
{
    return (struct store_session_rule){.idle_s = (int64_t)conf->session_idle_h * 3600,
                                       .max_s = (int64_t)conf->session_max_days * 86400,
                                       .per_user = conf->sessions_per_user};
}

bool store_expired(int64_t created_at_s, int64_t expires_at_s, int64_t now_s)
{
    return expires_at_s > 0 && (expires_at_s <= now_s || created_at_s > now_s + STORE_CLOCK_SLACK_S);
}
