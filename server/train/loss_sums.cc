#include "server/train/loss_sums.h"

#include <limits>

namespace ganserve {
namespace {

double Mean(double sum, int64_t count) {
  return count > 0 ? sum / static_cast<double>(count) : std::numeric_limits<double>::quiet_NaN();
}

int64_t ReadInteger(const char* name, torch::serialize::InputArchive& archive) {
  torch::IValue value;
  archive.read(name, value);
  return value.toInt();
}

}  // namespace

LossSums::LossSums()
    : discriminator_(torch::zeros({4}, torch::kFloat64)), generator_(torch::zeros({2}, torch::kFloat64)) {}

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
  const double* d = discriminator_.data_ptr<double>();
  const double* g = generator_.data_ptr<double>();
  const Means means{Mean(d[0], discriminator_updates_), Mean(g[0], generator_updates_),
                    Mean(d[1], discriminator_updates_), Mean(d[2], discriminator_updates_),
                    Mean(d[3], discriminator_updates_), Mean(g[1], generator_updates_)};
  *this = LossSums();
  return means;
}

void LossSums::Save(torch::serialize::OutputArchive& archive) const {
  archive.write("discriminator", discriminator_, /*is_buffer=*/true);
  archive.write("generator", generator_, /*is_buffer=*/true);
  archive.write("discriminator_updates", torch::IValue(discriminator_updates_));
  archive.write("generator_updates", torch::IValue(generator_updates_));
}

void LossSums::Load(torch::serialize::InputArchive& archive) {
  archive.read("discriminator", discriminator_, /*is_buffer=*/true);
  archive.read("generator", generator_, /*is_buffer=*/true);
  discriminator_updates_ = ReadInteger("discriminator_updates", archive);
  generator_updates_ = ReadInteger("generator_updates", archive);
}

}  // namespace ganserve
