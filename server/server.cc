#include "server/server.h"

#include <algorithm>
#include <functional>
#include <utility>
#include <vector>

#include "server/base/clock.h"
#include "server/base/mutex.h"
#include "server/base/status_macros.h"
#include "server/base/ticker.h"
#include "server/first_models.h"
#include "server/image/png_encoder.h"
#include "server/job_exporter.h"
#include "server/jobs/generator_comparison.h"
#include "server/log/log.h"
#include "server/metrics/metrics_server.h"
#include "server/metrics/prometheus_metrics.h"
#include "server/model/loaded_models.h"
#include "server/model/model_admin_thread.h"
#include "server/model/model_switch.h"
#include "server/option_values.h"
#include "server/plan.h"
#include "server/rpc/credentials/server_credentials.h"
#include "server/rpc/credentials/token_authenticator.h"
#include "server/rpc/grpc_server.h"
#include "server/rpc/health_port.h"
#include "server/rpc/image_service.h"
#include "server/rpc/model_service.h"
#include "server/rpc/training_service.h"
#include "server/serving/batcher.h"
#include "server/training.h"

namespace ganserve {
namespace {

ModelSwitch::Options SwitchOptionsOf(const ServerOptions& options, const Device& device, Batcher& batcher,
                                     GeneratorExporter& exporter, std::function<void()> changed) {
  const ComparisonOptions comparison{EvaluatorPath(options), options.jobs, options.data_root,
                                     static_cast<uint64_t>(options.trainer_memory_limit)};
  return {.repository = options.models,
          .versions_per_model = static_cast<size_t>(options.versions_per_model),
          .load = LoaderFor(device),
          .warm_up = [&batcher](Generator& generator) { return batcher.WarmUp(generator); },
          .exporter = &exporter,
          .check_not_worse =
              [comparison](const std::string& job_id, const std::string& candidate, const std::string& incumbent,
                           const std::stop_token& stop) {
                return CheckNotWorse(comparison, job_id, candidate, incumbent, stop);
              },
          .changed = std::move(changed)};
}

TlsOptions TlsOptionsOf(const ServerOptions& options) {
  return {.cert_file = options.tls_cert,
          .key_file = options.tls_key,
          .client_ca_file = options.tls_client_ca,
          .reload_interval = options.tls_reload_interval};
}

absl::StatusOr<std::unique_ptr<TokenAuthenticator>> MakeAuthenticator(const ServerOptions& options) {
  std::vector<TokenFile> files;
  for (const TokenFileOption& file : options.token_file) files.push_back({file.group, file.path});
  const auto listen = ParseHostPort(options.listen);
  const bool open_admin = listen.ok() && IsLoopback(*listen);
  return TokenAuthenticator::Create(std::move(files), open_admin, options.token_reload_interval);
}

// gRPC's reflection service knows no tokens, so where GetServerInfo wants one there is no reflection.
bool ReflectionAllowed(const ServerOptions& options) {
  return options.reflection && std::none_of(options.token_file.begin(), options.token_file.end(),
                                            [](const TokenFileOption& file) { return file.group == "info"; });
}

constexpr char kImageService[] = "ganserve.v1.ImageService";
constexpr char kModelService[] = "ganserve.v1.ModelService";
constexpr char kTrainingService[] = "ganserve.v1.TrainingService";

std::vector<std::string> MethodNames() {
  return {"Generate",          "GenerateStream",  "GetServerInfo",        "TrainJob",
          "WatchTrainJob",     "GetTrainJob",     "ListTrainJobs",        "CancelTrainJob",
          "PauseTrainJob",     "ResumeTrainJob",  "DeleteTrainJob",       "ListModels",
          "ListModelVersions", "PromoteTrainJob", "ActivateModelVersion", "DeleteModelVersion"};
}

GrpcOptions GrpcOptionsOf(const ServerOptions& options) {
  return {.address = options.listen,
          .reflection = ReflectionAllowed(options),
          .max_receive_bytes = static_cast<int>(options.max_receive_bytes),
          .max_streams_per_connection = static_cast<int>(options.max_streams_per_connection),
          .keepalive_time = options.keepalive_time,
          .keepalive_timeout = options.keepalive_timeout,
          .keepalive_min_client_interval = options.keepalive_min_client_interval,
          .max_connection_age = options.max_connection_age,
          .max_connection_age_grace = options.max_connection_age_grace};
}

}  // namespace

// In the order of construction; destroyed in the reverse order, so that what is referred to lives longer.
struct Server::Parts {
  enum class Phase { kStarting, kStarted, kReady, kStopping };

