{{/* Takes { root, key, name, role }: how a canary is judged, where it is. */}}
{{- define "holdfast.analysis" -}}
{{- if and (eq $.role.rollout.kind "Canary") $.role.rollout.canary.analysis }}
{{- $of := printf `namespace="%s",role="%s",pod=~".*-{{args.canary-hash}}-.*"` $.root.Release.Namespace $.name }}
---
# Whether the canary answers. 409 and 429 are answers; no traffic yet is no failure.
apiVersion: argoproj.io/v1alpha1
kind: AnalysisTemplate
metadata:
  {{- include "holdfast.metadata" $ | nindent 2 }}
spec:
  args:
    - name: canary-hash
  metrics:
    - name: answers-that-are-not-5xx
      interval: 60s
      initialDelay: 60s
      failureLimit: 2
      successCondition: len(result) == 0 || isNaN(result[0]) || result[0] >= {{ $.role.rollout.canary.successShare }}
      provider:
        prometheus:
          address: {{ $.root.Values.prometheus.address | quote }}
          query: |
            sum(rate(holdfast_http_requests_total{ {{- $of }},status!~"5.."}[2m]))
            / sum(rate(holdfast_http_requests_total{ {{- $of }}}[2m]))
{{- end }}
{{- end -}}
