#include "ouzel/http/request_parser.h"

// Beast asserts, on bytes that a peer may choose ("0\r\n" and "\r" in two reads), what its parser
// then handles well; such a peer must not end the process.
#define BOOST_DISABLE_ASSERTS

#include <algorithm>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <utility>

namespace ouzel::http {
namespace {

namespace beast = boost::beast;
using beast::error_code;
using BeastError = beast::http::error;

Method method_of(beast::http::verb verb) {
  switch (verb) {
    case beast::http::verb::get: return Method::get;
    case beast::http::verb::head: return Method::head;
    case beast::http::verb::post: return Method::post;
    case beast::http::verb::put: return Method::put;
    case beast::http::verb::patch: return Method::patch;
    case beast::http::verb::delete_: return Method::del;
    case beast::http::verb::options: return Method::options;
    default: return Method::other;
  }
}

std::string_view view(beast::string_view text) { return {text.data(), text.size()}; }

/// What a parser writes into; outlives the parsers, of which there is one a request.
struct Target {
  RequestHead head;
  BodyBuffer body;
  ParserLimits limits;
  std::size_t body_bytes_max = 0;
  bool budget_spent = false;
};

class Parser final : public beast::http::basic_parser<true> {
 public:
  explicit Parser(Target& target) : target_(target) {
    header_limit(static_cast<std::uint32_t>(target.limits.header_bytes_max));
    body_limit(boost::none);
  }

 private:
  void on_request_impl(beast::http::verb method, beast::string_view, beast::string_view target,
                       int version, error_code&) override {
    target_.head.method = method_of(method);
    target_.head.target.assign(target.data(), target.size());
    target_.head.version = version;
  }
  void on_response_impl(int, beast::string_view, int, error_code&) override {}
  void on_field_impl(beast::http::field field, beast::string_view name, beast::string_view value,
                     error_code& ec) override {
    if (in_body_) return;  // Trailers are read and dropped.
    RequestHead& head = target_.head;
    head.fields.add(view(name), view(value));
    if (head.fields.bytes() > target_.limits.header_bytes_max ||
        head.fields.size() > target_.limits.header_fields_max) {
      ec = BeastError::header_limit;
    }
    if (field == beast::http::field::host) ++head.hosts;
    if (field == beast::http::field::content_length) ++head.framings;
    if (field == beast::http::field::transfer_encoding) {
      ++head.framings;
      head.coded = head.coded || !iequals(view(value), "chunked");
    }
  }
  void on_header_impl(error_code&) override { in_body_ = true; }
  void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override {}
  std::size_t on_body_impl(beast::string_view bytes, error_code& ec) override {
    BodyBuffer& body = target_.body;
    if (bytes.size() > target_.body_bytes_max - std::min(target_.body_bytes_max, body.size())) {
      ec = BeastError::body_limit;
    } else if (!body.append(view(bytes))) {
      target_.budget_spent = true;
      ec = BeastError::body_limit;
    }
    return bytes.size();
  }
  void on_chunk_header_impl(std::uint64_t, beast::string_view, error_code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, beast::string_view bytes, error_code& ec) override {
    return on_body_impl(bytes, ec);
  }
  void on_finish_impl(error_code&) override {}

  Target& target_;
  bool in_body_ = false;
};

}  // namespace

struct RequestParser::Impl {
  Impl(const ParserLimits& limits, ByteBudget& budget)
      : target{.head = {}, .body = BodyBuffer(budget), .limits = limits} {}
  Target target;
  std::optional<Parser> parser;  ///< Beast's cannot be used twice.
  error_code error;
};

RequestParser::RequestParser(const ParserLimits& limits, ByteBudget& budget)
    : impl_(std::make_unique<Impl>(limits, budget)) {}
RequestParser::~RequestParser() = default;

void RequestParser::begin() {
  RequestHead& head = impl_->target.head;
  head.method = Method::other;
  head.target.clear();
  head.version = 11;
  head.fields.clear();
  head.framings = head.hosts = 0;
  head.coded = false;
  impl_->target.budget_spent = false;
  impl_->parser.emplace(impl_->target);
}

ParseState RequestParser::put(std::string_view& input) {
  Parser& parser = *impl_->parser;
  const bool had_head = parser.is_header_done();
  parser.eager(had_head);
  error_code ec;
  input.remove_prefix(parser.put({input.data(), input.size()}, ec));
  if (ec && ec != BeastError::need_more) {
    impl_->error = ec;
    if (ec == BeastError::header_limit) return ParseState::header_too_large;
    if (ec != BeastError::body_limit) return ParseState::malformed;
    return impl_->target.budget_spent ? ParseState::budget_spent : ParseState::body_too_large;
  }
  if (!had_head && parser.is_header_done()) return ParseState::head_done;
  return parser.is_done() ? ParseState::done : ParseState::need_more;
}

void RequestParser::begin_body(std::string memory, std::size_t bytes_max) {
  impl_->target.body_bytes_max = bytes_max;
  const auto length = content_length().value_or(0);
  impl_->target.body.begin(std::move(memory), static_cast<std::size_t>(length));
}

const RequestHead& RequestParser::head() const { return impl_->target.head; }
bool RequestParser::has_body() const { return !impl_->parser->is_done(); }
bool RequestParser::keep_alive() const { return impl_->parser->keep_alive(); }
BodyBuffer& RequestParser::body() { return impl_->target.body; }
std::string RequestParser::error() const { return impl_->error.message(); }

std::optional<std::uint64_t> RequestParser::content_length() const {
  const auto length = impl_->parser->content_length();
  return length ? std::optional<std::uint64_t>(*length) : std::nullopt;
}

}  // namespace ouzel::http
