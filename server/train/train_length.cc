#include "server/train/train_length.h"

#include "absl/strings/str_cat.h"
#include "server/base/train_limits.h"
#include "server/eval/quality_meter.h"

namespace ganserve {

absl::Status CheckFillsABatch(const TrainSettings& settings, uint64_t images) {
  if (images >= static_cast<uint64_t>(settings.batch_size)) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(settings.data, ": ", images, " images are fewer than one batch of ", settings.batch_size));
}

absl::Status CheckCanBeEvaluated(const TrainSettings& settings, uint64_t images) {
  static_assert(kFewestEvaluationImages == QualityMeter::kFewestImages);
  if (settings.evaluate_every_steps == 0 || images >= kFewestEvaluationImages) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(settings.data, ": ", images, " images are fewer than the ",
                                                 kFewestEvaluationImages, " that an evaluation needs"));
}

absl::StatusOr<int> ClassesToTell(Conditioning conditioning, int classes) {
  if (conditioning == Conditioning::kNone) return 0;
  if (classes > kMaxClasses) {
    return absl::InvalidArgumentError(
        absl::StrCat("the data has ", classes, " classes, the limit is ", kMaxClasses, " unless conditioning is none"));
  }
  if (conditioning == Conditioning::kAuto || classes > 0) return classes;
  return absl::InvalidArgumentError("conditioning is class, but the data has no labels");
}

}  // namespace ganserve
