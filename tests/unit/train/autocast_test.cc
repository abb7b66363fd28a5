#include "server/train/autocast.h"

#include <gtest/gtest.h>

namespace ganserve {
namespace {

torch::ScalarType TypeOfAProduct() { return torch::mm(torch::ones({2, 2}), torch::ones({2, 2})).scalar_type(); }

TEST(AutocastTest, HasProductsComputedInBfloat16WhileItLives) {
  EXPECT_EQ(TypeOfAProduct(), torch::kFloat32);
  {
    const Autocast mixed(torch::kCPU, true);
    EXPECT_TRUE(Autocast::IsEnabled(torch::kCPU));
    EXPECT_EQ(TypeOfAProduct(), torch::kBFloat16);
    {
      const Autocast full(torch::kCPU, false);
      EXPECT_EQ(TypeOfAProduct(), torch::kFloat32);
    }
    EXPECT_EQ(TypeOfAProduct(), torch::kBFloat16);
  }
  EXPECT_FALSE(Autocast::IsEnabled(torch::kCPU));
  EXPECT_EQ(TypeOfAProduct(), torch::kFloat32);
}

TEST(AutocastTest, APassWithoutGradientsTakesNoneFromTheNext) {
  const torch::Tensor weight = torch::ones({2, 2}).set_requires_grad(true);
  const Autocast mixed(torch::kCPU, true);
  {
    const torch::NoGradGuard no_grad;
    torch::mm(weight, torch::ones({2, 2}));
  }
  torch::mm(weight, torch::ones({2, 2})).sum().backward();
  ASSERT_TRUE(weight.grad().defined());
  EXPECT_EQ(weight.grad().scalar_type(), torch::kFloat32);
}

}  // namespace
}  // namespace ganserve
