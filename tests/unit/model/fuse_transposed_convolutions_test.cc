#include "server/model/fuse_transposed_convolutions.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Parallel.h>
#include <c10/core/InferenceMode.h>
#include <gtest/gtest.h>
#include <torch/csrc/jit/passes/freeze_module.h>
#include <torch/csrc/jit/passes/inliner.h>
#include <torch/csrc/jit/runtime/interpreter.h>
#include <torch/csrc/jit/serialization/import.h>

#include <sstream>
#include <string>

#include "tests/support/script_model.h"

namespace ganserve {
namespace {

using torch::jit::Graph;

constexpr int64_t kInChannels = 12;

// [rows, 12, 3, 3]; a row is the same whatever the number of rows.
at::Tensor Input(int64_t rows) {
  return at::randn({rows, kInChannels, 3, 3}, at::make_generator<at::CPUGeneratorImpl>(3), at::kFloat);
}

at::Tensor Run(const std::shared_ptr<Graph>& graph, const at::Tensor& input) {
  const c10::InferenceMode inference;
  torch::jit::Stack stack{input};
  torch::jit::InterpreterState(torch::jit::Code(graph, "forward")).run(stack);
  return stack.at(0).toTensor();
}

// The frozen forward of a module before and after the pass. `body` makes an image `x` of the input `z`.
class Fusion {
 public:
  explicit Fusion(const std::string& body, int64_t groups = 1) {
    at::set_num_threads(1);
    std::istringstream archive(
        ScriptModel("def forward(self, z: Tensor) -> Tensor:\n    x = z\n" + body + "    return torch.tanh(x)\n",
                    {{"w", {kInChannels, 16 / groups, 4, 4}},
                     {"b", {16}},
                     {"gamma", {16}, 1.0f, true},
                     {"beta", {16}},
                     {"mean", {16}},
                     {"variance", {16}, 1.0f, true},
                     {"w2", {16, 3, 4, 4}}}));
    auto module = torch::jit::load(archive);
    module.eval();
    module = torch::jit::freeze_module(module);
    plain_ = module.get_method("forward").graph()->copy();
    torch::jit::Inline(*plain_);
    plain_->eraseInput(0);
    fused_ = plain_->copy();
    const c10::InferenceMode inference;
    replaced_ = FuseTransposedConvolutions(fused_, {Input(16)});
  }

  int replaced() const { return replaced_; }
  at::Tensor Plain(const at::Tensor& input) const { return Run(plain_, input); }
  at::Tensor Fused(const at::Tensor& input) const { return Run(fused_, input); }

  // Whether the fused graph still has a node of this kind.
  bool Keeps(const std::string& kind) const { return fused_->toString(false).find(kind + "(") != std::string::npos; }

  // The largest difference between the two over 16 rows.
  double Error() const {
    const at::Tensor input = Input(16);
    const at::Tensor plain = Plain(input);
    const at::Tensor fused = Fused(input);
    if (plain.sizes() != fused.sizes()) return 1e9;
    EXPECT_GT(plain.abs().max().item<double>(), 1e-3) << "a comparison with nothing";
    return (plain - fused).abs().max().item<double>();
  }

