// Trains the classifier whose features measure generators.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/data/image_set.h"

namespace ganserve {

// Grey images of this side.
inline constexpr int kClassifierImageSide = 32;

struct ClassifierOptions {
  int epochs = 6;
  uint64_t seed = 1;
  int batch_size = 128;
  double learning_rate = 4e-3;  // the peak of the one-cycle schedule
};

struct ClassifierProgress {
  int epoch = 0;        // from 1
  double loss = 0;      // mean over the epoch
  double accuracy = 0;  // on the test images
};

// Trains on labelled images [N, 1, 32, 32] and writes a TorchScript feature extractor to `path`: see
// classifier_export.h. Adam with decoupled weight decay under a one-cycle schedule (Smith and Topin, arXiv:1708.07120);
// cross-entropy; images are flipped at random and moved by up to two pixels. The same data, options, build and one
// thread give the same file, byte for byte, on the same class of processor. `progress` hears of each epoch.
// Returns the share of test images that the last network classifies right. INVALID_ARGUMENT for images without labels,
// of another shape, of differing classes, or fewer than a batch; INTERNAL when memory runs out or torch fails.
absl::StatusOr<double> TrainClassifier(const ImageSet& train, const ImageSet& test, const ClassifierOptions& options,
                                       const std::string& path,
                                       const std::function<void(const ClassifierProgress&)>& progress);

}  // namespace ganserve
