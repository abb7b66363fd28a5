// An exponential moving average of a network's weights over the steps of its training (Yazici et al. 2018,
// arXiv:1806.04498): its images wobble less from step to step and look better early.
#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <vector>

namespace ganserve {

// What the average keeps of itself in step 1, 2, ...: min(decay, (1 + step) / (10 + step)), so that the initial weights
// are soon forgotten.
double AverageDecay(double decay, int64_t step);

// average[i] = decay average[i] + (1 - decay) weights[i]. Equal shapes; no gradients are recorded.
void MoveAverage(const std::vector<torch::Tensor>& average, const std::vector<torch::Tensor>& weights, double decay);

}  // namespace ganserve
