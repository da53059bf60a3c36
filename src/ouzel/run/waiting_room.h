/// WaitingRoom: what answers on the pipeline's port while its brokers cannot be reached: alive, not
/// ready, and why; whatever else is asked for is 503 until then. Owns a server, which is closed
/// with it. `set_why` is thread-safe.
#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "ouzel/base/clock.h"
#include "ouzel/base/error.h"
#include "ouzel/http/router.h"
#include "ouzel/http/server.h"
#include "ouzel/run/run.h"

namespace ouzel {

/// Starts a server on the pipeline's address. Errors: config (the address).
Result<std::unique_ptr<http::Server>> listen_on(const RunOptions& options, http::Router router,
                                                const Clock& clock);

class WaitingRoom {
 public:
  static Result<std::unique_ptr<WaitingRoom>> open(const RunOptions& options, const Clock& clock);
  ~WaitingRoom();
  void set_why(std::string why);

 private:
  std::string why() const;

  mutable std::mutex mutex_;
  std::string why_;
  std::unique_ptr<http::Server> server_;
};

}  // namespace ouzel
