#include "server/eval/torch_threads.h"

#include <torch/torch.h>

namespace ganserve {

void UseTorchThreads(int threads) { torch::set_num_threads(threads); }

}  // namespace ganserve
