#include "ouzel/http/response_head.h"

#include <array>
#include <charconv>
#include <chrono>
#include <cstdio>

namespace ouzel::http {
namespace {

void append_number(std::string& out, std::size_t value) {
  std::array<char, 24> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  out.append(digits.data(), end);
}

}  // namespace

std::string http_date(WallTime time) {
  using namespace std::chrono;
  constexpr std::array kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr std::array kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                  "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto day = floor<days>(time);
  const year_month_day date{day};
  const hh_mm_ss clock{floor<seconds>(time - day)};
  std::array<char, 64> out;
  const int size = std::snprintf(
      out.data(), out.size(), "%s, %02u %s %04d %02d:%02d:%02d GMT",
      kDays[weekday{day}.c_encoding()], static_cast<unsigned>(date.day()),
      kMonths[static_cast<unsigned>(date.month()) - 1], static_cast<int>(date.year()),
      static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
      static_cast<int>(clock.seconds().count()));
  return std::string(out.data(), static_cast<std::size_t>(size));
}

void write_head(std::string& out, const Response& response, const HeadOptions& options) {
  out += options.http_1_0 ? "HTTP/1.0 " : "HTTP/1.1 ";
  append_number(out, static_cast<std::size_t>(response.status));
  out += ' ';
  out += reason_phrase(response.status);
  out += "\r\nDate: ";
  out += options.date;
  if (!response.content_type.empty()) {
    out += "\r\nContent-Type: ";
    out += response.content_type;
    out += "\r\nX-Content-Type-Options: nosniff";
  }
  if (response.stream) {
    if (!options.http_1_0) out += "\r\nTransfer-Encoding: chunked";
  } else if (response.status != 204) {
    out += "\r\nContent-Length: ";
    append_number(out, response.body.size());
  }
  for (const auto& [name, value] : response.headers) {
    out += "\r\n";
    out += name;
    out += ": ";
    out += value;
  }
  if (!options.keep_alive) out += "\r\nConnection: close";
  if (options.keep_alive && options.http_1_0) out += "\r\nConnection: keep-alive";
  out += "\r\n\r\n";
}

}  // namespace ouzel::http
