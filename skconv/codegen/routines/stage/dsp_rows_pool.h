/* Convolution of a one-channel map, nonlinearity and pooling at once, one row of pooled
 * features at a time: no row of the convolved map is ever stored.
 *
 * A buffer of `r.height + p.pool.height - 1` rows, plus one where that height is odd, holds
 * what one row of windows reads. Rows go in by `sk_lanes_push`; when it says so,
 * `sk_rows_pool_row` writes the features and `sk_rows_pool_drop` makes room.
 */
#ifndef SKCONV_DSP_ROWS_POOL_H
#define SKCONV_DSP_ROWS_POOL_H

#include "dsp_bytes.h"
#include "dsp_requantize.h"
#include "dsp_rows.h"
#include "kept.h"
#include "stage.h"

typedef struct {
    sk_nonlinearity nonlinearity; /* of the requantised sums */
    sk_requantization square;     /* of SK_STAGE_SQUARE */
    const int16_t *threshold;     /* of SK_STAGE_SOFT_THRESHOLD, one for each kernel */
    bool both_signs; /* the negative entries have features of their own */
    sk_pooling pooling;
    sk_pool pool;    /* strides at least as large as the sizes */
    int32_t columns; /* of the pooled map */
    sk_type type;    /* of the features */
    bool requantised; /* what is pooled goes through `to` */
    sk_requantization to;
    bool rooted; /* the feature is the root of that */
    sk_root root;
} sk_rows_pool;

/* The sums of a window so far. */
typedef struct {
    int32_t high; /* largest sum or entry, or the total; with both signs: of positive ones */
    int32_t low;  /* with both signs: least sum, or total of the negative ones */
} sk_gathered;

SK_INLINE int32_t sk_larger(int32_t a, int32_t b)
{
    return a > b ? a : b;
}

/* Requantisation is monotone, so the largest sum makes the largest entry. */
SK_INLINE bool sk_pools_sums(sk_rows_pool p)
{
    return p.pooling == SK_POOL_MAX && p.nonlinearity != SK_STAGE_ABS
           && p.nonlinearity != SK_STAGE_SQUARE && p.nonlinearity != SK_STAGE_MAGNITUDE;
}

/* |q| of the requantised sum q: the clip may follow where its limits are even. */
SK_INLINE int32_t sk_rows_magnitude(int32_t sum, int32_t multiplier, sk_rows r)
{
    const bool even = r.minimum == -r.maximum;
    const int32_t value = even ? sk_rows_scale(sum, multiplier, r)
                               : sk_rows_requantize(sum, multiplier, r);
    const int32_t size = value < 0 ? -value : value;
    return even ? sk_clip(size, 0, r.maximum) : size;
}

/* One entry of a single output, before pooling; `partner` is of SK_STAGE_MAGNITUDE. */
SK_INLINE int32_t sk_rows_entry(
    int32_t sum, int32_t multiplier, int32_t partner, int32_t kernel, sk_rows r, sk_rows_pool p)
{
    if (p.nonlinearity == SK_STAGE_PLAIN && p.pooling != SK_POOL_L2) {
        return sk_rows_requantize(sum, multiplier, r);
    }
    if (p.nonlinearity == SK_STAGE_RELU) {
        return sk_larger(sk_rows_requantize(sum, multiplier, r), 0);
    }
    const int32_t size = sk_rows_magnitude(sum, multiplier, r);
    if (p.nonlinearity == SK_STAGE_SQUARE) {
        return sk_dsp_requantize(size * size, kernel, p.square);
    }
    if (p.nonlinearity == SK_STAGE_MAGNITUDE) {
        const uint32_t square = (uint32_t)(size * size) + (uint32_t)(partner * partner);
        return (int32_t)sk_rounded_root(square);
    }
    return size;
}

/* The threshold below which an entry of either sign counts as 0. */
SK_INLINE int32_t sk_rows_threshold(int32_t kernel, sk_rows_pool p)
{
    return p.nonlinearity == SK_STAGE_SOFT_THRESHOLD ? p.threshold[kernel] : 0;
}

SK_INLINE bool sk_parts_signs(sk_rows_pool p)
{
    return p.both_signs || p.nonlinearity == SK_STAGE_SOFT_THRESHOLD;
}

SK_INLINE int32_t sk_pool_add(int32_t total, int32_t entry, sk_pooling pooling)
{
    if (pooling == SK_POOL_MAX) {
        return sk_larger(total, entry);
    }
    return total + (pooling == SK_POOL_MEAN ? entry : entry * entry);
}

SK_INLINE sk_gathered sk_gathered_nothing(sk_rows_pool p)
{
    const bool sums = sk_pools_sums(p);
    const sk_gathered nothing = {sums ? INT32_MIN : 0, sums ? INT32_MAX : 0};
    return nothing;
}

