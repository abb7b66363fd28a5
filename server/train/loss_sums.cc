#include "server/train/loss_sums.h"

#include <limits>

#include "server/train/archive_values.h"

namespace ganserve {
namespace {

double Mean(double sum, int64_t count) {
  return count > 0 ? sum / static_cast<double>(count) : std::numeric_limits<double>::quiet_NaN();
}

}  // namespace

LossSums::LossSums(const torch::Device& device)
    : discriminator_(torch::zeros({4}, torch::TensorOptions(device).dtype(torch::kFloat64))),
      generator_(torch::zeros({2}, discriminator_.options())),
      last_generator_(torch::zeros_like(generator_)) {}

void LossSums::AddDiscriminator(const torch::Tensor& loss, const torch::Tensor& real_score,
                                const torch::Tensor& fake_score, const torch::Tensor& gradient_norm) {
  const torch::NoGradGuard no_grad;
  discriminator_ += torch::stack({loss, real_score, fake_score, gradient_norm});
  ++discriminator_updates_;
}

void LossSums::AddGenerator(const torch::Tensor& loss, const torch::Tensor& gradient_norm) {
  const torch::NoGradGuard no_grad;
  generator_ += torch::stack({loss, gradient_norm});
  ++generator_updates_;
}

LossSums::Means LossSums::Take() {
  if (generator_updates_ > 0) last_generator_ = generator_ / generator_updates_;
  const torch::Tensor sums = torch::cat({discriminator_, last_generator_}).cpu();
  const double* d = sums.data_ptr<double>();
  const double* g = d + discriminator_.numel();
  const auto mean = [&](int i) { return Mean(d[i], discriminator_updates_); };
  const Means means{mean(0), g[0], mean(1), mean(2), mean(3), g[1]};
  discriminator_.zero_();
  generator_.zero_();
  discriminator_updates_ = 0;
  generator_updates_ = 0;
  return means;
}

void LossSums::Save(torch::serialize::OutputArchive& archive) const {
  archive.write("discriminator", discriminator_.cpu(), /*is_buffer=*/true);
  archive.write("generator", generator_.cpu(), /*is_buffer=*/true);
  archive.write("last_generator", last_generator_.cpu(), /*is_buffer=*/true);
  WriteInteger("discriminator_updates", discriminator_updates_, archive);
  WriteInteger("generator_updates", generator_updates_, archive);
}

void LossSums::Load(torch::serialize::InputArchive& archive) {
  ReadTensor("discriminator", "discriminator", archive, discriminator_);
  ReadTensor("generator", "generator", archive, generator_);
  ReadTensor("last_generator", "last_generator", archive, last_generator_);
  discriminator_updates_ = ReadInteger("discriminator_updates", archive);
  generator_updates_ = ReadInteger("generator_updates", archive);
}

}  // namespace ganserve
