#include "server/base/utf8.h"

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"

namespace ganserve {
namespace {

TEST(Utf8Test, ValidTextStaysAsItIs) {
  // The first and the last character of each length, and the neighbours of the surrogates.
  for (const std::string text : {"", "a\x7f", "\xc2\x80\xdf\xbf", "\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf",
                                 "\xf0\x90\x80\x80\xf4\x8f\xbf\xbf"}) {
    EXPECT_EQ(ToValidUtf8(text), text);
  }
}

TEST(Utf8Test, EachByteOfWhatIsNotUtf8BecomesAReplacement) {
  const auto replacements = [](size_t count) {
    std::string text;
    for (size_t i = 0; i < count; ++i) absl::StrAppend(&text, "\xef\xbf\xbd");
    return text;
  };
  // Stray, overlong, a surrogate, out of range, no lead byte.
  for (const std::string text : {"\x80", "\xc0\xaf", "\xe0\x80\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xff"}) {
    EXPECT_EQ(ToValidUtf8(absl::StrCat("a", text, "b")), absl::StrCat("a", replacements(text.size()), "b"));
  }
}

TEST(Utf8Test, ACharacterThatIsCutOffLosesNothingOfTheNext) {
  EXPECT_EQ(ToValidUtf8("\xe2\x82z"), "\xef\xbf\xbd\xef\xbf\xbdz");
  EXPECT_EQ(ToValidUtf8("caf\xc3"), "caf\xef\xbf\xbd");
}

TEST(Utf8Test, TellsTheCodePointAndItsBytes) {
  const auto [euro, bytes] = DecodeUtf8("\xe2\x82\xac and more");
  EXPECT_EQ(euro, char32_t{0x20AC});
  EXPECT_EQ(bytes, 3U);
}

}  // namespace
}  // namespace ganserve
