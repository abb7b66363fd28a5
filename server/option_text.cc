#include "server/option_text.h"

#include <algorithm>
#include <numeric>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "server/option_table.h"
#include "server/option_values.h"

namespace ganserve {
namespace {

constexpr size_t kColumns = 100;
constexpr size_t kHelpColumn = 36;  // where descriptions start

constexpr absl::string_view kIntroduction =
    "ganserve " GANSERVE_VERSION
    ": images from GANs over gRPC\n"
    "\n"
    "Usage: ganserve [--OPTION VALUE]...\n"
    "\n"
    "Every option can also come from the environment, under the name shown in capitals (an empty\n"
    "variable counts as not set), or from a TOML file of lines such as `max-batch-images = 64`. A flag\n"
    "wins over the environment, the environment over the file. Durations are written 500ms, 30s, 5m,\n"
    "2h; sizes 64KiB, 16MiB, 1GiB. Values with # \" ' \\ or a line break are not for the file.\n";

// Appends words from column kHelpColumn on, given that the line so far ends there.
void AppendWrapped(std::string* out, absl::string_view text) {
  size_t column = kHelpColumn;
  for (const absl::string_view word : absl::StrSplit(text, ' ')) {
    if (column > kHelpColumn && column + 1 + word.size() > kColumns) {
      absl::StrAppend(out, "\n", std::string(kHelpColumn, ' '));
      column = kHelpColumn;
    }
    if (column > kHelpColumn) out->push_back(' ');
    column += word.size() + (column > kHelpColumn ? 1 : 0);
    absl::StrAppend(out, word);
  }
  out->push_back('\n');
}

void AppendEntry(std::string* out, absl::string_view flag, absl::string_view help) {
  std::string head = absl::StrCat("  ", flag);
  if (head.size() + 2 > kHelpColumn) {
    absl::StrAppend(out, head, "\n");
    head.clear();
  }
  head.resize(kHelpColumn, ' ');
  out->append(head);
  AppendWrapped(out, help);
}

// "Default 16MiB, 64KiB to 1GiB."
std::string DefaultText(const OptionSpec& spec) {
  const std::string value = FormatOption(spec, ServerOptions());
  const bool automatic = value == "0" && !spec.zero_means.empty();
  std::string text = absl::StrCat("Default ", value.empty() ? "empty" : value);
  if (automatic) absl::StrAppend(&text, " (", spec.zero_means, ")");
  if (std::holds_alternative<int64_t ServerOptions::*>(spec.field)) {
    const auto amount = [&](int64_t n) { return spec.unit == OptionUnit::kBytes ? FormatBytes(n) : absl::StrCat(n); };
    absl::StrAppend(&text, ", ", amount(spec.min), " to ", amount(spec.max));
  } else if (std::holds_alternative<std::chrono::milliseconds ServerOptions::*>(spec.field)) {
    absl::StrAppend(&text, ", ", FormatDuration(std::chrono::milliseconds(spec.min)), " to ",
                    FormatDuration(std::chrono::milliseconds(spec.max)));
  }
  return absl::StrCat(text, ".");
}

// Levenshtein's, row by row.
size_t EditDistance(absl::string_view a, absl::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 0; i < a.size(); ++i) {
    size_t diagonal = std::exchange(row[0], i + 1);
    for (size_t j = 0; j < b.size(); ++j) {
      const size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = std::exchange(row[j + 1], std::min({replaced, row[j] + 1, row[j + 1] + 1}));
    }
  }
  return row.back();
}

}  // namespace

std::string HelpText() {
  std::string out(kIntroduction);
  absl::string_view group;
  for (const OptionSpec& spec : OptionTable()) {
    if (spec.group != group) absl::StrAppend(&out, "\n", spec.group, ":\n");
    group = spec.group;
    AppendEntry(&out, absl::StrCat("--", spec.name, " ", spec.placeholder),
                absl::StrCat(spec.help, " ", DefaultText(spec), " ", EnvironmentName(spec.name)));
  }
  out.append("\nOther:\n");
  AppendEntry(&out, "--config FILE", "Options from a file; unknown names in it are faults. GANSERVE_CONFIG");
  AppendEntry(&out, "--print-config", "Print the effective options as such a file, and leave.");
  AppendEntry(&out, "--version", "Print the version, and leave.");
  AppendEntry(&out, "-h, --help", "Print this, and leave.");
  return out;
}

std::string ConfigText(const ServerOptions& options, std::vector<std::string>* faults) {
  constexpr absl::string_view kNotForTheFile = "#\"'\\\n\r";
  std::string out;
  absl::string_view group;
  for (const OptionSpec& spec : OptionTable()) {
    if (spec.group != group) absl::StrAppend(&out, group.empty() ? "" : "\n", "# ", spec.group, "\n");
    group = spec.group;
    const std::string value = FormatOption(spec, options);
    if (absl::string_view(value).find_first_of(kNotForTheFile) != absl::string_view::npos) {
      faults->push_back(
          absl::StrCat("--", spec.name, " = \"", absl::CEscape(value),
                       "\": cannot be printed for --config, whose values have no # \" ' \\ or line break"));
    }
    absl::StrAppend(&out, spec.name, " = \"", value, "\"\n");
  }
  return out;
}

absl::string_view NearestOption(absl::string_view name) {
  absl::string_view nearest;
  size_t least = std::max<size_t>(1, name.size() / 3) + 1;  // a slip in every third letter is still the same word
  for (const OptionSpec& spec : OptionTable()) {
    const size_t distance = EditDistance(name, spec.name);
    if (distance < least) {
      least = distance;
      nearest = spec.name;
    }
  }
  return nearest;
}

}  // namespace ganserve
