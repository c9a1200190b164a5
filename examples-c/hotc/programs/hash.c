/* Three hash functions, each checked against a published value. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define MESSAGE "foobar"

static uint64_t rotated(uint64_t x, int by)
{
    return x << by | x >> (64 - by);
}

static uint64_t little_endian(const unsigned char *bytes, int count)
{
    uint64_t x = 0;
    while (count-- > 0)
        x = x << 8 | bytes[count];
    return x;
}

static void sip_rounds(uint64_t v[4], int rounds)
{
    while (rounds-- > 0) {
        v[0] += v[1]; v[1] = rotated(v[1], 13) ^ v[0]; v[0] = rotated(v[0], 32);
        v[2] += v[3]; v[3] = rotated(v[3], 16) ^ v[2];
        v[0] += v[3]; v[3] = rotated(v[3], 21) ^ v[0];
        v[2] += v[1]; v[1] = rotated(v[1], 17) ^ v[2]; v[2] = rotated(v[2], 32);
    }
}

static uint64_t siphash(const unsigned char *key, const unsigned char *at,
                        size_t size)
{
    uint64_t k0 = little_endian(key, 8), k1 = little_endian(key + 8, 8), m;
    uint64_t v[4] = { k0 ^ 0x736f6d6570736575, k1 ^ 0x646f72616e646f6d,
                      k0 ^ 0x6c7967656e657261, k1 ^ 0x7465646279746573 };
    uint64_t last = (uint64_t)size << 56;
    for (; size >= 8; size -= 8, at += 8) {
        m = little_endian(at, 8);
        v[3] ^= m;
        sip_rounds(v, 2);
        v[0] ^= m;
    }
    last |= little_endian(at, (int)size);
    v[3] ^= last;
    sip_rounds(v, 2);
    v[0] ^= last;
    v[2] ^= 0xff;
    sip_rounds(v, 4);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

static uint64_t fnv1a(const char *text)
{
    uint64_t hash = 0xcbf29ce484222325;
    for (; *text != 0; text++)
        hash = (hash ^ (unsigned char)*text) * 0x100000001b3;
    return hash;
}

static uint32_t murmur3(const char *text)
{
    size_t size = strlen(text), left = size;
    const unsigned char *at = (const unsigned char *)text;
    uint32_t hash = 0, k;
    while (left > 0) {
        int count = left < 4 ? (int)left : 4;
        k = (uint32_t)little_endian(at, count) * 0xcc9e2d51;
        hash ^= (k << 15 | k >> 17) * 0x1b873593;
        if (count == 4)
            hash = (hash << 13 | hash >> 19) * 5 + 0xe6546b64;
        at += count;
        left -= count;
    }
    hash ^= (uint32_t)size;
    hash = (hash ^ hash >> 16) * 0x85ebca6b;
    hash = (hash ^ hash >> 13) * 0xc2b2ae35;
    return hash ^ hash >> 16;
}

int run(char *text, size_t size)
{
    unsigned char key[16], message[15];
    for (int i = 0; i < 16; i++)
        key[i] = (unsigned char)i;
    memcpy(message, key, sizeof message);
    snprintf(text, size, "of \"%s\": fnv1a %016llx, murmur3 %08x", MESSAGE,
             (unsigned long long)fnv1a(MESSAGE), murmur3(MESSAGE));
    return siphash(key, message, 15) == 0xa129ca6149be45e5 &&
           fnv1a("foobar") == 0x85944171f73967e8 &&
           murmur3("hello") == 0x248bfa47 ? 0 : 1;
}
