// Matrix products on plain arrays, float or double, by the BLAS that LibTorch carries (MKL, sgemm and dgemm). at::mm
// does the same behind views and a dispatcher, which cost as much as the products of 64 rows that convolutions here
// consist of.
#pragma once

#include <cstdint>

namespace ganserve {

// A row-major matrix inside a larger array: element (row, column) stands at data[row * stride + column].
template <typename Real>
struct Matrix {
  Real* data;
  int64_t stride;
};

// Which factor is taken transposed.
enum class Transposed { kNone, kLeft, kRight };

enum class Into { kReplace, kAdd };

struct ProductSize {
  int64_t rows;     // of the left factor (as taken) and the result
  int64_t depth;    // what is summed over
  int64_t columns;  // of the right factor (as taken) and the result
};

// result = left right, or result += left right. Sizes and strides fit an int. On torch's threads, or on the caller's
// alone while it has a SequentialProducts.
template <typename Real>
void Multiply(ProductSize size, Transposed transposed, Matrix<const Real> left, Matrix<const Real> right, Into into,
              Matrix<Real> result);

// Products by the thread that creates and destroys it use no other. For whoever divides products among threads: MKL, as
// torch sets it up, would divide each again, and lose half of its speed in doing so although it gets no second thread.
class SequentialProducts {
 public:
  SequentialProducts();
  ~SequentialProducts();
  SequentialProducts(const SequentialProducts&) = delete;
  SequentialProducts& operator=(const SequentialProducts&) = delete;

 private:
  const int threads_before_;  // 0: as many as the process is set to
};

}  // namespace ganserve
