// The default model as bytes of the executable, so that `ganserve` without a repository serves images. The paths come
// from CMake.
#include <string_view>

#include "absl/strings/str_cat.h"
#include "server/base/status_macros.h"
#include "server/model/model_repository.h"

// NOLINTNEXTLINE(hicpp-no-assembler): the one way to embed a file that all our compilers share
asm(".section .rodata\n"
    "ganserve_embedded_archive:\n"
    ".incbin \"" GANSERVE_EMBEDDED_MODEL
    "/model.pt\"\n"
    "ganserve_embedded_archive_end:\n"
    "ganserve_embedded_config:\n"
    ".incbin \"" GANSERVE_EMBEDDED_MODEL
    "/model.json\"\n"
    "ganserve_embedded_config_end:\n"
    ".global ganserve_embedded_archive, ganserve_embedded_archive_end\n"
    ".global ganserve_embedded_config, ganserve_embedded_config_end\n"
    ".text\n");

extern "C" {
extern const char ganserve_embedded_archive[];
extern const char ganserve_embedded_archive_end[];
extern const char ganserve_embedded_config[];
extern const char ganserve_embedded_config_end[];
}

namespace ganserve {

absl::StatusOr<ModelSource> EmbeddedModel() {
  ModelSource source{GANSERVE_EMBEDDED_MODEL_NAME, GANSERVE_EMBEDDED_MODEL_VERSION, {}, {}};
  source.archive.assign(ganserve_embedded_archive, ganserve_embedded_archive_end);
  GANSERVE_ASSIGN_OR_RETURN(
      source.config,
      ParseModelConfig(std::string_view(ganserve_embedded_config,
                                        static_cast<size_t>(ganserve_embedded_config_end - ganserve_embedded_config))));
  return source;
}

}  // namespace ganserve
