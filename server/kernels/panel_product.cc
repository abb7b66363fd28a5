#include "server/kernels/panel_product.h"

#include <immintrin.h>

#include <algorithm>

namespace ganserve {
namespace {

// Accumulators of a tile stay in registers. AVX2 has 16: twelve for a tile of 6 rows and 16 columns, two for the matrix
// and one for the input keep both multiply-add units busy (each needs about five independent chains).
constexpr size_t kTileRows = 6;
constexpr size_t kVector = 8;

struct Operands {
  const float* input;
  const RowOffsets* rows;
  const float* matrix;
  size_t depth;
  float* output;
};

// The product for `Rows` rows and `Panels` panels.
template <size_t Rows, size_t Panels>
[[gnu::target("avx2,fma"), gnu::noinline]] void AddTile(const Operands& operands) {
  constexpr size_t kVectors = Panels * kPanelWidth / kVector;
  const float* input[Rows];
  float* output[Rows];
  __m256 sum[Rows][kVectors];
#pragma GCC unroll 8
  for (size_t row = 0; row < Rows; ++row) {
    input[row] = operands.input + operands.rows[row].input;
    output[row] = operands.output + operands.rows[row].output;
#pragma GCC unroll 8
    for (size_t v = 0; v < kVectors; ++v) sum[row][v] = _mm256_loadu_ps(output[row] + v * kVector);
  }
  const size_t panel_size = operands.depth * kPanelWidth;
  const float* matrix = operands.matrix;
  for (size_t k = 0; k < operands.depth; ++k, matrix += kPanelWidth) {
    __m256 factor[kVectors];
#pragma GCC unroll 8
    for (size_t v = 0; v < kVectors; ++v) factor[v] = _mm256_loadu_ps(matrix + v / 2 * panel_size + v % 2 * kVector);
#pragma GCC unroll 8
    for (size_t row = 0; row < Rows; ++row) {
      const __m256 value = _mm256_broadcast_ss(input[row] + k);
#pragma GCC unroll 8
      for (size_t v = 0; v < kVectors; ++v) sum[row][v] = _mm256_fmadd_ps(value, factor[v], sum[row][v]);
    }
  }
#pragma GCC unroll 8
  for (size_t row = 0; row < Rows; ++row) {
#pragma GCC unroll 8
    for (size_t v = 0; v < kVectors; ++v) _mm256_storeu_ps(output[row] + v * kVector, sum[row][v]);
  }
}

// All rows and one panel.
void AddPanel(Operands operands, size_t row_count) {
  while (row_count > 0) {
    // As even as possible: 14 rows are 5 + 5 + 4, not 6 + 6 + 2, because a small tile leaves the units idle.
    const size_t tiles = (row_count + kTileRows - 1) / kTileRows;
    const size_t rows = (row_count + tiles - 1) / tiles;
    switch (rows) {
      case 1:
        AddTile<1, 1>(operands);
        break;
      case 2:
        AddTile<2, 1>(operands);
        break;
      case 3:
        AddTile<3, 1>(operands);
        break;
      case 4:
        AddTile<4, 1>(operands);
        break;
      case 5:
        AddTile<5, 1>(operands);
        break;
      default:
        AddTile<kTileRows, 1>(operands);
        break;
    }
    operands.rows += rows;
    row_count -= rows;
  }
}

// Few rows are taken through several panels at once, or they would leave the units idle. The number of panels done.
size_t AddWide(const Operands& operands, size_t row_count, size_t panel_count) {
  size_t done = 0;
  const auto take = [&](size_t panels, auto add_tile) {
    for (; panel_count - done >= panels; done += panels) {
      Operands wide = operands;
      wide.matrix += done * operands.depth * kPanelWidth;
      wide.output += done * kPanelWidth;
      add_tile(wide);
    }
  };
  if (row_count == 1) take(4, AddTile<1, 4>);
  if (row_count == 2) take(2, AddTile<2, 2>);
  if (row_count == 3) take(2, AddTile<3, 2>);
  return done;
}

}  // namespace

bool HasKernelInstructions() {
  static const bool has = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  return has;
}

void AddProduct(const float* input, std::span<const RowOffsets> rows, const float* matrix, size_t panel_count,
                size_t depth, float* output) {
  const Operands all{input, rows.data(), matrix, depth, output};
  for (size_t panel = AddWide(all, rows.size(), panel_count); panel < panel_count; ++panel) {
    Operands operands = all;
    operands.matrix += panel * depth * kPanelWidth;
    operands.output += panel * kPanelWidth;
    AddPanel(operands, rows.size());
  }
}

}  // namespace ganserve