SK_INLINE void sk_gather(
    sk_gathered *g, int32_t sum, int32_t multiplier, int32_t partner, int32_t kernel, sk_rows r,
    sk_rows_pool p)
{
    if (sk_pools_sums(p)) {
        g->high = sk_larger(g->high, sum);
        g->low = g->low < sum ? g->low : sum;
    } else if (sk_parts_signs(p)) {
        const int32_t entry = sk_rows_requantize(sum, multiplier, r);
        const int32_t t = sk_rows_threshold(kernel, p);
        g->high = sk_pool_add(g->high, sk_larger(entry - t, 0), p.pooling);
        if (p.both_signs) {
            g->low = sk_pool_add(g->low, sk_larger(-entry - t, 0), p.pooling);
        }
    } else {
        const int32_t entry = sk_rows_entry(sum, multiplier, partner, kernel, r, p);
        g->high = sk_pool_add(g->high, entry, p.pooling);
    }
}

/* Whether the four entries of a block are bytes of one window that are added up. */
SK_INLINE bool sk_gathers_fours(sk_rows r, sk_rows_pool p)
{
    return sk_parts_signs(p) && p.pooling != SK_POOL_MAX && r.minimum == -127
           && r.maximum == 127 && p.pool.width % 2 == 0 && p.pool.column_stride % 2 == 0;
}

/* A requantised sum with limits wider than those of entries: what follows keeps to these. */
SK_INLINE uint32_t sk_rows_wider(int32_t sum, int32_t multiplier, sk_rows r)
{
    return (uint32_t)sk_clip(sk_rows_scale(sum, multiplier, r), -128, 127);
}

/* Four entries from 0 to 127 of two words of lanes, what is beyond `t`, onto the total. */
SK_INLINE int32_t sk_gather_bytes(
    int32_t total, uint32_t ab, uint32_t cd, uint32_t t, sk_pooling pooling)
{
    const uint32_t bytes = sk_uqsub8(sk_usat16_7(ab) | sk_usat16_7(cd) << 8, t);
    if (pooling == SK_POOL_MEAN) {
        return (int32_t)sk_usada8(bytes, 0, (uint32_t)total);
    }
    const uint32_t even = sk_uxtb16(bytes);
    const uint32_t odd = sk_uxtb16_ror8(bytes);
    return sk_smlad(even, even, sk_smlad(odd, odd, total));
}

SK_INLINE void sk_gather_four(
    sk_gathered *g, sk_quad q, int32_t multiplier, int32_t kernel, sk_rows r, sk_rows_pool p)
{
    const uint32_t t = (uint32_t)sk_rows_threshold(kernel, p) * 0x01010101u;
    const uint32_t a = sk_rows_wider(q.a, multiplier, r);
    const uint32_t b = sk_rows_wider(q.b, multiplier, r);
    const uint32_t ab = sk_pack_low(a, b);
    const uint32_t c = sk_rows_wider(q.c, multiplier, r);
    const uint32_t d = sk_rows_wider(q.d, multiplier, r);
    const uint32_t cd = sk_pack_low(c, d);
    g->high = sk_gather_bytes(g->high, ab, cd, t, p.pooling);
    if (p.both_signs) {
        const uint32_t minus_ab = sk_ssub16(0, ab);
        g->low = sk_gather_bytes(g->low, minus_ab, sk_ssub16(0, cd), t, p.pooling);
    }
}

/* The feature of a total. */
SK_INLINE int32_t sk_pooled(int32_t total, int32_t channel, sk_rows_pool p)
{
    const int32_t value =
        p.pooling == SK_POOL_L2 ? (int32_t)sk_rounded_root((uint32_t)total) : total;
    const int32_t pooled = p.requantised ? sk_dsp_requantize(value, channel, p.to) : value;
    const int32_t root = p.rooted ? sk_signed_root(pooled, p.root) : 0;
    return p.rooted ? sk_dsp_requantize(root, channel, p.root.to) : pooled;
}

/* The features of one window; `feature` is the place of its first channel. */
SK_INLINE void sk_pool_store(
    sk_gathered g, int32_t multiplier, int32_t kernel, void *features, int32_t feature,
    sk_rows r, sk_rows_pool p)
{
    if (sk_pools_sums(p)) {
        const int32_t high = sk_rows_requantize(g.high, multiplier, r);
        const int32_t low = sk_rows_requantize(g.low, multiplier, r);
        const int32_t t = sk_rows_threshold(kernel, p);
        g.high = p.nonlinearity == SK_STAGE_PLAIN ? high : sk_larger(high - t, 0);
        g.low = sk_larger(-low - t, 0);
    }
    sk_store(features, p.type, feature + kernel, sk_pooled(g.high, kernel, p));
    if (p.both_signs) {
        const int32_t negative = kernel + r.kernels;
        sk_store(features, p.type, feature + negative, sk_pooled(g.low, negative, p));
    }
}

/* Windows whose distance is odd are gathered two at once: pixels come in pairs. */
typedef struct {
    sk_gathered left;
    sk_gathered right;
} sk_neighbours;

