// From a GenerateRequest to a GenerateSpec: every field is checked here and nowhere else.
#pragma once

#include <cstdint>
#include <memory>

#include "absl/status/statusor.h"
#include "ganserve/v1/images.pb.h"
#include "server/serving/generate_job.h"
#include "server/serving/model_directory.h"

namespace ganserve {

struct RequestLimits {
  uint32_t max_images_per_call = 1024;
  uint64_t max_response_bytes = 16 << 20;
  uint32_t max_images_per_stream = 10'000'000;
  // Images of a stream that may be computed before the client has taken them.
  uint64_t stream_window_images = 64;
};

enum class CallKind { kUnary, kStream };

struct CheckedRequest {
  std::shared_ptr<Generator> generator;
  GenerateSpec spec;  // without its deadline
  v1::ImageFormat format = v1::IMAGE_FORMAT_PNG;
};

// INVALID_ARGUMENT or NOT_FOUND, naming the field, its value and the limit.
absl::StatusOr<CheckedRequest> CheckRequest(const v1::GenerateRequest& request, CallKind kind,
                                            const ModelDirectory& models, const RequestLimits& limits);

// An upper bound of the size of an answer of `count` images, in bytes.
uint64_t EstimatedResponseBytes(const ImageShape& shape, uint64_t count);

// An upper bound of the memory that a call takes which has an answer, or a stream's window, of `images` images.
uint64_t AnswerMemoryBytes(const ImageShape& shape, uint64_t images);
// That of the largest Generate which the limits allow.
uint64_t LargestAnswerMemoryBytes(const RequestLimits& limits);

// What all answers of the call share.
void FillInfo(const CheckedRequest& request, v1::GenerationInfo* info);

}  // namespace ganserve
