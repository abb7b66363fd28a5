// The default feature extractor as bytes of the executable. The path comes from CMake.
#include "absl/status/statusor.h"
#include "server/eval/feature_extractor.h"

// NOLINTNEXTLINE(hicpp-no-assembler): the one way to embed a file that all our compilers share
asm(".section .rodata\n"
    "ganserve_embedded_extractor_archive:\n"
    ".incbin \"" GANSERVE_EMBEDDED_EXTRACTOR
    "/extractor.pt\"\n"
    "ganserve_embedded_extractor_archive_end:\n"
    "ganserve_embedded_extractor_config:\n"
    ".incbin \"" GANSERVE_EMBEDDED_EXTRACTOR
    "/extractor.json\"\n"
    "ganserve_embedded_extractor_config_end:\n"
    ".global ganserve_embedded_extractor_archive, ganserve_embedded_extractor_archive_end\n"
    ".global ganserve_embedded_extractor_config, ganserve_embedded_extractor_config_end\n"
    ".text\n");

extern "C" {
extern const char ganserve_embedded_extractor_archive[];
extern const char ganserve_embedded_extractor_archive_end[];
extern const char ganserve_embedded_extractor_config[];
extern const char ganserve_embedded_extractor_config_end[];
}

namespace ganserve {

absl::StatusOr<ExtractorSource> EmbeddedExtractor() {
  absl::StatusOr<ExtractorConfig> config = ParseExtractorConfig(std::string_view(
      ganserve_embedded_extractor_config,
      static_cast<size_t>(ganserve_embedded_extractor_config_end - ganserve_embedded_extractor_config)));
  if (!config.ok()) return config.status();
  ExtractorSource source{kEmbeddedExtractor, {}, *std::move(config)};
  source.archive.assign(ganserve_embedded_extractor_archive, ganserve_embedded_extractor_archive_end);
  return source;
}

}  // namespace ganserve
