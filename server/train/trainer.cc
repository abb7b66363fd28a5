#include "server/train/trainer.h"

#include <torch/torch.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <memory>

#include "absl/strings/str_cat.h"
#include "server/base/status_macros.h"
#include "server/train/dcgan.h"
#include "server/train/generator_export.h"
#include "server/train/model_description.h"
#include "server/train/png_io.h"
#include "server/train/random_streams.h"

namespace ganserve {
namespace {

constexpr int kGridSide = 8;  // images in a row and in a column of a sample grid

// uint8 samples to [-1, 1]: x / 127.5 - 1. indices name images of `data`; the result is [N, C, S, S].
torch::Tensor GatherBatch(const ImageSet& data, std::span<const uint32_t> indices) {
  const PlanarShape& shape = data.shape;
  const torch::Tensor bytes =
      torch::empty({static_cast<int64_t>(indices.size()), shape.channels, shape.height, shape.width}, torch::kUInt8);
  uint8_t* out = bytes.data_ptr<uint8_t>();
  for (const uint32_t index : indices) {
    const auto image = data.image(index);
    out = std::copy(image.begin(), image.end(), out);
  }
  return bytes.to(torch::kFloat32).div_(127.5).sub_(1);
}

// images [side * side, C, S, S] in [-1, 1] as the PNG of one picture.
absl::StatusOr<std::string> GridPng(const torch::Tensor& images, int side) {
  const int64_t channels = images.size(1);
  const int64_t size = images.size(2);
  const torch::Tensor picture = images.view({side, side, channels, size, size})
                                    .permute({2, 0, 3, 1, 4})
                                    .reshape({channels, side * size, side * size})
                                    .add(1)
                                    .mul(127.5)
                                    .round_()
                                    .clamp_(0, 255)
                                    .to(torch::kUInt8)
                                    .contiguous();
  const int pixels = static_cast<int>(side * size);
  return EncodePng({pixels, pixels, static_cast<int>(channels)},
                   std::span(picture.data_ptr<uint8_t>(), static_cast<size_t>(picture.numel())));
}

std::unique_ptr<Dcgan> NewGan(const TrainOptions& options) {
  return std::make_unique<Dcgan>(DcganOptions{options.shape, options.learning_rate, options.ema_decay, options.seed});
}

class Trainer {
 public:
  Trainer(const TrainOptions& options, const ImageSet& data, const std::string& command, const std::atomic<bool>& stop,
          JobDirectory* job, TrainConsole* console)
      : options_(options),
        data_(data),
        command_(command),
        stop_(stop),
        job_(*job),
        console_(*console),
        batches_(data.count() / static_cast<size_t>(options.batch_size)),
        gan_(NewGan(options)) {}

  absl::StatusOr<TrainOutcome> Run() {
    GANSERVE_RETURN_IF_ERROR(Prepare());
    GANSERVE_RETURN_IF_ERROR(job_.RecordState(step_, JobState::kRunning, ""));
    while (!stop_ && step_ < TotalSteps()) GANSERVE_RETURN_IF_ERROR(RunEpoch());
    const bool stopped = step_ < TotalSteps();
    GANSERVE_RETURN_IF_ERROR(Checkpoint());
    GANSERVE_RETURN_IF_ERROR(Sample());
    GANSERVE_RETURN_IF_ERROR(Export());
    return TrainOutcome{stopped, step_, job_.ExportPath(step_)};
  }

  uint64_t step() const { return step_; }

 private:
  uint64_t Epochs() const { return static_cast<uint64_t>(options_.epochs); }

  uint64_t TotalSteps() const {
    const uint64_t limit = static_cast<uint64_t>(options_.max_steps);
    return limit > 0 ? std::min(limit, batches_ * Epochs()) : batches_ * Epochs();
  }

  absl::Status Prepare() {
    GANSERVE_RETURN_IF_ERROR(CheckFillsABatch(options_, data_.count()));
    if (!options_.resume) return absl::OkStatus();
    GANSERVE_ASSIGN_OR_RETURN(const std::string from, LoadLastCheckpoint());
    console_.Line(absl::StrCat("Resuming from ", from));
    if (gan_->rollbacks() == 0) return absl::OkStatus();
    return job_.RecordRollback(step_, gan_->rollbacks(), gan_->learning_rate_factor());
  }

