#include "server/train/script_writer.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace ganserve {
namespace {

// A copy, so that the file neither shares storage with the trainer nor carries a memory format of its own.
torch::Tensor Stored(const torch::Tensor& tensor) { return tensor.detach().clone(at::MemoryFormat::Contiguous); }

}  // namespace

void ScriptWriter::Line(const std::string& statement) { absl::StrAppend(&body_, "    ", statement, "\n"); }

std::string ScriptWriter::AddParameter(const std::string& name, const torch::Tensor& tensor) {
  module_.register_parameter(name, Stored(tensor), /*is_buffer=*/false);
  return "self." + name;
}

std::string ScriptWriter::AddBuffer(const std::string& name, const torch::Tensor& tensor) {
  module_.register_buffer(name, Stored(tensor));
  return "self." + name;
}

void ScriptWriter::Input(int latent_size, int classes, double scale) {
  Line(absl::StrFormat("x = torch.reshape(z, [z.size(0), %d])", latent_size));
  if (classes == 0) return;
  Line(absl::StrFormat("classes = torch.one_hot(labels, %d).to(x.dtype) * %.17g", classes, scale));
  Line("x = torch.cat([x, classes], 1)");
}

void ScriptWriter::ConvTranspose(const std::string& name, const torch::nn::ConvTranspose2d& layer) {
  const int64_t stride = layer->options.stride()->at(0);
  const int64_t padding = std::get<torch::ExpandingArray<2>>(layer->options.padding())->at(0);
  Line(absl::StrFormat("x = torch.conv_transpose2d(x, %1$s, None, [%2$d, %2$d], [%3$d, %3$d], [0, 0], 1, [1, 1])",
                       AddParameter(name + "_weight", layer->weight), stride, padding));
}

void ScriptWriter::Convolution(const std::string& name, const torch::nn::Conv2d& layer) {
  const int64_t padding = std::get<torch::ExpandingArray<2>>(layer->options.padding())->at(0);
  Line(absl::StrFormat("x = torch.conv2d(x, %1$s, %2$s, [1, 1], [%3$d, %3$d], [1, 1], 1)",
                       AddParameter(name + "_weight", layer->weight), AddParameter(name + "_bias", layer->bias),
                       padding));
}

void ScriptWriter::Linear(const std::string& name, const torch::nn::Linear& layer) {
  Line(absl::StrFormat("x = torch.linear(x, %s, %s)", AddParameter(name + "_weight", layer->weight),
                       AddParameter(name + "_bias", layer->bias)));
}

void ScriptWriter::BatchNorm(const std::string& name, const torch::nn::BatchNorm2d& layer) {
  Line(absl::StrFormat("x = torch.batch_norm(x, %s, %s, %s, %s, False, 0.1, %g, False)",
                       AddParameter(name + "_weight", layer->weight), AddParameter(name + "_bias", layer->bias),
                       AddBuffer(name + "_running_mean", layer->running_mean),
                       AddBuffer(name + "_running_var", layer->running_var), layer->options.eps()));
}

void ScriptWriter::Upsample() { Line("x = torch.upsample_nearest2d(x, None, [2.0, 2.0])"); }

std::string ScriptWriter::source() const {
  const char* arguments = takes_labels_ ? "self, z: Tensor, labels: Tensor" : "self, z: Tensor";
  return absl::StrCat("def forward(", arguments, ") -> Tensor:\n", body_, "    return x\n");
}

torch::jit::Module ScriptWriter::Build() {
  module_.define(source());
  module_.eval();
  return module_;
}

}  // namespace ganserve
