#include "server/eval/feature_extractor.h"

#include <torch/script.h>

#include <sstream>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/base/sha256.h"
#include "server/base/status_macros.h"
#include "server/data/image_fit.h"
#include "server/eval/computation_error.h"
#include "server/eval/extractor_call.h"

namespace ganserve {
namespace {

// What an extractor that refuses the images is tried with, to say what it would take.
constexpr int kTriedSides[] = {28, 32, 64, 128, 224, 256, 299};

// The fault with the extractor's name before it.
absl::Status Named(const std::string& name, const absl::Status& fault) {
  return absl::Status(fault.code(), absl::StrCat("extractor ", name, ": ", std::string(fault.message())));
}

absl::Status Refused(const ExtractorSource& source, const std::string& why) {
  return Named(source.name, absl::InvalidArgumentError(why));
}

// Two different images, so that an extractor that flattens its batch is found out.
torch::Tensor TrialImages(const PlanarShape& shape, int channels) {
  torch::Tensor images = torch::zeros({2, channels, shape.height, shape.width}, torch::kByte);
  images[1].fill_(200);
  return images;
}

// The first call that the network takes with images of that shape; else why not. INTERNAL when memory ran out.
absl::StatusOr<std::pair<ExtractorCall, ExtractorAnswer>> TryCalls(torch::jit::Module& network,
                                                                   const PlanarShape& shape) {
  absl::Status first_fault;
  for (const ExtractorCall& call : PossibleCalls(network, shape.channels)) {
    absl::StatusOr<ExtractorAnswer> answer = CallExtractor(network, call, TrialImages(shape, call.channels));
    if (answer.ok()) return std::pair(call, *std::move(answer));
    if (absl::IsInternal(answer.status())) return answer.status();
    first_fault.Update(answer.status());
  }
  return first_fault;
}

// "; it takes 3x299x299 in float [-1, 1]" if a common size turns out right.
std::string WhatItTakes(torch::jit::Module& network, int channels) {
  for (const int side : kTriedSides) {
    const PlanarShape shape{side, side, channels};
    const auto fitting = TryCalls(network, shape);
    if (fitting.ok()) return absl::StrCat("; it takes ", CallText(fitting->first, shape));
  }
  return "";
}

// How many numbers the network gives for an image; 0 for a part of the answer that it does not give.
size_t Columns(const torch::Tensor& part) { return part.defined() ? static_cast<size_t>(part.size(1)) : 0; }

absl::Status CheckColumns(const ExtractorInfo& info, const char* name, const torch::Tensor& part, size_t loaded) {
  if (Columns(part) == loaded) return absl::OkStatus();
  return Named(info.name, absl::FailedPreconditionError(absl::StrCat("it gives ", Columns(part), " ", name,
                                                                     ", and gave ", loaded, " when it was loaded")));
}

void AppendRows(const torch::Tensor& rows, Features* features) {
  features->dims = static_cast<size_t>(rows.size(1));
  features->values.insert(features->values.end(), rows.const_data_ptr<float>(),
                          rows.const_data_ptr<float>() + rows.numel());
}

std::vector<uint8_t> Fit(std::span<const uint8_t> images, const PlanarShape& given, const PlanarShape& wanted) {
  std::vector<uint8_t> fitted;
  fitted.reserve(images.size() / given.samples() * wanted.samples());
  for (size_t first = 0; first < images.size(); first += given.samples()) {
    AppendFitted(images.subspan(first, given.samples()), given, wanted, &fitted);
  }
  return fitted;
}

}  // namespace

class FeatureExtractor::Network {
 public:
  Network(torch::jit::Module module, const ExtractorCall& call) : module_(std::move(module)), call_(call) {}

