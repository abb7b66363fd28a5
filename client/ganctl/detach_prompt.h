// What to do with a job when the one who follows it presses Ctrl-C.
#pragma once

#include <optional>
#include <stop_token>
#include <string>

namespace ganserve::ganctl {

class Interrupt;

enum class Parting {
  // Leave it running: chosen, or because there is nobody to ask, or no time for it.
  kDetachChosen,
  kDetach,
  kCancel,
};

// Asks at the terminal, after `interrupt` has requested a stop, and renews it: the next signal means kDetach. Standard
// input and error must be a terminal and the signal SIGINT; otherwise nobody is asked.
Parting AskHowToPart(const std::string& job_id, Interrupt& interrupt);

// A line from a file descriptor without its end; nothing at the end of the file, on an error, or once `stop` is
// requested.
std::optional<std::string> ReadLine(int fd, const std::stop_token& stop);

}  // namespace ganserve::ganctl
