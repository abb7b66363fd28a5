// Limits of training data that folders check which may not include each other.
#pragma once

#include <cstdint>

namespace ganserve {

// Of a model: what model.json may say, and so of the data that networks are told the classes of.
inline constexpr int kMaxClasses = 65'536;

// That generators can be measured against: QualityMeter::kFewestImages.
inline constexpr uint64_t kFewestEvaluationImages = 4;

}  // namespace ganserve