  // Bytes [N, channels, height, width], before channels are repeated or taken apart.
  absl::StatusOr<ExtractorAnswer> Run(const torch::Tensor& images) {
    const int64_t count = images.size(0);
    const int64_t channels = images.size(1);
    if (channels == call_.channels) return CallExtractor(module_, call_, images);
    if (channels == 1) return CallExtractor(module_, call_, images.repeat({1, call_.channels, 1, 1}));
    const torch::Tensor planes = images.reshape({count * channels, 1, images.size(2), images.size(3)});
    GANSERVE_ASSIGN_OR_RETURN(const ExtractorAnswer answer, CallExtractor(module_, call_, planes));
    return ExtractorAnswer{answer.features.reshape({count, -1}), {}};
  }

 private:
  torch::jit::Module module_;
  const ExtractorCall call_;
};

absl::StatusOr<std::unique_ptr<FeatureExtractor>> FeatureExtractor::Load(const ExtractorSource& source,
                                                                         const PlanarShape& images) try {
  std::istringstream stream(source.archive);
  torch::jit::Module module = torch::jit::load(stream, torch::kCPU);
  if (!module.find_method("forward")) return Refused(source, "the module has no method forward");
  module.eval();
  PlanarShape fitted = source.config.image.value_or(images);
  fitted.channels = images.channels;
  const auto call = TryCalls(module, fitted);
  if (absl::IsInternal(call.status())) return Named(source.name, call.status());
  if (!call.ok()) {
    return Refused(source,
                   absl::StrCat("it does not take images of ", images.channels, "x", images.height, "x", images.width,
                                ": ", std::string(call.status().message()), WhatItTakes(module, images.channels)));
  }
  auto network = std::make_unique<Network>(module, call->first);
  const absl::StatusOr<ExtractorAnswer> answer = network->Run(TrialImages(fitted, fitted.channels));
  if (!answer.ok()) return Named(source.name, answer.status());
  ExtractorInfo info{source.name, Sha256Hex(source.archive),    Columns(answer->features), Columns(answer->logits),
                     {},          CallText(call->first, fitted)};
  if (source.config.class_names.size() == info.classes) info.class_names = source.config.class_names;
  return std::unique_ptr<FeatureExtractor>(new FeatureExtractor(std::move(network), std::move(info), images, fitted));
} catch (const std::exception& error) {
  if (IsOutOfMemory(error)) return Named(source.name, absl::InternalError("out of memory"));
  // torch's own words are about its readers' insides.
  return Refused(source, "not a usable TorchScript file");
}

FeatureExtractor::FeatureExtractor(std::unique_ptr<Network> network, ExtractorInfo info, const PlanarShape& given,
                                   const PlanarShape& fitted)
    : network_(std::move(network)), info_(std::move(info)), given_(given), fitted_(fitted) {}

FeatureExtractor::~FeatureExtractor() = default;

absl::Status FeatureExtractor::Append(std::span<const uint8_t> images, Features* features, Features* logits) const {
  std::vector<uint8_t> fitted;
  if (fitted_ != given_) {
    fitted = Fit(images, given_, fitted_);
    images = fitted;
  }
  const torch::Tensor bytes = torch::from_blob(
      const_cast<uint8_t*>(images.data()),
      {static_cast<int64_t>(images.size() / fitted_.samples()), fitted_.channels, fitted_.height, fitted_.width},
      torch::kByte);
  const absl::StatusOr<ExtractorAnswer> answer = network_->Run(bytes);
  if (absl::IsInternal(answer.status())) return Named(info_.name, answer.status());
  if (!answer.ok()) return Named(info_.name, absl::FailedPreconditionError(answer.status().message()));
  GANSERVE_RETURN_IF_ERROR(CheckColumns(info_, "features", answer->features, info_.dims));
  GANSERVE_RETURN_IF_ERROR(CheckColumns(info_, "logits", answer->logits, info_.classes));
  AppendRows(answer->features, features);
  if (info_.classes > 0) AppendRows(answer->logits, logits);
  return absl::OkStatus();
}

}  // namespace ganserve
