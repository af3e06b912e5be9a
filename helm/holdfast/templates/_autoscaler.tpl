{{/* Takes { root, key, name, role }: the scaler that Kubernetes brings. */}}
{{- define "holdfast.autoscaler" -}}
{{- if $.role.hpa.enabled }}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  {{- include "holdfast.metadata" $ | nindent 2 }}
spec:
  scaleTargetRef:
    {{- include "holdfast.scaleTarget" $ | nindent 4 }}
  minReplicas: {{ $.role.hpa.minReplicas }}
  maxReplicas: {{ $.role.hpa.maxReplicas }}
  behavior:
    {{- include "holdfast.scalingBehavior" $ | nindent 4 }}
  metrics:
    {{- range $resource, $percent := dict "cpu" $.role.hpa.cpuPercent "memory" $.role.hpa.memoryPercent }}
    {{- if $percent }}
    - type: Resource
      resource:
        name: {{ $resource }}
        target:
          type: Utilization
          averageUtilization: {{ $percent }}
    {{- end }}
    {{- end }}
{{- end }}
{{- end -}}
