/// Router: which handler answers a path. Filled before the server starts, immutable afterwards, so
/// any thread may look up.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "ouzel/http/message.h"

namespace ouzel::http {

struct Route {
  Method method = Method::get;
  std::string path;
  Handler handler;
  bool prefix = false;                    ///< `path` is a beginning of what it answers.
  std::size_t body_bytes_max = 64 << 10;  ///< Beyond it: 413.
};

class Router {
 public:
  /// A GET route answers HEAD too. An exact path goes before a prefix, a longer prefix before a
  /// shorter one.
  void add(Route route);

  struct Match {
    const Route* route = nullptr;
    std::string allow;  ///< Without a route: the methods that the path has; empty: 404.
  };
  Match find(Method method, std::string_view path) const;
  const std::vector<Route>& routes() const { return routes_; }

 private:
  std::vector<Route> routes_;
};

}  // namespace ouzel::http
