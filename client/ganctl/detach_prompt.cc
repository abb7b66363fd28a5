#include "client/ganctl/detach_prompt.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>

#include "client/ganctl/interrupt.h"
#include "server/base/unique_fd.h"

namespace ganserve::ganctl {

Parting AskHowToPart(const std::string& job_id, Interrupt& interrupt) {
  const bool somebody = interrupt.by_keyboard() && ::isatty(STDIN_FILENO) == 1 && ::isatty(STDERR_FILENO) == 1;
  if (!somebody) return Parting::kDetach;
  const std::stop_token stop = interrupt.Renew();
  while (true) {
    std::fprintf(stderr, "\nJob %s is still at work: d to detach, c to cancel it? ", job_id.c_str());
    const std::optional<std::string> answer = ReadLine(STDIN_FILENO, stop);
    if (!answer) {
      std::fputs("\n", stderr);
      return Parting::kDetach;
    }
    if (*answer == "d") return Parting::kDetachChosen;
    if (*answer == "c") return Parting::kCancel;
  }
}

std::optional<std::string> ReadLine(int fd, const std::stop_token& stop) {
  const UniqueFd stopped(::eventfd(0, EFD_CLOEXEC));
  if (!stopped.valid()) return std::nullopt;
  const std::stop_callback on_stop(stop, [&stopped] { ::eventfd_write(stopped.get(), 1); });
  std::string line;
  while (true) {
    pollfd events[] = {{fd, POLLIN, 0}, {stopped.get(), POLLIN, 0}};
    // Never EINTR: the signals that are handled are blocked.
    if (::poll(events, 2, -1) < 0 || events[1].revents != 0) return std::nullopt;
    char c = 0;
    if (::read(fd, &c, 1) != 1) return std::nullopt;
    if (c == '\n') return line;
    line += c;
  }
}

}  // namespace ganserve::ganctl
