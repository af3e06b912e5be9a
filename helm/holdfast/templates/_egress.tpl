{{/* Takes { peers, ports }: one rule of a NetworkPolicy; without peers it reaches anywhere. */}}
{{- define "holdfast.egress" -}}
- ports:
    {{- range .ports }}
    - { port: {{ . }}, protocol: TCP }
    {{- end }}
  {{- with .peers }}
  to:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end -}}
