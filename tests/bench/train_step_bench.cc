// One training step of the classic DCGAN recipe: the trainer's against the loop that one writes first with LibTorch.
//
//   train_step_bench [--threads N] [--steps N] [--batch N] [--device cpu|cuda:N|auto]
//
// Both train the same networks (the reference DCGAN, 32x32x1, width 64) from the same weights on the same batches in
// one process, turn by turn, so that whatever else the machine does meets both alike. Memory is kept between steps for
// both, as the trainer does it. Prints the median and the least wall time of a step, the median processor time of all
// threads, their ratios, a step with hinge loss and spectral norm, what the parts of the trainer's step take, and steps
// of the standard recipe with both kinds of networks in float32 and in mixed precision. Fails when the two loops don't
// compute the same losses. On a GPU every time is that until the result is there; the parts, which are not waited for,
// are left out.
#include <torch/torch.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include "server/base/memory.h"
#include "server/device/device.h"
#include "server/train/adam.h"
#include "server/train/gan.h"
#include "server/train/losses.h"
#include "server/train/network_state.h"
#include "server/train/weight_average.h"
#include "tests/bench/step_times.h"

namespace {

namespace nn = torch::nn;
using ganserve::Milliseconds;
using ganserve::Print;
using ganserve::PrintRatio;
using ganserve::Times;

constexpr ganserve::NetworkShape kShape{32, 1, 64, 100};
constexpr int kResidualWidth = 16;  // a step with 64 takes as long as thirty of the DCGAN
constexpr double kLearningRate = 2e-4;
constexpr double kBeta1 = 0.5;
constexpr double kEmaDecay = 0.999;

struct Flags {
  int threads = 1;
  int steps = 15;
  int batch = 64;
  std::string device = "cpu";
};

nn::Conv2d Down(int in, int out) { return nn::Conv2d(nn::Conv2dOptions(in, out, 4).stride(2).padding(1).bias(false)); }

nn::ConvTranspose2d Up(int in, int out, int stride, int padding) {
  return nn::ConvTranspose2d(nn::ConvTranspose2dOptions(in, out, 4).stride(stride).padding(padding).bias(false));
}

nn::LeakyReLU Leaky() { return nn::LeakyReLU(nn::LeakyReLUOptions().negative_slope(0.2)); }

// The straightforward loop, as in PyTorch's C++ DCGAN example: contiguous tensors, torch's modules and its Adam, all
// gradients that backward() makes, both losses read in every step.
class PlainLoop {
 public:
  explicit PlainLoop(const torch::Device& device)
      : generator_(Up(100, 256, 1, 0), nn::BatchNorm2d(256), nn::ReLU(), Up(256, 128, 2, 1), nn::BatchNorm2d(128),
                   nn::ReLU(), Up(128, 64, 2, 1), nn::BatchNorm2d(64), nn::ReLU(), Up(64, 1, 2, 1), nn::Tanh()),
        discriminator_(Down(1, 64), Leaky(), Down(64, 128), nn::BatchNorm2d(128), Leaky(), Down(128, 256),
                       nn::BatchNorm2d(256), Leaky(), Down(256, 512), nn::BatchNorm2d(512), Leaky(), nn::Flatten(),
                       nn::Linear(512 * 2 * 2, 1)),
        generator_optimizer_(generator_->parameters(), Options()),
        discriminator_optimizer_(discriminator_->parameters(), Options()) {
    generator_->to(device);
    discriminator_->to(device);
  }

  void Step(const torch::Tensor& real, const torch::Tensor& z) {
    discriminator_->zero_grad();
    const torch::Tensor ones = torch::ones({real.size(0), 1}, real.options());
    const torch::Tensor real_loss = torch::binary_cross_entropy_with_logits(discriminator_->forward(real), ones);
    real_loss.backward();
    const torch::Tensor fake = generator_->forward(z.view({z.size(0), z.size(1), 1, 1}));
    const torch::Tensor fake_loss =
        torch::binary_cross_entropy_with_logits(discriminator_->forward(fake.detach()), torch::zeros_like(ones));
    fake_loss.backward();
    discriminator_loss_ = (real_loss + fake_loss).item<double>();
    discriminator_optimizer_.step();

    generator_->zero_grad();
    const torch::Tensor loss = torch::binary_cross_entropy_with_logits(discriminator_->forward(fake), ones);
    loss.backward();
    generator_optimizer_.step();
    generator_loss_ = loss.item<double>();
  }

  nn::Sequential generator() const { return generator_; }
  nn::Sequential discriminator() const { return discriminator_; }
  double discriminator_loss() const { return discriminator_loss_; }
  double generator_loss() const { return generator_loss_; }

 private:
  static torch::optim::AdamOptions Options() { return torch::optim::AdamOptions(kLearningRate).betas({kBeta1, 0.999}); }

