// A pseudo terminal, as a person at a keyboard sees it.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdint>
#include <string>

#include "server/base/unique_fd.h"
#include "tests/unit/client/ganctl_process.h"

namespace ganserve::ganctl {

class Terminal {
 public:
  // Of the usual width if `columns` is 0.
  explicit Terminal(uint16_t columns = 0) : master_(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)) {
    EXPECT_EQ(::grantpt(master_.get()), 0);
    EXPECT_EQ(::unlockpt(master_.get()), 0);
    char name[64] = "";
    EXPECT_EQ(::ptsname_r(master_.get(), name, sizeof(name)), 0);
    name_ = name;
    const winsize size = {.ws_row = 24, .ws_col = columns, .ws_xpixel = 0, .ws_ypixel = 0};
    EXPECT_EQ(::ioctl(master_.get(), TIOCSWINSZ, &size), 0);
    // Held open, so that reading waits for a program that has not opened it yet.
    slave_ = UniqueFd(::open(name, O_RDWR | O_NOCTTY | O_CLOEXEC));
  }

  // For a process all of whose standard streams it is.
  Streams streams() const { return {name_, name_, name_}; }
  const std::string& name() const { return name_; }

  // Reads until the text is on the screen.
  void WaitFor(const std::string& text) {
    while (screen_.find(text) == std::string::npos) {
      char c = 0;
      if (::read(master_.get(), &c, 1) != 1) {
        ADD_FAILURE() << "\"" << text << "\" never came, but: " << screen_;
        return;
      }
      screen_ += c;
    }
  }

  // All that programs have written to it, the last of which has ended.
  const std::string& WholeScreen() {
    slave_ = UniqueFd();
    char c = 0;
    while (::read(master_.get(), &c, 1) == 1) screen_ += c;
    return screen_;
  }

  void Type(const std::string& text) {
    EXPECT_EQ(::write(master_.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }

 private:
  UniqueFd master_;
  UniqueFd slave_;
  std::string name_;
  std::string screen_;
};

}  // namespace ganserve::ganctl
