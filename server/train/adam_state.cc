#include "server/train/adam_state.h"

#include <memory>
#include <string>

namespace ganserve {

using torch::optim::AdamParamState;

void SaveAdamState(const torch::optim::Adam& optimizer, torch::serialize::OutputArchive& archive) {
  const auto& parameters = optimizer.param_groups().front().params();
  for (size_t i = 0; i < parameters.size(); ++i) {
    const auto found = optimizer.state().find(parameters[i].unsafeGetTensorImpl());
    if (found == optimizer.state().end()) continue;  // before its first step
    const auto& state = static_cast<const AdamParamState&>(*found->second);
    torch::serialize::OutputArchive child;
    child.write("step", torch::IValue(state.step()));
    child.write("exp_avg", state.exp_avg(), /*is_buffer=*/true);
    child.write("exp_avg_sq", state.exp_avg_sq(), /*is_buffer=*/true);
    archive.write(std::to_string(i), child);
  }
}

void LoadAdamState(torch::serialize::InputArchive& archive, torch::optim::Adam* optimizer) {
  const auto& parameters = optimizer->param_groups().front().params();
  optimizer->state().clear();
  for (size_t i = 0; i < parameters.size(); ++i) {
    torch::serialize::InputArchive child;
    if (!archive.try_read(std::to_string(i), child)) continue;
    torch::IValue step;
    torch::Tensor mean;
    torch::Tensor mean_square;
    child.read("step", step);
    child.read("exp_avg", mean, /*is_buffer=*/true);
    child.read("exp_avg_sq", mean_square, /*is_buffer=*/true);
    auto state = std::make_unique<AdamParamState>();
    state->step(step.toInt());
    state->exp_avg(mean);
    state->exp_avg_sq(mean_square);
    optimizer->state()[parameters[i].unsafeGetTensorImpl()] = std::move(state);
  }
}

}  // namespace ganserve
