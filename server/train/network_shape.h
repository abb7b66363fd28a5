// What the two networks are built from; shared by the networks, the export and the command line.
#pragma once

namespace ganserve {

enum class NetworkBody {
  kDcgan,     // strided 4x4 convolutions (dcgan_networks.h)
  kResidual,  // residual blocks of 3x3 convolutions (residual_networks.h)
};

enum class DiscriminatorNorm { kNone, kBatch, kSpectral };

struct NetworkShape {
  int image_size = 32;    // pixels, width and height: 32, 64 or 128
  int channels = 1;       // 1 (grey) or 3 (RGB)
  int width = 64;         // channels of the widest feature map; deeper maps have 2, 4, 8 and 16 times as many
  int latent_size = 100;  // length of z
  int classes = 0;        // that generator and discriminator are told; 0: they know of none
  NetworkBody body = NetworkBody::kDcgan;
  DiscriminatorNorm discriminator_norm = DiscriminatorNorm::kBatch;  // kBatch only with kDcgan

  bool operator==(const NetworkShape&) const = default;
};

}  // namespace ganserve
