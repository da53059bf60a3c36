/* CRC-32C (Castagnoli, reflected) for the crash checker, which shares no code with the engine.
   Eight tables of 256 entries, eight bytes a step. Built by ouzel_log.py with the C compiler. */
#include <stddef.h>
#include <stdint.h>

static uint32_t table[8][256];

void crc32c_init(void) {
  for (uint32_t byte = 0; byte < 256; byte++) {
    uint32_t crc = byte;
    for (int bit = 0; bit < 8; bit++) crc = (crc >> 1) ^ ((crc & 1) ? 0x82f63b78u : 0);
    table[0][byte] = crc;
  }
  for (uint32_t byte = 0; byte < 256; byte++) {
    for (int more = 1; more < 8; more++) {
      uint32_t before = table[more - 1][byte];
      table[more][byte] = (before >> 8) ^ table[0][before & 0xff];
    }
  }
}

uint32_t crc32c(uint32_t crc, const uint8_t* at, size_t count) {
  crc = ~crc;
  for (; count >= 8; count -= 8, at += 8) {
    uint32_t low = crc ^ ((uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 |
                          (uint32_t)at[3] << 24);
    crc = table[7][low & 0xff] ^ table[6][(low >> 8) & 0xff] ^ table[5][(low >> 16) & 0xff] ^
          table[4][low >> 24] ^ table[3][at[4]] ^ table[2][at[5]] ^ table[1][at[6]] ^
          table[0][at[7]];
  }
  for (; count > 0; count--, at++) crc = (crc >> 8) ^ table[0][(crc ^ *at) & 0xff];
  return ~crc;
}