 private:
  std::shared_ptr<Graph> plain_;
  std::shared_ptr<Graph> fused_;
  int replaced_ = 0;
};

// Float rounding of some hundred terms.
constexpr double kTolerance = 1e-5;

constexpr char kConvolution[] = "    x = torch.conv_transpose2d(x, self.w, None, [2, 2], [1, 1], [0, 0], 1, [1, 1])\n";
constexpr char kBiased[] = "    x = torch.conv_transpose2d(x, self.w, self.b, [2, 2], [1, 1], [0, 0], 1, [1, 1])\n";
constexpr char kNorm[] =
    "    x = torch.batch_norm(x, self.gamma, self.beta, self.mean, self.variance, False, 0.1, 1e-5, False)\n";
constexpr char kPlainNorm[] =
    "    x = torch.batch_norm(x, None, None, self.mean, self.variance, False, 0.1, 1e-5, False)\n";
constexpr char kRelu[] = "    x = torch.relu(x)\n";
constexpr char kReluInPlace[] = "    x = torch.relu_(x)\n";
constexpr char kSecond[] = "    x = torch.conv_transpose2d(x, self.w2, None, [2, 2], [1, 1], [0, 0], 1, [1, 1])\n";

TEST(FuseTest, FoldsBatchNormAndReluIntoTheConvolution) {
  const Fusion fusion(std::string(kConvolution) + kNorm + kRelu + kSecond);
  EXPECT_EQ(fusion.replaced(), 2);
  EXPECT_FALSE(fusion.Keeps("aten::batch_norm"));
  EXPECT_FALSE(fusion.Keeps("aten::relu"));
  EXPECT_FALSE(fusion.Keeps("aten::conv_transpose2d"));
  EXPECT_LT(fusion.Error(), kTolerance);
}

TEST(FuseTest, FoldsAConvolutionWithABias) {
  for (const std::string& tail : {std::string(), std::string(kRelu), std::string(kNorm), kNorm + std::string(kRelu)}) {
    const Fusion fusion(kBiased + tail);
    EXPECT_EQ(fusion.replaced(), 1);
    EXPECT_LT(fusion.Error(), kTolerance) << tail;
  }
}

TEST(FuseTest, FoldsBatchNormWithoutScaleAndShift) {
  const Fusion fusion(std::string(kBiased) + kPlainNorm + kRelu);
  EXPECT_FALSE(fusion.Keeps("aten::batch_norm"));
  EXPECT_LT(fusion.Error(), kTolerance);
}

TEST(FuseTest, FoldsReluInPlace) {
  const Fusion fusion(std::string(kConvolution) + kNorm + kReluInPlace + kSecond);
  EXPECT_EQ(fusion.replaced(), 2);
  EXPECT_LT(fusion.Error(), kTolerance);
}

TEST(FuseTest, KeepsWhatASecondUserSees) {
  const Fusion relu(std::string(kConvolution) + "    x = torch.relu(x) - 0.5 * x\n");
  EXPECT_TRUE(relu.Keeps("aten::relu"));
  EXPECT_LT(relu.Error(), kTolerance);
  const Fusion norm(std::string(kConvolution) + "    y = x\n" + kNorm + "    x = x + 0.5 * y\n");
  EXPECT_TRUE(norm.Keeps("aten::batch_norm"));
  EXPECT_LT(norm.Error(), kTolerance);
}

TEST(FuseTest, KeepsWhatASecondUserSeesOfAnOperationInPlace) {
  const Fusion after(std::string(kConvolution) + "    y = torch.relu_(x)\n    x = x + y\n");
  EXPECT_LT(after.Error(), kTolerance);
  const Fusion before(std::string(kConvolution) + "    y = torch.sigmoid(x)\n    torch.relu_(x)\n    x = x + y\n");
  EXPECT_LT(before.Error(), kTolerance);
}

TEST(FuseTest, LeavesOtherActivationsAlone) {
  const Fusion fusion(std::string(kConvolution) + kNorm + "    x = torch.leaky_relu(x, 0.2)\n" + kSecond);
  EXPECT_EQ(fusion.replaced(), 2);
  EXPECT_TRUE(fusion.Keeps("aten::leaky_relu"));
  EXPECT_LT(fusion.Error(), kTolerance);
}

TEST(FuseTest, LeavesBatchNormThatTrainsAlone) {
  const Fusion fusion(std::string(kConvolution) +
                      "    x = torch.batch_norm(x, self.gamma, self.beta, None, None, True, 0.1, 1e-5, False)\n");
  EXPECT_TRUE(fusion.Keeps("aten::batch_norm"));
  EXPECT_LT(fusion.Error(), kTolerance);
}

TEST(FuseTest, LeavesGroupsAlone) {
  const Fusion fusion("    x = torch.conv_transpose2d(x, self.w, self.b, [2, 2], [1, 1], [0, 0], 2, [1, 1])\n", 2);
  EXPECT_EQ(fusion.replaced(), 0);
  EXPECT_EQ(fusion.Error(), 0.0);
}

TEST(FuseTest, LeavesWeightsThatDependOnTheInputAlone) {
  const Fusion fusion("    x = torch.conv_transpose2d(x, self.w * (1 + z.mean()), self.b, [2, 2])\n");
  EXPECT_EQ(fusion.replaced(), 0);
  EXPECT_EQ(fusion.Error(), 0.0);
}

TEST(FuseTest, LeavesOrdinaryConvolutionsAlone) {
  const Fusion fusion(
      "    x = torch._convolution(x, self.w.transpose(0, 1), self.b, [1, 1], [2, 2], [1, 1], False, [0, 0], 1,"
      " False, False, True, True)\n");
  EXPECT_EQ(fusion.replaced(), 0);
  EXPECT_EQ(fusion.Error(), 0.0);
}

TEST(FuseTest, TakesEveryGeometry) {
  for (const std::string geometry :
       {"[1, 1], [0, 0], [0, 0], 1, [1, 1]", "[2, 2], [1, 1], [1, 1], 1, [1, 1]", "[3, 2], [0, 1], [2, 0], 1, [1, 1]",
        "[1, 1], [0, 0], [0, 0], 1, [2, 2]", "[2, 2], [3, 3], [0, 0], 1, [2, 1]"}) {
    const Fusion fusion("    x = torch.conv_transpose2d(x, self.w, self.b, " + geometry + ")\n" + kNorm + kRelu);
    EXPECT_LT(fusion.Error(), kTolerance) << geometry;
  }
}

// What torch.jit.trace writes instead of conv_transpose2d.
TEST(FuseTest, TakesTracedConvolutions) {
  const Fusion fusion(
      std::string("    x = torch._convolution(x, self.w, self.b, [2, 2], [1, 1], [1, 1], True, [0, 0], 1,"
                  " False, False, True, True)\n") +
      kNorm + kRelu);
  EXPECT_EQ(fusion.replaced(), 1);
  EXPECT_FALSE(fusion.Keeps("aten::_convolution"));
  EXPECT_LT(fusion.Error(), kTolerance);
}

class FuseBatchTest : public testing::TestWithParam<int64_t> {};

TEST_P(FuseBatchTest, ARowIsTheSameToTheBitInEveryBatch) {
  const Fusion fusion(std::string(kConvolution) + kNorm + kRelu + kSecond);
  const at::Tensor input = Input(64);
  const at::Tensor whole = fusion.Fused(input);
  for (int64_t row = 0; row < 64; row += GetParam()) {
    const int64_t rows = std::min(GetParam(), 64 - row);
    EXPECT_TRUE(fusion.Fused(input.narrow(0, row, rows)).equal(whole.narrow(0, row, rows))) << "row " << row;
  }
}

INSTANTIATE_TEST_SUITE_P(Sizes, FuseBatchTest, testing::Values(1, 2, 3, 5, 8, 16, 19, 33));

}  // namespace
}  // namespace ganserve
