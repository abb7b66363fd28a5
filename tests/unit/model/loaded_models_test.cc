#include "server/model/loaded_models.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <string>
#include <vector>

#include "server/model/model_loader.h"
#include "tests/support/script_model.h"
#include "tests/support/temporary_folder.h"

namespace ganserve {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

absl::StatusOr<std::shared_ptr<Generator>> LoadOnCpu(const ModelSource& source) {
  return LoadTorchGenerator(source, {});
}

class LoadedModelsTest : public testing::Test {
 protected:
  void AddVersion(const std::string& model, int version, const std::string& archive) {
    const std::string folder = model + "/" + std::to_string(version);
    std::filesystem::create_directories(root_.File(folder));
    root_.Write(folder + "/model.pt", archive);
  }

  absl::StatusOr<std::unique_ptr<LoadedModels>> Load(size_t versions_per_model = 4,
                                                     const std::string& default_model = "") {
    refused_.clear();
    return LoadedModels::Load({.repository = root_.path(),
                               .default_model = default_model,
                               .versions_per_model = versions_per_model,
                               .load = LoadOnCpu},
                              &refused_);
  }

  // The version number found, or 0 and the message in fault_.
  uint64_t Found(const LoadedModels& models, const std::string& model, const std::string& version) {
    const auto generator = models.Find(model, version);
    if (generator.ok()) return (*generator)->info().version;
    EXPECT_EQ(generator.status().code(), absl::StatusCode::kNotFound);
    fault_ = std::string(generator.status().message());
    return 0;
  }

  static std::vector<uint64_t> Versions(const LoadedModels& models) {
    std::vector<uint64_t> versions;
    for (const ModelVersion& version : models.List()) versions.push_back(version.generator->info().version);
    return versions;
  }

