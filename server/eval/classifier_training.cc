#include "server/eval/classifier_training.h"

#include <torch/torch.h>

#include <algorithm>
#include <cmath>
#include <exception>
#include <numbers>
#include <vector>

#include "absl/strings/str_cat.h"
#include "server/base/status_macros.h"
#include "server/eval/classifier_export.h"
#include "server/eval/classifier_network.h"
#include "server/eval/computation_error.h"
#include "server/eval/random_choice.h"

namespace ganserve {
namespace {

constexpr double kWeightDecay = 0.01;
constexpr double kWarmUp = 0.25;       // share of the steps in which the learning rate rises
constexpr double kStartOfPeak = 0.04;  // the first learning rate over the peak's
constexpr int64_t kMostShift = 2;      // pixels
constexpr int64_t kTestBatch = 500;

struct Labelled {
  explicit Labelled(const ImageSet& set)
      : images(torch::from_blob(const_cast<uint8_t*>(set.samples.data()),
                                {static_cast<int64_t>(set.count()), 1, kClassifierImageSide, kClassifierImageSide},
                                torch::kByte)),
        labels(
            torch::from_blob(const_cast<int32_t*>(set.labels.data()), {static_cast<int64_t>(set.count())}, torch::kInt)
                .to(torch::kLong)) {}

  torch::Tensor images;  // uint8 [N, 1, 32, 32], the set's own memory
  torch::Tensor labels;  // int64 [N]
};

absl::Status CheckSet(const ImageSet& set, const char* part) {
  const PlanarShape wanted{kClassifierImageSide, kClassifierImageSide, 1};
  if (set.shape != wanted) {
    return absl::InvalidArgumentError(absl::StrCat("the ", part, " images are ", set.shape.width, "x", set.shape.height,
                                                   "x", set.shape.channels, "; the classifier takes 32x32x1"));
  }
  if (set.labels.empty()) return absl::InvalidArgumentError(absl::StrCat("the ", part, " images have no labels"));
  return absl::OkStatus();
}

absl::Status CheckData(const ImageSet& train, const ImageSet& test, const ClassifierOptions& options) {
  GANSERVE_RETURN_IF_ERROR(CheckSet(train, "training"));
  GANSERVE_RETURN_IF_ERROR(CheckSet(test, "test"));
  if (train.classes != test.classes || train.classes < 2) {
    return absl::InvalidArgumentError(absl::StrCat("the training images have ", train.classes,
                                                   " classes and the test images ", test.classes,
                                                   "; they must have the same, at least 2"));
  }
  if (train.count() < static_cast<size_t>(options.batch_size)) {
    return absl::InvalidArgumentError(
        absl::StrCat(train.count(), " training images are less than a batch, which has ", options.batch_size));
  }
  return absl::OkStatus();
}

torch::Tensor ToFloats(const torch::Tensor& bytes) { return bytes.to(torch::kFloat).div_(127.5).sub_(1); }

// Each image flipped left to right with probability 1/2, and all of the batch moved by the same up to kMostShift
// pixels; what comes in at the edges is black.
torch::Tensor Augment(const torch::Tensor& images) {
  const torch::Tensor flip = torch::rand({images.size(0), 1, 1, 1}).lt(0.5);
  const torch::Tensor flipped = torch::where(flip, images.flip({3}), images);
  const torch::Tensor padded = torch::constant_pad_nd(flipped, {kMostShift, kMostShift, kMostShift, kMostShift}, -1);
  const torch::Tensor shift = torch::randint(2 * kMostShift + 1, {2}, torch::kLong);
  return padded.narrow(2, shift[0].item<int64_t>(), kClassifierImageSide)
      .narrow(3, shift[1].item<int64_t>(), kClassifierImageSide)
      .contiguous();
}

// One cycle: a half cosine up from kStartOfPeak to the peak, another down to 0.
double LearningRate(double peak, int64_t step, int64_t steps) {
  const double done = static_cast<double>(step) / static_cast<double>(steps);
  const auto half_cosine = [](double t) { return (1 - std::cos(std::numbers::pi * t)) / 2; };
  if (done < kWarmUp) return peak * (kStartOfPeak + (1 - kStartOfPeak) * half_cosine(done / kWarmUp));
  return peak * (1 - half_cosine((done - kWarmUp) / (1 - kWarmUp)));
}

double Accuracy(ClassifierNetwork network, const Labelled& data) {
  const torch::NoGradGuard no_gradients;
  network->eval();
  int64_t right = 0;
  for (int64_t first = 0; first < data.images.size(0); first += kTestBatch) {
    const int64_t count = std::min(kTestBatch, data.images.size(0) - first);
    const torch::Tensor classes = network(ToFloats(data.images.narrow(0, first, count))).argmax(1);
    right += classes.eq(data.labels.narrow(0, first, count)).sum().item<int64_t>();
  }
  network->train();
  return static_cast<double>(right) / static_cast<double>(data.images.size(0));
}

class ClassifierTrainer {
 public:
  ClassifierTrainer(ClassifierNetwork network, const Labelled& data, const ClassifierOptions& options)
      : network_(network),
        data_(data),
        options_(options),
        optimizer_(network->parameters(), torch::optim::AdamWOptions().weight_decay(kWeightDecay)) {}

