// Images of the default model, pixel for pixel and byte for byte, against tests/golden/images.txt: the same on every
// processor that runs our kernels (AVX2 and FMA), because nothing else does arithmetic in this model.
//
// After a change of the default model or of a kernel's arithmetic, run the test once with GANSERVE_REGENERATE_GOLDEN=1
// in the environment: it writes the entries anew. Look at the images before committing.
#include <gtest/gtest.h>
#include <openssl/sha.h>

#include <cstdlib>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "server/kernels/panel_product.h"
#include "tests/integration/image_caller.h"
#include "tests/support/server_process.h"

namespace ganserve {
namespace {

constexpr char kGoldenFile[] = GANSERVE_SOURCE_DIR "/tests/golden/images.txt";

const std::vector<std::pair<uint64_t, uint64_t>> kSeedsAndIndexes = {
    {0, 0}, {0, 1}, {1, 0}, {42, 1000}, {UINT64_MAX, 0}, {7, uint64_t{1} << 40}};

std::string Sha256(const std::string& bytes) {
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), digest);
  return absl::BytesToHexString({reinterpret_cast<const char*>(digest), sizeof(digest)});
}

// Lines "model-digest seed index sha256(raw pixels) sha256(PNG)"; # starts a comment.
struct Golden {
  std::vector<std::string> comments;
  std::vector<std::string> entries;

  static Golden Read() {
    Golden golden;
    std::ifstream file(kGoldenFile);
    for (std::string line; std::getline(file, line);) {
      (line.starts_with('#') ? golden.comments : golden.entries).push_back(line);
    }
    return golden;
  }

  void Write() const {
    std::ofstream file(kGoldenFile);
    for (const std::string& comment : comments) file << comment << "\n";
    for (const std::string& entry : entries) file << entry << "\n";
  }
};

std::vector<std::string> MakeEntries(const ImageCaller& caller) {
  std::vector<std::string> entries;
  for (const auto& [seed, index] : kSeedsAndIndexes) {
    const Answer raw = caller.Generate(ImageRequest(seed, 1, index, v1::IMAGE_FORMAT_RAW));
    const Answer png = caller.Generate(ImageRequest(seed, 1, index));
    EXPECT_TRUE(raw.status.ok() && png.status.ok()) << raw.status.error_message() << png.status.error_message();
    if (!raw.status.ok() || !png.status.ok()) return {};
    entries.push_back(absl::StrCat(raw.response.info().model_digest(), " ", seed, " ", index, " ",
                                   Sha256(raw.images().at(0)), " ", Sha256(png.images().at(0))));
  }
  return entries;
}

TEST(GoldenImagesTest, AreThoseOfTheFile) {
  if (!HasKernelInstructions()) GTEST_SKIP() << "no AVX2 here: LibTorch computes, and rounds in its own way";
  const ServerProcess server;
  ASSERT_TRUE(server.ready());
  const std::vector<std::string> made = MakeEntries(ImageCaller(server.address()));
  Golden golden = Golden::Read();
  if (std::getenv("GANSERVE_REGENERATE_GOLDEN") != nullptr) {
    golden.entries = made;
    golden.Write();
  }
  EXPECT_EQ(made, golden.entries);
}

// As on a processor for which LibTorch, oneDNN and MKL choose other kernels.
TEST(GoldenImagesTest, DoNotDependOnTheKernelsThatLibTorchChooses) {
  if (!HasKernelInstructions()) GTEST_SKIP() << "no AVX2 here: LibTorch computes, and rounds in its own way";
  setenv("ATEN_CPU_CAPABILITY", "default", 1);
  setenv("ONEDNN_MAX_CPU_ISA", "SSE41", 1);
  setenv("MKL_ENABLE_INSTRUCTIONS", "SSE4_2", 1);
  const ServerProcess server;
  ASSERT_TRUE(server.ready());
  EXPECT_EQ(MakeEntries(ImageCaller(server.address())), Golden::Read().entries);
}

}  // namespace
}  // namespace ganserve
