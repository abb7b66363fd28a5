// What a TrainSpec leaves open. Server, trainer and client share it, so that they agree on every default.
#pragma once

#include "ganserve/v1/training.pb.h"

namespace ganserve {

// The spec with every field set; what was set stays, in range or not. Defaults stand at the fields in training.proto.
v1::TrainSpec ResolveTrainSpec(v1::TrainSpec spec);

}  // namespace ganserve
