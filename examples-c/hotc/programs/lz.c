/* An LZSS codec, there and back: a bit says whether a byte comes next or a
   distance and a length into what was seen before. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef WINDOW
#define WINDOW 255
#endif
#define SHORTEST 3
#define LONGEST (SHORTEST + 255)

static const char *const words[] = { "load ", "run ", "swap ", "code ",
                                     "the ", "reader ", "leaves, ", "entry " };

static size_t write_text(unsigned char *at, size_t size)
{
    uint32_t x = 88172645;
    size_t used = 0;
    for (;;) {
        const char *word = words[x >> 29];
        if (used + strlen(word) > size)
            return used;
        memcpy(at + used, word, strlen(word));
        used += strlen(word);
        x = x * 1664525 + 1013904223;
    }
}

static size_t match(const unsigned char *in, size_t size, size_t at,
                    size_t *distance)
{
    size_t best = 0;
    for (size_t back = 1; back <= WINDOW && back <= at; back++) {
        size_t length = 0;
        while (length < LONGEST && at + length < size &&
               in[at + length] == in[at + length - back])
            length++;
        if (length > best) {
            best = length;
            *distance = back;
        }
    }
    return best;
}

static size_t pack(const unsigned char *in, size_t size, unsigned char *out)
{
    size_t used = 0, flags = 0, at = 0, distance = 0;
    for (int bit = 8; at < size; bit++) {
        size_t length = match(in, size, at, &distance);
        if (bit == 8) {
            bit = 0;
            flags = used++;
            out[flags] = 0;
        }
        if (length >= SHORTEST) {
            out[flags] |= 1 << bit;
            out[used++] = (unsigned char)distance;
            out[used++] = (unsigned char)(length - SHORTEST);
            at += length;
        } else {
            out[used++] = in[at++];
        }
    }
    return used;
}

static size_t unpack(const unsigned char *in, size_t size, unsigned char *out)
{
    size_t at = 0, used = 0;
    while (at < size) {
        int flags = in[at++];
        for (int bit = 0; bit < 8 && at < size; bit++) {
            if (flags >> bit & 1) {
                size_t distance = in[at], length = in[at + 1] + SHORTEST;
                at += 2;
                for (; length > 0; length--, used++)
                    out[used] = out[used - distance];
            } else {
                out[used++] = in[at++];
            }
        }
    }
    return used;
}

int run(char *text, size_t size)
{
    unsigned char *plain = malloc(4096), *packed = malloc(8192);
    unsigned char *again = malloc(4096);
    int wrong = 1;
    if (plain != NULL && packed != NULL && again != NULL) {
        size_t before = write_text(plain, 4096);
        size_t after = pack(plain, before, packed);
        wrong = unpack(packed, after, again) != before ||
                memcmp(plain, again, before) != 0;
        snprintf(text, size, "%zu bytes to %zu and back", before, after);
    }
    free(plain);
    free(packed);
    free(again);
    return wrong;
}
