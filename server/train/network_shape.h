// What a DCGAN is built from; shared by the networks, the export and the command line.
#pragma once

namespace ganserve {

struct NetworkShape {
  int image_size = 32;    // pixels, width and height: 32, 64 or 128
  int channels = 1;       // 1 (grey) or 3 (RGB)
  int width = 64;         // channels of the widest feature map; deeper maps have 2, 4, 8 and 16 times as many
  int latent_size = 100;  // length of z

  bool operator==(const NetworkShape&) const = default;
};

}  // namespace ganserve
