// ganctl generate: images into files and grids.
#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <limits>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/class_label.h"
#include "client/ganctl/command.h"
#include "client/ganctl/image_sink.h"
#include "client/ganctl/progress_bar.h"
#include "client/image_client.h"
#include "proto/spec/number_checks.h"

namespace ganserve::ganctl {
namespace {

// Up to here one answer holds all images: 64 of 128x128x3 are 3 MiB. Beyond it a stream costs no more and shows
// progress.
constexpr uint32_t kMaxUnaryImages = 64;
// 128 x 128 cells; larger pictures are of no use to the eye and a burden to viewers.
constexpr uint32_t kMaxGridImages = 16'384;
constexpr char kDefaultFolder[] = "out";
constexpr char kCommandName[] = "ganctl generate";

class GenerateCommand : public Command {
 public:
  CLI::App* AddTo(CLI::App& app) override;
  ExitCode Run(const CommandContext& context) override;

 private:
  void AddOutputFlags(CLI::App& command);
  absl::Status FindLabel(const client::ImageClient& client, const CommandContext& context);
  v1::GenerateRequest Request() const;
  SinkOptions Sink() const;
  absl::Status RunUnary(const client::ImageClient& client, const client::CallOptions& call, ImageSink& sink) const;
  absl::Status RunStream(const client::ImageClient& client, const client::CallOptions& call, ImageSink& sink) const;
  std::string FlagsOfTheRest(const ImageSink& sink) const;
  ExitCode ReportPartial(const absl::Status& status, const ImageSink& sink, const CommandContext& context) const;

