/*
 * Exact products of decimals, for services in C.
 *
 * Owns the arithmetic of 96-bit numbers with a scale. Never rounds: what does not fit is no product.
 */
#ifndef DECIMAL_H
#define DECIMAL_H

#include <stdbool.h>
#include <stdint.h>

#include "service_framework.h"

/* The most digits that a decimal has behind its point. */
#define DECIMAL_SCALE 28

/* The product of two decimals; false if it has more digits than a decimal can. */
static inline bool decimal_product(sf_decimal_t a, sf_decimal_t b, sf_decimal_t *product) {
    const uint32_t x[3] = {(uint32_t)a.low, (uint32_t)(a.low >> 32), a.high};
    const uint32_t y[3] = {(uint32_t)b.low, (uint32_t)(b.low >> 32), b.high};
    uint32_t z[6] = {0};
    int i, j;
    for (i = 0; i < 3; i++) {
        uint64_t carry = 0;
        for (j = 0; j < 3; j++) {
            /* At most (2^32-1)^2 + 2 (2^32-1), which is 2^64-1. */
            carry += (uint64_t)x[i] * y[j] + z[i + j];
            z[i + j] = (uint32_t)carry;
            carry >>= 32;
        }
        z[i + 3] = (uint32_t)carry;
    }
    if (z[3] != 0 || z[4] != 0 || z[5] != 0 || a.scale + b.scale > DECIMAL_SCALE) {
        return false;
    }
    product->low = (uint64_t)z[1] << 32 | z[0];
    product->high = z[2];
    product->scale = (uint8_t)(a.scale + b.scale);
    product->negative = a.negative != b.negative && (product->low != 0 || product->high != 0);
    return true;
}

/* Whether two decimals have the same digits: 1.5 and 1.50 have not. */
static inline bool decimal_same(sf_decimal_t a, sf_decimal_t b) {
    return a.low == b.low && a.high == b.high && a.scale == b.scale && a.negative == b.negative;
}

#endif
