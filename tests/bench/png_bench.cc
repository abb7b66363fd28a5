// PngEncoder against libpng at its defaults. Images: Fashion-MNIST's test set padded to 32x32 (as a trained generator
// makes them), and synthetic RGB. Every line prints images/s (items_per_second, of CPU time) and bytes_per_image; the
// Size lines print the ratio of the sizes.
#include <benchmark/benchmark.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "server/image/png_encoder.h"
#include "tests/support/png_decode.h"
#include "tests/support/sample_images.h"

namespace ganserve {
namespace {

constexpr const char* kFashionMnist = "/usr/share/datasets/fashion-mnist/t10k-images-idx3-ubyte.gz";  // Debian's
constexpr size_t kImages = 256;

struct ImageSet {
  ImageShape shape;
  std::vector<std::vector<uint8_t>> images;
};

// Empty when the file isn't there.
ImageSet FashionMnist() {
  ImageSet set{.shape = {.width = 32, .height = 32, .channels = 1}, .images = {}};
  constexpr size_t kSide = 28;
  constexpr size_t kHeaderBytes = 16;
  const std::unique_ptr<gzFile_s, int (*)(gzFile)> file(gzopen(kFashionMnist, "rb"), gzclose);
  std::array<uint8_t, kHeaderBytes> header;
  if (file == nullptr || gzread(file.get(), header.data(), kHeaderBytes) != kHeaderBytes) return set;
  std::array<uint8_t, kSide * kSide> source;
  while (set.images.size() < kImages && gzread(file.get(), source.data(), source.size()) == source.size()) {
    std::vector<uint8_t>& image = set.images.emplace_back(set.shape.bytes(), uint8_t{0});
    for (size_t y = 0; y < kSide; ++y) std::copy_n(&source[y * kSide], kSide, &image[(y + 2) * 32 + 2]);
  }
  return set;
}

ImageSet Synthetic(SampleKind kind, int side) {
  ImageSet set{.shape = {.width = side, .height = side, .channels = 3}, .images = {}};
  for (uint32_t seed = 0; seed < kImages; ++seed) set.images.push_back(MakeSampleImage(kind, set.shape, seed));
  return set;
}

template <typename Encode>
void EncodeAll(benchmark::State& state, const ImageSet& set, const Encode& encode) {
  if (set.images.empty()) return state.SkipWithError("the data set is not installed");
  size_t next = 0;
  size_t bytes = 0;
  for (auto _ : state) {
    bytes += encode(set.images[next]);
    next = (next + 1) % set.images.size();
  }
  state.SetItemsProcessed(state.iterations());
  state.counters["bytes_per_image"] = static_cast<double>(bytes) / static_cast<double>(state.iterations());
}

size_t OursSize(const ImageShape& shape, const std::vector<uint8_t>& pixels, std::string* out) {
  const absl::Status status = PngEncoder().Encode(ImageFormat::kPng, shape, pixels, out);
  return status.ok() ? out->size() : 0;
}

size_t LibpngSize(const ImageShape& shape, const std::vector<uint8_t>& pixels) {
  return EncodePngWithLibpng(shape, pixels).value().size();
}

void BM_Ours(benchmark::State& state, const ImageSet& set) {
  std::string out;
  EncodeAll(state, set, [&](const auto& pixels) { return OursSize(set.shape, pixels, &out); });
}

void BM_Libpng(benchmark::State& state, const ImageSet& set) {
  EncodeAll(state, set, [&](const auto& pixels) { return LibpngSize(set.shape, pixels); });
}

void BM_Size(benchmark::State& state, const ImageSet& set) {
  if (set.images.empty()) return state.SkipWithError("the data set is not installed");
  size_t ours = 0;
  size_t libpngs = 0;
  std::string out;
  for (auto _ : state) {
    for (const auto& pixels : set.images) {
      ours += OursSize(set.shape, pixels, &out);
      libpngs += LibpngSize(set.shape, pixels);
    }
  }
  state.counters["ours_to_libpng"] = static_cast<double>(ours) / static_cast<double>(libpngs);
}

void RegisterAll() {
  static const std::array<std::pair<std::string, ImageSet>, 5> sets = {{
      {"fashion_mnist_32x32x1", FashionMnist()},
      {"smooth_32x32x3", Synthetic(SampleKind::kSmooth, 32)},
      {"noisy_32x32x3", Synthetic(SampleKind::kSmoothNoisy, 32)},
      {"noisy_64x64x3", Synthetic(SampleKind::kSmoothNoisy, 64)},
      {"noisy_128x128x3", Synthetic(SampleKind::kSmoothNoisy, 128)},
  }};
  for (const auto& [name, set] : sets) {
    benchmark::RegisterBenchmark(("Ours/" + name).c_str(), BM_Ours, set)->Unit(benchmark::kMicrosecond);
    benchmark::RegisterBenchmark(("Libpng/" + name).c_str(), BM_Libpng, set)->Unit(benchmark::kMicrosecond);
    benchmark::RegisterBenchmark(("Size/" + name).c_str(), BM_Size, set)->Iterations(1)->Unit(benchmark::kMillisecond);
  }
}

}  // namespace
}  // namespace ganserve

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  ganserve::RegisterAll();
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
