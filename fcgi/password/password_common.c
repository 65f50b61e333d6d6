/* Common passwords, by rule and by list.
 *
 * The words here are for rules: words and keyboard walks that lead every published count of leaked passwords. Each
 * covers all its variations (Password1!, 123password), so a few words cover many passwords. The passwords in
 * password_common_list.c (R43) are matched as they are. */
#include "password_common.h"

#include <stdbool.h>
#include <string.h>

#include "password.h"

enum {
    DRESSING_MAX = 6, /* characters around a word that do not make it a better password */
    PART_MIN = 3,     /* shortest part of an address that counts */
    RUN_MIN = 3,      /* shortest piece of a keyboard row that counts as a run */
    RUNS_MAX = 3,     /* so many runs one after another are still easy */
    UNIT_MAX = 4,     /* characters repeated over and over */
    POINT_BYTES = 4
};

static const char *const common_words[] = {
    "password",   "passwort",      "passord",      "motdepasse",  "contrasena", "contraseña",    "senha",
    "wachtwoord", "haslo",         "parola",       "letmein",     "welcome",    "willkommen",    "bienvenue",
    "bienvenido", "iloveyou",      "ichliebedich", "jetaime",     "tequiero",   "teamo",         "trustno",
    "trustno1",   "sunshine",      "princess",     "princesa",    "prinzessin", "monkey",        "dragon",
    "football",   "fussball",      "futbol",       "baseball",    "basketball", "softball",      "volleyball",
    "hockey",     "soccer",        "superman",     "batman",      "spiderman",  "superstar",     "starwars",
    "startrek",   "pokemon",       "pikachu",      "naruto",      "minecraft",  "fortnite",      "master",
    "shadow",     "michael",       "michelle",     "jennifer",    "jessica",    "jordan",        "joshua",
    "hunter",     "harley",        "ranger",       "buster",      "killer",     "george",        "andrew",
    "andrea",     "charlie",       "thomas",       "robert",      "daniel",     "danielle",      "matthew",
    "anthony",    "william",       "samantha",     "elizabeth",   "victoria",   "veronica",      "alexander",
    "alexandra",  "alejandro",     "nicholas",     "benjamin",    "jonathan",   "christian",     "christopher",
    "patrick",    "richard",       "sebastian",    "stephanie",   "valentina",  "isabella",      "carolina",
    "computer",   "internet",      "website",      "whatever",    "secret",     "geheim",        "secreto",
    "admin",      "administrator", "root",         "superuser",   "sysadmin",   "guest",         "default",
    "changeme",   "temporary",     "testing",      "testtest",    "tester",     "test",          "user",
    "username",   "login",         "access",       "hello",       "hellohello", "goodbye",       "freedom",
    "forever",    "friends",       "family",       "mother",      "father",     "daddy",         "mommy",
    "babygirl",   "sweetheart",    "darling",      "schatzi",     "liebling",   "chocolate",     "schokolade",
    "cookie",     "cheese",        "banana",       "strawberry",  "butterfly",  "schmetterling", "flower",
    "blumen",     "rainbow",       "unicorn",      "elephant",    "midnight",   "summer",        "winter",
    "spring",     "autumn",        "sommer",       "herbst",      "monday",     "friday",        "january",
    "february",   "september",     "october",      "november",    "december",   "liverpool",     "chelsea",
    "arsenal",    "barcelona",     "realmadrid",   "juventus",    "manchester", "bayern",        "america",
    "london",     "paris",         "berlin",       "california",  "newyork",    "mustang",       "maverick",
    "corvette",   "ferrari",       "mercedes",     "porsche",     "phoenix",    "matrix",        "google",
    "facebook",   "instagram",     "linkedin",     "youtube",     "microsoft",  "windows",       "samsung",
    "iphone",     "android",       "nintendo",     "playstation", "metallica",  "nirvana",       "slipknot",
    "blink182",   "jesus",         "jesuschrist",  "blessed",     "diamond",    "silver",        "golden",
    "purple",     "orange",        "yellow",       "ginger",      "pepper",     "tigger",        "snoopy",
    "garfield",   "mickey",        "lovely",       "loveme",      "fuckyou",    "fuckoff",       "asshole",
    "bullshit",   "qwerty",        "qwertz",       "azerty",      "asdf",       "1q2w3e",        "q1w2e3",
    "1qaz",       "zaq1",          "abc123",       "112233",      "123123",     "121212",        "131313",
    "159753",     "159357",        "147258",       "741852",      "789456",     "696969",        "102030",
    "246810",     "135790",        "secure",       "security",    "private",    "network",       "server",
    "database",   "nothing",       "thunder",      "warrior",     "wizard",     "knight",        "vampire",
    "zombie",     "ninja",         "samurai",      "pirate",
};

/* Rows and columns of keyboards, and the alphabet: a run along one, in either direction, is easy to guess. */
static const char *const rows[] = {
    "01234567890",
    "abcdefghijklmnopqrstuvwxyz",
    "qwertyuiop[]",
    "qwertzuiop",
    "azertyuiop",
    "asdfghjkl;'",
    "qsdfghjklm",
    "zxcvbnm,./",
    "yxcvbnm,.-",
    "!@#$%^&*()",
    "!\"#$%&/()",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik,9ol.",
    "qazwsxedcrfvtgbyhnujmikolp",
    "1q2w3e4r5t6y7u8i9o0p",
    "1a2b3c4d5e6f7g8h9i",
    "147258369",
    "159",
};

static const char why_word[] = "That password is too common; attackers try it first. Choose another one.";
static const char why_run[] = "That password is a simple sequence or repetition. Choose another one.";
static const char why_email[] = "That password is based on your email address. Choose another one.";
static const char why_site[] = "That password is based on this site's name. Choose another one.";

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool letter(char c)
{
    return (c >= 'a' && c <= 'z') || (unsigned char)c >= 0x80;
}

