// The bytes of small files of every format that data sets come in.
#pragma once

#include <cstdint>
#include <string>

namespace ganserve {

std::string BigEndian(uint32_t value);

std::string Gzip(const std::string& bytes);

// `images` of 28 x 28, the i-th of value 10 * (i + 1).
std::string Idx(uint32_t images);

// Labels of IDX, as they are given.
std::string IdxLabels(const std::string& labels);

// Records of one label, each of red 1, green 2, blue 3.
std::string Cifar(int records, char label);

// A square of one value.
std::string Png(int size, int channels, uint8_t value);

}  // namespace ganserve
