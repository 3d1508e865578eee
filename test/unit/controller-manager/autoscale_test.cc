#include "controller-manager/podautoscaler/autoscale_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace controller_manager {
namespace {

const absl::Time kStart = absl::FromUnixSeconds(1700000000);

HorizontalPodAutoscaler Autoscaler(int least, int most) {
  HorizontalPodAutoscaler hpa;
  hpa.mutable_spec()->set_minreplicas(least);
  hpa.mutable_spec()->set_maxreplicas(most);
  auto& metric = *hpa.mutable_spec()->add_metrics();
  metric.set_type("Resource");
  metric.mutable_resource()->set_name("cpu");
  metric.mutable_resource()->mutable_target()->set_averageutilization(80);
  return hpa;
}

TEST(AutoscaleTest, KeepsTheTargetWithinItsBounds) {
  struct Case {
    int wanted;
    std::optional<int> rescale;
  };
  for (const Case& c : {Case{1, 2}, Case{2, std::nullopt}, Case{5, std::nullopt}, Case{9, 5}, Case{0, std::nullopt}}) {
    SCOPED_TRACE(c.wanted);
    EXPECT_EQ(PlanAutoscale(Autoscaler(2, 5), CurrentScale{c.wanted, c.wanted}, kStart).rescale, c.rescale);
  }
}

TEST(AutoscaleTest, TellsThatATargetHasNoScale) {
  const AutoscalePlan plan =
      PlanAutoscale(Autoscaler(2, 5), absl::NotFoundError("deployments.apps \"x\" not found"), kStart);
  ASSERT_EQ(plan.status.conditions_size(), 1);
  EXPECT_EQ(plan.status.conditions(0).reason(), "FailedGetScale");
  EXPECT_EQ(plan.status.conditions(0).message(),
            "the HPA controller was unable to get the target's current scale: deployments.apps \"x\" not found");
  EXPECT_FALSE(plan.rescale.has_value());
}

TEST(AutoscaleTest, TellsThatMetricsAreNotServedAndThenSaysNothingNew) {
  HorizontalPodAutoscaler hpa = Autoscaler(2, 5);
  const AutoscalePlan plan = PlanAutoscale(hpa, CurrentScale{3, 3}, kStart);
  ASSERT_EQ(plan.status.conditions_size(), 2);
  EXPECT_EQ(plan.status.conditions(1).reason(), "FailedGetResourceMetric");
  EXPECT_EQ(plan.status.currentreplicas(), 3);
  *hpa.mutable_status() = plan.status;
  EXPECT_FALSE(PlanAutoscale(hpa, CurrentScale{3, 3}, kStart + absl::Seconds(15)).changed);
}

TEST(AutoscaleTest, ARescaleIsRemembered) {
  HorizontalPodAutoscalerStatus status;
  Rescaled(absl::OkStatus(), 4, kStart, &status);
  EXPECT_EQ(status.desiredreplicas(), 4);
  EXPECT_EQ(status.conditions(0).reason(), "SucceededRescale");
  Rescaled(absl::UnavailableError("no"), 5, kStart, &status);
  EXPECT_EQ(status.desiredreplicas(), 4);
  EXPECT_EQ(status.conditions(0).reason(), "FailedUpdateScale");
}

}  // namespace
}  // namespace controller_manager
