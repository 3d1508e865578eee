#include "apimachinery/stored.h"

namespace apimachinery {

bool CompletesStored(const Message& message) { return message.name == "apps.v1.StatefulSet"; }

void CompleteStored(const Message& message, Value* object) {
  if (!CompletesStored(message)) return;
  Value* claims = object->At("spec.volumeClaimTemplates");
  if (claims == nullptr || !claims->is_array()) return;
  for (Value& claim : claims->array()) {
    claim.Set("kind", "PersistentVolumeClaim");
    claim.Set("apiVersion", "v1");
  }
}

}  // namespace apimachinery
