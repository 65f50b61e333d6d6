/* The table of skeletons. A point where a smooth stroke turns sharply (the waist of a 3) is a short straight step.
 *
 * Which styles there are follows what writing is taught and seen: 1 with and without upstroke and foot, 2 with and
 * without loop, 4 open and closed, 5 with a bar of its own (which may miss the rest), 7 barred and plain, 8 in one
 * stroke or as two circles, 9 straight and curved. What is taught on the European continent and hardly met in MNIST has
 * a table of its own: long upstrokes, feet, slashes, square loops. */
#include "digits.h"

#include <stddef.h>

enum { STYLES_MAX = 6 };

struct style {
    const char *name, *skeleton;
};

static const struct style styles[10][STYLES_MAX] = {
    {{"oval", "M50 0 S22 18 14 54 24 88 48 100 74 86 84 50 76 16 50 0"},
     {"narrow", "M50 0 S34 18 28 50 34 84 50 100 66 84 72 50 68 18 50 0"},
     {"overlapping", "M60 5 S30 8 14 46 28 92 54 98 80 74 82 36 64 6 42 6"},
     {"round", "M52 2 S18 14 4 50 20 90 54 98 90 82 96 44 82 10 52 2"}},
    {{"stick", "M50 0 L50 100"},
     {"upstroke", "M26 26 L53 0 L52 100"},
     {"long upstroke", "M18 38 S38 22 54 0 L52 100"},
     {"upstroke and foot", "M28 24 L52 0 L52 98 M24 100 L80 99"},
     {"foot", "M50 0 L50 98 M26 100 L76 98"},
     {"bent", "M46 0 S54 40 50 100"}},
    {{"plain", "M16 24 S28 4 52 0 78 16 74 42 46 74 14 98 L88 97"},
     {"looped", "M16 22 S34 2 58 2 80 22 68 52 38 86 18 96 10 86 24 78 56 90 92 94"},
     {"round foot", "M14 26 S42 -2 72 12 74 40 42 76 12 98 50 93 90 98"},
     {"swan", "M18 16 S48 -4 76 16 68 50 42 76 16 98 L86 95"}},
    {{"round", "M18 12 S46 -2 74 18 64 40 40 48 L42 49 S74 56 82 76 56 99 14 88"},
     {"flat top", "M18 2 L78 2 L44 42 S74 48 82 72 58 99 16 90"},
     {"knot", "M20 10 S52 -4 73 16 62 42 42 50 37 45 48 43 74 56 78 82 48 100 14 90"},
     {"wide", "M10 14 S44 -4 84 12 76 38 40 46 L42 47 S88 50 92 78 54 102 6 86"}},
    {{"open", "M26 0 L14 58 L92 58 M70 12 L66 100"},
     {"open, round", "M22 4 S16 34 24 52 54 58 80 50 M80 2 L72 100"},
     {"closed, one stroke", "M68 100 L68 0 L10 66 L94 66"},
     {"closed, two strokes", "M66 0 L8 64 L94 64 M66 0 L66 100"},
     {"crossed", "M56 0 L12 64 L90 62 M66 36 L62 100"}},
    {{"one stroke", "M80 2 L32 2 L25 44 S56 36 80 60 70 92 16 92"},
     {"bar joined", "M30 4 L26 46 S58 36 80 62 66 95 18 90 M30 4 L84 2"},
     {"bar loose", "M30 8 L25 46 S58 38 79 64 64 97 16 90 M37 1 L88 -2"},
     {"round", "M78 4 S40 1 30 22 38 42 66 52 78 78 52 99 16 90"}},
    {{"plain", "M66 0 S36 24 18 64 32 97 64 94 77 70 54 54 22 70"},
     {"straight", "M70 0 S44 32 22 66 30 97 60 98 79 76 58 57 25 72"},
     {"curled", "M76 10 S52 -2 26 28 16 70 42 99 76 84 68 58 40 54 18 74"}},
    {{"plain", "M12 4 L86 4 L40 100"},
     {"curved", "M12 8 L86 4 S58 44 44 100"},
     {"barred", "M12 4 L86 4 L40 100 M30 52 L80 48"},
     {"hooked", "M14 20 L14 4 L86 4 L42 100"},
     {"hooked, barred", "M14 18 L13 4 L88 4 S60 42 44 100 M32 54 L80 50"},
     {"waved", "M12 12 S36 0 56 8 86 2 L86 2 L48 100"}},
    {{"one stroke", "M72 14 S50 0 27 14 32 38 56 52 78 78 52 100 23 82 40 56 66 36 74 14"},
     {"two circles", "M50 0 S71 9 72 28 50 47 28 28 29 9 50 0 M50 47 S80 58 82 78 50 100 18 78 20 58 50 47"},
     {"from the right", "M70 8 S38 -2 28 22 52 47 77 74 50 100 20 78 46 50 72 26 66 4"}},
    {{"straight", "M77 8 S48 -4 20 22 34 50 62 42 77 8 L73 100"},
     {"curved", "M74 20 S54 -2 24 14 22 44 52 48 74 20 77 60 60 92 22 96"},
     {"circle and stick", "M50 0 S76 10 77 28 52 52 23 40 21 14 50 0 M78 20 L70 100"},
     {"bent", "M76 14 S46 -6 20 20 36 50 62 42 76 14 76 56 54 100"}},
};

