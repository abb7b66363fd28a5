// Many rows times one matrix: the inner loop of a convolution.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace ganserve {

// Columns of a panel, the unit that matrices are packed in: two AVX2 registers, one cache line.
inline constexpr size_t kPanelWidth = 16;

inline constexpr size_t PanelsFor(size_t columns) { return (columns + kPanelWidth - 1) / kPanelWidth; }

// Packs one panel, [depth][16], of a matrix whose elements are element(k, column): the columns from `first_column` on,
// and zeros beyond the last. Returns where the next panel goes.
template <typename Element>
float* PackPanel(size_t depth, size_t columns, size_t first_column, Element element, float* to) {
  for (size_t k = 0; k < depth; ++k) {
    for (size_t column = first_column; column < first_column + kPanelWidth; ++column) {
      *to++ = column < columns ? element(k, column) : 0.0f;
    }
  }
  return to;
}

// Whether this processor has AVX2 and fused multiply-add (x86-64 since about 2013). AddProduct and Activate need them.
bool HasKernelInstructions();

// Where a row begins, in floats from the start of the input and of the output.
struct RowOffsets {
  uint32_t input;
  uint32_t output;
};

// output[row][column] += sum over k < depth of input[row][k] matrix[k][column], for every row and panel_count * 16
// columns. The matrix is packed as [panel_count][depth][16]. No two rows may share outputs.
//
// Each output is one chain of fused multiply-adds with k ascending. So its bits depend on its own row and column alone,
// not on which rows stand beside it, nor on the processor.
void AddProduct(const float* input, std::span<const RowOffsets> rows, const float* matrix, size_t panel_count,
                size_t depth, float* output);

}  // namespace ganserve
