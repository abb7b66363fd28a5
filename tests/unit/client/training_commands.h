// Runs ganctl against a server with a training job.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/support/temporary_folder.h"
#include "tests/unit/client/fake_training_service.h"
#include "tests/unit/client/ganctl_process.h"

namespace ganserve::ganctl {

class TrainingCommandsTest : public testing::Test {
 protected:
  int Run(const std::vector<std::string>& arguments) {
    GanctlProcess process(arguments, Environment());
    const int code = process.Wait();
    out_ = process.out();
    err_ = process.err();
    return code;
  }

  std::vector<std::string> Environment() const {
    return {"GANSERVE_SERVER=" + server_.address(), "GANSERVE_CLIENT_ATTEMPTS=1"};
  }

  // A job with four loss events that ends in `state`.
  void WriteJob(v1::TrainJobState state, const std::string& message = "") {
    training().Append(client::StateEvent(v1::TRAIN_JOB_STATE_RUNNING));
    for (uint64_t step : {100, 200, 1038, 2076}) {
      training().Append(client::LossEvent(step, 0.69314, 1.204 + static_cast<double>(step)));
    }
    training().Append(client::TerminalEvent(state, message));
  }

  client::FakeTrainingService& training() { return server_.training(); }

  client::FakeTrainingServer server_;
  const TemporaryFolder temporary_folder_;
  const std::string& folder_ = temporary_folder_.path();
  std::string out_;
  std::string err_;
};

}  // namespace ganserve::ganctl
