// The user's editor on a file.
#pragma once
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "kubectl/rest/factory.h"

namespace kubectl {

// Runs KUBE_EDITOR, EDITOR or vi on the file and waits for it.
absl::Status OpenEditor(Factory& factory, const std::string& path);
// What `text` became in the editor; the file is gone afterwards.
absl::StatusOr<std::string> EditText(Factory& factory, absl::string_view text, absl::string_view suffix);
// Without lines that begin with '#', and without white space around.
std::string StripComments(const std::string& text);
constexpr absl::string_view kEditHeader =
    "# Please edit the object below. Lines beginning with a '#' will be ignored,\n"
    "# and an empty file will abort the edit. If an error occurs while saving this file will be\n"
    "# reopened with the relevant failures.\n#\n";

}  // namespace kubectl
