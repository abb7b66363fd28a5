#include "client/class_label.h"

#include <gmock/gmock.h>

namespace ganserve::client {
namespace {

using testing::HasSubstr;

// Versions 1 and 2 of "garments", of which 2 is on duty, and "faces" without classes, which is the default.
v1::GetServerInfoResponse Info() {
  v1::GetServerInfoResponse info;
  info.set_default_model("faces");
  const auto add = [&](const char* model, uint64_t number, std::initializer_list<const char*> names) {
    v1::ModelVersionInfo* version = info.add_models();
    version->set_model(model);
    version->set_version(number);
    version->set_classes(static_cast<uint32_t>(names.size()));
    for (const char* name : names) version->add_class_names(name);
    return version;
  };
  add("faces", 1, {})->set_on_duty(true);
  add("garments", 1, {"bag", "shoe"})->add_aliases("old");
  add("garments", 2, {"shoe", "Bag", "hat", "HAT"})->set_on_duty(true);
  return info;
}

std::string ErrorOf(const std::string& model, const std::string& version, const std::string& name) {
  return std::string(FindClass(Info(), model, version, name).status().message());
}

TEST(ClassLabelTest, FindsAClassOfTheVersionThatARequestWouldGet) {
  EXPECT_EQ(FindClass(Info(), "garments", "", "shoe").value(), 0u);
  EXPECT_EQ(FindClass(Info(), "garments", "2", "bag").value(), 1u);
  EXPECT_EQ(FindClass(Info(), "garments", "1", "BAG").value(), 0u);
  EXPECT_EQ(FindClass(Info(), "garments", "old", "shoe").value(), 1u);
}

TEST(ClassLabelTest, SaysWhatThereIs) {
  EXPECT_THAT(ErrorOf("garments", "", "boot"),
              HasSubstr("label is \"boot\"; model garments version 2 has the classes shoe, Bag, hat, HAT"));
  EXPECT_THAT(ErrorOf("garments", "", "hat"), HasSubstr("which is the name of classes 2, 3"));
  EXPECT_THAT(ErrorOf("", "", "shoe"), HasSubstr("model faces version 1 has no classes"));
  EXPECT_THAT(ErrorOf("hats", "", "shoe"), HasSubstr("the server has no model \"hats\" on duty"));
  EXPECT_THAT(ErrorOf("garments", "3", "shoe"), HasSubstr("the server has no model \"garments\" version 3"));
}

TEST(ClassLabelTest, AsksForANumberWhereClassesHaveNoNames) {
  v1::GetServerInfoResponse info = Info();
  info.mutable_models(2)->clear_class_names();
  EXPECT_THAT(std::string(FindClass(info, "garments", "", "shoe").status().message()),
              HasSubstr("model garments version 2 does not name its classes; it must be 0 to 3"));
}

TEST(ClassLabelTest, ShowsAFewOfManyNames) {
  v1::GetServerInfoResponse info = Info();
  for (int i = 0; i < 100; ++i) info.mutable_models(2)->add_class_names("class" + std::to_string(i));
  EXPECT_THAT(std::string(FindClass(info, "garments", "", "boot").status().message()),
              HasSubstr("class15 and 84 more"));
}

}  // namespace
}  // namespace ganserve::client