  nn::Sequential generator_;
  nn::Sequential discriminator_;
  torch::optim::Adam generator_optimizer_;
  torch::optim::Adam discriminator_optimizer_;
  double discriminator_loss_ = 0;
  double generator_loss_ = 0;
};

// In the order of the straightforward one: the head's weight and bias, which the trainer's has first, come last.
std::vector<torch::Tensor> DiscriminatorParameters(const ganserve::DiscriminatorNetwork& discriminator) {
  std::vector<torch::Tensor> parameters = discriminator.parameters();
  std::rotate(parameters.begin(), parameters.begin() + 2, parameters.end());
  std::swap(parameters[parameters.size() - 2], parameters[parameters.size() - 1]);
  return parameters;
}

// The trainer's step in its parts, each by itself, on the trainer's own networks.
class Parts {
 public:
  explicit Parts(ganserve::Gan& gan)
      : generator_(gan.generator()),
        discriminator_(gan.discriminator()),
        generator_adam_(generator_.parameters(), {}),
        discriminator_adam_(discriminator_.parameters(), {}) {
    for (const torch::Tensor& weight : generator_.parameters()) average_.push_back(weight.detach().clone());
  }

  void Step(const torch::Tensor& real, const torch::Tensor& z) {
    torch::Tensor fake;
    torch::Tensor loss;
    times_[0].Add([&] { fake = generator_.forward(z, {}); });
    discriminator_adam_.ZeroGradients();
    times_[1].Add([&] {
      loss = ganserve::DiscriminatorLoss(kLoss, discriminator_.forward(real, {}),
                                         discriminator_.forward(fake.detach(), {}), /*smoothing=*/0);
    });
    times_[2].Add([&] { loss.backward(); });
    times_[3].Add([&] { discriminator_adam_.Step(); });
    for (auto& parameter : discriminator_.parameters()) parameter.set_requires_grad(false);
    generator_adam_.ZeroGradients();
    times_[4].Add([&] { loss = ganserve::GeneratorLoss(kLoss, discriminator_.forward(fake, {}), {}); });
    times_[5].Add([&] { loss.backward(); });
    for (auto& parameter : discriminator_.parameters()) parameter.set_requires_grad(true);
    times_[6].Add([&] { generator_adam_.Step(); });
    times_[7].Add([&] { ganserve::MoveAverage(average_, generator_.parameters(), kEmaDecay); });
  }

  // What is left of the whole step is the measures: scores, sums and the search for NaN.
  void Print(const Times& whole) const {
    std::printf("\nParts of the trainer's step%17s%9s%9s%11s\n", "median", "least", "CPU", "of CPU");
    Milliseconds rest = whole.Processor();
    for (size_t i = 0; i < times_.size(); ++i) {
      std::printf("  %-34s%9.2f%9.2f%9.2f%9.1f %%\n", kNames[i], times_[i].Median(), times_[i].Least(),
                  times_[i].Processor(), 100 * times_[i].Processor() / whole.Processor());
      rest -= times_[i].Processor();
    }
    std::printf("  %-34s%27.2f%9.1f %%\n", "the rest: measures", rest, 100 * rest / whole.Processor());
  }

 private:
  static constexpr std::array<const char*, 8> kNames = {
      "G forward",           "D's step: D forward, twice",      "D's step: backward", "D's step: Adam",
      "G's step: D forward", "G's step: backward through both", "G's step: Adam",     "average of the weights"};
  static constexpr auto kLoss = ganserve::GanLoss::kBceWithLogits;

