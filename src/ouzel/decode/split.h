/// Cuts a request body into events without decoding them.
#pragma once

#include <cstddef>
#include <functional>
#include <string_view>

#include "ouzel/base/error.h"

namespace ouzel {

/// Calls `each(line number from 0, line)` for every line that is not blank; a `\r` before the
/// line's end is cut off. Lines are views into `body`.
void split_lines(std::string_view body,
                 const std::function<void(std::size_t, std::string_view)>& each);

/// Calls `each(index, element)` for every element of a JSON array (a CloudEvents batch). Elements
/// are views into `body`, which must be followed by kDecodePadding readable bytes. A cheap scan
/// that knows strings and brackets only: each element is validated when it is decoded. Error
/// config: not an array, or its brackets do not match; the elements before that were handed out.
Result<std::size_t> split_array(std::string_view body,
                                const std::function<void(std::size_t, std::string_view)>& each);

/// Whether a text, if it is JSON at all, is one value: then it cannot close the object that it is
/// put into. The same cheap scan; what passes still has to be parsed.
bool is_one_json_value(std::string_view text);

/// Whether a line of an NDJSON body is a structured CloudEvent: a JSON object with a top-level
/// member "specversion", its name written without escapes. Otherwise it is a payload. Reads no
/// further than to that name, and knows strings and brackets only. A payload that has a member of
/// that name is therefore taken for a CloudEvent; it has to be sent as `application/json`.
bool looks_like_cloudevent(std::string_view line);

}  // namespace ouzel