  ServerOptions options;
  Mutex phase_mutex;
  Phase phase ABSL_GUARDED_BY(phase_mutex) = Phase::kStarting;
  PngEncoder encoder;
  std::unique_ptr<PrometheusMetrics> metrics;
  std::unique_ptr<MetricsServer> metrics_server;
  std::shared_ptr<grpc::ServerCredentials> credentials;
  std::unique_ptr<HealthPort> health_port;  // null: no port of its own for health
  std::unique_ptr<LoadedModels> models;
  std::unique_ptr<Batcher> batcher;
  std::unique_ptr<JobExporter> exporter;
  std::unique_ptr<ModelSwitch> model_switch;
  std::unique_ptr<ModelAdminThread> model_admin;
  std::unique_ptr<Ticker> model_poll;
  std::unique_ptr<TrainSupervisor> training;  // null: this server does not train
  std::unique_ptr<TokenAuthenticator> authenticator;
  std::unique_ptr<ImageService> image_service;
  std::unique_ptr<ModelService> model_service;
  std::unique_ptr<TrainingService> training_service;
  std::unique_ptr<GrpcServer> grpc;

  void MakeServices(const Plan& plan) {
    const CallEnvironment call{Clock::Real(), *metrics, *authenticator};
    image_service = std::make_unique<ImageService>(
        ServingEnvironment{.call = call,
                           .models = *models,
                           .batcher = *batcher,
                           .limits = plan.limits,
                           .description = {.version = GANSERVE_VERSION,
                                           .device = plan.device.name(),
                                           .workers = static_cast<uint32_t>(plan.batcher.workers)}});
    model_service = std::make_unique<ModelService>(ModelEnvironment{call, *model_admin});
    training_service = std::make_unique<TrainingService>(TrainingEnvironment{call, training.get()});
  }

  std::vector<GrpcServer::NamedService> Services() const {
    return {{kImageService, image_service.get()},
            {kModelService, model_service.get()},
            {kTrainingService, training_service.get()}};
  }

  absl::Status OpenHealthPort() {
    if (options.health_listen.empty()) return absl::OkStatus();
    GANSERVE_ASSIGN_OR_RETURN(
        health_port, HealthPort::Open(options.health_listen, {kImageService, kModelService, kTrainingService}));
    Log(LogLevel::kInfo, "health", {{"listen", health_port->address()}});
    return absl::OkStatus();
  }

  // Once everything else is.
  void AnnounceStarted() {
    {
      MutexLock lock(phase_mutex);
      phase = Phase::kStarted;
    }
    if (!models->CanServe()) LogAddresses(LogLevel::kWarning, "no model yet");
    AnnounceReadyWithModel();
  }

  // Whenever there may be a model. Any thread.
  void AnnounceReadyWithModel() {
    MutexLock lock(phase_mutex);
    if (phase != Phase::kStarted || !models->CanServe()) return;
    phase = Phase::kReady;
    metrics->SetReady(true);
    grpc->AnnounceReady();
    if (health_port != nullptr) health_port->AnnounceReady();
    LogAddresses(LogLevel::kInfo, "ready");
  }

  void AnnounceStop() {
    MutexLock lock(phase_mutex);
    phase = Phase::kStopping;
    metrics->SetReady(false);
    grpc->AnnounceStop();
    if (health_port != nullptr) health_port->AnnounceStop();
  }

  void LogAddresses(LogLevel level, const char* message) const {
    Log(level, message,
        {{"listen", grpc->address()},
         {"metrics", metrics_server == nullptr ? "" : metrics_server->address()},
         {"health", health_port == nullptr ? "" : health_port->address()}});
  }

  ~Parts() { Stop(); }

