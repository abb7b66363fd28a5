// How a Gan is saved: a torch archive with one child for each part.
#include <sstream>

#include "absl/strings/str_cat.h"
#include "server/base/status_macros.h"
#include "server/eval/computation_error.h"
#include "server/train/archive_values.h"
#include "server/train/gan.h"
#include "server/train/network_state.h"

namespace ganserve {
namespace {

// Of what Save writes; another number for another content. 1 had no number and did not say which data it was of, 2 had
// no names of classes.
constexpr int64_t kFormat = 3;

void WriteModule(const char* name, const torch::nn::Module& part, torch::serialize::OutputArchive& archive) {
  torch::serialize::OutputArchive child;
  part.save(child);
  archive.write(name, child);
}

// The network as a new one lies: `part` itself where it is trained so, else a copy in `made`.
template <typename Network>
std::shared_ptr<Network> AsMade(const std::shared_ptr<Network>& part,
                                std::shared_ptr<Network> (*make)(const NetworkShape&), const torch::Device& device,
                                const GanSettings& settings) {
  if (StaysAsMade(device, settings.precision)) return part;
  std::shared_ptr<Network> made = make(settings.shape);
  CopyState(*part, *made);
  return made;
}

template <typename Part>
void WritePart(const char* name, const Part& part, torch::serialize::OutputArchive& archive) {
  torch::serialize::OutputArchive child;
  part.Save(child);
  archive.write(name, child);
}

// Throws, too, when the weights have other shapes.
void ReadModule(const char* name, torch::serialize::InputArchive& archive, torch::nn::Module& made,
                torch::nn::Module& part) {
  torch::serialize::InputArchive child;
  archive.read(name, child);
  made.load(child);
  CopyState(made, part);
}

template <typename Part>
void ReadPart(const char* name, torch::serialize::InputArchive& archive, Part& part) {
  torch::serialize::InputArchive child;
  archive.read(name, child);
  part.Load(child);
}

void WriteText(const char* name, const std::string& text, torch::serialize::OutputArchive& archive) {
  archive.write(name, torch::IValue(text));
}

std::string ReadText(const char* name, torch::serialize::InputArchive& archive) {
  torch::IValue text;
  archive.read(name, text);
  return text.toStringRef();
}

void WriteTexts(const char* name, const std::vector<std::string>& texts, torch::serialize::OutputArchive& archive) {
  c10::List<std::string> list;
  for (const std::string& text : texts) list.push_back(text);
  archive.write(name, torch::IValue(list));
}

std::vector<std::string> ReadTexts(const char* name, torch::serialize::InputArchive& archive) {
  torch::IValue list;
  archive.read(name, list);
  std::vector<std::string> texts;
  for (const torch::IValue& text : list.toListRef()) texts.push_back(text.toStringRef());
  return texts;
}

// Which of the formats this is.
absl::StatusOr<int64_t> FormatOf(torch::serialize::InputArchive& archive) {
  torch::IValue format;
  if (!archive.try_read("format", format)) return 1;
  if (format.toInt() <= kFormat) return format.toInt();
  return absl::FailedPreconditionError(absl::StrCat("a checkpoint in the format ", format.toInt(),
                                                    " of a newer version of ganserve; this one reads 1 to ", kFormat));
}

absl::Status NotACheckpoint(const std::exception& error) {
  // Of the machine, not of the file.
  if (IsOutOfMemory(error)) return absl::InternalError(absl::StrCat("out of memory: ", CauseOf(error)));
  return absl::DataLossError(absl::StrCat("not a checkpoint of this network: ", error.what()));
}

}  // namespace

absl::StatusOr<std::string> Gan::Save() const try {
  torch::serialize::OutputArchive archive;
  WriteInteger("format", kFormat, archive);
  WriteModule("generator", *AsMade(generator_, networks_.generator, device_, settings_), archive);
  WriteModule("discriminator", *AsMade(discriminator_, networks_.discriminator, device_, settings_), archive);
  WriteModule("average", *AsMade(average_, networks_.generator, device_, settings_), archive);
  WritePart("generator_optimizer", generator_optimizer_, archive);
  WritePart("discriminator_optimizer", discriminator_optimizer_, archive);
  WritePart("sums", sums_, archive);
  WriteInteger("classes", settings_.shape.classes, archive);
  WriteTexts("class_names", settings_.class_names, archive);
  WriteInteger("steps", steps_, archive);
  WriteInteger("generator_updates", generator_updates_, archive);
  WriteInteger("rollbacks", rollbacks_, archive);
  WriteText("notes", notes_, archive);
  WriteText("data", data_, archive);
  std::ostringstream stream;
  archive.save_to(stream);
  return std::move(stream).str();
} catch (const std::exception& error) {
  return absl::InternalError(absl::StrCat("cannot make a checkpoint: ", error.what()));
}

absl::Status Gan::Load(absl::string_view checkpoint) try {
  torch::serialize::InputArchive archive;
  archive.load_from(checkpoint.data(), checkpoint.size());
  GANSERVE_ASSIGN_OR_RETURN(const int64_t format, FormatOf(archive));
  ReadModule("generator", archive, *networks_.generator(settings_.shape), *generator_);
  ReadModule("discriminator", archive, *networks_.discriminator(settings_.shape), *discriminator_);
  ReadModule("average", archive, *networks_.generator(settings_.shape), *average_);
  ReadPart("generator_optimizer", archive, generator_optimizer_);
  ReadPart("discriminator_optimizer", archive, discriminator_optimizer_);
  ReadPart("sums", archive, sums_);
  steps_ = ReadInteger("steps", archive);
  generator_updates_ = ReadInteger("generator_updates", archive);
  SetRollbacks(static_cast<int>(ReadInteger("rollbacks", archive)));
  notes_ = ReadText("notes", archive);
  data_ = format == 1 ? "" : ReadText("data", archive);
  measured_.zero_();
  return absl::OkStatus();
} catch (const std::exception& error) {
  return NotACheckpoint(error);
}

absl::StatusOr<Gan::Classes> Gan::ClassesOf(absl::string_view checkpoint) try {
  torch::serialize::InputArchive archive;
  archive.load_from(checkpoint.data(), checkpoint.size());
  GANSERVE_ASSIGN_OR_RETURN(const int64_t format, FormatOf(archive));
  Classes classes;
  classes.count = static_cast<int>(ReadInteger("classes", archive));
  if (format >= 3) classes.names = ReadTexts("class_names", archive);
  return classes;
} catch (const std::exception& error) {
  return NotACheckpoint(error);
}

}  // namespace ganserve
