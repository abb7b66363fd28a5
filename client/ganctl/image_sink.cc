#include "client/ganctl/image_sink.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/ganctl/output_files.h"
#include "client/ganctl/pixels.h"

namespace ganserve::ganctl {

ImageSink::ImageSink(SinkOptions options)
    : options_(std::move(options)),
      layout_(LayOut(std::max(options_.grid_images, 1u), options_.grid_columns)),
      grid_(layout_) {}

absl::Status ImageSink::Open() const {
  if (!options_.folder.empty()) {
    if (absl::Status status = CreateFolder(options_.folder); !status.ok()) return status;
  }
  return CreateFolderOf(options_.grid_file);
}

absl::Status ImageSink::Accept(const v1::GeneratedImage& image, const v1::GenerationInfo& info) {
  if (!info_) info_ = info;
  if (!options_.folder.empty()) {
    const bool raw = info_->format() == v1::IMAGE_FORMAT_RAW;
    last_file_ = ImageFileName(image.seed(), image.index(), raw ? "raw" : "png");
    const std::filesystem::path path = std::filesystem::path(options_.folder) / last_file_;
    if (absl::Status status = WriteFile(path.string(), image.data()); !status.ok()) return status;
    if (files_written_++ == 0) first_file_ = last_file_;
  }
  return options_.grid_file.empty() ? absl::OkStatus() : AddToGrid(image);
}

absl::Status ImageSink::AddToGrid(const v1::GeneratedImage& image) {
  const absl::StatusOr<Pixels> pixels = info_->format() == v1::IMAGE_FORMAT_RAW
                                            ? FromRaw(image.data(), info_->width(), info_->height(), info_->channels())
                                            : DecodePng(image.data());
  return pixels.ok() ? grid_.Add(*pixels) : pixels.status();
}

absl::Status ImageSink::Close() const {
  if (options_.grid_file.empty()) return absl::OkStatus();
  const absl::StatusOr<std::string> png = EncodePng(grid_.picture());
  return png.ok() ? WriteFile(options_.grid_file, *png) : png.status();
}

std::string ImageSink::Summary() const {
  std::string summary;
  if (files_written_ > 0) {
    const std::filesystem::path folder(options_.folder);
    absl::StrAppend(&summary, "images  ", (folder / first_file_).string());
    if (files_written_ > 1) absl::StrAppend(&summary, " to ", last_file_);
    if (info_->format() == v1::IMAGE_FORMAT_RAW) {
      absl::StrAppend(&summary, ", each ", info_->width(), "x", info_->height(), "x", info_->channels(), " bytes");
    }
    absl::StrAppend(&summary, "\n");
  }
  if (!options_.grid_file.empty()) {
    absl::StrAppend(&summary, "grid    ", options_.grid_file, ", ", layout_.columns, "x", layout_.rows, " images\n");
  }
  return summary;
}

}  // namespace ganserve::ganctl
