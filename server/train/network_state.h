// Weights and buffers of networks: where they are, how they lie in memory, and copies of them.
#pragma once

#include <torch/torch.h>

#include <vector>

#include "server/train/gan_settings.h"

namespace ganserve {

// Whether a network is trained in the layout, and where, that it is made in.
bool StaysAsMade(const torch::Device& device, Precision precision);

// Moves a new network to where it is to be trained, before any optimiser knows its weights. On a CPU in float32 they
// stay as they are, for convolutions of our own (strided_convolution.h); else the kernels of convolutions become
// channels-last, [out][height][width][in], in which cuDNN and oneDNN compute, and the maps between them follow.
void PlaceNetwork(torch::nn::Module& network, const torch::Device& device, Precision precision);

// Copies values between tensors, or networks, of the same shapes, wherever they are and however they lie.
void CopyTensors(const std::vector<torch::Tensor>& from, const std::vector<torch::Tensor>& to);
void CopyParameters(const torch::nn::Module& from, torch::nn::Module& to);
void CopyState(const torch::nn::Module& from, torch::nn::Module& to);  // with buffers

}  // namespace ganserve
