#include "server/jobs/event_text.h"

#include <google/protobuf/descriptor.h>

#include <vector>

#include "server/base/utf8.h"

namespace ganserve {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

void MakeStringsValid(const FieldDescriptor* field, Message* message) {
  const auto* reflection = message->GetReflection();
  if (!field->is_repeated()) {
    return reflection->SetString(message, field, ToValidUtf8(reflection->GetString(*message, field)));
  }
  for (int i = 0; i < reflection->FieldSize(*message, field); ++i) {
    const std::string text = reflection->GetRepeatedString(*message, field, i);
    reflection->SetRepeatedString(message, field, i, ToValidUtf8(text));
  }
}

void MakeMessagesValid(const FieldDescriptor* field, Message* message) {
  const auto* reflection = message->GetReflection();
  if (!field->is_repeated()) return MakeTextValid(reflection->MutableMessage(message, field));
  for (int i = 0; i < reflection->FieldSize(*message, field); ++i) {
    MakeTextValid(reflection->MutableRepeatedMessage(message, field, i));
  }
}

}  // namespace

void MakeTextValid(Message* message) {
  std::vector<const FieldDescriptor*> fields;
  message->GetReflection()->ListFields(*message, &fields);
  for (const FieldDescriptor* field : fields) {
    if (field->type() == FieldDescriptor::TYPE_STRING) MakeStringsValid(field, message);
    if (field->type() == FieldDescriptor::TYPE_MESSAGE) MakeMessagesValid(field, message);
  }
}

}  // namespace ganserve
