#include "server/train/matrix_product.h"

#include <type_traits>

// The BLAS reference interface: column-major, everything by address.
extern "C" {
// NOLINTBEGIN(readability-identifier-naming): names of the libraries
void sgemm_(const char* transpose_a, const char* transpose_b, const int* m, const int* n, const int* k,
            const float* alpha, const float* a, const int* lda, const float* b, const int* ldb, const float* beta,
            float* c, const int* ldc);
void dgemm_(const char* transpose_a, const char* transpose_b, const int* m, const int* n, const int* k,
            const double* alpha, const double* a, const int* lda, const double* b, const int* ldb, const double* beta,
            double* c, const int* ldc);

// MKL's: the number of threads for products of the calling thread. Returns what it was.
int MKL_Set_Num_Threads_Local(int threads);
// NOLINTEND(readability-identifier-naming)
}

namespace ganserve {

// A row-major matrix is its transpose in column-major order, so right^T left^T is asked for.
template <typename Real>
void Multiply(ProductSize size, Transposed transposed, Matrix<const Real> left, Matrix<const Real> right, Into into,
              Matrix<Real> result) {
  const char transpose_a = transposed == Transposed::kRight ? 'T' : 'N';
  const char transpose_b = transposed == Transposed::kLeft ? 'T' : 'N';
  const int m = static_cast<int>(size.columns);
  const int n = static_cast<int>(size.rows);
  const int k = static_cast<int>(size.depth);
  const int lda = static_cast<int>(right.stride);
  const int ldb = static_cast<int>(left.stride);
  const int ldc = static_cast<int>(result.stride);
  const Real alpha = 1;
  const Real beta = into == Into::kAdd ? 1 : 0;
  if constexpr (std::is_same_v<Real, float>) {
    sgemm_(&transpose_a, &transpose_b, &m, &n, &k, &alpha, right.data, &lda, left.data, &ldb, &beta, result.data, &ldc);
  } else {
    dgemm_(&transpose_a, &transpose_b, &m, &n, &k, &alpha, right.data, &lda, left.data, &ldb, &beta, result.data, &ldc);
  }
}

template void Multiply(ProductSize, Transposed, Matrix<const float>, Matrix<const float>, Into, Matrix<float>);
template void Multiply(ProductSize, Transposed, Matrix<const double>, Matrix<const double>, Into, Matrix<double>);

SequentialProducts::SequentialProducts() : threads_before_(MKL_Set_Num_Threads_Local(1)) {}

SequentialProducts::~SequentialProducts() { MKL_Set_Num_Threads_Local(threads_before_); }

}  // namespace ganserve
