#include "base/metrics/runtime.h"

#include <dirent.h>
#include <malloc.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/metrics/page.h"

namespace base {
namespace {

using absl::string_view;

// What the names can be told from.
struct Reading {
  double zero = 0;
  double threads = 0, running = 0, waiting = 0, processors = 0;
  double heap_used = 0, heap_free = 0, heap = 0;  // of the C library's allocator, in bytes
  double stack = 0, other = 0, resident = 0;      // of the process, in bytes
  double busy = 0;                                // processor time, in seconds
};

struct Row {
  string_view name, type;
  double Reading::*is;
  string_view help;
};

constexpr string_view kNoCollector = "Always 0: memory is not collected here, it is freed.";
constexpr string_view kNoScheduler = "Always 0: the kernel schedules threads; nothing is counted here.";
constexpr string_view kNotCounted = "Always 0: the allocator keeps no history.";
constexpr string_view kNoPool = "Always 0: the allocator has no such pool.";
constexpr string_view kHeapUsed = "Bytes of the C library's heap in use.";
constexpr string_view kHeapFree = "Bytes of the C library's heap kept for use.";
constexpr string_view kHeap = "Bytes that the C library's heap took from the system.";
constexpr string_view kThreads = "Threads of the process.";

const Row kRows[] = {
    {"go_goroutines", "gauge", &Reading::threads, kThreads},
    {"go_threads", "gauge", &Reading::threads, kThreads},
    {"go_sched_goroutines_goroutines", "gauge", &Reading::threads, kThreads},
    {"go_sched_threads_total_threads", "gauge", &Reading::threads, kThreads},
    {"go_sched_goroutines_running_goroutines", "gauge", &Reading::running, "Threads that run or could run."},
    {"go_sched_goroutines_waiting_goroutines", "gauge", &Reading::waiting, "Threads that wait."},
    {"go_sched_goroutines_runnable_goroutines", "gauge", &Reading::zero, "Always 0: they are among those that run."},
    {"go_sched_goroutines_not_in_go_goroutines", "gauge", &Reading::zero, "Always 0: there is no Go to be out of."},
    {"go_sched_goroutines_created_goroutines_total", "counter", &Reading::zero, kNoScheduler},
    {"go_sched_gomaxprocs_threads", "gauge", &Reading::processors, "Processors that the process may use."},
    {"go_sched_latencies_seconds", "histogram", &Reading::zero, kNoScheduler},
    {"go_sched_pauses_stopping_gc_seconds", "histogram", &Reading::zero, kNoCollector},
    {"go_sched_pauses_stopping_other_seconds", "histogram", &Reading::zero, kNoScheduler},
    {"go_sched_pauses_total_gc_seconds", "histogram", &Reading::zero, kNoCollector},
    {"go_sched_pauses_total_other_seconds", "histogram", &Reading::zero, kNoScheduler},
    {"go_sync_mutex_wait_total_seconds_total", "counter", &Reading::zero, "Always 0: waits for locks are not timed."},
    {"go_cgo_go_to_c_calls_calls_total", "counter", &Reading::zero, "Always 0: there is no Go to call from."},

    {"go_cpu_classes_total_cpu_seconds_total", "counter", &Reading::busy, "Processor time of the process."},
    {"go_cpu_classes_user_cpu_seconds_total", "counter", &Reading::busy, "Processor time of the process: all of it is its own."},
    {"go_cpu_classes_idle_cpu_seconds_total", "counter", &Reading::zero, kNoScheduler},
    {"go_cpu_classes_gc_mark_assist_cpu_seconds_total", "counter", &Reading::zero, kNoCollector},
    {"go_cpu_classes_gc_mark_dedicated_cpu_seconds_total", "counter", &Reading::zero, kNoCollector},
    {"go_cpu_classes_gc_mark_idle_cpu_seconds_total", "counter", &Reading::zero, kNoCollector},
    {"go_cpu_classes_gc_pause_cpu_seconds_total", "counter", &Reading::zero, kNoCollector},
    {"go_cpu_classes_gc_total_cpu_seconds_total", "counter", &Reading::zero, kNoCollector},
    {"go_cpu_classes_scavenge_assist_cpu_seconds_total", "counter", &Reading::zero, kNoCollector},
    {"go_cpu_classes_scavenge_background_cpu_seconds_total", "counter", &Reading::zero, kNoCollector},
    {"go_cpu_classes_scavenge_total_cpu_seconds_total", "counter", &Reading::zero, kNoCollector},

    {"go_gc_duration_seconds", "summary", &Reading::zero, kNoCollector},
    {"go_gc_pauses_seconds", "histogram", &Reading::zero, kNoCollector},
    {"go_gc_cycles_automatic_gc_cycles_total", "counter", &Reading::zero, kNoCollector},
    {"go_gc_cycles_forced_gc_cycles_total", "counter", &Reading::zero, kNoCollector},
    {"go_gc_cycles_total_gc_cycles_total", "counter", &Reading::zero, kNoCollector},
    {"go_gc_cleanups_executed_cleanups_total", "counter", &Reading::zero, kNoCollector},
    {"go_gc_cleanups_queued_cleanups_total", "counter", &Reading::zero, kNoCollector},
    {"go_gc_finalizers_executed_finalizers_total", "counter", &Reading::zero, kNoCollector},
    {"go_gc_finalizers_queued_finalizers_total", "counter", &Reading::zero, kNoCollector},
    {"go_gc_gogc_percent", "gauge", &Reading::zero, kNoCollector},
    {"go_gc_gomemlimit_bytes", "gauge", &Reading::zero, kNoCollector},
    {"go_gc_limiter_last_enabled_gc_cycle", "gauge", &Reading::zero, kNoCollector},
    {"go_gc_scan_globals_bytes", "gauge", &Reading::zero, kNoCollector},
    {"go_gc_scan_heap_bytes", "gauge", &Reading::zero, kNoCollector},
    {"go_gc_scan_stack_bytes", "gauge", &Reading::zero, kNoCollector},
    {"go_gc_scan_total_bytes", "gauge", &Reading::zero, kNoCollector},
    {"go_gc_stack_starting_size_bytes", "gauge", &Reading::zero, kNoScheduler},
    {"go_gc_heap_goal_bytes", "gauge", &Reading::zero, kNoCollector},
    {"go_gc_heap_live_bytes", "gauge", &Reading::heap_used, kHeapUsed},
    {"go_gc_heap_objects_objects", "gauge", &Reading::zero, kNotCounted},
    {"go_gc_heap_allocs_by_size_bytes", "histogram", &Reading::zero, kNotCounted},
    {"go_gc_heap_allocs_bytes_total", "counter", &Reading::zero, kNotCounted},
    {"go_gc_heap_allocs_objects_total", "counter", &Reading::zero, kNotCounted},
    {"go_gc_heap_frees_by_size_bytes", "histogram", &Reading::zero, kNotCounted},
    {"go_gc_heap_frees_bytes_total", "counter", &Reading::zero, kNotCounted},
    {"go_gc_heap_frees_objects_total", "counter", &Reading::zero, kNotCounted},
    {"go_gc_heap_tiny_allocs_objects_total", "counter", &Reading::zero, kNotCounted},

    {"go_memory_classes_heap_objects_bytes", "gauge", &Reading::heap_used, kHeapUsed},
    {"go_memory_classes_heap_free_bytes", "gauge", &Reading::heap_free, kHeapFree},
    {"go_memory_classes_heap_unused_bytes", "gauge", &Reading::zero, "Always 0: what is not used is free."},
    {"go_memory_classes_heap_released_bytes", "gauge", &Reading::zero, kNotCounted},
    {"go_memory_classes_heap_stacks_bytes", "gauge", &Reading::zero, "Always 0: stacks are no part of the heap."},
    {"go_memory_classes_os_stacks_bytes", "gauge", &Reading::stack, "Bytes of the first thread's stack."},
    {"go_memory_classes_metadata_mcache_free_bytes", "gauge", &Reading::zero, kNoPool},
    {"go_memory_classes_metadata_mcache_inuse_bytes", "gauge", &Reading::zero, kNoPool},
    {"go_memory_classes_metadata_mspan_free_bytes", "gauge", &Reading::zero, kNoPool},
    {"go_memory_classes_metadata_mspan_inuse_bytes", "gauge", &Reading::zero, kNoPool},
    {"go_memory_classes_metadata_other_bytes", "gauge", &Reading::zero, kNoPool},
    {"go_memory_classes_profiling_buckets_bytes", "gauge", &Reading::zero, "Always 0: nothing is profiled."},
    {"go_memory_classes_other_bytes", "gauge", &Reading::other, "Bytes in memory that are neither heap nor the first thread's stack."},
    {"go_memory_classes_total_bytes", "gauge", &Reading::resident, "Bytes of the process in memory."},

    {"go_memstats_alloc_bytes", "gauge", &Reading::heap_used, kHeapUsed},
    {"go_memstats_alloc_bytes_total", "counter", &Reading::zero, kNotCounted},
    {"go_memstats_mallocs_total", "counter", &Reading::zero, kNotCounted},
    {"go_memstats_frees_total", "counter", &Reading::zero, kNotCounted},
    {"go_memstats_heap_alloc_bytes", "gauge", &Reading::heap_used, kHeapUsed},
    {"go_memstats_heap_inuse_bytes", "gauge", &Reading::heap_used, kHeapUsed},
    {"go_memstats_heap_idle_bytes", "gauge", &Reading::heap_free, kHeapFree},
    {"go_memstats_heap_released_bytes", "gauge", &Reading::zero, kNotCounted},
    {"go_memstats_heap_sys_bytes", "gauge", &Reading::heap, kHeap},
    {"go_memstats_heap_objects", "gauge", &Reading::zero, kNotCounted},
    {"go_memstats_stack_inuse_bytes", "gauge", &Reading::stack, "Bytes of the first thread's stack."},
    {"go_memstats_stack_sys_bytes", "gauge", &Reading::stack, "Bytes of the first thread's stack."},
    {"go_memstats_sys_bytes", "gauge", &Reading::resident, "Bytes of the process in memory."},
    {"go_memstats_other_sys_bytes", "gauge", &Reading::other, "Bytes in memory that are neither heap nor the first thread's stack."},
    {"go_memstats_buck_hash_sys_bytes", "gauge", &Reading::zero, "Always 0: nothing is profiled."},
    {"go_memstats_gc_sys_bytes", "gauge", &Reading::zero, kNoCollector},
    {"go_memstats_last_gc_time_seconds", "gauge", &Reading::zero, kNoCollector},
    {"go_memstats_next_gc_bytes", "gauge", &Reading::zero, kNoCollector},
    {"go_memstats_mcache_inuse_bytes", "gauge", &Reading::zero, kNoPool},
    {"go_memstats_mcache_sys_bytes", "gauge", &Reading::zero, kNoPool},
    {"go_memstats_mspan_inuse_bytes", "gauge", &Reading::zero, kNoPool},
    {"go_memstats_mspan_sys_bytes", "gauge", &Reading::zero, kNoPool},
};

// Go's debug settings; each has a count of how often it changed something.
constexpr string_view kDebugSettings[] = {
    "allowmultiplevcs", "asynctimerchan", "containermaxprocs", "cryptocustomrand", "embedfollowsymlinks", "execerrdot",
    "fips140ems", "gocachehash", "gocachetest", "gocacheverify", "gotestjsonbuildtext", "gotypesalias",
    "htmlmetacontenturlescape", "http2client", "http2server", "httpcookiemaxnum", "httplaxcontentlength",
    "httpmuxgo121", "httpservecontentkeepheaders", "installgoroot", "multipartmaxheaders", "multipartmaxparts",
    "multipathtcp", "netedns0", "panicnil", "randautoseed", "randseednop", "rsa1024min", "tarinsecurepath",
    "tls10server", "tls3des", "tlsmaxrsasize", "tlsrsakex", "tlssha1", "tlsunsafeekm", "updatemaxprocs",
    "urlmaxqueryparams", "urlstrictcolons", "winreadlinkvolume", "winsymlink", "x509keypairleaf", "x509negativeserial",
    "x509rsacrt", "x509sha256skid", "x509usefallbackroots", "x509usepolicies", "zipinsecurepath",
};

// The state letters of all threads: R runs, everything else waits.
void CountThreads(Reading* reading) {
  DIR* tasks = opendir("/proc/self/task");
  if (tasks == nullptr) return;
  while (const dirent* task = readdir(tasks)) {
    if (task->d_name[0] == '.') continue;
    std::ifstream file(absl::StrCat("/proc/self/task/", task->d_name, "/stat"));
    std::string stat;
    if (!std::getline(file, stat)) continue;  // it has ended since
    const size_t name_end = stat.rfind(')');
    if (name_end == std::string::npos || name_end + 2 >= stat.size()) continue;
    reading->threads += 1;
    (stat[name_end + 2] == 'R' ? reading->running : reading->waiting) += 1;
  }
  closedir(tasks);
}

void ReadMemory(Reading* reading) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    const std::vector<string_view> words = absl::StrSplit(line, absl::ByAnyChar(" \t"), absl::SkipEmpty());
    double kib = 0;
    if (words.size() < 3 || !absl::SimpleAtod(words[1], &kib)) continue;
    if (words[0] == "VmRSS:") reading->resident = kib * 1024;
    if (words[0] == "VmStk:") reading->stack = kib * 1024;
  }
  const struct mallinfo2 heap = mallinfo2();
  reading->heap_used = static_cast<double>(heap.uordblks + heap.hblkhd);
  reading->heap_free = static_cast<double>(heap.fordblks);
  reading->heap = static_cast<double>(heap.arena + heap.hblkhd);
  reading->other = std::max(0.0, reading->resident - reading->heap - reading->stack);
}

