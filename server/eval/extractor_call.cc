#include "server/eval/extractor_call.h"

#include <limits>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "server/base/status_macros.h"
#include "server/eval/computation_error.h"

namespace ganserve {
namespace {

std::string ShapeText(const torch::Tensor& tensor) {
  return absl::StrCat(tensor.is_floating_point() ? "floats" : "other than floats", " [",
                      absl::StrJoin(tensor.sizes(), ", "), "]");
}

// The answer's part as float32 [rows, D], D at least 1, all finite.
absl::StatusOr<torch::Tensor> Rows(torch::Tensor part, int64_t rows, const char* name) {
  const bool flat = part.dim() == 2 || (part.dim() == 4 && part.size(2) == 1 && part.size(3) == 1);
  if (!part.is_floating_point() || !flat || part.size(0) != rows || part.size(1) < 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("it returns ", name, " as ", ShapeText(part), "; they must be floats [", rows, ", D]"));
  }
  part = part.to(torch::kCPU, torch::kFloat).flatten(1).contiguous();
  if (!part.isfinite().all().item<bool>()) {
    return absl::InvalidArgumentError(absl::StrCat("it returns ", name, " that are not finite"));
  }
  return part;
}

// Whether the answer is a tuple of two tensors.
bool IsPair(const torch::jit::IValue& answer) {
  if (!answer.isTuple()) return false;
  const auto& elements = answer.toTupleRef().elements();
  return elements.size() == 2 && elements[0].isTensor() && elements[1].isTensor();
}

absl::StatusOr<ExtractorAnswer> PartsOf(const torch::jit::IValue& answer, int64_t rows) {
  ExtractorAnswer parts;
  if (answer.isTensor()) {
    GANSERVE_ASSIGN_OR_RETURN(parts.features, Rows(answer.toTensor(), rows, "features"));
    return parts;
  }
  if (!IsPair(answer)) {
    return absl::InvalidArgumentError(absl::StrCat("it returns a ", answer.tagKind(),
                                                   "; it must return features, or a tuple of features and logits"));
  }
  const auto& elements = answer.toTupleRef().elements();
  GANSERVE_ASSIGN_OR_RETURN(parts.features, Rows(elements[0].toTensor(), rows, "features"));
  GANSERVE_ASSIGN_OR_RETURN(parts.logits, Rows(elements[1].toTensor(), rows, "logits"));
  return parts;
}

absl::StatusOr<ExtractorAnswer> CallOrThrow(torch::jit::Module& network, const ExtractorCall& call,
                                            const torch::Tensor& images) {
  // Optimising takes several slow calls and makes results depend on their number.
  const torch::jit::GraphOptimizerEnabledGuard no_optimizer(false);
  const torch::InferenceMode inference;
  const torch::Tensor input = call.bytes ? images : images.to(torch::kFloat).div_(127.5).sub_(1);
  torch::jit::Kwargs arguments;
  if (call.return_features) arguments["return_features"] = true;
  GANSERVE_ASSIGN_OR_RETURN(ExtractorAnswer parts, PartsOf(network.forward({input}, arguments), images.size(0)));
  if (!call.probabilities) return parts;
  const torch::Tensor probabilities = network.forward({input}, {{"no_output_bias", true}}).toTensor();
  GANSERVE_ASSIGN_OR_RETURN(parts.logits, Rows(probabilities, images.size(0), "probabilities"));
  parts.logits = parts.logits.clamp_min(std::numeric_limits<float>::min()).log();
  return parts;
}

}  // namespace

absl::StatusOr<ExtractorAnswer> CallExtractor(torch::jit::Module& network, const ExtractorCall& call,
                                              const torch::Tensor& images) {
  try {
    return CallOrThrow(network, call, images);
  } catch (const std::exception& error) {
    const std::string cause = CauseOf(error);
    if (IsOutOfMemory(error)) return absl::InternalError(absl::StrCat("out of memory: ", cause));
    return absl::InvalidArgumentError(cause);
  }
}

std::vector<ExtractorCall> PossibleCalls(const torch::jit::Module& network, int channels) {
  const c10::FunctionSchema& schema = network.get_method("forward").function().getSchema();
  const auto has = [&](const char* name) { return schema.argumentIndexWithName(name).has_value(); };
  if (has("return_features")) {
    return {{.bytes = true, .return_features = true, .probabilities = has("no_output_bias"), .channels = 3}};
  }
  std::vector<ExtractorCall> calls;
  for (const bool bytes : {false, true}) {
    for (const int taken : {channels, channels == 1 ? 3 : 1}) calls.push_back({.bytes = bytes, .channels = taken});
  }
  return calls;
}

std::string CallText(const ExtractorCall& call, const PlanarShape& shape) {
  return absl::StrCat(call.channels, "x", shape.height, "x", shape.width,
                      call.bytes ? " in bytes 0 to 255" : " in float [-1, 1]");
}

}  // namespace ganserve
