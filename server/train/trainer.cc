#include "server/train/trainer.h"

#include <torch/torch.h>

#include <chrono>
#include <memory>
#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "server/base/clock.h"
#include "server/base/status_macros.h"
#include "server/data/batch_prefetcher.h"
#include "server/eval/alarm_state.h"
#include "server/eval/collapse_alarm.h"
#include "server/train/checkpoint_gan.h"
#include "server/train/epoch_batches.h"
#include "server/train/evaluator.h"
#include "server/train/gan.h"
#include "server/train/generator_export.h"
#include "server/train/image_tensors.h"
#include "server/train/random_streams.h"
#include "server/train/random_tensors.h"
#include "server/train/sample_grid.h"
#include "server/train/to_device.h"
#include "server/train/train_length.h"
#include "server/train/train_pace.h"
#include "server/train/train_schedule.h"

namespace ganserve {
namespace {

// Wasserstein's loss may be anything.
CollapseAlarm::Limits AlarmLimits(const TrainSettings& settings) {
  CollapseAlarm::Limits limits;
  if (settings.loss == GanLoss::kWasserstein) limits.least_discriminator_loss = 0;
  return limits;
}

class Trainer {
 public:
  Trainer(const TrainSettings& settings, const ImageSet& data, const Provenance& origin, const std::atomic<bool>& stop,
          JobDirectory* job, TrainConsole* console)
      : settings_(settings),
        device_(settings.device),
        data_(data),
        data_digest_(DigestOf(data)),
        origin_(origin),
        stop_(stop),
        job_(*job),
        history_(job->history()),
        console_(*console),
        length_(settings, data.count()),
        pace_(Clock::Real()) {
    history_.SetBatchesPerEpoch(length_.batches);
  }

  absl::StatusOr<TrainOutcome> Run() {
    GANSERVE_RETURN_IF_ERROR(SetOut());
    GANSERVE_RETURN_IF_ERROR(history_.RecordRunning());
    while (step_ < length_.steps) {
      GANSERVE_ASSIGN_OR_RETURN(const bool wanted, history_.IsWanted());
      if (stop_ || !wanted) break;
      GANSERVE_RETURN_IF_ERROR(RunStep());
    }
    if (step_ < length_.steps) {
      GANSERVE_RETURN_IF_ERROR(gan_->sound() ? SaveCheckpoint() : RollBack());  // which saves one too
      return TrainOutcome{true, step_, ""};
    }
    GANSERVE_RETURN_IF_ERROR(Sample());
    if (settings_.evaluate_every_steps > 0) GANSERVE_RETURN_IF_ERROR(Evaluate());
    GANSERVE_RETURN_IF_ERROR(RaiseAlarms());
    GANSERVE_RETURN_IF_ERROR(SaveCheckpoint());
    GANSERVE_ASSIGN_OR_RETURN(const uint64_t exported, Export());
    return TrainOutcome{false, step_, job_.ExportPath(exported)};
  }

 private:
  // To the last checkpoint. What a run before this one had no time to tell of it is told now.
  absl::Status SetOut() {
    GANSERVE_ASSIGN_OR_RETURN(const std::optional<Checkpoint> last, LoadLastCheckpoint());
    // One that the spec names is tried before hours go into training.
    if (settings_.evaluate_every_steps > 0 && !settings_.extractor.empty()) GANSERVE_RETURN_IF_ERROR(MakeEvaluator());
    std::string line = last ? absl::StrCat("Resuming from step ", step_, " of ", length_.steps)
                            : absl::StrCat("Training from the start: ", length_.steps, " steps");
    if (!device_.is_cpu()) absl::StrAppend(&line, ", on ", settings_.device);
    console_.Line(line);
    GANSERVE_RETURN_IF_ERROR(history_.RecordLog(step_, line));
    if (gan_->rollbacks() > 0) {
      GANSERVE_RETURN_IF_ERROR(history_.RecordRollback(step_, gan_->rollbacks(), gan_->rollback_factor()));
    }
    if (last) GANSERVE_RETURN_IF_ERROR(history_.RecordCheckpoint(step_, {CheckpointName(step_), last->sha256, 0}));
    pace_ = TrainPace(Clock::Real());
    return absl::OkStatus();
  }

