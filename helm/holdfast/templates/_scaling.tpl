{{/* Takes { root, role }: up at once, down slowly; not at all while frozen. */}}
{{- define "holdfast.scalingBehavior" -}}
{{- with .role.scaling -}}
scaleUp:
  stabilizationWindowSeconds: {{ .upWindowSeconds }}
  selectPolicy: {{ ternary "Disabled" "Max" $.root.Values.freeze }}
  policies:
    - type: Percent
      value: {{ .upPercent }}
      periodSeconds: 15
scaleDown:
  stabilizationWindowSeconds: {{ .downWindowSeconds }}
  selectPolicy: {{ ternary "Disabled" "Max" $.root.Values.freeze }}
  policies:
    - type: Pods
      value: {{ .downPods }}
      periodSeconds: 120
{{- end -}}
{{- end -}}
