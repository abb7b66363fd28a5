// What an Adam optimiser remembers, in a form that equal states share bit for bit. Torch's own form names each state by
// the address of its parameter, so that two runs at the same point would write different checkpoints.
#pragma once

#include <torch/torch.h>

namespace ganserve {

// Of the first parameter group, by the places of its parameters. Options are not part of it.
void SaveAdamState(const torch::optim::Adam& optimizer, torch::serialize::OutputArchive& archive);

// Into an optimiser of as many parameters. Throws what torch throws when `archive` is something else.
void LoadAdamState(torch::serialize::InputArchive& archive, torch::optim::Adam* optimizer);

}  // namespace ganserve
