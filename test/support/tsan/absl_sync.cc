// Tells ThreadSanitizer what Debian's Abseil, compiled without it, keeps to itself: which mutex is held and which notification
// happened. Without this every field behind an absl::Mutex would be reported as a race. cmake/Sanitizers.cmake links it to
// everything of the tsan preset and has the linker send the calls named here (`--wrap`) through it.
//
// Between a `pre` and a `post` the sanitizer looks away from the calling thread, so conditions that Abseil evaluates for a
// waiter inside another thread's Unlock() are not mistaken for unguarded reads.
#include <sanitizer/tsan_interface.h>

#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "absl/time/time.h"

namespace {

using absl::Condition;
using absl::CondVar;
using absl::Duration;
using absl::Mutex;
using absl::Notification;
using absl::Time;

// A wait lets go of the mutex and holds it again when it is over.
template <typename Wait>
auto Released(Mutex* mu, Wait wait) {
  __tsan_mutex_pre_unlock(mu, 0);
  const auto result = wait();
  __tsan_mutex_post_unlock(mu, 0);
  __tsan_mutex_pre_lock(mu, 0);
  __tsan_mutex_post_lock(mu, 0, 0);
  return result;
}

// Where Notification keeps its flag, which HasBeenNotified() reads in our own, instrumented code: behind its mutex.
void* Flag(const Notification* n) { return const_cast<char*>(reinterpret_cast<const char*>(n)) + sizeof(Mutex); }

}  // namespace

// Every call by its mangled name: Debian's Abseil 20220623 keeps to the inline namespace debian3.
#define REAL(symbol) __real__##symbol
#define WRAP(symbol) __wrap__##symbol
#define WRAPPED(result, symbol, ...) \
  result REAL(symbol)(__VA_ARGS__);  \
  result WRAP(symbol)(__VA_ARGS__)

extern "C" {

WRAPPED(void, ZN4absl7debian35Mutex4LockEv, Mutex* mu) {
  __tsan_mutex_pre_lock(mu, 0);
  REAL(ZN4absl7debian35Mutex4LockEv)(mu);
  __tsan_mutex_post_lock(mu, 0, 0);
}
WRAPPED(void, ZN4absl7debian35Mutex6UnlockEv, Mutex* mu) {
  __tsan_mutex_pre_unlock(mu, 0);
  REAL(ZN4absl7debian35Mutex6UnlockEv)(mu);
  __tsan_mutex_post_unlock(mu, 0);
}
WRAPPED(bool, ZN4absl7debian35Mutex7TryLockEv, Mutex* mu) {
  __tsan_mutex_pre_lock(mu, __tsan_mutex_try_lock);
  const bool locked = REAL(ZN4absl7debian35Mutex7TryLockEv)(mu);
  __tsan_mutex_post_lock(mu, __tsan_mutex_try_lock | (locked ? 0 : __tsan_mutex_try_lock_failed), 0);
  return locked;
}
WRAPPED(void, ZN4absl7debian35Mutex10ReaderLockEv, Mutex* mu) {
  __tsan_mutex_pre_lock(mu, __tsan_mutex_read_lock);
  REAL(ZN4absl7debian35Mutex10ReaderLockEv)(mu);
  __tsan_mutex_post_lock(mu, __tsan_mutex_read_lock, 0);
}
WRAPPED(void, ZN4absl7debian35Mutex12ReaderUnlockEv, Mutex* mu) {
  __tsan_mutex_pre_unlock(mu, __tsan_mutex_read_lock);
  REAL(ZN4absl7debian35Mutex12ReaderUnlockEv)(mu);
  __tsan_mutex_post_unlock(mu, __tsan_mutex_read_lock);
}
WRAPPED(void, ZN4absl7debian35MutexD1Ev, Mutex* mu) {
  __tsan_mutex_destroy(mu, 0);
  REAL(ZN4absl7debian35MutexD1Ev)(mu);
}

WRAPPED(void, ZN4absl7debian35Mutex5AwaitERKNS0_9ConditionE, Mutex* mu, const Condition* until) {
  Released(mu, [&] { return REAL(ZN4absl7debian35Mutex5AwaitERKNS0_9ConditionE)(mu, until), true; });
}
WRAPPED(bool, ZN4absl7debian35Mutex16AwaitWithTimeoutERKNS0_9ConditionENS0_8DurationE, Mutex* mu, const Condition* until, Duration d) {
  return Released(mu, [&] { return REAL(ZN4absl7debian35Mutex16AwaitWithTimeoutERKNS0_9ConditionENS0_8DurationE)(mu, until, d); });
}
WRAPPED(bool, ZN4absl7debian35Mutex17AwaitWithDeadlineERKNS0_9ConditionENS0_4TimeE, Mutex* mu, const Condition* until, Time t) {
  return Released(mu, [&] { return REAL(ZN4absl7debian35Mutex17AwaitWithDeadlineERKNS0_9ConditionENS0_4TimeE)(mu, until, t); });
}
WRAPPED(void, ZN4absl7debian37CondVar4WaitEPNS0_5MutexE, CondVar* cv, Mutex* mu) {
  Released(mu, [&] { return REAL(ZN4absl7debian37CondVar4WaitEPNS0_5MutexE)(cv, mu), true; });
}
WRAPPED(bool, ZN4absl7debian37CondVar15WaitWithTimeoutEPNS0_5MutexENS0_8DurationE, CondVar* cv, Mutex* mu, Duration d) {
  return Released(mu, [&] { return REAL(ZN4absl7debian37CondVar15WaitWithTimeoutEPNS0_5MutexENS0_8DurationE)(cv, mu, d); });
}
WRAPPED(bool, ZN4absl7debian37CondVar16WaitWithDeadlineEPNS0_5MutexENS0_4TimeE, CondVar* cv, Mutex* mu, Time t) {
  return Released(mu, [&] { return REAL(ZN4absl7debian37CondVar16WaitWithDeadlineEPNS0_5MutexENS0_4TimeE)(cv, mu, t); });
}

WRAPPED(void, ZN4absl7debian312Notification6NotifyEv, Notification* n) {
  __tsan_release(Flag(n));
  REAL(ZN4absl7debian312Notification6NotifyEv)(n);
}
WRAPPED(void, ZNK4absl7debian312Notification19WaitForNotificationEv, const Notification* n) {
  REAL(ZNK4absl7debian312Notification19WaitForNotificationEv)(n);
  __tsan_acquire(Flag(n));
}
WRAPPED(bool, ZNK4absl7debian312Notification30WaitForNotificationWithTimeoutENS0_8DurationE, const Notification* n, Duration d) {
  const bool notified = REAL(ZNK4absl7debian312Notification30WaitForNotificationWithTimeoutENS0_8DurationE)(n, d);
  if (notified) __tsan_acquire(Flag(n));
  return notified;
}
WRAPPED(bool, ZNK4absl7debian312Notification31WaitForNotificationWithDeadlineENS0_4TimeE, const Notification* n, Time t) {
  const bool notified = REAL(ZNK4absl7debian312Notification31WaitForNotificationWithDeadlineENS0_4TimeE)(n, t);
  if (notified) __tsan_acquire(Flag(n));
  return notified;
}

}  // extern "C"
