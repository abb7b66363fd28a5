// Where the images of a call go: a file each, cells of a grid, or both.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "client/ganctl/grid.h"
#include "ganserve/v1/images.pb.h"

namespace ganserve::ganctl {

struct SinkOptions {
  // Folder of the image files; empty for none.
  std::string folder = {};
  // File of the grid, its images and its columns (0: nearly square); empty for none.
  std::string grid_file = {};
  uint32_t grid_images = 0;
  uint32_t grid_columns = 0;
};

class ImageSink {
 public:
  explicit ImageSink(SinkOptions options);

  // Creates the folders, so that a wrong path is an error before the first image is asked for.
  absl::Status Open() const;

  // Takes the next image. The first one comes with `info`, which goes for all.
  absl::Status Accept(const v1::GeneratedImage& image, const v1::GenerationInfo& info);

  // Writes the grid.
  absl::Status Close() const;

  // Images that have their file.
  uint64_t files_written() const { return files_written_; }

  // Of the first image; nothing before it.
  const std::optional<v1::GenerationInfo>& info() const { return info_; }

  // What was written and where, for a person; a line each, the first and the last file by name.
  std::string Summary() const;

 private:
  absl::Status AddToGrid(const v1::GeneratedImage& image);

  const SinkOptions options_;
  const GridLayout layout_;
  Grid grid_;
  // Empty until the first image.
  std::optional<v1::GenerationInfo> info_;
  uint64_t files_written_ = 0;
  std::string first_file_;
  std::string last_file_;
};

}  // namespace ganserve::ganctl
