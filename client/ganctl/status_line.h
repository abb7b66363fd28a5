// A line at the bottom of a terminal that is drawn over and over.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>

namespace ganserve::ganctl {

// On standard error if that is a terminal, else nothing. Not thread-safe.
class StatusLine {
 public:
  StatusLine();
  // Removes the line.
  ~StatusLine();

  // Whether there is a terminal and the line was last drawn a tenth of a second ago or longer, or never.
  bool Due() const;

  // The longest text that is not cut. A text as wide as the terminal would wrap, and a wrapped line cannot be removed.
  static size_t Columns();

  // Draws the text, cut to the width of the terminal.
  void Draw(const std::string& text);

  // Draws the text if that is due, else leaves it to the next Redraw.
  void Update(const std::string& text);

  // Before something else is printed; Redraw draws the newest text below it.
  void Remove();
  void Redraw();

 private:
  const bool visible_;
  std::string text_;
  std::chrono::steady_clock::time_point drawn_;
};

}  // namespace ganserve::ganctl
