/// What a handler sees of HTTP: a Request, a Response, and the Responder that joins them.
///
/// A Request and all its views live until the handler returns. A Responder may be kept and used
/// later, from any thread, once; one that is dropped unused answers 500, so no client ever hangs.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ouzel::http {

/// Zero bytes that can be read behind a request's body (parsers read ahead).
inline constexpr std::size_t kBodyPadding = 64;

enum class Method : std::uint8_t { get, head, post, put, patch, del, options, other };
/// "GET", …; "OTHER" for other.
std::string_view to_string(Method method);

/// Header fields in the order in which they came. Reusable: clear() keeps the memory.
class Headers {
 public:
  void clear();
  void add(std::string_view name, std::string_view value);
  std::size_t size() const { return fields_.size(); }
  std::size_t bytes() const { return text_.size(); }
  /// Value of the first field of that name, compared without regard to case; nullopt if absent.
  std::optional<std::string_view> find(std::string_view name) const;
  /// The same; empty if absent.
  std::string_view get(std::string_view name) const { return find(name).value_or(""); }
  /// Name and value of a field; index < size().
  std::pair<std::string_view, std::string_view> operator[](std::size_t index) const;

 private:
  struct Field {
    std::uint32_t begin, name_bytes, value_bytes;
  };
  std::string text_;
  std::vector<Field> fields_;
};

struct Request {
  Method method = Method::get;
  std::string_view path;   ///< Without the query; not percent-decoded.
  std::string_view query;  ///< Behind the `?`; empty if none.
  std::string_view body;   ///< Followed by kBodyPadding zero bytes.
  const Headers* headers = nullptr;
  unsigned thread = 0;  ///< Number of the I/O thread that runs the handler.

  std::string_view header(std::string_view name) const { return headers->get(name); }
  /// The first value of a query parameter, percent-decoded; nullopt if absent.
  std::optional<std::string> parameter(std::string_view name) const;
};

class BodyStream;

struct Response {
  int status = 200;
  std::string content_type;  ///< Empty: no body, no Content-Type.
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;
  std::shared_ptr<BodyStream> stream = nullptr;  ///< The body goes on with what comes from here.
};

std::string_view reason_phrase(int status);
/// application/problem+json (RFC 9457); 429 and 503 get `Retry-After: 1`.
Response problem(int status, std::string_view detail);
Response json_response(std::string body);
Response text_response(std::string body);
/// Appends `text` as a JSON string with its quotes. Bytes that are not UTF-8 become U+FFFD.
void append_json(std::string& out, std::string_view text);
bool is_utf8(std::string_view text);
/// The text with what is no UTF-8 replaced by U+FFFD.
std::string valid_utf8(std::string_view text);
/// Undoes %XY and, with `plus_is_space`, `+`. nullopt: a `%` without two hexadecimal digits.
std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space);
/// As a value in a query: all but letters, digits and `-._~` becomes %XY.
std::string percent_encode(std::string_view text);
/// Equal without regard to the case of ASCII letters.
bool iequals(std::string_view a, std::string_view b);
/// Without the spaces and tabs around it.
std::string_view trim(std::string_view text);

/// Where a response goes; the server's connection, or a test's.
class ResponseSink {
 public:
  virtual ~ResponseSink() = default;
  /// Thread-safe; called once for each request.
  virtual void respond(Response response) = 0;
};

class Responder {
 public:
  explicit Responder(std::shared_ptr<ResponseSink> sink) : sink_(std::move(sink)) {}
  Responder(Responder&&) noexcept = default;
  Responder& operator=(Responder&&) = delete;
  ~Responder();
  /// Hands the response over; later calls do nothing. Thread-safe as long as the calls do not race.
  void send(Response response);

 private:
  std::shared_ptr<ResponseSink> sink_;
};

using Handler = std::function<void(const Request&, Responder)>;

}  // namespace ouzel::http
