// Limits of training data that folders check which may not include each other.
#pragma once

#include <cstddef>
#include <cstdint>

namespace ganserve {

// Of a model: what model.json may say, and so of the data that networks are told the classes of.
inline constexpr int kMaxClasses = 65'536;

// Of a model's class names together, in UTF-8: an answer about all models must fit into a message.
inline constexpr size_t kMaxClassNamesBytes = 65'536;

// That generators can be measured against: QualityMeter::kFewestImages.
inline constexpr uint64_t kFewestEvaluationImages = 4;

}  // namespace ganserve
