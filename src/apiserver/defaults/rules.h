// Inside defaults: what is filled in, message by message.
#pragma once
#include "absl/strings/string_view.h"
#include "apimachinery/value.h"

namespace apiserver::defaults {

using Rule = void (*)(apimachinery::Value& message);

// The code that completes one message, called before its members are completed. nullptr: none.
Rule FindRule(absl::string_view message_name);

// The parts of FindRule's table.
Rule FindCoreRule(absl::string_view message_name);  // core/v1
Rule FindPodRule(absl::string_view message_name);   // pods, containers, volumes

// Sets a member that is absent. A JSON null counts as absent.
void Fill(apimachinery::Value& object, absl::string_view member, apimachinery::Value value);
// Also replaces "" and 0: for members whose zero means unset.
void FillZero(apimachinery::Value& object, absl::string_view member, apimachinery::Value value);

}  // namespace apiserver::defaults
