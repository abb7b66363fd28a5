#include "server/rpc/page_request.h"

#include "absl/strings/str_cat.h"
#include "server/rpc/status_mapping.h"

namespace ganserve {
namespace {

constexpr uint32_t kDefault = 100;
constexpr uint32_t kMax = 1000;

}  // namespace

absl::StatusOr<size_t> PageSize(uint32_t page_size) {
  if (page_size <= kMax) return page_size == 0 ? kDefault : page_size;
  return InvalidField("page_size", absl::StrCat("is ", page_size, ", must be 0 to ", kMax));
}

}  // namespace ganserve
