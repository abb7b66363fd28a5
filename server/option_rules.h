// What must hold of the options beyond each value's own range: forms of text and rules between options.
#pragma once

#include <string>
#include <vector>

#include "server/options.h"

namespace ganserve {

// One line per broken rule: option, value, what is allowed. Looks at no file.
std::vector<std::string> BrokenOptionRules(const ServerOptions& options);

}  // namespace ganserve
