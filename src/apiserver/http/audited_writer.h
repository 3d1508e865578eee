// Answers told to the audit log on their way out. Thread-safe.
#pragma once
#include <memory>

#include "apiserver/audit/record.h"
#include "base/http/server.h"

namespace apiserver::http {

// A writer that answers as `writer` does and tells `record` when the answer began and when it was over.
std::unique_ptr<base::http::ResponseWriter> Audited(std::shared_ptr<audit::Record> record,
                                                    std::unique_ptr<base::http::ResponseWriter> writer);

}  // namespace apiserver::http