  // Puts everything back to the last intact checkpoint, or to the start of the job if there is none.
  absl::StatusOr<std::optional<Checkpoint>> LoadLastCheckpoint() {
    GANSERVE_ASSIGN_OR_RETURN(std::optional<Checkpoint> last, job_.ReadLastCheckpoint());
    gan_.reset();  // first, as a device may not hold two
    gan_ = std::make_unique<Gan>(settings_, device_);
    gan_->SetData(data_digest_);
    step_ = 0;
    saved_.reset();
    if (last) {
      GANSERVE_RETURN_IF_ERROR(ResumeGan(*last, gan_.get()));
      step_ = last->step;
      saved_ = step_;
    }
    alarm_.emplace(AlarmLimits(settings_), DecodeAlarmState(gan_->notes()));
    StartLoader();
    return last;
  }

  // The step just done has spoilt the weights. The checkpoint is replaced before the history tells of the rollback, so
  // that a run that is killed here goes on with the lower learning rates too.
  absl::Status RollBack() {
    const uint64_t diverged = step_;
    const int rollbacks = gan_->rollbacks() + 1;
    const std::string what =
        absl::StrCat("a loss, gradient or weight is not finite ", device_.is_cpu() ? "at" : "by", " step ", diverged);
    if (rollbacks > settings_.max_rollbacks) {
      return absl::AbortedError(absl::StrCat("training diverged: ", what, ", with ", gan_->rollback_factor(),
                                             " of the learning rates, after ", settings_.max_rollbacks,
                                             " rollbacks; lower learning rates or another seed may help"));
    }
    GANSERVE_RETURN_IF_ERROR(LoadLastCheckpoint().status());
    gan_->SetRollbacks(rollbacks);
    const std::string line = absl::StrCat("Training diverged: ", what, "; rolling back to step ", step_, " with ",
                                          gan_->rollback_factor(), " of the learning rates");
    console_.Line(line);
    GANSERVE_RETURN_IF_ERROR(history_.RecordLog(diverged, line));
    GANSERVE_ASSIGN_OR_RETURN(const CheckpointFacts checkpoint, WriteCheckpoint());
    GANSERVE_RETURN_IF_ERROR(history_.RecordRollback(step_, rollbacks, gan_->rollback_factor()));
    return history_.RecordCheckpoint(step_, checkpoint);
  }

  absl::Status RunStep() {
    gan_->Step(NextBatch());
    ++step_;
    pace_.CountStep();
    const StepTasks due = TasksAt(settings_, length_, step_);
    // On a GPU a look at each step would have it wait for the one before.
    const bool looks = device_.is_cpu() || due.any() || is_best();
    return looks && !gan_->sound() ? RollBack() : FinishStep(due);
  }

  GanBatch NextBatch() {
    const ImageBatch batch = batches_->Next().value();
    const uint64_t latents = DeriveSeed(settings_.seed, RandomPurpose::kStepLatents, step_);
    const double done = static_cast<double>(step_) / static_cast<double>(length_.steps);
    return {ImagesOf(batch, data_.shape, device_),
            settings_.shape.classes > 0 ? LabelsOf(batch, device_) : torch::Tensor(),
            ToDevice(NormalLatents(latents, settings_.batch_size, settings_.shape.latent_size), device_),
            1 + (settings_.final_learning_rate_factor - 1) * done};
  }

  // Batches from step_ on, made while the steps before them run.
  void StartLoader() {
    const auto make = [batches = EpochBatches(settings_, data_)](uint64_t step) mutable { return batches.Make(step); };
    batches_ = std::make_unique<BatchPrefetcher>(make, step_, length_.steps);
  }

