// What a Service's fields say about addresses and ports, and which of them an update keeps or drops. Pure.
#pragma once
#include <string>
#include <vector>

#include "apimachinery/value.h"

namespace apiserver::registry {

// Lives at an address of the cluster: not ExternalName, not headless.
bool NeedsAddress(const apimachinery::Value& service);
bool NeedsPorts(const apimachinery::Value& service);       // node ports
bool NeedsHealthPort(const apimachinery::Value& service);  // spec.healthCheckNodePort

std::vector<int> NodePortsOf(const apimachinery::Value& service);
std::vector<int> PortsOf(const apimachinery::Value& service);  // node ports and the health check's
std::vector<std::string> AddressesOf(const apimachinery::Value& service);

// An update that does not speak of what was allocated keeps it.
void KeepAllocated(apimachinery::Value& service, const apimachinery::Value& old);
// What a service of this type never shows, whatever it was given.
void DropHidden(apimachinery::Value& service);
// An update that changes the type and leaves a field as it was drops what the new type does not have.
void DropForType(apimachinery::Value& service, const apimachinery::Value& old);

}  // namespace apiserver::registry
