#include "server/eval_table.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace ganserve {
namespace {

using Json = nlohmann::ordered_json;

std::string ModelLine(const char* role, const GeneratorInfo& model) {
  const std::string version = model.version > 0 ? absl::StrCat(", version ", model.version) : "";
  return absl::StrFormat("%s%s%s: %dx%d, %d channel%s%s\n           sha256 %s\n", role, model.model, version,
                         model.shape.width, model.shape.height, model.shape.channels,
                         model.shape.channels == 1 ? "" : "s",
                         model.classes > 0 ? absl::StrCat(", ", model.classes, " classes") : "", model.digest);
}

std::string ExtractorLine(const std::optional<ExtractorInfo>& extractor) {
  if (!extractor) return "extractor  none\n";
  const std::string classes = extractor->classes > 0 ? absl::StrCat(", ", extractor->classes, " classes") : "";
  return absl::StrFormat("extractor  %s: %d features%s, takes %s\n           sha256 %s\n", extractor->name,
                         extractor->dims, classes, extractor->input, extractor->digest);
}

std::string FloorText(const Evaluation& evaluation) {
  return absl::StrCat(evaluation.floor.samples, evaluation.floor_is_test_part
                                                    ? " images of the data's test part"
                                                    : " training images that are not in the reference");
}

std::string Row(const std::string& name, const std::string& value, const std::string& spread,
                const std::string& floor) {
  return absl::StrFormat("%-22s %10s  %-20s %10s\n", name, value, spread, floor);
}

std::string Number(double value) { return absl::StrFormat("%.4f", value); }

std::string FeatureRows(const FeatureQuality& quality, const FeatureQuality& floor) {
  return absl::StrCat(
      Row("FID", Number(quality.fid.distance), absl::StrFormat("%.4f to %.4f", quality.fid.low, quality.fid.high),
          Number(floor.fid.distance)),
      Row("KID", Number(quality.kid.mean), absl::StrCat("sd ", Number(quality.kid.deviation)), Number(floor.kid.mean)),
      Row("precision", Number(quality.manifold.precision), "", Number(floor.manifold.precision)),
      Row("recall", Number(quality.manifold.recall), "", Number(floor.manifold.recall)));
}

std::string ClassName(const Evaluation& evaluation, size_t index) {
  const std::vector<std::string>& names = evaluation.extractor->class_names;
  return index < names.size() ? names[index] : absl::StrCat("class ", index);
}

// Which class has fewest samples.
size_t SmallestClass(const ClassQuality& quality) {
  return static_cast<size_t>(std::min_element(quality.shares.begin(), quality.shares.end()) - quality.shares.begin());
}

std::string Percent(double share) { return absl::StrFormat("%.2f %%", 100 * share); }

std::string ClassRows(const Evaluation& evaluation) {
  const ClassQuality& quality = *evaluation.quality.classes;
  const ClassQuality& floor = *evaluation.floor.classes;
  const size_t smallest = SmallestClass(quality);
  return absl::StrCat(Row("Inception-style score", Number(quality.score.mean),
                          absl::StrCat("sd ", Number(quality.score.deviation)), Number(floor.score.mean)),
                      Row("class divergence", Number(quality.divergence), "nats", Number(floor.divergence)),
                      Row("smallest class", Percent(quality.shares[smallest]), ClassName(evaluation, smallest),
                          Percent(floor.shares[SmallestClass(floor)])));
}

// Classes with their shares; of many (Inception has a thousand) the first.
std::string ClassTable(const Evaluation& evaluation) {
  const ClassQuality& quality = *evaluation.quality.classes;
  constexpr size_t kMostClasses = 20;
  std::string table = absl::StrFormat("\n%-22s %10s %10s\n", "class", "model", "data");
  for (size_t k = 0; k < std::min(kMostClasses, quality.shares.size()); ++k) {
    absl::StrAppendFormat(&table, "%-22s %10s %10s\n", ClassName(evaluation, k), Percent(quality.shares[k]),
                          Percent(quality.reference_shares[k]));
  }
  if (quality.shares.size() > kMostClasses) {
    absl::StrAppend(&table, "and ", quality.shares.size() - kMostClasses, " more; --json has them all\n");
  }
  return table;
}

Json ModelObject(const GeneratorInfo& model) {
  return {{"name", model.model}, {"version", model.version}, {"sha256", model.digest}};
}

Json QualityJson(const QualityReport& quality) {
  Json json = {{"samples", quality.samples},
               {"reference_images", quality.reference_images},
               {"sliced_wasserstein", quality.sliced_wasserstein}};
  if (quality.features) {
    json["fid"] = quality.features->fid.distance;
    json["fid_interval"] = {quality.features->fid.low, quality.features->fid.high};
    json["kid"] = quality.features->kid.mean;
    json["kid_deviation"] = quality.features->kid.deviation;
    json["precision"] = quality.features->manifold.precision;
    json["recall"] = quality.features->manifold.recall;
  }
  if (quality.classes) {
    json["inception_score"] = quality.classes->score.mean;
    json["inception_score_deviation"] = quality.classes->score.deviation;
    json["class_divergence"] = quality.classes->divergence;
    json["class_shares"] = quality.classes->shares;
    json["reference_class_shares"] = quality.classes->reference_shares;
  }
  return json;
}

std::string RivalRows(const Rival& rival, const Evaluation& evaluation) {
  const auto row = [](const std::string& name, double mine, double theirs) {
    return Row(name, Number(mine), "", Number(theirs));
  };
  const QualityReport& mine = evaluation.quality;
  const QualityReport& theirs = rival.quality;
  std::string rows = absl::StrCat("\n", ModelLine("against    ", rival.model), Row("measure", "model", "", "against"));
  if (theirs.features) rows += row("FID", mine.features->fid.distance, theirs.features->fid.distance);
  rows += row("sliced Wasserstein", mine.sliced_wasserstein, theirs.sliced_wasserstein);
  return absl::StrCat(rows, rival.why_worse ? "The model is worse, beyond chance.\n" : "The model is not worse.\n");
}

}  // namespace

