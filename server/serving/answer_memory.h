// What the answers of accepted calls may take together.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>

namespace ganserve {

// Any thread.
class AnswerMemory {
 public:
  explicit AnswerMemory(uint64_t budget_bytes) : budget_bytes_(budget_bytes) {}

  // A part of it, given back when this goes. Movable.
  class Hold {
   public:
    Hold() = default;
    Hold(std::shared_ptr<AnswerMemory> memory, uint64_t bytes) : memory_(std::move(memory)), bytes_(bytes) {
      memory_->held_bytes_.fetch_add(bytes_, std::memory_order_relaxed);
    }
    ~Hold() {
      if (memory_ != nullptr) memory_->held_bytes_.fetch_sub(bytes_, std::memory_order_relaxed);
    }
    Hold(Hold&& other) noexcept : memory_(std::move(other.memory_)), bytes_(other.bytes_) {}
    Hold& operator=(Hold&& other) noexcept {
      std::swap(memory_, other.memory_);
      std::swap(bytes_, other.bytes_);
      return *this;
    }

   private:
    std::shared_ptr<AnswerMemory> memory_;
    uint64_t bytes_ = 0;
  };

  uint64_t budget_bytes() const { return budget_bytes_; }
  uint64_t held_bytes() const { return held_bytes_.load(std::memory_order_relaxed); }

 private:
  const uint64_t budget_bytes_;
  std::atomic<uint64_t> held_bytes_ = 0;
};

}  // namespace ganserve
