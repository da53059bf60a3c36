/// What `ouzel doctor` says of where a group stands in the topic it reads. A pure function.
#pragma once

#include <span>
#include <string>

#include "ouzel/log/kafka/consumer.h"
#include "ouzel/tool/doctor.h"

namespace ouzel {

/// `marks`: of the topic's partitions, in their order; `committed`: in any. A group that has not
/// begun in a partition begins at its oldest record. What it is behind counts offsets: not every
/// one of them need hold a record.
Check check_group(const std::string& group, const std::string& topic,
                  std::span<const Watermarks> marks, std::span<const GroupOffset> committed);

}  // namespace ouzel
