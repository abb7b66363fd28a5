// Numbers of files, most significant byte first.
#pragma once

#include <cstdint>
#include <span>

namespace ganserve {

// Of the first bytes, which there must be.
inline uint32_t BigEndian16(std::span<const uint8_t> bytes) { return uint32_t{bytes[0]} << 8 | uint32_t{bytes[1]}; }
inline uint32_t BigEndian32(std::span<const uint8_t> bytes) {
  return BigEndian16(bytes) << 16 | BigEndian16(bytes.subspan(2));
}

}  // namespace ganserve
