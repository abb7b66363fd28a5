// What ganserve can be told, and how it is told: by flag (--listen), environment variable (GANSERVE_LISTEN) or file
// (--config, `listen = "..."`). A flag wins over the environment, that over the file, that over the default here.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "server/log/log.h"

namespace ganserve {

// Methods whose callers must present a token of `path` (one token a line): group "generate", "info" or "admin".
struct TokenFileOption {
  std::string group;
  std::string path;
};

// Names are those of the options, `_` for `-`. Ranges stand in server/option_table.cc and in --help.
struct ServerOptions {
  // Addresses, as host:port. Port 0 takes a free one.
  std::string listen = "127.0.0.1:50051";
  std::string metrics_listen = "127.0.0.1:9464";  // empty: no metrics over HTTP
  std::string health_listen;                      // empty: no port for health alone
  bool reflection = true;

  // Models.
  std::string models;         // the repository's folder; empty: the embedded default model
  std::string default_model;  // empty: the only one; of several, one must be named
  int64_t versions_per_model = 4;
  std::chrono::milliseconds models_poll_interval{2'000};  // 0: never

  // Training. No jobs: this server does not train.
  std::string jobs;       // folder of all jobs
  std::string data_root;  // folder of data sets
  std::string trainer;    // the executable; empty: ganserve-trainer beside this one
  bool external_trainers = false;
  int64_t max_running_jobs = 1;
  int64_t max_queued_jobs = 100;
  int64_t max_jobs = 1000;
  std::string trainer_device = "cpu";  // cpu, cuda:N or auto
  int64_t trainer_niceness = 19;
  std::chrono::milliseconds trainer_stop_grace{20'000};
  int64_t max_trainer_restarts = 5;
  int64_t trainer_memory_limit = 0;  // bytes, of each process that the server starts; 0: none

  // Computation.
  std::string device = "auto";   // auto, cpu or cuda:N
  int64_t workers = 0;           // 0: from the CPU quota, or one per GPU
  int64_t max_batch_images = 0;  // 0: by the device, see BatchImages
  int64_t max_queue_images = 16384;
  int64_t memory_limit = 0;  // bytes; 0: the cgroup's limit or the machine's memory

  // One call.
  int64_t max_images_per_call = 1024;
  int64_t max_response_bytes = 16 << 20;
  int64_t max_images_per_stream = 10'000'000;
  int64_t stream_window_images = 0;  // 0: four batches, see StreamWindowImages
  int64_t max_receive_bytes = 64 << 10;

  // Connections. 0 is "unlimited" for the age.
  int64_t max_streams_per_connection = 1024;
  std::chrono::milliseconds keepalive_time{60'000};
  std::chrono::milliseconds keepalive_timeout{20'000};
  std::chrono::milliseconds keepalive_min_client_interval{10'000};
  std::chrono::milliseconds max_connection_age{0};
  std::chrono::milliseconds max_connection_age_grace{30'000};

  // Stopping. Together below the 30 s that Kubernetes grants a pod.
  std::chrono::milliseconds drain_grace{2'000};
  std::chrono::milliseconds drain_timeout{25'000};

  // Who may call.
  std::string tls_cert;
  std::string tls_key;
  std::string tls_client_ca;
  std::chrono::milliseconds tls_reload_interval{10'000};
  std::vector<TokenFileOption> token_file;
  std::chrono::milliseconds token_reload_interval{10'000};
  bool allow_insecure_tokens = false;

  LogFormat log_format = LogFormat::kText;
  LogLevel log_level = LogLevel::kInfo;
};

// The options that 0 leaves to the device: 16 images on a CPU keep every worker's batch in its cache, 256 fill a GPU.
int64_t BatchImages(const ServerOptions& options, bool cuda);
int64_t StreamWindowImages(const ServerOptions& options, bool cuda);

struct CommandLine {
  ServerOptions options;
  // Not empty for --help, --version and --print-config: what to print to stdout before leaving with 0.
  std::string answer;
};

// Reads flags, environment and file. Every fault is found in one go: the status is INVALID_ARGUMENT and its message has
// one line per fault, with the option, where it was given, the value and what is allowed.
absl::StatusOr<CommandLine> ParseServerOptions(int argc, const char* const* argv);

// The effective configuration, option by option, for the log. Options hold paths of secrets, never secrets.
std::vector<std::pair<std::string, std::string>> DescribeOptions(const ServerOptions& options);

}  // namespace ganserve
