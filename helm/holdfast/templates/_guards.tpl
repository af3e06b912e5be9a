{{/*
Values that fit the schema and still cannot work are refused here, each with what to do about it. The
first sentence's subject is the value.
*/}}

{{/* Takes { root, roles: values of each role }. */}}
{{- define "holdfast.guards" -}}
{{- include "holdfast.guardSecrets" .root -}}
{{- include "holdfast.guardRoutes" .root -}}
{{- include "holdfast.guardPayment" . -}}
{{- $pods := 0 -}}
{{- range $key, $role := .roles -}}
{{- $pods = add $pods (include "holdfast.mostPods" $role | int) -}}
{{- $at := dict "root" $.root "key" $key "role" $role -}}
{{- include "holdfast.guardPods" $at -}}
{{- include "holdfast.guardScaling" $at -}}
{{- include "holdfast.guardRollout" $at -}}
{{- end -}}
{{- with .root.Values.secrets.database -}}
{{- $wanted := mul $pods .connectionsPerPod -}}
{{- if and .maxConnections (gt (int $wanted) (int .maxConnections)) -}}
{{- fail (printf "secrets.database.maxConnections is %v, but %d pods open up to %d connections: allow fewer replicas, or put a pooler that keeps sessions in front of Postgres" .maxConnections $pods $wanted) -}}
{{- end -}}
{{- end -}}
{{- if eq .root.Values.image.tag "latest" -}}
{{- fail "image.tag must not be latest: two pods of one rollout could run two versions" -}}
{{- end -}}
{{- end -}}

{{- define "holdfast.guardSecrets" -}}
{{- range $name := list "redis" "database" "app" -}}
{{- if not (get $.Values.secrets $name).existingSecret -}}
{{- fail (printf "secrets.%s.existingSecret is empty: name a Secret of the release's namespace, or let externalSecrets make it" $name) -}}
{{- end -}}
{{- end -}}
{{- if .Values.externalSecrets.enabled -}}
{{- if not .Values.externalSecrets.store.name -}}
{{- fail "externalSecrets.store.name is empty: name the SecretStore or ClusterSecretStore to read from" -}}
{{- end -}}
{{- $names := list -}}
{{- range $_, $secret := .Values.secrets -}}
{{- with $secret.existingSecret }}{{ $names = append $names . }}{{ end -}}
{{- end -}}
{{- if ne (len $names) (len (uniq $names)) -}}
{{- fail "externalSecrets makes one Secret for each existingSecret: give them different names" -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "holdfast.guardRoutes" -}}
{{- if and .Values.ingress.enabled (not .Values.ingress.hosts) -}}
{{- fail "ingress.hosts is empty: name at least one host" -}}
{{- end -}}
{{- if .Values.gateway.enabled -}}
{{- if not (or .Values.gateway.parentRefs .Values.gateway.create.enabled) -}}
{{- fail "gateway.parentRefs is empty: name the Gateway that takes the route, or set gateway.create.enabled" -}}
{{- end -}}
{{- if and .Values.gateway.create.enabled (not .Values.gateway.create.className) -}}
{{- fail "gateway.create.className is empty: name the GatewayClass of the new Gateway" -}}
{{- end -}}
{{- else if .Values.gateway.create.enabled -}}
{{- fail "gateway.create.enabled makes a Gateway that nothing uses: set gateway.enabled as well" -}}
{{- end -}}
{{- if and (or .Values.ingress.enabled .Values.gateway.enabled) .Values.config.rateLimitPerMinute (not .Values.config.trustedProxies) -}}
{{- fail "config.trustedProxies is empty behind a proxy: every buyer would share the proxy's address and its rate limit; name the proxy's networks" -}}
{{- end -}}
{{- if and .Values.networkPolicy.scrapers (not .Values.networkPolicy.callers) -}}
{{- fail "networkPolicy.scrapers has no effect while networkPolicy.callers is empty, which lets everybody in" -}}
{{- end -}}
{{- end -}}

{{/* Takes { root, roles }. */}}
{{- define "holdfast.guardPayment" -}}
{{- $config := .root.Values.config -}}
{{- if $config.sandbox -}}
{{- if hasPrefix "pk_live_" $config.stripePublishableKey -}}
{{- fail "config.sandbox is refused beside a live Stripe key" -}}
{{- end -}}
{{- if ne (include "holdfast.mostPods" .roles.payments) "1" -}}
{{- fail "config.sandbox keeps its state in one pod: set payments.replicas to 1 and scale it by nothing" -}}
{{- end -}}
{{- end -}}
{{- if and .root.Values.secrets.stripe.existingSecret (not $config.stripePublishableKey) (not $config.sandbox) (not $config.file.existingConfigMap) -}}
{{- fail "config.stripePublishableKey is empty beside secrets.stripe.existingSecret: no browser could pay" -}}
{{- end -}}
{{- end -}}

