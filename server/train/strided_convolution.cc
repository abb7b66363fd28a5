#include "server/train/strided_convolution.h"

#include <ATen/Parallel.h>

#include "server/train/autocast.h"
#include "server/train/column_matrix.h"
#include "server/train/matrix_product.h"
#include "server/train/tap_products.h"

namespace ganserve {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// Maps with fewer channels go through a matrix of columns: tap by tap they would make products of so small a depth.
constexpr int64_t kFewestChannelsForTaps = 8;

bool ByColumns(const MapSizes& sizes) { return sizes.fine_channels < kFewestChannelsForTaps; }

// The inverse of both permutations to [H, W, N, C] is the same permutation.
torch::Tensor PositionsFirst(const torch::Tensor& map) { return map.permute({2, 3, 0, 1}); }

// [4, 4, fine, coarse] from [coarse, fine, 4, 4], and back.
torch::Tensor TapsFirst(const torch::Tensor& weight) { return weight.permute({2, 3, 1, 0}); }
torch::Tensor TapsLast(const torch::Tensor& weight) { return weight.permute({3, 2, 0, 1}); }

// As a matrix: [16 fine, coarse] and [positions N, coarse].
torch::Tensor WeightMatrix(const torch::Tensor& weight) { return TapsFirst(weight).flatten(0, 2); }
torch::Tensor CoarseMatrix(const torch::Tensor& coarse) { return PositionsFirst(coarse).flatten(0, 2); }

// [16 fine, positions N]
torch::Tensor Columns(const MapSizes& sizes, const torch::Tensor& fine) {
  const torch::Tensor map = fine.permute({2, 3, 1, 0}).contiguous();
  torch::Tensor columns = torch::empty(
      {kTaps * kTaps * sizes.fine_channels, sizes.coarse_height * sizes.coarse_width * sizes.images}, map.options());
  AT_DISPATCH_FLOATING_TYPES(map.scalar_type(), "GatherColumns", [&] {
    GatherColumns(sizes, map.const_data_ptr<scalar_t>(), columns.mutable_data_ptr<scalar_t>());
  });
  return columns;
}

torch::Tensor FromColumns(const MapSizes& sizes, const torch::Tensor& columns) {
  torch::Tensor map = torch::empty({2 * sizes.coarse_height, 2 * sizes.coarse_width, sizes.fine_channels, sizes.images},
                                   columns.options());
  AT_DISPATCH_FLOATING_TYPES(map.scalar_type(), "ScatterColumns", [&] {
    ScatterColumns(sizes, columns.const_data_ptr<scalar_t>(), map.mutable_data_ptr<scalar_t>());
  });
  return map.permute({3, 2, 0, 1});
}

// compute(first, last) for ranges of [0, count), on torch's threads.
template <typename Compute>
void InParallel(int64_t count, Compute compute) {
  at::parallel_for(0, count, /*grain_size=*/1, [&](int64_t first, int64_t last) {
    const SequentialProducts sequential;
    compute(first, last);
  });
}

torch::Tensor ComputeCoarse(const MapSizes& sizes, const torch::Tensor& fine, const torch::Tensor& weight) {
  torch::Tensor coarse =
      torch::empty({sizes.coarse_height, sizes.coarse_width, sizes.images, sizes.coarse_channels}, fine.options());
  if (ByColumns(sizes)) {
    torch::Tensor matrix = coarse.flatten(0, 2);
    at::mm_out(matrix, Columns(sizes, fine).t(), WeightMatrix(weight));
    return PositionsFirst(coarse);
  }
  const torch::Tensor map = PositionsFirst(fine).contiguous();
  const torch::Tensor taps = TapsFirst(weight).contiguous();
  AT_DISPATCH_FLOATING_TYPES(map.scalar_type(), "Convolve", [&] {
    InParallel(sizes.coarse_height * sizes.coarse_width, [&](int64_t first, int64_t last) {
      Convolve(sizes, map.const_data_ptr<scalar_t>(), taps.const_data_ptr<scalar_t>(), first, last,
               coarse.mutable_data_ptr<scalar_t>());
    });
  });
  return PositionsFirst(coarse);
}

torch::Tensor ComputeFine(const MapSizes& sizes, const torch::Tensor& coarse, const torch::Tensor& weight) {
  if (ByColumns(sizes)) return FromColumns(sizes, at::mm(WeightMatrix(weight), CoarseMatrix(coarse).t()));
  torch::Tensor fine = torch::empty(
      {2 * sizes.coarse_height, 2 * sizes.coarse_width, sizes.images, sizes.fine_channels}, coarse.options());
  const torch::Tensor map = PositionsFirst(coarse).contiguous();
  const torch::Tensor taps = TapsFirst(weight).contiguous();
  AT_DISPATCH_FLOATING_TYPES(map.scalar_type(), "ConvolveTransposed", [&] {
    InParallel(4 * sizes.coarse_height * sizes.coarse_width, [&](int64_t first, int64_t last) {
      ConvolveTransposed(sizes, map.const_data_ptr<scalar_t>(), taps.const_data_ptr<scalar_t>(), first, last,
                         fine.mutable_data_ptr<scalar_t>());
    });
  });
  return PositionsFirst(fine);
}

torch::Tensor ComputeWeight(const MapSizes& sizes, const torch::Tensor& fine, const torch::Tensor& coarse) {
  torch::Tensor taps = torch::empty({kTaps, kTaps, sizes.fine_channels, sizes.coarse_channels}, fine.options());
  if (ByColumns(sizes)) {
    torch::Tensor matrix = taps.flatten(0, 2);
    at::mm_out(matrix, Columns(sizes, fine), CoarseMatrix(coarse));
    return TapsLast(taps);
  }
  const torch::Tensor fine_map = PositionsFirst(fine).contiguous();
  const torch::Tensor coarse_map = PositionsFirst(coarse).contiguous();
  AT_DISPATCH_FLOATING_TYPES(taps.scalar_type(), "CorrelateTaps", [&] {
    InParallel(kTaps * kTaps, [&](int64_t first, int64_t last) {
      CorrelateTaps(sizes, fine_map.const_data_ptr<scalar_t>(), coarse_map.const_data_ptr<scalar_t>(), first, last,
                    taps.mutable_data_ptr<scalar_t>());
    });
  });
  return TapsLast(taps);
}

MapSizes SizesOf(const torch::Tensor& fine, const torch::Tensor& weight) {
  return {fine.size(0), fine.size(1), weight.size(0), fine.size(2) / 2, fine.size(3) / 2};
}

MapSizes SizesOfTransposed(const torch::Tensor& coarse, const torch::Tensor& weight) {
  return {coarse.size(0), weight.size(1), coarse.size(1), coarse.size(2), coarse.size(3)};
}

// Three bilinear maps, each with the derivatives by its operands given by the others.
struct CoarseOf : torch::autograd::Function<CoarseOf> {
  static torch::Tensor forward(AutogradContext* context, const torch::Tensor& fine, const torch::Tensor& weight);
  static variable_list backward(AutogradContext* context, const variable_list& gradients);
};

struct FineOf : torch::autograd::Function<FineOf> {
  static torch::Tensor forward(AutogradContext* context, const torch::Tensor& coarse, const torch::Tensor& weight);
  static variable_list backward(AutogradContext* context, const variable_list& gradients);
};

struct WeightOf : torch::autograd::Function<WeightOf> {
  static torch::Tensor forward(AutogradContext* context, const torch::Tensor& fine, const torch::Tensor& coarse);
  static variable_list backward(AutogradContext* context, const variable_list& gradients);
};

// The derivatives by the two operands, those that are asked for.
template <typename First, typename Second>
variable_list Derivatives(const AutogradContext& context, First first, Second second) {
  return {context.needs_input_grad(0) ? first() : torch::Tensor(),
          context.needs_input_grad(1) ? second() : torch::Tensor()};
}

torch::Tensor CoarseOf::forward(AutogradContext* context, const torch::Tensor& fine, const torch::Tensor& weight) {
  context->save_for_backward({fine, weight});
  return ComputeCoarse(SizesOf(fine, weight), fine, weight);
}

variable_list CoarseOf::backward(AutogradContext* context, const variable_list& gradients) {
  const variable_list saved = context->get_saved_variables();
  return Derivatives(
      *context, [&] { return FineOf::apply(gradients[0], saved[1]); },
      [&] { return WeightOf::apply(saved[0], gradients[0]); });
}

torch::Tensor FineOf::forward(AutogradContext* context, const torch::Tensor& coarse, const torch::Tensor& weight) {
  context->save_for_backward({coarse, weight});
  return ComputeFine(SizesOfTransposed(coarse, weight), coarse, weight);
}

variable_list FineOf::backward(AutogradContext* context, const variable_list& gradients) {
  const variable_list saved = context->get_saved_variables();
  return Derivatives(
      *context, [&] { return CoarseOf::apply(gradients[0], saved[1]); },
      [&] { return WeightOf::apply(gradients[0], saved[0]); });
}

torch::Tensor WeightOf::forward(AutogradContext* context, const torch::Tensor& fine, const torch::Tensor& coarse) {
  context->save_for_backward({fine, coarse});
  return ComputeWeight({fine.size(0), fine.size(1), coarse.size(1), coarse.size(2), coarse.size(3)}, fine, coarse);
}

variable_list WeightOf::backward(AutogradContext* context, const variable_list& gradients) {
  const variable_list saved = context->get_saved_variables();
  return Derivatives(
      *context, [&] { return FineOf::apply(saved[1], gradients[0]); },
      [&] { return CoarseOf::apply(saved[0], gradients[0]); });
}

bool IsOurs(const torch::Tensor& x) { return x.device().is_cpu() && !Autocast::IsEnabled(x.device()); }

void CheckOperands(const torch::Tensor& x, const torch::Tensor& weight, int64_t weight_axis) {
  TORCH_CHECK(x.dim() == 4 && weight.dim() == 4 && weight.size(2) == kTaps && weight.size(3) == kTaps &&
                  x.size(1) == weight.size(weight_axis),
              "a map of ", x.sizes(), " does not fit a weight of ", weight.sizes());
  TORCH_CHECK(x.scalar_type() == weight.scalar_type(), "a map of ", x.scalar_type(), " and a weight of ",
              weight.scalar_type());
}

}  // namespace

torch::Tensor StridedConvolution(const torch::Tensor& x, const torch::Tensor& weight) {
  if (!IsOurs(x)) return torch::conv2d(x, weight, /*bias=*/{}, /*stride=*/2, /*padding=*/1);
  CheckOperands(x, weight, 1);
  TORCH_CHECK(x.size(2) % 2 == 0 && x.size(3) % 2 == 0, "a map of ", x.sizes(), " has an odd side");
  return CoarseOf::apply(x, weight);
}

torch::Tensor TransposedStridedConvolution(const torch::Tensor& x, const torch::Tensor& weight) {
  if (!IsOurs(x)) return torch::conv_transpose2d(x, weight, /*bias=*/{}, /*stride=*/2, /*padding=*/1);
  CheckOperands(x, weight, 0);
  return FineOf::apply(x, weight);
}

}  // namespace ganserve
