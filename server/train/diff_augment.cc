#include "server/train/diff_augment.h"

#include "server/train/random_streams.h"
#include "server/train/random_tensors.h"
#include "server/train/to_device.h"

namespace ganserve {
namespace {

// The paper's.
constexpr int64_t kTranslationDivisor = 8;
constexpr int64_t kCutoutDivisor = 2;

// One seed for each random quantity of a call.
enum class Draw : uint64_t { kBrightness, kSaturation, kContrast, kShiftX, kShiftY, kCutoutX, kCutoutY };

uint64_t SeedOf(uint64_t seed, Draw draw) {
  return DeriveSeed(seed, RandomPurpose::kDiffAugment, static_cast<uint64_t>(draw));
}

// One number for each image, [N, 1, 1, 1].
torch::Tensor Numbers(const torch::Tensor& images, uint64_t seed, Draw draw) {
  const torch::Tensor numbers = UniformNumbers(SeedOf(seed, draw), {images.size(0), 1, 1, 1});
  return ToDevice(numbers, images.device()).to(images.dtype());
}

// One integer for each image, [N, 1, 1].
torch::Tensor Integers(const torch::Tensor& images, uint64_t seed, Draw draw, int64_t low, int64_t high) {
  return ToDevice(UniformIntegers(SeedOf(seed, draw), low, high, {images.size(0), 1, 1}), images.device());
}

torch::Tensor Scaled(const torch::Tensor& images, const torch::Tensor& mean, const torch::Tensor& factor) {
  return (images - mean) * factor + mean;
}

torch::Tensor ChangeColor(const torch::Tensor& images, uint64_t seed) {
  torch::Tensor x = images + (Numbers(images, seed, Draw::kBrightness) - 0.5);
  x = Scaled(x, x.mean(1, /*keepdim=*/true), Numbers(images, seed, Draw::kSaturation) * 2);
  return Scaled(x, x.mean({1, 2, 3}, /*keepdim=*/true), Numbers(images, seed, Draw::kContrast) + 0.5);
}

// By indexing into images with a border of one pixel of zeros, to which everything outside is clamped.
torch::Tensor Translate(const torch::Tensor& images, uint64_t seed) {
  const int64_t size = images.size(2);
  const int64_t most = size / kTranslationDivisor;
  const auto integers = images.options().dtype(torch::kInt64);
  const torch::Tensor places = torch::arange(1, size + 1, integers);
  const auto shifted = [&](Draw draw, at::IntArrayRef view) {
    return (places.view(view) + Integers(images, seed, draw, -most, most)).clamp(0, size + 1);
  };
  const torch::Tensor rows = shifted(Draw::kShiftY, {1, size, 1});
  const torch::Tensor columns = shifted(Draw::kShiftX, {1, 1, size});
  const torch::Tensor image = torch::arange(images.size(0), integers).view({-1, 1, 1});
  const torch::Tensor bordered = torch::constant_pad_nd(images, {1, 1, 1, 1}).permute({0, 2, 3, 1});
  return bordered.index({image, rows, columns}).permute({0, 3, 1, 2});
}

torch::Tensor CutOut(const torch::Tensor& images, uint64_t seed) {
  const int64_t size = images.size(2);
  const int64_t side = size / kCutoutDivisor;
  const torch::Tensor places = torch::arange(size, images.options().dtype(torch::kInt64));
  const auto inside = [&](Draw draw, at::IntArrayRef view) {
    const torch::Tensor first = Integers(images, seed, draw, -side / 2, size - side / 2);
    const torch::Tensor place = places.view(view);
    return place.ge(first).logical_and(place.lt(first + side));
  };
  const torch::Tensor cut = inside(Draw::kCutoutY, {1, size, 1}).logical_and(inside(Draw::kCutoutX, {1, 1, size}));
  return images * cut.logical_not().unsqueeze(1).to(images.options());
}

}  // namespace

torch::Tensor DiffAugment(const torch::Tensor& images, const DiffAugmentSettings& settings, uint64_t seed) {
  torch::Tensor x = images;
  if (settings.color) x = ChangeColor(x, seed);
  if (settings.translation) x = Translate(x, seed);
  if (settings.cutout) x = CutOut(x, seed);
  return x;
}

}  // namespace ganserve
