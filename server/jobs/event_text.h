// Text in messages. A file's name, a library's message or the last bytes of what a trainer said need not be UTF-8, but
// Protobuf refuses to read a message back whose strings are not.
#pragma once

#include <google/protobuf/message.h>

namespace ganserve {

// Puts U+FFFD for each byte that is not UTF-8 into every string of the message and of those in it; `bytes` stay.
void MakeTextValid(google::protobuf::Message* message);

}  // namespace ganserve