static const struct style continental[10][STYLES_MAX] = {
    {{"slashed", "M52 0 S20 16 14 52 26 90 50 100 80 84 86 48 76 14 52 0 M10 84 L92 14"},
     {"slashed inside", "M50 0 S16 20 12 52 22 86 50 100 84 82 88 50 78 12 50 0 M26 74 L74 24"},
     {"narrow", "M50 0 S36 16 30 50 36 86 50 100 64 84 70 50 64 14 50 0"},
     {"square", "M24 4 S18 8 18 50 20 94 28 98 70 98 80 94 82 50 82 8 74 2 24 4"}},
    {{"long upstroke", "M4 52 L50 0 L50 100"},
     {"half upstroke", "M18 36 L50 0 L49 100"},
     {"fifth", "M36 20 L52 0 L52 100"},
     {"curved upstroke", "M6 48 S34 34 54 0 L50 100"},
     {"upstroke and foot", "M14 40 L52 0 L52 98 M26 99 L78 98"},
     {"steep upstroke", "M26 56 L50 0 L48 100"}},
    {{"pointed", "M16 14 L76 4 S84 40 48 66 L12 98 L90 98"},
     {"looped", "M14 24 S30 0 58 4 78 28 60 60 30 92 12 96 12 82 30 80 56 94 94 90"}},
    {{"flat top", "M16 2 L80 3 L42 40 S78 42 84 70 60 100 12 90"},
     {"round", "M16 14 S50 -6 78 18 62 44 40 47 L42 48 S86 54 84 80 46 104 12 86"}},
    {{"slope and stem", "M62 0 L10 66 L92 64 M60 36 L58 100"},
     {"square", "M16 0 L16 54 L88 54 M78 4 L78 100"},
     {"closed", "M64 0 L6 70 L96 70 M64 0 L64 100"}},
    {{"bar apart", "M28 6 L22 46 S58 34 82 60 64 98 12 90 M28 4 L90 0"},
     {"angular", "M82 2 L26 2 L22 44 L66 42 L84 66 L66 96 L12 92"}},
    {{"tall", "M62 0 S26 30 20 66 34 98 60 96 78 76 60 58 24 68"},
     {"curled in", "M70 4 S34 10 20 54 28 100 60 98 82 70 54 56 26 74"}},
    {{"barred", "M8 6 L88 4 L42 100 M26 54 L80 48"},
     {"hooked, barred", "M12 22 L12 4 L90 4 L44 100 M24 56 L82 52"},
     {"upright, barred", "M10 4 L80 2 L62 100 M40 50 L92 50"}},
    {{"two circles", "M50 0 S70 8 72 24 50 46 28 24 30 8 50 0 M50 46 S84 56 84 76 50 100 16 76 16 56 50 46"},
     {"small head", "M54 4 S42 8 44 20 58 30 66 18 54 4 M52 30 S18 52 20 78 50 100 80 76 64 40 52 30"}},
    {{"square loop", "M76 4 L22 4 L20 46 L74 44 L76 4 L76 100"},
     {"hooked", "M76 18 S50 -6 24 16 28 48 60 44 76 18 L76 76 S70 100 48 98 24 90"},
     {"angular", "M74 6 L30 2 L16 32 L48 50 L74 6 L68 100"}},
};

static void choose(const struct style of[10][STYLES_MAX], struct writer *w, struct rng *r)
{
    pen_hand_make(&w->hand, r);
    for (int k = 0; k < 10; k++) {
        uint32_t n = 0;

        while (n < STYLES_MAX && of[k][n].name != NULL)
            n++;
        w->skeleton[k] = of[k][rng_below(r, n)].skeleton;
    }
}

void writer_make(struct writer *w, struct rng *r)
{
    choose(styles, w, r);
}

void writer_make_continental(struct writer *w, struct rng *r)
{
    choose(continental, w, r);
}

void writer_make_english(struct writer *w, struct rng *r)
{
    static const int ones[] = {0, 5}, sevens[] = {0, 1, 5}; /* without upstroke and foot; without a bar across */

    choose(styles, w, r);
    w->skeleton[1] = styles[1][ones[rng_below(r, 2)]].skeleton;
    w->skeleton[7] = styles[7][sevens[rng_below(r, 3)]].skeleton;
}

enum err writer_write(const struct writer *w, int label, struct rng *r, struct pen_figure *out)
{
    return pen_write(w->skeleton[label], &w->hand, r, out);
}
