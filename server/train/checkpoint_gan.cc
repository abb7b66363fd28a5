#include "server/train/checkpoint_gan.h"

#include "absl/strings/str_cat.h"
#include "server/base/status_macros.h"

namespace ganserve {
namespace {

absl::Status InFile(const Checkpoint& checkpoint, const absl::Status& status) {
  return absl::Status(status.code(), absl::StrCat(checkpoint.path, ": ", std::string(status.message())));
}

absl::Status LoadGan(const Checkpoint& checkpoint, Gan* gan) {
  const absl::Status status = gan->Load(checkpoint.contents);
  return status.ok() ? status : InFile(checkpoint, status);
}

}  // namespace

absl::Status ResumeGan(const Checkpoint& checkpoint, Gan* gan) {
  const std::string data = gan->data();
  GANSERVE_RETURN_IF_ERROR(LoadGan(checkpoint, gan));
  if (gan->data().empty()) gan->SetData(data);  // of an old checkpoint
  if (gan->data() == data) return absl::OkStatus();
  return InFile(checkpoint, absl::FailedPreconditionError(absl::StrCat("the data has changed since: its digest was ",
                                                                       gan->data(), " and is ", data,
                                                                       "; put the old data back, or start a new job")));
}

absl::StatusOr<std::shared_ptr<GeneratorNetwork>> AveragedGeneratorOf(const Checkpoint& checkpoint,
                                                                      TrainSettings* settings) {
  const absl::StatusOr<Gan::Classes> classes = Gan::ClassesOf(checkpoint.contents);
  if (!classes.ok()) return InFile(checkpoint, classes.status());
  settings->shape.classes = classes->count;
  settings->class_names = classes->names;
  Gan gan(*settings);
  GANSERVE_RETURN_IF_ERROR(LoadGan(checkpoint, &gan));
  return gan.AveragedGenerator(settings->seed);
}

}  // namespace ganserve