/* The pixel `x` columns after the left window's first one. */
SK_INLINE void sk_gather_at(
    sk_neighbours *w, int32_t x, int32_t sum, int32_t multiplier, int32_t partner,
    int32_t kernel, sk_rows r, sk_rows_pool p)
{
    const bool all_left = p.pool.width % 2 == 0 && p.pool.column_stride % 2 == 0;
    const int32_t second = p.pool.column_stride;
    if (all_left || x < p.pool.width) {
        sk_gather(&w->left, sum, multiplier, partner, kernel, r, p);
    } else if (second % 2 != 0 && x >= second && x < second + p.pool.width) {
        sk_gather(&w->right, sum, multiplier, partner, kernel, r, p);
    }
}

/* The 2 x 2 pixels at `at`, of one kernel. `below`: whether the lower two count. */
SK_INLINE int32_t sk_gather_block(
    sk_neighbours *w, const uint32_t *at, const uint32_t *entry, int32_t x, bool below,
    int32_t kernel, sk_rows r, sk_rows_pool p)
{
    const uint32_t *next = entry;
    const sk_quad q = sk_rows_sums(at, &next, r);
    const int32_t multiplier = (int32_t)*next;
    sk_quad o = {0, 0, 0, 0};
    if (p.nonlinearity == SK_STAGE_MAGNITUDE) {
        next = entry + r.kernels / 2 * sk_rows_words(r);
        o = sk_rows_sums(at, &next, r);
        o.a = sk_rows_magnitude(o.a, (int32_t)*next, r);
        o.b = sk_rows_magnitude(o.b, (int32_t)*next, r);
        o.c = sk_rows_magnitude(o.c, (int32_t)*next, r);
        o.d = sk_rows_magnitude(o.d, (int32_t)*next, r);
    }
    if (below && sk_gathers_fours(r, p)) {
        sk_gather_four(&w->left, q, multiplier, kernel, r, p);
        return multiplier;
    }
    sk_gather_at(w, x, q.a, multiplier, o.a, kernel, r, p);
    sk_gather_at(w, x + 1, q.b, multiplier, o.b, kernel, r, p);
    if (below) {
        sk_gather_at(w, x, q.c, multiplier, o.c, kernel, r, p);
        sk_gather_at(w, x + 1, q.d, multiplier, o.d, kernel, r, p);
    }
    return multiplier;
}

/* Whether a feature of a kernel is kept, of a window whose features are from `first` on. */
SK_INLINE bool sk_rows_is_kept(
    const uint16_t *kept, int32_t first, int32_t kernel, sk_rows r, sk_rows_pool p)
{
    return sk_is_kept(kept, first + kernel)
           || (p.both_signs && sk_is_kept(kept, first + kernel + r.kernels));
}

/* One row of features. Of those from `first` on only the ones that are kept (kept.h) are read
 * later: windows of the others are not computed.
 */
SK_INLINE void sk_rows_pool_row(
    const uint32_t *rows, const int32_t *table, void *features, sk_rows r, sk_rows_pool p,
    const uint16_t *kept, int32_t first_feature)
{
    const int32_t distance = p.pool.column_stride;
    const int32_t windows = distance % 2 == 0 ? 1 : 2;
    const int32_t kernels =
        p.nonlinearity == SK_STAGE_MAGNITUDE ? r.kernels / 2 : r.kernels;
    const int32_t channels = p.both_signs ? 2 * kernels : kernels;
    for (int32_t column = 0; column < p.columns; column += windows) {
        const uint32_t *const first = rows + column * distance / 2;
        const bool alone = windows == 1 || column + 1 == p.columns;
        const int32_t span = alone ? p.pool.width : distance + p.pool.width;
        const uint32_t *entry = (const uint32_t *)table;
        for (int32_t n = 0; n < kernels; n++) {
            const int32_t at_left = first_feature + column * channels;
            if (!sk_rows_is_kept(kept, at_left, n, r, p)
                && (alone || !sk_rows_is_kept(kept, at_left + channels, n, r, p))) {
                entry += sk_rows_words(r);
                continue;
            }
            sk_neighbours w = {sk_gathered_nothing(p), sk_gathered_nothing(p)};
            int32_t multiplier = 0;
            for (int32_t y = 0; y < p.pool.height; y += 2) {
                const bool below = sk_has_next(y, p.pool.height);
                for (int32_t x = 0; x < span; x += 2) {
                    const uint32_t *at = first + y * r.input.pitch + x / 2;
                    multiplier = sk_gather_block(&w, at, entry, x, below, n, r, p);
                }
            }
            const int32_t feature = column * channels;
            sk_pool_store(w.left, multiplier, n, features, feature, r, p);
            if (!alone) {
                sk_pool_store(w.right, multiplier, n, features, feature + channels, r, p);
            }
            entry += sk_rows_words(r);
        }
    }
}

/* Number of rows in the buffer that a row of features needs. */
SK_INLINE int32_t sk_rows_pool_wanted(sk_rows r, sk_rows_pool p)
{
    return r.height + p.pool.height - 1;
}

/* Makes room for the rows of the next windows. */
SK_INLINE void sk_rows_pool_drop(uint32_t *rows, int32_t *filled, sk_rows r, sk_rows_pool p)
{
    const int32_t done = p.pool.row_stride;
    sk_lanes_drop(rows, filled, sk_rows_pool_wanted(r, p) - done, done, r.input);
}

#endif
