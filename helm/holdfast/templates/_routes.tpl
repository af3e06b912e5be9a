{{/*
Which path belongs to which role. No two of these match the same path, so the order in which a
controller tries them does not matter. Health, metrics and the auditor are not among them: they share
the port with everything else and are reached inside the cluster only.
*/}}

{{- define "holdfast.routes" -}}
{{- $one := "[^/]+" -}}
engine:
  exact: [/, /favicon.ico, /openapi.json, /asyncapi.json, /v1/events, /v1/orders]
  below: [/docs, /assets, /client, /v1/holds, /v1/tickets]
  pattern:
    - /v1/events/{{ $one }}
    - /v1/events/{{ $one }}/(publish|cancel|blocks|chart|availability|seats|holds)
    - /v1/orders/{{ $one }}
    - /v1/orders/{{ $one }}/(cancel|tickets)
    - /events/{{ $one }}
    - /events/{{ $one }}/seats
    - /orders/{{ $one }}
waitingRoom:
  exact: []
  below: []
  pattern:
    - /(v1/)?events/{{ $one }}/queue
    - /(v1/)?events/{{ $one }}/queue/.+
seatmapWs:
  exact: []
  below: []
  pattern:
    - /v1/events/{{ $one }}/live
payments:
  exact: [/v1/stripe/webhook]
  below: [{{ if .Values.config.sandbox }}/sandbox/stripe{{ end }}]
  pattern:
    - /v1/orders/{{ $one }}/payment
{{- end -}}

{{/* Takes the routes of a role: regular expressions that begin with / and end with $, one a line. */}}
{{- define "holdfast.expressions" -}}
{{- range .exact }}
- {{ printf "%s$" (replace "." "\\." .) | squote }}
{{- end }}
{{- range .below }}
- {{ printf "%s(/.*)?$" . | squote }}
{{- end }}
{{- range .pattern }}
- {{ printf "%s$" . | squote }}
{{- end }}
{{- end -}}
