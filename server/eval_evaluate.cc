#include <algorithm>
#include <functional>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/base/cpu_quota.h"
#include "server/base/status_macros.h"
#include "server/data/data_set.h"
#include "server/eval/image_source.h"
#include "server/eval/quality_comparison.h"
#include "server/eval/quality_meter.h"
#include "server/eval/random_choice.h"
#include "server/eval/torch_threads.h"
#include "server/eval_commands.h"
#include "server/eval_model.h"

namespace ganserve {
namespace {

// Of every random choice but the latents, so that all models meet the same real images and directions.
constexpr uint64_t kSeed = 1;
// Stream of ChooseIndices for the images of the floor; QualityMeter has the small ones.
constexpr uint64_t kFloorStream = 1 << 16;

// Real images: what is measured against, and what is measured as the floor.
struct RealImages {
  ImageSet reference;
  ImageSet floor;
  bool floor_is_test_part = false;
};

ImageSet Subset(const ImageSet& set, std::span<const size_t> indices) {
  ImageSet subset{set.shape, {}, {}, set.classes, set.class_names};
  for (const size_t index : indices) {
    const auto image = set.image(index);
    subset.samples.insert(subset.samples.end(), image.begin(), image.end());
    if (!set.labels.empty()) subset.labels.push_back(set.labels[index]);
  }
  return subset;
}

// At most `most` images for the floor: of the test part, or of the training part without one, of which at least half
// stays the reference.
absl::StatusOr<RealImages> LoadRealImages(const std::string& path, const PlanarShape& shape, uint64_t most) {
  RealImages real;
  GANSERVE_ASSIGN_OR_RETURN(real.reference, LoadDataSet(path, shape, DataPart::kTrain));
  absl::StatusOr<ImageSet> test = LoadDataSet(path, shape, DataPart::kTest);
  real.floor_is_test_part = test.ok();
  if (test.ok()) {
    const auto chosen = ChooseIndices(kSeed, kFloorStream, test->count(), static_cast<size_t>(most));
    real.floor = Subset(*test, chosen);
    return real;
  }
  if (!absl::IsNotFound(test.status())) return test.status();
  const size_t count = real.reference.count();
  const std::vector<size_t> order = ChooseIndices(kSeed, kFloorStream, count, count);
  const auto held_out = static_cast<size_t>(std::min<uint64_t>(most, count / 2));
  real.floor = Subset(real.reference, std::span(order).first(held_out));
  real.reference = Subset(real.reference, std::span(order).subspan(held_out));
  return real;
}

// The images of one class.
ImageSet OfClass(const ImageSet& set, int label) {
  std::vector<size_t> indices;
  for (size_t i = 0; i < set.labels.size(); ++i) {
    if (set.labels[i] == label) indices.push_back(i);
  }
  return Subset(set, indices);
}

absl::Status CheckLabel(int label, const GeneratorInfo& model, const ImageSet& data) {
  if (model.classes == 0) {
    return absl::InvalidArgumentError(absl::StrCat("--label ", label, ": model ", model.model, " has no classes"));
  }
  if (label < 0 || label >= model.classes) {
    return absl::InvalidArgumentError(
        absl::StrCat("--label ", label, ": model ", model.model, " has the classes 0 to ", model.classes - 1));
  }
  if (data.classes != model.classes) {
    return absl::InvalidArgumentError(absl::StrCat("--label ", label, ": model ", model.model, " has ", model.classes,
                                                   " classes and the data ", data.classes, "; they must be the same"));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::optional<ExtractorSource>> ChosenExtractor(const std::string& choice) {
  if (choice == "none") return std::nullopt;
  return FindExtractor(choice);
}

std::string SizeText(const PlanarShape& shape) {
  return absl::StrCat(shape.width, "x", shape.height, "x", shape.channels);
}

// nullptr without --against.
absl::StatusOr<std::shared_ptr<Generator>> LoadRival(const EvaluateFlags& flags, const PlanarShape& shape) {
  if (flags.against.empty()) return nullptr;
  GANSERVE_ASSIGN_OR_RETURN(std::shared_ptr<Generator> rival, LoadGeneratorAt(flags.against));
  if (const PlanarShape theirs = PlanarShapeOf(*rival); theirs != shape) {
    return absl::InvalidArgumentError(absl::StrCat("--against ", flags.against, ": its images are ", SizeText(theirs),
                                                   ", those of ", flags.model, " ", SizeText(shape)));
  }
  return rival;
}

}  // namespace

absl::StatusOr<Evaluation> Evaluate(const EvaluateFlags& flags, const std::function<void(const std::string&)>& tell) {
  const int threads = flags.threads > 0 ? flags.threads : ReadCpuQuota().cores;
  // The extractor first, because its faults show at once, then the model; reading the data takes longest.
  GANSERVE_ASSIGN_OR_RETURN(const std::optional<ExtractorSource> extractor, ChosenExtractor(flags.extractor));
  GANSERVE_ASSIGN_OR_RETURN(const std::shared_ptr<Generator> generator, LoadGeneratorAt(flags.model));
  const PlanarShape shape = PlanarShapeOf(*generator);
  GANSERVE_ASSIGN_OR_RETURN(const std::shared_ptr<Generator> rival, LoadRival(flags, shape));
  UseTorchThreads(threads);  // after loading, which sets the calling thread's to one
  if (extractor) GANSERVE_RETURN_IF_ERROR(FeatureExtractor::Load(*extractor, shape).status());
  tell(absl::StrCat("reading ", flags.data));
  GANSERVE_ASSIGN_OR_RETURN(RealImages real, LoadRealImages(flags.data, shape, flags.samples));
  if (flags.label) {
    GANSERVE_RETURN_IF_ERROR(CheckLabel(*flags.label, generator->info(), real.reference));
    real.reference = OfClass(real.reference, *flags.label);
    real.floor = OfClass(real.floor, *flags.label);
  }
  tell(absl::StrCat("looking at ", real.reference.count(), " images of the reference"));
  GANSERVE_ASSIGN_OR_RETURN(const auto meter, QualityMeter::Create(extractor, real.reference, {.seed = kSeed}));
  Evaluation evaluation{generator->info(), flags.data, {}, {}, {}, real.floor_is_test_part};
  if (meter->extractor() != nullptr) evaluation.extractor = *meter->extractor();
  tell(absl::StrCat("measuring ", real.floor.count(), " images for the floor"));
  GANSERVE_ASSIGN_OR_RETURN(evaluation.floor, meter->Measure(real.floor.count(), ImagesOf(real.floor)));
  tell(absl::StrCat("making and measuring ", flags.samples, " images"));
  const auto measure = [&](Generator& images) {
    return meter->Measure(flags.samples, ImagesOf(images, flags.seed, flags.label, threads));
  };
  GANSERVE_ASSIGN_OR_RETURN(evaluation.quality, measure(*generator));
  if (rival == nullptr) return evaluation;
  tell(absl::StrCat("making and measuring ", flags.samples, " images of ", flags.against));
  GANSERVE_ASSIGN_OR_RETURN(const QualityReport theirs, measure(*rival));
  evaluation.rival = Rival{rival->info(), theirs, WorseThan(evaluation.quality, theirs)};
  return evaluation;
}

}  // namespace ganserve
