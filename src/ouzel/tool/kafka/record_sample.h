/// RecordSample: what `ouzel doctor` makes of the newest records of a pipeline's topic: whether
/// they are events, whether a record's key is the one that the schema names, and their clock.
///
/// One thread; `pipeline` and `clock` must outlive it. It waits for a schema registry where a
/// record's schema is a new one; what cannot be read because the registry is away counts nowhere.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ouzel/base/clock.h"
#include "ouzel/batch/batch.h"
#include "ouzel/gateway/record_events.h"
#include "ouzel/pipeline/pipeline.h"
#include "ouzel/tool/doctor.h"

namespace ouzel {

class RecordSample {
 public:
  RecordSample(const Pipeline& pipeline, const Clock& clock);

  void take(const Record& record);
  std::vector<Check> checks() const;

 private:
  /// How many records are so, and the first of them.
  struct Count {
    std::uint64_t records = 0;
    std::string position, what;
    void note(const Record& record, std::string found);
    std::string first() const { return position + ": " + what; }
  };

  void compare_key(const Record& record, std::string_view key);
  std::string of_the_newest(const Count& count) const;
  Check format() const;
  Check record_key() const;
  Check record_time() const;

  const Pipeline& pipeline_;
  const Clock& clock_;
  const std::shared_ptr<SchemaRegistry> registry_;
  RecordEvents events_;
  Batch batch_;
  bool registry_away_ = false;  ///< Then it is waited for once, not for each record.
  std::uint64_t read_ = 0;
  Count rejected_, without_key_, other_key_;
  std::optional<WallTime> newest_;
};

}  // namespace ouzel
