#include <chrono>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "server/base/publish.h"
#include "server/base/status_macros.h"
#include "server/data/data_set.h"
#include "server/eval/classifier_training.h"
#include "server/eval/extractor_config.h"
#include "server/eval/torch_threads.h"
#include "server/eval_commands.h"

namespace ganserve {
namespace {

// Those of the flags, else those of the data.
absl::StatusOr<std::vector<std::string>> ClassNames(const ClassifierFlags& flags, const ImageSet& data) {
  if (flags.class_names.empty()) return data.class_names;
  if (flags.class_names.size() == static_cast<size_t>(data.classes)) return flags.class_names;
  return absl::InvalidArgumentError(absl::StrCat("--class-names has ", flags.class_names.size(), " names, but ",
                                                 flags.data, " has ", data.classes, " classes"));
}

}  // namespace

absl::Status TrainClassifierCommand(const ClassifierFlags& flags, const std::string& command_line,
                                    const std::function<void(const std::string&)>& print) {
  const PlanarShape shape{kClassifierImageSide, kClassifierImageSide, 1};
  GANSERVE_ASSIGN_OR_RETURN(const ImageSet train, LoadDataSet(flags.data, shape, DataPart::kTrain));
  GANSERVE_ASSIGN_OR_RETURN(const ImageSet test, LoadDataSet(flags.data, shape, DataPart::kTest));
  GANSERVE_ASSIGN_OR_RETURN(const std::vector<std::string> class_names, ClassNames(flags, train));
  UseTorchThreads(flags.threads);
  ClassifierOptions options;
  options.epochs = flags.epochs;
  options.seed = flags.seed;
  const auto tell = [&](const ClassifierProgress& progress) {
    print(absl::StrFormat("epoch %d/%d  loss %.4f  test accuracy %.2f %%", progress.epoch, options.epochs,
                          progress.loss, 100 * progress.accuracy));
  };
  return PublishFolderWith(flags.out, [&](const std::string& folder) -> absl::Status {
    const auto start = std::chrono::steady_clock::now();
    GANSERVE_ASSIGN_OR_RETURN(const double accuracy,
                              TrainClassifier(train, test, options, absl::StrCat(folder, "/extractor.pt"), tell));
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    const ClassifierOrigin origin{command_line, flags.data, accuracy, seconds.count()};
    return PublishFile(absl::StrCat(folder, "/extractor.json"), ClassifierJson({shape, class_names}, origin));
  });
}

}  // namespace ganserve
