// Work that one part of a daemon has and another does when it has time for it.
#pragma once

namespace base {

class Turn {
 public:
  virtual ~Turn() = default;
  virtual void Run() = 0;  // any thread; does not block
};

}  // namespace base