  // The checkpoint comes last: a run that resumes from it has told of everything up to its step.
  absl::Status FinishStep(const StepTasks& due) {
    if (due.report) GANSERVE_RETURN_IF_ERROR(Report());
    console_.Progress(static_cast<int>(length_.EpochOf(step_)), static_cast<int>(length_.EpochOf(length_.steps)),
                      static_cast<long>(step_), static_cast<long>(length_.steps));
    if (step_ == length_.steps) return absl::OkStatus();  // Run() publishes the rest
    if (due.sample) GANSERVE_RETURN_IF_ERROR(Sample());
    if (due.evaluation) GANSERVE_RETURN_IF_ERROR(Evaluate());
    GANSERVE_RETURN_IF_ERROR(RaiseAlarms());
    return due.checkpoint || is_best() ? SaveCheckpoint() : absl::OkStatus();
  }

  bool is_best() const { return history_.best() && history_.best()->step == step_; }

  absl::Status Evaluate() {
    const Clock::TimePoint start = Clock::Real().Now();
    if (!evaluator_) GANSERVE_RETURN_IF_ERROR(MakeEvaluator());
    GANSERVE_ASSIGN_OR_RETURN(const QualityReport report,
                              evaluator_->Evaluate(*gan_->AveragedGenerator(settings_.seed)));
    const double seconds = std::chrono::duration<double>(Clock::Real().Now() - start).count();
    GANSERVE_RETURN_IF_ERROR(history_.RecordEvaluation(step_, report, seconds));
    console_.Line(FormatQualityLine(report, is_best()));
    for (const std::string& text : alarm_->OnQuality(report, evaluator_->class_names())) alarms_.push_back(text);
    return absl::OkStatus();
  }

  absl::Status MakeEvaluator() {
    GANSERVE_ASSIGN_OR_RETURN(Evaluator evaluator, Evaluator::Create(settings_, data_));
    evaluator_.emplace(std::move(evaluator));
    return absl::OkStatus();
  }

  // What has become alarming in this step.
  absl::Status RaiseAlarms() {
    if (alarms_.empty()) return absl::OkStatus();
    const std::string text = absl::StrJoin(alarms_, "; ");
    alarms_.clear();
    console_.Line(absl::StrCat("Warning: ", text));
    return history_.RecordAlarm(step_, text);
  }

  absl::Status Report() {
    const LossSums::Means losses = gan_->TakeLosses();
    const double rate = pace_.TakeStepsPerSecond();
    LossReport report;
    report.epoch = length_.EpochOf(step_);
    report.epochs = length_.EpochOf(length_.steps);
    report.batch = length_.BatchOf(step_);
    report.batches = length_.batches;
    report.discriminator_loss = losses.discriminator;
    report.generator_loss = losses.generator;
    report.real_score = losses.real_score;
    report.fake_score = losses.fake_score;
    report.discriminator_gradient_norm = losses.discriminator_gradient_norm;
    report.generator_gradient_norm = losses.generator_gradient_norm;
    report.steps_left = length_.steps - step_;
    report.images_per_second = rate * settings_.batch_size;
    report.eta_seconds = rate > 0 ? static_cast<double>(report.steps_left) / rate : 0;
    console_.Line(FormatLossLine(report));
    GANSERVE_RETURN_IF_ERROR(history_.RecordLosses(step_, report));
    if (const std::optional<std::string> alarm = alarm_->OnDiscriminatorLoss(losses.discriminator)) {
      alarms_.push_back(*alarm);
    }
    return absl::OkStatus();
  }

  absl::StatusOr<CheckpointFacts> WriteCheckpoint() {
    const Clock::TimePoint start = Clock::Real().Now();
    gan_->SetNotes(EncodeAlarmState(alarm_->state()));
    GANSERVE_ASSIGN_OR_RETURN(const std::string contents, gan_->Save());
    GANSERVE_ASSIGN_OR_RETURN(CheckpointFacts checkpoint, job_.PublishCheckpoint(step_, contents));
    checkpoint.seconds = std::chrono::duration<double>(Clock::Real().Now() - start).count();
    saved_ = step_;
    return checkpoint;
  }

