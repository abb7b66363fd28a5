// What every generator and every discriminator can do. Layout NCHW, float32.
#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "server/train/network_shape.h"
#include "server/train/script_writer.h"
#include "server/train/spectral_weight.h"

namespace ganserve {

class GeneratorNetwork : public torch::nn::Module {
 public:
  // z [N, Z] or [N, Z, 1, 1]; labels [N] int64 in [0, classes), undefined without classes -> images [N, C, S, S] in
  // [-1, 1].
  virtual torch::Tensor forward(const torch::Tensor& z, const torch::Tensor& labels) = 0;

  // Writes forward() in evaluation mode.
  virtual void WriteScript(ScriptWriter& script) const = 0;

  const NetworkShape& shape() const { return shape_; }

 protected:
  explicit GeneratorNetwork(const NetworkShape& shape) : shape_(shape) {}

  int64_t input_size() const { return shape_.latent_size + shape_.classes; }

  // [N, Z + classes]: the latent and the class as a one-hot vector (Mirza, Osindero 2014, arXiv:1411.1784), scaled so
  // that it weighs less than the latent, but more than one number of it.
  torch::Tensor Input(const torch::Tensor& z, const torch::Tensor& labels) const;
  void WriteInput(ScriptWriter& script) const;

 private:
  const NetworkShape shape_;
};

class DiscriminatorNetwork : public torch::nn::Module {
 public:
  // images [N, C, S, S], labels as the generator's -> logits [N], positive for "real". With classes it is a projection
  // discriminator (Miyato, Koyama 2018, arXiv:1802.05637): the logit is head(f) + embedding(label) . f, f the features.
  torch::Tensor forward(const torch::Tensor& images, const torch::Tensor& labels);

  // Whether an image's logit depends on the images beside it.
  bool sees_batches() const { return shape_.discriminator_norm == DiscriminatorNorm::kBatch; }

 protected:
  // `features`: length of f.
  DiscriminatorNetwork(const NetworkShape& shape, int64_t features);

  // images -> f [N, features].
  virtual torch::Tensor Features(const torch::Tensor& images) = 0;

  // A weight as shape().discriminator_norm wants it, registered under `name`.
  SpectralWeight AddWeight(const std::string& name, const std::vector<int64_t>& sizes);

  const NetworkShape& shape() const { return shape_; }

 private:
  const NetworkShape shape_;
  SpectralWeight head_{nullptr};       // [1, features]
  torch::Tensor bias_;                 // [1]
  SpectralWeight embedding_{nullptr};  // [classes, features]; null without classes
};

std::shared_ptr<GeneratorNetwork> MakeGenerator(const NetworkShape& shape);
std::shared_ptr<DiscriminatorNetwork> MakeDiscriminator(const NetworkShape& shape);

// Every batch norm layer of a network.
std::vector<torch::nn::BatchNorm2d> BatchNorms(const torch::nn::Module& module);

// Matrices and kernels from N(0, 0.02), batch norm weights from N(1, 0.02), biases 0; spectral norms fit the weights.
// The random numbers depend on `seed` and the module's layout alone, not on torch's global generator.
void InitializeWeights(torch::nn::Module& module, uint64_t seed);

}  // namespace ganserve
