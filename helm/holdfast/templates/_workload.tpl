{{/* Takes { root, key, name, role }: the role's pods. */}}
{{- define "holdfast.workload" -}}
{{- $scaled := or $.role.hpa.enabled $.role.keda.enabled }}
---
{{- if eq $.role.rollout.kind "Deployment" }}
apiVersion: apps/v1
kind: Deployment
{{- else }}
apiVersion: argoproj.io/v1alpha1
kind: Rollout
{{- end }}
metadata:
  {{- include "holdfast.metadata" $ | nindent 2 }}
spec:
  {{- if not $scaled }}
  replicas: {{ $.role.replicas }}
  {{- end }}
  {{- if $.root.Values.freeze }}
  paused: true
  {{- end }}
  minReadySeconds: {{ $.role.rollout.minReadySeconds }}
  revisionHistoryLimit: {{ $.role.rollout.revisionHistoryLimit }}
  strategy:
    {{- include "holdfast.strategy" $ | nindent 4 }}
  selector:
    matchLabels:
      {{- include "holdfast.selector" $ | nindent 6 }}
  template:
    {{- include "holdfast.podTemplate" $ | nindent 4 }}
{{- end -}}
