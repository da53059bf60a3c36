/// Simulator: the events of simulated devices as bytes, and the truth about them.
///
/// A pure generator: no I/O, no clock, one thread. Spec and seed alone make the bytes. Device by
/// device in turn, so events are ordered by time, but for those that are late on request. Lines
/// are structured CloudEvents; the source is `/ouzel/sim/<device>`, the key `data.device_id`.
/// A seed is a set of devices: with another `start` the same devices go on, with other ids.
/// About 0.5 µs an event.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "ouzel/base/error.h"
#include "ouzel/base/random.h"
#include "ouzel/gateway/simulated_device.h"
#include "ouzel/gateway/simulator_spec.h"

namespace ouzel {

/// What was done to an event on its way, on request.
enum class SimulatedFault : std::uint8_t {
  none,
  late,       ///< Its time lies behind that of an earlier event of its device.
  duplicate,  ///< The same bytes once more.
  malformed,  ///< Not JSON: a door refuses it as `malformed`.
  no_key,     ///< Without device_id: refused as `no_key`.
  schema,     ///< Wrong type, out of range, a field missing or twice: rejected as `schema`.
};
std::string_view to_string(SimulatedFault fault);

/// Who an event is and what is true about it.
struct SimulatedEvent {
  std::uint64_t number = 0;  ///< Of the event in this run; a duplicate has its original's.
  std::uint32_t device = 0;
  EventTime time{};
  AnomalyKind anomaly = AnomalyKind::none;
  std::uint8_t channel = 0;   ///< Of the anomaly.
  std::uint64_t episode = 0;  ///< Number of the anomaly's first event.
  SimulatedFault fault = SimulatedFault::none;
};

class Simulator {
 public:
  /// Error config: a drift of a feature that there is not, no devices, an interval of 0.
  static Result<Simulator> make(const SimulatorSpec& spec);

  /// Every id of this run begins so, and goes on with the event's number.
  const std::string& id_prefix() const { return id_prefix_; }
  /// The device that the next event is of.
  std::uint32_t turn() const;
  /// Appends the next event and a line's end to `out`.
  SimulatedEvent next(std::string& out);
  /// Appends what is true about an event, one line of JSON for each thing that is: its anomaly,
  /// its fault. Nothing about a sound event.
  void truth(std::string& out, const SimulatedEvent& event);
  /// Appends one line for each drift on request; it belongs to no event.
  void drift_truth(std::string& out);

 private:
  struct Shift {
    EventTime at{};
    std::size_t channel = 0;
    double sigma = 0;
  };
  struct Pending {
    std::uint64_t due = 0;  ///< Line number at which it is sent again.
    SimulatedEvent event;
    std::string line;
  };
  explicit Simulator(const SimulatorSpec& spec);
  SimulatedEvent measure(std::array<double, kChannels>& values);
  void apply_faults(SimulatedEvent& event);
  void render(std::string& out, const SimulatedEvent& event,
              const std::array<double, kChannels>& values);
  void render_broken(std::string& out, const SimulatedEvent& event, std::string_view line);
  void truth_line(std::string& out, const SimulatedEvent& event, std::string_view kind);
  char* put_time(char* to, EventTime time);
  char* put_id(char* to, std::uint64_t number) const;
  char* put_device(char* to, std::uint32_t device) const;

  SimulatorSpec spec_;
  double start_chance_ = 0;
  std::string id_prefix_;
  std::vector<SimulatedDevice> devices_;
  std::vector<std::uint64_t> episodes_;  ///< Of each device's anomaly: number of its first event.
  std::vector<EventTime> newest_;        ///< Of each device's events that are not broken.
  std::vector<Shift> shifts_;            ///< To come, the next one last.
  ChannelShift shift_{};
  Random noise_;
  Random faults_;
  std::uint64_t numbers_ = 0;  ///< Events measured.
  std::uint64_t lines_ = 0;    ///< Lines written: those and the duplicates.
  std::uint32_t device_ = 0;   ///< Whose turn it is.
  std::uint64_t tick_ = 0;     ///< Its how manieth event.
  bool whole_milliseconds_ = true;
  std::deque<Pending> pending_;
  std::int64_t second_ = -1;  ///< Whose text `second_text_` is.
  char second_text_[20] = {};
  std::string scratch_;
};

/// The device in a line of the simulator's; empty: it has none, or is broken on purpose.
std::string_view simulated_device_of(std::string_view line);

/// Appends a time as RFC 3339 in UTC, with 3 digits of fraction if it is a whole number of
/// milliseconds, else 9.
void append_time(std::string& out, EventTime time);

}  // namespace ouzel
