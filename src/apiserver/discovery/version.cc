#include "apiserver/discovery/discovery.h"

namespace apiserver::discovery {

// The release whose API this is, in the words clients parse.
apimachinery::Value Version() {
  apimachinery::Value body;
  body["major"] = "1";
  body["minor"] = "35";
  body["emulationMajor"] = "1";
  body["emulationMinor"] = "35";
  body["minCompatibilityMajor"] = "1";
  body["minCompatibilityMinor"] = "34";
  body["gitVersion"] = "v1.35.4";
  body["gitCommit"] = "$Format:%H$";
  body["gitTreeState"] = "";
  body["buildDate"] = "1970-01-01T00:00:00Z";
  body["goVersion"] = "go1.26.8";
  body["compiler"] = "gc";
  body["platform"] = "linux/amd64";
  return body;
}

}  // namespace apiserver::discovery