  // The mean loss. Images that fill no batch are left out; they are others in each epoch.
  double Epoch(int epoch) {
    const int64_t batches = data_.images.size(0) / options_.batch_size;
    const auto count = static_cast<size_t>(data_.images.size(0));
    const std::vector<size_t> order = ChooseIndices(options_.seed, static_cast<uint64_t>(epoch), count, count);
    const torch::Tensor indices = torch::tensor(std::vector<int64_t>(order.begin(), order.end()));
    torch::Tensor loss = torch::zeros({});
    for (int64_t batch = 0; batch < batches; ++batch) {
      SetLearningRate(epoch * batches + batch, options_.epochs * batches);
      loss += Step(indices.narrow(0, batch * options_.batch_size, options_.batch_size));
    }
    return loss.item<double>() / static_cast<double>(batches);
  }

 private:
  void SetLearningRate(int64_t step, int64_t steps) {
    for (auto& group : optimizer_.param_groups()) {
      group.options().set_lr(LearningRate(options_.learning_rate, step, steps));
    }
  }

  torch::Tensor Step(const torch::Tensor& indices) {
    const torch::Tensor images = Augment(ToFloats(data_.images.index_select(0, indices)));
    const torch::Tensor loss = torch::cross_entropy_loss(network_(images), data_.labels.index_select(0, indices));
    optimizer_.zero_grad();
    loss.backward();
    optimizer_.step();
    return loss.detach();
  }

  ClassifierNetwork network_;
  const Labelled& data_;
  const ClassifierOptions options_;
  torch::optim::AdamW optimizer_;
};

}  // namespace

absl::StatusOr<double> TrainClassifier(const ImageSet& train, const ImageSet& test, const ClassifierOptions& options,
                                       const std::string& path,
                                       const std::function<void(const ClassifierProgress&)>& progress) try {
  GANSERVE_RETURN_IF_ERROR(CheckData(train, test, options));
  torch::manual_seed(options.seed);
  ClassifierNetwork network(train.classes);
  const Labelled train_data(train);
  const Labelled test_data(test);
  ClassifierTrainer trainer(network, train_data, options);
  double accuracy = 0;
  for (int epoch = 0; epoch < options.epochs; ++epoch) {
    const double loss = trainer.Epoch(epoch);
    accuracy = Accuracy(network, test_data);
    progress({epoch + 1, loss, accuracy});
  }
  GANSERVE_RETURN_IF_ERROR(ExportClassifier(network, path));
  return accuracy;
} catch (const std::exception& error) {
  return ComputationError("training the classifier", error);
}

}  // namespace ganserve
