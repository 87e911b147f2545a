-- The health of a PagerDutyIntegration for Argo CD: key resource.customizations.health.noctuary.io_PagerDutyIntegration
-- of the ConfigMap argocd-cm. Healthy: webhooks come and notes go. Progressing: the operator is at work, or the first
-- step of somebody else (an address, a signing secret) is awaited. Degraded: it stopped working, or only you can fix it.

-- Reasons that are a normal step of setting an integration up: a sync should wait for them, not fail.
local awaited = { SigningSecretMissing = true }

local function progressing(message)
  return { status = "Progressing", message = message }
end

local function ready_condition(status)
  for _, condition in ipairs(status.conditions or {}) do
    if condition.type == "Ready" then
      return condition
    end
  end
  return nil
end

local status = obj.status
if status == nil or status.observedGeneration == nil then
  return progressing("The operator has not seen it yet")
end
if status.observedGeneration ~= obj.metadata.generation then
  return progressing("The operator has not seen the latest change yet")
end

local ready = ready_condition(status)
if ready == nil then
  return progressing("The operator has not reported yet")
end

local message = ready.message or ready.reason
if ready.reason == "Suspended" or (obj.spec.suspend == true and ready.status == "True") then
  return { status = "Suspended", message = message }
end
if ready.status == "True" then
  return { status = "Healthy", message = message }
end
if ready.status == "Unknown" or awaited[ready.reason] then
  return progressing(message)
end
return { status = "Degraded", message = message }