  uint64_t seed_ = 0;
  uint32_t count_ = 1;
  uint64_t first_index_ = 0;
  std::string model_;
  std::string version_;
  std::optional<std::string> class_;  // as it was given
  std::optional<uint32_t> label_;     // its number
  std::string format_ = "png";
  std::string folder_;
  std::string grid_file_;
  uint32_t columns_ = 0;
  std::string request_id_;
  bool stream_ = false;
};

CLI::App* GenerateCommand::AddTo(CLI::App& app) {
  CLI::App* command = app.add_subcommand("generate", "Generate images into files, a grid, or both");
  command->add_option("--seed", seed_, "0 to 2^64 - 1; the same seed gives the same images")
      ->check(CheckWholeNumber)
      ->capture_default_str();
  command->add_option("--count", count_, "Number of images; more than 64 come as a stream")
      ->check(CLI::Range(uint32_t{1}, std::numeric_limits<uint32_t>::max()))
      ->capture_default_str();
  command->add_option("--first-index", first_index_, "Index of the first image")
      ->check(CheckWholeNumber)
      ->capture_default_str();
  command->add_option("--model", model_, "Model; the server's default if not given");
  command->add_option("--version", version_, "Version number or alias; the one on duty if not given");
  command->add_option("--label", class_,
                      "Class of the images, for a model with classes: its number,\nor its name (see info)");
  command->add_option("--request-id", request_id_,
                      "Id under which the server logs the call; if it succeeds or the\n"
                      "server is busy, at the level debug");
  command->add_flag("--stream", stream_, "Use a stream for few images as well");
  AddOutputFlags(*command);
  return command;
}

void GenerateCommand::AddOutputFlags(CLI::App& command) {
  command.add_option("--format", format_, "png, or raw: height x width x channels bytes")
      ->check(CLI::IsMember({"png", "raw"}))
      ->capture_default_str();
  command.add_option("--out", folder_,
                     "Folder for a file per image, <seed>-<index>.png; created if\n"
                     "missing, files of the same name are replaced. \"out\" if\n"
                     "neither --out nor --grid is given");
  command.add_option("--grid", grid_file_, "PNG file to show all images in, at most 16384");
  command.add_option("--columns", columns_, "Columns of the grid; nearly square if not given");
}

v1::GenerateRequest GenerateCommand::Request() const {
  v1::GenerateRequest request;
  request.set_seed(seed_);
  request.set_count(count_);
  request.set_first_index(first_index_);
  request.set_model(model_);
  request.set_version(version_);
  // Images that only go into the grid need no PNG of their own.
  const bool grid_only = folder_.empty() && !grid_file_.empty();
  request.set_format(format_ == "raw" || grid_only ? v1::IMAGE_FORMAT_RAW : v1::IMAGE_FORMAT_PNG);
  if (label_) request.set_label(*label_);
  return request;
}

absl::Status GenerateCommand::FindLabel(const client::ImageClient& client, const CommandContext& context) {
  if (!class_) return absl::OkStatus();
  if (uint32_t number = 0; absl::SimpleAtoi(*class_, &number)) {
    label_ = number;
    return absl::OkStatus();
  }
  const auto info = client.GetServerInfo({.stop = context.stop});
  if (!info.ok()) return info.status();
  const absl::StatusOr<uint32_t> label = client::FindClass(*info, model_, version_, *class_);
  if (label.ok()) label_ = *label;
  return label.status();
}

SinkOptions GenerateCommand::Sink() const {
  return {.folder = folder_.empty() && grid_file_.empty() ? kDefaultFolder : folder_,
          .grid_file = grid_file_,
          .grid_images = count_,
          .grid_columns = columns_};
}

ExitCode GenerateCommand::Run(const CommandContext& context) {
  if (!grid_file_.empty() && count_ > kMaxGridImages) {
    return ReportUsage(absl::StrCat("--grid holds at most ", kMaxGridImages, " images, --count is ", count_),
                       kCommandName);
  }
  if (columns_ > 0 && grid_file_.empty()) return ReportUsage("--columns needs --grid", kCommandName);
  const auto client = client::ImageClient::Create(context.connection);
  if (!client.ok()) return ReportUsage(std::string(client.status().message()));
  if (absl::Status status = FindLabel(**client, context); !status.ok()) {
    return ReportError(status, context.connection.server, context.stop);
  }
  ImageSink sink(Sink());
  if (absl::Status status = sink.Open(); !status.ok()) {
    return ReportError(status, context.connection.server, context.stop);
  }
  const client::CallOptions call{.request_id = request_id_, .stop = context.stop};
  const auto start = std::chrono::steady_clock::now();
  const bool stream = stream_ || count_ > kMaxUnaryImages;
  absl::Status status = stream ? RunStream(**client, call, sink) : RunUnary(**client, call, sink);
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
  if (status.ok()) status = sink.Close();
  if (!status.ok()) return ReportPartial(status, sink, context);
  absl::PrintF("%s%d images in %.3f s, %.1f images/s\n", sink.Summary(), count_, elapsed.count(),
               count_ / elapsed.count());
  return kOk;
}

absl::Status GenerateCommand::RunUnary(const client::ImageClient& client, const client::CallOptions& call,
                                       ImageSink& sink) const {
  const absl::StatusOr<client::GenerateResult> result = client.Generate(Request(), call);
  if (!result.ok()) return result.status();
  const v1::GenerateResponse& response = result->response;
  if (static_cast<uint32_t>(response.images_size()) != count_) {
    return absl::DataLossError(absl::StrCat("the server sent ", response.images_size(), " of ", count_, " images"));
  }
  for (const v1::GeneratedImage& image : response.images()) {
    if (absl::Status status = sink.Accept(image, response.info()); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status GenerateCommand::RunStream(const client::ImageClient& client, const client::CallOptions& call,
                                        ImageSink& sink) const {
  const auto stream = client.GenerateStream(Request(), call);
  ProgressBar progress(count_);
  v1::GeneratedImage image;
  while (stream->Next(&image)) {
    if (absl::Status status = sink.Accept(image, image.info()); !status.ok()) return status;
    progress.Update(stream->delivered());
  }
  return stream->Finish();
}

// What asks for the images that have no file yet. Of the same version, even if another one is on duty by then.
std::string GenerateCommand::FlagsOfTheRest(const ImageSink& sink) const {
  const uint64_t written = sink.files_written();
  std::string flags =
      absl::StrFormat("--seed %d --first-index %d --count %d --model %s --version %d", seed_, first_index_ + written,
                      count_ - written, sink.info()->model(), sink.info()->version());
  if (label_) absl::StrAppend(&flags, " --label ", *label_);
  return flags;
}

ExitCode GenerateCommand::ReportPartial(const absl::Status& status, const ImageSink& sink,
                                        const CommandContext& context) const {
  const ExitCode code = ReportError(status, context.connection.server, context.stop);
  const uint64_t written = sink.files_written();
  if (written == 0) return code;
  std::fputs(absl::StrFormat("ganctl: %d of %d images were written to %s", written, count_, Sink().folder).c_str(),
             stderr);
  if (written < count_) std::fputs(absl::StrCat("; go on with ", FlagsOfTheRest(sink)).c_str(), stderr);
  std::fputs("\n", stderr);
  // A file that cannot be written is no broken stream.
  const bool broken = status.code() != absl::StatusCode::kFailedPrecondition;
  return code == kInterrupted || !broken ? code : kPartial;
}

}  // namespace

std::unique_ptr<Command> MakeGenerateCommand() { return std::make_unique<GenerateCommand>(); }

}  // namespace ganserve::ganctl
