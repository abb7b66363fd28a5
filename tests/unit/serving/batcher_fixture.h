// A batcher among fakes. Workers are brought to a known point by holding the generator: a job that is submitted while
// all workers stand still in a forward pass stays queued for certain.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "server/serving/batcher.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_encoder.h"
#include "tests/support/fake_generator.h"
#include "tests/support/recording_job.h"
#include "tests/support/recording_metrics.h"

namespace ganserve {

using JobPointer = std::shared_ptr<RecordingJob>;

class BatcherFixture {
 protected:
  void Start(const Batcher::Options& options) {
    auto batcher = Batcher::Create(options, encoder_, metrics_, clock_);
    ASSERT_TRUE(batcher.ok()) << batcher.status();
    batcher_ = *std::move(batcher);
  }

  JobPointer MakeJob(const GenerateSpec& spec) const { return std::make_shared<RecordingJob>(generator_, spec); }

  JobPointer Submit(const GenerateSpec& spec) {
    JobPointer job = MakeJob(spec);
    const absl::Status status = batcher_->Submit(job);
    EXPECT_TRUE(status.ok()) << status;
    return job;
  }

  // Keeps `workers` workers standing still in a forward pass of one image each.
  std::vector<JobPointer> HoldWorkers(size_t workers) {
    generator_->Hold();
    std::vector<JobPointer> jobs;
    for (size_t i = 0; i < workers; ++i) {
      jobs.push_back(Submit({.seed = 1'000'000 + i, .count = 1}));
      generator_->WaitForHeld(i + 1);
    }
    return jobs;
  }

  // Every image of the job came once and is the right one.
  void ExpectComplete(RecordingJob& job) const {
    EXPECT_EQ(job.WaitDone(), absl::OkStatus());
    EXPECT_EQ(job.done_calls(), 1);
    EXPECT_EQ(job.wrong_images(), 0u);
    const auto images = job.images();
    EXPECT_EQ(images.size(), job.spec().count);
    const auto& generator = static_cast<const FakeGenerator&>(job.generator());
    for (const auto& [offset, image] : images) {
      const auto pixels = generator.PixelsOf(job.spec().seed, job.spec().first_index + offset, image.label);
      EXPECT_EQ(image.data, FakeEncoder::Encoded(job.spec().format, pixels)) << "image " << offset;
    }
  }

  FakeClock clock_;
  FakeEncoder encoder_;
  RecordingMetrics metrics_;
  std::shared_ptr<FakeGenerator> generator_ = std::make_shared<FakeGenerator>();
  std::unique_ptr<Batcher> batcher_;  // last: it uses the others until it is gone
};

class BatcherTest : public BatcherFixture, public ::testing::Test {};

}  // namespace ganserve
