/// Stage: one step of a lane between the input and the outcome (enrich, feature, model, decide).
///
/// A stage adds columns to a Batch, row by row in the order of the partition, and changes its state
/// on the way. Its state is plain bytes that the lane owns (lane/state.h), so that the lane can
/// look keys up once, prefetch, bound, snapshot and restore without asking any stage:
///  - per key: `key_bytes` at `StateView::key(slot)`, zero-filled when the key is new;
///  - per lane: `lane_bytes` at `StateView::lane()`, zero-filled in an empty lane.
/// Both are 8-byte aligned. Everything that influences a result lives there, nothing in members;
/// so a result depends on the input alone, never on how rows were batched or where a crash fell.
///
/// Threads: a Stage belongs to one lane, and one thread at a time calls it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "ouzel/base/types.h"
#include "ouzel/batch/batch.h"

namespace ouzel {

/// How many bytes of state a stage needs; multiples of 8.
struct StateNeed {
  std::size_t key_bytes = 0;
  std::size_t lane_bytes = 0;
};

/// A stage's part of the lane's state. Pointers are valid during one `run`.
class StateView {
 public:
  /// `rows[i]` is the whole state of the key of batch row i (all stages); a stage's part starts at
  /// `offset`.
  StateView(std::byte* const* rows, std::size_t offset, std::byte* lane)
      : rows_(rows), offset_(offset), lane_(lane) {}
  /// State of the key in row `row` of the batch being run.
  template <class T>
  T* key(std::size_t row) const {
    return reinterpret_cast<T*>(rows_[row] + offset_);
  }
  template <class T>
  T* lane() const {
    return reinterpret_cast<T*>(lane_);
  }

 private:
  std::byte* const* rows_;
  std::size_t offset_;
  std::byte* lane_;
};

/// What a stage reads and adds, by name: lint proves the wiring before the start.
struct Wiring {
  std::vector<std::string> reads;
  std::vector<std::string> adds;
};

class Stage {
 public:
  virtual ~Stage() = default;
  virtual std::string_view name() const = 0;
  virtual Wiring wiring() const = 0;
  virtual StateNeed state_need() const = 0;
  /// Adds this stage's columns to every row; rows that are not live get a neutral value and touch
  /// no state. `state.key(row)` is valid for live rows only.
  virtual void run(Batch& batch, const StateView& state) = 0;
};

}  // namespace ouzel