std::string EvaluationTable(const Evaluation& evaluation) {
  const QualityReport& quality = evaluation.quality;
  const QualityReport& floor = evaluation.floor;
  std::string text = absl::StrCat(ModelLine("model      ", evaluation.model), "data       ", evaluation.data, ": ",
                                  quality.reference_images, " training images are the reference\n",
                                  ExtractorLine(evaluation.extractor), "samples    ", quality.samples,
                                  "; floor: ", FloorText(evaluation), "\n\n");
  text += Row("measure", "model", "95 % or deviation", "floor");
  if (quality.features) text += FeatureRows(*quality.features, *floor.features);
  if (quality.classes) text += ClassRows(evaluation);
  text += Row("sliced Wasserstein", Number(quality.sliced_wasserstein), "", Number(floor.sliced_wasserstein));
  if (quality.classes) text += ClassTable(evaluation);
  if (evaluation.rival) text += RivalRows(*evaluation.rival, evaluation);
  return text;
}

std::string EvaluationJson(const Evaluation& evaluation) {
  Json json = {{"model", ModelObject(evaluation.model)},
               {"data", evaluation.data},
               {"extractor", nullptr},
               {"quality", QualityJson(evaluation.quality)},
               {"floor", QualityJson(evaluation.floor)}};
  json["floor"]["part"] = evaluation.floor_is_test_part ? "test" : "train";
  if (evaluation.extractor) {
    json["extractor"] = {{"name", evaluation.extractor->name},
                         {"sha256", evaluation.extractor->digest},
                         {"features", evaluation.extractor->dims},
                         {"class_names", evaluation.extractor->class_names}};
  }
  if (const std::optional<Rival>& rival = evaluation.rival) {
    json["against"] = {{"model", ModelObject(rival->model)},
                       {"quality", QualityJson(rival->quality)},
                       {"model_is_worse", rival->why_worse.has_value()}};
  }
  // Paths and names need not be UTF-8; JSON must.
  return json.dump(-1, ' ', /*ensure_ascii=*/false, Json::error_handler_t::replace) + "\n";
}

}  // namespace ganserve
