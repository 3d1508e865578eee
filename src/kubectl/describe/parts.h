// Pieces that the descriptions of many kinds share.
#pragma once
#include <set>
#include <string>
#include <vector>

#include "kubectl/describe/describe.h"
#include "kubectl/describe/writer.h"

namespace kubectl {

// "Title:\ta=b\n\tc=d\n" sorted by key, or "<none>". `indent` goes before each line.
void WriteLabels(DescribeWriter& w, absl::string_view title, const Value* labels,
                 absl::string_view indent = "", absl::string_view inner = "\t");
// Long values go below their key; the last-applied annotation is left out.
void WriteAnnotations(DescribeWriter& w, const Value* annotations,
                      absl::string_view title = "Annotations");
void WriteNameAndLabels(DescribeWriter& w, const Value& object, bool namespaced);
void WriteEvents(DescribeWriter& w, Events events);
void WriteTolerations(DescribeWriter& w, const Value* tolerations, absl::string_view indent = "");

// Blocks of a pod or a pod template; `space` is "" for a pod, "  " below a template.
void WriteContainers(DescribeWriter& w, absl::string_view label, const Array& containers,
                     const Array& statuses, const Value* pod, absl::string_view space);
void WriteVolumes(DescribeWriter& w, const Array& volumes, absl::string_view space);
void WriteTopologySpread(DescribeWriter& w, const Array& constraints, absl::string_view space);
void WritePodTemplate(DescribeWriter& w, const Value& pod_template);

std::string OrNone(const std::string& text);  // "<none>" for an empty one
std::string OrDefault(const std::string& text, absl::string_view other);
std::string TimeText(const std::string& rfc3339);  // Mon, 02 Jan 2006 15:04:05 +0000
std::string ControllerOf(const Value& object);     // "ReplicaSet/web-1", empty for none
std::string SelectorText(const Value* selector);  // of a LabelSelector object; "<none>" when absent
std::string LabelsText(const Value* labels);      // "a=b,c=d" or "<none>"
std::string JoinStrings(const Array& strings, absl::string_view separator = ", ");
std::string IntOrString(const Value* value, absl::string_view absent = "<unset>");
std::string BoolText(bool value);  // "True", "False"
std::vector<const apimachinery::Member*> SortedMembers(const Value* object);
std::string QosClass(const Value& pod);

// The ready addresses behind a port of a service's endpoint slices, three of them by name.
std::string ReadyEndpoints(const std::vector<Value>& slices, const std::string& port_name);

// How many of the pods are in each phase.
struct PodCounts {
  int running = 0, waiting = 0, succeeded = 0, failed = 0;
};
absl::StatusOr<PodCounts> CountPods(const Cluster& cluster, const Value& owner,
                                    const Value* selector);

}  // namespace kubectl
