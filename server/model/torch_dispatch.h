// Calls operators that have no C++ declaration. Torch headers: only for .cc files of this folder.
#pragma once

#include <ATen/core/dispatch/Dispatcher.h>

#include <utility>
#include <vector>

namespace ganserve {

// Calls an operator that returns one tensor, by its qualified name. Throws c10::Error if there is no such operator.
inline at::Tensor CallOperator(const char* name, std::vector<c10::IValue> arguments) {
  const auto handle = c10::Dispatcher::singleton().findSchemaOrThrow(name, "");
  torch::jit::Stack stack = std::move(arguments);
  handle.callBoxed(&stack);
  return stack.front().toTensor();
}

}  // namespace ganserve
