/// What every thread needs that lets a library write to sockets.
#pragma once

namespace ouzel {

/// From now on a write to a connection that the peer has closed fails in this thread and does not
/// end the process; the library leaves that to its caller where TLS is on.
void ignore_broken_pipe();

}  // namespace ouzel