{{/* Takes { root, key, role }. */}}
{{- define "holdfast.guardPods" -}}
{{- $shutdown := .role.shutdown -}}
{{- $least := add $shutdown.preStopSleepSeconds $shutdown.drainSeconds 5 -}}
{{- if lt (int $shutdown.gracePeriodSeconds) (int $least) -}}
{{- fail (printf "%s.shutdown.gracePeriodSeconds is %v and must be %d or more: preStopSleepSeconds, drainSeconds and 5 more" .key $shutdown.gracePeriodSeconds $least) -}}
{{- end -}}
{{- $own := concat (include "holdfast.settings" .root | fromYaml | keys) (list "HOLDFAST_REDIS_URL" "HOLDFAST_DATABASE_URL" "HOLDFAST_SIGNING_KEY" "HOLDFAST_ORGANIZER_TOKEN" "STRIPE_SECRET_KEY" "STRIPE_WEBHOOK_SECRET") -}}
{{- range .role.extraEnv -}}
{{- if has .name $own -}}
{{- fail (printf "%s.extraEnv must not set %s: the chart does, from config or secrets" $.key .name) -}}
{{- end -}}
{{- end -}}
{{- if and (eq (toString .role.rollout.maxSurge | trimSuffix "%") "0") (eq (toString .role.rollout.maxUnavailable | trimSuffix "%") "0") -}}
{{- fail (printf "%s.rollout: maxSurge and maxUnavailable are both 0, so nothing could ever be replaced" .key) -}}
{{- end -}}
{{- end -}}

{{- define "holdfast.guardScaling" -}}
{{- $role := .role -}}
{{- $key := .key -}}
{{- if and $role.hpa.enabled $role.keda.enabled -}}
{{- fail (printf "%s.hpa and %s.keda are both enabled: they would fight over the same pods" $key $key) -}}
{{- end -}}
{{- range $name := list "hpa" "keda" -}}
{{- $scaler := get $role $name -}}
{{- if $scaler.enabled -}}
{{- if gt (int $scaler.minReplicas) (int $scaler.maxReplicas) -}}
{{- fail (printf "%s.%s.minReplicas is above its maxReplicas" $key $name) -}}
{{- end -}}
{{- $requests := default dict (default dict $role.resources).requests -}}
{{- if and $scaler.cpuPercent (not (hasKey $requests "cpu")) -}}
{{- fail (printf "%s.%s.cpuPercent is a share of resources.requests.cpu, which is missing" $key $name) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- if and $role.hpa.enabled (not (or $role.hpa.cpuPercent $role.hpa.memoryPercent)) -}}
{{- fail (printf "%s.hpa looks at nothing: set cpuPercent or memoryPercent" $key) -}}
{{- end -}}
{{- if $role.keda.enabled -}}
{{- if not (or $role.keda.cron $role.keda.cpuPercent $role.keda.prometheus $role.keda.postgresql) -}}
{{- fail (printf "%s.keda has no trigger" $key) -}}
{{- end -}}
{{- if and $role.keda.prometheus (not .root.Values.prometheus.address) -}}
{{- fail (printf "prometheus.address is empty, but %s.keda.prometheus asks it" $key) -}}
{{- end -}}
{{- if gt (int $role.keda.fallbackReplicas) (int $role.keda.maxReplicas) -}}
{{- fail (printf "%s.keda.fallbackReplicas is above its maxReplicas" $key) -}}
{{- end -}}
{{- range $role.keda.cron -}}
{{- if gt (int .replicas) (int $role.keda.maxReplicas) -}}
{{- fail (printf "%s.keda.cron wants %v pods, above maxReplicas" $key .replicas) -}}
{{- end -}}
{{- if eq .start .end -}}
{{- fail (printf "%s.keda.cron starts and ends at the same time" $key) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "holdfast.guardRollout" -}}
{{- $rollout := .role.rollout -}}
{{- if and (eq .key "seatmapWs") (ne $rollout.kind "Deployment") -}}
{{- fail "seatmapWs.rollout.kind must be Deployment: a switch of versions would drop every socket at once" -}}
{{- end -}}
{{- if and (eq $rollout.kind "Canary") $rollout.canary.analysis (not .root.Values.prometheus.address) -}}
{{- fail (printf "prometheus.address is empty, but %s.rollout.canary.analysis asks it" .key) -}}
{{- end -}}
{{- if and (eq $rollout.kind "Canary") (not $rollout.canary.steps) -}}
{{- fail (printf "%s.rollout.canary.steps is empty: that is a Deployment with another name" .key) -}}
{{- end -}}
{{- end -}}