  // Puts everything back to the last intact checkpoint, or to the start of the job; says to which.
  absl::StatusOr<std::string> LoadLastCheckpoint() {
    GANSERVE_ASSIGN_OR_RETURN(const auto last, job_.ReadLastCheckpoint());
    gan_ = NewGan(options_);
    step_ = 0;
    if (!last) return std::string("the start");
    const absl::Status status = gan_->Load(last->contents);
    if (!status.ok()) return absl::Status(status.code(), absl::StrCat(last->path, ": ", status.message()));
    step_ = last->step;
    return last->path;
  }

  // The step just done has spoilt the weights. The checkpoint is replaced before the history tells of the rollback, so
  // that a run that is killed here goes on with the lower learning rate too.
  absl::Status RollBack() {
    const uint64_t diverged = step_;
    const double rate = gan_->learning_rate();
    const int rollbacks = gan_->rollbacks() + 1;
    if (rollbacks > options_.max_rollbacks) {
      return absl::AbortedError(absl::StrCat("training diverged: a loss, gradient or weight is not finite at step ",
                                             diverged, " with learning rate ", rate, " after ", options_.max_rollbacks,
                                             " rollbacks; a lower --learning-rate or another --seed may help"));
    }
    GANSERVE_ASSIGN_OR_RETURN(const std::string from, LoadLastCheckpoint());
    gan_->SetRollbacks(rollbacks);
    const std::string line =
        absl::StrCat("A loss, gradient or weight is not finite at step ", diverged, "; rolling back to ", from,
                     " with learning rate ", gan_->learning_rate(), " instead of ", rate);
    console_.Line(line);
    GANSERVE_RETURN_IF_ERROR(job_.RecordLog(diverged, line));
    GANSERVE_RETURN_IF_ERROR(Checkpoint());
    return job_.RecordRollback(step_, rollbacks, gan_->learning_rate_factor());
  }

  // From the batch at which step_ stands to the end of the epoch or of the training, or to the stop.
  absl::Status RunEpoch() {
    const uint64_t epoch = step_ / batches_;
    const std::vector<uint32_t> order = EpochOrder(options_.seed, epoch, data_.count());
    const auto batch_size = static_cast<size_t>(options_.batch_size);
    bool epoch_done = false;
    do {
      const auto indices = std::span(order).subspan(step_ % batches_ * batch_size, batch_size);
      const uint64_t latent_seed = DeriveSeed(options_.seed, RandomPurpose::kStepLatents, step_);
      gan_->Step(GatherBatch(data_, indices),
                 NormalLatents(latent_seed, options_.batch_size, options_.shape.latent_size));
      ++step_;
      if (!gan_->sound()) return RollBack();
      epoch_done = step_ % batches_ == 0;
      GANSERVE_RETURN_IF_ERROR(FinishStep(epoch, epoch_done ? batches_ : step_ % batches_));
      console_.Progress(static_cast<int>(epoch + 1), options_.epochs, static_cast<long>(step_),
                        static_cast<long>(TotalSteps()));
    } while (!epoch_done && step_ < TotalSteps() && !stop_);
    return absl::OkStatus();
  }

  // The checkpoint comes last: a run that resumes from it has told of everything up to its step. Nothing here depends
  // on `stop_`, so a run that is stopped and resumed reports what an uninterrupted one does.
  absl::Status FinishStep(uint64_t epoch, uint64_t batch) {
    const bool end = step_ == TotalSteps();
    const bool epoch_done = batch == batches_;
    const auto due = [&](int every) { return epoch_done && (epoch + 1) % static_cast<uint64_t>(every) == 0; };
    if (epoch_done || end || batch % static_cast<uint64_t>(options_.report_every) == 0) {
      GANSERVE_RETURN_IF_ERROR(Report(epoch, batch));
    }
    if (end) return absl::OkStatus();  // Run() publishes the rest
    if (due(options_.sample_every)) GANSERVE_RETURN_IF_ERROR(Sample());
    const auto steps = static_cast<uint64_t>(options_.checkpoint_steps);
    if (due(options_.checkpoint_every) || (steps > 0 && step_ % steps == 0)) return Checkpoint();
    return absl::OkStatus();
  }

