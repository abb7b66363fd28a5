#include "server/rpc/request_check.h"

#include <algorithm>
#include <limits>
#include <string>

#include "absl/strings/str_cat.h"
#include "server/base/model_name.h"
#include "server/base/status_macros.h"
#include "server/rpc/status_mapping.h"

namespace ganserve {
namespace {

// What an answer holds beside its images: a GenerationInfo with the digest and the model's name, which is a folder's
// and so at most 255 bytes.
constexpr uint64_t kInfoBytes = 512;

// What a call takes beside its answer: gRPC's arena and buffers for it, the reactor, its place in the queue.
constexpr uint64_t kCallBytes = 16 << 10;
// An answer exists as a message and, once it is sent, in wire format.
constexpr uint64_t kAnswerCopies = 2;

// An upper bound of one image and its message: incompressible pixels, a filter byte a row, deflate's own overhead,
// PNG's chunks and the message's fields.
uint64_t EstimatedImageBytes(const ImageShape& shape) {
  constexpr uint64_t kOverheadBytes = 128;
  return shape.bytes() + shape.bytes() / 1024 + static_cast<uint64_t>(shape.height) + kOverheadBytes;
}

absl::Status CheckCount(const v1::GenerateRequest& request, CallKind kind, const RequestLimits& limits) {
  const uint32_t limit = kind == CallKind::kUnary ? limits.max_images_per_call : limits.max_images_per_stream;
  if (request.count() < 1 || request.count() > limit) {
    return InvalidField("count", absl::StrCat("is ", request.count(), "; it must be from 1 to ", limit,
                                              kind == CallKind::kUnary ? " (GenerateStream takes more)" : ""));
  }
  if (request.first_index() > std::numeric_limits<uint64_t>::max() - request.count()) {
    return InvalidField("first_index", absl::StrCat("is ", request.first_index(), "; with count ", request.count(),
                                                    " their sum would exceed 2^64 - 1"));
  }
  return absl::OkStatus();
}

// The directory's refusal quotes the name; a long one would not fit into the metadata that a client takes.
absl::Status CheckName(const std::string& field, const std::string& name) {
  if (name.size() <= kMaxModelNameLength) return absl::OkStatus();
  return InvalidField(field, absl::StrCat("has ", name.size(), " bytes; it must have at most ", kMaxModelNameLength));
}

absl::Status CheckLabel(const v1::GenerateRequest& request, const GeneratorInfo& info) {
  if (!request.has_label()) return absl::OkStatus();
  if (info.classes == 0) {
    return InvalidField("label", absl::StrCat("is ", request.label(), ", but model ", info.model, " version ",
                                              info.version, " has no classes"));
  }
  if (request.label() < static_cast<uint32_t>(info.classes)) return absl::OkStatus();
  return InvalidField("label", absl::StrCat("is ", request.label(), "; model ", info.model, " version ", info.version,
                                            " has the classes 0 to ", info.classes - 1));
}

absl::Status CheckSize(const v1::GenerateRequest& request, CallKind kind, const GeneratorInfo& info,
                       const RequestLimits& limits) {
  if (kind == CallKind::kStream) return absl::OkStatus();
  const uint64_t bytes = EstimatedResponseBytes(info.shape, request.count());
  if (bytes <= limits.max_response_bytes) return absl::OkStatus();
  const uint64_t for_images = limits.max_response_bytes - std::min(limits.max_response_bytes, kInfoBytes);
  const uint64_t fitting = for_images / EstimatedImageBytes(info.shape);
  return InvalidField("count", absl::StrCat("is ", request.count(), ", whose answer is estimated at ", bytes,
                                            " bytes; the limit is ", limits.max_response_bytes, " bytes, which is ",
                                            fitting, " images of this model (GenerateStream takes more)"));
}

}  // namespace

absl::StatusOr<CheckedRequest> CheckRequest(const v1::GenerateRequest& request, CallKind kind,
                                            const ModelDirectory& models, const RequestLimits& limits) {
  GANSERVE_RETURN_IF_ERROR(CheckCount(request, kind, limits));
  if (!v1::ImageFormat_IsValid(request.format())) {
    return InvalidField("format", absl::StrCat("is ", static_cast<int>(request.format()), "; it must be ",
                                               static_cast<int>(v1::IMAGE_FORMAT_PNG), " (PNG) or ",
                                               static_cast<int>(v1::IMAGE_FORMAT_RAW), " (raw)"));
  }
  GANSERVE_RETURN_IF_ERROR(CheckName("model", request.model()));
  GANSERVE_RETURN_IF_ERROR(CheckName("version", request.version()));
  CheckedRequest checked;
  GANSERVE_ASSIGN_OR_RETURN(checked.generator, models.Find(request.model(), request.version()));
  const GeneratorInfo& info = checked.generator->info();
  GANSERVE_RETURN_IF_ERROR(CheckLabel(request, info));
  GANSERVE_RETURN_IF_ERROR(CheckSize(request, kind, info, limits));
  const bool raw = request.format() == v1::IMAGE_FORMAT_RAW;
  checked.format = raw ? v1::IMAGE_FORMAT_RAW : v1::IMAGE_FORMAT_PNG;
  checked.spec = {.seed = request.seed(),
                  .first_index = request.first_index(),
                  .count = request.count(),
                  .label = {},
                  .format = raw ? ImageFormat::kRaw : ImageFormat::kPng};
  if (request.has_label()) checked.spec.label = request.label();
  if (kind == CallKind::kStream) checked.spec.window = limits.stream_window_images;
  checked.spec.answer_bytes = AnswerMemoryBytes(info.shape, std::min(checked.spec.count, checked.spec.window));
  return checked;
}

uint64_t EstimatedResponseBytes(const ImageShape& shape, uint64_t count) {
  return kInfoBytes + count * EstimatedImageBytes(shape);
}

uint64_t AnswerMemoryBytes(const ImageShape& shape, uint64_t images) {
  return kCallBytes + kAnswerCopies * EstimatedResponseBytes(shape, images);
}

uint64_t LargestAnswerMemoryBytes(const RequestLimits& limits) {
  return kCallBytes + kAnswerCopies * limits.max_response_bytes;
}

void FillInfo(const CheckedRequest& request, v1::GenerationInfo* info) {
  const GeneratorInfo& generator = request.generator->info();
  info->set_width(static_cast<uint32_t>(generator.shape.width));
  info->set_height(static_cast<uint32_t>(generator.shape.height));
  info->set_channels(static_cast<uint32_t>(generator.shape.channels));
  info->set_format(request.format);
  info->set_model(generator.model);
  info->set_version(generator.version);
  info->set_model_digest(generator.digest);
}

}  // namespace ganserve
