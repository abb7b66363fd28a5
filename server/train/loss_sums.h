// What the steps measured, summed until it is reported.
#pragma once

#include <torch/torch.h>

#include <cstdint>

namespace ganserve {

// Sums stay tensors: adding to them waits for nothing.
class LossSums {
 public:
  explicit LossSums(const torch::Device& device);

  // Scalars of one update.
  void AddDiscriminator(const torch::Tensor& loss, const torch::Tensor& real_score, const torch::Tensor& fake_score,
                        const torch::Tensor& gradient_norm);
  void AddGenerator(const torch::Tensor& loss, const torch::Tensor& gradient_norm);

  struct Means {
    double discriminator = 0;
    double generator = 0;
    double real_score = 0;  // mean D(x), a probability
    double fake_score = 0;  // mean D(G(z)) in the discriminator's step
    double discriminator_gradient_norm = 0;
    double generator_gradient_norm = 0;
  };
  // Over the updates since the last call; NaN for the discriminator if it had none. The generator may have had none
  // where the discriminator has several: then what the call before gave, 0 at first.
  Means Take();

  // Equal sums on one device have equal bytes. Load throws c10::Error when `archive` holds something else.
  void Save(torch::serialize::OutputArchive& archive) const;
  void Load(torch::serialize::InputArchive& archive);

 private:
  torch::Tensor discriminator_;  // float64 [4], in the order of AddDiscriminator's arguments
  torch::Tensor generator_;      // float64 [2]
  int64_t discriminator_updates_ = 0;
  int64_t generator_updates_ = 0;
  torch::Tensor last_generator_;  // float64 [2], the means of the last Take() that had any
};

}  // namespace ganserve