  TemporaryFolder root_;
  const std::string archive_ = SmallDcgan(1);
  std::vector<LoadedModels::Refused> refused_;
  std::string fault_;
};

TEST_F(LoadedModelsTest, FindsByNumberByAliasAndOnDuty) {
  for (const int version : {1, 2, 7}) AddVersion("shoes", version, archive_);
  root_.Write("shoes/aliases.json", R"({"on_duty": 2, "aliases": {"canary": 7}})");
  const auto models = Load();
  ASSERT_TRUE(models.ok()) << models.status();
  EXPECT_EQ(Found(**models, "", ""), 2u);
  EXPECT_EQ(Found(**models, "shoes", ""), 2u);
  EXPECT_EQ(Found(**models, "shoes", "1"), 1u);
  EXPECT_EQ(Found(**models, "shoes", "canary"), 7u);
  EXPECT_THAT(refused_, IsEmpty());
}

TEST_F(LoadedModelsTest, SaysWhatIsUnknownAndWhatThereIs) {
  AddVersion("shoes", 1, archive_);
  AddVersion("shoes", 7, archive_);
  AddVersion("faces", 3, archive_);
  root_.Write("shoes/aliases.json", R"({"aliases": {"stable": 1}})");
  const auto models = Load(4, "faces");
  ASSERT_TRUE(models.ok()) << models.status();
  EXPECT_EQ(Found(**models, "hats", ""), 0u);
  EXPECT_EQ(fault_, "model 'hats' is unknown; there are: faces, shoes");
  EXPECT_EQ(Found(**models, "shoes", "3"), 0u);
  EXPECT_EQ(fault_, "version '3' of model shoes is unknown; there are: 1, 7, stable");
  EXPECT_EQ(Found(**models, "", "9"), 0u);
  EXPECT_EQ(fault_, "version '9' of model faces is unknown; there are: 3");
}

TEST_F(LoadedModelsTest, ListsNoMoreNamesThanAnErrorMessageMayHold) {
  AddVersion("shoes", 1, archive_);
  std::string aliases = R"("a": 1)";
  for (char letter = 'b'; letter <= 'x'; ++letter) aliases += std::string(", \"") + letter + "\": 1";
  root_.Write("shoes/aliases.json", "{\"aliases\": {" + aliases + "}}");
  const auto models = Load();
  ASSERT_TRUE(models.ok()) << models.status();
  EXPECT_EQ(Found(**models, "shoes", "3"), 0u);
  EXPECT_EQ(fault_,
            "version '3' of model shoes is unknown; there are: 1, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, "
            "r, s and 5 more");
}

TEST_F(LoadedModelsTest, OneNumberHasOneName) {
  AddVersion("shoes", 7, archive_);
  const auto models = Load();
  ASSERT_TRUE(models.ok()) << models.status();
  for (const char* name : {"007", "+7", " 7", "7 ", "7.0", "-7"}) EXPECT_EQ(Found(**models, "", name), 0u) << name;
}

TEST_F(LoadedModelsTest, LoadsTheNewestVersionsAndThoseThatHaveAName) {
  for (const int version : {1, 2, 3, 4, 5, 6}) AddVersion("shoes", version, archive_);
  root_.Write("shoes/aliases.json", R"({"on_duty": 3, "aliases": {"first": 1}})");
  const auto models = Load(2);
  ASSERT_TRUE(models.ok()) << models.status();
  EXPECT_THAT(Versions(**models), ElementsAre(1, 3, 5, 6));
  const std::vector<ModelVersion> list = (*models)->List();
  EXPECT_THAT(list[0].aliases, ElementsAre("first"));
  EXPECT_FALSE(list[0].on_duty);
  EXPECT_TRUE(list[1].on_duty);
}

TEST_F(LoadedModelsTest, ABrokenNewerVersionIsRefusedAndTheOneOnDutyStays) {
  AddVersion("shoes", 1, archive_);
  AddVersion("shoes", 2, archive_.substr(0, archive_.size() / 2));
  root_.Write("shoes/aliases.json", R"({"on_duty": 1, "aliases": {"canary": 2}})");
  const auto models = Load();
  ASSERT_TRUE(models.ok()) << models.status();
  ASSERT_EQ(refused_.size(), 1u);
  EXPECT_EQ(refused_[0].model, "shoes");
  EXPECT_EQ(refused_[0].version, 2u);
  EXPECT_THAT(std::string(refused_[0].status.message()), HasSubstr("not a usable TorchScript archive"));
  EXPECT_EQ(Found(**models, "", ""), 1u);
  EXPECT_EQ(Found(**models, "", "2"), 0u);
  EXPECT_EQ(Found(**models, "", "canary"), 0u);
}

TEST_F(LoadedModelsTest, AVersionThatIsRemovedGoesWithItsAliases) {
  for (const int version : {1, 2}) AddVersion("shoes", version, archive_);
  root_.Write("shoes/aliases.json", R"({"on_duty": 1, "aliases": {"canary": 2, "stable": 1}})");
  const auto models = Load();
  ASSERT_TRUE(models.ok()) << models.status();
  ASSERT_EQ(Found(**models, "", "canary"), 2u);
  (*models)->Remove("shoes", 2);
  EXPECT_EQ(Found(**models, "", "canary"), 0u);
  EXPECT_EQ(Found(**models, "", "2"), 0u);
  EXPECT_EQ(Found(**models, "", "stable"), 1u);
}

TEST_F(LoadedModelsTest, ABrokenNewestVersionGivesWayToTheOneBefore) {
  AddVersion("shoes", 1, archive_);
  AddVersion("shoes", 2, archive_);
  AddVersion("shoes", 3, "no archive");
  const auto models = Load();
  ASSERT_TRUE(models.ok()) << models.status();
  EXPECT_EQ((*models)->Find("", "").value()->info().version, 2U);
  ASSERT_EQ(refused_.size(), 1U);
  EXPECT_EQ(refused_[0].version, 3U);
}

TEST_F(LoadedModelsTest, ABrokenVersionThatIsChosenIsAnErrorThatNamesIt) {
  AddVersion("shoes", 1, archive_);
  AddVersion("shoes", 2, "no archive");
  root_.Write("shoes/aliases.json", R"({"on_duty": 2})");
  const auto models = Load();
  ASSERT_FALSE(models.ok());
  EXPECT_THAT(std::string(models.status().message()),
              AllOf(HasSubstr("model shoes version 2: "), HasSubstr("not a usable TorchScript archive")));
}

TEST_F(LoadedModelsTest, TheDefaultIsTheOnlyModelOrTheOneThatIsNamed) {
  AddVersion("shoes", 1, archive_);
  EXPECT_EQ(Load().value()->default_model(), "shoes");
  AddVersion("faces", 1, archive_);
  EXPECT_EQ(Load(4, "shoes").value()->default_model(), "shoes");
  const auto several = Load();
  ASSERT_TRUE(several.ok()) << several.status();
  EXPECT_EQ((*several)->default_model(), "");
  EXPECT_EQ((*several)->Find("", "").status(),
            absl::InvalidArgumentError(
                "model must be named, as this server has no --default-model; there are: faces, shoes"));
  EXPECT_TRUE((*several)->Find("faces", "").ok());
  const auto unknown = Load(4, "hats");
  EXPECT_EQ(unknown.status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(std::string(unknown.status().message()), "default model 'hats' is unknown; there are: faces, shoes");
}

TEST_F(LoadedModelsTest, AnEmptyRepositorysFirstModelBecomesTheDefault) {
  const auto models = Load();
  ASSERT_TRUE(models.ok()) << models.status();
  EXPECT_FALSE((*models)->CanServe());
  EXPECT_EQ((*models)->Find("", "").status(),
            absl::UnavailableError("this server has no model yet: its repository is empty"));
  EXPECT_EQ((*models)->Find("shoes", "").status().code(), absl::StatusCode::kUnavailable);
  AddVersion("shoes", 1, archive_);
  for (const std::string name : {"shoes", "faces"}) (*models)->Replace(name, Load().value()->table()->at("shoes"));
  EXPECT_TRUE((*models)->CanServe());
  EXPECT_EQ((*models)->default_model(), "shoes");
  EXPECT_TRUE((*models)->Find("", "").ok());
}

TEST_F(LoadedModelsTest, AnEmptyRepositoryWaitsForTheDefaultThatIsNamed) {
  const auto models = Load(4, "hats");
  ASSERT_TRUE(models.ok()) << models.status();
  AddVersion("shoes", 1, archive_);
  const LoadedModel shoes = Load().value()->table()->at("shoes");
  (*models)->Replace("shoes", shoes);
  EXPECT_FALSE((*models)->CanServe());
  EXPECT_EQ((*models)->Find("", "").status(),
            absl::UnavailableError("default model 'hats' is not there yet; there are: shoes"));
  EXPECT_TRUE((*models)->Find("shoes", "").ok());
  (*models)->Replace("hats", shoes);
  EXPECT_TRUE((*models)->CanServe());
  EXPECT_TRUE((*models)->Find("", "").ok());
}

TEST_F(LoadedModelsTest, AGeneratorOutlivesTheDirectoryItCameFrom) {
  AddVersion("shoes", 1, archive_);
  auto models = Load();
  ASSERT_TRUE(models.ok()) << models.status();
  const auto generator = (*models)->Find("", "");
  models->reset();
  std::vector<uint8_t> pixels((*generator)->info().shape.bytes());
  EXPECT_TRUE((*generator)->Generate(std::vector<float>(8), {}, pixels).ok());
}

TEST(EmbeddedModelTest, ServesWithoutARepository) {
  std::vector<LoadedModels::Refused> refused;
  const auto models =
      LoadedModels::Load({.repository = "", .default_model = "", .versions_per_model = 4, .load = LoadOnCpu}, &refused);
  ASSERT_TRUE(models.ok()) << models.status();
  const std::vector<ModelVersion> list = (*models)->List();
  ASSERT_EQ(list.size(), 1u);
  EXPECT_TRUE(list[0].on_duty);
  const GeneratorInfo& info = list[0].generator->info();
  EXPECT_EQ(info.model, (*models)->default_model());
  EXPECT_EQ(info.shape, (ImageShape{.width = 32, .height = 32, .channels = 1}));
  EXPECT_EQ(info.digest.size(), 64u);
  std::vector<uint8_t> pixels(info.shape.bytes());
  const std::vector<float> latent(static_cast<size_t>(info.latent_size));
  const std::vector<int64_t> label = {info.classes - 1};
  EXPECT_TRUE(list[0].generator->Generate(latent, label, pixels).ok());
}

}  // namespace
}  // namespace ganserve
