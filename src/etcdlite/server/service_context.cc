#include "etcdlite/server/service_context.h"

#include "base/log.h"
#include "etcd/maintenance.pb.h"
#include "etcdlite/apply/errors.h"

namespace etcdlite::server {

std::string ServiceContext::HeaderAt(int64_t revision) const {
  return apply::EncodeHeader({cluster_id, member_id, node->status().term}, revision);
}

std::string ServiceContext::Header() const { return HeaderAt(state->store->revision()); }

absl::Status ServiceContext::CheckSize(size_t size) const {
  return size > flags->max_request_bytes ? apply::RequestTooLargeError() : absl::OkStatus();
}

absl::Status ServiceContext::CheckQuota() {
  if (quota_bytes <= 0 || backend_bytes.load(std::memory_order_relaxed) <= quota_bytes) return absl::OkStatus();
  {
    std::lock_guard<std::mutex> lock(state->mu);
    if (state->alarms.contains({member_id, apply::AlarmKind::kNoSpace})) return absl::OkStatus();  // refused when applied
  }
  if (!quota_alarm_pending.exchange(true)) {
    base::LogWarning("the backend exceeds its quota bytes=", quota_bytes);
    etcdserverpb::AlarmRequest alarm;
    alarm.set_action(etcdserverpb::AlarmRequest::ACTIVATE);
    alarm.set_memberid(member_id);
    alarm.set_alarm(etcdserverpb::NOSPACE);
    node->Propose(apply::RequestKind::kAlarm, alarm.SerializeAsString(), "",
                  [this](absl::StatusOr<std::string>) { quota_alarm_pending = false; });
  }
  return apply::NoSpaceError();
}

bool ServiceContext::IsLearner() const {
  std::lock_guard<std::mutex> lock(state->mu);
  const apply::MemberInfo* self = state->membership.Find(member_id);
  return self != nullptr && self->is_learner;
}

}  // namespace etcdlite::server
