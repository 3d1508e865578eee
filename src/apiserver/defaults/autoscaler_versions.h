// The two shapes of autoscalers. v1 knows one cpu percentage; the other metrics, the conditions and the behavior of a v2
// autoscaler travel in annotations of its v1 shape, in upstream's older field names.
#pragma once
#include "apimachinery/value.h"

namespace apiserver::defaults {

void AutoscalerToV1(apimachinery::Value& autoscaler);
void AutoscalerToV2(apimachinery::Value& autoscaler);
// A v2 autoscaler carries none of those annotations.
void DropAutoscalerAnnotations(apimachinery::Value& autoscaler);

}  // namespace apiserver::defaults
