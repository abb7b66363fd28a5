// The seam between the management calls and the models that they list and change.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace ganserve {

// A version in the repository, whether loaded or not.
struct StoredVersion {
  std::string model;
  uint64_t version = 0;
  std::string digest;  // SHA-256 of model.pt, lower-case hexadecimal; empty while it is not loaded
  bool loaded = false;
  bool on_duty = false;
  std::vector<std::string> aliases;
  std::string job_id;  // the job that it was promoted from and the step; empty and 0 if it came otherwise
  uint64_t step = 0;
};

struct StoredModel {
  std::string name;
  uint64_t on_duty = 0;                 // 0: none, because none could be loaded
  std::vector<StoredVersion> versions;  // ascending
};

struct Promotion {
  std::string job_id;
  std::optional<uint64_t> checkpoint_step;  // absent: the best evaluated one, else the last
  std::string model;                        // made if there is none
  bool only_if_not_worse = false;           // than the version on duty, if there is one, as measured on the job's data
};

// Every method may be called from any thread and returns at once. Changes happen one after the other, in the order of
// the calls; `done` is called exactly once, from another thread or from this call. It must not block.
//
// Errors of all changes:
//   RESOURCE_EXHAUSTED   too many changes wait already
//   UNAVAILABLE          the server is stopping
//   INVALID_ARGUMENT     the model's name is none (base/model_name.h)
//   FAILED_PRECONDITION  the server has no repository, or what each method says
class ModelAdmin {
 public:
  using VersionDone = std::function<void(absl::StatusOr<StoredVersion>)>;
  using Done = std::function<void(absl::Status)>;
  using Models = std::vector<StoredModel>;

  virtual ~ModelAdmin() = default;

  // By name. What this server knew after the last change, its own or one that it followed.
  virtual std::shared_ptr<const Models> List() const = 0;

  // Loads, checks and warms a version unless it is ready, then puts it on duty. NOT_FOUND; FAILED_PRECONDITION when it
  // fails a check, and the version on duty stays.
  virtual void Activate(const std::string& model, uint64_t version, VersionDone done) = 0;

  // Exports a job's generator as the next version of a model and activates that. A version that fails, or is worse
  // where that matters, is removed again.
  virtual void Promote(const Promotion& promotion, VersionDone done) = 0;

  // Removes a version from the repository. NOT_FOUND; FAILED_PRECONDITION when it is on duty or an alias names it.
  virtual void Delete(const std::string& model, uint64_t version, Done done) = 0;
};

}  // namespace ganserve
