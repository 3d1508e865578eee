// Rows of custom resources: columns by JSONPath, as their definitions declare them. Pure.
#pragma once
#include <vector>

#include "absl/time/time.h"
#include "apimachinery/structural/definition.h"
#include "apiserver/tables/table.h"

namespace apiserver::tables {

std::vector<Column> CustomColumns(const apimachinery::structural::Version& version);
apimachinery::Value CustomCells(const apimachinery::structural::Version& version, const apimachinery::Value& object,
                                absl::Time now);

}  // namespace apiserver::tables
