#include "tests/support/fake_generator.h"

#include <bit>

#include "server/serving/latents.h"

namespace ganserve {
namespace {

// FNV-1a, 64 bits: http://www.isthe.com/chongo/tech/comp/fnv/
constexpr uint64_t kHashStart = 0xcbf29ce484222325u;

uint64_t Hash(uint64_t hash, uint64_t word) {
  for (int shift = 0; shift < 64; shift += 8) hash = (hash ^ ((word >> shift) & 0xff)) * 0x100000001b3u;
  return hash;
}

void FillPixels(std::span<const float> latent, std::optional<int64_t> label, std::span<uint8_t> pixels) {
  uint64_t hash = Hash(kHashStart, label ? static_cast<uint64_t>(*label) : UINT64_MAX);
  for (float value : latent) hash = Hash(hash, std::bit_cast<uint32_t>(value));
  for (size_t i = 0; i < pixels.size(); ++i) pixels[i] = static_cast<uint8_t>(Hash(hash, i) >> 56);
}

}  // namespace

GeneratorInfo SmallModel(int classes) {
  return {.model = "small",
          .version = 3,
          .digest = "d1ce",
          .latent_size = 5,
          .classes = classes,
          .shape = {.width = 3, .height = 2, .channels = 3}};
}

absl::Status FakeGenerator::Generate(std::span<const float> latents, std::span<const int64_t> labels,
                                     std::span<uint8_t> pixels) {
  const size_t latent_size = static_cast<size_t>(info_.latent_size);
  const size_t images = latents.size() / latent_size;
  if (pixels.size() != images * info_.shape.bytes() || labels.size() != (info_.classes > 0 ? images : 0)) {
    return absl::InternalError("the batch's sizes don't fit together");
  }
  RecordAndWait(images);
  if (hook_) hook_(images);
  if (absl::Status status = StatusOf(latents); !status.ok()) return status;
  for (size_t i = 0; i < images; ++i) {
    FillPixels(latents.subspan(i * latent_size, latent_size), labels.empty() ? std::nullopt : std::optional(labels[i]),
               pixels.subspan(i * info_.shape.bytes(), info_.shape.bytes()));
  }
  return absl::OkStatus();
}

void FakeGenerator::RecordAndWait(size_t images) {
  MutexLock lock(mutex_);
  calls_.push_back({images, std::this_thread::get_id()});
  images_ += images;
  changed_.NotifyAll();
  if (!holding_) return;
  ++held_;
  while (holding_ && permits_ == 0) changed_.Wait(mutex_);
  if (holding_) --permits_;
  --held_;
}

absl::Status FakeGenerator::StatusOf(std::span<const float> latents) const {
  MutexLock lock(mutex_);
  if (!always_.ok() || failing_latents_.empty()) return always_;
  const auto latent_size = static_cast<std::ptrdiff_t>(info_.latent_size);
  for (auto begin = latents.begin(); begin != latents.end(); begin += latent_size) {
    if (failing_latents_.contains(std::vector<float>(begin, begin + latent_size))) {
      return absl::InternalError("an image cannot be made");
    }
  }
  return absl::OkStatus();
}

std::vector<float> FakeGenerator::LatentOf(uint64_t seed, uint64_t index) const {
  std::vector<float> latent(static_cast<size_t>(info_.latent_size));
  FillLatent(seed, index, latent);
  return latent;
}

std::vector<uint8_t> FakeGenerator::PixelsOf(uint64_t seed, uint64_t index, std::optional<int64_t> label) const {
  std::vector<uint8_t> pixels(info_.shape.bytes());
  FillPixels(LatentOf(seed, index), label, pixels);
  return pixels;
}

void FakeGenerator::Hold() {
  MutexLock lock(mutex_);
  holding_ = true;
  permits_ = 0;
}

void FakeGenerator::WaitForHeld(size_t calls) {
  MutexLock lock(mutex_);
  // A call with a permit still counts as held until it runs.
  while (held_ < calls + permits_) changed_.Wait(mutex_);
}

void FakeGenerator::ReleaseOne() {
  MutexLock lock(mutex_);
  ++permits_;
  changed_.NotifyAll();
}

void FakeGenerator::Release() {
  MutexLock lock(mutex_);
  holding_ = false;
  permits_ = 0;
  changed_.NotifyAll();
}

void FakeGenerator::WaitForImages(size_t images) {
  MutexLock lock(mutex_);
  while (images_ < images) changed_.Wait(mutex_);
}

void FakeGenerator::FailFor(uint64_t seed, uint64_t index) {
  MutexLock lock(mutex_);
  failing_latents_.insert(LatentOf(seed, index));
}

void FakeGenerator::FailAlways(absl::Status status) {
  MutexLock lock(mutex_);
  always_ = std::move(status);
}

std::vector<FakeGenerator::Call> FakeGenerator::calls() const {
  MutexLock lock(mutex_);
  return calls_;
}

size_t FakeGenerator::images() const {
  MutexLock lock(mutex_);
  return images_;
}

}  // namespace ganserve
