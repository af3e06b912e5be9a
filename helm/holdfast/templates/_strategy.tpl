{{/* Takes { root, name, role }: how a new version replaces the old one. */}}
{{- define "holdfast.strategy" -}}
{{- $service := printf "%s-%s" (include "holdfast.fullname" .root) .name -}}
{{- with .role.rollout -}}
{{- if eq .kind "Deployment" -}}
type: RollingUpdate
rollingUpdate:
  maxSurge: {{ .maxSurge }}
  maxUnavailable: {{ .maxUnavailable }}
{{- else if eq .kind "Canary" -}}
canary:
  maxSurge: {{ .maxSurge }}
  maxUnavailable: {{ .maxUnavailable }}
  {{- if .canary.analysis }}
  analysis:
    startingStep: 1
    templates:
      - templateName: {{ $service }}
    args:
      - name: canary-hash
        valueFrom:
          podTemplateHashValue: Latest
  {{- end }}
  steps:
    {{- toYaml .canary.steps | nindent 4 }}
{{- else -}}
blueGreen:
  activeService: {{ $service }}
  previewService: {{ $service }}-preview
  autoPromotionEnabled: {{ .blueGreen.autoPromotion }}
  scaleDownDelaySeconds: {{ .blueGreen.scaleDownDelaySeconds }}
{{- end -}}
{{- end -}}
{{- end -}}