Reading Read() {
  Reading reading;
  CountThreads(&reading);
  ReadMemory(&reading);
  reading.processors = static_cast<double>(sysconf(_SC_NPROCESSORS_ONLN));
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  for (const timeval& spent : {usage.ru_utime, usage.ru_stime}) {
    reading.busy += static_cast<double>(spent.tv_sec) + static_cast<double>(spent.tv_usec) / 1e6;
  }
  return reading;
}

void Write(MetricsPage& page, const Row& row, double value) {
  MetricsWriter& writer = page.Family(row.name, row.type, row.help);
  if (row.type == "histogram") {
    writer.Buckets({}, {}, {}, {value}, 0);
  } else if (row.type == "summary") {
    for (const string_view quantile : {"0", "0.25", "0.5", "0.75", "1"}) writer.Sample("", {}, {}, value, quantile, "quantile");
    writer.Sample("_sum", {}, {}, 0);
    writer.Sample("_count", {}, {}, 0);
  } else {
    writer.Sample(value);
  }
}

}  // namespace

void AddRuntime(MetricsPage& page) {
  const Reading reading = Read();
  for (const Row& row : kRows) Write(page, row, reading.*row.is);
  for (const string_view setting : kDebugSettings) {
    page.Add(absl::StrCat("go_godebug_non_default_behavior_", setting, "_events_total"), "counter",
             "Always 0: Go's debug settings change nothing here.", 0);
  }
  page.Family("go_info", "gauge", "No Go runtime: the version is none.")
      .Sample("", std::vector<string_view>{"version"}, std::vector<string_view>{"none"}, 1);
}

}  // namespace base