  ganserve::GeneratorNetwork& generator_;
  ganserve::DiscriminatorNetwork& discriminator_;
  ganserve::Adam generator_adam_;
  ganserve::Adam discriminator_adam_;
  std::vector<torch::Tensor> average_;
  std::array<Times, kNames.size()> times_;
};

void StepAndWait(ganserve::Gan& gan, const ganserve::GanBatch& batch) {
  gan.Step(batch);
  TORCH_CHECK(gan.sound(), "training diverged");
}

// The standard recipe's steps with one kind of networks in both precisions, turn by turn.
void CompareStandard(const Flags& flags, const char* name, ganserve::NetworkBody body,
                     const ganserve::GanBatch& batch) {
  ganserve::GanSettings settings;
  settings.shape = kShape;
  settings.shape.body = body;
  if (body == ganserve::NetworkBody::kResidual) settings.shape.width = kResidualWidth;
  settings.shape.discriminator_norm = ganserve::DiscriminatorNorm::kNone;
  settings.loss = ganserve::GanLoss::kRelativistic;
  settings.penalties = {0, 1, 1, 1};
  const torch::Device device(flags.device);
  ganserve::Gan full(settings, device);
  settings.precision = ganserve::Precision::kBfloat16;
  ganserve::Gan mixed(settings, device);
  full.Step(batch);
  mixed.Step(batch);
  Times full_times;
  Times mixed_times;
  for (int step = 0; step < flags.steps; ++step) {
    full_times.Add([&] { StepAndWait(full, batch); });
    mixed_times.Add([&] { StepAndWait(mixed, batch); });
  }
  std::printf("\nStandard recipe, %s%*s%9s%9s\n", name, 34 - static_cast<int>(std::strlen(name)), "median", "least",
              "CPU");
  Print("float32", full_times);
  Print("bfloat16", mixed_times);
  PrintRatio("ratio", mixed_times, full_times);
}

bool Agree(double expected, double actual) { return std::abs(expected - actual) < 1e-3 * std::abs(expected); }

int Run(const Flags& flags) {
  at::set_num_threads(flags.threads);
  torch::manual_seed(1);
  const torch::Device device(flags.device);
  const torch::Tensor real = (torch::rand({flags.batch, 1, 32, 32}) * 2 - 1).to(device);
  const torch::Tensor z = torch::randn({flags.batch, 100}).to(device);
  ganserve::GanSettings settings;
  settings.shape = kShape;
  settings.generator_adam = settings.discriminator_adam = {kLearningRate, kBeta1, 0.999};
  settings.ema_decay = kEmaDecay;
  ganserve::Gan gan(settings, device);
  settings.loss = ganserve::GanLoss::kHinge;
  settings.shape.discriminator_norm = ganserve::DiscriminatorNorm::kSpectral;
  ganserve::Gan spectral(settings, device);
  PlainLoop plain(device);
  ganserve::CopyTensors(gan.generator().parameters(), plain.generator()->parameters());
  ganserve::CopyTensors(DiscriminatorParameters(gan.discriminator()), plain.discriminator()->parameters());
  const ganserve::GanBatch batch{real, {}, z};

  plain.Step(real, z);  // also warms both up
  gan.Step(batch);
  spectral.Step(batch);
  const auto losses = gan.TakeLosses();
  if (!Agree(plain.discriminator_loss(), losses.discriminator) || !Agree(plain.generator_loss(), losses.generator)) {
    std::fprintf(stderr, "train_step_bench: losses differ: D %f and %f, G %f and %f\n", plain.discriminator_loss(),
                 losses.discriminator, plain.generator_loss(), losses.generator);
    return 1;
  }
  Times plain_times;
  Times gan_times;
  Times spectral_times;
  Parts parts(gan);
  for (int step = 0; step < flags.steps; ++step) {
    plain_times.Add([&] { plain.Step(real, z); });
    gan_times.Add([&] { StepAndWait(gan, batch); });
    spectral_times.Add([&] { StepAndWait(spectral, batch); });
    if (device.is_cpu()) parts.Step(real, z);
  }
  std::printf("A step, batch %d, %d thread(s), ms%11s%9s%9s\n", flags.batch, flags.threads, "median", "least", "CPU");
  Print("straightforward loop", plain_times);
  Print("trainer's step", gan_times);
  PrintRatio("ratio", gan_times, plain_times, "  (target 0.70)");
  Print("hinge and spectral norm", spectral_times);
  PrintRatio("its ratio to the trainer's step", spectral_times, gan_times, "  (target 1.10)");
  if (device.is_cpu()) parts.Print(gan_times);
  CompareStandard(flags, "DCGAN", ganserve::NetworkBody::kDcgan, batch);
  CompareStandard(flags, "residual, width 16", ganserve::NetworkBody::kResidual, batch);
  return 0;
}

bool ParseFlags(int argc, char** argv, Flags* flags) {
  for (int i = 1; i < argc; i += 2) {
    if (std::strcmp(argv[i], "--device") == 0 && i + 1 < argc) {
      flags->device = argv[i + 1];
      continue;
    }
    int* const value = std::strcmp(argv[i], "--threads") == 0 ? &flags->threads
                       : std::strcmp(argv[i], "--steps") == 0 ? &flags->steps
                       : std::strcmp(argv[i], "--batch") == 0 ? &flags->batch
                                                              : nullptr;
    if (value == nullptr || i + 1 == argc) return false;
    const char* const end = argv[i + 1] + std::strlen(argv[i + 1]);
    if (std::from_chars(argv[i + 1], end, *value).ptr != end || *value < 1) return false;
  }
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  ganserve::TuneMalloc(ganserve::kTrainingMemory);
  Flags flags;
  if (!ParseFlags(argc, argv, &flags)) {
    std::fputs("usage: train_step_bench [--threads N] [--steps N] [--batch N] [--device cpu|cuda:N|auto]\n", stderr);
    return 2;
  }
  const auto device = ganserve::SelectDevice(flags.device);
  if (!device.ok()) {
    std::fprintf(stderr, "train_step_bench: %s\n", std::string(device.status().message()).c_str());
    return 2;
  }
  flags.device = device->name();
  return Run(flags);
}