  // Does nothing when what stands on disk is this very state.
  absl::Status SaveCheckpoint() {
    if (saved_ == step_) return absl::OkStatus();
    GANSERVE_ASSIGN_OR_RETURN(const CheckpointFacts checkpoint, WriteCheckpoint());
    GANSERVE_RETURN_IF_ERROR(history_.RecordCheckpoint(step_, checkpoint));
    const auto& best = history_.best();
    job_.RemoveOldCheckpoints(settings_.kept_checkpoints, best ? std::optional(best->step) : std::nullopt);
    return absl::OkStatus();
  }

  absl::Status Sample() {
    GANSERVE_ASSIGN_OR_RETURN(const std::string png,
                              SampleGridPng(*gan_->AveragedGenerator(settings_.seed), settings_.seed));
    return job_.PublishSample(step_, png);
  }

  // The generator of the last step or, if generators were evaluated, the best of them. Returns its step.
  absl::StatusOr<uint64_t> Export() {
    Provenance provenance = origin_;
    provenance.step = step_;
    if (history_.best()) {
      provenance.step = history_.best()->step;
      provenance.fid = history_.best()->fid;
    }
    provenance.created = UtcNow();
    absl::StatusOr<std::shared_ptr<GeneratorNetwork>> generator = GeneratorAt(provenance.step);
    if (!generator.ok()) {
      GANSERVE_RETURN_IF_ERROR(
          history_.RecordLog(step_, absl::StrCat("Exporting the last generator, as the best can't be read: ",
                                                 std::string(generator.status().message()))));
      provenance.step = step_;
      provenance.fid.reset();
      generator = gan_->AveragedGenerator(settings_.seed);
    }
    GANSERVE_RETURN_IF_ERROR(job_.PublishExport(
        provenance.step, step_, [&](const std::string& path) { return ExportGenerator(**generator, path); },
        ModelJson(settings_, provenance)));
    return provenance.step;
  }

  absl::StatusOr<std::shared_ptr<GeneratorNetwork>> GeneratorAt(uint64_t step) const {
    if (step == step_) return gan_->AveragedGenerator(settings_.seed);
    GANSERVE_ASSIGN_OR_RETURN(const Checkpoint checkpoint, FindCheckpoint(job_.path(), step));
    TrainSettings settings = settings_;
    return AveragedGeneratorOf(checkpoint, &settings);
  }

  const TrainSettings& settings_;
  const torch::Device device_;
  const ImageSet& data_;
  const std::string data_digest_;
  const Provenance& origin_;
  const std::atomic<bool>& stop_;
  JobDirectory& job_;
  JobHistory& history_;
  TrainConsole& console_;
  const TrainLength length_;
  std::unique_ptr<Gan> gan_;       // from the first look for a checkpoint on
  uint64_t step_ = 0;              // steps done since the start of the job
  std::optional<uint64_t> saved_;  // step of the checkpoint that holds the present state, if there is one
  TrainPace pace_;
  std::optional<Evaluator> evaluator_;        // from the first evaluation on
  std::optional<CollapseAlarm> alarm_;        // from the first look for a checkpoint on
  std::vector<std::string> alarms_;           // of this step, not yet told
  std::unique_ptr<BatchPrefetcher> batches_;  // from step_ on; null before the first checkpoint was looked for
};

}  // namespace

absl::StatusOr<TrainOutcome> Train(const TrainSettings& settings, const ImageSet& data, const Provenance& origin,
                                   const std::atomic<bool>& stop, JobDirectory* job, TrainConsole* console) try {
  GANSERVE_RETURN_IF_ERROR(CheckFillsABatch(settings, data.count()));
  return Trainer(settings, data, origin, stop, job, console).Run();
} catch (const std::exception& error) {
  return absl::InternalError(absl::StrCat("torch failed: ", error.what()));
}

}  // namespace ganserve
