#include "server/option_rules.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "server/base/memory_limit.h"
#include "server/option_values.h"

namespace ganserve {
namespace {

using Faults = std::vector<std::string>;

void CheckListen(const ServerOptions& options, Faults* faults) {
  if (const auto parsed = ParseHostPort(options.listen); !parsed.ok()) {
    faults->push_back(absl::StrCat("--listen = \"", options.listen, "\": ", parsed.status().message()));
  }
}

// The HTTP server has no IPv6 (metrics/metrics_server.h).
void CheckMetricsListen(const ServerOptions& options, Faults* faults) {
  if (options.metrics_listen.empty()) return;
  const auto address = ParseHostPort(options.metrics_listen);
  if (!address.ok() || absl::StrContains(address->host, ':')) {
    faults->push_back(absl::StrCat("--metrics-listen = \"", options.metrics_listen,
                                   "\": must be HOST:PORT with an IPv4 address or a name and a port from 0 to 65535, "
                                   "such as 127.0.0.1:9464"));
  } else if (address->port != 0 && options.listen == options.metrics_listen) {
    faults->push_back(
        absl::StrCat("--metrics-listen = \"", options.metrics_listen, "\": is --listen's address as well"));
  }
}

void CheckHealthListen(const ServerOptions& options, Faults* faults) {
  if (options.health_listen.empty()) return;
  const std::string option = absl::StrCat("--health-listen = \"", options.health_listen, "\": ");
  const auto address = ParseHostPort(options.health_listen);
  if (!address.ok()) {
    faults->push_back(absl::StrCat(option, address.status().message(), ", or off"));
  } else if (address->port != 0 && options.health_listen == options.listen) {
    faults->push_back(absl::StrCat(option, "is --listen's address as well; health is answered there anyway"));
  } else if (address->port != 0 && options.health_listen == options.metrics_listen) {
    faults->push_back(absl::StrCat(option, "is --metrics-listen's address as well"));
  }
}

void CheckDevice(absl::string_view option, absl::string_view device, Faults* faults) {
  const absl::string_view index = absl::StartsWith(device, "cuda:") ? device.substr(5) : absl::string_view();
  // Three digits are more GPUs than a machine has.
  const bool cuda = !index.empty() && index.size() <= 3 && index.find_first_not_of("0123456789") == index.npos;
  if (device == "auto" || device == "cpu" || cuda) return;
  faults->push_back(absl::StrCat(option, " = \"", device, "\": must be auto, cpu or cuda:N with N from 0 to 999"));
}

void CheckModels(const ServerOptions& options, Faults* faults) {
  if (options.default_model.find('/') == std::string::npos) return;
  faults->push_back(
      absl::StrCat("--default-model = \"", options.default_model, "\": must be a model's name, without '/'"));
}

// `smaller` must not exceed `larger`.
void CheckOrder(absl::string_view smaller, int64_t smaller_images, absl::string_view larger, int64_t larger_images,
                Faults* faults) {
  if (smaller_images <= larger_images) return;
  faults->push_back(
      absl::StrCat("--", smaller, " = ", smaller_images, ": must not exceed --", larger, " = ", larger_images));
}

void CheckImages(const ServerOptions& options, Faults* faults) {
  CheckOrder("max-batch-images", options.max_batch_images, "max-queue-images", options.max_queue_images, faults);
  // A call must be able to enter an empty queue, else it would be refused for ever as if the server were busy.
  CheckOrder("max-images-per-call", options.max_images_per_call, "max-queue-images", options.max_queue_images, faults);
  CheckOrder("stream-window-images", options.stream_window_images, "max-queue-images", options.max_queue_images,
             faults);
  CheckOrder("max-images-per-call", options.max_images_per_call, "max-images-per-stream", options.max_images_per_stream,
             faults);
}

void CheckTls(const ServerOptions& options, Faults* faults) {
  if (options.tls_cert.empty() != options.tls_key.empty()) {
    const bool cert_given = options.tls_key.empty();
    faults->push_back(absl::StrCat("--tls-", cert_given ? "cert" : "key", " = \"",
                                   cert_given ? options.tls_cert : options.tls_key, "\": needs --tls-",
                                   cert_given ? "key" : "cert", " as well"));
  }
  if (!options.tls_client_ca.empty() && options.tls_cert.empty()) {
    faults->push_back(
        absl::StrCat("--tls-client-ca = \"", options.tls_client_ca, "\": mutual TLS needs --tls-cert and --tls-key"));
  }
}

void CheckTokens(const ServerOptions& options, Faults* faults) {
  const auto listen = ParseHostPort(options.listen);
  const bool exposed = listen.ok() && !IsLoopback(*listen) && options.tls_cert.empty();
  if (!options.token_file.empty() && exposed && !options.allow_insecure_tokens) {
    faults->push_back(absl::StrCat("--token-file with --listen = \"", options.listen,
                                   "\": tokens would cross the network in the clear; give --tls-cert and --tls-key, "
                                   "listen on loopback, or say --allow-insecure-tokens on"));
  }
}

void CheckTraining(const ServerOptions& options, Faults* faults) {
  if (options.external_trainers && options.jobs.empty()) {
    faults->push_back("--external-trainers = on: needs --jobs as well");
  }
  if (const auto bytes = static_cast<uint64_t>(options.trainer_memory_limit);
      bytes > 0 && bytes < kMinTrainerMemoryBytes) {
    faults->push_back(
        absl::StrCat("--trainer-memory-limit = ", bytes, ": must be 0 (none) or at least ", kMinTrainerMemoryBytes));
  }
  if (options.jobs.empty() == options.data_root.empty()) return;
  const bool jobs_given = !options.jobs.empty();
  faults->push_back(absl::StrCat(jobs_given ? "--jobs" : "--data-root", " = \"",
                                 jobs_given ? options.jobs : options.data_root, "\": needs ",
                                 jobs_given ? "--data-root" : "--jobs", " as well"));
}

}  // namespace

std::vector<std::string> BrokenOptionRules(const ServerOptions& options) {
  Faults faults;
  CheckListen(options, &faults);
  CheckMetricsListen(options, &faults);
  CheckHealthListen(options, &faults);
  CheckModels(options, &faults);
  CheckDevice("--device", options.device, &faults);
  CheckDevice("--trainer-device", options.trainer_device, &faults);
  CheckImages(options, &faults);
  CheckTls(options, &faults);
  CheckTraining(options, &faults);
  CheckTokens(options, &faults);
  return faults;
}

}  // namespace ganserve