/* Whether text[n] is word[m] with only a few digits and symbols around it. */
static bool dressed(const char *text, size_t n, const char *word, size_t m)
{
    for (size_t at = 0; m <= n && n - m <= DRESSING_MAX && at <= n - m; at++) {
        bool bare = memcmp(text + at, word, m) == 0;

        for (size_t i = 0; bare && i < n; i++)
            bare = (i >= at && i < at + m) || !letter(text[i]);
        if (bare)
            return true;
    }
    return false;
}

/* Whether the text only repeats a few characters. */
static bool repeated(const char *text, size_t n)
{
    for (size_t unit = 1, points = 0; unit <= n / 2 && unit <= UNIT_MAX * POINT_BYTES; unit++) {
        points += ((unsigned char)text[unit - 1] & 0xc0) != 0x80;
        if (points > UNIT_MAX)
            return false;
        if (memcmp(text, text + unit, n - unit) == 0)
            return true;
    }
    return false;
}

/* How many bytes at the start of text[n] follow row, in the direction of step. */
static size_t run_along(const char *text, size_t n, const char *row, int step)
{
    size_t best = 0;

    for (const char *at = row; *at != '\0'; at++) {
        const char *p = at;
        size_t len = 0;

        while (len < n && *p == text[len]) {
            len++;
            if (step < 0 && p == row)
                break;
            p += step;
            if (*p == '\0')
                break;
        }
        best = len > best ? len : best;
    }
    return best;
}

static size_t run_length(const char *text, size_t n)
{
    size_t best = 1;

    while (best < n && text[best] == text[0])
        best++;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        size_t there = run_along(text, n, rows[i], 1), back = run_along(text, n, rows[i], -1);

        best = there > best ? there : best;
        best = back > best ? back : best;
    }
    return best;
}

/* Whether a few runs cover it: 12345678, qwer1234, abcd4321, aaaabbbb. */
static bool runs_only(const char *text, size_t n)
{
    for (int runs = 0; runs < RUNS_MAX; runs++) {
        size_t len = run_length(text, n);

        if (len < RUN_MIN)
            return false;
        text += len;
        n -= len;
        if (n == 0)
            return true;
    }
    return false;
}

/* Whether text[n] is a word of password_common_list. */
static bool whole_listed(const char *text, size_t n)
{
    char spaced[PASSWORD_BYTES_MAX + 3] = " ";
    bool listed;

    memcpy(spaced + 1, text, n);
    memcpy(spaced + 1 + n, " ", 2);
    listed = memchr(text, ' ', n) == NULL && strstr(password_common_list, spaced) != NULL;
    explicit_bzero(spaced, sizeof(spaced));
    return listed;
}

static bool word_listed(const char *text, size_t n)
{
    if (whole_listed(text, n))
        return true;
    for (size_t i = 0; i < sizeof(common_words) / sizeof(common_words[0]); i++)
        if (dressed(text, n, common_words[i], strlen(common_words[i])))
            return true;
    return false;
}

/* Replaces symbols and digits by the letters they stand for: p@ssw0rd. Byte for byte, so the length stays the same. */
static void unmask(char *text, size_t n)
{
    static const char masks[] = "@a4a0o3e$s5s7t!i1i";

    for (size_t i = 0; i < n; i++)
        for (const char *m = masks; *m != '\0'; m += 2)
            if (text[i] == m[0]) {
                text[i] = m[1];
                break;
            }
}

/* The whole address, each side of the @, each word of either, and the words before the @ joined together. */
static bool made_of_email(const char *text, size_t n, const char *email)
{
    static const char parting[] = "@.-_+";
    char joined[PASSWORD_BYTES_MAX + 1];
    size_t all = strlen(email), local = strcspn(email, "@"), m = 0;

    if (all == 0)
        return false;
    if (dressed(text, n, email, all) || (local >= PART_MIN && dressed(text, n, email, local)) ||
        (local < all && dressed(text, n, email + local + 1, all - local - 1)))
        return true;
    for (size_t i = 0; i < local && m < PASSWORD_BYTES_MAX; i++)
        if (strchr(parting, email[i]) == NULL)
            joined[m++] = email[i];
    if (m >= PART_MIN && dressed(text, n, joined, m))
        return true;
    for (const char *p = email; *p != '\0';) {
        m = strcspn(p, parting);
        if (m >= PART_MIN && dressed(text, n, p, m))
            return true;
        p += m;
        p += *p != '\0';
    }
    return false;
}

const char *password_common_reason(const char *text, size_t n, const char *email)
{
    char folded[PASSWORD_BYTES_MAX + 1], address[PASSWORD_BYTES_MAX + 1];
    const char *reason = NULL;
    size_t m = email == NULL ? 0 : strnlen(email, PASSWORD_BYTES_MAX);

    if (n > PASSWORD_BYTES_MAX)
        return NULL;
    for (size_t i = 0; i < n; i++)
        folded[i] = lower(text[i]);
    for (size_t i = 0; i < m; i++)
        address[i] = lower(email[i]);
    address[m] = '\0';
    if (repeated(folded, n) || runs_only(folded, n))
        reason = why_run;
    else if (made_of_email(folded, n, address))
        reason = why_email;
    else if (dressed(folded, n, "digitd", 6) || dressed(folded, n, "digits", 6) || dressed(folded, n, "digit", 5))
        reason = why_site;
    else if (word_listed(folded, n))
        reason = why_word;
    if (reason == NULL) {
        unmask(folded, n);
        if (word_listed(folded, n))
            reason = why_word;
    }
    explicit_bzero(folded, sizeof(folded));
    return reason;
}
