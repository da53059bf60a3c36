/// JsonWriter: JSON text from the inside out, with the commas in their places. For answers of the
/// API, not for hot paths. A value; one thread.
#pragma once

#include <array>
#include <charconv>
#include <cmath>
#include <concepts>
#include <string>
#include <string_view>
#include <utility>

#include "ouzel/http/message.h"

namespace ouzel {

class JsonWriter {
 public:
  JsonWriter& begin_object() { return open('{'); }
  JsonWriter& end_object() { return close('}'); }
  JsonWriter& begin_array() { return open('['); }
  JsonWriter& end_array() { return close(']'); }
  /// The name of the next value.
  JsonWriter& name(std::string_view text) {
    comma();
    http::append_json(out_, text);
    out_ += ':';
    first_ = true;
    return *this;
  }
  JsonWriter& value(std::string_view text) {
    comma();
    http::append_json(out_, text);
    return *this;
  }
  JsonWriter& value(const char* text) { return value(std::string_view(text)); }
  template <class T>
    requires std::integral<T> || std::floating_point<T>
  JsonWriter& value(T number) {
    comma();
    if constexpr (std::same_as<T, bool>) {
      out_ += number ? "true" : "false";
    } else if (!std::isfinite(static_cast<double>(number))) {
      out_ += "null";
    } else {
      std::array<char, 40> text;
      out_.append(text.data(), std::to_chars(text.data(), text.data() + text.size(), number).ptr);
    }
    return *this;
  }
  /// A value that is JSON already.
  JsonWriter& raw(std::string_view json) {
    comma();
    out_.append(json);
    return *this;
  }
  template <class T>
  JsonWriter& member(std::string_view key, const T& content) {
    return name(key).value(content);
  }
  std::string finish() {
    out_ += '\n';
    return std::move(out_);
  }

 private:
  void comma() {
    if (!first_) out_ += ',';
    first_ = false;
  }
  JsonWriter& open(char bracket) {
    comma();
    out_ += bracket;
    first_ = true;
    return *this;
  }
  JsonWriter& close(char bracket) {
    out_ += bracket;
    first_ = false;
    return *this;
  }
  std::string out_;
  bool first_ = true;  ///< No comma before the next value.
};

}  // namespace ouzel
