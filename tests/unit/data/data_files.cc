#include "tests/unit/data/data_files.h"

#include <zlib.h>

#include <vector>

#include "server/data/png_io.h"
#include "tests/support/temporary_folder.h"

namespace ganserve {

std::string BigEndian(uint32_t value) {
  return {static_cast<char>(value >> 24), static_cast<char>(value >> 16), static_cast<char>(value >> 8),
          static_cast<char>(value)};
}

std::string IdxLabels(const std::string& labels) {
  return BigEndian(0x801) + BigEndian(static_cast<uint32_t>(labels.size())) + labels;
}

std::string Idx(uint32_t images) {
  std::string bytes = BigEndian(0x803) + BigEndian(images) + BigEndian(28) + BigEndian(28);
  for (uint32_t i = 0; i < images; ++i) bytes += std::string(28 * 28, static_cast<char>(10 * (i + 1)));
  return bytes;
}

std::string Gzip(const std::string& bytes) {
  TemporaryFolder folder;
  gzFile file = gzopen(folder.File("x.gz").c_str(), "wb");
  gzwrite(file, bytes.data(), static_cast<unsigned>(bytes.size()));
  gzclose(file);
  return ReadWhole(folder.File("x.gz"));
}

std::string Cifar(int records, char label) {
  std::string bytes;
  for (int i = 0; i < records; ++i) {
    bytes += label + std::string(1024, 1) + std::string(1024, 2) + std::string(1024, 3);
  }
  return bytes;
}

std::string Png(int size, int channels, uint8_t value) {
  const std::vector<uint8_t> samples(static_cast<size_t>(size * size * channels), value);
  return EncodePng({size, size, channels}, samples).value();
}

}  // namespace ganserve
