// A TorchScript network that makes features of images.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/data/image_set.h"
#include "server/eval/extractor_config.h"
#include "server/eval/features.h"

namespace ganserve {

// The extractor that is part of the executable: see extractors/fashion-mnist/README.md.
inline constexpr char kEmbeddedExtractor[] = "fashion-mnist";

// The bytes of an extractor and what is known about it.
struct ExtractorSource {
  std::string name;     // for messages: a path, or the name of the embedded one
  std::string archive;  // a TorchScript archive
  ExtractorConfig config;
};

// `choice` is kEmbeddedExtractor, a TorchScript file, or a folder with extractor.pt and, if it likes, extractor.json.
// Errors as ReadFile and ParseExtractorConfig, naming the path.
absl::StatusOr<ExtractorSource> FindExtractor(const std::string& choice);
absl::StatusOr<ExtractorSource> EmbeddedExtractor();

struct ExtractorInfo {
  std::string name;
  std::string digest;  // SHA-256 of the archive, lower-case hexadecimal: features compare only under the same digest
  size_t dims = 0;
  size_t classes = 0;                    // of the logits; 0: gives none
  std::vector<std::string> class_names;  // [classes] or empty
  std::string input;                     // how images reach the network, for people
};

// How a network is called is found out when it is loaded, with images of the wanted shape:
// - One whose forward has an argument `return_features` is the field's Inception (as StyleGAN2-ADA publishes it): bytes
//   [N, 3, H, W] in 0 to 255, which it resizes itself; return_features=True gives features. If it also has
//   `no_output_bias`, a second call with it gives class probabilities.
// - Any other takes floats [N, C, H, W] in [-1, 1] or, if it refuses those, bytes as above, and returns features [N, D]
//   or [N, D, 1, 1], or a tuple of these and logits [N, K].
// Grey images become RGB by repetition where a network takes three channels. Colour images go channel by channel
// through one that takes only grey: their features stand beside each other and there are no logits.
//
// Not for several threads at once.
class FeatureExtractor {
 public:
  // `images` is the shape of the images to come. INVALID_ARGUMENT naming the extractor, what it was given, what it
  // answered and what would be right: no archive, no fitting call, wrong shapes or types, values that are not finite.
  // INTERNAL when memory ran out.
  static absl::StatusOr<std::unique_ptr<FeatureExtractor>> Load(const ExtractorSource& source,
                                                                const PlanarShape& images);
  ~FeatureExtractor();
  FeatureExtractor(const FeatureExtractor&) = delete;
  FeatureExtractor& operator=(const FeatureExtractor&) = delete;

  const ExtractorInfo& info() const { return info_; }

  // Appends a row for each of `images`, [n, channels, height, width], at least one. FAILED_PRECONDITION when the
  // network fails or answers otherwise than when it was loaded, INTERNAL when memory ran out; then nothing is appended.
  absl::Status Append(std::span<const uint8_t> images, Features* features, Features* logits) const;

 private:
  class Network;

  FeatureExtractor(std::unique_ptr<Network> network, ExtractorInfo info, const PlanarShape& given,
                   const PlanarShape& fitted);

  const std::unique_ptr<Network> network_;
  const ExtractorInfo info_;
  const PlanarShape given_;   // the images that come
  const PlanarShape fitted_;  // what the network gets of them, before channels are repeated or taken apart
};

}  // namespace ganserve
