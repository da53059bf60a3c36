/// StructuredEvent: writes a CloudEvent in structured mode (JSON), attribute by attribute, for
/// those who got it in binary mode.
///
/// | type of the data | becomes |
/// |---|---|
/// | JSON, or none | `data`, byte by byte; no bytes are an event without data |
/// | anything else | `data` as a string, or `data_base64` where the bytes are not UTF-8 |
///
/// Appends to the text that it is given, which must outlive it. One thread.
/// Source: CloudEvents 1.0.2, JSON format, section 3.1.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "ouzel/batch/batch.h"

namespace ouzel {

/// Why an event in binary mode is refused: envelope (a header breaks a rule) or malformed (the data
/// is not one JSON value).
struct BinaryFault {
  Fate fate = Fate::envelope;
  std::string detail;
};

class StructuredEvent {
 public:
  explicit StructuredEvent(std::string& out) : out_(out) { out_ += '{'; }

  /// What binary mode says in another way, so that it must not stand in a header of its own.
  static bool reserved(std::string_view name);
  /// An attribute of a name that is not reserved. Which ones must be there, of which form, none
  /// twice, is the decoder's to judge. False: name or text is not UTF-8; nothing is written then.
  bool attribute(std::string_view name, std::string_view text);
  /// The data and its type, both may be empty; the last thing. At least one attribute stands there.
  std::optional<BinaryFault> end(std::string_view type, std::string_view data);

 private:
  std::optional<BinaryFault> data(std::string_view type, std::string_view bytes);

  std::string& out_;
};

}  // namespace ouzel
