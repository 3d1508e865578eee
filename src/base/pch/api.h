// Precompiled: core.h and the API types that most daemon sources read.
#pragma once
#include "base/pch/core.h"

#include "k8s/apps/v1/deployment.pb.h"
#include "k8s/apps/v1/replicaset.pb.h"
#include "k8s/coordination/v1/lease.pb.h"
#include "k8s/core/v1/node.pb.h"
#include "k8s/core/v1/pod.pb.h"
#include "k8s/core/v1/service.pb.h"
#include "k8s/meta/v1/objectmeta.pb.h"
