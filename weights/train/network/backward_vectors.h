/* Vectors of VL floats, the widest of the instruction set that is compiled for; for backward.c alone. */
#ifndef DIGITD_WEIGHTS_BACKWARD_VECTORS_H
#define DIGITD_WEIGHTS_BACKWARD_VECTORS_H

#include <stdint.h>
#include <string.h>

#define ALWAYS_INLINE static inline __attribute__((always_inline))

#if defined(__AVX512F__)
#define VL 16
#elif defined(__AVX2__)
#define VL 8
#else
#define VL 4
#endif

typedef float vf __attribute__((vector_size(4 * VL)));
typedef int32_t vi __attribute__((vector_size(4 * VL)));
typedef uint32_t vu __attribute__((vector_size(4 * VL)));
typedef uint8_t vb __attribute__((vector_size(VL)));

ALWAYS_INLINE vf load(const float *p)
{
    vf v;
    memcpy(&v, p, sizeof(v));
    return v;
}

ALWAYS_INLINE void store(float *p, vf v)
{
    memcpy(p, &v, sizeof(v));
}

ALWAYS_INLINE void add_to(float *p, vf v)
{
    store(p, load(p) + v);
}

ALWAYS_INLINE vi load_code(const uint8_t *p)
{
    vb v;
    memcpy(&v, p, sizeof(v));
    return __builtin_convertvector(v, vi);
}

ALWAYS_INLINE void store_code(uint8_t *p, vi code)
{
    vb v = __builtin_convertvector(code, vb);
    memcpy(p, &v, sizeof(v));
}

/* A mask is all ones or all zeros in each lane, as comparisons give it. */
ALWAYS_INLINE vf keep_where(vi mask, vf v)
{
    return (vf)(mask & (vi)v);
}

ALWAYS_INLINE vi choose(vi mask, vi yes, vi no)
{
    return (mask & yes) | (~mask & no);
}

#endif
