// Images of the default model, pixel for pixel and byte for byte, against tests/golden/images.txt.
//
// Processors with other vector units run other kernels, whose last float bits may round a pixel differently, so there
// are entries for each class of processor. After a change of the default model, run the test once on each class with
// GANSERVE_REGENERATE_GOLDEN=1 in the environment: it writes this class's entries anew. Look at the images before
// committing.
#include <gtest/gtest.h>
#include <openssl/sha.h>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
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

// The widest vector unit that LibTorch and oneDNN have kernels for.
std::string ProcessorClass() {
  std::ifstream info("/proc/cpuinfo");
  for (std::string line; std::getline(info, line);) {
    if (!line.starts_with("flags") && !line.starts_with("Features")) continue;
    const std::string flags = line + " ";
    const auto has = [&flags](const std::string& flag) { return flags.find(" " + flag + " ") != std::string::npos; };
    if (has("avx512f") && has("avx512bw") && has("avx512dq") && has("avx512vl")) return "avx512";
    if (has("avx2") && has("fma")) return "avx2";
    return "other";
  }
  return "other";
}

// Lines "class model-digest seed index sha256(raw pixels) sha256(PNG)"; # starts a comment.
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

  std::vector<std::string> OfClass(const std::string& processor) const {
    std::vector<std::string> found;
    for (const std::string& entry : entries) {
      if (entry.starts_with(processor + " ")) found.push_back(entry);
    }
    return found;
  }

  // Replaces the class's entries.
  void Write(const std::string& processor, const std::vector<std::string>& made) const {
    std::ofstream file(kGoldenFile);
    for (const std::string& comment : comments) file << comment << "\n";
    for (const std::string& entry : entries) {
      if (!entry.starts_with(processor + " ")) file << entry << "\n";
    }
    for (const std::string& entry : made) file << entry << "\n";
  }
};

std::vector<std::string> MakeEntries(const ImageCaller& caller, const std::string& processor) {
  std::vector<std::string> entries;
  for (const auto& [seed, index] : kSeedsAndIndexes) {
    const Answer raw = caller.Generate(ImageRequest(seed, 1, index, v1::IMAGE_FORMAT_RAW));
    const Answer png = caller.Generate(ImageRequest(seed, 1, index));
    EXPECT_TRUE(raw.status.ok() && png.status.ok()) << raw.status.error_message() << png.status.error_message();
    if (!raw.status.ok() || !png.status.ok()) return {};
    entries.push_back(absl::StrCat(processor, " ", raw.response.info().model_digest(), " ", seed, " ", index, " ",
                                   Sha256(raw.images().at(0)), " ", Sha256(png.images().at(0))));
  }
  return entries;
}

TEST(GoldenImagesTest, AreThoseOfTheFile) {
  const ServerProcess server;
  ASSERT_TRUE(server.ready());
  const std::string processor = ProcessorClass();
  const std::vector<std::string> made = MakeEntries(ImageCaller(server.address()), processor);
  const Golden golden = Golden::Read();
  if (std::getenv("GANSERVE_REGENERATE_GOLDEN") != nullptr) golden.Write(processor, made);
  const std::vector<std::string> expected = Golden::Read().OfClass(processor);
  if (expected.empty()) GTEST_SKIP() << kGoldenFile << " has no entries for processors of class " << processor;
  EXPECT_EQ(made, expected);
}

}  // namespace
}  // namespace ganserve