  absl::Status Report(uint64_t epoch, uint64_t batch) {
    const Dcgan::Losses losses = gan_->TakeLosses();
    const LossReport report{static_cast<int>(epoch + 1),
                            options_.epochs,
                            static_cast<int>(batch),
                            static_cast<int>(batches_),
                            losses.discriminator,
                            losses.generator,
                            losses.real_score,
                            losses.fake_score,
                            losses.discriminator_gradient_norm,
                            losses.generator_gradient_norm};
    console_.Line(FormatLossLine(report));
    return job_.RecordLosses(step_, report);
  }

  absl::Status Checkpoint() {
    GANSERVE_ASSIGN_OR_RETURN(const std::string contents, gan_->Save());
    return job_.PublishCheckpoint(step_, contents);
  }

  absl::Status Sample() {
    torch::NoGradGuard no_grad;
    const torch::Tensor z = NormalLatents(DeriveSeed(options_.seed, RandomPurpose::kSampleLatents, 0),
                                          kGridSide * kGridSide, options_.shape.latent_size);
    GANSERVE_ASSIGN_OR_RETURN(const std::string png,
                              GridPng(gan_->AveragedGenerator(options_.seed)->forward(z), kGridSide));
    return job_.PublishSample(step_, png);
  }

  absl::Status Export() {
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
    const Provenance provenance{command_, step_, static_cast<int>(step_ / batches_), std::round(seconds), UtcNow()};
    const DcganGenerator generator = gan_->AveragedGenerator(options_.seed);
    const absl::Status status = job_.PublishExport(
        step_, [&](const std::string& path) { return ExportGenerator(generator, path); },
        ModelJson(options_, provenance));
    // A job that was resumed where it had stopped: the step fixes the weights, so what stands there is the same.
    return absl::IsAlreadyExists(status) ? absl::OkStatus() : status;
  }

  const TrainOptions& options_;
  const ImageSet& data_;
  const std::string& command_;
  const std::atomic<bool>& stop_;
  JobDirectory& job_;
  TrainConsole& console_;
  const uint64_t batches_;  // of an epoch
  const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  std::unique_ptr<Dcgan> gan_;  // never null
  uint64_t step_ = 0;           // steps done since the start of the job
};

}  // namespace

absl::StatusOr<TrainOutcome> Train(const TrainOptions& options, const ImageSet& data, const std::string& command,
                                   const std::atomic<bool>& stop, JobDirectory* job, TrainConsole* console) try {
  Trainer trainer(options, data, command, stop, job, console);
  auto outcome = trainer.Run();
  if (!outcome.ok()) {
    // The first error is the one to tell.
    job->RecordState(trainer.step(), JobState::kFailed, std::string(outcome.status().message())).IgnoreError();
    return outcome;
  }
  const auto state = outcome->stopped ? JobState::kStopped : JobState::kSucceeded;
  GANSERVE_RETURN_IF_ERROR(job->RecordState(outcome->steps, state, ""));
  return outcome;
} catch (const std::exception& error) {
  job->RecordState(0, JobState::kFailed, error.what()).IgnoreError();
  return absl::InternalError(absl::StrCat("torch failed: ", error.what()));
}

absl::StatusOr<std::string> ExportUntrained(const TrainOptions& options, const std::string& command,
                                            JobDirectory* job) try {
  const Dcgan gan({options.shape, options.learning_rate, options.ema_decay, options.seed});
  const DcganGenerator generator = gan.AveragedGenerator(options.seed);
  GANSERVE_RETURN_IF_ERROR(job->PublishExport(
      0, [&](const std::string& path) { return ExportGenerator(generator, path); },
      ModelJson(options, {command, 0, 0, 0, UtcNow()})));
  GANSERVE_RETURN_IF_ERROR(job->RecordState(0, JobState::kSucceeded, ""));
  return job->ExportPath(0);
} catch (const std::exception& error) {
  return absl::InternalError(absl::StrCat("torch failed: ", error.what()));
}

void SetTorchThreads(int threads) {
  if (threads > 0) torch::set_num_threads(threads);
}

}  // namespace ganserve
