{{/* Takes { root, key, name, role }: how the role is reached; blue/green has a second one, for the preview. */}}
{{- define "holdfast.service" -}}
{{- $suffixes := ternary (list "" "preview") (list "") (eq $.role.rollout.kind "BlueGreen") }}
{{- range $suffix := $suffixes }}
---
apiVersion: v1
kind: Service
metadata:
  {{- include "holdfast.metadata" (dict "root" $.root "name" $.name "suffix" $suffix) | nindent 2 }}
  {{- with $.role.service.annotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  type: {{ $.role.service.type }}
  selector:
    {{- include "holdfast.selector" $ | nindent 4 }}
  ports:
    - name: http
      port: {{ $.role.service.port }}
      targetPort: http
      protocol: TCP
      {{- with $.role.service.appProtocol }}
      appProtocol: {{ . }}
      {{- end }}
{{- end }}
{{- end -}}
