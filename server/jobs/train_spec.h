// What checks a TrainSpec; server and trainer share it, so that they agree on every limit. Ranges stand at the fields
// in training.proto.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "ganserve/v1/training.pb.h"

namespace ganserve {

// Checks a spec, resolved or not. INVALID_ARGUMENT naming every field that is out of range, its value and its limits,
// separated by "; ". Whether the data exists and suits the other fields is not checked.
absl::Status ValidateTrainSpec(const v1::TrainSpec& spec);

// The same for a request to train, with its request id.
absl::Status ValidateTrainJobRequest(const v1::TrainJobRequest& request);

// The form of the `spec` file of a job directory: protobuf JSON, indented, ending in a newline, field names as in the
// proto.
absl::StatusOr<std::string> TrainSpecToJson(const v1::TrainSpec& spec);
// Errors: DATA_LOSS when it is not such JSON or has a field that this build does not know.
absl::StatusOr<v1::TrainSpec> TrainSpecFromJson(const std::string& json);

// Its file in a job's directory.
inline constexpr char kSpecFile[] = "spec";

// The spec in a job's directory, as it stands there. Errors as ReadFile and TrainSpecFromJson, naming the file.
absl::StatusOr<v1::TrainSpec> ReadTrainSpec(const std::string& job_path);

}  // namespace ganserve
