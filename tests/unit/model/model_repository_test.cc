#include "server/model/model_repository.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <string>

#include "tests/support/temporary_folder.h"

namespace ganserve {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;

class ModelRepositoryTest : public testing::Test {
 protected:
  void AddFolder(const std::string& path) { std::filesystem::create_directories(root_.File(path)); }

  void AddAliases(const std::string& model, const std::string& json) { root_.Write(model + "/aliases.json", json); }

  std::string Fault() {
    const auto models = ScanRepository(root_.path());
    EXPECT_FALSE(models.ok());
    return std::string(models.status().message());
  }

  TemporaryFolder root_;
};

TEST_F(ModelRepositoryTest, ListsModelsByNameAndVersionsByNumber) {
  for (const char* path : {"shoes/2", "shoes/10", "shoes/1", "faces/3"}) AddFolder(path);
  const auto models = ScanRepository(root_.path());
  ASSERT_TRUE(models.ok()) << models.status();
  ASSERT_EQ(models->size(), 2u);
  EXPECT_EQ((*models)[0].name, "faces");
  EXPECT_EQ((*models)[1].name, "shoes");
  EXPECT_THAT((*models)[1].versions, ElementsAre(1, 2, 10));
}

TEST_F(ModelRepositoryTest, TheNewestVersionIsOnDutyUnlessTheAliasFileSaysOtherwise) {
  for (const char* path : {"shoes/1", "shoes/2", "shoes/10", "faces/1", "faces/2"}) AddFolder(path);
  AddAliases("faces", R"({"on_duty": 1, "aliases": {"stable": 1, "canary": 2}})");
  const auto models = ScanRepository(root_.path());
  ASSERT_TRUE(models.ok()) << models.status();
  EXPECT_EQ((*models)[0].on_duty, 1u);
  EXPECT_THAT((*models)[0].aliases, ElementsAre(Pair("canary", 2), Pair("stable", 1)));
  EXPECT_EQ((*models)[1].on_duty, 10u);
  EXPECT_THAT((*models)[1].aliases, IsEmpty());
}

TEST_F(ModelRepositoryTest, LeavesFoldersAloneThatAreNoVersions) {
  for (const char* path : {"shoes/7", "shoes/007", "shoes/0", "shoes/-1", "shoes/+8", "shoes/latest", "shoes/1.5",
                           "shoes/99999999999999999999", "notes/drafts"}) {
    AddFolder(path);
  }
  root_.Write("README.md", "no model");
  root_.Write("shoes/9", "a file, no folder");
  const auto models = ScanRepository(root_.path());
  ASSERT_TRUE(models.ok()) << models.status();
  ASSERT_EQ(models->size(), 1u);
  EXPECT_THAT(models->front().versions, ElementsAre(7));
}

TEST_F(ModelRepositoryTest, RefusesAModelWhoseNameIsNone) {
  for (const std::string name : {"1shoes", "-shoes", "my shoes", "caf\xC3\xA9"}) {
    AddFolder(name + "/1");
    EXPECT_THAT(Fault(), AllOf(HasSubstr(name), HasSubstr("no model name"), HasSubstr("up to 64 characters")));
    std::filesystem::remove_all(root_.File(name));
  }
  AddFolder(std::string(65, 'a') + "/1");
  EXPECT_THAT(Fault(), HasSubstr("no model name"));
}

TEST_F(ModelRepositoryTest, RefusesABrokenAliasFileNamingIt) {
  AddFolder("shoes/1");
  for (const auto& [json, message] : std::initializer_list<std::pair<const char*, const char*>>{
           {"{", "not a JSON object"},
           {"[]", "not a JSON object"},
           {R"({"on_duty": 3})", "on_duty is 3, which is no version of this model"},
           {R"({"on_duty": "1"})", "on_duty is \"1\""},
           {R"({"on_duty": -1})", "on_duty is -1"},
           {R"({"aliases": {"stable": 2}})", "stable is 2, which is no version of this model"},
           {R"({"aliases": {"stable": null}})", "stable is null"},
           {R"({"aliases": {"1": 1}})", "'1' is no alias"},
           {R"({"aliases": {"": 1}})", "'' is no alias"},
           {R"({"aliases": [1]})", "aliases is no object"}}) {
    AddAliases("shoes", json);
    EXPECT_THAT(Fault(), AllOf(HasSubstr("shoes/aliases.json"), HasSubstr(message))) << json;
  }
}

TEST_F(ModelRepositoryTest, SaysThatAFolderIsMissing) {
  const auto models = ScanRepository(root_.File("nowhere"));
  EXPECT_EQ(models.status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(models.status().message()), HasSubstr("nowhere: no such folder"));
}

TEST_F(ModelRepositoryTest, SaysWhyAFolderCannotBeLookedAt) {
  const std::string folder = root_.File(std::string(300, 'a'));  // the longest name of a file has 255 bytes
  const auto models = ScanRepository(folder);
  EXPECT_EQ(models.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(std::string(models.status().message()), folder + ": cannot be read: File name too long");
}

// A link that leads to itself cannot be followed by root either, whom no permission stops.
TEST_F(ModelRepositoryTest, SaysWhyAFileCannotBeLookedAt) {
  AddFolder("shoes/1");
  root_.Write("shoes/1/model.pt", "bytes");
  std::filesystem::create_symlink("model.json", root_.File("shoes/1/model.json"));
  const auto version = ReadVersion(root_.path(), "shoes", 1);
  EXPECT_EQ(version.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(version.status().message()), HasSubstr("shoes/1/model.json: cannot be read: "));
  std::filesystem::create_symlink("aliases.json", root_.File("shoes/aliases.json"));
  EXPECT_THAT(Fault(), HasSubstr("shoes/aliases.json: cannot be read: "));
}

TEST_F(ModelRepositoryTest, SaysThatAFolderStandsWhereAFileShould) {
  AddFolder("shoes/1");
  AddFolder("shoes/aliases.json");
  EXPECT_THAT(Fault(), HasSubstr("shoes/aliases.json: cannot read"));
  AddFolder("shoes/1/model.pt");
  EXPECT_THAT(std::string(ReadVersion(root_.path(), "shoes", 1).status().message()),
              HasSubstr("shoes/1/model.pt: cannot read"));
}

TEST_F(ModelRepositoryTest, TheNextVersionIsLargerThanAllThatThereAreAndWere) {
  EXPECT_EQ(NextVersion(root_.path(), "shoes").value(), 1u);
  for (const char* path : {"shoes/2", "shoes/10", "shoes/11.tmp.1-2"}) AddFolder(path);
  EXPECT_EQ(NextVersion(root_.path(), "shoes").value(), 11u);
  AddFolder("shoes/12");
  ASSERT_TRUE(DiscardVersion(root_.path(), "shoes", 12).ok());
  EXPECT_EQ(NextVersion(root_.path(), "shoes").value(), 13u);
  ASSERT_TRUE(RemoveVersion(root_.path(), "shoes", 2).ok());
  EXPECT_EQ(NextVersion(root_.path(), "shoes").value(), 13u);
}

TEST_F(ModelRepositoryTest, AFolderWithoutVersionsIsNoModel) {
  AddFolder("shoes/latest");
  const auto models = ScanRepository(root_.path());
  ASSERT_TRUE(models.ok()) << models.status();
  EXPECT_TRUE(models->empty());
}

TEST_F(ModelRepositoryTest, ReadsAVersionWithAndWithoutModelJson) {
  AddFolder("shoes/1");
  root_.Write("shoes/1/model.pt", "bytes");
  auto source = ReadVersion(root_.path(), "shoes", 1);
  ASSERT_TRUE(source.ok()) << source.status();
  EXPECT_EQ(source->model, "shoes");
  EXPECT_EQ(source->version, 1u);
  EXPECT_EQ(source->archive, "bytes");
  EXPECT_FALSE(source->config.latent_size.has_value());
  root_.Write("shoes/1/model.json", R"({"latent_size": 12})");
  source = ReadVersion(root_.path(), "shoes", 1);
  ASSERT_TRUE(source.ok()) << source.status();
  EXPECT_EQ(source->config.latent_size, 12);
}

TEST_F(ModelRepositoryTest, NamesTheFileOfAVersionThatCannotBeRead) {
  AddFolder("shoes/1");
  const auto missing = ReadVersion(root_.path(), "shoes", 1);
  EXPECT_EQ(missing.status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(missing.status().message()), HasSubstr("shoes/1/model.pt: cannot open"));
  root_.Write("shoes/1/model.pt", "bytes");
  root_.Write("shoes/1/model.json", R"({"classes": "ten"})");
  const auto broken = ReadVersion(root_.path(), "shoes", 1);
  EXPECT_EQ(broken.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(broken.status().message()), AllOf(HasSubstr("shoes/1"), HasSubstr("classes is \"ten\"")));
}

}  // namespace
}  // namespace ganserve
