// Included before lib/journal/record.cc when that is compiled a second time, for a program that
// must be found out: every checksum is 0, so that any bytes are as good as a record's.
#pragma once

#define XXH_INLINE_ALL
#include <xxhash.h>

#undef XXH3_64bits_withSeed
#undef XXH3_64bits_digest
#define XXH3_64bits_withSeed(input, size, seed) \
  ((void)(input), (void)(size), static_cast<XXH64_hash_t>((seed)*0))
#define XXH3_64bits_digest(state) (static_cast<XXH64_hash_t>((state) == nullptr))
