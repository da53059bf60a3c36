#include "ouzel/http/router.h"

#include <utility>

namespace ouzel::http {
namespace {

/// How well a route fits a path: 0 not at all, more is better.
std::size_t fit(const Route& route, std::string_view path) {
  if (!route.prefix) return path == route.path ? path.size() + 2 : 0;
  return path.starts_with(route.path) ? route.path.size() + 1 : 0;
}

}  // namespace

void Router::add(Route route) { routes_.push_back(std::move(route)); }

Router::Match Router::find(Method method, std::string_view path) const {
  const Method wanted = method == Method::head ? Method::get : method;
  Match match;
  std::size_t best = 0;
  for (const Route& route : routes_) {
    const std::size_t own = fit(route, path);
    if (own > best && route.method == wanted) {
      best = own;
      match.route = &route;
    }
  }
  if (match.route != nullptr) return match;
  for (const Route& route : routes_) {
    if (fit(route, path) == 0) continue;
    if (!match.allow.empty()) match.allow += ", ";
    match.allow += to_string(route.method);
    if (route.method == Method::get) match.allow += ", HEAD";
  }
  return match;
}

}  // namespace ouzel::http
