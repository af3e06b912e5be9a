{{/* Takes { root, key, name, role }: the scaler of KEDA. */}}
{{- define "holdfast.scaledObject" -}}
{{- $keda := $.role.keda }}
{{- if $keda.enabled }}
---
apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata:
  {{- include "holdfast.metadata" $ | nindent 2 }}
  {{- if $.root.Values.freeze }}
  annotations:
    autoscaling.keda.sh/paused: "true"
  {{- end }}
spec:
  scaleTargetRef:
    {{- include "holdfast.scaleTarget" $ | nindent 4 }}
  pollingInterval: {{ $keda.pollingInterval }}
  minReplicaCount: {{ $keda.minReplicas }}
  maxReplicaCount: {{ $keda.maxReplicas }}
  {{- if or $keda.cron $keda.prometheus $keda.postgresql }}
  # Without its sources a scaler must never shrink a fleet that is selling.
  fallback:
    failureThreshold: {{ $keda.fallbackAfterFailures }}
    replicas: {{ $keda.fallbackReplicas }}
    behavior: currentReplicasIfHigher
  {{- end }}
  advanced:
    horizontalPodAutoscalerConfig:
      behavior:
        {{- include "holdfast.scalingBehavior" $ | nindent 8 }}
  triggers:
    {{- range $keda.cron }}
    - type: cron
      metadata:
        timezone: {{ .timezone | quote }}
        start: {{ .start | quote }}
        end: {{ .end | quote }}
        desiredReplicas: {{ .replicas | toString | quote }}
    {{- end }}
    {{- if $keda.cpuPercent }}
    - type: cpu
      metricType: Utilization
      metadata:
        value: {{ $keda.cpuPercent | toString | quote }}
    {{- end }}
    {{- range $keda.prometheus }}
    - type: prometheus
      name: {{ .name }}
      metricType: AverageValue
      metadata:
        serverAddress: {{ $.root.Values.prometheus.address | quote }}
        query: {{ tpl .query $.root | quote }}
        threshold: {{ .perPod | quote }}
        # A missing series is an error, not 0.
        ignoreNullValues: "false"
    {{- end }}
    {{- range $keda.postgresql }}
    - type: postgresql
      name: {{ .name }}
      metricType: AverageValue
      metadata:
        query: {{ .query | quote }}
        targetQueryValue: {{ .perPod | quote }}
      authenticationRef:
        name: {{ include "holdfast.fullname" $.root }}-{{ $.name }}-database
    {{- end }}
{{- if $keda.postgresql }}
---
# How the scaler opens the ledger.
apiVersion: keda.sh/v1alpha1
kind: TriggerAuthentication
metadata:
  {{- include "holdfast.metadata" (dict "root" $.root "name" $.name "suffix" "database") | nindent 2 }}
spec:
  secretTargetRef:
    - parameter: connection
      {{- with $.root.Values.secrets.database }}
      name: {{ .existingSecret }}
      key: {{ .urlKey }}
      {{- end }}
{{- end }}
{{- end }}
{{- end -}}
