#include "server/option_table.h"

#include <algorithm>
#include <array>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"

namespace ganserve {
namespace {

constexpr int64_t kSecond = 1000;  // durations are in milliseconds
constexpr int64_t kHour = 3600 * kSecond;
constexpr int64_t kDay = 24 * kHour;
constexpr int64_t kKiB = 1 << 10;
constexpr int64_t kMiB = 1 << 20;
constexpr OptionUnit kImages = OptionUnit::kImages;
constexpr OptionUnit kBytes = OptionUnit::kBytes;

using Options = ServerOptions;

// Upper ends are where a value stops being a choice and is a slip of the keyboard; those of bytes also keep below what
// protobuf can carry in one message (2 GiB).
constexpr OptionSpec kTable[] = {
    {"Addresses", "listen", "HOST:PORT", &Options::listen, "Where gRPC listens. Port 0 takes a free one."},
    {"Addresses", "metrics-listen", "HOST:PORT|off", &Options::metrics_listen,
     "Where HTTP answers /metrics for Prometheus; HOST is an IPv4 address or a name. Empty: nowhere, like off."},
    {"Addresses", "health-listen", "HOST:PORT|off", &Options::health_listen,
     "Where grpc.health.v1 alone answers, without TLS, for probes; from before the models are loaded until the process "
     "ends. Empty: nowhere, like off."},
    {"Addresses", "reflection", "on|off", &Options::reflection, "Whether gRPC reflection describes the service."},

    {"Models", "models", "DIR", &Options::models,
     "Model repository, DIR/<model>/<version>/model.pt. Empty: the embedded default model."},
    {"Models", "default-model", "NAME", &Options::default_model,
     "The model of requests that name none. Empty: the only one; of several, none: such requests are refused."},
    {"Models", "versions-per-model", "N", &Options::versions_per_model,
     "How many versions of a model are kept loaded, newest first.", 1, 1024},
    {"Models", "models-poll-interval", "DURATION", &Options::models_poll_interval,
     "How often the repository is looked at for what other servers or people have changed. 0: never.", 0, 1 * kHour},

    {"Training", "jobs", "DIR", &Options::jobs,
     "Folder of the training jobs, which one server at a time has. Empty: this server does not train."},
    {"Training", "data-root", "DIR", &Options::data_root, "Folder of the data sets that jobs name. Needed by --jobs."},
    {"Training", "trainer", "FILE", &Options::trainer,
     "The ganserve-trainer executable. Empty: the one beside this executable."},
    {"Training", "external-trainers", "on|off", &Options::external_trainers,
     "Jobs are trained by `ganserve-trainer work` or `run` in other pods; this server starts no trainer."},
    {"Training", "max-running-jobs", "N", &Options::max_running_jobs, "Jobs that train at a time.", 1, 64},
    {"Training", "max-queued-jobs", "N", &Options::max_queued_jobs, "Jobs that wait for their turn.", 1, 10'000},
    {"Training", "max-jobs", "N", &Options::max_jobs, "Jobs in all, with those that have ended.", 1, 100'000},
    {"Training", "trainer-device", "cpu|cuda:N|auto", &Options::trainer_device,
     "Where trainers run. On a GPU that serves as well they take time and memory from serving."},
    {"Training", "trainer-niceness", "N", &Options::trainer_niceness,
     "How far trainers stand back behind the server, see nice(1).", 0, 19},
    {"Training", "trainer-stop-grace", "DURATION", &Options::trainer_stop_grace,
     "Time that a trainer gets for its last checkpoint when it is to stop.", 0, 1 * kHour},
    {"Training", "max-trainer-restarts", "N", &Options::max_trainer_restarts,
     "How often a trainer that dies is started again without a new checkpoint in between.", 0, 1000},
    {"Training", "trainer-memory-limit", "BYTES", &Options::trainer_memory_limit,
     "Private memory of each trainer, export and comparison; a job's memory_limit_bytes may be less.", 0,
     int64_t{1} << 50, kBytes, "none"},

    {"Computation", "device", "auto|cpu|cuda:N", &Options::device,
     "Where generators run. auto: a GPU if there is one."},
    {"Computation", "workers", "N", &Options::workers, "Threads that run generators.", 0, 1024, OptionUnit::kNone,
     "one per core of the CPU quota; one per GPU"},
    {"Computation", "max-batch-images", "N", &Options::max_batch_images, "Images of one forward pass.", 0, 4096,
     kImages, "16 on a CPU, 256 on a GPU"},
    {"Computation", "max-queue-images", "N", &Options::max_queue_images,
     "Images that may wait. Beyond, calls are refused with RESOURCE_EXHAUSTED.", 1, 100'000'000, kImages},
    {"Computation", "memory-limit", "BYTES", &Options::memory_limit,
     "Memory that the server makes do with: it takes smaller batches, refuses calls, or does not start.", 0,
     int64_t{1} << 50, kBytes, "the smallest limit of its cgroups, or the machine's memory"},

    {"Limits of a call", "max-images-per-call", "N", &Options::max_images_per_call, "Images of one Generate.", 1,
     1'000'000, kImages},
    {"Limits of a call", "max-response-bytes", "BYTES", &Options::max_response_bytes,
     "Estimated answer of one Generate.", 64 * kKiB, 1024 * kMiB, kBytes},
    {"Limits of a call", "max-images-per-stream", "N", &Options::max_images_per_stream, "Images of one GenerateStream.",
     1, 4'294'967'295, kImages},
    {"Limits of a call", "stream-window-images", "N", &Options::stream_window_images,
     "Images that a stream may be ahead of its reader.", 0, 1'000'000, kImages, "4 batches"},
    {"Limits of a call", "max-receive-bytes", "BYTES", &Options::max_receive_bytes,
     "Largest request message; requests are small.", 1 * kKiB, 64 * kMiB, kBytes},

    {"Connections", "max-streams-per-connection", "N", &Options::max_streams_per_connection,
     "Calls in flight on one connection.", 1, 1'000'000},
    {"Connections", "keepalive-time", "DURATION", &Options::keepalive_time, "A silent connection is pinged after this.",
     1 * kSecond, 1 * kDay},
    {"Connections", "keepalive-timeout", "DURATION", &Options::keepalive_timeout,
     "A connection that leaves a ping unanswered for this is closed.", 100, 1 * kHour},
    {"Connections", "keepalive-min-client-interval", "DURATION", &Options::keepalive_min_client_interval,
     "Clients that ping more often are disconnected; ganctl pings every 30s.", 0, 1 * kDay},
    {"Connections", "max-connection-age", "DURATION", &Options::max_connection_age,
     "Connections are closed after this, so that clients spread over new replicas.", 0, 24 * kDay, OptionUnit::kNone,
     "never"},
    {"Connections", "max-connection-age-grace", "DURATION", &Options::max_connection_age_grace,
     "What calls in flight get to finish then.", 0, 1 * kDay},

    {"Stopping", "drain-grace", "DURATION", &Options::drain_grace,
     "After SIGTERM, calls are still accepted for this while health says NOT_SERVING.", 0, 1 * kHour},
    {"Stopping", "drain-timeout", "DURATION", &Options::drain_timeout,
     "Accepted calls that are not finished after this are cancelled.", 0, 1 * kDay},

    {"Access", "tls-cert", "FILE", &Options::tls_cert,
     "Certificate chain, PEM. Turns TLS on. Reloaded when it changes."},
    {"Access", "tls-key", "FILE", &Options::tls_key, "Private key of the certificate, PEM, without a passphrase."},
    {"Access", "tls-client-ca", "FILE", &Options::tls_client_ca,
     "Authorities of client certificates, PEM. Turns mutual TLS on."},
    {"Access", "tls-reload-interval", "DURATION", &Options::tls_reload_interval,
     "Changed TLS files are noticed by the first connection after this. 0: at every connection.", 0, 1 * kDay},
    {"Access", "token-file", "GROUP=FILE", &Options::token_file,
     "Bearer tokens of 16 to 4096 characters, one a line, for the methods of GROUP: generate (Generate, "
     "GenerateStream), info (GetServerInfo, turns reflection off) or admin (training and models; closed without tokens "
     "if others have some, or beyond "
     "loopback). Repeatable; in the environment and in one value, separated by commas. Health stays open."},
    {"Access", "token-reload-interval", "DURATION", &Options::token_reload_interval,
     "Changed token files are noticed by the first call after this. 0: at every call.", 0, 1 * kDay},
    {"Access", "allow-insecure-tokens", "on|off", &Options::allow_insecure_tokens,
     "Accept tokens without TLS beyond loopback: only where something in front ends TLS."},

    {"Logging", "log-format", "text|json", &Options::log_format, "Lines for a person or for a machine, on stderr."},
    {"Logging", "log-level", "debug|info|warning|error", &Options::log_level,
     "The least severe that is logged; debug has every call."},
};

}  // namespace

std::span<const OptionSpec> OptionTable() { return kTable; }

std::string EnvironmentName(absl::string_view option_name) {
  return absl::StrCat("GANSERVE_", absl::AsciiStrToUpper(absl::StrReplaceAll(option_name, {{"-", "_"}})));
}

}  // namespace ganserve
