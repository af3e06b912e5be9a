{{/* Takes { root, key, name, role }: how many pods may be away at once. */}}
{{- define "holdfast.disruptionBudget" -}}
{{- if $.role.pdb.enabled }}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  {{- include "holdfast.metadata" $ | nindent 2 }}
spec:
  maxUnavailable: {{ $.role.pdb.maxUnavailable }}
  unhealthyPodEvictionPolicy: AlwaysAllow
  selector:
    matchLabels:
      {{- include "holdfast.selector" $ | nindent 6 }}
{{- end }}
{{- end -}}