  // Also of a start that failed half-way.
  void Stop() {
    // Trainers write their checkpoints and exports end while calls finish; watches end, which would hold the calls'
    // end.
    if (training != nullptr) training->BeginStop();
    if (model_admin != nullptr) model_admin->BeginStop();
    if (grpc != nullptr) grpc->Shutdown(options.drain_timeout);
    if (training != nullptr) training->Close();
    // Before the batcher, on whose workers a version may be warming up.
    model_poll.reset();
    if (model_admin != nullptr) model_admin->Close();
    if (batcher != nullptr) batcher->Close();
  }

  // Once the start can no longer fail. The folder is looked at again and again, because inotify does not see what other
  // machines do on a network volume.
  void FollowRepository() {
    if (options.models.empty() || options.models_poll_interval.count() == 0) return;
    model_poll = std::make_unique<Ticker>(options.models_poll_interval, [this] { model_admin->Follow(); });
  }
};

absl::StatusOr<std::unique_ptr<Server>> Server::Load(const ServerOptions& options) {
  auto parts = std::make_unique<Parts>();
  parts->options = options;
  GANSERVE_ASSIGN_OR_RETURN(Plan plan, MakePlan(options));
  parts->metrics = std::make_unique<PrometheusMetrics>(PrometheusMetrics::Options{
      .methods = MethodNames(), .version = GANSERVE_VERSION, .torch = TorchVersion(), .device = plan.device.name()});
  if (!options.metrics_listen.empty()) {
    GANSERVE_ASSIGN_OR_RETURN(parts->metrics_server, MetricsServer::Create(options.metrics_listen, *parts->metrics));
  }
  GANSERVE_RETURN_IF_ERROR(parts->OpenHealthPort());
  GANSERVE_ASSIGN_OR_RETURN(parts->credentials, MakeServerCredentials(TlsOptionsOf(options)));
  GANSERVE_ASSIGN_OR_RETURN(parts->authenticator, MakeAuthenticator(options));
  std::vector<LoadedModels::Refused> refused;
  GANSERVE_ASSIGN_OR_RETURN(parts->models, LoadModels(options, plan.device, &refused));
  GANSERVE_ASSIGN_OR_RETURN(const auto versions, VersionsToPlanFor(*parts->models, plan.device));
  GANSERVE_RETURN_IF_ERROR(FitIntoMemory(versions, &plan));
  parts->metrics->SetMemory(plan.memory.bytes, plan.batcher.answers);
  GANSERVE_ASSIGN_OR_RETURN(parts->batcher,
                            Batcher::Create(plan.batcher, parts->encoder, *parts->metrics, Clock::Real()));
  GANSERVE_RETURN_IF_ERROR(WarmUp(*parts->batcher, *parts->models, &refused));
  parts->exporter = std::make_unique<JobExporter>(TrainerPath(options), options.jobs,
                                                  static_cast<uint64_t>(options.trainer_memory_limit));
  parts->model_switch =
      std::make_unique<ModelSwitch>(SwitchOptionsOf(options, plan.device, *parts->batcher, *parts->exporter,
                                                    [&parts = *parts] { parts.AnnounceReadyWithModel(); }),
                                    *parts->models, parts->metrics->models(), refused);
  parts->metrics->SetCapacity(plan.batcher.workers, plan.batcher.max_queue_images);
  parts->model_admin = std::make_unique<ModelAdminThread>(*parts->model_switch);
  if (!options.jobs.empty()) {
    GANSERVE_ASSIGN_OR_RETURN(parts->training, StartTraining(options, *parts->model_admin, parts->metrics->training()));
  }
  parts->MakeServices(plan);
  return std::unique_ptr<Server>(new Server(std::move(parts)));
}

absl::Status Server::Open() {
  GANSERVE_ASSIGN_OR_RETURN(parts_->grpc,
                            GrpcServer::Start(GrpcOptionsOf(parts_->options), parts_->credentials, parts_->Services()));
  parts_->FollowRepository();
  if (parts_->training != nullptr) parts_->training->Start();
  parts_->AnnounceStarted();
  return absl::OkStatus();
}

Server::Server(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

Server::~Server() = default;

void Server::AnnounceStop() { parts_->AnnounceStop(); }

void Server::Stop() { parts_->Stop(); }

}  // namespace ganserve
