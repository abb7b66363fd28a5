// TorchScript archives made on the spot from source text, so that tests need neither Python nor files in the
// repository.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace ganserve {

// A parameter of the module, filled from a fixed seed that its name gives: N(0, scale^2), or its absolute value.
struct ScriptTensor {
  std::string name;
  std::vector<int64_t> size;
  float scale = 0.1f;
  bool positive = false;
};

// The bytes of a model.pt whose methods are `source`, such as
// "def forward(self, z: Tensor) -> Tensor:\n    return torch.tanh(z)\n". Throws what torch throws if the source is
// wrong.
std::string ScriptModel(const std::string& source, const std::vector<ScriptTensor>& tensors = {});

// A small generator in the manner of a DCGAN, [N, 8] or [N, 8, 1, 1] -> [N, channels, 8, 8] in [-1, 1].
std::string SmallDcgan(int channels);

// [N, 4] and labels [N] in [0, 3) -> [N, 1, 4, 4]: the class is the image's brightness. Works for any labels.
std::string SmallConditional();

}  // namespace ganserve
